//! Rows that differed at first sight, looked at again until each is equal, really different or still moving.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sealift_mysql::binlog::LogPosition;
use sealift_mysql::session::TextRow;
use sealift_schema::facts::Side;
use sealift_schema::key_range::{KeyPlace, RowKey};

use crate::fault::{ErrorCode, Fault, OnServer};
use crate::stop::Stop;
use crate::target::pause::pause_between_looks;

use super::DifferenceKind;
use super::applied::{Applied, Reached};
use super::looks::{Known, Log, Look, Suspicion, WATCHED_FROM};
use super::side::{Invisible, Reader, Sides};
use super::walk::Walk;

/// Rows looked at together. With more keys in one condition the optimizer may run out of the memory it has for
/// ranges, and read the whole table.
pub(super) const LOOKED_AT_ONCE: usize = 500;

/// So many rows are watched at most, and each so often in one look.
const WATCHED_MAX: usize = 50;
const READINGS_MAX: usize = 2_000;

/// What a comparison of moving sides needs besides the servers.
#[derive(Clone, Debug)]
pub struct Moving {
    /// The side whose changes are carried to the other one.
    pub live: Side,
    /// Knows how far they are applied.
    pub applied: Arc<dyn Applied>,
}

/// How rows are told apart: by their key, or, where there is none, by their digest.
#[derive(Clone, Copy, Debug)]
pub(super) enum Identity<'a> {
    Key(&'a RowKey),
    /// What is compared is how often a row is there.
    Digest,
}

/// A row that differed, and what people call it.
#[derive(Clone, Debug)]
pub(super) struct Suspect {
    /// The key's values, or the digest.
    pub(super) place: KeyPlace,
    pub(super) words: String,
}

/// A row that differs.
#[derive(Clone, Debug)]
pub(super) struct Proven {
    pub(super) suspect: Suspect,
    pub(super) kind: DifferenceKind,
    /// How many such rows there are: more than one only where they are told apart by digest.
    pub(super) count: u64,
}

/// What became of suspects.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub(super) different: Vec<Proven>,
    /// Each with the reason why it is not known.
    pub(super) unsettled: Vec<(Suspect, &'static str)>,
}

/// Why a row is not settled that was looked at again and again.
const RESTLESS: &str = "it changes all the time";

/// The digest or count of each row, by its place.
type Values = BTreeMap<KeyPlace, u64>;

/// Looks at rows until every one is settled.
pub(super) async fn settle(
    sides: &mut Sides,
    walk: &Walk,
    identity: Identity<'_>,
    suspects: Vec<Suspect>,
    (moving, stop): (&Moving, &Stop),
) -> Result<Settled, Fault> {
    let mut settled = Settled::default();
    for suspects in suspects.chunks(LOOKED_AT_ONCE) {
        let looking = Looking { walk, identity, moving, stop };
        looking.settle(sides, suspects.to_vec(), &mut settled).await?;
    }
    Ok(settled)
}

struct Looking<'a> {
    walk: &'a Walk,
    identity: Identity<'a>,
    moving: &'a Moving,
    stop: &'a Stop,
}

/// What one look at all rows saw.
struct Seen {
    before: Values,
    between: BTreeMap<KeyPlace, BTreeSet<Option<u64>>>,
    target: Values,
    after: Values,
    log: Log,
}

