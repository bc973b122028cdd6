//! What is on the target, told by the target: one row per lane, moved in the transaction of its rows.
//!
//! Statements of a dead process may be executed late. Two guards follow from that, both proven by
//! `crates/engine/tests/model`: a chunk locks its lane's row before anything else, and whoever empties a
//! table first takes a named lock that every other session about to empty it holds, and reads the ledger
//! again once it has it.
//!
//! Beside that, each worker's session holds a lock in the worker's name, so that its successor can kill it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use sealift_mysql::binlog::LogPosition;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::{Session, TextRow};
use sealift_schema::key_range::KeyPlace;
use sealift_schema::name::QualifiedName;

use crate::target::literal::text;
use crate::target::lock;

/// The ledger of one migration. It has no state: the target has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    migration: String,
}

/// One lane's row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneRow {
    /// Its number in its table, from 0.
    pub lane: u32,
    /// The lane begins behind this place; `None`: at the table's beginning.
    pub after: Option<KeyPlace>,
    /// The lane ends with this place; `None`: at the table's end.
    pub up_to: Option<KeyPlace>,
    /// Where it stands.
    pub standing: Standing,
    /// Whether the ledger has it. A table of one lane is entered by its first chunk.
    pub entered: bool,
}

/// Where a lane stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Key of the last row on the target; `None` before the first chunk and in tables without a key.
    pub last: Option<KeyPlace>,
    /// Rows on the target.
    pub rows: u64,
    /// Bytes they took on their way.
    pub bytes: u64,
    /// The position of the source's log that they are the state of; only where a copy must be exact.
    pub read_at: Option<Arc<LogPosition>>,
    /// Whether all of them are there.
    pub done: bool,
    /// Whether the table is being emptied, and nothing else here means anything.
    pub emptying: bool,
}

/// More workers than any run has.
const WORKERS_MAX: usize = 64;

impl Ledger {
    /// The ledger of a migration.
    pub fn of(migration: impl Into<String>) -> Self {
        Self { migration: migration.into() }
    }

