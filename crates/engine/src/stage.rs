//! Where a migration stands: a fold over its journal.

mod held;
mod turns;

use std::collections::{BTreeMap, BTreeSet};

use sealift_mysql::binlog::{LogPosition, RowImages};
use sealift_schema::name::{ObjectId, QualifiedName};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::held::{Choice, HeldEvent, HeldObject, HeldObjects};
pub use self::turns::{Kept, KeptEvent, OpenTurn, Reached, Switch, TurnEvent, Turns, opposite};

/// Something that happened, or is about to: one line of the journal.
///
/// Events named for an intent (`…Begun`) are written before the deed, the others after it is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A run begins; the first event of every journal. Repeated by each later run.
    RunBegun {
        /// Hash of the plan's scripts that this run carries out.
        plan: String,
        /// `server_uuid` (MariaDB: `server_uid` or host and port) of the source.
        source: String,
        /// The same of the target.
        target: String,
    },
    /// The operator asked to begin anew: what was copied before counts for nothing.
    Restarted,
    /// The operator asked for all tables to be copied again, from a new position: the log that led from the old one
    /// cannot be read. Tables are made anew; nothing that was copied before counts.
    AllAgain {
        /// The source's tables that were followed until then.
        tables: Vec<QualifiedName>,
    },
    /// The target's schemas and tables are there and ready to be loaded.
    Prepared,
    /// All readers see one moment of the source.
    SnapshotTaken {
        /// Position of that moment; `None` when the source keeps no binary log.
        position: Option<LogPosition>,
    },
    /// The source's changes are carried from this position on, while its rows are copied and after. An
    /// online migration has this in place of a snapshot.
    FollowingFrom {
        /// Everything within it is visible to every read of the copy.
        position: LogPosition,
        /// How much of a row the log has: what it lacks decides how tables are copied and changed.
        #[serde(default)]
        images: RowImages,
    },
    /// A table was found changed since the last snapshot: it is emptied and copied again.
    TableReset {
        /// Which.
        table: QualifiedName,
    },
    /// All rows of a table are on the target.
    TableCopied {
        /// Which.
        table: QualifiedName,
        /// Rows it has.
        rows: u64,
    },
    /// An object's script is about to be executed.
    ObjectBegun {
        /// Which script.
        step: Step,
    },
    /// An object's script was executed, or found done.
    ObjectDone {
        /// Which script.
        step: Step,
    },
    /// All rows of all tables are on the target, and definitions did not move meanwhile.
    Copied,
    /// Everything that may stand on tables which still change is on the target: from now on only changes
    /// are carried, until the cutover.
    Following,
    /// A step of a cutover or of a rollback.
    Turn(TurnEvent),
    /// Something that holds no rows could not be carried, or the operator says what becomes of it.
    Held(HeldEvent),
    /// Everything the plan holds is on the target; or, online, the operator has ended the migration.
    Finished,
}

/// One script of the plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Step {
    /// Which part of an object it makes.
    pub part: Part,
    /// The object it belongs to (for indexes and foreign keys: their table).
    pub object: ObjectId,
}

/// The parts of a plan, in the order they are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// `CREATE SCHEMA`.
    Schemas,
    /// `CREATE TABLE`, without secondary keys and foreign keys.
    Tables,
    /// Secondary keys of a table.
    Indexes,
    /// Foreign keys of a table.
    ForeignKeys,
    /// Functions and procedures.
    Routines,
    /// Views.
    Views,
    /// Triggers.
    Triggers,
    /// Events.
    Events,
}

impl Part {
    /// Every part, in the order they are carried out.
    pub const ALL: [Self; 8] = [
        Self::Schemas,
        Self::Tables,
        Self::Indexes,
        Self::ForeignKeys,
        Self::Routines,
        Self::Views,
        Self::Triggers,
        Self::Events,
    ];

    /// The folder its scripts lie in.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Schemas => "10-schemas",
            Self::Tables => "20-tables",
            Self::Indexes => "30-indexes",
            Self::ForeignKeys => "40-foreign-keys",
            Self::Routines => "50-routines",
            Self::Views => "60-views",
            Self::Triggers => "70-triggers",
            Self::Events => "80-events",
        }
    }
}

