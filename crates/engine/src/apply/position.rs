//! How far changes are applied, told by the target: one row per lane, moved in the transaction of its rows.
//!
//! A batch moves the row of every lane, whether the lane had something to write or not, so that all rows
//! have one number between two batches. A row's position never moves back: what a lane has applied is
//! applied again after a crash until all lanes are as far, but changes of tables without a key must not be.

use sealift_mysql::binlog::LogPosition;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::{Session, TextRow};

use crate::target::literal::text;
use crate::target::lock;

/// The positions of one migration. It has no state: the target has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedLedger {
    migration: String,
}

/// Where the lanes stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    lanes: Vec<LaneStanding>,
}

/// Where one lane stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LaneStanding {
    /// Its number, from 0.
    pub(super) lane: u32,
    /// The number of the last batch that moved it.
    pub(super) batch: u64,
    /// Everything within is applied to its rows.
    pub(super) position: LogPosition,
}

/// How a transaction moves lanes: from one batch to the next.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The lanes.
    pub(super) lanes: Vec<u32>,
    /// Those of them that were further before a crash.
    pub(super) ahead: Vec<u32>,
    /// The batch before.
    pub(super) from: u64,
    /// The position behind the batch.
    pub(super) end: LogPosition,
}

/// What moving lanes found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// They stood where they should, and are moved.
    Now,
    /// They stood behind the step already.
    Before,
    /// They stand somewhere else, or are gone.
    Elsewhere,
}

/// More lanes than any applier has.
pub(super) const LANES_MAX: usize = 64;

impl Standing {
    /// The oldest position of all lanes: where the log is read from. `None` when two of them cannot be
    /// compared.
    #[must_use]
    pub fn oldest(&self) -> Option<&LogPosition> {
        self.positions().find(|oldest| self.positions().all(|other| other.covers(oldest)))
    }

    /// The newest position of all lanes: rows may be as new as that already. `None` when two of them
    /// cannot be compared.
    #[must_use]
    pub fn newest(&self) -> Option<&LogPosition> {
        self.positions().find(|newest| self.positions().all(|other| newest.covers(other)))
    }

    /// The end of the batch that a crash left behind half committed: by some lanes and not by others.
    pub(super) fn unfinished(&self) -> Option<&LogPosition> {
        let (oldest, newest) = (self.oldest()?, self.newest()?);
        (!oldest.covers(newest)).then_some(newest)
    }

    pub(super) fn lanes(&self) -> &[LaneStanding] {
        &self.lanes
    }

    fn positions(&self) -> impl Iterator<Item = &LogPosition> {
        self.lanes.iter().map(|lane| &lane.position)
    }
}

impl AppliedLedger {
    /// The positions of a migration.
    pub fn of(migration: impl Into<String>) -> Self {
        Self { migration: migration.into() }
    }

