//! One table's way through the comparison: which chunk is next, what was found.

use std::collections::VecDeque;

use sealift_schema::catalog::{KeyPart, Table};
use sealift_schema::facts::Side;
use sealift_schema::key_range::{KeyPlace, RowKey};
use sealift_schema::name::{QualifiedName, quote};
use sealift_schema::utf8mb3;
use tokio::sync::Mutex;

use crate::fault::{ErrorCode, Fault};
use crate::stop::Stop;

use super::cut::Cut;
use super::digest::{self, ColumnPair, Fold, RowDigest};
use super::memory::{self, Findings, Range, TableMemory};
use super::narrow::{self, Found};
use super::settle::Moving;
use super::side::Sides;
use super::{DIFFERENCES_NAMED_MAX, TablePair, TableVerdict, keyless, moving};

/// Bounds of rows in a chunk, whatever statistics say.
const CHUNK_ROWS: std::ops::RangeInclusive<u64> = 1_000..=250_000;

/// A range of a table that both sides are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) after: Option<KeyPlace>,
    pub(super) up_to: Option<KeyPlace>,
}

/// How many rows a chunk had on either side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) rows_source: u64,
    pub(super) rows_target: u64,
}

/// One table being compared by several workers.
pub(super) struct Walk {
    pub(super) pair: TablePair,
    /// The key both sides are walked by; `None` when there is none both sides order alike.
    pub(super) key: Option<RowKey>,
    /// The target's index over the same columns.
    target_index: Option<String>,
    digests: (RowDigest, RowDigest),
    /// Bytes of rows one chunk aims at.
    chunk_bytes: u64,
    /// Tells the definitions it is compared under from others.
    definitions: String,
    cursor: Mutex<Cursor>,
}

/// Where the next chunk begins, and what was found before.
struct Cursor {
    next: Next,
    /// How chunks are cut, once that was asked.
    cut: Option<Cut>,
    /// Chunks that were handed out, in their order, up from the first that is not compared.
    running: VecDeque<Running>,
    /// Chunks handed out so far.
    handed_out: u64,
    /// Everything before the running chunks.
    found: Findings,
    up_to: Option<KeyPlace>,
}

struct Running {
    number: u64,
    up_to: Option<KeyPlace>,
    /// What it came to, once it is compared.
    found: Option<Findings>,
}

enum Next {
    /// Nothing was handed out yet.
    First,
    /// The next chunk begins behind this place.
    Behind(KeyPlace),
    /// Everything was handed out.
    Nothing,
}

/// A chunk that was handed out.
pub(super) struct Errand {
    number: u64,
    pub(super) chunk: Chunk,
}

impl Walk {
    /// Decides by what key, and by what expressions, a table is compared; goes on where an earlier comparison
    /// under the same definitions stopped.
    pub(super) fn plan(
        pair: TablePair,
        memory: Option<TableMemory>,
        chunk_bytes: u64,
    ) -> Result<Self, Fault> {
        let columns = digest::pair(&pair.source, &pair.target).map_err(|column| {
            Fault::new(ErrorCode::Differences, format!("the target lacks column {}", quote(column)))
                .about(format!("table {}", pair.source.name))
        })?;
        let digests = digest::row(&columns);
        let shared = shared_key(&pair.source, &pair.target);
        let (key, target_index) = match shared {
            Some((key, index)) => (Some(key), index),
            None => (None, None),
        };
        let definitions = memory::definitions(&pair);
        let memory = memory.filter(|memory| memory.definitions == definitions).unwrap_or_default();
        let next = match (memory.done, &memory.up_to) {
            (true, _) => Next::Nothing,
            (false, None) => Next::First,
            (false, Some(place)) => Next::Behind(place.clone()),
        };
        let (found, up_to) = (memory.findings, memory.up_to);
        let running = VecDeque::new();
        let cut = None;
        let cursor = Mutex::new(Cursor { next, cut, running, handed_out: 0, found, up_to });
        Ok(Self { key, target_index, digests, chunk_bytes, definitions, cursor, pair })
    }

    pub(super) fn name(&self) -> &QualifiedName {
        &self.pair.source.name
    }

    pub(super) fn bytes_estimate(&self) -> u64 {
        self.pair.source.data_bytes
    }

