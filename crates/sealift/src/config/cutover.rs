//! `[cutover]`: how a migration is cut over, and rolled back.

use std::ops::RangeInclusive;
use std::time::Duration;

use sealift_engine::cutover::{CutoverSettings, Hook};
use sealift_engine::fault::Fault;

use super::invalid;
use super::raw::{Place, RawCutover};

/// A shorter one leaves no time to wait for anything; a longer one is no cutover but an outage.
const BUDGET: RangeInclusive<u64> = 5..=600;

/// Longer is not waiting but hanging.
const HOOK_TIME: RangeInclusive<u64> = 1..=600;

pub(super) fn resolve(raw: RawCutover, place: Place<'_>) -> Result<CutoverSettings, Fault> {
    let RawCutover {
        fence,
        budget,
        wait,
        kill,
        way_back,
        headroom,
        confirm_rows,
        smoke,
        before,
        after,
        hook_time,
        // It logs in as servers do: the configuration resolves it as it does those.
        client: _,
    } = raw;
    let default = CutoverSettings::default();
    let budget = seconds("budget", budget, default.budget, BUDGET, place)?;
    // While a transaction is waited for, others wait behind it.
    let half = budget.as_secs() / 2;
    let usual = default.wait.min(Duration::from_secs(half));
    let wait = seconds("wait", wait, usual, 1..=half, place)?;
    let hook = |name: &str, text: Option<String>| {
        let hook = text.map(|text| Hook::parse(&text)).transpose();
        hook.map_err(|why| invalid(place, format!("{name} in [cutover]: {why}")))
    };
    Ok(CutoverSettings {
        fence,
        budget,
        wait,
        kill,
        way_back: way_back.unwrap_or(default.way_back),
        headroom: headroom.unwrap_or(default.headroom),
        confirm_rows: confirm_rows.unwrap_or(default.confirm_rows),
        smoke,
        before: hook("before", before)?,
        after: hook("after", after)?,
        hook_time: seconds("hook_time", hook_time, default.hook_time, HOOK_TIME, place)?,
    })
}

fn seconds(
    name: &str,
    given: Option<u64>,
    default: Duration,
    allowed: RangeInclusive<u64>,
    place: Place<'_>,
) -> Result<Duration, Fault> {
    match given {
        None => Ok(default),
        Some(seconds) if allowed.contains(&seconds) => Ok(Duration::from_secs(seconds)),
        Some(_) => {
            let (least, most) = (allowed.start(), allowed.end());
            let what = format!("{name} in [cutover] is not from {least} to {most}");
            Err(invalid(place, what).advise("give it in seconds"))
        }
    }
}
