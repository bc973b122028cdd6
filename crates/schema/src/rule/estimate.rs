//! What a migration will take, each figure with what it was come by: measured or by statistics, never assumed.

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::log::kept_seconds;
use super::measured::{GrowthLook, PROBE, Pace, Probed, SCAN};
use super::rows::Subject;
use super::text::{bytes, counted, milliseconds};
use crate::catalog::Table;

/// A cutover begins when the target is no more than this behind: what it has to wait for at most.
pub const BEHIND_MS_MAX: u64 = 5_000;

/// One figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// Its name, which never changes.
    pub id: String,
    /// What it is, for people.
    pub about: String,
    /// What it is counted in.
    pub unit: Unit,
    /// The figure, or why there is none.
    #[serde(flatten)]
    pub figure: Figure,
}

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Bytes per second.
    BytesPerSecond,
    /// Milliseconds.
    Milliseconds,
}

/// A number with its basis, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Figure {
    /// It is known.
    Known {
        /// The number.
        amount: u64,
        /// What it was come by.
        basis: String,
    },
    /// It is not.
    NotKnown {
        /// Why, and what would tell.
        not_known: String,
    },
}

impl Figure {
    fn known(amount: u64, basis: impl Into<String>) -> Self {
        Self::Known { amount, basis: basis.into() }
    }

    fn not_known(why: impl Into<String>) -> Self {
        Self::NotKnown { not_known: why.into() }
    }

    /// The number, if it is known.
    #[must_use]
    pub fn amount(&self) -> Option<u64> {
        match self {
            Self::Known { amount, .. } => Some(*amount),
            Self::NotKnown { .. } => None,
        }
    }
}

/// Every figure, in the order it is told.
pub(super) fn estimates(case: &Case<'_>) -> Vec<Estimate> {
    let of = |id: &str, about: &str, unit, figure| Estimate {
        id: id.to_owned(),
        about: about.to_owned(),
        unit,
        figure,
    };
    vec![
        of("bytes-to-move", "rows to move", Unit::Bytes, bytes_to_move(case)),
        of("bytes-of-values", "values in these rows", Unit::Bytes, bytes_of_values(case)),
        of("index-bytes", "indexes to build", Unit::Bytes, index_bytes(case)),
        of("copy-time", "copying the rows", Unit::Milliseconds, copy_time(case)),
        of("index-time", "building the indexes", Unit::Milliseconds, index_time(case)),
        of("log-rate", "written by the source", Unit::BytesPerSecond, log_rate(case)),
        of("log-kept", "log kept by the source", Unit::Milliseconds, log_kept(case)),
        of("apply-rate", "applied by the target", Unit::BytesPerSecond, apply_rate(case)),
        of("catch-up-time", "catching up after the copy", Unit::Milliseconds, catch_up(case)),
        of("downtime-online", "writes refused, online", Unit::Milliseconds, downtime_online(case)),
        of(
            "downtime-offline",
            "writes refused, offline",
            Unit::Milliseconds,
            downtime_offline(case),
        ),
    ]
}

fn sum(case: &Case<'_>, of: fn(&Table) -> u64) -> u64 {
    case.tables().map(of).fold(0, u64::saturating_add)
}

fn bytes_to_move(case: &Case<'_>) -> Figure {
    let tables = counted(case.catalog.tables.len(), "table");
    Figure::known(
        sum(case, |table| table.data_bytes),
        format!("the source's statistics of {tables}"),
    )
}

fn index_bytes(case: &Case<'_>) -> Figure {
    let basis = "the source's statistics; what the target needs for them may differ";
    Figure::known(sum(case, |table| table.index_bytes), basis)
}

/// Of a table that was read whole the sum, of others the mean of the sample times the rows by statistics.
fn bytes_of_values(case: &Case<'_>) -> Figure {
    let Some(sample) = &case.measured.rows else {
        return Figure::not_known(format!("no rows were read: {SCAN} reads samples"));
    };
    let (mut total, mut rows_read, mut tables) = (0_u64, 0_u64, 0_usize);
    for looked in &sample.looked {
        let Subject::Values(_) = looked.look.subject else { continue };
        let (Some(rows), Some(size)) = (looked.rows(), looked.number(1)) else { continue };
        let estimated = case.catalog.tables.get(&looked.look.table).map_or(0, |t| t.rows_estimate);
        let whole = if looked.is_whole() { size } else { scale(size, estimated, rows) };
        total = total.saturating_add(whole);
        rows_read = rows_read.saturating_add(rows);
        tables += 1;
    }
    if tables < case.catalog.tables.len() {
        let left = counted(case.catalog.tables.len() - tables, "table");
        return Figure::not_known(format!("{left} could not be read, or there was no time for it"));
    }
    let basis = format!(
        "{rows_read} rows of {} that were read, times the rows by statistics",
        counted(tables, "table")
    );
    Figure::known(total, basis)
}

