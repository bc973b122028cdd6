//! Character sets and collations: what the target does not know is mapped, what the text leaves to a
//! default is written out.
//!
//! `SHOW CREATE TABLE` leaves a collation out when it is the source's default for its character set.
//! The target's default may be another one (`utf8mb4`: `utf8mb4_general_ci` up to MySQL 5.7 and
//! MariaDB 11.4, `utf8mb4_0900_ai_ci` from MySQL 8.0 on), so the text alone would make a different
//! table. `utf8` is an alias that will change its meaning one day: it becomes `utf8mb3`, the same.

use super::draft::{SchemaDraft, StoredDraft, TableDraft};
use super::notes::Notes;
use super::{Context, Rewrite, collation, keeps_bytes};
use crate::facts::{Flavor, ServerFacts};
use crate::sql::column::ColumnText;
use crate::sql::{Edit, Span, Sql, unquote};

const NAME: &str = collation::NAME;
pub(super) const REWRITE: Rewrite =
    Rewrite { name: NAME, schema: Some(schema), table: Some(table), stored: Some(stored) };

const LEFT_OUT: &str = "the text leaves it to the server, and the target's default is another one";

fn schema(draft: &mut SchemaDraft<'_>, context: &Context<'_>) {
    let wanted = collation::mapped(&draft.schema.collation, context, &mut draft.notes);
    let charset = renamed(&draft.schema.charset, context, &mut draft.notes);
    let options = draft.options();
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

/// The character set to use on the target; told when it is another one.
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
    refuse_other_bytes(charset, &to, notes);
    to
}

/// Refuses a map that would take the bytes of one character set for text of another.
pub(super) fn refuse_other_bytes(from: &str, to: &str, notes: &mut Notes) {
    if !keeps_bytes(from, to) {
        notes.refuse(
            NAME,
            format!("character set {to} instead of {from}"),
            "the same text has other bytes there, and rows travel as bytes: it would be garbled",
            "map to a character set with the same bytes, or change it on the source or afterwards",
        );
    }
}

/// The character set to use on the target.
pub(super) fn mapped(charset: &str, context: &Context<'_>) -> String {
    let by_policy = context.policy.charset.get(charset).cloned();
    by_policy.unwrap_or_else(|| known_name(charset, context))
}

