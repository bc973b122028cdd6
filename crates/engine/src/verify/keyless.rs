//! Tables without a key both sides order alike: their rows are compared as a bag of digests.

use std::cmp::Ordering;

use sealift_mysql::session::{BinaryRows, Session};
use sealift_mysql::value::{Layout, Value, Values};
use sealift_schema::facts::Side;
use sealift_schema::name::quote;

use crate::fault::{Fault, OnServer};
use crate::stop::Stop;

use super::narrow::{Found, for_people};
use super::settle::{Identity, Moving, Proven, Settled, Suspect, settle};
use super::side::Sides;
use super::walk::Walk;
use super::{DifferenceKind, RowDifference, Unsettled};

const DOING: &str = "read digests of a table without a key";

/// Merges the sorted digests of both sides and shows the rows that are not on both.
///
/// Only two digests are in memory at a time; the servers sort.
pub(super) async fn find(sides: &mut Sides, walk: &Walk, room: usize) -> Result<Found, Fault> {
    let (unmatched, more) = unmatched(sides, walk, room).await?;
    let mut differences = Vec::with_capacity(unmatched.len());
    for (side, digest, count) in unmatched {
        let kind = match side {
            Side::Source => DifferenceKind::Missing,
            Side::Target => DifferenceKind::Extra,
        };
        let key = example(sides, walk, side, digest).await?;
        differences.push(RowDifference { kind, key, columns: Vec::new(), count });
    }
    Ok(Found { differences, more })
}

/// Finds the rows of moving sides that are not as often on both: what is unmatched when it is read is looked at
/// again.
pub(super) async fn find_moving(
    sides: &mut Sides,
    walk: &Walk,
    room: usize,
    (moving, stop): (&Moving, &Stop),
) -> Result<(Found, Vec<Unsettled>), Fault> {
    let (settled, more) = differing(sides, walk, room, (Some(moving), stop)).await?;
    let more = more || settled.different.len() > room;
    let named = settled.different.into_iter().take(room);
    let differences = named
        .map(|Proven { suspect: Suspect { words: key, .. }, kind, count }| RowDifference {
            kind,
            key,
            columns: Vec::new(),
            count,
        })
        .collect();
    let unsettled = settled
        .unsettled
        .into_iter()
        .map(|(suspect, why)| Unsettled { key: suspect.words, why: why.to_owned() })
        .collect();
    Ok((Found { differences, more }, unsettled))
}

/// Every digest that is not as often on both sides; `named` of them with what the row is to people. Tells also
/// whether there may be more.
pub(super) async fn differing(
    sides: &mut Sides,
    walk: &Walk,
    named: usize,
    (moving, stop): (Option<&Moving>, &Stop),
) -> Result<(Settled, bool), Fault> {
    let (unmatched, more) = unmatched(sides, walk, SUSPECTS_MAX).await?;
    let found = unmatched.into_iter().map(|(side, digest, count)| {
        let digest = digest.to_string();
        let suspect = Suspect { words: format!("digest {digest}"), place: vec![digest] };
        let kind = match side {
            Side::Source => DifferenceKind::Missing,
            Side::Target => DifferenceKind::Extra,
        };
        Proven { suspect, kind, count }
    });
    let mut settled = match moving {
        None => Settled { different: found.collect(), unsettled: Vec::new() },
        Some(moving) => {
            let suspects = found.map(|row| row.suspect).collect();
            settle(sides, walk, Identity::Digest, suspects, (moving, stop)).await?
        }
    };
    for row in settled.different.iter_mut().take(named) {
        let side = match row.kind {
            DifferenceKind::Missing => Side::Source,
            DifferenceKind::Extra | DifferenceKind::Different => Side::Target,
        };
        let digest = row.suspect.place.first().and_then(|digest| digest.parse().ok());
        if let Some(digest) = digest {
            row.suspect.words = example(sides, walk, side, digest).await?;
        }
    }
    Ok((settled, more))
}

/// Digests of moving sides that are looked at again, of one table at most: each look reads all of it.
const SUSPECTS_MAX: usize = 10_000;

