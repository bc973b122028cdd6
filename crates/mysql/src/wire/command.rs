//! What a client can ask for once it is logged in.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html>

/// The first byte of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Goodbye.
    Quit,
    /// A statement as text.
    Query,
    /// Are you there?
    Ping,
    /// Prepare a statement.
    Prepare,
    /// Execute a prepared statement.
    Execute,
    /// Forget a prepared statement; has no answer.
    Forget,
    /// Become a replica.
    Register,
    /// Send the binary log from a place on.
    Dump,
    /// Send the binary log without transactions of a GTID set.
    DumpByGtid,
}

impl Command {
    /// Its byte.
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Quit => 0x01,
            Self::Query => 0x03,
            Self::Ping => 0x0E,
            Self::Prepare => 0x16,
            Self::Execute => 0x17,
            Self::Forget => 0x19,
            Self::Register => 0x15,
            Self::Dump => 0x12,
            Self::DumpByGtid => 0x1E,
        }
    }
}

/// The body of [`Command::Execute`]: no cursor, one time, no parameters.
pub(crate) fn execute_body(statement: u32) -> [u8; 9] {
    let [a, b, c, d] = statement.to_le_bytes();
    [a, b, c, d, 0, 1, 0, 0, 0]
}
