//! Definitions that change while rows do, within the migrated schema and beside it.

use rand::Rng;
use rand::rngs::StdRng;

use crate::server::Kind;

/// A kind of change of definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definition {
    /// A table beside the schema is made, filled, altered and dropped.
    TableBeside,
    /// Tables beside the schema take each other's names.
    RenamesBeside,
    /// A table beside the schema is made from a query.
    CopyBeside,
    /// A view and a routine beside the schema.
    CodeBeside,
    /// A temporary table beside the schema, and a transaction with it that is rolled back.
    TemporaryBeside,
    /// A column of a migrated table comes at a place of its own, is written to, and goes.
    Column,
    /// An index of a migrated table comes or goes.
    Index,
    /// A migrated table is copied to one of a new definition, which takes its name, as gh-ost does it.
    Swap,
    /// A table of the migrated schema is made, filled, altered, emptied, filled, and sometimes dropped.
    Table,
    /// A migrated table without a key is emptied and filled again.
    Truncation,
    /// A view and a routine of the migrated schema are made again.
    Code,
}

impl Definition {
    /// Kinds that concern nothing that is migrated.
    pub const OUTSIDE: &[Self] = &[
        Self::TableBeside,
        Self::RenamesBeside,
        Self::CopyBeside,
        Self::CodeBeside,
        Self::TemporaryBeside,
    ];

    /// Kinds that concern what is migrated.
    pub const INSIDE: &[Self] =
        &[Self::Column, Self::Index, Self::Swap, Self::Table, Self::Truncation, Self::Code];

    /// Kinds of both sorts.
    #[must_use]
    pub fn all() -> Vec<Self> {
        [Self::OUTSIDE, Self::INSIDE].concat()
    }

    /// Of how many rounds one has it: within, each has rows copied again while they are being copied.
    pub(super) fn rarity(self) -> u32 {
        if Self::INSIDE.contains(&self) { 300 } else { 4 }
    }

    /// Its statements. A script that was broken off leaves some of its objects behind: those that find them are
    /// refused, see [`FOUND_OTHERWISE`].
    pub(super) fn script(self, random: &mut StdRng, schema: &str, server: Kind) -> String {
        let mut statements = self.statements(random);
        if server == Kind::MySql5_6 {
            // With GTIDs it makes and fills no table by one statement.
            statements = statements.replace(
                "CREATE TABLE copied AS SELECT",
                "CREATE TABLE copied LIKE counted;\nINSERT INTO copied SELECT",
            );
        }
        if Self::INSIDE.contains(&self) {
            return statements;
        }
        format!("USE {BESIDE};\n{statements}USE {schema};\n")
    }

