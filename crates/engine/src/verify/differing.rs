//! Every row that differs in some ranges of some tables, batch by batch, to whoever mends them.

use futures_util::future::BoxFuture;
use sealift_mysql::endpoint::Endpoint;
use sealift_schema::facts::Side;
use sealift_schema::key_range::{KeyPlace, RowKey};
use sealift_schema::name::QualifiedName;

use crate::control::Control;
use crate::fault::Fault;
use crate::progress::{Progress, TableStage};
use crate::stop::Stop;

use super::memory::{Findings, Range};
use super::narrow::Descent;
use super::settle::{Identity, LOOKED_AT_ONCE, Moving, Proven, Suspect, settle};
use super::side::Sides;
use super::walk::{Chunk, Counted, Walk};
use super::{CHUNK_BYTES, DIFFERENCES_NAMED_MAX, DifferenceKind, TablePair, keyless};

/// Keys that are shown of each table.
const KEYS_SHOWN_MAX: usize = 20;

/// What is looked through, and how.
#[derive(Clone, Debug)]
pub struct DifferJob {
    /// Where the data came from.
    pub source: Endpoint,
    /// Where it went.
    pub target: Endpoint,
    /// Tables, each with the ranges that are looked through.
    pub tables: Vec<(TablePair, Vec<Range>)>,
    /// How to tell what is only on its way; `None`: both sides stand still.
    pub moving: Option<Moving>,
    /// Says when a range may be begun.
    pub control: Control,
    /// Where progress is shown.
    pub progress: Progress,
    /// Asks for a clean stop.
    pub stop: Stop,
}

/// Rows of a table that differ, some of them.
#[derive(Clone, Debug)]
pub struct DifferingRows<'a> {
    /// The table on both sides.
    pub pair: &'a TablePair,
    /// The rows.
    pub rows: &'a [DifferingRow],
    /// How they are named in a statement.
    pub named: Named<'a>,
}

/// One row that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DifferingRow {
    /// How.
    pub kind: DifferenceKind,
    /// Its key for people.
    pub key: String,
    /// Its key's values as literals, or its digest.
    pub place: KeyPlace,
    /// How many such rows there are too few or too many.
    pub count: u64,
}

/// How rows are named in a statement.
#[derive(Clone, Copy, Debug)]
pub enum Named<'a> {
    /// By a condition on their keys, the same on both sides.
    ByKey(&'a dyn ByKey),
    /// By their digests, expressions on source and target.
    ByDigest(&'a str, &'a str),
}

/// Names rows by their keys.
pub trait ByKey: std::fmt::Debug + Sync {
    /// The condition that holds for these rows and no others.
    fn condition(&self, rows: &[DifferingRow]) -> String;
}

/// Whoever mends rows that differ.
pub trait Mend: Sync {
    /// Makes the target's rows what the source's are.
    fn mend<'a>(&'a self, rows: DifferingRows<'a>) -> BoxFuture<'a, Result<(), Fault>>;
}

/// What was found in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDiffering {
    /// The table's name on the source.
    pub table: QualifiedName,
    /// Its name on the target.
    pub target: QualifiedName,
    /// Rows that are missing on the target.
    pub missing: u64,
    /// Rows with other values there.
    pub different: u64,
    /// Rows that are only there.
    pub extra: u64,
    /// Some of their keys, each with how it differs.
    pub keys: Vec<(DifferenceKind, String)>,
    /// Rows of which it is not known.
    pub unsettled: u64,
    /// What a second comparison of the ranges found, if they were mended.
    pub left: Option<Findings>,
}

impl TableDiffering {
    /// Nothing is found yet.
    fn of(pair: &TablePair) -> Self {
        Self {
            table: pair.source.name.clone(),
            target: pair.target.name.clone(),
            missing: 0,
            different: 0,
            extra: 0,
            keys: Vec::new(),
            unsettled: 0,
            left: None,
        }
    }
}

/// Looks through ranges, hands every row that differs to whoever mends it, and compares again what was mended.
///
/// # Errors
/// A server's fault, that of the mending, or [`crate::fault::ErrorCode::Interrupted`].
pub async fn differing(
    job: DifferJob,
    mend: Option<&dyn Mend>,
) -> Result<Vec<TableDiffering>, Fault> {
    let mut sides = Sides::open(&job.source, &job.target).await?;
    let mut all = Vec::new();
    for (pair, ranges) in &job.tables {
        let walk = Walk::plan(pair.clone(), None, CHUNK_BYTES)?;
        job.progress.table(walk.name(), |line| line.stage = TableStage::Verifying);
        let looking = Looking { job: &job, walk: &walk, mend };
        let mut found = TableDiffering::of(pair);
        for range in ranges {
            looking.range(&mut sides, range, &mut found).await?;
        }
        if mend.is_some() {
            found.left = Some(looking.again(&mut sides, ranges).await?);
        }
        let is_equal = found.left.as_ref().map_or_else(
            || found.missing + found.different + found.extra == 0,
            |left| left.differences.is_empty() && !left.more,
        );
        job.progress.table(walk.name(), |line| {
            line.stage = if is_equal { TableStage::Equal } else { TableStage::Different };
        });
        all.push(found);
    }
    Ok(all)
}

