//! Named points where a test can kill, fail or hold the process.
//!
//! A probe is armed by the caller (the binary reads `SEALIFT_PROBE`, e.g. `chunk-committed:3=kill`: the
//! third time the point is passed, the process ends as by `kill -9`). Unarmed probes cost one comparison.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Declares the points once.
macro_rules! points {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// Every named point, in the order a migration passes them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Point { $($(#[$doc])* $variant,)* }

        impl Point {
            /// Every point.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name, e.g. `chunk-committed`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

points! {
    /// The run is journaled; nothing was done yet.
    RunBegun = "run-begun";
    /// What the source has otherwise than planned is off the target; the plan is as it was.
    Outdated = "outdated";
    /// Tables that are all copied again are off the target, none is made anew.
    Cleared = "cleared";
    /// A script is journaled as begun, not yet executed.
    ObjectBegun = "object-begun";
    /// A script was executed, not yet journaled as done.
    ObjectExecuted = "object-executed";
    /// The target is ready, not yet journaled.
    Prepared = "prepared";
    /// It is known where changes are followed from, not yet which definitions the source had there.
    PositionKnown = "position-known";
    /// Readers hold the source's lock.
    SnapshotLocked = "snapshot-locked";
    /// The snapshot is taken and the lock released, not yet journaled.
    SnapshotTaken = "snapshot-taken";
    /// A table's lanes are known, not yet in the ledger.
    LanesPlanned = "lanes-planned";
    /// A chunk's transaction is open, its ledger row locked, no row sent.
    ChunkBegun = "chunk-begun";
    /// A chunk's rows are with the target, not committed.
    ChunkLoaded = "chunk-loaded";
    /// A chunk is committed; we have not taken note.
    ChunkCommitted = "chunk-committed";
    /// A table without a key is about to be emptied for another try.
    TableEmptied = "table-emptied";
    /// All lanes of a table are done, not yet journaled.
    TableCopied = "table-copied";
    /// All tables are copied, not yet journaled.
    Copied = "copied";
    /// A statement of the source's log is in the ledger, not yet executed.
    StatementBegun = "statement-begun";
    /// It is executed, the definitions behind it not yet in the ledger.
    StatementExecuted = "statement-executed";
    /// They are, and the position is still before the statement.
    StatementDone = "statement-done";
    /// Everything is done, the ledger still there, not yet journaled.
    Completed = "completed";
    /// Finished is journaled, the ledger not yet dropped.
    Finished = "finished";
    /// It is remembered which accounts are about to be made, none is yet.
    AccountsBegun = "accounts-begun";
    /// One statement about an account was executed.
    AccountChanged = "account-changed";
    /// All accounts are made, not yet remembered as made.
    AccountsDone = "accounts-done";
    /// A chunk of a comparison is compared, and what was found is kept.
    ChunkCompared = "chunk-compared";
    /// A repair holds the applier back and has read the source's rows; nothing of them is on the target.
    RowsReread = "rows-reread";
    /// A repair's rows are on the target.
    RowsMended = "rows-mended";
    /// A turn is journaled; no server was touched for it.
    TurnBegun = "turn-begun";
    /// The fence is ready to be closed; writes go on.
    TurnArmed = "turn-armed";
    /// The live side takes no writes.
    TurnFenced = "turn-fenced";
    /// Everything is on the other side.
    TurnDrained = "turn-drained";
    /// The other side has its triggers and could take over; nothing is journaled of that.
    TurnConfirmed = "turn-confirmed";
    /// The switch is journaled as about to happen.
    TurnDeciding = "turn-deciding";
    /// The side was left, not yet journaled.
    TurnLeft = "turn-left";
    /// The switch is journaled; nothing that comes after it was done.
    TurnSwitched = "turn-switched";
    /// The traffic is moved; what acts by itself is still on the side that was left.
    TurnMoved = "turn-moved";
    /// Everything is done, not yet journaled.
    TurnDone = "turn-done";
    /// A turn's process has died, and its guard is about to end the turn.
    GuardWoken = "guard-woken";
}

impl Point {
    /// Whether only a cutover or a rollback passes it.
    #[must_use]
    pub fn is_of_a_turn(self) -> bool {
        self.name().starts_with("turn-")
    }
}

/// What happens at an armed point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// The process ends at once, as by `kill -9`.
    Kill,
    /// The process interrupts itself (SIGINT), as by Ctrl-C.
    Interrupt,
    /// The process stands still (SIGSTOP) until it is told to go on (SIGCONT).
    Hold,
}

/// The armed points of one process.
#[derive(Clone, Debug, Default)]
pub struct Probe {
    armed: Arc<[Armed]>,
}

#[derive(Debug)]
struct Armed {
    point: Point,
    action: Action,
    passes_left: AtomicU32,
}

impl Probe {
    /// A probe that does nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads `point[:n]=kill|interrupt|hold`, several of them with commas between.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let armed = text.split(',').map(Armed::parse).collect::<Result<_, _>>()?;
        Ok(Self { armed })
    }

    /// Passes a point.
    pub fn pass(&self, point: Point) {
        for armed in self.armed.iter().filter(|armed| armed.point == point) {
            if armed.passes_left.fetch_sub(1, Ordering::SeqCst) == 1 {
                armed.action.happen();
            }
        }
    }
}

impl Armed {
    fn parse(text: &str) -> Result<Self, String> {
        let (place, action) = text.split_once('=').ok_or("a probe is written point[:n]=action")?;
        let (name, count) = place.split_once(':').unwrap_or((place, "1"));
        let point = Point::ALL
            .iter()
            .copied()
            .find(|point| point.name() == name)
            .ok_or_else(|| format!("there is no probe {name:?}"))?;
        let action = match action {
            "kill" => Action::Kill,
            "interrupt" => Action::Interrupt,
            "hold" => Action::Hold,
            other => return Err(format!("a probe cannot {other:?}")),
        };
        let count: u32 = count.parse().map_err(|_bad| format!("{count:?} is not a count"))?;
        Ok(Self { point, action, passes_left: AtomicU32::new(count.max(1)) })
    }
}

impl Action {
    fn happen(self) {
        let signal = match self {
            Self::Kill => "-KILL",
            Self::Interrupt => "-INT",
            Self::Hold => "-STOP",
        };
        let own = std::process::id().to_string();
        // The process cannot signal itself without unsafe code or a dependency; `kill` is everywhere.
        let sent = std::process::Command::new("kill").args([signal, &own]).status();
        if self == Self::Kill {
            // Not reached unless the signal could not be sent.
            drop(sent);
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_names_a_point_a_pass_and_an_action() {
        assert!(Probe::parse("chunk-committed:3=kill").is_ok());
        assert!(Probe::parse("chunk-committed=interrupt").is_ok());
        assert!(Probe::parse("snapshot-locked=hold").is_ok());
        assert!(Probe::parse("turn-left=kill,guard-woken=kill").is_ok());
        assert!(Probe::parse("nowhere=kill").is_err());
        assert!(Probe::parse("copied=dance").is_err());
    }
}
