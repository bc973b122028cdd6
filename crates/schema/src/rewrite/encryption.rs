//! `ENCRYPTION='Y'` goes: it needs a keyring, which managed servers do not offer; they encrypt the
//! storage beneath instead. MariaDB's `ENCRYPTED` and its key go for the same reason.

use super::draft::{SchemaDraft, TableDraft};
use super::{Context, Rewrite};
use crate::sql::Edit;

const NAME: &str = "encryption";
pub(super) const REWRITE: Rewrite =
    Rewrite { name: NAME, schema: Some(schema), table: Some(table), stored: None };

const WHAT: &str = "no encryption by the server";
const WHY: &str = "it needs a keyring on the target; managed servers encrypt their storage";

fn schema(draft: &mut SchemaDraft<'_>, _context: &Context<'_>) {
    let on = draft
        .options()
        .into_iter()
        .find(|option| option.name == "ENCRYPTION" && option.value.eq_ignore_ascii_case("y"));
    if let Some(option) = on {
        let edit = Edit::delete(draft.sql.with_frame(option.span));
        draft.sql.edit(vec![edit]);
        draft.notes.change(NAME, WHAT, WHY);
    }
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

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World, told};
    use super::super::schema;

    const NOTE: &str = "encryption: no encryption by the server";

    #[test]
    fn encryption_goes_and_its_absence_stays() {
        let world = World::mysql();
        let on =
            fixture::table("CREATE TABLE `t` (`a` int) ENGINE=InnoDB /*!80016 ENCRYPTION='Y' */");
        let off = "CREATE TABLE `shop`.`t` (`a` int) ENGINE=InnoDB";
        fixture::check(&world, &on, off, &[NOTE]);
        let plain = fixture::table("CREATE TABLE `t` (`a` int) ENGINE=InnoDB ENCRYPTION='N'");
        fixture::check(&world, &plain, &format!("{off} ENCRYPTION='N'"), &[]);
        let maria = fixture::table(
            "CREATE TABLE `t` (`a` int) ENGINE=InnoDB `ENCRYPTED`=YES `ENCRYPTION_KEY_ID`=2",
        );
        let scripts = super::super::table(&maria, &World::mariadb().context());
        assert_eq!(scripts.create, off);
    }

    #[test]
    fn a_schemas_encryption_goes_with_its_comment() {
        let create = |yes: &str| {
            format!(
                "CREATE DATABASE `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci */ \
                 /*!80016 DEFAULT ENCRYPTION='{yes}' */"
            )
        };
        let script = schema(
            &fixture::schema("shop", &create("Y"), "utf8mb4_0900_ai_ci"),
            &World::mysql().context(),
        );
        let expected = "CREATE DATABASE `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci */";
        assert_eq!(script.create, expected);
        assert_eq!(told(&script.changes, &script.refusals), [NOTE]);
        let script = schema(
            &fixture::schema("shop", &create("N"), "utf8mb4_0900_ai_ci"),
            &World::mysql().context(),
        );
        assert_eq!((script.create, script.changes), (create("N"), Vec::new()));
    }
}
