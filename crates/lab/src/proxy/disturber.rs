//! Draws what to do to the connections of a proxy, from a seed, and does it.

use std::fmt;
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

use super::{Direction, FaultProxy};

/// Something that happens to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// All connections are cut.
    Cut,
    /// One is cut within what it carries.
    CutAfter(Direction, u64),
    /// The answer to a statement gets lost.
    LoseAnswer,
    /// The answer to a COMMIT gets lost; on connections without TLS.
    LoseAnswerToCommit,
    /// A COMMIT gets lost; on connections without TLS.
    LoseCommit,
    /// Nothing passes until the next disturbance.
    BlackHole,
    /// Nothing passes any more on what is open now, for good.
    Strand,
    /// New connections are refused until the next disturbance.
    Refuse,
    /// Every piece of data takes so long until the next disturbance.
    Slow(Duration),
}

impl fmt::Display for Disturbance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut => f.write_str("all connections cut"),
            Self::CutAfter(direction, bytes) => write!(f, "cut after {bytes} bytes {direction:?}"),
            Self::LoseAnswer => f.write_str("the next answer gets lost"),
            Self::LoseAnswerToCommit => f.write_str("the next COMMIT's answer gets lost"),
            Self::LoseCommit => f.write_str("the next COMMIT gets lost"),
            Self::BlackHole => f.write_str("a black hole"),
            Self::Strand => f.write_str("open connections stranded"),
            Self::Refuse => f.write_str("new connections refused"),
            Self::Slow(delay) => write!(f, "slow by {delay:?}"),
        }
    }
}

impl Disturbance {
    /// Draws one.
    pub fn draw(random: &mut StdRng) -> Self {
        match random.random_range(0..14) {
            0 | 1 => Self::Cut,
            2..4 => Self::CutAfter(Direction::ToServer, random.random_range(0..200_000)),
            4..6 => Self::CutAfter(Direction::ToClient, random.random_range(0..200_000)),
            6 => Self::LoseAnswer,
            7 | 8 => Self::LoseAnswerToCommit,
            9 => Self::LoseCommit,
            10 => Self::BlackHole,
            11 => Self::Strand,
            12 => Self::Refuse,
            _ => Self::Slow(Duration::from_millis(random.random_range(1..60))),
        }
    }
}

/// Disturbs the connections of a proxy, one way after the other.
#[derive(Debug)]
pub struct Disturber {
    proxy: FaultProxy,
}

impl Disturber {
    /// Takes a proxy over.
    pub fn of(proxy: FaultProxy) -> Self {
        Self { proxy }
    }

    /// The proxy's port.
    pub fn port(&self) -> u16 {
        self.proxy.port()
    }

    /// Ends what the disturbance before has left, and begins this one.
    pub fn disturb(&self, what: Disturbance) {
        self.calm();
        let proxy = &self.proxy;
        match what {
            Disturbance::Cut => proxy.cut_all(),
            Disturbance::CutAfter(direction, bytes) => proxy.cut_after(direction, bytes),
            Disturbance::LoseAnswer => proxy.lose_next_answer(),
            Disturbance::LoseAnswerToCommit => proxy.lose_answer_to_next_commit(),
            Disturbance::LoseCommit => proxy.cut_before_next_commit(),
            Disturbance::BlackHole => proxy.freeze(),
            Disturbance::Strand => proxy.strand_all(),
            Disturbance::Refuse => proxy.refuse(),
            Disturbance::Slow(delay) => proxy.delay(delay),
        }
    }

    /// Lets everything pass again, but on stranded connections.
    pub fn calm(&self) {
        self.proxy.disarm();
        self.proxy.accept_again();
        self.proxy.thaw();
        self.proxy.delay(Duration::ZERO);
    }

    /// Lets the servers learn that their stranded clients are gone.
    pub fn cut_all(&self) {
        self.proxy.cut_all();
    }
}
