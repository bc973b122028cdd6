//! What the events of a binary log say of changed tables, as `SHOW BINLOG EVENTS` prints them.

use std::collections::BTreeSet;

use sealift_schema::name::QualifiedName;

/// What was read so far.
#[derive(Default)]
pub(super) struct Reading {
    /// Tables whose rows changed.
    pub(super) tables: BTreeSet<QualifiedName>,
    /// XA transactions prepared in the part that was read, so that their rows are known.
    prepared: BTreeSet<String>,
}

/// Whether an event leaves us knowing what changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It does.
    Known,
    /// It does not, and why.
    Unknown(String),
}

/// Events without rows: frames, marks, and those that only go with a statement or with rows that name
/// their table in a `Table_map`. A `Transaction_payload` is followed by the events it holds.
const FRAMES: [&str; 36] = [
    "Format_desc",
    "Rotate",
    "Stop",
    "Previous_gtids",
    "Gtid",
    "Gtid_tagged",
    "Anonymous_Gtid",
    "Gtid_list",
    "Binlog_checkpoint",
    "Start_encryption",
    "Heartbeat",
    "Heartbeat_v2",
    "Ignorable",
    "Rows_query",
    "Annotate_rows",
    "Xid",
    "Transaction_context",
    "View_change",
    "Transaction_payload",
    "Intvar",
    "RAND",
    "User var",
    "User_var",
    "Write_rows",
    "Update_rows",
    "Update_rows_partial",
    "Delete_rows",
    "Write_rows_v1",
    "Update_rows_v1",
    "Delete_rows_v1",
    "Write_rows_compressed",
    "Update_rows_compressed",
    "Delete_rows_compressed",
    "Write_rows_compressed_v1",
    "Update_rows_compressed_v1",
    "Delete_rows_compressed_v1",
];

/// How statements begin that change no row of a table we copy.
const HARMLESS: [&str; 24] = [
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE SAVEPOINT",
    "XA START",
    "XA END",
    "XA ROLLBACK",
    "FLUSH",
    "ANALYZE",
    "GRANT",
    "REVOKE",
    "CREATE USER",
    "ALTER USER",
    "DROP USER",
    "RENAME USER",
    "CREATE ROLE",
    "DROP ROLE",
    "SET PASSWORD",
    "SET DEFAULT ROLE",
    "CREATE TEMPORARY TABLE",
    "DROP TEMPORARY TABLE",
    "DROP /*!40005 TEMPORARY */ TABLE",
    "# DUMMY EVENT",
];

/// How much of a statement is shown.
const SHOWN_CHARS: usize = 80;

impl Reading {
    /// Takes one event.
    pub(super) fn take(&mut self, event: &str, info: &str) -> Meaning {
        match event {
            "Table_map" => match tables_of(info) {
                tables if tables.is_empty() => Meaning::Unknown(format!("a table map {info:?}")),
                tables => {
                    self.tables.extend(tables);
                    Meaning::Known
                }
            },
            "XA_prepare" => {
                self.prepared.extend(info.strip_prefix("XA PREPARE ").map(str::to_owned));
                Meaning::Known
            }
            "Query" | "Query_compressed" => self.take_statement(without_use(info)),
            frame if FRAMES.contains(&frame) => Meaning::Known,
            other => Meaning::Unknown(format!("an event of type {other}")),
        }
    }

    fn take_statement(&self, statement: &str) -> Meaning {
        // Rows of an XA transaction are logged when it is prepared and seen when it is committed.
        if let Some(transaction) = statement.strip_prefix("XA COMMIT ") {
            return if self.prepared.contains(transaction) {
                Meaning::Known
            } else {
                Meaning::Unknown(format!("XA transaction {transaction} was prepared before"))
            };
        }
        let start: String = statement.chars().take(SHOWN_CHARS).collect();
        let upper = start.to_ascii_uppercase();
        let is_harmless = HARMLESS.iter().any(|harmless| {
            upper
                .strip_prefix(harmless)
                .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        });
        if is_harmless { Meaning::Known } else { Meaning::Unknown(format!("statement {start:?}")) }
    }
}

