//! `sealift pause`, `resume`, `stop` and `set`: what the operator wants of the run that is at work.

use clap::builder::PossibleValuesParser;
use sealift_engine::control::{Settings, Steering};
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::report::Conclusion;
use sealift_server::api::{Request, call};
use serde_json::{Map, Value, json};

use super::{Answer, Context};
use crate::output::quantity::{bytes, count};

/// Let the run finish what is under way and begin nothing more
///
/// Chunks and batches under way are finished. Nothing is lost, but the source must keep its binary log
/// until the run goes on: sealift status says for how long it does.
#[derive(Debug, clap::Args)]
pub(crate) struct PauseArgs {}

/// Let a paused run go on
#[derive(Debug, clap::Args)]
pub(crate) struct ResumeArgs {}

/// Stop the run cleanly, as Ctrl-C in its terminal does
///
/// The same command goes on where it stopped.
#[derive(Debug, clap::Args)]
pub(crate) struct StopArgs {}

/// Change a setting of the run that is at work, until it ends
///
/// The settings limit the copy and spare the source; changes are never held back. Numbers may end in K, M
/// or G (1024 times). What a run begins with is in [throttle] of sealift.toml.
#[derive(Debug, clap::Args)]
pub(crate) struct SetArgs {
    /// Which setting
    #[arg(value_parser = PossibleValuesParser::new(Settings::KEYS))]
    key: String,
    /// Its value, a whole number; none takes the limit away
    value: String,
}

pub(super) async fn pause(_args: &PauseArgs, context: &Context) -> Result<Answer, Fault> {
    let keys = call(context.state(), Request::Pause).await?;
    Ok(answer("paused: what is under way is finished, sealift resume goes on\n".into(), keys))
}

pub(super) async fn resume(_args: &ResumeArgs, context: &Context) -> Result<Answer, Fault> {
    let keys = call(context.state(), Request::Resume).await?;
    Ok(answer("resumed\n".into(), keys))
}

pub(super) async fn stop(_args: &StopArgs, context: &Context) -> Result<Answer, Fault> {
    let keys = call(context.state(), Request::Stop).await?;
    Ok(answer("stopping: what is under way is finished first\n".into(), keys))
}

pub(super) async fn set(args: &SetArgs, context: &Context) -> Result<Answer, Fault> {
    let SetArgs { key, value } = args;
    let value = number(value).ok_or_else(|| {
        let what = format!("the value of `{key}` is not a whole number from 1 on, or none");
        Fault::new(ErrorCode::UsageInvalid, what)
    })?;
    let change = Map::from_iter([(key.clone(), value)]);
    let keys = call(context.state(), Request::Set(change)).await?;
    let steering: Steering = serde_json::from_value(json!(keys))
        .map_err(|error| Fault::new(ErrorCode::NoAnswer, "read its settings").because(error))?;
    Ok(answer(format!("{}\n", settings(&steering.settings)), keys))
}

fn answer(text: String, keys: Map<String, Value>) -> Answer {
    Answer { keys, ..Answer::new(Conclusion::Done, text) }
}

/// `10M` is 10 times 1024 times 1024; `none` is no limit.
fn number(text: &str) -> Option<Value> {
    if text == "none" {
        return Some(Value::Null);
    }
    let (digits, unit) = match text.char_indices().next_back()? {
        (end, 'K' | 'k') => (text.get(..end)?, 1 << 10),
        (end, 'M' | 'm') => (text.get(..end)?, 1 << 20),
        (end, 'G' | 'g') => (text.get(..end)?, 1 << 30),
        (_, _) => (text, 1),
    };
    let number = digits.parse::<u64>().ok()?.checked_mul(unit)?;
    (number > 0).then(|| json!(number))
}

/// All limits in one line.
pub(crate) fn settings(settings: &Settings) -> String {
    let Settings {
        rows_per_second,
        bytes_per_second,
        workers,
        threads_running_max,
        replica_lag_max,
        target_threads_running_max,
    } = settings;
    let limits = [
        rows_per_second.map(|rows| format!("{} rows/s", count(rows.get()))),
        bytes_per_second.map(|rate| format!("{}/s", bytes(rate.get()))),
        workers.map(|workers| format!("{workers} workers")),
        threads_running_max.map(|most| format!("Threads_running {most}")),
        replica_lag_max.map(|most| format!("replica lag {most} s")),
        target_threads_running_max.map(|most| format!("the target's Threads_running {most}")),
    ];
    let limits: Vec<String> = limits.into_iter().flatten().collect();
    if limits.is_empty() { "no limits".into() } else { format!("at most {}", limits.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_have_a_unit() {
        for (text, expected) in [
            ("7", Some(json!(7))),
            ("10k", Some(json!(10_240))),
            ("3M", Some(json!(3_145_728))),
            ("1G", Some(json!(1_073_741_824))),
            ("none", Some(Value::Null)),
            ("0", None),
            ("", None),
            ("M", None),
            ("-1", None),
            ("1.5M", None),
            ("99999999999G", None),
            ("7 ", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }

    #[test]
    fn limits_are_said_in_one_line() {
        assert_eq!(settings(&Settings::default()), "no limits");
        let some = json!({"bytes_per_second": 3_145_728, "workers": 2, "threads_running_max": 40});
        let some = serde_json::from_value(some).unwrap();
        assert_eq!(settings(&some), "at most 3.0 MiB/s, 2 workers, Threads_running 40");
    }
}
