//! A target that applies slower than the source writes never catches up.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, NotChecked, Thing, Verdict};
use crate::rule::estimate::rates;
use crate::rule::measured::{GrowthLook, PROBE, Probed, SCAN};
use crate::rule::text::bytes;

pub(super) const CHECK: Check = Check {
    id: "write-rate",
    title: "The target applies faster than the source writes",
    mode: Mode::Online,
    worst: Level::Blocks,
    sql: "",
    asks: &[],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-service-tiers-storage",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    if !case.source.is_on("log_bin") {
        return Ok(Vec::new());
    }
    if case.measured.probe.is_none() {
        case.real_target()?;
        return Err(NotChecked::NotAsked { option: PROBE.to_owned() });
    }
    if let Some(Probed::Failed { why }) = &case.measured.probe {
        return Err(NotChecked::Failed { side: Side::Target, why: why.clone() });
    }
    let [written, applied] = match rates(case) {
        Ok(rates) => rates,
        Err(_) if case.measured.log.is_none() => {
            return Err(match &case.measured.growth {
                Some(GrowthLook::Failed { why }) => {
                    NotChecked::Failed { side: Side::Source, why: why.clone() }
                }
                Some(GrowthLook::Seen(_)) | None => {
                    NotChecked::NotAsked { option: SCAN.to_owned() }
                }
            });
        }
        Err(why) => {
            return Err(NotChecked::Unseen { ask: format!("how much the source writes ({why})") });
        }
    };
    let what = format!(
        "the source writes {} a second, the target applies {} (see the estimates)",
        bytes(written),
        bytes(applied)
    );
    let thing = Thing::server(Side::Target);
    let larger = "take a larger target for the migration, or write to the source at another time";
    Ok(vec![if written >= applied {
        Found::blocks(thing, what).advise(larger)
    } else if written > applied / 2 {
        Found::warns(thing, what).advise(larger)
    } else {
        Found::notes(thing, what)
    }])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;
    use crate::rule::measured::{Growth, GrowthLook, Pace, Probe, Probed};

    #[test]
    fn what_is_written_is_compared_with_what_is_applied() {
        let with = |written: u64, applied: u64| {
            let mut bench = Bench::clean();
            let pace = Pace { sent_bytes: applied, ms: 1_000, ..Pace::default() };
            let probe = Probe { copied: pace, indexed: None, applied: Some(pace) };
            bench.measured.probe = Some(Probed::Done(probe));
            bench.measured.growth =
                Some(GrowthLook::Seen(Growth { bytes: written * 10, ms: 10_000 }));
            bench.levels(&CHECK)
        };
        assert_eq!(Bench::clean().levels(&CHECK), "1 not checked");
        assert_eq!(Bench::clean().to("azure-8.4").levels(&CHECK), "1 not checked");
        assert_eq!(with(10, 100), "1 notes");
        assert_eq!(with(60, 100), "1 warns");
        assert_eq!(with(100, 100), "1 blocks");
    }
}