struct Looking<'a> {
    job: &'a DifferJob,
    walk: &'a Walk,
    mend: Option<&'a dyn Mend>,
}

impl Looking<'_> {
    async fn range(
        &self,
        sides: &mut Sides,
        Range { after, up_to }: &Range,
        found: &mut TableDiffering,
    ) -> Result<(), Fault> {
        let Self { job: DifferJob { moving, control, stop, .. }, walk, .. } = *self;
        let turn = control.turn().await?;
        let chunk = Chunk { after: after.clone(), up_to: up_to.clone() };
        let (source, target) = walk.ask_both(sides, &chunk).await?;
        turn.copied(source.0, walk.bytes_of(source.0));
        if source == target {
            return Ok(());
        }
        let Some(key) = &walk.key else {
            let moving = (moving.as_ref(), stop);
            let (settled, _more) = keyless::differing(sides, walk, KEYS_SHOWN_MAX, moving).await?;
            found.unsettled += settled.unsettled.len() as u64;
            let digests = (walk.digest(Side::Source), walk.digest(Side::Target));
            return self
                .take(settled.different, Named::ByDigest(digests.0, digests.1), found)
                .await;
        };
        let mut descent =
            Descent::of(chunk, Counted { rows_source: source.0, rows_target: target.0 });
        let mut suspects: Vec<Proven> = Vec::new();
        loop {
            stop.check()?;
            let rows = descent.next(sides, walk, key).await?;
            let is_last = rows.is_none();
            suspects.extend(rows.into_iter().flatten().map(|row| Proven {
                kind: row.difference.kind,
                count: row.difference.count,
                suspect: Suspect { place: row.place, words: row.difference.key },
            }));
            if is_last || suspects.len() >= LOOKED_AT_ONCE {
                let mut rows = std::mem::take(&mut suspects);
                if let Some(moving) = moving {
                    let all = rows.into_iter().map(|row| row.suspect).collect();
                    let identity = Identity::Key(key);
                    let settled = settle(sides, walk, identity, all, (moving, stop)).await?;
                    found.unsettled += settled.unsettled.len() as u64;
                    rows = settled.different;
                }
                let named = Keys { walk, key };
                for rows in rows.chunks(LOOKED_AT_ONCE) {
                    self.take(rows.to_vec(), Named::ByKey(&named), found).await?;
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Counts rows, and has them mended if that is wished.
    async fn take(
        &self,
        proven: Vec<Proven>,
        named: Named<'_>,
        found: &mut TableDiffering,
    ) -> Result<(), Fault> {
        let rows: Vec<DifferingRow> = proven
            .into_iter()
            .map(|Proven { suspect: Suspect { place, words }, kind, count }| DifferingRow {
                kind,
                key: words,
                place,
                count,
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            match row.kind {
                DifferenceKind::Missing => found.missing += row.count,
                DifferenceKind::Different => found.different += row.count,
                DifferenceKind::Extra => found.extra += row.count,
            }
            if found.keys.len() < KEYS_SHOWN_MAX {
                found.keys.push((row.kind, row.key.clone()));
            }
        }
        match self.mend {
            Some(mend) => {
                mend.mend(DifferingRows { pair: &self.walk.pair, rows: &rows, named }).await
            }
            None => Ok(()),
        }
    }

    /// Compares ranges that were mended.
    async fn again(&self, sides: &mut Sides, ranges: &[Range]) -> Result<Findings, Fault> {
        let Self { job: DifferJob { moving, stop, .. }, walk, .. } = *self;
        let mut all = Findings::default();
        for Range { after, up_to } in ranges {
            let chunk = Chunk { after: after.clone(), up_to: up_to.clone() };
            let room = DIFFERENCES_NAMED_MAX.saturating_sub(all.differences.len());
            all.add(walk.compare(sides, &chunk, room, (moving.as_ref(), stop)).await?);
        }
        Ok(all)
    }
}

#[derive(Clone, Copy)]
struct Keys<'a> {
    walk: &'a Walk,
    key: &'a RowKey,
}

impl std::fmt::Debug for Keys<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("key", self.key).finish_non_exhaustive()
    }
}

impl ByKey for Keys<'_> {
    fn condition(&self, rows: &[DifferingRow]) -> String {
        let places: Vec<&KeyPlace> = rows.iter().map(|row| &row.place).collect();
        self.walk.at_any(self.key, &places)
    }
}
