//! One table's way through the comparison: which chunk is next, what was found.

use sealift_schema::catalog::{KeyPart, Table};
use sealift_schema::facts::Side;
use sealift_schema::key_range::{KeyPlace, RowKey};
use sealift_schema::name::{QualifiedName, quote};
use tokio::sync::Mutex;

use crate::fault::{ErrorCode, Fault};

use super::digest::{self, ColumnPair};
use super::side::Sides;
use super::{
    DIFFERENCES_NAMED_MAX, RowDifference, TablePair, TableVerdict, keyless, narrow, utf8mb3,
};

/// Bytes of rows one chunk aims at: a digest query of about a second, so that stopping is prompt.
const CHUNK_BYTES: u64 = 32 << 20;
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
    pub(super) digests: (String, String),
    cursor: Mutex<Cursor>,
    findings: Mutex<Findings>,
}

/// Where the next chunk begins.
struct Cursor {
    next: Next,
    /// Chunks handed out and not settled.
    running: u32,
}

enum Next {
    /// Nothing was handed out yet.
    First,
    /// The next chunk begins behind this place.
    Behind(KeyPlace),
    /// Everything was handed out.
    Nothing,
}

#[derive(Default)]
struct Findings {
    rows_source: u64,
    rows_target: u64,
    differences: Vec<RowDifference>,
    more: bool,
}

impl Walk {
    /// Decides by what key, and by what expressions, a table is compared.
    pub(super) fn plan(pair: TablePair) -> Result<Self, Fault> {
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
        let cursor = Mutex::new(Cursor { next: Next::First, running: 0 });
        Ok(Self { key, target_index, digests, cursor, findings: Mutex::default(), pair })
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

    /// The row digest's expression on a side.
    pub(super) fn digest(&self, side: Side) -> &str {
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

    fn chunk_rows(&self) -> u64 {
        let table = &self.pair.source;
        let row_bytes = (table.data_bytes / table.rows_estimate.max(1)).max(1);
        (CHUNK_BYTES / row_bytes).clamp(*CHUNK_ROWS.start(), *CHUNK_ROWS.end())
    }

    /// Hands out the next chunk; the source says where it ends.
    pub(super) async fn next_chunk(&self, sides: &mut Sides) -> Result<Option<Chunk>, Fault> {
        let mut cursor = self.cursor.lock().await;
        let after = match &cursor.next {
            Next::Nothing => return Ok(None),
            Next::First => None,
            Next::Behind(place) => Some(place.clone()),
        };
        let up_to = match &self.key {
            None => None,
            Some(key) => {
                narrow::boundary(
                    sides,
                    self,
                    key,
                    Side::Source,
                    after.as_deref(),
                    self.chunk_rows(),
                )
                .await?
            }
        };
        cursor.next = up_to.clone().map_or(Next::Nothing, Next::Behind);
        cursor.running += 1;
        Ok(Some(Chunk { after, up_to }))
    }

    /// Compares one chunk and keeps what differs.
    pub(super) async fn compare(&self, sides: &mut Sides, chunk: &Chunk) -> Result<Counted, Fault> {
        let ((rows_source, sum_source), (rows_target, sum_target)) =
            self.ask_both(sides, chunk).await?;
        {
            let mut findings = self.findings.lock().await;
            findings.rows_source += rows_source;
            findings.rows_target += rows_target;
        }
        let counted = Counted { rows_source, rows_target };
        if (rows_source, sum_source) == (rows_target, sum_target) {
            return Ok(counted);
        }
        let named = self.findings.lock().await.differences.len();
        let room = DIFFERENCES_NAMED_MAX.saturating_sub(named);
        let found = if room == 0 {
            narrow::Found { differences: Vec::new(), more: true }
        } else if self.key.is_some() {
            narrow::find(sides, self, chunk.clone(), counted, room).await?
        } else {
            let name = format!("table {}", self.name());
            keyless::find(sides, self, room).await.map_err(|fault| fault.about(name))?
        };
        let mut findings = self.findings.lock().await;
        // The rows may have been found equal at a second look only if somebody is writing: then the
        // chunk still differed when it was asked, and silence would be a lie.
        findings.more |= found.more || found.differences.is_empty();
        findings.differences.extend(found.differences);
        Ok(counted)
    }

    /// Asks both sides at the same time for rows and digest sum of a chunk.
    pub(super) async fn ask_both(
        &self,
        sides: &mut Sides,
        chunk: &Chunk,
    ) -> Result<((u64, u128), (u64, u128)), Fault> {
        let condition = self.condition(chunk);
        let query = |side| {
            digest::chunk_query(&self.table(side), self.index(side), self.digest(side), &condition)
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

    /// Notes that a chunk is done; says whether the table is equal once it was the last.
    pub(super) async fn settle(&self) -> Option<bool> {
        let mut cursor = self.cursor.lock().await;
        cursor.running = cursor.running.saturating_sub(1);
        if cursor.running > 0 || !matches!(cursor.next, Next::Nothing) {
            return None;
        }
        drop(cursor);
        Some(self.verdict().await.is_equal())
    }

    pub(super) async fn verdict(&self) -> TableVerdict {
        let findings = self.findings.lock().await;
        let mut differences = findings.differences.clone();
        differences.sort_by(|one, other| (&one.key, one.kind).cmp(&(&other.key, other.kind)));
        TableVerdict {
            table: self.pair.source.name.clone(),
            target: self.pair.target.name.clone(),
            rows_source: findings.rows_source,
            rows_target: findings.rows_target,
            differences,
            more: findings.more,
        }
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
