//! `ENCRYPTION='Y'` goes: it needs a keyring, which managed servers do not offer; they encrypt the
//! storage beneath instead. MariaDB's `ENCRYPTED` and its key go for the same reason.

use super::draft::{SchemaDraft, TableDraft};
use super::{Context, Rewrite};
use crate::sql::table::options;
use crate::sql::{Edit, Sql};

const NAME: &str = "encryption";
pub(super) const REWRITE: Rewrite =
    Rewrite { name: NAME, schema: Some(schema), table: Some(table), stored: None };

const WHAT: &str = "no encryption by the server";
const WHY: &str = "it needs a keyring on the target; managed servers encrypt their storage";

fn schema(draft: &mut SchemaDraft<'_>, _context: &Context<'_>) {
    let on = schema_options(&draft.sql)
        .into_iter()
        .find(|option| option.name == "ENCRYPTION" && option.value.eq_ignore_ascii_case("y"));
    if let Some(option) = on {
        let edit = Edit::delete(draft.sql.with_frame(option.span));
        draft.sql.edit(vec![edit]);
        draft.notes.change(NAME, WHAT, WHY);
    }
}

fn schema_options(sql: &Sql) -> Vec<crate::sql::table::TableOption> {
    let mut cursor = sql.cursor();
    while cursor.peek().is_some() && !cursor.is_word("DEFAULT") {
        cursor.take();
    }
    options(sql, &mut cursor).0
}

fn table(draft: &mut TableDraft<'_>, _context: &Context<'_>) {
    let is_on = |value: &str| value.eq_ignore_ascii_case("y") || value.eq_ignore_ascii_case("yes");
    let mut edits = Vec::new();
    for option in &draft.text.options {
        match option.name.as_str() {
            "ENCRYPTION" if is_on(&option.value) => edits.push(draft.without(option)),
            "ENCRYPTED" | "ENCRYPTION_KEY_ID" => edits.push(draft.without(option)),
            _ => {}
        }
    }
    if edits.is_empty() {
        return;
    }
    draft.edit(edits);
    draft.notes.change(NAME, WHAT, WHY);
}