/// What a probe measured, or why it did not.
fn pace(
    case: &Case<'_>,
    of: fn(&super::measured::Probe) -> Option<Pace>,
    lacking: &str,
) -> Result<Pace, Figure> {
    match &case.measured.probe {
        Some(Probed::Done(probe)) => {
            of(probe).filter(|pace| pace.ms > 0).ok_or_else(|| Figure::not_known(lacking))
        }
        Some(Probed::Failed { why }) => Err(Figure::not_known(format!("the probe failed: {why}"))),
        None if case.profile.is_some() => Err(Figure::not_known("there is no target yet")),
        None => Err(Figure::not_known(format!("nothing was measured: {PROBE} does"))),
    }
}

fn copy_time(case: &Case<'_>) -> Figure {
    let pace = match pace(case, |probe| Some(probe.copied), "the probe found no rows to copy") {
        Ok(pace) if pace.stored_bytes > 0 => pace,
        Ok(_) => {
            return Figure::not_known("the source's statistics know no size of what was copied");
        }
        Err(why) => return why,
    };
    let amount = scale(pace.ms, sum(case, |table| table.data_bytes), pace.stored_bytes);
    let basis = format!(
        "copying {} ({} rows) from the source into a scratch table took {} with {}; a target whose caches are full may be slower",
        bytes(pace.stored_bytes),
        pace.rows,
        milliseconds(pace.ms),
        counted(usize::try_from(pace.sessions).unwrap_or(usize::MAX), "session"),
    );
    Figure::known(amount, basis)
}

fn index_time(case: &Case<'_>) -> Figure {
    let indexes = sum(case, |table| table.index_bytes);
    if indexes == 0 {
        return Figure::known(0, "the source's statistics know no index beside the primary keys");
    }
    let lacking = "what the probe copied has no index beside the primary key";
    let pace = match pace(case, |probe| probe.indexed, lacking) {
        Ok(pace) if pace.stored_bytes > 0 => pace,
        Ok(_) => {
            return Figure::not_known("the source's statistics know no size of what was built");
        }
        Err(why) => return why,
    };
    let basis = format!(
        "building {} of indexes on the scratch table took {}; indexes of large tables are sorted on disk and may take longer",
        bytes(pace.stored_bytes),
        milliseconds(pace.ms)
    );
    Figure::known(scale(pace.ms, indexes, pace.stored_bytes), basis)
}

/// Over all files that are kept, else while we looked.
fn log_rate(case: &Case<'_>) -> Figure {
    if !case.source.is_on("log_bin") {
        return Figure::not_known("the source writes no binary log");
    }
    if let Ok(Some(sample)) = case.measured.log()
        && let Some(ms) = sample.kept_ms.filter(|ms| *ms >= WINDOW_MS_MIN)
    {
        let basis = format!(
            "{} of log since its oldest transaction {} ago: a mean, not the rate of a busy hour",
            bytes(sample.kept_bytes),
            milliseconds(ms)
        );
        return Figure::known(scale(sample.kept_bytes, 1_000, ms), basis);
    }
    match &case.measured.growth {
        Some(GrowthLook::Seen(growth)) if growth.ms >= WINDOW_MS_MIN => {
            let basis = format!(
                "{} in the {} of this assessment",
                bytes(growth.bytes),
                milliseconds(growth.ms)
            );
            Figure::known(scale(growth.bytes, 1_000, growth.ms), basis)
        }
        Some(GrowthLook::Seen(_)) => {
            Figure::not_known(format!("the time we looked was too short: {SCAN} reads the log"))
        }
        Some(GrowthLook::Failed { why }) => {
            Figure::not_known(format!("the source did not say where its log ends: {why}"))
        }
        None => Figure::not_known("our account may not ask where the log ends"),
    }
}

/// In less than a second chance decides how much is written.
const WINDOW_MS_MIN: u64 = 1_000;

fn log_kept(case: &Case<'_>) -> Figure {
    if !case.source.is_on("log_bin") {
        return Figure::not_known("the source writes no binary log");
    }
    match kept_seconds(case) {
        Ok(Some(seconds)) => Figure::known(seconds.saturating_mul(1_000), "the source's settings"),
        Ok(None) => {
            Figure::not_known("by its settings the source keeps it until somebody purges it")
        }
        Err(why) => Figure::not_known(why),
    }
}