/// `table_id: 91 (shop.orders)`: names are not quoted. Every way to read the dots counts, so that the
/// right one is among them.
fn tables_of(info: &str) -> Vec<QualifiedName> {
    let names = info.split_once(" (").and_then(|(_, rest)| rest.rsplit_once(')'));
    let Some((names, _)) = names else { return Vec::new() };
    names
        .match_indices('.')
        .map(|(at, _)| names.split_at(at))
        .map(|(schema, rest)| QualifiedName::new(schema, rest.strip_prefix('.').unwrap_or(rest)))
        .filter(|name| !name.schema.is_empty() && !name.name.is_empty())
        .collect()
}

/// The statement of a `Query` event, which is printed after ``use `schema`; ``.
fn without_use(info: &str) -> &str {
    let Some(rest) = info.strip_prefix("use `") else { return info };
    // A backtick in the schema's name is doubled.
    let mut from = 0;
    while let Some(at) = rest.get(from..).and_then(|rest| rest.find('`')) {
        let at = from + at;
        match rest.get(at + 1..) {
            Some(after) if after.starts_with('`') => from = at + 2,
            Some(after) => return after.strip_prefix("; ").unwrap_or(info),
            None => break,
        }
    }
    info
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(reading: &Reading) -> Vec<String> {
        reading.tables.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_table_map_names_its_table() {
        let mut reading = Reading::default();
        assert_eq!(reading.take("Table_map", "table_id: 91 (shop.orders)"), Meaning::Known);
        assert_eq!(reading.take("Write_rows", "table_id: 91 flags: STMT_END_F"), Meaning::Known);
        assert_eq!(names(&reading), ["`shop`.`orders`"]);
    }

    #[test]
    fn a_table_map_with_more_dots_names_all_it_may_mean() {
        let mut reading = Reading::default();
        reading.take("Table_map", "table_id: 9 (a.b (c).d`)");
        assert_eq!(names(&reading), ["`a`.`b (c).d```", "`a.b (c)`.`d```"]);
    }

    #[test]
    fn what_is_not_understood_is_unknown() {
        let mut reading = Reading::default();
        for (event, info) in [
            ("Table_map", "table_id: 9"),
            ("Incident", "#1 (LOST_EVENTS)"),
            ("Query", "use `shop`; TRUNCATE TABLE orders"),
            ("Query", "use `sh``op`; insert into orders values (1)"),
            ("Query", "BEGINNING"),
            ("Query", "XA COMMIT X'78',X'',1"),
            ("Begin_load_query", ";file_id=1;block_len=5"),
            ("Execute_load_query", "use `shop`; LOAD DATA INFILE 'x' INTO TABLE t"),
            ("Query_compressed", "ALTER TABLE shop.t ADD b INT"),
        ] {
            assert!(matches!(reading.take(event, info), Meaning::Unknown(_)), "{event} {info}");
        }
        assert_eq!(reading.tables.len(), 0);
    }

    #[test]
    fn what_changes_no_row_is_known() {
        let mut reading = Reading::default();
        for (event, info) in [
            ("Query", "BEGIN"),
            ("Query", "use `shop`; flush tables"),
            ("Query", "use `s``h; op`; ANALYZE TABLE t"),
            (
                "Query",
                "use `shop`; CREATE USER 'gu'@'%' IDENTIFIED WITH 'caching_sha2_password' /* xid=1 */",
            ),
            ("Query", "use `shop`; DROP /*!40005 TEMPORARY */ TABLE IF EXISTS `x`"),
            ("Gtid", "XA START X'78',X'',1 GTID 0-5-22079"),
            ("Rotate", "binlog.000002;pos=4"),
            ("XA_prepare", "XA COMMIT X'79',X'',1 ONE PHASE"),
            ("XA_prepare", "XA PREPARE X'78',X'',1"),
            ("Query", "XA COMMIT X'78',X'',1"),
        ] {
            assert_eq!(reading.take(event, info), Meaning::Known, "{event} {info}");
        }
        assert_eq!(reading.tables.len(), 0);
    }
}
