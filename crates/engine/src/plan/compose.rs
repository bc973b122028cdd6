//! The SQL of a script around a definition: the settings it needs, the schema, the delimiter.

use sealift_schema::catalog::CreatedUnder;
use sealift_schema::facts::ServerFacts;
use sealift_schema::name::{literal, quote};

/// The mode tables, indexes and foreign keys are made under: strict, so that nothing is shortened in
/// silence, but with zero and invalid dates, which defaults may hold.
const TABLE_MODE: &str = "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,ALLOW_INVALID_DATES,\
                          NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION";

/// Views keep no mode; constants in them may be zero or invalid dates.
const VIEW_MODE: &str = "ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION";

/// Delimiters in order of taste.
const DELIMITERS: [&str; 4] = [";;", "$$", "//", "~~~~"];

/// Session settings a script begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    entries: Vec<(&'static str, String)>,
}

impl Settings {
    /// For tables, indexes and foreign keys. `TIMESTAMP` defaults are printed in UTC by the gatherer.
    pub(crate) fn of_tables(target: &ServerFacts) -> Self {
        let mut entries = vec![
            ("sql_mode", literal(TABLE_MODE)),
            ("time_zone", literal("+00:00")),
            ("foreign_key_checks", "0".to_owned()),
        ];
        // The plan itself decides about keys; a login may change these only with a privilege, so they
        // are left alone where they are off.
        for guarded in ["sql_generate_invisible_primary_key", "sql_require_primary_key"] {
            if target.is_on(guarded) {
                entries.push((guarded, "0".to_owned()));
            }
        }
        Self { entries }
    }

    /// Lets foreign keys refer to columns that are no whole unique key, as older servers did
    /// (<https://dev.mysql.com/doc/refman/9.7/en/server-system-variables.html#sysvar_restrict_fk_on_non_standard_key>).
    pub(crate) fn allow_non_standard_keys(mut self, target: &ServerFacts) -> Self {
        const SWITCH: &str = "restrict_fk_on_non_standard_key";
        if target.is_on(SWITCH) {
            self.entries.push((SWITCH, "0".to_owned()));
        }
        self
    }

    /// For views, routines, triggers and events: the settings they were made under.
    pub(crate) fn of_stored(under: &CreatedUnder) -> Self {
        let mode = under.sql_mode.as_deref().unwrap_or(VIEW_MODE);
        let mut entries = vec![("sql_mode", literal(mode))];
        if !under.charset_client.is_empty() {
            entries.push(("character_set_client", under.charset_client.clone()));
        }
        if !under.collation_connection.is_empty() {
            entries.push(("collation_connection", under.collation_connection.clone()));
        }
        if let Some(time_zone) = &under.time_zone {
            entries.push(("time_zone", literal(time_zone)));
        }
        Self { entries }
    }

    fn print(&self) -> String {
        let entries: Vec<String> =
            self.entries.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        entries.join(",\n    ")
    }
}

/// A script's SQL. `schema` is the one names without schema belong to; `None` for schemas themselves.
pub(crate) fn body(
    settings: &Settings,
    schema: Option<&str>,
    statement: &str,
    form: Form,
) -> String {
    let mut body = String::with_capacity(statement.len() + 300);
    body.push_str("SET NAMES utf8mb4;\n");
    if let Some(schema) = schema {
        body.push_str(&format!("USE {};\n", quote(schema)));
    }
    if !settings.entries.is_empty() {
        body.push_str(&format!("SET {};\n", settings.print()));
    }
    body.push('\n');
    match form {
        Form::Plain => {
            body.push_str(statement);
            body.push_str(";\n");
        }
        Form::Program => {
            let delimiter = delimiter_for(statement);
            // A comment at the end of the program must not swallow the delimiter.
            let end = if ends_in_line_comment(statement) { "\n" } else { "" };
            body.push_str(&format!(
                "DELIMITER {delimiter}\n{statement}{end}{delimiter}\nDELIMITER ;\n"
            ));
        }
    }
    body
}

/// Whether a definition may hold the usual delimiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One statement without statements in it.
    Plain,
    /// A stored program: routine, trigger or event.
    Program,
}

fn delimiter_for(statement: &str) -> String {
    let free = DELIMITERS.into_iter().find(|delimiter| !statement.contains(delimiter));
    free.map(str::to_owned).unwrap_or_else(|| {
        // Some run of dollars is longer than any in the text.
        let mut delimiter = "$$$".to_owned();
        while statement.contains(&delimiter) {
            delimiter.push('$');
        }
        delimiter
    })
}

/// Cautious: a `#` or `--` anywhere in the last line counts.
fn ends_in_line_comment(statement: &str) -> bool {
    let last = statement.rsplit('\n').next().unwrap_or("");
    last.contains("--") || last.contains('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_program_is_framed_for_the_mysql_client() {
        let under = CreatedUnder {
            sql_mode: Some("ANSI_QUOTES".into()),
            charset_client: "utf8mb4".into(),
            collation_connection: "utf8mb4_bin".into(),
            time_zone: Some("SYSTEM".into()),
        };
        let text = "CREATE EVENT `e` DO BEGIN SELECT ';;'; END -- $$";
        insta::assert_snapshot!(
            body(&Settings::of_stored(&under), Some("a`b"), text, Form::Program),
            @r"
        SET NAMES utf8mb4;
        USE `a``b`;
        SET sql_mode = 'ANSI_QUOTES',
            character_set_client = utf8mb4,
            collation_connection = utf8mb4_bin,
            time_zone = 'SYSTEM';

        DELIMITER //
        CREATE EVENT `e` DO BEGIN SELECT ';;'; END -- $$
        //
        DELIMITER ;
        "
        );
    }

    #[test]
    fn a_delimiter_is_found_for_any_text() {
        assert_eq!(delimiter_for("select 1"), ";;");
        assert_eq!(delimiter_for(";; $$ // ~~~~ $$$$"), "$$$$$");
    }
}
