//! From a chunk that differs to the keys of the rows that do.

use std::collections::BTreeMap;

use sealift_schema::facts::Side;
use sealift_schema::key_range::{KeyPlace, RowKey};
use sealift_schema::name::quote;

use crate::fault::{Fault, OnServer};

use super::digest;
use super::side::Sides;
use super::walk::{Chunk, Counted, Walk};
use super::{DifferenceKind, RowDifference};

/// A range with at most this many rows on each side is fetched row by row: key and digest, some 100 KB.
const ROWS_FETCHED_MAX: u64 = 2_000;
/// Differing rows whose columns are looked at one by one.
const ROWS_EXPLAINED_MAX: usize = 20;

/// What narrowing found.
pub(super) struct Found {
    pub(super) differences: Vec<RowDifference>,
    pub(super) more: bool,
}

/// The place of the `rows`-th row of a range, by one side; `None` when there are not that many.
pub(super) async fn boundary(
    sides: &mut Sides,
    walk: &Walk,
    key: &RowKey,
    side: Side,
    Chunk { after, up_to }: &Chunk,
    rows: u64,
) -> Result<Option<KeyPlace>, Fault> {
    let hint = walk.index(side).map(|i| format!(" FORCE INDEX ({})", quote(i))).unwrap_or_default();
    let sql = format!(
        "SELECT {} FROM {}{hint} WHERE {} ORDER BY {} LIMIT 1 OFFSET {}",
        key.select_list(),
        walk.table(side),
        key.between(after.as_deref(), up_to.as_deref()),
        key.order_by(),
        rows.saturating_sub(1),
    );
    let found = sides.reader(side).rows(&sql, "find a chunk's end").await?;
    let Some(row) = found.first() else { return Ok(None) };
    let values: Vec<Option<&[u8]>> = (0..key.width()).map(|i| row.get(i)).collect();
    match key.place(&values) {
        Some(place) => Ok(Some(place)),
        None => Err(super::unexpected(side, "read a chunk's end")),
    }
}

/// A row that differs, or did when it was read, and where it is.
pub(super) struct Located {
    pub(super) place: KeyPlace,
    pub(super) difference: RowDifference,
}

/// A differing chunk on its way down to its rows: ranges that differ and were not looked into yet.
pub(super) struct Descent {
    open: Vec<(Chunk, Counted)>,
}

impl Descent {
    pub(super) fn of(chunk: Chunk, counted: Counted) -> Self {
        Self { open: vec![(chunk, counted)] }
    }

    /// Whether there is nothing left to look into.
    pub(super) fn is_over(&self) -> bool {
        self.open.is_empty()
    }

    /// Goes down to the next range small enough to be fetched, in key order, and tells its differing rows;
    /// `None` at the end.
    pub(super) async fn next(
        &mut self,
        sides: &mut Sides,
        walk: &Walk,
        key: &RowKey,
    ) -> Result<Option<Vec<Located>>, Fault> {
        while let Some((chunk, counted)) = self.open.pop() {
            if counted.rows_source.max(counted.rows_target) <= ROWS_FETCHED_MAX {
                return fetch(sides, walk, key, &chunk).await.map(Some);
            }
            // Later half first onto the stack: differences come in key order.
            for half in halves(sides, walk, key, chunk, counted).await?.into_iter().rev() {
                let (source, target) = walk.ask_both(sides, &half).await?;
                if source != target {
                    let counted = Counted { rows_source: source.0, rows_target: target.0 };
                    self.open.push((half, counted));
                }
            }
        }
        Ok(None)
    }
}

/// Narrows a differing chunk down to rows, at most `room` of them.
pub(super) async fn find(
    sides: &mut Sides,
    walk: &Walk,
    chunk: Chunk,
    counted: Counted,
    room: usize,
) -> Result<Found, Fault> {
    let Some(key) = &walk.key else { return Ok(Found { differences: Vec::new(), more: true }) };
    let mut located = Vec::new();
    let mut descent = Descent::of(chunk, counted);
    while located.len() < room {
        let Some(rows) = descent.next(sides, walk, key).await? else { break };
        located.extend(rows);
    }
    let more = !descent.is_over() || located.len() > room;
    located.truncate(room);
    explain(sides, walk, key, &mut located).await?;
    Ok(Found { differences: located.into_iter().map(|row| row.difference).collect(), more })
}

/// Cuts a chunk in the middle of the side that has more rows. It stays whole where rows went meanwhile.
async fn halves(
    sides: &mut Sides,
    walk: &Walk,
    key: &RowKey,
    chunk: Chunk,
    counted: Counted,
) -> Result<Vec<Chunk>, Fault> {
    let fuller =
        if counted.rows_source >= counted.rows_target { Side::Source } else { Side::Target };
    let half = counted.rows_source.max(counted.rows_target) / 2;
    let middle = boundary(sides, walk, key, fuller, &chunk, half).await?;
    let Some(middle) = middle else { return Ok(vec![chunk]) };
    let Chunk { after, up_to } = chunk;
    Ok(vec![Chunk { after, up_to: Some(middle.clone()) }, Chunk { after: Some(middle), up_to }])
}