fn apply_rate(case: &Case<'_>) -> Figure {
    let lacking = "nothing was written again: the probe had no rows, or no time";
    let pace = match pace(case, |probe| probe.applied, lacking) {
        Ok(pace) => pace,
        Err(why) => return why,
    };
    let basis = format!(
        "{} rows of {} written again over themselves in {} with {}: in the order of their keys, which an application's changes are not",
        pace.rows,
        bytes(pace.sent_bytes),
        milliseconds(pace.ms),
        counted(usize::try_from(pace.sessions).unwrap_or(usize::MAX), "session"),
    );
    Figure::known(scale(pace.sent_bytes, 1_000, pace.ms), basis)
}

/// What is written during the copy is applied after it, while more is written.
fn catch_up(case: &Case<'_>) -> Figure {
    let rates = match known([log_rate(case), apply_rate(case)]) {
        Ok(rates) => rates,
        Err(why) => return why,
    };
    let times = match known([copy_time(case), index_time(case)]) {
        Ok(times) => times,
        Err(why) => return why,
    };
    let ([written, applied], [copying, indexing]) = (rates, times);
    let Some(gain) = applied.checked_sub(written).filter(|gain| *gain > 0) else {
        return Figure::not_known(
            "the target applies no faster than the source writes: it would not catch up",
        );
    };
    let behind = scale(written, copying.saturating_add(indexing), 1_000);
    let basis = "what is written meanwhile, at the rates above";
    Figure::known(scale(behind, 1_000, gain), basis)
}

fn downtime_online(case: &Case<'_>) -> Figure {
    let [written, applied] = match known([log_rate(case), apply_rate(case)]) {
        Ok(rates) => rates,
        Err(why) => return why,
    };
    if applied == 0 || applied <= written {
        return Figure::not_known(
            "the target applies no faster than the source writes: it would not catch up",
        );
    }
    let way = |server: &super::case::Server<'_>| {
        server.round_trip_ms.map_or_else(|| "?".to_owned(), |ms| ms.to_string())
    };
    let basis = format!(
        "at most: {} of changes (a cutover begins when no more are missing) at the rates above; statements of {} ms to the source and {} ms to the target come on top, and your own hook: sealift cutover --rehearse measures all of it",
        milliseconds(BEHIND_MS_MAX),
        way(&case.source),
        way(&case.target)
    );
    Figure::known(scale(written, BEHIND_MS_MAX, applied), basis)
}

fn downtime_offline(case: &Case<'_>) -> Figure {
    match known([copy_time(case), index_time(case)]) {
        Ok([copying, indexing]) => {
            let basis = "copying and building indexes, one after the other; they overlap in part";
            Figure::known(copying.saturating_add(indexing), basis)
        }
        Err(why) => why,
    }
}

/// All amounts, or why the first of them that lacks is not known.
fn known<const N: usize>(figures: [Figure; N]) -> Result<[u64; N], Figure> {
    let mut amounts = [0; N];
    for (amount, figure) in amounts.iter_mut().zip(figures) {
        match figure {
            Figure::Known { amount: known, .. } => *amount = known,
            Figure::NotKnown { .. } => return Err(figure),
        }
    }
    Ok(amounts)
}

/// `amount * times / by`, 0 for no `by`.
fn scale(amount: u64, times: u64, by: u64) -> u64 {
    let whole = u128::from(amount) * u128::from(times);
    whole.checked_div(u128::from(by)).map_or(0, |scaled| u64::try_from(scaled).unwrap_or(u64::MAX))
}

/// How long the copy and its indexes take, if that was measured.
pub(super) fn load_ms(case: &Case<'_>) -> Option<u64> {
    downtime_offline(case).amount()
}