    /// Makes sure the ledger is there and says where changes begin, unless it says already.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn begin(&self, session: &mut Session, at: &LogPosition) -> Result<(), MysqlError> {
        lock::take_turn(session).await?;
        ensure(session).await?;
        session
            .execute(format!(
                "INSERT IGNORE INTO sealift.applied VALUES ({},0,0,{})",
                text(&self.migration),
                position_literal(at)?
            ))
            .await?;
        lock::end_turn(session).await
    }

    /// Says where changes begin, whatever it said before: nothing is applied yet.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn begin_anew(
        &self,
        session: &mut Session,
        at: &LogPosition,
    ) -> Result<(), MysqlError> {
        lock::take_turn(session).await?;
        ensure(session).await?;
        session.execute("START TRANSACTION").await?;
        session.execute(format!("DELETE FROM sealift.applied {}", self.whose())).await?;
        session
            .execute(format!(
                "INSERT INTO sealift.applied VALUES ({},0,0,{})",
                text(&self.migration),
                position_literal(at)?
            ))
            .await?;
        session.execute("COMMIT").await?;
        lock::end_turn(session).await
    }

    /// Reads where the lanes stand, waiting for nobody; `None` when the ledger does not know the migration.
    ///
    /// # Errors
    /// When the server refuses, the connection is lost or a row cannot be read.
    pub async fn read(&self, session: &mut Session) -> Result<Option<Standing>, MysqlError> {
        match session.rows(self.select("")).await {
            Ok(rows) => standing(&rows),
            // There is no such table.
            Err(error) if error.class() == ErrorClass::DefinitionChanged => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits until no transaction of another process moves a lane, and makes rows for this many lanes. All
    /// get one number. What it returns is as it was before.
    ///
    /// # Errors
    /// When the server refuses, the connection is lost or a row cannot be read.
    pub(super) async fn take_over(
        &self,
        session: &mut Session,
        lanes: usize,
    ) -> Result<Option<Standing>, MysqlError> {
        // A process that vanished in here would keep the rows locked until the server misses it.
        lock::seize(session, &self.taking_lock()).await?;
        session.execute("START TRANSACTION").await?;
        let found = standing(&session.rows(self.select(" FOR UPDATE")).await?)?;
        if let Some((standing, oldest)) = found.as_ref().and_then(|f| Some((f, f.oldest()?))) {
            let next = standing.lanes.iter().map(|lane| lane.batch).max().unwrap_or(0) + 1;
            let whose = self.whose();
            session.execute(format!("UPDATE sealift.applied SET batch={next} {whose}")).await?;
            for lane in 0..lanes {
                let position = position_literal(oldest)?;
                session
                    .execute(format!(
                        "INSERT IGNORE INTO sealift.applied VALUES ({},{lane},{next},{position})",
                        text(&self.migration)
                    ))
                    .await?;
            }
        }
        session.execute("COMMIT").await?;
        Ok(found)
    }

    /// Moves lanes as the first statement of a transaction: it waits out whoever moves them.
    ///
    /// # Errors
    /// When the server refuses, the lock cannot be had in time or the connection is lost.
    pub(super) async fn advance(
        &self,
        session: &mut Session,
        step: &Step,
    ) -> Result<Moved, MysqlError> {
        let Step { lanes, ahead, from, end } = step;
        let end = position_literal(end)?;
        let position = if ahead.is_empty() {
            end
        } else {
            format!("IF(lane IN ({}),position,{end})", numbers(ahead))
        };
        let moved = session
            .execute(format!(
                "UPDATE sealift.applied SET batch={}, position={position} {} AND lane IN ({}) AND batch={from}",
                from + 1,
                self.whose(),
                numbers(lanes)
            ))
            .await?;
        if moved.affected_rows == lanes.len() as u64 {
            return Ok(Moved::Now);
        }
        let before = session
            .first(format!(
                "SELECT COUNT(*) FROM sealift.applied {} AND lane IN ({}) AND batch={}",
                self.whose(),
                numbers(lanes),
                from + 1
            ))
            .await?;
        let before = before.map(|row| row.parse::<usize>(0)).transpose()?;
        let moved = if moved.affected_rows == 0 && before == Some(lanes.len()) {
            Moved::Before
        } else {
            Moved::Elsewhere
        };
        Ok(moved)
    }

    /// Says where lanes stand whose number was moved earlier in the same transaction.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub(super) async fn reach(&self, session: &mut Session, step: &Step) -> Result<(), MysqlError> {
        let Step { lanes, ahead, from, end } = step;
        let behind: Vec<u32> = lanes.iter().filter(|lane| !ahead.contains(lane)).copied().collect();
        if behind.is_empty() {
            return Ok(());
        }
        session
            .execute(format!(
                "UPDATE sealift.applied SET position={} {} AND lane IN ({}) AND batch={}",
                position_literal(end)?,
                self.whose(),
                numbers(&behind),
                from + 1
            ))
            .await?;
        Ok(())
    }

    /// Removes the migration from the ledger, and the ledger when nothing else is in it.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn close(&self, session: &mut Session) -> Result<(), MysqlError> {
        lock::take_turn(session).await?;
        self.forget_repairs(session).await?;
        match session.execute(format!("DELETE FROM sealift.applied {}", self.whose())).await {
            Ok(_) => {
                if session.first("SELECT 1 FROM sealift.applied LIMIT 1").await?.is_none() {
                    session.execute("DROP TABLE IF EXISTS sealift.applied").await?;
                    lock::drop_empty_schema(session).await?;
                }
            }
            // It was dropped before: this is a repetition.
            Err(error) if error.class() == ErrorClass::DefinitionChanged => {}
            Err(error) => return Err(error),
        }
        lock::end_turn(session).await
    }

    /// The lock a lane's session holds.
    pub(super) fn lane_lock(&self, lane: usize) -> String {
        format!("{}.{lane}", lock::name(&[&self.migration, "applied"]))
    }

    /// The lock of the session that takes the lanes over.
    fn taking_lock(&self) -> String {
        format!("{}.taking", lock::name(&[&self.migration, "applied"]))
    }

    /// The lock of a session that repairs rows.
    pub fn repair_lock(&self) -> String {
        format!("{}.repair", lock::name(&[&self.migration, "applied"]))
    }

    /// Makes the record of repairs, and tells the number of the last one in it, 0 at first.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn prepare_repairs(&self, session: &mut Session) -> Result<u64, MysqlError> {
        lock::take_turn(session).await?;
        session
            .execute(
                "CREATE TABLE IF NOT EXISTS sealift.repaired (\
                 migration VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,\
                 number BIGINT UNSIGNED NOT NULL\
                 ) ENGINE=InnoDB COMMENT='rows that sealift has repaired; may be dropped when it is done'",
            )
            .await?;
        lock::end_turn(session).await?;
        self.last_repair(session).await
    }

    /// Holds back every lane until the transaction that is open ends, and notes in it that it is a repair.
    /// `None` when the ledger does not know the migration.
    ///
    /// # Errors
    /// When the server refuses, the lock cannot be had in time or the connection is lost.
    pub async fn hold(
        &self,
        session: &mut Session,
        repair: u64,
    ) -> Result<Option<Standing>, MysqlError> {
        let found = standing(&session.rows(self.select(" FOR UPDATE")).await?)?;
        let migration = text(&self.migration);
        session
            .execute(format!("REPLACE INTO sealift.repaired VALUES ({migration},{repair})"))
            .await?;
        Ok(found)
    }

    /// The number of the last repair; 0 when there is none.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn last_repair(&self, session: &mut Session) -> Result<u64, MysqlError> {
        let sql = format!("SELECT number FROM sealift.repaired {}", self.whose());
        let row = session.first(sql).await?;
        row.map_or(Ok(0), |row| row.parse(0))
    }

    /// Removes the migration from the record of repairs, and the record when nothing else is in it.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn finish_repairs(&self, session: &mut Session) -> Result<(), MysqlError> {
        lock::take_turn(session).await?;
        self.forget_repairs(session).await?;
        lock::end_turn(session).await
    }

    async fn forget_repairs(&self, session: &mut Session) -> Result<(), MysqlError> {
        match session.execute(format!("DELETE FROM sealift.repaired {}", self.whose())).await {
            Ok(_) if session.first("SELECT 1 FROM sealift.repaired LIMIT 1").await?.is_none() => {
                session.execute("DROP TABLE IF EXISTS sealift.repaired").await?;
                Ok(())
            }
            Ok(_) => Ok(()),
            // There is no such table.
            Err(error) if error.class() == ErrorClass::DefinitionChanged => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether a process has the lanes.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn is_at_work(&self, session: &mut Session) -> Result<bool, MysqlError> {
        // Every applier has a lane 0.
        let row = session.first(format!("SELECT IS_USED_LOCK('{}')", self.lane_lock(0))).await?;
        Ok(row.is_some_and(|row| row.get(0).is_some()))
    }

    /// Kills what sessions are left of lanes of another process.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn sweep(&self, session: &mut Session) -> Result<(), MysqlError> {
        // A repair of a process that is gone would hold the ledger.
        let mut names: Vec<String> = (0..LANES_MAX).map(|lane| self.lane_lock(lane)).collect();
        names.push(self.repair_lock());
        lock::sweep(session, &names).await
    }

    fn select(&self, locking: &str) -> String {
        format!(
            "SELECT lane, batch, position FROM sealift.applied {} ORDER BY lane{locking}",
            self.whose()
        )
    }

    fn whose(&self) -> String {
        format!("WHERE migration={}", text(&self.migration))
    }
}