/// Where a migration stands. Never compared by order: ask the named questions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// No run was begun. Set by nobody; the first `RunBegun` leaves it.
    #[default]
    Fresh,
    /// A run makes or checks the target's schemas and tables.
    Preparing(Memory),
    /// Rows are being copied, indexes built per table as soon as it is there.
    Copying(Memory),
    /// All rows are there; indexes, foreign keys and other objects are being made.
    Completing(Memory),
    /// Only changes are carried. Triggers and events come with the cutover.
    Following(Memory),
    /// Everything the plan holds is on the target.
    Finished(Memory),
}

/// What every stage after the first remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Hash of the plan this migration carries out.
    pub plan: String,
    /// Identity of the source.
    pub source: String,
    /// Identity of the target.
    pub target: String,
    /// How many runs have worked on it.
    pub runs: u32,
    /// Position of the newest snapshot; the outer `None` when none was taken yet.
    pub snapshot: Option<Option<LogPosition>>,
    /// Where an online migration began to follow the source.
    pub following_from: Option<LogPosition>,
    /// How much of a row the log had when it began to.
    pub images: RowImages,
    /// Tables whose rows are all there, with their row counts.
    pub copied: BTreeMap<QualifiedName, u64>,
    /// Scripts that were begun and not seen done: the target is asked about them.
    pub begun: BTreeSet<Step>,
    /// Scripts that are done.
    pub done: BTreeSet<Step>,
    /// Which side is live.
    pub turns: Turns,
    /// What could not be carried, but for tables.
    pub held: HeldObjects,
    /// The source's tables that were followed until all were to be copied again; `None` once they are made anew.
    pub all_again: Option<BTreeSet<QualifiedName>>,
}

/// A journal that no migration could have written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("event {event} cannot follow in stage {stage}")]
pub struct IllegalEvent {
    stage: &'static str,
    event: String,
}

impl Stage {
    /// Replays a journal.
    ///
    /// # Errors
    /// The first event that cannot follow its predecessors.
    pub fn replay<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self, IllegalEvent> {
        events.into_iter().try_fold(Self::Fresh, Self::next)
    }

    /// The stage after an event.
    ///
    /// # Errors
    /// When the event cannot happen in this stage.
    pub fn next(self, event: &Event) -> Result<Self, IllegalEvent> {
        match (self, event) {
            (
                Self::Preparing(memory)
                | Self::Copying(memory)
                | Self::Completing(memory)
                | Self::Following(memory)
                | Self::Finished(memory),
                Event::Restarted,
            ) => Ok(Self::Preparing(memory.forgotten())),
            (
                Self::Preparing(memory)
                | Self::Copying(memory)
                | Self::Completing(memory)
                | Self::Following(memory),
                Event::AllAgain { tables },
            ) if memory.may_begin_again() => Ok(Self::Preparing(memory.all_again(tables))),
            (Self::Copying(memory), Event::Held(held)) => memory.hold(held, Self::Copying),
            (Self::Completing(memory), Event::Held(held)) => memory.hold(held, Self::Completing),
            (Self::Following(memory), Event::Held(held)) => memory.hold(held, Self::Following),
            (Self::Fresh, Event::RunBegun { plan, source, target }) => {
                Ok(Self::Preparing(Memory {
                    plan: plan.clone(),
                    source: source.clone(),
                    target: target.clone(),
                    runs: 1,
                    snapshot: None,
                    following_from: None,
                    images: RowImages::default(),
                    copied: BTreeMap::new(),
                    begun: BTreeSet::new(),
                    done: BTreeSet::new(),
                    turns: Turns::default(),
                    held: HeldObjects::default(),
                    all_again: None,
                }))
            }
            (Self::Preparing(memory), event) => Self::in_preparing(memory, event),
            (Self::Copying(memory), event) => Self::in_copying(memory, event),
            (Self::Completing(memory), event) => Self::in_completing(memory, event),
            (Self::Following(memory), event) => Self::in_following(memory, event),
            (Self::Finished(memory), event) => memory.at_the_end(event, Self::Finished),
            (Self::Fresh, event) => Err(Self::Fresh.refuse(event)),
        }
    }

