//! What a measuring client has seen: its attempts, folded into for how long it was refused.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use sealift_schema::facts::Side;
use serde::{Deserialize, Serialize};

/// What is kept of what a server said.
const SAID_CHARS: usize = 300;

/// What a client saw of a turn, for its record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRecord {
    /// Where it found its server.
    pub address: String,
    /// Its writes that were acknowledged.
    pub accepted: u64,
    /// Its writes, and attempts to connect, that were not.
    pub refused: u64,
    /// How often it was refused after it had been accepted.
    pub outages: u32,
    /// The longest of these times.
    pub outage: Option<Outage>,
    /// The side that accepted the last write; `None` when that was refused.
    pub accepted_by: Option<Side>,
    /// Whether the side that was left accepted a write while writes were kept out: the client measured nothing.
    pub passed_fence: bool,
}

/// A time in which no write was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// When the first attempt began that was refused.
    pub from: Timestamp,
    /// When the next write was acknowledged; `None` if none was.
    pub to: Option<Timestamp>,
    /// Milliseconds between both, or up to when the client was ended.
    pub ms: u64,
    /// Attempts that were refused.
    pub attempts: u64,
    /// What was said the first time.
    pub first: String,
    /// What was said the last time.
    pub last: String,
}

/// One attempt to write.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) begun: Timestamp,
    pub(super) ended: Timestamp,
    /// Who accepted it, or why it was refused.
    pub(super) outcome: Result<Side, String>,
}

/// All attempts so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    accepted: u64,
    refused: u64,
    outages: u32,
    /// The one that lasts.
    open: Option<Outage>,
    /// The longest of those that have ended.
    longest: Option<Outage>,
    /// Who accepted the last attempt, and when that began.
    last: Option<(Side, Timestamp)>,
    passed_fence: bool,
}

impl Seen {
    /// Takes note of the next attempt.
    pub(super) fn observe(&mut self, Attempt { begun, ended, outcome }: Attempt) {
        match outcome {
            Ok(side) => {
                self.accepted += 1;
                self.last = Some((side, begun));
                if let Some(outage) = self.open.take() {
                    let ended = Outage { to: Some(ended), ms: ms(outage.from, ended), ..outage };
                    self.longest = longer(self.longest.take(), ended);
                }
            }
            Err(said) => {
                self.refused += 1;
                self.last = None;
                let said: String = said.chars().take(SAID_CHARS).collect();
                match &mut self.open {
                    Some(outage) => {
                        outage.attempts += 1;
                        outage.ms = ms(outage.from, ended);
                        outage.last = said;
                    }
                    None => {
                        self.outages += 1;
                        let first = said.clone();
                        let ms = ms(begun, ended);
                        self.open = Some(Outage {
                            from: begun,
                            to: None,
                            ms,
                            attempts: 1,
                            first,
                            last: said,
                        });
                    }
                }
            }
        }
    }

    /// Takes note that the fence let it through, after which it writes no more.
    pub(super) fn passed(&mut self) {
        self.passed_fence = true;
    }

    /// Whether there is nothing more to come.
    pub(super) fn has_ended(&self) -> bool {
        self.passed_fence
    }

    /// For how long it has been refused by now.
    pub(super) fn refused_for(&self) -> Duration {
        self.open.as_ref().map_or(Duration::ZERO, |outage| Duration::from_millis(outage.ms))
    }

    /// Whether the last attempt was accepted by a side, and had begun at a moment or after it.
    pub(super) fn is_accepted(&self, by: Side, since: Timestamp) -> bool {
        self.last.is_some_and(|(side, begun)| side == by && begun >= since)
    }

    /// What is told of it when it is ended at `now`.
    pub(super) fn record(self, address: String, now: Timestamp) -> ClientRecord {
        let Self { accepted, refused, outages, open, longest, last, passed_fence } = self;
        let outage = match open {
            Some(open) => longer(longest, Outage { ms: ms(open.from, now), ..open }),
            None => longest,
        };
        let accepted_by = last.map(|(side, _begun)| side);
        ClientRecord { address, accepted, refused, outages, outage, accepted_by, passed_fence }
    }
}

/// One that lasts is told whatever was before.
fn longer(known: Option<Outage>, other: Outage) -> Option<Outage> {
    match known {
        Some(known) if other.to.is_some() && known.ms > other.ms => Some(known),
        Some(_) | None => Some(other),
    }
}

fn ms(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_millisecond().saturating_sub(from.as_millisecond())).unwrap_or(0)
}

impl ClientRecord {
    /// What servers or the network said to it in the longest outage: the first and the last refusal, if they differ.
    #[must_use]
    pub fn words(&self) -> Vec<&str> {
        let Some(Outage { first, last, .. }) = &self.outage else { return Vec::new() };
        let mut words = vec![first.as_str(), last.as_str()];
        words.dedup();
        words
    }

    /// For how long it was refused, in milliseconds, once it was accepted again.
    #[must_use]
    pub fn refused_ms(&self) -> Option<u64> {
        self.outage.as_ref().filter(|outage| outage.to.is_some()).map(|outage| outage.ms)
    }
}

