//! How a server is asked for its log: as one replica among others.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_replication.html>

use std::fmt::Write;
use std::time::Duration;

use sealift_schema::facts::Flavor;
use sealift_schema::name::literal;

use super::error::BinlogError;
use super::place::LogPosition;
use crate::error::MysqlError;
use crate::session::Session;
use crate::wire::command::Command;

/// How the stream presents itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamOptions {
    /// Our `server_id` among the source's replicas: no other replica's, and always the same for one migration. A
    /// connection we left behind ends when we come again with it.
    pub server_id: u32,
    /// How often an idle source gives a sign of life.
    pub heartbeat: Duration,
}

/// From where the log is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// All transactions that are not in the set.
    MySqlGtids(Vec<u8>),
    /// All transactions after the last ones of their domains.
    MariaDbGtids(String),
    /// A place in a file.
    Place {
        /// The file.
        file: String,
        /// The offset.
        offset: u32,
    },
}

/// The first offset in every file.
const BEGIN: u32 = 4;

impl Start {
    /// The way to go on from a position on a server.
    pub(super) fn from(
        position: &LogPosition,
        flavor: Flavor,
        server: &str,
    ) -> Result<Self, BinlogError> {
        match (&position.gtids, flavor) {
            (Some(set), Flavor::MySql) if set.is_mysql() => {
                return Ok(Self::MySqlGtids(set.encode()));
            }
            (Some(set), Flavor::MariaDb) if position.server != server && !set.is_empty() => {
                return Ok(Self::MariaDbGtids(set.to_string()));
            }
            (Some(_) | None, _) => {}
        }
        if position.server != server {
            let (expected, found) = (position.server.clone(), server.to_owned());
            return Err(BinlogError::OtherServer { expected, found });
        }
        match u32::try_from(position.offset) {
            Ok(offset) if !position.file.is_empty() => {
                Ok(Self::Place { file: position.file.clone(), offset: offset.max(BEGIN) })
            }
            // The command has 32 bits for the offset.
            Ok(_) | Err(_) => Err(BinlogError::NoPosition(Box::new(position.clone()))),
        }
    }

    /// The command and its body.
    fn command(&self, server_id: u32) -> (Command, Vec<u8>) {
        const BY_GTID: u16 = 4;
        const LONG_HEARTBEATS: u16 = 2;
        let mut body = Vec::new();
        match self {
            Self::MySqlGtids(set) => {
                body.extend((BY_GTID | LONG_HEARTBEATS).to_le_bytes());
                body.extend(server_id.to_le_bytes());
                // No file: the server finds it.
                body.extend(0_u32.to_le_bytes());
                body.extend(u64::from(BEGIN).to_le_bytes());
                body.extend(u32::try_from(set.len()).unwrap_or(u32::MAX).to_le_bytes());
                body.extend(set);
                (Command::DumpByGtid, body)
            }
            Self::MariaDbGtids(_) => (Command::Dump, place(BEGIN, server_id, "")),
            Self::Place { file, offset } => (Command::Dump, place(*offset, server_id, file)),
        }
    }
}

fn place(offset: u32, server_id: u32, file: &str) -> Vec<u8> {
    let mut body = offset.to_le_bytes().to_vec();
    body.extend(0_u16.to_le_bytes());
    body.extend(server_id.to_le_bytes());
    body.extend(file.as_bytes());
    body
}

/// Prepares a session, registers it as a replica, and makes the command that starts the log.
pub(super) async fn prepare(
    session: &mut Session,
    start: &Start,
    options: &StreamOptions,
) -> Result<(Command, Vec<u8>), MysqlError> {
    let StreamOptions { server_id, heartbeat } = *options;
    session.execute(settings(session.version().flavor, start, server_id, heartbeat)).await?;
    session.command(Command::Register, &registration(server_id)).await?;
    Ok(start.command(server_id))
}

/// What the server reads from the session's variables. It has them under an old and a new name.
fn settings(flavor: Flavor, start: &Start, server_id: u32, heartbeat: Duration) -> String {
    let nanoseconds = heartbeat.as_nanos();
    let mut sql = format!(
        // A target that is slow stops our reading: the server must not give up on us meanwhile.
        "SET SESSION net_write_timeout = 86400, \
         @master_binlog_checksum = @@GLOBAL.binlog_checksum, \
         @source_binlog_checksum = @@GLOBAL.binlog_checksum, \
         @master_heartbeat_period = {nanoseconds}, @source_heartbeat_period = {nanoseconds}, \
         @slave_uuid = '{uuid}', @replica_uuid = '{uuid}'",
        uuid = uuid(server_id),
    );
    if flavor == Flavor::MariaDb {
        // Whoever knows less is sent dummies in the place of GTIDs.
        sql.push_str(", @mariadb_slave_capability = 4");
    }
    if let Start::MariaDbGtids(set) = start {
        let written = write!(
            sql,
            ", @slave_connect_state = {}, @slave_gtid_strict_mode = 0, @slave_gtid_ignore_duplicates = 0",
            literal(set)
        );
        debug_assert!(written.is_ok(), "writing to a string does not fail");
    }
    sql
}

/// A server ends an older connection of the same UUID, so ours follows from our number.
fn uuid(server_id: u32) -> String {
    format!("5ea11f70-0000-4000-8000-{server_id:012x}")
}

/// Number, then host, user, password and port of a replica that can be reached: ours cannot.
fn registration(server_id: u32) -> Vec<u8> {
    let mut body = server_id.to_le_bytes().to_vec();
    body.extend([0; 3]);
    body.extend(0_u16.to_le_bytes());
    body.extend(0_u32.to_le_bytes());
    body.extend(0_u32.to_le_bytes());
    body
}