    fn in_preparing(mut memory: Memory, event: &Event) -> Result<Self, IllegalEvent> {
        match event {
            Event::RunBegun { plan, .. } => memory.begin_again(plan),
            Event::ObjectBegun { step } => memory.begin(step),
            Event::ObjectDone { step } => memory.finish(step),
            Event::Prepared => {
                memory.all_again = None;
                return Ok(Self::Copying(memory));
            }
            Event::Restarted
            | Event::AllAgain { .. }
            | Event::SnapshotTaken { .. }
            | Event::FollowingFrom { .. }
            | Event::TableReset { .. }
            | Event::TableCopied { .. }
            | Event::Copied
            | Event::Following
            | Event::Turn(_)
            | Event::Held(_)
            | Event::Finished => return Err(Self::Preparing(memory).refuse(event)),
        }
        Ok(Self::Preparing(memory))
    }

    fn in_copying(mut memory: Memory, event: &Event) -> Result<Self, IllegalEvent> {
        match event {
            Event::RunBegun { plan, .. } => memory.begin_again(plan),
            Event::ObjectBegun { step } => memory.begin(step),
            Event::ObjectDone { step } => memory.finish(step),
            Event::SnapshotTaken { position } => memory.snapshot = Some(position.clone()),
            Event::FollowingFrom { position, images } => {
                memory.following_from = Some(position.clone());
                memory.images = *images;
            }
            Event::TableReset { table } => {
                memory.copied.remove(table);
            }
            Event::TableCopied { table, rows } if memory.may_copy() => {
                memory.copied.insert(table.clone(), *rows);
            }
            Event::Copied if memory.may_copy() => return Ok(Self::Completing(memory)),
            Event::Restarted
            | Event::AllAgain { .. }
            | Event::Prepared
            | Event::TableCopied { .. }
            | Event::Copied
            | Event::Following
            | Event::Turn(_)
            | Event::Held(_)
            | Event::Finished => {
                return Err(Self::Copying(memory).refuse(event));
            }
        }
        Ok(Self::Copying(memory))
    }

    fn in_completing(mut memory: Memory, event: &Event) -> Result<Self, IllegalEvent> {
        match event {
            Event::RunBegun { plan, .. } => memory.begin_again(plan),
            Event::ObjectBegun { step } => memory.begin(step),
            Event::ObjectDone { step } => memory.finish(step),
            Event::TableReset { table } => {
                memory.copied.remove(table);
            }
            Event::TableCopied { table, rows } => {
                memory.copied.insert(table.clone(), *rows);
            }
            Event::Following => return Ok(Self::Following(memory)),
            Event::Finished => return Ok(Self::Finished(memory)),
            Event::Restarted
            | Event::AllAgain { .. }
            | Event::Prepared
            | Event::SnapshotTaken { .. }
            | Event::FollowingFrom { .. }
            | Event::Turn(_)
            | Event::Held(_)
            | Event::Copied => return Err(Self::Completing(memory).refuse(event)),
        }
        Ok(Self::Completing(memory))
    }

    fn in_following(mut memory: Memory, event: &Event) -> Result<Self, IllegalEvent> {
        match event {
            Event::Turn(deed) => match memory.turns.clone().next(deed) {
                Some(turns) => memory.turns = turns,
                None => return Err(Self::Following(memory).refuse(event)),
            },
            Event::Finished if memory.turns.open.is_none() => return Ok(Self::Finished(memory)),
            Event::RunBegun { .. }
            | Event::Restarted
            | Event::AllAgain { .. }
            | Event::Prepared
            | Event::SnapshotTaken { .. }
            | Event::FollowingFrom { .. }
            | Event::TableReset { .. }
            | Event::TableCopied { .. }
            | Event::ObjectBegun { .. }
            | Event::ObjectDone { .. }
            | Event::Copied
            | Event::Following
            | Event::Held(_)
            | Event::Finished => return memory.at_the_end(event, Self::Following),
        }
        Ok(Self::Following(memory))
    }

    fn refuse(&self, event: &Event) -> IllegalEvent {
        IllegalEvent { stage: self.word(), event: format!("{event:?}") }
    }

    /// The word for it in messages.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Preparing(_) => "preparing",
            Self::Copying(_) => "copying",
            Self::Completing(_) => "completing",
            Self::Following(_) => "following",
            Self::Finished(_) => "finished",
        }
    }

    /// What is remembered, once a run was begun.
    #[must_use]
    pub fn memory(&self) -> Option<&Memory> {
        match self {
            Self::Fresh => None,
            Self::Preparing(memory)
            | Self::Copying(memory)
            | Self::Completing(memory)
            | Self::Following(memory)
            | Self::Finished(memory) => Some(memory),
        }
    }

    /// Whether rows still have to be copied.
    #[must_use]
    pub fn needs_copy(&self) -> bool {
        matches!(self, Self::Fresh | Self::Preparing(_) | Self::Copying(_))
    }

    /// Whether everything is on the target.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self, Self::Finished(_))
    }
}

