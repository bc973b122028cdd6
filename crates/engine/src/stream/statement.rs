//! Statements in the log: which of them matter to a migration.

use sealift_mysql::binlog::{LogPosition, Query, TransactionId};

use sealift_schema::sql::Dialect;
use sealift_schema::sql::statement::past_settings;

use super::transaction::Change;

/// A statement that changes definitions, with all that its transaction did.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The transaction it is.
    pub id: TransactionId,
    /// The position that holds it.
    pub end: LogPosition,
    /// The statement and its session's settings.
    pub query: Query,
    /// Rows it wrote, as `CREATE TABLE … SELECT` does.
    pub changes: Vec<Change>,
}

/// What a statement in the log means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind {
    /// Nothing that rows or definitions would show: a savepoint, an account, a flush.
    Passing,
    /// It changes definitions.
    Definition,
    /// It changes rows, and was logged as a statement instead of them.
    Rows,
    /// It ends a transaction that was prepared before.
    Prepared,
    /// It takes back a part of its transaction.
    PartlyRolledBack,
}

impl StatementKind {
    /// Tells by the first words, past comments. What is not known changes definitions, for all one knows.
    #[must_use]
    pub fn of(sql: &[u8]) -> Self {
        let text = String::from_utf8_lossy(sql);
        let words = first_words(&text);
        if words == ["SET", "STATEMENT"] {
            let rest = past_settings(&text, Dialect::default());
            // One is never in another.
            if !rest.trim_start().to_ascii_uppercase().starts_with("SET") {
                return Self::of(rest.as_bytes());
            }
        }
        match (words.first().map(String::as_str), words.get(1).map(String::as_str)) {
            (Some("ROLLBACK"), Some("TO")) => Self::PartlyRolledBack,
            (Some("XA"), _) => Self::Prepared,
            (
                Some("INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "LOAD" | "CALL" | "DO" | "WITH"),
                _,
            ) => Self::Rows,
            (
                Some(
                    "SAVEPOINT" | "RELEASE" | "FLUSH" | "GRANT" | "REVOKE" | "ANALYZE" | "OPTIMIZE"
                    | "REPAIR" | "CHECK" | "SET" | "KILL" | "INSTALL" | "UNINSTALL" | "RESET",
                ),
                _,
            )
            | (
                Some("CREATE" | "ALTER" | "DROP" | "RENAME"),
                Some("USER" | "ROLE" | "SERVER" | "RESOURCE" | "INSTANCE" | "LOGFILE" | "UNDO"),
            ) => Self::Passing,
            _ => Self::Definition,
        }
    }
}

/// The first two words in capitals. A versioned comment counts as what it holds: the server executes it.
fn first_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while words.len() < 2 && !rest.is_empty() {
        if let Some(versioned) = rest.strip_prefix("/*!").or_else(|| rest.strip_prefix("/*M!")) {
            rest = versioned.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, rest)| rest).trim_start();
        } else if rest.starts_with('#') || rest.starts_with("-- ") {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
        } else {
            let end =
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            if end == 0 {
                // `*/` of a versioned comment, or what is no word at all.
                let Some(past) = rest.strip_prefix("*/") else { return words };
                rest = past.trim_start();
                continue;
            }
            let (word, tail) = rest.split_at(end);
            words.push(word.to_ascii_uppercase());
            rest = tail.trim_start();
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_words_tell_what_a_statement_means() {
        for (sql, kind) in [
            ("CREATE TABLE t (i INT)", StatementKind::Definition),
            ("/* a */ -- b\nalter\ttable t add c int", StatementKind::Definition),
            ("/*!50003 CREATE*/ /*!50020 DEFINER=`a`*/ TRIGGER t", StatementKind::Definition),
            ("TRUNCATE t", StatementKind::Definition),
            ("something nobody knows", StatementKind::Definition),
            ("", StatementKind::Definition),
            ("CREATE USER u", StatementKind::Passing),
            ("/*!80000 DROP */ ROLE r", StatementKind::Passing),
            ("SAVEPOINT `a`", StatementKind::Passing),
            ("FLUSH TABLES", StatementKind::Passing),
            ("SET PASSWORD FOR u = 'x'", StatementKind::Passing),
            ("SET STATEMENT a='for', b=2 FOR ALTER TABLE t FORCE", StatementKind::Definition),
            ("/* x */ set statement a=1 for ANALYZE TABLE t", StatementKind::Passing),
            ("SET STATEMENT a=1 FOR SET STATEMENT b=2 FOR DROP TABLE t", StatementKind::Passing),
            ("insert into t values (1)", StatementKind::Rows),
            ("# x\nDELETE FROM t", StatementKind::Rows),
            ("XA COMMIT X'01',X'',1", StatementKind::Prepared),
            ("ROLLBACK TO `a`", StatementKind::PartlyRolledBack),
        ] {
            assert_eq!(StatementKind::of(sql.as_bytes()), kind, "{sql}");
        }
    }
}