    /// The columns of both sides, paired.
    pub(super) fn columns(&self) -> Vec<ColumnPair<'_>> {
        digest::pair(&self.pair.source, &self.pair.target).unwrap_or_default()
    }

    /// The table's quoted name on a side.
    pub(super) fn table(&self, side: Side) -> String {
        match side {
            Side::Source => self.pair.source.name.to_string(),
            Side::Target => self.pair.target.name.to_string(),
        }
    }

    /// The row digest's expression on a side: a whole number.
    pub(super) fn digest(&self, side: Side) -> &str {
        self.row_digest(side).number()
    }

    fn row_digest(&self, side: Side) -> &RowDigest {
        match side {
            Side::Source => &self.digests.0,
            Side::Target => &self.digests.1,
        }
    }

    /// The index to walk by on a side.
    pub(super) fn index(&self, side: Side) -> Option<&str> {
        match side {
            Side::Source => self.key.as_ref().map(|key| key.index.as_str()),
            Side::Target => self.target_index.as_deref(),
        }
    }

    /// Bytes so many rows have, by the source's statistics.
    pub(super) fn bytes_of(&self, rows: u64) -> u64 {
        let table = &self.pair.source;
        (table.data_bytes / table.rows_estimate.max(1)).max(1).saturating_mul(rows)
    }

    /// Rows of the table, by the source's statistics.
    pub(super) fn rows_estimate(&self) -> u64 {
        self.pair.source.rows_estimate
    }

    fn chunk_rows(&self) -> u64 {
        (self.chunk_bytes / self.bytes_of(1)).clamp(*CHUNK_ROWS.start(), *CHUNK_ROWS.end())
    }

    /// Rows that were compared before this began.
    pub(super) async fn rows_before(&self) -> u64 {
        self.cursor.lock().await.found.rows_source
    }

    /// Hands out the next chunk; the source says where it ends.
    pub(super) async fn next_chunk(&self, sides: &mut Sides) -> Result<Option<Errand>, Fault> {
        let mut cursor = self.cursor.lock().await;
        let cursor = &mut *cursor;
        let after = match &cursor.next {
            Next::Nothing => return Ok(None),
            Next::First => None,
            Next::Behind(place) => Some(place.clone()),
        };
        let rest = Chunk { after, up_to: None };
        let up_to = match &self.key {
            None => None,
            Some(key) => {
                let rows = self.chunk_rows();
                if cursor.cut.is_none() {
                    cursor.cut = Some(Cut::plan(sides, self, key, rows).await?);
                }
                match cursor.cut.as_ref().and_then(|cut| cut.end(rest.after.as_ref())) {
                    Some(place) => Some(place),
                    None => narrow::boundary(sides, self, key, Side::Source, &rest, rows).await?,
                }
            }
        };
        cursor.next = up_to.clone().map_or(Next::Nothing, Next::Behind);
        let number = cursor.handed_out;
        cursor.handed_out += 1;
        cursor.running.push_back(Running { number, up_to: up_to.clone(), found: None });
        Ok(Some(Errand { number, chunk: Chunk { up_to, ..rest } }))
    }

    /// Compares one chunk and tells what differs, `room` rows at most.
    pub(super) async fn compare(
        &self,
        sides: &mut Sides,
        chunk: &Chunk,
        room: usize,
        (moving, stop): (Option<&Moving>, &Stop),
    ) -> Result<Findings, Fault> {
        let (source, target) = self.ask_both(sides, chunk).await?;
        let counted = Counted { rows_source: source.0, rows_target: target.0 };
        let mut findings =
            Findings { rows_source: source.0, rows_target: target.0, ..Findings::default() };
        if source == target {
            return Ok(findings);
        }
        let name = format!("table {}", self.name());
        let (found, unsettled) = match (moving, &self.key) {
            _ if room == 0 => (Found { differences: Vec::new(), more: true }, Vec::new()),
            (None, Some(_)) => {
                let found = narrow::find(sides, self, chunk.clone(), counted, room).await?;
                (found.or_more(), Vec::new())
            }
            (None, None) => {
                let found = keyless::find(sides, self, room).await;
                (found.map_err(|fault| fault.about(name))?.or_more(), Vec::new())
            }
            (Some(moving), Some(key)) => {
                let chunk = (chunk.clone(), counted);
                moving::find(sides, self, key, chunk, room, (moving, stop)).await?
            }
            (Some(moving), None) => {
                let found = keyless::find_moving(sides, self, room, (moving, stop)).await;
                found.map_err(|fault| fault.about(name))?
            }
        };
        if found.more || !found.differences.is_empty() {
            let Chunk { after, up_to } = chunk.clone();
            findings.places.push(Range { after, up_to });
        }
        (findings.differences, findings.more) = (found.differences, found.more);
        findings.unsettled_count = unsettled.len() as u64;
        findings.unsettled = unsettled;
        Ok(findings)
    }

    /// How many differing rows may still be named.
    pub(super) async fn room(&self) -> usize {
        let cursor = self.cursor.lock().await;
        let found = cursor.running.iter().filter_map(|chunk| chunk.found.as_ref());
        let named: usize = found.map(|found| found.differences.len()).sum();
        DIFFERENCES_NAMED_MAX.saturating_sub(named + cursor.found.differences.len())
    }

    /// How digests of many rows become one number, on both sides alike.
    fn fold(&self, sides: &mut Sides) -> Fold {
        let mut both = [&mut sides.source, &mut sides.target].into_iter();
        let all_fold = both.all(|side| side.session().version().is_mysql_at_least(8, 0, 0));
        if self.key.is_some() && all_fold { Fold::Xor } else { Fold::Sum }
    }

    /// Asks both sides at the same time for rows and digest sum of a chunk.
    pub(super) async fn ask_both(
        &self,
        sides: &mut Sides,
        chunk: &Chunk,
    ) -> Result<((u64, u128), (u64, u128)), Fault> {
        let condition = self.condition(chunk);
        let fold = self.fold(sides);
        let query = |side| {
            let (table, digest) = (self.table(side), self.row_digest(side));
            digest::chunk_query(&table, self.index(side), digest, fold, &condition)
        };
        let (source_sql, target_sql) = (query(Side::Source), query(Side::Target));
        let (source, target) = tokio::join!(
            sides.source.two_numbers(&source_sql, "digest rows"),
            sides.target.two_numbers(&target_sql, "digest rows"),
        );
        let name = format!("table {}", self.name());
        Ok((source.map_err(|f| f.about(&name))?, target.map_err(|f| f.about(&name))?))
    }

    /// The condition of a chunk, the same on both sides.
    pub(super) fn condition(&self, chunk: &Chunk) -> String {
        self.key.as_ref().map_or_else(
            || "TRUE".to_owned(),
            |key| key.between(chunk.after.as_deref(), chunk.up_to.as_deref()),
        )
    }

    /// The condition that names the rows at some places, the same on both sides.
    pub(super) fn at_any(&self, key: &RowKey, places: &[&KeyPlace]) -> String {
        if key.width() == 1 {
            let places: Vec<KeyPlace> = places.iter().map(|place| (*place).clone()).collect();
            return key.one_of(&places);
        }
        // MariaDB reads the whole table for a list of row constructors.
        let each: Vec<String> = places.iter().map(|place| format!("({})", key.at(place))).collect();
        each.join(" OR ")
    }

    /// Notes what a chunk came to. Tells how far the table is, if that has moved.
    pub(super) async fn settle(&self, errand: &Errand, found: Findings) -> Option<TableMemory> {
        let mut cursor = self.cursor.lock().await;
        let cursor = &mut *cursor;
        if let Some(chunk) = cursor.running.iter_mut().find(|chunk| chunk.number == errand.number) {
            chunk.found = Some(found);
        }
        let mut has_moved = false;
        while let Some(chunk) = cursor.running.pop_front_if(|chunk| chunk.found.is_some()) {
            cursor.found.add(chunk.found.unwrap_or_default());
            cursor.up_to = chunk.up_to;
            has_moved = true;
        }
        has_moved.then(|| TableMemory {
            definitions: self.definitions.clone(),
            up_to: cursor.up_to.clone(),
            done: cursor.running.is_empty() && matches!(cursor.next, Next::Nothing),
            findings: cursor.found.clone(),
        })
    }

    pub(super) async fn verdict(&self) -> TableVerdict {
        let found = self.cursor.lock().await.found.clone();
        let Findings {
            rows_source,
            rows_target,
            mut differences,
            more,
            unsettled,
            unsettled_count,
            places,
        } = found;
        differences.sort_by(|one, other| (&one.key, one.kind).cmp(&(&other.key, other.kind)));
        TableVerdict {
            table: self.pair.source.name.clone(),
            target: self.pair.target.name.clone(),
            rows_source,
            rows_target,
            differences,
            more,
            unsettled,
            unsettled_count,
            places,
        }
    }
}

