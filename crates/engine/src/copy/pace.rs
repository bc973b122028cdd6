//! How many rows the next chunk of a lane asks for: as many as one transaction should carry, and no more than
//! are read in about a second.

use std::time::Duration;

use sealift_schema::catalog::Table;

/// Time a chunk's rows should take to come at most. Until it has landed the applier may have to wait for it.
const TIME_WANTED: Duration = Duration::from_secs(1);

/// Rows a statement asks for at least.
const ROWS_MIN: u64 = 10;

/// Rows the first statement of a lane asks for at most: estimates may be far off.
const ROWS_FIRST_MAX: u64 = 50_000;

/// How much more a statement may ask for than the one before.
const GROWTH_MAX: u64 = 4;

/// Rows to ask for, learned from chunk to chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    rows: u64,
    bytes_wanted: u64,
}

impl Pace {
    /// A guess by the table's statistics.
    pub(super) fn of(table: &Table, bytes_wanted: u64) -> Self {
        let row_bytes = table.data_bytes / table.rows_estimate.max(1);
        let rows = bytes_wanted / row_bytes.max(1);
        Self { rows: rows.clamp(ROWS_MIN, ROWS_FIRST_MAX), bytes_wanted }
    }

    /// Rows to ask for.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Learns from a chunk: this many rows had this many bytes and took this long.
    pub(super) fn learn(&mut self, rows: u64, bytes: u64, took: Duration) {
        if rows == 0 {
            return;
        }
        let by_bytes = ratio(rows, self.bytes_wanted, bytes);
        let by_time = ratio(rows, micros(TIME_WANTED), micros(took));
        let most = self.rows.saturating_mul(GROWTH_MAX);
        self.rows = by_bytes.min(by_time).clamp(ROWS_MIN, most.max(ROWS_MIN));
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// `rows * wanted / had`, without overflow.
fn ratio(rows: u64, wanted: u64, had: u64) -> u64 {
    let exact = u128::from(rows) * u128::from(wanted) / u128::from(had.max(1));
    u64::try_from(exact).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Duration = Duration::from_millis(1);

    fn pace(rows: u64) -> Pace {
        Pace { rows, bytes_wanted: 1_000_000 }
    }

    fn learned(mut pace: Pace, rows: u64, bytes: u64, took: Duration) -> u64 {
        pace.learn(rows, bytes, took);
        pace.rows()
    }

    #[test]
    fn chunks_come_to_have_the_bytes_that_are_wanted() {
        assert_eq!(learned(pace(1_000), 1_000, 2_000_000, FAST), 500);
        assert_eq!(learned(pace(1_000), 1_000, 500_000, FAST), 2_000);
        assert_eq!(learned(pace(1_000), 1_000, 10_000, FAST), 4_000, "growth has a limit");
        assert_eq!(learned(pace(1_000), 3, 5_000_000, FAST), ROWS_MIN);
    }

    #[test]
    fn slow_reads_come_to_take_the_time_that_is_wanted() {
        assert_eq!(learned(pace(1_000), 1_000, 1_000_000, TIME_WANTED * 4), 250);
        assert_eq!(learned(pace(1_000), 0, 0, TIME_WANTED), 1_000, "no rows teach nothing");
        assert_eq!(learned(pace(u64::MAX), u64::MAX, 0, FAST), u64::MAX);
    }
}
