//! Where chunks end, without asking for each: a key that is a whole number with few gaps is cut by arithmetic.
//!
//! The server would have to read every row once more to find a chunk's end.

use sealift_schema::facts::Side;
use sealift_schema::key_range::{KeyPlace, RowKey};
use sealift_schema::name::quote;

use crate::fault::{Fault, OnServer};

use super::side::Sides;
use super::walk::Walk;

/// Numbers a row may take on average: as many times as large as it should be a chunk is at most, where a gap ends.
const NUMBERS_PER_ROW_MAX: i128 = 2;

/// Chunks a table must have at least, by its statistics: for less it is not worth asking.
const CHUNKS_MIN: u64 = 3;

/// How a table is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The source is asked where each chunk ends.
    Asked,
    /// By arithmetic up to the last number; behind it the source is asked.
    Counted {
        /// The first number.
        first: i128,
        /// The last number.
        last: i128,
        /// Numbers in a chunk.
        step: i128,
    },
}

impl Cut {
    /// Asks the source for the first and the last key, if they are numbers; `rows` is what a chunk aims at.
    pub(super) async fn plan(
        sides: &mut Sides,
        walk: &Walk,
        key: &RowKey,
        rows: u64,
    ) -> Result<Self, Fault> {
        let estimate = walk.rows_estimate();
        let Some(column) = key.integer_column().filter(|_| estimate / rows.max(1) >= CHUNKS_MIN)
        else {
            return Ok(Self::Asked);
        };
        let (name, table, doing) = (quote(column), walk.table(Side::Source), "find a key's range");
        let sql = format!("SELECT MIN({name}),MAX({name}) FROM {table}");
        let found = sides.source.rows(&sql, doing).await?;
        let Some(row) = found.first().filter(|row| row.get(0).is_some()) else {
            return Ok(Self::Asked);
        };
        let number = |index| row.parse::<i128>(index).on(Side::Source, doing);
        Ok(Self::of((number(0)?, number(1)?), estimate, rows))
    }

    fn of((first, last): (i128, i128), estimate: u64, rows: u64) -> Self {
        let (numbers, estimate) = (last - first + 1, i128::from(estimate.max(1)));
        if numbers > estimate * NUMBERS_PER_ROW_MAX {
            return Self::Asked;
        }
        // Statistics may be far too high: no number is two rows.
        let step = i128::from(rows) * numbers.max(estimate) / estimate;
        Self::Counted { first, last, step: step.max(1) }
    }

    /// Where the chunk ends that begins behind a place; `None` where the source has to say it.
    pub(super) fn end(&self, after: Option<&KeyPlace>) -> Option<KeyPlace> {
        let Self::Counted { first, last, step } = *self else { return None };
        let before = match after {
            None => first - 1,
            Some(place) => place.first()?.parse().ok()?,
        };
        let end = before + step;
        (end < last).then(|| vec![end.to_string()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_numbers_are_counted_and_the_rest_is_asked_for() {
        let place = |number: i128| vec![number.to_string()];
        let cut = Cut::of((-5, 994), 1_000, 300);
        assert_eq!(cut, Cut::Counted { first: -5, last: 994, step: 300 });
        assert_eq!(cut.end(None), Some(place(294)));
        assert_eq!(cut.end(Some(&place(294))), Some(place(594)));
        assert_eq!(cut.end(Some(&place(894))), None, "the source says where the last ones end");
        assert_eq!(cut.end(Some(&place(2_000))), None, "rows that came meanwhile");
        assert_eq!(
            Cut::of((1, 2_000), 1_000, 300),
            Cut::Counted { first: 1, last: 2_000, step: 600 }
        );
        assert_eq!(Cut::of((1, 2_001), 1_000, 300), Cut::Asked);
        let few = Cut::of((1, 10), 1_000, 300);
        assert_eq!(few, Cut::Counted { first: 1, last: 10, step: 300 });
        let largest = i128::from(u64::MAX);
        assert_eq!(Cut::of((0, largest), u64::MAX, 1).end(Some(&place(largest))), None);
        assert_eq!(Cut::Asked.end(None), None);
    }
}