    /// Makes sure the ledger's table is there, and stays there until this migration is closed: it enters
    /// the migration's presence, a row of no table.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn ensure(&self, session: &mut Session) -> Result<(), MysqlError> {
        lock::take_turn(session).await?;
        self.ensure_in_turn(session).await?;
        lock::end_turn(session).await
    }

    async fn ensure_in_turn(&self, session: &mut Session) -> Result<(), MysqlError> {
        session.execute("CREATE SCHEMA IF NOT EXISTS sealift").await?;
        session
            .execute(
                "CREATE TABLE IF NOT EXISTS sealift.lane (\
                 migration VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\
                 schema_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\
                 table_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\
                 lane INT UNSIGNED NOT NULL,\
                 after_key LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,\
                 up_to_key LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,\
                 last_key LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,\
                 row_count BIGINT UNSIGNED NOT NULL,\
                 byte_count BIGINT UNSIGNED NOT NULL,\
                 done TINYINT UNSIGNED NOT NULL,\
                 emptying TINYINT UNSIGNED NOT NULL,\
                 read_at LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,\
                 PRIMARY KEY (migration, schema_name, table_name, lane)\
                 ) ENGINE=InnoDB COMMENT='what sealift has copied; may be dropped when it is done'",
            )
            .await?;
        session
            .execute(format!(
                "INSERT IGNORE INTO sealift.lane VALUES ({},'','',0,NULL,NULL,NULL,0,0,1,0,NULL)",
                text(&self.migration)
            ))
            .await?;
        Ok(())
    }

    /// Reads all lanes of the migration, waiting for nobody.
    ///
    /// # Errors
    /// When the server refuses, the connection is lost or a row cannot be read.
    pub async fn lanes(
        &self,
        session: &mut Session,
    ) -> Result<BTreeMap<QualifiedName, Vec<LaneRow>>, MysqlError> {
        let rows = session
            .rows(format!(
                "SELECT {COLUMNS}, schema_name, table_name FROM sealift.lane WHERE migration={} \
                 AND schema_name<>'' ORDER BY schema_name, table_name, lane",
                text(&self.migration)
            ))
            .await?;
        let mut lanes: BTreeMap<QualifiedName, Vec<LaneRow>> = BTreeMap::new();
        for row in rows {
            let table = QualifiedName::new(row.text(9)?, row.text(10)?);
            lanes.entry(table).or_default().push(lane_row(&row)?);
        }
        Ok(lanes)
    }

    /// Reads the lanes of one table, waiting for nobody.
    ///
    /// # Errors
    /// When the server refuses, the connection is lost or a row cannot be read.
    pub async fn lanes_of(
        &self,
        session: &mut Session,
        table: &QualifiedName,
    ) -> Result<Vec<LaneRow>, MysqlError> {
        let sql = format!("SELECT {COLUMNS} FROM sealift.lane {} ORDER BY lane", self.whose(table));
        session.rows(sql).await?.iter().map(lane_row).collect()
    }

    /// Enters the lanes of a table, all or none.
    ///
    /// # Errors
    /// [`ErrorClass::DuplicateKey`] when they are there already.
    pub async fn enter(
        &self,
        session: &mut Session,
        table: &QualifiedName,
        lanes: &[LaneRow],
    ) -> Result<(), MysqlError> {
        let mut sql = String::from(
            "INSERT INTO sealift.lane (migration, schema_name, table_name, lane, after_key, \
             up_to_key, last_key, row_count, byte_count, done, emptying, read_at) VALUES ",
        );
        for (index, row) in lanes.iter().enumerate() {
            let LaneRow { lane, after, up_to, standing, entered: _ } = row;
            // Writing to a String cannot fail.
            let _infallible = write!(
                sql,
                "{}({},{},{},{lane},{},{},{},{},{},{},0,{})",
                if index > 0 { "," } else { "" },
                text(&self.migration),
                text(&table.schema),
                text(&table.name),
                place_literal(after.as_ref()),
                place_literal(up_to.as_ref()),
                place_literal(standing.last.as_ref()),
                standing.rows,
                standing.bytes,
                u8::from(standing.done),
                position_literal(standing.read_at.as_deref()),
            );
        }
        session.execute(sql).await?;
        Ok(())
    }

    /// Begins a transaction by entering a table's only lane: waits until no other transaction is about to.
    ///
    /// # Errors
    /// [`ErrorClass::DuplicateKey`] when it is there already.
    pub async fn begin(
        &self,
        session: &mut Session,
        table: &QualifiedName,
        lane: &LaneRow,
    ) -> Result<(), MysqlError> {
        session.execute("START TRANSACTION").await?;
        self.enter(session, table, std::slice::from_ref(lane)).await
    }

    /// Begins a transaction by locking a lane's row: waits until no other transaction has it. `None`: it
    /// is not there.
    ///
    /// # Errors
    /// When the server refuses, the lock cannot be had in time or the connection is lost.
    pub async fn lock(
        &self,
        session: &mut Session,
        table: &QualifiedName,
        lane: u32,
    ) -> Result<Option<LaneRow>, MysqlError> {
        session.execute("START TRANSACTION").await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM sealift.lane {} AND lane={lane} FOR UPDATE",
            self.whose(table)
        );
        session.first(sql).await?.as_ref().map(lane_row).transpose()
    }

    /// Moves a lane's row, in the transaction of its rows.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn advance(
        &self,
        session: &mut Session,
        table: &QualifiedName,
        lane: u32,
        to: &Standing,
    ) -> Result<(), MysqlError> {
        let Standing { last, rows, bytes, read_at, done, emptying: _ } = to;
        session
            .execute(format!(
                "UPDATE sealift.lane SET last_key={}, row_count={rows}, byte_count={bytes}, \
                 done={}, read_at={} {} AND lane={lane}",
                place_literal(last.as_ref()),
                u8::from(*done),
                position_literal(read_at.as_deref()),
                self.whose(table)
            ))
            .await?;
        Ok(())
    }

    /// Waits until no other session is left that was about to empty the table; those it finds are killed,
    /// for their process is dead or has lost them. The lock ends with the session or [`Ledger::unfence`].
    ///
    /// # Errors
    /// When a session does not go away, the server refuses or the connection is lost.
    pub async fn fence(
        &self,
        session: &mut Session,
        table: &QualifiedName,
    ) -> Result<(), MysqlError> {
        lock::seize(session, &self.fence_name(table)).await
    }

    /// Gives the table's named lock back.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn unfence(
        &self,
        session: &mut Session,
        table: &QualifiedName,
    ) -> Result<(), MysqlError> {
        session.execute(format!("DO RELEASE_LOCK('{}')", self.fence_name(table))).await?;
        Ok(())
    }

    /// Makes a session the only one of its worker; one that is left from before is killed. Without this, a
    /// session whose process is gone without a word (its machine, say) would hold its locks for hours.
    ///
    /// # Errors
    /// When a session does not go away, the server refuses or the connection is lost.
    pub async fn succeed(&self, session: &mut Session, worker: usize) -> Result<(), MysqlError> {
        lock::seize(session, &self.worker_name(worker)).await
    }

    /// Ends what sessions are left of workers of an earlier run, and waits until they are gone.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn sweep(&self, session: &mut Session) -> Result<(), MysqlError> {
        let names: Vec<String> = (0..WORKERS_MAX).map(|worker| self.worker_name(worker)).collect();
        lock::sweep(session, &names).await
    }

    /// Notes that a table is being emptied. The caller holds its fence.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn mark_emptying(
        &self,
        session: &mut Session,
        table: &QualifiedName,
    ) -> Result<(), MysqlError> {
        session
            .execute(format!("UPDATE sealift.lane SET emptying=1 {}", self.whose(table)))
            .await?;
        Ok(())
    }

    /// Forgets the lanes of a table that was emptied. The caller holds its fence.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn forget(
        &self,
        session: &mut Session,
        table: &QualifiedName,
    ) -> Result<(), MysqlError> {
        session
            .execute(format!("DELETE FROM sealift.lane {} AND emptying=1", self.whose(table)))
            .await?;
        Ok(())
    }

    /// Removes the migration from the ledger, and the ledger when nothing else is in it.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn close(&self, session: &mut Session) -> Result<(), MysqlError> {
        lock::take_turn(session).await?;
        self.close_in_turn(session).await?;
        lock::end_turn(session).await
    }

    async fn close_in_turn(&self, session: &mut Session) -> Result<(), MysqlError> {
        let deleted = session
            .execute(format!("DELETE FROM sealift.lane WHERE migration={}", text(&self.migration)))
            .await;
        match deleted {
            Ok(_) => {}
            // It was dropped before: this is a repetition.
            Err(error) if error.class() == ErrorClass::DefinitionChanged => return Ok(()),
            Err(error) => return Err(error),
        }
        if session.first("SELECT 1 FROM sealift.lane LIMIT 1").await?.is_some() {
            return Ok(());
        }
        session.execute("DROP TABLE IF EXISTS sealift.lane").await?;
        lock::drop_empty_schema(session).await
    }

    fn whose(&self, table: &QualifiedName) -> String {
        format!(
            "WHERE migration={} AND schema_name={} AND table_name={}",
            text(&self.migration),
            text(&table.schema),
            text(&table.name)
        )
    }

    fn fence_name(&self, table: &QualifiedName) -> String {
        lock::name(&[&self.migration, &table.schema, &table.name])
    }

    fn worker_name(&self, worker: usize) -> String {
        format!("{}.{worker}", lock::name(&[&self.migration]))
    }
}

