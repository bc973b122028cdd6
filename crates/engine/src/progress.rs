//! A snapshot of what is under way, for people; never used for decisions.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use sealift_schema::facts::Side;
use sealift_schema::name::{ObjectId, QualifiedName};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::control::Steering;

/// What one table's copy looks like from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableProgress {
    /// What is being done with it.
    pub stage: TableStage,
    /// Rows on the target.
    pub rows: u64,
    /// Rows expected, by the source's statistics until the table is done.
    pub rows_expected: u64,
    /// Bytes sent to the target.
    pub bytes: u64,
    /// Rows that arrive in a second, of late; absent while nothing moves, or it is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_per_second: Option<u64>,
}

/// What is being done with a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableStage {
    /// Not begun.
    #[default]
    Waiting,
    /// Rows are being copied.
    Copying,
    /// All rows are there.
    Copied,
    /// Secondary indexes are being built.
    Indexing,
    /// Rows and indexes are there.
    Done,
    /// Rows are being compared.
    Verifying,
    /// Compared and equal.
    Equal,
    /// Compared and different.
    Different,
}

/// The whole at one instant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// What the conductor is doing, e.g. `copying`.
    pub stage: String,
    /// What precisely, e.g. the object being created; empty for nothing in particular.
    pub doing: String,
    /// Tables by name; written as a list, since JSON's keys are texts only.
    #[serde(with = "as_list")]
    pub tables: BTreeMap<QualifiedName, TableProgress>,
    /// Seconds until all rows are there, as things go; absent while none are copied, or it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_seconds: Option<u64>,
    /// How far the side that is kept current is behind the live one; absent in an offline run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub following: Option<Following>,
    /// What the continuous comparison is at; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparing: Option<Comparing>,
    /// What the operator wants of the run; absent where nothing can be steered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steering: Option<Steering>,
}

/// What following the live side's changes looks like from outside. Until a cutover, and after a rollback, that is the
/// source; between them it is the target, and what is said of a source here is said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Following {
    /// The side whose changes are followed. What an earlier sealift wrote does not name it.
    #[serde(default = "source")]
    pub live: Side,
    /// What it is at.
    pub state: FollowState,
    /// Up to where the source's changes are on the target; empty until it is known.
    pub position: String,
    /// Up to where the source's binary log went when it was last asked; empty until it is known.
    pub source_position: String,
    /// How far behind its source the target is.
    pub lag: Lag,
    /// Transactions applied by this process.
    pub transactions: u64,
    /// Row changes applied by this process.
    pub changes: u64,
    /// Transactions applied in a second, of late.
    pub transactions_per_second: Option<u64>,
    /// Row changes applied in a second, of late.
    pub changes_per_second: Option<u64>,
    /// Seconds until it has caught up, as things go.
    pub eta_seconds: Option<u64>,
    /// Whether everything is there and the lag is small: ready to cut over, or to roll back.
    pub ready: bool,
    /// Tables that are held: a statement about them could not be carried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Held>,
    /// What else is held and holds no rows: views, routines, schemas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_objects: Vec<HeldObject>,
    /// The source's `Threads_running`.
    pub threads_running: Option<u64>,
    /// How long the source keeps what is still needed of its binary log.
    pub retention: Option<Retention>,
}

/// The side that is live before anything is turned.
fn source() -> Side {
    Side::Source
}

/// What the comparison that goes on while changes are followed looks like from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparing {
    /// Passes over all rows that this process brought to their end.
    pub passes: u64,
    /// When the last of them ended.
    pub passed_at: Option<Timestamp>,
    /// Tables of this pass.
    pub tables: u64,
    /// Tables of it that are compared.
    pub tables_done: u64,
    /// Rows compared in this pass, by the source's count.
    pub rows: u64,
    /// Rows of this pass of which it is not known whether they differ.
    pub unsettled: u64,
    /// Tables in which rows differ.
    pub differing: Vec<DifferingTable>,
}

/// A table in which rows differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferingTable {
    /// Which, by its name on the source.
    #[serde(flatten)]
    pub table: QualifiedName,
    /// Rows that are known to differ.
    pub rows: u64,
    /// Whether there are more.
    pub more: bool,
    /// Keys of some of them, with the columns that differ.
    pub keys: Vec<String>,
}

impl fmt::Display for DifferingTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, rows, more, keys } = self;
        let least = if *more { "at least " } else { "" };
        write!(f, "{}: {least}{rows} rows differ", table.plain())?;
        if keys.is_empty() { Ok(()) } else { write!(f, " ({})", keys.join("; ")) }
    }
}

/// A table whose changes are left out until it is copied again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Which, by its name on the source.
    #[serde(flatten)]
    pub table: QualifiedName,
    /// The statement that could not be carried, its place, and why.
    pub reason: String,
}

/// An object without rows that the target may have otherwise than the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldObject {
    /// Which, by its name on the source.
    pub object: ObjectId,
    /// The statement that could not be carried, its place, and why.
    pub reason: String,
}

impl Held {
    /// A table and why it is held.
    #[must_use]
    pub fn new(table: &QualifiedName, reason: &str) -> Self {
        Self { table: table.clone(), reason: reason.to_owned() }
    }
}

/// What following is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FollowState {
    /// Rows are still being copied, changes are applied beside.
    Copying,
    /// Everything is copied; the target is behind.
    CatchingUp,
    /// The target is as good as level with its source.
    Following,
    /// The operator paused it.
    Paused,
}

impl FollowState {
    /// The state in words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Copying => "copying",
            Self::CatchingUp => "catching up",
            Self::Following => "following",
            Self::Paused => "paused",
        }
    }
}

