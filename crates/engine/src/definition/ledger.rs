//! What the source's tables are at the applied position, and the statement that is being carried: the target
//! keeps both.
//!
//! Rows of the log are read by these definitions, never by those the source has when they come by: it may be
//! further. They move together with the target's tables, statement by statement.

use std::collections::{BTreeMap, BTreeSet};

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::{Session, TextRow};
use sealift_schema::catalog::Table;
use sealift_schema::name::QualifiedName;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::target::connect::patiently;
use crate::target::literal::text;
use crate::target::lock;
use crate::target::pin;

/// The definitions of one migration. It has no state: the target has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionLedger {
    migration: String,
}

/// The statement that was executed last, or is being executed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Pending {
    /// Tells its transaction from all others.
    pub(super) transaction: String,
    /// The schema that names without one mean.
    pub(super) default: String,
    /// The statement as the source executed it.
    pub(super) sql: String,
    /// Its session's `sql_mode`.
    pub(super) sql_mode: String,
    /// The tables it is about, as they were on the target.
    pub(super) before: Vec<Before>,
}

/// A table before a statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Before {
    /// Its name on the source.
    pub(super) source: QualifiedName,
    /// Its name on the target.
    pub(super) target: QualifiedName,
    /// What it was there, if it was.
    pub(super) table: Option<Table>,
}

/// Where a table's copy stands, as the ledger has it; `2` says that it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// It is followed.
    No,
    /// It is to be made anew and copied again.
    Yes,
    /// It is made anew and being copied.
    Made,
}

impl Due {
    fn number(self) -> u8 {
        match self {
            Self::No => 0,
            Self::Yes => 1,
            Self::Made => 3,
        }
    }
}

/// How far a statement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It may be executed or not: the target's tables tell.
    Begun,
    /// It is executed, and the definitions are those behind it.
    Done,
}

/// Bytes of definitions written with one statement.
const WRITE_BYTES: usize = 1 << 20;

impl DefinitionLedger {
    /// The definitions of a migration.
    pub fn of(migration: impl Into<String>) -> Self {
        Self { migration: migration.into() }
    }

    /// Makes sure the ledger is there.
    pub(super) async fn ensure(&self, session: &mut Session) -> Result<(), MysqlError> {
        lock::take_turn(session).await?;
        session.execute("CREATE SCHEMA IF NOT EXISTS sealift").await?;
        session
            .execute(
                "CREATE TABLE IF NOT EXISTS sealift.definition (\
                 migration VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\
                 schema_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\
                 table_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\
                 definition LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\
                 due TINYINT UNSIGNED NOT NULL,\
                 PRIMARY KEY (migration, schema_name, table_name)\
                 ) ENGINE=InnoDB COMMENT='what the source''s tables are where sealift is; may be dropped when it is done'",
            )
            .await?;
        session
            .execute(
                "CREATE TABLE IF NOT EXISTS sealift.statement (\
                 migration VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\
                 statement LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\
                 done TINYINT UNSIGNED NOT NULL,\
                 PRIMARY KEY (migration)\
                 ) ENGINE=InnoDB COMMENT='what sealift executes for the source; may be dropped when it is done'",
            )
            .await?;
        lock::end_turn(session).await
    }