/// Digests that one side holds more often than the other, each with how much more often.
async fn unmatched(
    sides: &mut Sides,
    walk: &Walk,
    room: usize,
) -> Result<(Vec<(Side, u64, u64)>, bool), Fault> {
    let query = |side| {
        format!(
            "SELECT CAST({} AS UNSIGNED) AS digest,COUNT(*) FROM {} GROUP BY digest ORDER BY digest",
            walk.digest(side),
            walk.table(side)
        )
    };
    let (source_sql, target_sql) = (query(Side::Source), query(Side::Target));
    let mut source = Digests::open(sides.source.session(), Side::Source, &source_sql).await?;
    let mut target = Digests::open(sides.target.session(), Side::Target, &target_sql).await?;
    let mut unmatched = Vec::new();
    loop {
        let (side, digest, count) = match (source.head, target.head) {
            (None, None) => break,
            (Some((digest, count)), None) => (Side::Source, digest, count),
            (None, Some((digest, count))) => (Side::Target, digest, count),
            (Some((one, ones)), Some((other, others))) => match one.cmp(&other) {
                Ordering::Less => (Side::Source, one, ones),
                Ordering::Greater => (Side::Target, other, others),
                Ordering::Equal => {
                    source.step().await?;
                    target.step().await?;
                    match ones.cmp(&others) {
                        Ordering::Equal => continue,
                        Ordering::Greater => unmatched.push((Side::Source, one, ones - others)),
                        Ordering::Less => unmatched.push((Side::Target, one, others - ones)),
                    }
                    continue;
                }
            },
        };
        if unmatched.len() >= room {
            break;
        }
        unmatched.push((side, digest, count));
        match side {
            Side::Source => source.step().await?,
            Side::Target => target.step().await?,
        }
    }
    let more = source.head.is_some() || target.head.is_some();
    source.close().await?;
    target.close().await?;
    Ok((unmatched, more))
}

/// A sorted stream of digests and how often each occurs.
struct Digests<'s> {
    side: Side,
    rows: BinaryRows<'s>,
    layouts: Vec<Layout>,
    head: Option<(u64, u64)>,
}

impl<'s> Digests<'s> {
    async fn open(session: &'s mut Session, side: Side, sql: &str) -> Result<Self, Fault> {
        let rows = session.read(sql).await.on(side, DOING)?;
        let layouts = rows
            .columns()
            .iter()
            .filter_map(|column| Layout::of(column.type_code, column.is_unsigned()))
            .collect();
        let mut digests = Self { side, rows, layouts, head: None };
        digests.step().await?;
        Ok(digests)
    }

    async fn step(&mut self) -> Result<(), Fault> {
        self.head = match self.rows.next().await.on(self.side, DOING)? {
            None => None,
            Some(row) => {
                let numbers = two_numbers(row, &self.layouts);
                Some(numbers.ok_or_else(|| super::unexpected(self.side, DOING))?)
            }
        };
        Ok(())
    }

    async fn close(self) -> Result<(), Fault> {
        self.rows.finish().await.on(self.side, DOING)
    }
}

/// Reads a binary row of two whole numbers; the servers differ in how wide they make them.
fn two_numbers(row: &[u8], layouts: &[Layout]) -> Option<(u64, u64)> {
    let mut values = Values::new(row, layouts.len()).ok()?;
    let [one, two] = layouts else { return None };
    Some((number(values.next(*one).ok()?)?, number(values.next(*two).ok()?)?))
}

fn number(value: Value<'_>) -> Option<u64> {
    match value {
        Value::Uint(number) => Some(number),
        Value::Int(number) => u64::try_from(number).ok(),
        Value::Null
        | Value::Float(_)
        | Value::Double(_)
        | Value::Moment(_)
        | Value::Duration(_)
        | Value::Bytes(_) => None,
    }
}

/// A row with this digest, for people.
async fn example(sides: &mut Sides, walk: &Walk, side: Side, digest: u64) -> Result<String, Fault> {
    const COLUMNS_SHOWN_MAX: usize = 6;
    let names: Vec<&str> = walk
        .columns()
        .iter()
        .map(|pair| pair.source.name.as_str())
        .take(COLUMNS_SHOWN_MAX)
        .collect();
    let list: Vec<String> = names.iter().map(|name| quote(name)).collect();
    let sql = format!(
        "SELECT {} FROM {} WHERE {}={digest} LIMIT 1",
        list.join(","),
        walk.table(side),
        walk.digest(side)
    );
    let rows = sides.reader(side).rows(&sql, "fetch a differing row").await?;
    let Some(row) = rows.first() else { return Ok(format!("digest {digest}")) };
    let shown: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(index, name)| format!("{name}={}", for_people(row.get(index))))
        .collect();
    Ok(shown.join(", "))
}