/// How far behind its source a target is; what is absent is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lag {
    /// In time.
    pub ms: Option<u64>,
    /// In bytes of the binary log.
    pub bytes: Option<u64>,
    /// In transactions, by their GTIDs.
    pub transactions: Option<u64>,
}

/// How long the source keeps what is still needed of its binary log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// The oldest file of the source's log.
    pub oldest_file: String,
    /// The file we still need.
    pub needed_file: String,
    /// Seconds until that file may be purged, if nothing more is applied; absent when
    /// nothing expires, or the lag is not known.
    pub left_seconds: Option<u64>,
    /// Whether that is too little to look away, or it is purged already.
    pub warning: bool,
}

/// Writes the tables as a list of flat objects, each with its schema and name.
mod as_list {
    use std::collections::BTreeMap;

    use sealift_schema::name::QualifiedName;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::TableProgress;

    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(flatten)]
        table: &'a QualifiedName,
        #[serde(flatten)]
        progress: &'a TableProgress,
    }

    #[derive(Deserialize)]
    struct OwnedLine {
        #[serde(flatten)]
        table: QualifiedName,
        #[serde(flatten)]
        progress: TableProgress,
    }

    pub(super) fn serialize<S: Serializer>(
        tables: &BTreeMap<QualifiedName, TableProgress>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(tables.iter().map(|(table, progress)| Line { table, progress }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<QualifiedName, TableProgress>, D::Error> {
        let lines = Vec::<OwnedLine>::deserialize(deserializer)?;
        Ok(lines.into_iter().map(|line| (line.table, line.progress)).collect())
    }
}

impl Snapshot {
    /// Rows on the target, and rows expected, over all tables.
    #[must_use]
    pub fn rows(&self) -> (u64, u64) {
        self.tables.values().fold((0, 0), |(rows, expected), table| {
            (rows + table.rows, expected + table.rows_expected.max(table.rows))
        })
    }

    /// Takes back what only a run at work can say: what it is doing, and that it is ready. It has ended, or follows no
    /// longer.
    pub fn ended(&mut self) {
        self.stage.clear();
        self.doing.clear();
        self.not_ready();
    }

    /// Takes back that it is ready: nothing is followed now.
    pub fn not_ready(&mut self) {
        if let Some(following) = &mut self.following {
            following.ready = false;
        }
    }

    /// Bytes sent, over all tables.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.tables.values().map(|table| table.bytes).sum()
    }
}

/// Where stages report and displays look. Clones share one board.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    board: Arc<Mutex<Snapshot>>,
    /// A stage that lasts was entered, and whoever records the board has not seen it yet.
    rests: Arc<Notify>,
}

impl Progress {
    /// Changes the board.
    pub fn update(&self, change: impl FnOnce(&mut Snapshot)) {
        change(&mut self.board.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Names the stage and clears what was being done.
    pub fn enter(&self, stage: &str) {
        self.update(|board| {
            stage.clone_into(&mut board.stage);
            board.doing.clear();
        });
    }

    /// The same of a stage that lasts until somebody asks for something: whoever waits for it should see it at once.
    pub fn rest(&self, stage: &str) {
        self.enter(stage);
        self.rests.notify_one();
    }

    /// Returns when a stage that lasts was entered since it last did. One waits for it at a time.
    pub async fn rested(&self) {
        self.rests.notified().await;
    }

    /// Names what is being done.
    pub fn doing(&self, what: impl Into<String>) {
        self.update(|board| board.doing = what.into());
    }

    /// Changes one table's line.
    pub fn table(&self, name: &QualifiedName, change: impl FnOnce(&mut TableProgress)) {
        self.update(|board| change(board.tables.entry(name.clone()).or_default()));
    }

    /// The board as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stage_that_lasts_wakes_who_waits_for_one_also_when_it_came_before() {
        let progress = Progress::default();
        progress.enter("copying");
        tokio::select! {
            biased;
            () = progress.rested() => panic!("copying does not last"),
            () = std::future::ready(()) => {}
        }
        progress.rest("following");
        progress.rested().await;
        progress.rest("following back");
        progress.rested().await;
        assert_eq!(progress.snapshot().stage, "following back");
    }

    #[test]
    fn a_snapshot_survives_json_with_its_tables_as_a_list() {
        let progress = Progress::default();
        progress.enter("copying");
        progress.table(&QualifiedName::new("shop", "a.b"), |table| {
            table.stage = TableStage::Copying;
            table.rows = 7;
        });
        progress.update(|board| board.steering = Some(Steering::default()));
        let json = serde_json::to_string(&progress.snapshot()).unwrap();
        assert!(json.contains(r#"{"schema":"shop","name":"a.b","stage":"copying","rows":7,"#));
        assert_eq!(serde_json::from_str::<Snapshot>(&json).unwrap(), progress.snapshot());
    }

    #[test]
    fn what_an_earlier_sealift_followed_was_the_source() {
        let json = r#"{"state":"following","position":"","source_position":"","lag":{},"transactions":0,
            "changes":0,"ready":true}"#;
        let following: Following = serde_json::from_str(json).unwrap();
        assert_eq!((following.live, following.ready), (Side::Source, true));
    }

    #[test]
    fn a_snapshot_of_an_earlier_sealift_is_readable() {
        let json = r#"{"stage":"copying","doing":"","tables":[]}"#;
        let snapshot: Snapshot = serde_json::from_str(json).unwrap();
        assert_eq!(snapshot, Snapshot { stage: "copying".into(), ..Snapshot::default() });
    }
}