const COLUMNS: &str =
    "lane, after_key, up_to_key, last_key, row_count, byte_count, done, emptying, read_at";

fn lane_row(row: &TextRow) -> Result<LaneRow, MysqlError> {
    Ok(LaneRow {
        lane: row.parse(0)?,
        after: place(row.optional_text(1)?)?,
        up_to: place(row.optional_text(2)?)?,
        standing: Standing {
            last: place(row.optional_text(3)?)?,
            rows: row.parse(4)?,
            bytes: row.parse(5)?,
            done: row.parse::<u8>(6)? == 1,
            emptying: row.parse::<u8>(7)? == 1,
            read_at: position(row.optional_text(8)?)?,
        },
        entered: true,
    })
}

fn place(text: Option<&str>) -> Result<Option<KeyPlace>, MysqlError> {
    text.map(serde_json::from_str)
        .transpose()
        .map_err(|error| MysqlError::Result(format!("a place in the ledger: {error}")))
}

fn place_literal(place: Option<&KeyPlace>) -> String {
    place.map_or_else(
        || "NULL".to_owned(),
        |place| text(&serde_json::Value::from(place.as_slice()).to_string()),
    )
}

fn position(text: Option<&str>) -> Result<Option<Arc<LogPosition>>, MysqlError> {
    text.map(|text| serde_json::from_str(text).map(Arc::new))
        .transpose()
        .map_err(|error| MysqlError::Result(format!("a position in the ledger: {error}")))
}

fn position_literal(position: Option<&LogPosition>) -> String {
    // A position is names and numbers: it has a text.
    let json = position.and_then(|position| serde_json::to_string(position).ok());
    json.map_or_else(|| "NULL".to_owned(), |json| text(&json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_the_ledger() {
        let places = vec!["_gbk x'815c' COLLATE gbk_chinese_ci".to_owned(), "-5".to_owned()];
        let json = serde_json::Value::from(places.as_slice()).to_string();
        assert_eq!(place(Some(&json)).unwrap(), Some(places));
        assert!(place(Some("{")).is_err());
    }

    #[test]
    fn names_of_locks_fit_and_tell_tables_apart() {
        let ledger = Ledger::of("m");
        let name =
            |schema: &str, table: &str| ledger.fence_name(&QualifiedName::new(schema, table));
        assert!(name("a", "b").len() <= 64 && ledger.worker_name(usize::MAX).len() <= 64);
        assert_ne!(name("a", "bc"), name("ab", "c"));
    }
}