impl Looking<'_> {
    async fn settle(
        &self,
        sides: &mut Sides,
        suspects: Vec<Suspect>,
        settled: &mut Settled,
    ) -> Result<(), Fault> {
        let mut open: Vec<(Suspect, Suspicion)> =
            suspects.into_iter().map(|suspect| (suspect, Suspicion::default())).collect();
        let mut looks = 0;
        while !open.is_empty() {
            self.stop.check()?;
            let places: Vec<&KeyPlace> = open.iter().map(|(suspect, _)| &suspect.place).collect();
            let is_watched = matches!(self.identity, Identity::Key(_))
                && looks >= WATCHED_FROM
                && places.len() <= WATCHED_MAX;
            let seen = match self.look(sides, &places, is_watched).await? {
                Ok(seen) => seen,
                Err(why) => {
                    settled.unsettled.extend(open.into_iter().map(|(suspect, _)| (suspect, why)));
                    return Ok(());
                }
            };
            for (suspect, mut suspicion) in std::mem::take(&mut open) {
                let look = seen.of(&suspect.place);
                match suspicion.look(&look, seen.log) {
                    Known::Equal => {}
                    Known::Different(kind) => {
                        let kind = self.kind(kind, &look);
                        settled.different.push(self.proven(suspect, kind, &look));
                    }
                    Known::Open => open.push((suspect, suspicion)),
                    Known::Moving => settled.unsettled.push((suspect, RESTLESS)),
                }
            }
            looks += 1;
            if !open.is_empty() {
                pause_between_looks(looks).await;
            }
        }
        Ok(())
    }

    /// Looks once, in the order the argument in [`super::looks`] needs; `Err` says why no look can be had. What is
    /// called the source there is the live side.
    async fn look(
        &self,
        sides: &mut Sides,
        places: &[&KeyPlace],
        is_watched: bool,
    ) -> Result<Result<Seen, &'static str>, Fault> {
        let Moving { live, applied } = self.moving;
        let (live, other) = sides.both(*live);
        let before = self.read(live, places).await?;
        let horizon = live.log_end().await?;
        let is_over = AtomicBool::new(!is_watched);
        let reaching = async {
            let seen = self.reached(other, places, &horizon).await;
            is_over.store(true, Ordering::Relaxed);
            seen
        };
        let watching = self.watch(live, places, &is_over);
        let (target, between) = tokio::join!(reaching, watching);
        let (target, between) = (target?, between?);
        let target = match target {
            Ok(target) => target,
            Err(why) => return Ok(Err(why)),
        };
        applied.is_live().await?;
        let newest = applied.newest().await?;
        let after = self.read_seeing(live, places, &newest).await?;
        let Ok(after) = after else { return Ok(Err(INVISIBLE)) };
        let log = if live.log_end().await? == horizon { Log::Still } else { Log::Moved };
        Ok(Ok(Seen { before, between, target, after, log }))
    }

    /// The rows on the other side, when everything within a position is there; `Err` says why it will not be.
    async fn reached(
        &self,
        other: &mut Reader,
        places: &[&KeyPlace],
        horizon: &LogPosition,
    ) -> Result<Result<Values, &'static str>, Fault> {
        let reached = tokio::select! {
            reached = self.moving.applied.reach(horizon) => reached?,
            () = self.stop.wait() => return Err(self.stop.check().err().unwrap_or_else(stopped)),
        };
        match reached {
            Reached::Yes => Ok(Ok(self.read(other, places).await?)),
            Reached::No(why) => Ok(Err(why)),
        }
    }

    /// Reads rows over and over until something is over: every value they had.
    async fn watch(
        &self,
        live: &mut Reader,
        places: &[&KeyPlace],
        is_over: &AtomicBool,
    ) -> Result<BTreeMap<KeyPlace, BTreeSet<Option<u64>>>, Fault> {
        let mut seen: BTreeMap<KeyPlace, BTreeSet<Option<u64>>> = BTreeMap::new();
        for _ in 0..READINGS_MAX {
            if is_over.load(Ordering::Relaxed) {
                break;
            }
            let values = self.read(live, places).await?;
            for place in places {
                let value = values.get(*place).copied();
                seen.entry((*place).clone()).or_default().insert(value);
            }
        }
        Ok(seen)
    }

    /// Reads rows.
    async fn read(&self, reader: &mut Reader, places: &[&KeyPlace]) -> Result<Values, Fault> {
        let side = reader.side();
        let rows = reader.rows(&self.sql(side, places), DOING).await;
        self.values(side, rows.map_err(|fault| self.about(fault))?)
    }

    /// Reads rows of the live side when everything within a position is visible.
    async fn read_seeing(
        &self,
        live: &mut Reader,
        places: &[&KeyPlace],
        position: &LogPosition,
    ) -> Result<Result<Values, Invisible>, Fault> {
        let side = live.side();
        let rows = live.rows_seeing(position, &self.sql(side, places), DOING, self.stop).await;
        match rows.map_err(|fault| self.about(fault))? {
            Ok(rows) => Ok(Ok(self.values(side, rows)?)),
            Err(invisible) => Ok(Err(invisible)),
        }
    }

    fn about(&self, fault: Fault) -> Fault {
        fault.about(format!("table {}", self.walk.name()))
    }

    fn values(&self, side: Side, rows: Vec<TextRow>) -> Result<Values, Fault> {
        let mut values = Values::new();
        for row in rows {
            let value = row.parse::<u64>(0).on(side, DOING)?;
            let place = match self.identity {
                Identity::Key(key) => {
                    let parts: Vec<Option<&[u8]>> = (1..=key.width()).map(|i| row.get(i)).collect();
                    key.place(&parts)
                }
                Identity::Digest => row.text(1).ok().map(|digest| vec![digest.to_owned()]),
            };
            values.insert(place.ok_or_else(|| super::unexpected(side, DOING))?, value);
        }
        Ok(values)
    }

    fn sql(&self, side: Side, places: &[&KeyPlace]) -> String {
        let (table, digest) = (self.walk.table(side), self.walk.digest(side));
        match self.identity {
            Identity::Key(key) => {
                let condition = self.walk.at_any(key, places);
                format!("SELECT {digest},{} FROM {table} WHERE {condition}", key.select_list())
            }
            Identity::Digest => {
                let digests: Vec<&str> =
                    places.iter().filter_map(|place| place.first()).map(String::as_str).collect();
                format!(
                    "SELECT COUNT(*),CAST({digest} AS UNSIGNED) AS digest FROM {table} WHERE {digest} \
                     IN ({}) GROUP BY digest",
                    digests.join(",")
                )
            }
        }
    }

    /// How source and target differ, by what was seen of the live side and the other one.
    fn kind(&self, kind: DifferenceKind, look: &Look) -> DifferenceKind {
        let kind = match self.identity {
            Identity::Key(_) => kind,
            // Told apart by digest, a row is on both sides, but more often on one of them.
            Identity::Digest if look.after.unwrap_or(0) > look.target.unwrap_or(0) => {
                DifferenceKind::Missing
            }
            Identity::Digest => DifferenceKind::Extra,
        };
        match (self.moving.live, kind) {
            (Side::Target, DifferenceKind::Missing) => DifferenceKind::Extra,
            (Side::Target, DifferenceKind::Extra) => DifferenceKind::Missing,
            (Side::Source, _) | (Side::Target, DifferenceKind::Different) => kind,
        }
    }

    fn proven(&self, suspect: Suspect, kind: DifferenceKind, look: &Look) -> Proven {
        let count = match self.identity {
            Identity::Key(_) => 1,
            Identity::Digest => look.after.unwrap_or(0).abs_diff(look.target.unwrap_or(0)),
        };
        Proven { suspect, kind, count }
    }
}

const DOING: &str = "look at rows again";

/// Why there is no look: the live side does not show what its log holds.
const INVISIBLE: &str = "the live side does not show what it has committed";

impl Seen {
    fn of(&self, place: &KeyPlace) -> Look {
        let of = |values: &Values| values.get(place).copied();
        Look {
            before: of(&self.before),
            between: self.between.get(place).into_iter().flatten().copied().collect(),
            target: of(&self.target),
            after: of(&self.after),
        }
    }
}

fn stopped() -> Fault {
    Fault::new(ErrorCode::Interrupted, "stopped as asked")
}
