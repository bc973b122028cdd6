//! Definitions that change while rows do. The list grows with what a migration carries; what it does not carry
//! stays outside of the migrated schema.

use rand::Rng;
use rand::rngs::StdRng;

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

    /// Its statements.
    pub(super) fn script(self, random: &mut StdRng, schema: &str) -> String {
        let n = random.random_range(0..5);
        let statements = match self {
            Self::TableBeside => format!(
                "CREATE TABLE IF NOT EXISTS made_{n} (id INT PRIMARY KEY, v VARCHAR(20));\n\
                 INSERT IGNORE INTO made_{n} VALUES (1, 'one'), (2, 'two');\n\
                 ALTER TABLE made_{n} ADD KEY by_v_{0} (v), ADD COLUMN w_{0} INT FIRST;\n\
                 UPDATE made_{n} SET w_{0} = 7;\nTRUNCATE TABLE made_{n};\nDROP TABLE made_{n};\n",
                random.random::<u16>()
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
        };
        format!("USE {BESIDE};\n{statements}USE {schema};\n")
    }
}

/// The schema beside the migrated one whose definitions change.
pub const BESIDE: &str = "elsewhere";