impl Findings {
    /// Adds what the next chunk came to.
    pub(super) fn add(&mut self, next: Self) {
        let Self {
            rows_source,
            rows_target,
            differences,
            more,
            unsettled,
            unsettled_count,
            places,
        } = next;
        self.rows_source += rows_source;
        self.rows_target += rows_target;
        self.differences.extend(differences);
        // Chunks compared side by side did not know of each other's.
        self.more |= more || self.differences.len() > DIFFERENCES_NAMED_MAX;
        self.differences.truncate(DIFFERENCES_NAMED_MAX);
        self.unsettled.extend(unsettled);
        self.unsettled.truncate(DIFFERENCES_NAMED_MAX);
        self.unsettled_count += unsettled_count;
        self.places.extend(places);
    }
}

impl Found {
    /// A chunk of sides that stand still differed: if none of its rows does, somebody is writing, and silence
    /// would be a lie.
    fn or_more(mut self) -> Self {
        self.more |= self.differences.is_empty();
        self
    }
}

/// The source's row key and the target's index over the same columns, if both sides order it alike.
fn shared_key(source: &Table, target: &Table) -> Option<(RowKey, Option<String>)> {
    let key = RowKey::of(source)?;
    for name in key.column_names() {
        let (one, other) = (source.column(name)?, target.column(name)?);
        let [ordered, counterpart] =
            [one, other].map(|column| column.collation.as_deref().map(utf8mb3::spelled));
        if one.kind != other.kind || ordered != counterpart {
            return None;
        }
    }
    let index = target.keys.iter().find(|candidate| {
        candidate.parts.len() == key.width()
            && candidate.parts.iter().zip(key.column_names()).all(|(part, wanted)| {
                matches!(part, KeyPart::Column { name, prefix: None, .. }
                    if name.eq_ignore_ascii_case(wanted))
            })
    });
    Some((key, index.map(|index| index.name.clone())))
}