/// One row as a side sees it.
struct Row {
    digest: u64,
    words: String,
}

/// Fetches keys and digests of a small range from both sides and compares them.
async fn fetch(
    sides: &mut Sides,
    walk: &Walk,
    key: &RowKey,
    chunk: &Chunk,
) -> Result<Vec<Located>, Fault> {
    let mut located = Vec::new();
    let source = rows_of(sides, walk, key, chunk, Side::Source).await?;
    let mut target = rows_of(sides, walk, key, chunk, Side::Target).await?;
    for (place, row) in source {
        let kind = match target.remove(&place) {
            Some(other) if other.digest == row.digest => continue,
            Some(_) => DifferenceKind::Different,
            None => DifferenceKind::Missing,
        };
        located.push(Located { place, difference: difference(kind, row.words) });
    }
    for (place, row) in target {
        let difference = difference(DifferenceKind::Extra, row.words);
        located.push(Located { place, difference });
    }
    Ok(located)
}

fn difference(kind: DifferenceKind, key: String) -> RowDifference {
    RowDifference { kind, key, columns: Vec::new(), count: 1 }
}

/// The rows of a range by their exact place: two spellings a collation holds equal are two places here.
async fn rows_of(
    sides: &mut Sides,
    walk: &Walk,
    key: &RowKey,
    chunk: &Chunk,
    side: Side,
) -> Result<BTreeMap<KeyPlace, Row>, Fault> {
    let sql = format!(
        "SELECT {},{} FROM {} WHERE {}",
        walk.digest(side),
        key.select_list(),
        walk.table(side),
        walk.condition(chunk),
    );
    let doing = "fetch keys of a differing range";
    let mut rows = BTreeMap::new();
    for row in sides.reader(side).rows(&sql, doing).await? {
        let digest = row.parse::<u64>(0).on(side, doing)?;
        let values: Vec<Option<&[u8]>> = (1..=key.width()).map(|i| row.get(i)).collect();
        let place = key.place(&values).ok_or_else(|| super::unexpected(side, doing))?;
        let words: Vec<String> = key
            .column_names()
            .zip(&values)
            .map(|(name, value)| format!("{name}={}", for_people(*value)))
            .collect();
        rows.insert(place, Row { digest, words: words.join(", ") });
    }
    Ok(rows)
}

/// A value as a person can read it: text if it is some, else hexadecimal; long ones are cut.
pub(super) fn for_people(value: Option<&[u8]>) -> String {
    const SHOWN_MAX: usize = 60;
    let Some(bytes) = value else { return "NULL".to_owned() };
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => {
            let mut shown: String = text.chars().take(SHOWN_MAX).collect();
            if shown.len() < text.len() {
                shown.push('…');
            }
            shown
        }
        _ => {
            let shown: String =
                bytes.iter().take(SHOWN_MAX / 2).map(|byte| format!("{byte:02x}")).collect();
            let cut = if bytes.len() > SHOWN_MAX / 2 { "…" } else { "" };
            format!("0x{shown}{cut}")
        }
    }
}

/// Names the columns in which the first differing rows differ.
pub(super) async fn explain(
    sides: &mut Sides,
    walk: &Walk,
    key: &RowKey,
    located: &mut [Located],
) -> Result<(), Fault> {
    let columns = walk.columns();
    let different =
        located.iter_mut().filter(|row| row.difference.kind == DifferenceKind::Different);
    for row in different.take(ROWS_EXPLAINED_MAX) {
        let mut answers = Vec::with_capacity(2);
        for side in [Side::Source, Side::Target] {
            let values: Vec<String> =
                columns.iter().map(|pair| digest::value_on(pair, side)).collect();
            let sql = format!(
                "SELECT {} FROM {} WHERE {}",
                values.join(","),
                walk.table(side),
                key.at(&row.place)
            );
            answers.push(sides.reader(side).rows(&sql, "fetch a differing row").await?);
        }
        let [source, target] = answers.as_slice() else { continue };
        let (Some(source), Some(target)) = (source.first(), target.first()) else { continue };
        row.difference.columns = columns
            .iter()
            .enumerate()
            .filter(|(index, _)| source.get(*index) != target.get(*index))
            .map(|(_, pair)| pair.source.name.clone())
            .collect();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_text_or_as_bytes() {
        assert_eq!(for_people(Some(b"7")), "7");
        assert_eq!(for_people(Some("né".as_bytes())), "né");
        assert_eq!(for_people(Some(&[0, 255])), "0x00ff");
        assert_eq!(for_people(None), "NULL");
    }
}