/// The target's name for the same character set.
pub(super) fn known_name(charset: &str, context: &Context<'_>) -> String {
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

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, World, told};
    use super::super::{created_under, schema as rewrite_schema, view};
    use super::*;
    use crate::catalog::{CreatedUnder, Table};
    use crate::column::ColumnType;

    fn table(definition: &str, collation: &str, columns: &[(&str, &str)]) -> Table {
        let mut table = fixture::table(definition);
        table.collation = collation.into();
        let column = |(name, collation): &(&str, &str)| {
            fixture::column(name, ColumnType::VarChar, Some(collation))
        };
        table.columns = columns.iter().map(column).collect();
        table
    }

    #[test]
    fn a_default_that_differs_on_the_target_is_written_out() {
        let old = table(
            "CREATE TABLE `t` (\n  `a` varchar(5),\n  `b` varchar(5) CHARACTER SET latin1 NOT NULL\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='x'",
            "utf8mb4_general_ci",
            &[("a", "utf8mb4_general_ci"), ("b", "latin1_swedish_ci")],
        );
        fixture::check(
            &World::new("5.7.44"),
            &old,
            "CREATE TABLE `shop`.`t` (\n  `a` varchar(5),\n  `b` varchar(5) CHARACTER SET latin1 NOT NULL\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci COMMENT='x'",
            &["charset: collation utf8mb4_general_ci is written out"],
        );
        let column = table(
            "CREATE TABLE `t` (`a` varchar(5) CHARACTER SET utf8mb4 DEFAULT 'x') ENGINE=InnoDB DEFAULT CHARSET=latin1",
            "latin1_swedish_ci",
            &[("a", "utf8mb4_general_ci")],
        );
        fixture::check(
            &World::new("5.7.44"),
            &column,
            "CREATE TABLE `shop`.`t` (`a` varchar(5) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci DEFAULT 'x') ENGINE=InnoDB DEFAULT CHARSET=latin1",
            &["charset: collation utf8mb4_general_ci of column a is written out"],
        );
    }

    #[test]
    fn a_table_without_charset_gets_one() {
        let bare = table(
            "CREATE TABLE `t` (`a` varchar(5)) ENGINE=InnoDB",
            "latin1_bin",
            &[("a", "latin1_bin")],
        );
        fixture::check(
            &World::mysql(),
            &bare,
            "CREATE TABLE `shop`.`t` (`a` varchar(5)) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_bin",
            &["charset: collation latin1_bin is written out"],
        );
    }

    #[test]
    fn utf8_is_called_utf8mb3() {
        let old = table(
            "CREATE TABLE `t` (`a` varchar(5) CHARACTER SET utf8 COLLATE utf8_bin) ENGINE=InnoDB DEFAULT CHARSET=utf8",
            "utf8_general_ci",
            &[("a", "utf8_bin")],
        );
        fixture::check(
            &World::new("5.7.44"),
            &old,
            "CREATE TABLE `shop`.`t` (`a` varchar(5) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin) ENGINE=InnoDB DEFAULT CHARSET=utf8mb3",
            &[
                "charset: collation utf8mb3_general_ci instead of utf8_general_ci",
                "charset: collation utf8mb3_bin instead of utf8_bin",
                "charset: character set utf8mb3 instead of utf8",
            ],
        );
    }

    #[test]
    fn unknown_collations_become_the_nearest_and_are_told() {
        let uca = table(
            "CREATE TABLE `t` (\n  `a` varchar(5) CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_swedish_ai_ci,\n  \
             `b` varchar(5) GENERATED ALWAYS AS (`a` collate utf8mb4_uca1400_as_cs) VIRTUAL\n) ENGINE=InnoDB \
             DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_uca1400_ai_ci",
            "utf8mb4_uca1400_ai_ci",
            &[("a", "utf8mb4_uca1400_swedish_ai_ci"), ("b", "utf8mb4_uca1400_ai_ci")],
        );
        fixture::check(
            &World::mariadb(),
            &uca,
            "CREATE TABLE `shop`.`t` (\n  `a` varchar(5) CHARACTER SET utf8mb4 COLLATE utf8mb4_sv_0900_ai_ci,\n  \
             `b` varchar(5) GENERATED ALWAYS AS (`a` collate utf8mb4_0900_as_cs) VIRTUAL\n) ENGINE=InnoDB \
             DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci",
            &[
                "charset: collation utf8mb4_0900_ai_ci instead of utf8mb4_uca1400_ai_ci",
                "charset: collation utf8mb4_sv_0900_ai_ci instead of utf8mb4_uca1400_swedish_ai_ci",
                "charset: collation utf8mb4_0900_as_cs instead of utf8mb4_uca1400_as_cs",
            ],
        );
    }

    #[test]
    fn the_policy_goes_first() {
        let mut world = World::mariadb();
        world.policy.collation.insert("utf8mb4_uca1400_ai_ci".into(), "utf8mb4_bin".into());
        let context = world.context();
        let mut notes = Notes::default();
        assert_eq!(collation::mapped("utf8mb4_uca1400_ai_ci", &context, &mut notes), "utf8mb4_bin");
        let mut nearest = |name: &str| collation::mapped(name, &context, &mut notes);
        assert_eq!(nearest("utf8mb4_uca1400_nopad_ai_cs"), "utf8mb4_0900_as_cs");
        assert_eq!(nearest("utf8mb4_nopad_bin"), "utf8mb4_0900_bin");
        assert_eq!(nearest("utf8mb4_unicode_nopad_ci"), "utf8mb4_0900_ai_ci");
        assert_eq!(nearest("utf8mb3_uca1400_ai_ci"), "utf8mb3_unicode_520_ci");
        assert_eq!(nearest("latin1_swedish_nopad_ci"), "latin1_swedish_ci");
        assert_eq!(nearest("latin1_swedish_ci"), "latin1_swedish_ci");
        assert_eq!(nearest("klingon_ci"), "klingon_ci");
        assert_eq!(told(&[], &notes.refusals), ["!charset: collation klingon_ci"]);
    }

    #[test]
    fn a_map_that_would_garble_rows_is_refused() {
        let garbled = |charset: (&str, &str), collation: (&str, &str)| {
            let mut world = World::mysql();
            world.policy.charset.insert(charset.0.into(), charset.1.into());
            world.policy.collation.insert(collation.0.into(), collation.1.into());
            let made = table(
                "CREATE TABLE `t` (`a` varchar(5)) ENGINE=InnoDB DEFAULT CHARSET=latin1",
                "latin1_swedish_ci",
                &[("a", "latin1_swedish_ci")],
            );
            told(&[], &super::super::table(&made, &world.context()).refusals)
        };
        let refused = ["!charset: character set utf8mb4 instead of latin1"];
        assert_eq!(garbled(("latin1", "utf8mb4"), ("x", "y")), refused);
        assert_eq!(garbled(("x", "x"), ("latin1_swedish_ci", "utf8mb4_bin")), refused);
        assert_eq!(garbled(("x", "x"), ("latin1_swedish_ci", "latin1_bin")), [""; 0]);
    }

    #[test]
    fn a_charset_map_moves_columns_and_table() {
        let mut world = World::new("5.7.44");
        world.policy.charset.insert("utf8".into(), "utf8mb4".into());
        let made = table(
            "CREATE TABLE `t` (`a` varchar(5), `b` text CHARACTER SET utf8 COLLATE utf8_bin) ENGINE=InnoDB DEFAULT CHARSET=utf8",
            "utf8_general_ci",
            &[("a", "utf8_general_ci"), ("b", "utf8_bin")],
        );
        let scripts = super::super::table(&made, &world.context());
        assert_eq!(
            scripts.create,
            "CREATE TABLE `shop`.`t` (`a` varchar(5), `b` text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"
        );
        assert_eq!(scripts.refusals, []);
    }

    #[test]
    fn schemas_views_and_settings_are_mapped_too() {
        let world = World::mariadb();
        let context = world.context();
        let create = "CREATE DATABASE `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_ai_ci */";
        let script =
            rewrite_schema(&fixture::schema("shop", create, "utf8mb4_uca1400_ai_ci"), &context);
        assert_eq!(script.create, create.replace("uca1400", "0900"));
        let create = "CREATE DATABASE `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 */";
        let script =
            rewrite_schema(&fixture::schema("shop", create, "utf8mb4_general_ci"), &context);
        assert_eq!(
            script.create,
            "CREATE DATABASE `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci */"
        );
        let made = fixture::view(
            "CREATE VIEW `v` AS select 'x' collate utf8mb4_uca1400_ai_ci AS `collate`",
        );
        let script = view(&made, &context);
        assert!(script.create.ends_with("select 'x' collate utf8mb4_0900_ai_ci AS `collate`"));
        let settings = CreatedUnder {
            sql_mode: Some("NO_AUTO_CREATE_USER,ANSI_QUOTES".into()),
            charset_client: "utf8".into(),
            collation_connection: "utf8mb4_uca1400_ai_ci".into(),
            time_zone: None,
        };
        let (settings, changes) = created_under(&settings, &context);
        assert_eq!(settings.sql_mode.as_deref(), Some("ANSI_QUOTES"));
        assert_eq!(settings.charset_client, "utf8mb3");
        assert_eq!(settings.collation_connection, "utf8mb4_0900_ai_ci");
        assert_eq!(changes.len(), 2);
    }
}
