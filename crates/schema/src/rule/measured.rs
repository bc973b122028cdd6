//! What was measured of the servers beside what they say: only what the operator asked for.

use super::check::NotChecked;
use super::rows::RowSample;
use crate::name::{ObjectId, QualifiedName};

/// The option that lets rows and the log be read.
pub const SCAN: &str = "--scan";
/// The option that lets a scratch table be written on the target.
pub const PROBE: &str = "--probe";
/// The option that lets tables be checked by the server itself.
pub const CHECK_TABLES: &str = "--check-tables";

/// Everything that was measured; what was not asked for is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Samples of users' rows.
    pub rows: Option<RowSample>,
    /// What the source's own check says of its tables.
    pub tables: Option<TablesChecked>,
    /// A stretch of the source's binary log.
    pub log: Option<LogLook>,
    /// How much the source wrote while it was assessed; absent where its log's end cannot be asked for.
    pub growth: Option<GrowthLook>,
    /// A short copy into a scratch table of the target.
    pub probe: Option<Probed>,
    /// What the target's own parser says of what it would be given; absent where there is no target.
    pub definitions: Option<DefinitionsRead>,
}

/// What the target would be given of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The object of the source.
    pub object: ObjectId,
    /// The `sql_mode` it is made under.
    pub sql_mode: String,
    /// The statements that make it.
    pub statements: Vec<String>,
}

/// What came of letting the target read definitions. Nothing is made by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefinitionsRead {
    /// Objects whose definition it has read.
    pub read: u64,
    /// Those it refuses, with its words.
    pub refused: Vec<(ObjectId, String)>,
    /// Objects it was not shown because the time was used up.
    pub left_out: u64,
    /// Why the rest was not read.
    pub failed: Option<String>,
}

/// What came of looking at the log's end twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrowthLook {
    /// Both looks succeeded.
    Seen(Growth),
    /// One of them did not.
    Failed {
        /// Why.
        why: String,
    },
}

/// How much a log grew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// Bytes.
    pub bytes: u64,
    /// The time in which it did.
    pub ms: u64,
}

/// What came of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probed {
    /// It was made.
    Done(Probe),
    /// It was not.
    Failed {
        /// Why.
        why: String,
    },
}

/// A short copy into a scratch table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Reading rows from the source and writing them.
    pub copied: Pace,
    /// Building their indexes; `None` where they have none.
    pub indexed: Option<Pace>,
    /// Writing them again in the place of themselves, as changes are applied.
    pub applied: Option<Pace>,
}

/// How fast something went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Rows.
    pub rows: u64,
    /// What they take on the source, by its statistics.
    pub stored_bytes: u64,
    /// What was sent.
    pub sent_bytes: u64,
    /// How long it took.
    pub ms: u64,
    /// Sessions that did it at the same time.
    pub sessions: u64,
}

/// What came of reading the source's binary log as a replica does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogLook {
    /// A stretch of it was read.
    Read(LogSample),
    /// The source writes none.
    Off,
    /// It cannot be read.
    Failed {
        /// Why.
        why: String,
    },
}

/// A stretch of the source's binary log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogSample {
    /// Where it begins, e.g. `binlog.000003:4`.
    pub from: String,
    /// Whether everything up to the end of the log was read.
    pub is_to_end: bool,
    /// Transactions in it.
    pub transactions: u64,
    /// Their bytes in the log.
    pub bytes: u64,
    /// From the first commit in it to the last one.
    pub ms: u64,
    /// The largest of them.
    pub largest: Option<LoggedTransaction>,
    /// Changes of rows that were logged as their statements: the first few.
    pub statements: Vec<LoggedStatement>,
    /// How many of them there are.
    pub statement_count: u64,
    /// How old the oldest transaction is that the source keeps; `None` where that was not found.
    pub kept_ms: Option<u64>,
    /// Bytes of all files the source keeps.
    pub kept_bytes: u64,
}

/// A transaction in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedTransaction {
    /// Where it lies, and its GTID.
    pub place: String,
    /// Its bytes.
    pub bytes: u64,
}

/// A statement in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedStatement {
    /// Its default schema; empty for none.
    pub schema: String,
    /// Its beginning.
    pub text: String,
    /// Where its transaction lies.
    pub place: String,
}

/// What `CHECK TABLE` said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TablesChecked {
    /// Tables that were checked.
    pub checked: u64,
    /// What was said of those that are not well.
    pub said: Vec<TableSaid>,
    /// Tables that were left out, each with the reason.
    pub left_out: Vec<(QualifiedName, &'static str)>,
}

/// One line of `CHECK TABLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSaid {
    /// The table.
    pub table: QualifiedName,
    /// The server's word for the kind of message: `error`, `warning`, `note`, `status`.
    pub kind: String,
    /// The message.
    pub text: String,
}

impl Measured {
    /// Samples of rows, if they were asked for.
    pub(super) fn rows(&self) -> Result<&RowSample, NotChecked> {
        self.rows.as_ref().ok_or(NotChecked::NotAsked { option: SCAN.to_owned() })
    }

    /// The stretch of the log that was read, if that was asked for and possible.
    pub(super) fn log(&self) -> Result<Option<&LogSample>, NotChecked> {
        match &self.log {
            Some(LogLook::Read(sample)) => Ok(Some(sample)),
            Some(LogLook::Off | LogLook::Failed { .. }) => Ok(None),
            None => Err(NotChecked::NotAsked { option: SCAN.to_owned() }),
        }
    }

    /// What the source says of its tables, if it was asked.
    pub(super) fn tables(&self) -> Result<&TablesChecked, NotChecked> {
        self.tables.as_ref().ok_or(NotChecked::NotAsked { option: CHECK_TABLES.to_owned() })
    }
}
