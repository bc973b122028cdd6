//! Character sets and collations: what the target does not know is mapped, what the text leaves to a
//! default is written out.
//!
//! `SHOW CREATE TABLE` leaves a collation out when it is the source's default for its character set.
//! The target's default may be another one (`utf8mb4`: `utf8mb4_general_ci` up to MySQL 5.7 and
//! MariaDB 11.4, `utf8mb4_0900_ai_ci` from MySQL 8.0 on), so the text alone would make a different
//! table. `utf8` is an alias that will change its meaning one day: it becomes `utf8mb3`, the same.

use super::draft::{SchemaDraft, StoredDraft, TableDraft};
use super::notes::Notes;
use super::{Context, Rewrite, collation};
use crate::facts::{Flavor, ServerFacts};
use crate::sql::column::ColumnText;
use crate::sql::table::options;
use crate::sql::{Edit, Span, Sql, unquote};

const NAME: &str = collation::NAME;
pub(super) const REWRITE: Rewrite =
    Rewrite { name: NAME, schema: Some(schema), table: Some(table), stored: Some(stored) };

const LEFT_OUT: &str = "the text leaves it to the server, and the target's default is another one";

fn schema(draft: &mut SchemaDraft<'_>, context: &Context<'_>) {
    let wanted = collation::mapped(&draft.schema.collation, context, &mut draft.notes);
    let charset = mapped(&draft.schema.charset, context);
    let mut cursor = draft.sql.cursor();
    while cursor.peek().is_some() && !cursor.is_word("DEFAULT") {
        cursor.take();
    }
    let (options, _) = options(&draft.sql, &mut cursor);
    let of = |name: &str| options.iter().find(|option| option.name == name);
    let mut edits = Vec::new();
    let end = match of("CHARSET") {
        Some(option) => {
            if option.value != charset {
                edits.push(Edit::replace(option.value_span, charset.clone()));
            }
            option.span.end
        }
        None if charset.is_empty() => return,
        None => {
            let end = draft.sql.text().len();
            edits.push(Edit::insert(end, format!(" DEFAULT CHARACTER SET {charset}")));
            draft.notes.change(NAME, format!("character set {charset} is written out"), LEFT_OUT);
            end
        }
    };
    match of("COLLATE") {
        Some(option) if option.value == wanted => {}
        Some(option) => edits.push(Edit::replace(option.value_span, wanted)),
        None if wanted.is_empty() => {}
        None if default_collation(&charset, context).as_deref() == Some(wanted.as_str()) => {}
        None => {
            draft.notes.change(NAME, format!("collation {wanted} is written out"), LEFT_OUT);
            edits.push(Edit::insert(end, format!(" COLLATE {wanted}")));
        }
    }
    draft.sql.edit(edits);
}

fn table(draft: &mut TableDraft<'_>, context: &Context<'_>) {
    let mut edits = Vec::new();
    let table_collation = if draft.table.collation.is_empty() {
        None
    } else {
        Some(collation::mapped(&draft.table.collation, context, &mut draft.notes))
    };
    for column in draft.columns() {
        column_edits(draft, &column, table_collation.as_deref(), context, &mut edits);
    }
    if let Some(wanted) = table_collation {
        option_edits(draft, &wanted, context, &mut edits);
    }
    let body = draft.text.body;
    let end = draft.text.partition.map_or(body.end, |partition| partition.end);
    expression_edits(
        &draft.sql,
        Span { start: body.start, end },
        context,
        &mut draft.notes,
        &mut edits,
    );
    draft.edit(edits);
}

fn option_edits(
    draft: &mut TableDraft<'_>,
    wanted: &str,
    context: &Context<'_>,
    edits: &mut Vec<Edit>,
) {
    let Some(charset_option) = draft.text.option("CHARSET").cloned() else {
        let charset = wanted.split('_').next().unwrap_or(wanted);
        edits.push(draft.append_option(&format!("DEFAULT CHARSET={charset} COLLATE={wanted}")));
        draft.notes.change(NAME, format!("collation {wanted} is written out"), LEFT_OUT);
        return;
    };
    let charset = renamed(&charset_option.value, context, &mut draft.notes);
    if charset != charset_option.value {
        edits.push(Edit::replace(charset_option.value_span, charset.clone()));
    }
    match draft.text.option("COLLATE") {
        Some(option) if option.value == wanted => {}
        Some(option) => edits.push(Edit::replace(option.value_span, wanted)),
        None if default_collation(&charset, context).as_deref() == Some(wanted) => {}
        None => {
            edits.push(Edit::insert(charset_option.span.end, format!(" COLLATE={wanted}")));
            draft.notes.change(NAME, format!("collation {wanted} is written out"), LEFT_OUT);
        }
    }
}