impl fmt::Display for ClientRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, accepted, outages, outage, accepted_by, passed_fence, .. } = self;
        if *passed_fence {
            return write!(
                f,
                "a client at {address} was not kept out by the fence: its account may write past it, or the table \
                 it writes to is not migrated; it stopped writing"
            );
        }
        let Some(outage) = outage else {
            return write!(f, "none of {accepted} writes of a client at {address} was refused");
        };
        let Outage { from, to, ms, attempts, .. } = outage;
        let from = from.strftime("%H:%M:%S%.3f");
        write!(f, "a client at {address} was refused for {ms} ms, from {from} ")?;
        match to {
            None => write!(f, "on: not accepted again yet")?,
            Some(to) => {
                write!(f, "to {} UTC", to.strftime("%H:%M:%S%.3f"))?;
                if let Some(side) = accepted_by {
                    write!(f, ", then accepted by the {side}")?;
                }
            }
        }
        let noun = if *attempts == 1 { "attempt" } else { "attempts" };
        write!(f, "; {attempts} {noun}")?;
        if *outages > 1 {
            write!(f, " ({outages} such times, this was the longest)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A moment of the morning, in milliseconds after ten.
    fn at(ms: i64) -> Timestamp {
        let ten: Timestamp = "2026-11-30T10:00:00Z".parse().unwrap();
        Timestamp::from_millisecond(ten.as_millisecond() + ms).unwrap()
    }

    /// What becomes of attempts that take 5 ms each: when they began, and which side accepted them (`source`,
    /// `target`), or why they were refused.
    fn seen(attempts: &[(i64, &str)]) -> Seen {
        let mut seen = Seen::default();
        for (begun, outcome) in attempts {
            let outcome = match *outcome {
                "source" => Ok(Side::Source),
                "target" => Ok(Side::Target),
                why => Err(why.to_owned()),
            };
            seen.observe(Attempt { begun: at(*begun), ended: at(begun + 5), outcome });
        }
        seen
    }

    fn said(attempts: &[(i64, &str)]) -> String {
        seen(attempts).record("proxy:3306".to_owned(), at(900)).to_string()
    }

    #[test]
    fn an_outage_is_from_the_first_refused_attempt_to_the_next_acknowledged_write() {
        let attempts =
            [(0, "source"), (20, "read-only"), (40, "read-only"), (60, "gone"), (80, "target")];
        assert_eq!(
            said(&attempts),
            "a client at proxy:3306 was refused for 65 ms, from 10:00:00.020 to 10:00:00.085 UTC, then accepted by \
             the target; 3 attempts"
        );
        let record = seen(&attempts).record(String::new(), at(900));
        assert_eq!((record.accepted, record.refused, record.outages), (2, 3, 1));
        assert_eq!(record.accepted_by, Some(Side::Target));
        assert_eq!(record.words(), ["read-only", "gone"]);
        assert_eq!(record.refused_ms(), Some(65));
    }

    #[test]
    fn what_was_never_refused_or_still_is_is_told_as_that() {
        for (attempts, told) in [
            (
                &[(0, "source"), (20, "source")][..],
                "none of 2 writes of a client at proxy:3306 was refused",
            ),
            (
                &[(0, "source"), (20, "gone"), (40, "gone")],
                "a client at proxy:3306 was refused for 880 ms, from 10:00:00.020 on: not accepted again yet; 2 \
                 attempts",
            ),
            (
                &[(0, "source"), (20, "gone"), (40, "source")],
                "a client at proxy:3306 was refused for 25 ms, from 10:00:00.020 to 10:00:00.045 UTC, then accepted \
                 by the source; 1 attempt",
            ),
        ] {
            assert_eq!(said(attempts), told);
        }
    }

    #[test]
    fn the_longest_of_several_outages_is_told_but_one_that_lasts_goes_before() {
        let twice =
            [(0, "source"), (20, "x"), (40, "source"), (60, "y"), (80, "y"), (100, "target")];
        let told = said(&twice);
        assert!(told.contains("for 45 ms"), "{told}");
        assert!(told.ends_with("(2 such times, this was the longest)"), "{told}");
        let short = seen(&[(0, "source"), (20, "x"), (400, "source"), (880, "y")]);
        let record = short.record(String::new(), at(900));
        assert_eq!(record.outage.map(|outage| (outage.to, outage.ms)), Some((None, 20)));
    }

    #[test]
    fn it_is_accepted_again_by_a_write_that_began_later_and_not_by_one_on_its_way() {
        let seen = seen(&[(0, "source"), (20, "x"), (40, "target")]);
        assert!(seen.is_accepted(Side::Target, at(40)));
        assert!(!seen.is_accepted(Side::Target, at(41)));
        assert!(!seen.is_accepted(Side::Source, at(0)));
    }

    #[test]
    fn a_client_that_the_fence_lets_through_measures_nothing() {
        let mut seen = seen(&[(0, "source"), (20, "source")]);
        assert!(!seen.has_ended());
        seen.passed();
        assert!(seen.has_ended());
        let told = seen.record("proxy:3306".to_owned(), at(900)).to_string();
        assert!(told.contains("was not kept out by the fence"), "{told}");
    }
}