    /// Keeps these definitions and no others.
    pub(super) async fn keep<'t>(
        &self,
        session: &mut Session,
        tables: impl Iterator<Item = &'t Table>,
    ) -> Result<(), MysqlError> {
        let whose = self.whose();
        session.execute("START TRANSACTION").await?;
        session.execute(format!("DELETE FROM sealift.statement {whose}")).await?;
        session.execute(format!("DELETE FROM sealift.definition {whose}")).await?;
        // A row of no table says that definitions are kept, should there be none.
        session
            .execute(format!(
                "INSERT INTO sealift.definition VALUES ({},'','','',0)",
                text(&self.migration)
            ))
            .await?;
        self.write(session, tables, Due::No).await?;
        session.execute("COMMIT").await?;
        Ok(())
    }

    async fn write<'t>(
        &self,
        session: &mut Session,
        tables: impl Iterator<Item = &'t Table>,
        due: Due,
    ) -> Result<(), MysqlError> {
        let due = due.number();
        let mut rows = String::new();
        for table in tables {
            rows.push_str(if rows.is_empty() {
                "REPLACE INTO sealift.definition VALUES "
            } else {
                ","
            });
            let QualifiedName { schema, name } = &table.name;
            rows.push_str(&format!(
                "({},{},{},{},{due})",
                text(&self.migration),
                text(schema),
                text(name),
                text(&json(table)?)
            ));
            if rows.len() > WRITE_BYTES {
                session.execute(std::mem::take(&mut rows)).await?;
            }
        }
        if !rows.is_empty() {
            session.execute(rows).await?;
        }
        Ok(())
    }

    /// The source's tables at the applied position; `None` when nothing is kept of this migration.
    pub(super) async fn tables(
        &self,
        session: &mut Session,
    ) -> Result<Option<BTreeMap<QualifiedName, Table>>, MysqlError> {
        let sql = format!("SELECT definition FROM sealift.definition {} AND due<>2", self.whose());
        let rows = match session.rows(sql).await {
            Ok(rows) => rows,
            // There is no such table.
            Err(error) if error.class() == ErrorClass::DefinitionChanged => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut tables = BTreeMap::new();
        for row in &rows {
            let definition = row.text(0)?;
            if !definition.is_empty() {
                let table: Table = parsed(definition)?;
                tables.insert(table.name.clone(), table);
            }
        }
        Ok((!rows.is_empty()).then_some(tables))
    }

    /// The tables that are to be made anew and copied again, by their names on the source.
    ///
    /// # Errors
    /// When the server refuses, the connection is lost or a row cannot be read.
    pub async fn due(&self, session: &mut Session) -> Result<BTreeSet<QualifiedName>, MysqlError> {
        self.named(session, Due::Yes).await
    }

    /// The tables that are made anew and being copied.
    ///
    /// # Errors
    /// When the server refuses, the connection is lost or a row cannot be read.
    pub async fn made(&self, session: &mut Session) -> Result<BTreeSet<QualifiedName>, MysqlError> {
        self.named(session, Due::Made).await
    }

    async fn named(
        &self,
        session: &mut Session,
        due: Due,
    ) -> Result<BTreeSet<QualifiedName>, MysqlError> {
        let sql = format!(
            "SELECT schema_name, table_name FROM sealift.definition {} AND due={}",
            self.whose(),
            due.number()
        );
        let rows = match session.rows(sql).await {
            Ok(rows) => rows,
            // There is no such table.
            Err(error) if error.class() == ErrorClass::DefinitionChanged => Vec::new(),
            Err(error) => return Err(error),
        };
        rows.iter().map(|row| Ok(QualifiedName::new(row.text(0)?, row.text(1)?))).collect()
    }

    /// All tables that are followed, held or to be copied again, by their names on the source; `None` when nothing is
    /// kept of this migration.
    pub(super) async fn followed(
        &self,
        session: &mut Session,
    ) -> Result<Option<BTreeSet<QualifiedName>>, MysqlError> {
        let whose = self.whose();
        let sql = format!("SELECT schema_name, table_name FROM sealift.definition {whose}");
        let rows = match session.rows(sql).await {
            Ok(rows) => rows,
            // There is no such table.
            Err(error) if error.class() == ErrorClass::DefinitionChanged => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut tables = BTreeSet::new();
        for row in &rows {
            // The row of no table says that definitions are kept.
            if !row.text(1)?.is_empty() {
                tables.insert(QualifiedName::new(row.text(0)?, row.text(1)?));
            }
        }
        Ok((!rows.is_empty()).then_some(tables))
    }

    /// Says that tables are to be copied again; what is not known of them may be unknown.
    pub(super) async fn mark<'t>(
        &self,
        session: &mut Session,
        tables: impl Iterator<Item = &'t QualifiedName>,
    ) -> Result<(), MysqlError> {
        for table in tables {
            session
                .execute(format!(
                    "INSERT INTO sealift.definition VALUES ({},{},{},'',1) \
                     ON DUPLICATE KEY UPDATE definition=IF(due=2,'',definition), due=1",
                    text(&self.migration),
                    text(&table.schema),
                    text(&table.name)
                ))
                .await?;
        }
        Ok(())
    }

    /// The tables that are held, each with the reason.
    ///
    /// # Errors
    /// When the server refuses, the connection is lost or a row cannot be read.
    pub async fn held(
        &self,
        session: &mut Session,
    ) -> Result<BTreeMap<QualifiedName, String>, MysqlError> {
        let sql = format!(
            "SELECT schema_name, table_name, definition FROM sealift.definition {} AND due=2",
            self.whose()
        );
        let rows = match session.rows(sql).await {
            Ok(rows) => rows,
            // There is no such table.
            Err(error) if error.class() == ErrorClass::DefinitionChanged => Vec::new(),
            Err(error) => return Err(error),
        };
        let named = |row: &TextRow| {
            Ok((QualifiedName::new(row.text(0)?, row.text(1)?), row.text(2)?.to_owned()))
        };
        rows.iter().map(named).collect()
    }

    /// Holds tables: the reason takes the place of their definitions, which nobody knows any more.
    pub(super) async fn hold<'t>(
        &self,
        session: &mut Session,
        tables: impl Iterator<Item = &'t QualifiedName>,
        reason: &str,
    ) -> Result<(), MysqlError> {
        session.execute("START TRANSACTION").await?;
        for QualifiedName { schema, name } in tables {
            session
                .execute(format!(
                    "REPLACE INTO sealift.definition VALUES ({},{},{},{},2)",
                    text(&self.migration),
                    text(schema),
                    text(name),
                    text(reason)
                ))
                .await?;
        }
        session.execute("COMMIT").await?;
        Ok(())
    }

    /// Says what the tables are that are made anew and about to be copied, and which of them are gone.
    pub(super) async fn renew(
        &self,
        session: &mut Session,
        gone: &[QualifiedName],
        made: &[Table],
    ) -> Result<(), MysqlError> {
        session.execute("START TRANSACTION").await?;
        self.remove(session, gone).await?;
        self.write(session, made.iter(), Due::Made).await?;
        session.execute("COMMIT").await?;
        Ok(())
    }

    /// Says that these tables are copied, but for those that are due again meanwhile.
    pub(super) async fn settle<'t>(
        &self,
        session: &mut Session,
        tables: impl Iterator<Item = &'t QualifiedName>,
    ) -> Result<(), MysqlError> {
        for QualifiedName { schema, name } in tables {
            session
                .execute(format!(
                    "UPDATE sealift.definition SET due=0 {} AND due=3 AND schema_name={} AND table_name={}",
                    self.whose(),
                    text(schema),
                    text(name)
                ))
                .await?;
        }
        Ok(())
    }

    async fn remove(
        &self,
        session: &mut Session,
        tables: &[QualifiedName],
    ) -> Result<(), MysqlError> {
        for QualifiedName { schema, name } in tables {
            session
                .execute(format!(
                    "DELETE FROM sealift.definition {} AND schema_name={} AND table_name={}",
                    self.whose(),
                    text(schema),
                    text(name)
                ))
                .await?;
        }
        Ok(())
    }

    /// The last statement, if there was any.
    pub(super) async fn pending(
        &self,
        session: &mut Session,
    ) -> Result<Option<(Pending, Progress)>, MysqlError> {
        let sql = format!("SELECT statement, done FROM sealift.statement {}", self.whose());
        let row = match session.first(sql).await {
            Ok(row) => row,
            // There is no such table.
            Err(error) if error.class() == ErrorClass::DefinitionChanged => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(row) = row else { return Ok(None) };
        let is_done = row.parse::<u8>(1)? == 1;
        let progress = if is_done { Progress::Done } else { Progress::Begun };
        Ok(Some((parsed(row.text(0)?)?, progress)))
    }

    /// Says that a statement is about to be executed.
    pub(super) async fn begin(
        &self,
        session: &mut Session,
        pending: &Pending,
    ) -> Result<(), MysqlError> {
        session
            .execute(format!(
                "REPLACE INTO sealift.statement VALUES ({},{},0)",
                text(&self.migration),
                text(&json(pending)?)
            ))
            .await?;
        Ok(())
    }

    /// Says that it was not executed.
    pub(super) async fn withdraw(&self, session: &mut Session) -> Result<(), MysqlError> {
        session.execute(format!("DELETE FROM sealift.statement {}", self.whose())).await?;
        Ok(())
    }

    /// Says that it is executed, and what the tables are now.
    pub(super) async fn finish(
        &self,
        session: &mut Session,
        gone: &[QualifiedName],
        made: &[Table],
    ) -> Result<(), MysqlError> {
        let whose = self.whose();
        session.execute("START TRANSACTION").await?;
        self.remove(session, gone).await?;
        self.write(session, made.iter(), Due::No).await?;
        session.execute(format!("UPDATE sealift.statement SET done=1 {whose}")).await?;
        session.execute("COMMIT").await?;
        Ok(())
    }

    /// Removes the migration from the ledger, and the ledger when nothing else is in it.
    pub(super) async fn close(&self, session: &mut Session) -> Result<(), MysqlError> {
        lock::take_turn(session).await?;
        for ledger in ["sealift.statement", "sealift.definition"] {
            match session.execute(format!("DELETE FROM {ledger} {}", self.whose())).await {
                Ok(_) => {}
                // It was dropped before: this is a repetition, or it was never made.
                Err(error) if error.class() == ErrorClass::DefinitionChanged => continue,
                Err(error) => return Err(error),
            }
            if session.first(format!("SELECT 1 FROM {ledger} LIMIT 1")).await?.is_none() {
                session.execute(format!("DROP TABLE IF EXISTS {ledger}")).await?;
            }
        }
        lock::drop_empty_schema(session).await?;
        lock::end_turn(session).await
    }

    /// The lock of the session that executes statements.
    pub(super) fn lock_name(&self) -> String {
        lock::name(&[&self.migration, "definition"])
    }

    fn whose(&self) -> String {
        format!("WHERE migration={}", text(&self.migration))
    }
}

fn json(value: &impl Serialize) -> Result<String, MysqlError> {
    serde_json::to_string(value)
        .map_err(|error| MysqlError::Result(format!("a definition for the ledger: {error}")))
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, MysqlError> {
    serde_json::from_str(text)
        .map_err(|error| MysqlError::Result(format!("a definition in the ledger: {error}")))
}

/// A session on the target for what must not be executed late: whoever had one before, and could still be at work for a
/// process that is dead, is ended.
///
/// # Errors
/// When the target cannot be reached, or that session does not end.
pub async fn session_alone(target: &Endpoint, ledger: &DefinitionLedger) -> Result<Session, Fault> {
    patiently(|| async {
        let mut session = Session::connect(target).await?;
        pin::writer(&mut session).await?;
        lock::seize(&mut session, &ledger.lock_name()).await?;
        Ok(session)
    })
    .await
}
