//! Distributed transactions: ended at once, or left prepared for a session that comes later.

use rand::Rng;
use rand::rngs::StdRng;

use super::statements;
use crate::server::Kind;

/// Of how many transactions of a writer one is distributed.
const RARITY: u32 = 12;
/// Of how many of its rounds one leaves a transaction prepared.
const LEFT_RARITY: u32 = 8;

/// The distributed transactions of one writer.
#[derive(Clone, Debug)]
pub(super) struct Distributed {
    writer: u64,
    kind: Kind,
}

impl Distributed {
    /// A MySQL 5.6 has none: its log does not know what is prepared, and a killed server forgets what was logged.
    pub(super) fn of(writer: u64, kind: Kind) -> Option<Self> {
        (kind != Kind::MySql5_6).then_some(Self { writer, kind })
    }

    /// Ends what a disturbance has left prepared, and for good or ill what this writer has left.
    pub(super) fn end_all(&self, random: &mut StdRng) -> String {
        let (own, left) = (self.own(), self.left());
        let end = if random.random_ratio(1, 3) { "ROLLBACK" } else { "COMMIT" };
        format!("XA ROLLBACK {own};\nXA {end} {left};\n")
    }

    /// Finds out whether all have ended: names can be taken again.
    pub(super) fn probe(&self) -> String {
        let probe = |xid| format!("XA START {xid}; XA END {xid}; XA ROLLBACK {xid};\n");
        [self.own(), self.left()].map(probe).concat()
    }

    /// What its name answers while such a transaction has not ended.
    pub(super) const NAME_TAKEN: &str = "ERROR 1440 ";

    /// Now and then, a whole transaction; `ends` is how.
    pub(super) fn transaction(&self, random: &mut StdRng, ends: &str) -> Option<String> {
        let xid = random.random_ratio(1, RARITY).then(|| self.own())?;
        let statements = self.statements(random);
        // The last one ends what could not be committed.
        Some(format!(
            "XA START {xid};\n{statements}XA END {xid}; XA PREPARE {xid}; XA {ends} {xid}; XA ROLLBACK {xid};\n"
        ))
    }

    /// Now and then, at the end of a round, one that stays prepared. Whatever came after it in the same round could
    /// wait for its locks.
    pub(super) fn left_prepared(&self, random: &mut StdRng) -> Option<String> {
        let xid = random.random_ratio(1, LEFT_RARITY).then(|| self.left())?;
        let statements = self.statements(random);
        Some(format!("XA START {xid};\n{statements}XA END {xid}; XA PREPARE {xid};\n"))
    }

    fn statements(&self, random: &mut StdRng) -> String {
        let mut script = String::new();
        for _statement in 0..random.random_range(1..4) {
            script.push_str(&statements::statement(random, self.kind));
            script.push('\n');
        }
        script
    }

    fn own(&self) -> String {
        format!("'writer {}'", self.writer)
    }

    fn left(&self) -> String {
        format!("'left by {}'", self.writer)
    }
}

/// What a distributed transaction ends with that a deadlock has rolled back, and what its end says when it has ended.
pub(super) const ENDED: [&str; 7] = [
    "ERROR 1397 ",
    "ERROR 1399 ",
    "ERROR 1400 ",
    "ERROR 1402 ",
    "ERROR 1440 ",
    "ERROR 1613 ",
    "ERROR 1614 ",
];