impl Memory {
    fn begin_again(&mut self, plan: &str) {
        plan.clone_into(&mut self.plan);
        self.runs += 1;
    }

    /// Whether it is known which moments of the source are copied.
    fn may_copy(&self) -> bool {
        self.snapshot.is_some() || self.following_from.is_some()
    }

    /// The same with one more or one less that is held.
    fn hold(mut self, event: &HeldEvent, stage: fn(Self) -> Stage) -> Result<Stage, IllegalEvent> {
        match self.held.clone().next(event) {
            Some(held) => self.held = held,
            None => return Err(stage(self).refuse(&Event::Held(event.clone()))),
        }
        Ok(stage(self))
    }

    /// An event when all objects were there already: somebody may have dropped one, and a later run makes
    /// it again.
    fn at_the_end(
        mut self,
        event: &Event,
        stage: fn(Self) -> Stage,
    ) -> Result<Stage, IllegalEvent> {
        match event {
            Event::RunBegun { plan, .. } => self.begin_again(plan),
            Event::ObjectBegun { step } => self.begin(step),
            Event::ObjectDone { step } => self.finish(step),
            Event::TableReset { table } if self.following_from.is_some() => {
                self.copied.remove(table);
            }
            Event::TableCopied { table, rows } if self.following_from.is_some() => {
                self.copied.insert(table.clone(), *rows);
            }
            Event::Restarted
            | Event::AllAgain { .. }
            | Event::Prepared
            | Event::SnapshotTaken { .. }
            | Event::FollowingFrom { .. }
            | Event::TableReset { .. }
            | Event::TableCopied { .. }
            | Event::Copied
            | Event::Following
            | Event::Turn(_)
            | Event::Held(_)
            | Event::Finished => return Err(stage(self).refuse(event)),
        }
        Ok(stage(self))
    }

    /// The same migration with nothing done yet.
    fn forgotten(self) -> Self {
        let Self { plan, source, target, runs, .. } = self;
        let (snapshot, following_from, copied) = (None, None, BTreeMap::new());
        let images = RowImages::default();
        let (begun, done) = (BTreeSet::new(), BTreeSet::new());
        let (turns, held, all_again) = (Turns::default(), HeldObjects::default(), None);
        Self {
            plan,
            source,
            target,
            runs,
            snapshot,
            following_from,
            images,
            copied,
            begun,
            done,
            turns,
            held,
            all_again,
        }
    }

    /// Whether changes are followed, or are to be followed anew.
    #[must_use]
    pub fn is_online(&self) -> bool {
        self.following_from.is_some() || self.all_again.is_some()
    }

    /// Whether all tables may be copied again: the source was never left.
    fn may_begin_again(&self) -> bool {
        self.is_online() && self.turns.open.is_none() && self.turns.switch.is_none()
    }

    /// The same migration with all its tables still to be copied.
    fn all_again(self, tables: &[QualifiedName]) -> Self {
        let before = self.all_again.clone().unwrap_or_default();
        let all_again = Some(tables.iter().cloned().chain(before).collect());
        let turns = self.turns.clone();
        Self { all_again, turns, ..self.forgotten() }
    }

    fn begin(&mut self, step: &Step) {
        self.begun.insert(step.clone());
    }