fn column_edits(
    draft: &mut TableDraft<'_>,
    column: &ColumnText,
    table_collation: Option<&str>,
    context: &Context<'_>,
    edits: &mut Vec<Edit>,
) {
    let fact = draft.table.column(&column.name).filter(|column| column.kind.is_text());
    let Some(source_collation) = fact.and_then(|column| column.collation.clone()) else { return };
    let wanted = collation::mapped(&source_collation, context, &mut draft.notes);
    let mut effective = table_collation.map(str::to_owned);
    let mut end = column.type_span.end;
    if let Some(attribute) = column.attribute("CHARSET") {
        let value = unquote(draft.sql.slice(attribute.value));
        let charset = renamed(&value, context, &mut draft.notes);
        if charset != value {
            edits.push(Edit::replace(attribute.value, charset.clone()));
        }
        effective = default_collation(&charset, context);
        end = attribute.span.end;
    }
    if let Some(attribute) = column.attribute("COLLATE") {
        if unquote(draft.sql.slice(attribute.value)) != wanted {
            edits.push(Edit::replace(attribute.value, wanted));
        }
    } else if effective.as_deref() != Some(wanted.as_str()) {
        edits.push(Edit::insert(end, format!(" COLLATE {wanted}")));
        let what = format!("collation {wanted} of column {} is written out", column.name);
        draft.notes.change(NAME, what, LEFT_OUT);
    }
}

/// Views print the collations and character sets of their expressions; bodies may name any.
fn stored(draft: &mut StoredDraft<'_>, context: &Context<'_>) {
    let all = Span { start: 0, end: draft.sql.text().len() };
    let mut edits = Vec::new();
    expression_edits(&draft.sql, all, context, &mut draft.notes, &mut edits);
    draft.edit(edits);
}

/// Maps collations named by `COLLATE` that have no edit yet.
fn expression_edits(
    sql: &Sql,
    span: Span,
    context: &Context<'_>,
    notes: &mut Notes,
    edits: &mut Vec<Edit>,
) {
    let mut cursor = sql.cursor_in(span);
    while cursor.peek().is_some() {
        if cursor.eat(&["COLLATE"]).is_none() {
            cursor.take();
            continue;
        }
        cursor.eat_mark("=");
        let Some((name, name_span)) = cursor.eat_name() else { continue };
        // Anything else than a collation's name is a word of the body's own.
        if !context.source.collations.contains_key(&name) && !name.contains('_') {
            continue;
        }
        if edits.iter().any(|edit| edit.span == name_span) {
            continue;
        }
        let wanted = collation::mapped(&name, context, notes);
        if wanted != name {
            edits.push(Edit::replace(name_span, wanted));
        }
    }
}

/// The character set to use on the target; told when it is another name.
fn renamed(charset: &str, context: &Context<'_>, notes: &mut Notes) -> String {
    let to = mapped(charset, context);
    if to != charset {
        let why = if context.policy.charset.contains_key(charset) {
            "the charset map says so"
        } else {
            "the target's name for the same"
        };
        notes.change(NAME, format!("character set {to} instead of {charset}"), why);
    }
    to
}

/// The character set to use on the target.
pub(super) fn mapped(charset: &str, context: &Context<'_>) -> String {
    if let Some(to) = context.policy.charset.get(charset) {
        return to.clone();
    }
    let has = |name: &str| context.target.collations.values().any(|known| known == name);
    match charset {
        "utf8" if has("utf8mb3") => "utf8mb3".to_owned(),
        "utf8mb3" if has("utf8") && !has("utf8mb3") => "utf8".to_owned(),
        other => other.to_owned(),
    }
}

/// The target's default collation of a character set.
pub(super) fn default_collation(charset: &str, context: &Context<'_>) -> Option<String> {
    let default = match charset {
        "utf8mb4" => return Some(utf8mb4_default(context.target)),
        "binary" => "binary",
        "latin1" | "dec8" | "swe7" => return Some(format!("{charset}_swedish_ci")),
        "big5" | "gb2312" | "gbk" | "gb18030" => return Some(format!("{charset}_chinese_ci")),
        "ujis" | "sjis" | "cp932" | "eucjpms" => return Some(format!("{charset}_japanese_ci")),
        "hp8" => "hp8_english_ci",
        "tis620" => "tis620_thai_ci",
        "euckr" => "euckr_korean_ci",
        "latin5" => "latin5_turkish_ci",
        "utf8" | "utf8mb3" | "ucs2" | "utf16" | "utf32" if has_uca1400_defaults(context.target) => {
            return Some(format!("{charset}_uca1400_ai_ci"));
        }
        other => return Some(format!("{other}_general_ci")),
    };
    Some(default.to_owned())
}

fn utf8mb4_default(server: &ServerFacts) -> String {
    if let Some(default) = server.variable("default_collation_for_utf8mb4") {
        return default.to_owned();
    }
    if server.version.is_mysql_at_least(8, 0, 1) {
        return "utf8mb4_0900_ai_ci".to_owned();
    }
    let default =
        if has_uca1400_defaults(server) { "utf8mb4_uca1400_ai_ci" } else { "utf8mb4_general_ci" };
    default.to_owned()
}

/// MariaDB changed the default of the Unicode character sets in 11.5.
fn has_uca1400_defaults(server: &ServerFacts) -> bool {
    server.version.flavor == Flavor::MariaDb && server.version.is_mariadb_at_least(11, 5, 0)
}
