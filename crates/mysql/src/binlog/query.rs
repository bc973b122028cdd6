//! A statement in the log, with the settings it ran under.

use bytes::Bytes;

/// A statement, and all it needs to mean the same elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The default schema; empty for none.
    pub schema: String,
    /// The statement, in the character set of the client that sent it.
    pub sql: Bytes,
    /// The error it ended with, 0 for none: a statement that was killed half-way is logged so.
    pub error: u16,
    /// What its session had set.
    pub settings: Settings,
}

/// What the session of a statement had set, as far as the log says
/// (<https://dev.mysql.com/doc/dev/mysql-server/latest/classbinary__log_1_1Query__event.html>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `sql_mode` as bits.
    pub sql_mode: Option<u64>,
    /// Numbers of `character_set_client`'s collation, `collation_connection` and `collation_server`.
    pub collations: Option<[u16; 3]>,
    /// `time_zone`.
    pub time_zone: Option<String>,
    /// The number of `default_collation_for_utf8mb4`.
    pub utf8mb4_collation: Option<u16>,
    /// The number of `collation_database`.
    pub database_collation: Option<u16>,
    /// Whether `foreign_key_checks` was off.
    pub foreign_key_checks_off: bool,
    /// `auto_increment_increment` and `auto_increment_offset`.
    pub auto_increment: Option<(u16, u16)>,
    /// `explicit_defaults_for_timestamp`.
    pub explicit_defaults_for_timestamp: Option<bool>,
    /// `sql_require_primary_key`.
    pub sql_require_primary_key: Option<bool>,
}