    fn finish(&mut self, step: &Step) {
        self.begun.remove(step);
        self.done.insert(step.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Event {
        Event::RunBegun { plan: "p".into(), source: "s".into(), target: "t".into() }
    }

    #[test]
    fn a_journal_folds_to_where_the_migration_stands() {
        let table = QualifiedName::new("shop", "orders");
        let events = [
            begun(),
            Event::Prepared,
            Event::SnapshotTaken { position: None },
            Event::TableCopied { table: table.clone(), rows: 7 },
            begun(),
            Event::Copied,
            Event::Finished,
        ];
        let stage = Stage::replay(&events).unwrap();
        assert!(stage.is_finished());
        let memory = stage.memory().unwrap();
        assert_eq!(memory.copied.get(&table), Some(&7));
        assert_eq!(memory.runs, 2);
    }

    #[test]
    fn an_object_can_be_made_again_after_the_end() {
        let step = Step { part: Part::Schemas, object: ObjectId::schema("shop") };
        let events = [
            begun(),
            Event::Prepared,
            Event::SnapshotTaken { position: None },
            Event::Copied,
            Event::Finished,
            begun(),
            Event::ObjectBegun { step: step.clone() },
            Event::ObjectDone { step: step.clone() },
        ];
        let stage = Stage::replay(&events).unwrap();
        assert!(stage.is_finished());
        assert!(stage.memory().unwrap().done.contains(&step));
    }

    #[test]
    fn no_table_is_copied_before_a_snapshot() {
        let events = [
            begun(),
            Event::Prepared,
            Event::TableCopied { table: QualifiedName::new("a", "b"), rows: 1 },
        ];
        assert!(Stage::replay(&events).is_err());
    }

    fn position() -> LogPosition {
        let (server, file) = ("s".into(), "b.1".into());
        LogPosition { server, file, offset: 4, gtids: None, since: None }
    }

    #[test]
    fn an_online_migration_copies_without_a_snapshot_and_ends_in_following() {
        let position = position();
        let events = [
            begun(),
            Event::Prepared,
            Event::FollowingFrom { position: position.clone(), images: RowImages::InPart },
            Event::TableCopied { table: QualifiedName::new("a", "b"), rows: 1 },
            Event::Copied,
            Event::Following,
            begun(),
        ];
        let stage = Stage::replay(&events).unwrap();
        assert!(
            matches!(&stage, Stage::Following(memory) if memory.following_from == Some(position))
        );
        assert_eq!(stage.memory().unwrap().images, RowImages::InPart);
        assert!(!stage.needs_copy() && !stage.is_finished());
        assert!(stage.next(&Event::Prepared).is_err());
    }

    #[test]
    fn a_restart_forgets_what_was_copied_and_keeps_which_servers() {
        let events = [
            begun(),
            Event::Prepared,
            Event::SnapshotTaken { position: None },
            Event::TableCopied { table: QualifiedName::new("a", "b"), rows: 1 },
            begun(),
            Event::Restarted,
        ];
        let stage = Stage::replay(&events).unwrap();
        let memory = stage.memory().unwrap();
        assert!(matches!(stage, Stage::Preparing(_)));
        assert!(memory.copied.is_empty() && memory.snapshot.is_none());
        assert_eq!(memory.source, "s");
    }

    #[test]
    fn all_tables_can_be_copied_again_until_the_source_is_left() {
        let position = position();
        let table = QualifiedName::new("a", "b");
        let again = Event::AllAgain { tables: vec![table.clone()] };
        let before = [
            begun(),
            Event::Prepared,
            Event::FollowingFrom { position, images: RowImages::Whole },
            Event::TableCopied { table: table.clone(), rows: 1 },
            Event::Copied,
            Event::Following,
        ];
        let stage = Stage::replay(&before).unwrap().next(&again).unwrap();
        let asked_twice = stage.next(&Event::AllAgain { tables: Vec::new() }).unwrap();
        let memory = asked_twice.memory().unwrap();
        assert!(matches!(asked_twice, Stage::Preparing(_)), "{asked_twice:?}");
        assert_eq!(memory.all_again, Some(BTreeSet::from([table])));
        assert!(memory.copied.is_empty() && memory.following_from.is_none());
        let made = asked_twice.next(&Event::Prepared).unwrap();
        assert_eq!(made.memory().unwrap().all_again, None);
        assert!(Stage::replay(&before[..2]).unwrap().next(&again).is_err(), "nothing is followed");
        let begun = Event::Turn(TurnEvent::Begun {
            turn: 1,
            to: sealift_schema::facts::Side::Target,
            rehearsal: false,
            by: "a test".into(),
        });
        let turning = Stage::replay(&before).unwrap().next(&begun).unwrap();
        assert!(turning.next(&again).is_err(), "a turn is open");
    }

    #[test]
    fn an_unfinished_script_is_remembered_as_begun() {
        let step = Step { part: Part::Schemas, object: ObjectId::schema("shop") };
        let events = [begun(), Event::ObjectBegun { step: step.clone() }];
        let stage = Stage::replay(&events).unwrap();
        assert!(stage.memory().unwrap().begun.contains(&step));
    }
}