    fn statements(self, random: &mut StdRng) -> String {
        let n = random.random_range(0..5);
        let any = random.random::<u16>();
        let goes = random.random_ratio(1, 2);
        let table = ["hot", "child", "leaf", "bag"][random.random_range(0..4)];
        let place = ["", "FIRST"][random.random_range(0..2)];
        match self {
            Self::TableBeside => format!(
                "CREATE TABLE IF NOT EXISTS made_{n} (id INT PRIMARY KEY, v VARCHAR(20));\n\
                 INSERT IGNORE INTO made_{n} (id, v) VALUES (1, 'one'), (2, 'two');\n\
                 ALTER TABLE made_{n} ADD KEY by_v_{any} (v), ADD COLUMN w_{any} INT FIRST;\n\
                 UPDATE made_{n} SET w_{any} = 7;\nTRUNCATE TABLE made_{n};\nDROP TABLE made_{n};\n"
            ),
            Self::RenamesBeside => format!(
                "DROP TABLE IF EXISTS one, other, third;\n\
                 CREATE TABLE one (id INT PRIMARY KEY);\n\
                 CREATE TABLE other (name VARCHAR(20) PRIMARY KEY);\n\
                 INSERT INTO one VALUES ({n}); INSERT INTO other VALUES ('{n}');\n\
                 RENAME TABLE one TO third, other TO one, third TO other;\n\
                 INSERT INTO one VALUES ('again');\n"
            ),
            Self::CopyBeside => format!(
                "DROP TABLE IF EXISTS counted, copied;\n\
                 CREATE TABLE counted (id INT PRIMARY KEY, v INT);\n\
                 INSERT INTO counted VALUES (1, {n}), (2, 7);\n\
                 CREATE TABLE copied AS SELECT id, v FROM counted;\nDELETE FROM copied WHERE id = 2;\n"
            ),
            Self::CodeBeside => format!(
                "CREATE OR REPLACE VIEW seen AS SELECT {n} AS n;\nDROP PROCEDURE IF EXISTS done;\n\
                 CREATE PROCEDURE done() SELECT {n};\nDROP PROCEDURE done;\n"
            ),
            Self::TemporaryBeside => format!(
                "CREATE TEMPORARY TABLE passing (id INT PRIMARY KEY, v VARCHAR(20));\n\
                 INSERT INTO passing VALUES ({n}, 'x');\n\
                 BEGIN; INSERT INTO passing VALUES (9, 'y'); ROLLBACK;\n\
                 DROP TEMPORARY TABLE passing;\n"
            ),
            Self::Column if goes => format!("ALTER TABLE {table} DROP COLUMN extra_{n};\n"),
            Self::Column => format!(
                "ALTER TABLE {table} ADD COLUMN extra_{n} VARCHAR(20) DEFAULT 'none' {place};\n\
                 UPDATE {table} SET extra_{n} = 'some' LIMIT 20;\n"
            ),
            Self::Index if goes => "DROP INDEX by_d ON hot;\n".to_owned(),
            Self::Index => "CREATE INDEX by_d ON hot (d, v);\n".to_owned(),
            Self::Swap => format!(
                "DROP TABLE IF EXISTS _worded_gho, _worded_del;\nCREATE TABLE _worded_gho LIKE worded;\n\
                 ALTER TABLE _worded_gho ADD COLUMN swapped_{any} INT DEFAULT {n};\n\
                 INSERT IGNORE INTO _worded_gho (w, n) SELECT w, n FROM worded;\n\
                 RENAME TABLE worded TO _worded_del, _worded_gho TO worded;\n\
                 DROP TABLE _worded_del;\n"
            ),
            Self::Table => format!(
                "CREATE TABLE IF NOT EXISTS made_{n} (id INT PRIMARY KEY, v VARCHAR(20));\n\
                 INSERT IGNORE INTO made_{n} (id, v) VALUES (1, 'one'), (2, 'two');\n\
                 ALTER TABLE made_{n} ADD COLUMN w_{any} INT FIRST;\nUPDATE made_{n} SET w_{any} = 7;\n\
                 TRUNCATE TABLE made_{n};\nINSERT INTO made_{n} (id, v) VALUES (3, 'three');\n{}",
                if goes { format!("DROP TABLE made_{n};\n") } else { String::new() }
            ),
            Self::Truncation => {
                "TRUNCATE TABLE bag;\nINSERT INTO bag (a, b, f) SELECT id % 500, v, id / 3 FROM hot \
                 WHERE id <= 1000;\n"
                    .to_owned()
            }
            Self::Code => format!(
                "CREATE OR REPLACE VIEW seen AS SELECT {n} AS n, id, v FROM hot;\n\
                 DROP PROCEDURE IF EXISTS done;\nCREATE PROCEDURE done() SELECT {n} FROM seen;\n"
            ),
        }
    }
}

/// What is refused where a script of ours was broken off, or another has done the same: a column or an index that
/// is there already, or is not; a table that is gone.
pub(super) const FOUND_OTHERWISE: [&str; 6] =
    ["ERROR 1060 ", "ERROR 1061 ", "ERROR 1091 ", "ERROR 1050 ", "ERROR 1146 ", "ERROR 1054 "];

/// The schema beside the migrated one whose definitions change.
pub const BESIDE: &str = "elsewhere";