/// Bytes per second the source writes and the target applies, or why one of them is not known.
pub(super) fn rates(case: &Case<'_>) -> Result<[u64; 2], String> {
    known([log_rate(case), apply_rate(case)]).map_err(|figure| match figure {
        Figure::Known { basis, .. } => basis,
        Figure::NotKnown { not_known } => not_known,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::bench::Bench;
    use crate::rule::measured::{Growth, LogLook, LogSample, Probe};
    use crate::rule::rows::Outcome;

    /// What is known, and why the rest is not.
    fn told(bench: &Bench) -> Vec<(String, Result<u64, String>)> {
        let estimates = estimates(&bench.case()).into_iter();
        let told = estimates.map(|estimate| {
            let figure = match estimate.figure {
                Figure::Known { amount, .. } => Ok(amount),
                Figure::NotKnown { not_known } => Err(not_known),
            };
            (estimate.id, figure)
        });
        told.collect()
    }

    fn of(bench: &Bench, id: &str) -> Result<u64, String> {
        told(bench).into_iter().find(|(own, _)| own == id).unwrap().1
    }

    fn bench() -> Bench {
        Bench::clean().with_table("shop", "t", |table| {
            (table.rows_estimate, table.data_bytes, table.index_bytes) =
                (1_000_000, 10 << 30, 2 << 30);
        })
    }

    fn probed(mut bench: Bench) -> Bench {
        let pace = |stored_bytes, ms| Pace {
            rows: 10,
            stored_bytes,
            sent_bytes: stored_bytes,
            ms,
            sessions: 4,
        };
        bench.measured.probe = Some(Probed::Done(Probe {
            copied: pace(100 << 20, 1_000),
            indexed: Some(pace(20 << 20, 1_000)),
            applied: Some(pace(50 << 20, 1_000)),
        }));
        bench
    }

    #[test]
    fn nothing_is_known_but_by_statistics_until_something_is_measured() {
        let bench = bench();
        assert_eq!(of(&bench, "bytes-to-move"), Ok(10 << 30));
        assert_eq!(of(&bench, "index-bytes"), Ok(2 << 30));
        assert_eq!(of(&bench, "log-kept"), Ok(2_592_000_000));
        for (id, option) in [
            ("bytes-of-values", "--scan"),
            ("copy-time", "--probe"),
            ("index-time", "--probe"),
            ("apply-rate", "--probe"),
            ("downtime-offline", "--probe"),
        ] {
            assert!(of(&bench, id).unwrap_err().contains(option), "{id}");
        }
        assert!(of(&bench, "log-rate").unwrap_err().contains("may not ask"));
        assert_eq!(of(&bench.to("azure-8.4"), "copy-time"), Err("there is no target yet".into()));
    }

    #[test]
    fn times_follow_from_what_was_measured() {
        let mut bench = probed(bench());
        assert_eq!(of(&bench, "copy-time"), Ok(102_400));
        assert_eq!(of(&bench, "index-time"), Ok(102_400));
        assert_eq!(of(&bench, "downtime-offline"), Ok(204_800));
        assert_eq!(of(&bench, "apply-rate"), Ok(50 << 20));
        assert!(of(&bench, "catch-up-time").is_err(), "nobody knows what the source writes");
        bench.measured.growth = Some(GrowthLook::Seen(Growth { bytes: 100 << 20, ms: 10_000 }));
        assert_eq!(of(&bench, "log-rate"), Ok(10 << 20));
        // 2,000 MiB were written meanwhile; 40 MiB are gained each second.
        assert_eq!(of(&bench, "catch-up-time"), Ok(51_200));
        assert_eq!(of(&bench, "downtime-online"), Ok(1_000));
        bench.measured.growth = Some(GrowthLook::Seen(Growth { bytes: 500 << 20, ms: 10_000 }));
        assert!(of(&bench, "catch-up-time").unwrap_err().contains("would not catch up"));
        assert!(of(&bench, "downtime-online").unwrap_err().contains("would not catch up"));
    }

    #[test]
    fn a_long_window_of_the_log_goes_before_a_short_one() {
        let mut bench = bench();
        bench.measured.growth = Some(GrowthLook::Seen(Growth { bytes: 100, ms: 999 }));
        assert!(of(&bench, "log-rate").unwrap_err().contains("too short"));
        bench.measured.growth = Some(GrowthLook::Seen(Growth { bytes: 5_000, ms: 1_000 }));
        assert_eq!(of(&bench, "log-rate"), Ok(5_000));
        let seen = bench.measured.growth.replace(GrowthLook::Failed { why: "cut off".into() });
        assert!(of(&bench, "log-rate").unwrap_err().contains("cut off"));
        bench.measured.growth = seen;
        let sample =
            LogSample { kept_ms: Some(86_400_000), kept_bytes: 86_400, ..LogSample::default() };
        bench.measured.log = Some(LogLook::Read(sample));
        assert_eq!(of(&bench, "log-rate"), Ok(1));
        assert!(of(&bench.variable("log_bin", "OFF"), "log-rate").is_err());
    }

    #[test]
    fn samples_tell_how_many_bytes_values_have() {
        let with = |rows, size| bench().sampled(move |_| Outcome::Read(vec![rows, size, 9]));
        assert_eq!(of(&with(100, 5_000), "bytes-of-values"), Ok(5_000), "read whole");
        assert_eq!(of(&with(6_710, 67_100), "bytes-of-values"), Ok(10_000_000), "a mean of 10");
        let late = bench().sampled(|_| Outcome::Late);
        assert!(of(&late, "bytes-of-values").unwrap_err().contains("1 table"));
    }

    #[test]
    fn a_probe_that_failed_is_the_reason() {
        let mut bench = bench();
        bench.measured.probe = Some(Probed::Failed { why: "denied".into() });
        assert_eq!(of(&bench, "copy-time"), Err("the probe failed: denied".into()));
    }
}
