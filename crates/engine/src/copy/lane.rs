//! Lanes: the key ranges of a table that are walked side by side.

use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;
use sealift_mysql::snapshot::SELECT;
use sealift_schema::catalog::{KeyPart, Table};
use sealift_schema::column::ColumnType;
use sealift_schema::key_range::{KeyPlace, RowKey};
use sealift_schema::name::quote;

use super::ledger::{LaneRow, Standing};
use super::shape::Shape;

/// Lanes of one table at most: enough to keep any number of workers busy to the end, few enough for the
/// scan that finds bounds of keys that are not integers.
const LANES_MAX: u64 = 64;

/// The key a table's lanes are cut by. `None` where the table has none whose order an index gives: such a
/// table is one lane and read in one pass.
#[must_use]
pub fn lane_key(table: &Table) -> Option<RowKey> {
    // MEMORY keeps its keys as hashes unless told otherwise; its tables are small.
    if table.engine.eq_ignore_ascii_case("MEMORY") {
        return None;
    }
    let ordered = table.row_key()?.parts.iter().all(|part| match part {
        KeyPart::Column { name, .. } => table.column(name).is_some_and(|column| {
            // MariaDB keeps unique keys over whole TEXT and BLOB columns as hashes. A SET is compared with
            // a number as DOUBLE, which does not tell its largest values apart.
            !matches!(column.kind, ColumnType::Set | ColumnType::Text | ColumnType::Blob)
        }),
        KeyPart::Expression { .. } => false,
    });
    if ordered { RowKey::of(table) } else { None }
}

/// How many lanes a table is worth.
#[must_use]
pub fn lanes_wanted(data_bytes: u64, lane_bytes: u64) -> u64 {
    (data_bytes / lane_bytes.max(1)).clamp(1, LANES_MAX)
}

/// Lanes between bounds that are in key order: the first begins at the table's beginning, the last ends at
/// its end, each other bound ends one lane and begins the next.
#[must_use]
pub fn between(bounds: Vec<KeyPlace>) -> Vec<LaneRow> {
    let mut lanes = Vec::with_capacity(bounds.len() + 1);
    let mut after = None;
    for bound in bounds.into_iter().map(Some).chain([None]) {
        let lane = u32::try_from(lanes.len()).unwrap_or(u32::MAX);
        lanes.push(LaneRow {
            lane,
            after: after.clone(),
            up_to: bound.clone(),
            standing: Standing::default(),
            entered: false,
        });
        after = bound;
    }
    lanes
}

/// Plans a table's lanes, asking the source for bounds where there are several.
pub(super) async fn plan(
    reader: &mut Session,
    shape: &Shape,
    lane_bytes: u64,
) -> Result<Vec<LaneRow>, MysqlError> {
    let (table, key) = (&shape.source, shape.key.as_ref());
    let wanted = lanes_wanted(table.data_bytes, lane_bytes);
    let (Some(key), true) = (key, wanted > 1) else { return Ok(between(Vec::new())) };
    if let Some((column, descending)) = key.leading_integer() {
        let bounds = integer_bounds(reader, table, column, descending, wanted).await?;
        // A leading column with few values (a tenant) cuts nothing: the whole key has to.
        if key.width() == 1 || bounds.len() as u64 + 1 >= wanted {
            return Ok(between(bounds));
        }
    }
    Ok(between(server_bounds(reader, table, key, wanted).await?))
}

async fn integer_bounds(
    reader: &mut Session,
    table: &Table,
    column: &str,
    descending: bool,
    wanted: u64,
) -> Result<Vec<KeyPlace>, MysqlError> {
    let column = quote(column);
    let row = reader
        .first(format!("{SELECT} MIN({column}), MAX({column}) FROM {}", table.name))
        .await?
        .ok_or_else(|| MysqlError::Result("no row of MIN and MAX".into()))?;
    if row.get(0).is_none() {
        return Ok(Vec::new());
    }
    let mut cuts = cut(row.parse(0)?, row.parse(1)?, wanted);
    if descending {
        // Behind a place come smaller numbers: the lane that ends with the number above a cut.
        cuts = cuts.into_iter().rev().map(|cut| cut + 1).collect();
    }
    Ok(cuts.into_iter().map(|cut| vec![cut.to_string()]).collect())
}