/// Makes sure the ledger is there. It must be our turn.
async fn ensure(session: &mut Session) -> Result<(), MysqlError> {
    session.execute("CREATE SCHEMA IF NOT EXISTS sealift").await?;
    session
        .execute(
            "CREATE TABLE IF NOT EXISTS sealift.applied (\
             migration VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\
             lane INT UNSIGNED NOT NULL,\
             batch BIGINT UNSIGNED NOT NULL,\
             position LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\
             PRIMARY KEY (migration, lane)\
             ) ENGINE=InnoDB COMMENT='how far sealift has applied changes; may be dropped when it is done'",
        )
        .await?;
    Ok(())
}

fn standing(rows: &[TextRow]) -> Result<Option<Standing>, MysqlError> {
    let lanes = rows
        .iter()
        .map(|row| {
            let position = serde_json::from_str(row.text(2)?).map_err(|error| {
                MysqlError::Result(format!("a position in the ledger: {error}"))
            })?;
            Ok(LaneStanding { lane: row.parse(0)?, batch: row.parse(1)?, position })
        })
        .collect::<Result<Vec<_>, MysqlError>>()?;
    Ok((!lanes.is_empty()).then_some(Standing { lanes }))
}

fn position_literal(position: &LogPosition) -> Result<String, MysqlError> {
    let json = serde_json::to_string(position)
        .map_err(|error| MysqlError::Result(format!("a position for the ledger: {error}")))?;
    Ok(text(&json))
}

fn numbers(lanes: &[u32]) -> String {
    lanes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(lane: u32, offset: u64) -> LaneStanding {
        let (server, file) = ("s".to_owned(), "b.000001".to_owned());
        let position = LogPosition { server, file, offset, gtids: None, since: None };
        LaneStanding { lane, batch: 7, position }
    }

    #[test]
    fn the_log_is_read_from_the_oldest_position() {
        let standing = Standing { lanes: vec![lane(0, 30), lane(1, 10), lane(2, 20)] };
        assert_eq!(standing.oldest().map(|position| position.offset), Some(10));
        assert_eq!(standing.newest().map(|position| position.offset), Some(30));
        assert_eq!(standing.unfinished(), standing.newest());
        assert_eq!(Standing { lanes: vec![lane(0, 30), lane(1, 30)] }.unfinished(), None);
        let mut other = lane(3, 5);
        other.position.server = "another".to_owned();
        let standing = Standing { lanes: vec![lane(0, 30), other] };
        assert_eq!((standing.oldest(), standing.newest()), (None, None));
    }
}
