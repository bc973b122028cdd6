//! The row that holds a side's fence, and by which a side is left: `sealift`.`fence` on that side.
//!
//! Whoever changes it does so by one statement that names the state it expects, so that of two (we, and the
//! watchdog on the server) exactly one succeeds.

use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;

use super::accounts;
use super::kind::FenceKind;
use super::session::is_absent;
use crate::target::literal::text;
use crate::target::lock;

/// The table, as it stands in statements.
pub(super) const TABLE: &str = "sealift.fence";

/// The row of one migration on one side. It has no state: the server has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FenceRow {
    migration: String,
}

/// What a side's row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The turn that changed it last.
    pub turn: u32,
    /// What it says of the side.
    pub state: RowState,
    /// How writes are kept out.
    pub kind: FenceKind,
}

/// What a row says of its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowState {
    /// It takes writes.
    Open,
    /// It takes none until the time budget is used up.
    Closed,
    /// It was left: it takes none.
    Left,
}

impl RowState {
    fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Left => "left",
        }
    }

    fn read(word: &str) -> Result<Self, MysqlError> {
        [Self::Open, Self::Closed, Self::Left]
            .into_iter()
            .find(|state| state.word() == word)
            .ok_or_else(|| MysqlError::Result(format!("a fence that is {word:?}")))
    }
}

impl FenceRow {
    /// The row of a migration.
    pub fn of(migration: impl Into<String>) -> Self {
        Self { migration: migration.into() }
    }

    /// Makes sure that it is there.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn ensure(&self, session: &mut Session) -> Result<(), MysqlError> {
        lock::take_turn(session).await?;
        session.execute("CREATE SCHEMA IF NOT EXISTS sealift").await?;
        session
            .execute(format!(
                "CREATE TABLE IF NOT EXISTS {TABLE} (\
                 migration VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,\
                 turn INT UNSIGNED NOT NULL,\
                 state VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,\
                 kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,\
                 until DATETIME(6) NULL,\
                 mark INT UNSIGNED NOT NULL\
                 ) ENGINE=InnoDB COMMENT='whether sealift keeps writes out; dropped by sealift finish'"
            ))
            .await?;
        session
            .execute(format!(
                "INSERT IGNORE INTO {TABLE} VALUES ({},0,'open','stopped',NULL,0)",
                text(&self.migration)
            ))
            .await?;
        lock::end_turn(session).await
    }

    /// What it says; `None` when it is not there.
    ///
    /// # Errors
    /// When the connection is lost or the row cannot be read.
    pub async fn read(&self, session: &mut Session) -> Result<Option<Standing>, MysqlError> {
        let sql = format!("SELECT turn, state, kind FROM {TABLE} {}", self.whose());
        let row = match session.first(sql).await {
            Ok(row) => row,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(row) = row else { return Ok(None) };
        let kind = FenceKind::read(row.text(2)?)
            .ok_or_else(|| MysqlError::Result("a fence of an unknown kind".into()))?;
        Ok(Some(Standing { turn: row.parse(0)?, state: RowState::read(row.text(1)?)?, kind }))
    }

    /// Closes the fence for some time; false when it is not open. Waits for whoever has written through it.
    ///
    /// # Errors
    /// When the server refuses, somebody's transaction does not end in time or the connection is lost.
    pub(super) async fn close(
        &self,
        session: &mut Session,
        turn: u32,
        kind: FenceKind,
        seconds: u64,
    ) -> Result<bool, MysqlError> {
        let sql = format!(
            "UPDATE {TABLE} SET turn={turn}, state='closed', kind='{}', mark=mark+1, \
             until=SYSDATE(6) + INTERVAL {seconds} SECOND {} AND state='open'",
            kind.word(),
            self.whose()
        );
        Ok(session.execute(sql).await?.affected_rows == 1)
    }

    /// Writes to the log behind everything that was written before the fence closed; false when the fence has
    /// fallen meanwhile.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub(super) async fn mark(&self, session: &mut Session, turn: u32) -> Result<bool, MysqlError> {
        let sql = format!(
            "UPDATE {TABLE} SET mark=mark+1 {} AND turn={turn} AND state='closed' \
             AND until > SYSDATE(6)",
            self.whose()
        );
        Ok(session.execute(sql).await?.affected_rows == 1)
    }

    /// Leaves the side: the one statement that decides. False when the fence has fallen meanwhile.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost: then the row has to be read.
    pub(super) async fn leave(
        &self,
        session: &mut Session,
        turn: u32,
        kind: FenceKind,
    ) -> Result<bool, MysqlError> {
        let holds = match kind {
            FenceKind::ReadOnly => " AND @@GLOBAL.read_only <> 0".to_owned(),
            FenceKind::Accounts => format!(" AND {}", accounts::all_locked(self)),
            FenceKind::Tables | FenceKind::Stopped => String::new(),
        };
        let sql = format!(
            "UPDATE {TABLE} SET state='left', until=NULL, mark=mark+1 {} AND turn={turn} \
             AND state='closed' AND until > SYSDATE(6){holds}",
            self.whose()
        );
        Ok(session.execute(sql).await?.affected_rows == 1)
    }

    /// Opens a fence that this turn has closed; nothing else.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub(super) async fn free(&self, session: &mut Session, turn: u32) -> Result<(), MysqlError> {
        let whose = self.whose();
        let sql = format!(
            "UPDATE {TABLE} SET state='open', until=NULL {whose} AND turn={turn} AND state='closed'"
        );
        session.execute(sql).await.map(drop)
    }

    /// Opens the fence of a side that was left by this turn and is live again; what comes late of it opens none that a
    /// later turn has closed.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub(super) async fn open(&self, session: &mut Session, turn: u32) -> Result<(), MysqlError> {
        let whose = self.whose();
        let sql = format!(
            "UPDATE {TABLE} SET state='open', until=NULL {whose} AND turn={turn} AND state='left'"
        );
        session.execute(sql).await.map(drop)
    }

    /// Removes the row, and the table when nothing else is in it.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn remove(&self, session: &mut Session) -> Result<(), MysqlError> {
        lock::take_turn(session).await?;
        match session.execute(format!("DELETE FROM {TABLE} {}", self.whose())).await {
            Ok(_) => {
                if session.first(format!("SELECT 1 FROM {TABLE} LIMIT 1")).await?.is_none() {
                    session.execute(format!("DROP TABLE IF EXISTS {TABLE}")).await?;
                    lock::drop_empty_schema(session).await?;
                }
            }
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
        lock::end_turn(session).await
    }

    /// The condition that is true in a session whose writes are kept out. It locks the row, so that nobody can
    /// close the fence while a transaction is open that has written through it: the key alone decides which row
    /// is read, for a row that does not match is let go of again in some isolation levels.
    pub(super) fn keeps_out(&self) -> String {
        format!(
            "(SELECT state <> 'open' AND (until IS NULL OR until > UTC_TIMESTAMP(6)) \
             FROM {TABLE} {} LOCK IN SHARE MODE)",
            self.whose()
        )
    }

    /// What the names of objects end with that belong to the row.
    pub(super) fn letters(&self) -> String {
        self.migration.chars().filter(char::is_ascii_alphanumeric).take(40).collect()
    }

    /// Its key, as it stands in statements.
    pub(super) fn key(&self) -> String {
        text(&self.migration)
    }

    pub(super) fn whose(&self) -> String {
        format!("WHERE migration={}", self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_as_they_are_written() {
        for state in [RowState::Open, RowState::Closed, RowState::Left] {
            assert_eq!(RowState::read(state.word()).unwrap(), state);
        }
        assert!(RowState::read("ajar").is_err());
    }
}