/// Cuts the numbers from `min` to `max` into at most `pieces` ranges of about the same width; returns the
/// last number of each but the last, in order.
fn cut(min: i128, max: i128, pieces: u64) -> Vec<i128> {
    let width = max - min + 1;
    let pieces = i128::from(pieces).min(width / CUT_WIDTH_MIN + 1);
    (1..pieces).map(|piece| min + width * piece / pieces - 1).collect()
}

/// Numbers a range should span at least; few values mean that many rows share each.
const CUT_WIDTH_MIN: i128 = 256;

/// Bounds the server finds by walking the key in steps of equal numbers of rows.
async fn server_bounds(
    reader: &mut Session,
    table: &Table,
    key: &RowKey,
    wanted: u64,
) -> Result<Vec<KeyPlace>, MysqlError> {
    let step = (table.rows_estimate / wanted).max(1);
    let mut bounds: Vec<KeyPlace> = Vec::new();
    while (bounds.len() as u64) + 1 < wanted {
        let sql = format!(
            "{SELECT} {} FROM {} FORCE INDEX ({}) WHERE {} ORDER BY {} LIMIT 1 OFFSET {}",
            key.select_list(),
            table.name,
            quote(&key.index),
            key.between(bounds.last().map(Vec::as_slice), None),
            key.order_by(),
            step - 1
        );
        let Some(row) = reader.first(sql).await? else { break };
        let values: Vec<Option<&[u8]>> = (0..key.width()).map(|index| row.get(index)).collect();
        let place = key
            .place(&values)
            .ok_or_else(|| MysqlError::Result(format!("a key of {} is not usable", table.name)))?;
        if bounds.last() == Some(&place) {
            return Err(MysqlError::Result(format!("the keys of {} stand still", table.name)));
        }
        bounds.push(place);
    }
    Ok(bounds)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(number: i128) -> KeyPlace {
        vec![number.to_string()]
    }

    /// Whether a lane over one ascending integer column holds a number.
    fn holds(lane: &LaneRow, number: i128) -> bool {
        let bound = |place: &KeyPlace| place[0].parse::<i128>().unwrap();
        lane.after.as_ref().is_none_or(|after| number > bound(after))
            && lane.up_to.as_ref().is_none_or(|up_to| number <= bound(up_to))
    }

    #[test]
    fn small_tables_are_one_lane() {
        assert_eq!(lanes_wanted(0, 100), 1);
        assert_eq!(lanes_wanted(199, 100), 1);
        assert_eq!(lanes_wanted(200, 100), 2);
        assert_eq!(lanes_wanted(u64::MAX, 100), LANES_MAX);
    }

    #[test]
    fn the_extremes_of_the_integer_types_are_cut() {
        assert_eq!(cut(i64::MIN.into(), i64::MAX.into(), 2), [-1]);
        assert_eq!(cut(0, u64::MAX.into(), 2), [i128::from(i64::MAX)]);
        assert_eq!(cut(5, 5, 8), Vec::<i128>::new());
    }

    proptest! {
        #[test]
        fn lanes_hold_every_number_exactly_once(
            min in i128::from(i64::MIN)..=i128::from(u64::MAX),
            width in 0..=i128::from(u64::MAX),
            pieces in 1..100_u64,
            probe in any::<u64>(),
        ) {
            let max = min + width;
            let bounds: Vec<KeyPlace> = cut(min, max, pieces).into_iter().map(place).collect();
            let cuts: Vec<i128> = bounds.iter().map(|place| place[0].parse().unwrap()).collect();
            prop_assert!(cuts.is_sorted_by(|a, b| a < b));
            prop_assert!(cuts.iter().all(|cut| (min..max).contains(cut)));
            let lanes = between(bounds);
            prop_assert!(lanes.len() as u64 <= pieces);
            let inside = min + i128::from(probe) % (width + 1);
            let edges = cuts.iter().flat_map(|cut| [*cut, *cut + 1]);
            for number in edges.chain([min - 1, min, inside, max, max + 1]) {
                prop_assert_eq!(lanes.iter().filter(|lane| holds(lane, number)).count(), 1);
            }
        }
    }
}
