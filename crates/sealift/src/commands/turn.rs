//! `sealift cutover`, `rollback` and `finish`: which side is live.

use std::path::Path;
use std::sync::Arc;

use sealift_engine::cutover::{ClientRecord, TurnAsk, TurnOutcome, TurnRecord, TurnWish};
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::report::{Conclusion, FaultReport};
use sealift_engine::run;
use sealift_server::api::{Request, call};
use serde_json::json;
use tokio::sync::oneshot;

use super::run::{Alone, ledger_name, run_alone};
use super::watch::Watch;
use super::{Answer, Context};

/// Make the target live: writes stop on the source, everything arrives, the traffic moves
///
/// Writes are kept out of the source until everything is on the target and the target is found good; then one
/// statement decides, and the hook that moves the traffic is called. If anything is not as it should be before
/// that, or the time budget is used up, the source takes writes again and changes are followed as before.
/// After it the target's changes are followed back to the source, so that rollback can be made at any time.
///
/// A run that is at work does it; if none is, this command follows the source until it is ready, cuts over, and
/// goes on following the target until Ctrl-C. Exit code 3: it was refused, and the source is live.
#[derive(Debug, clap::Args)]
pub(crate) struct CutoverArgs {
    /// Do everything but the switch, take it back, and print how long writes were kept out
    #[arg(long)]
    rehearse: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Do not follow the target's changes back: there is no rollback then
    #[arg(long)]
    no_way_back: bool,
}

/// Make the source live again: a cutover the other way
///
/// With the same proofs, and with every write that the target took meanwhile.
#[derive(Debug, clap::Args)]
pub(crate) struct RollbackArgs {
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// End the migration: nothing of sealift stays on either server
///
/// The side that is live stays so. The other one is not kept current any more, and there is no way back. Stop
/// the run first.
#[derive(Debug, clap::Args)]
pub(crate) struct FinishArgs {
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl CutoverArgs {
    /// The command as it is typed.
    pub(super) fn words(&self) -> &'static str {
        if self.rehearse { "cutover --rehearse" } else { "cutover" }
    }
}

pub(super) async fn cutover(args: &CutoverArgs, context: &mut Context) -> Result<Answer, Fault> {
    let CutoverArgs { rehearse, yes, no_way_back } = *args;
    if !rehearse && !yes {
        consent(
            context,
            "cutover",
            "Writes to the source stop for a moment, then the target is live.",
        )
        .await?;
    }
    let by = by(context, args.words());
    turn(TurnAsk { wish: TurnWish::Cutover, rehearse, no_way_back, by }, context).await
}

pub(super) async fn rollback(args: &RollbackArgs, context: &mut Context) -> Result<Answer, Fault> {
    let RollbackArgs { yes } = *args;
    if !yes {
        consent(
            context,
            "rollback",
            "Writes to the target stop for a moment, then the source is live.",
        )
        .await?;
    }
    let by = by(context, "rollback");
    let ask = TurnAsk { wish: TurnWish::Rollback, rehearse: false, no_way_back: false, by };
    turn(ask, context).await
}

pub(super) async fn finish(args: &FinishArgs, context: &mut Context) -> Result<Answer, Fault> {
    let FinishArgs { yes } = *args;
    if !yes {
        consent(
            context,
            "finish",
            "Changes are not followed any more: there is no way back after it.",
        )
        .await?;
    }
    let config = context.config()?;
    let (source, target) = context.endpoints(&config)?;
    let state = Arc::new(context.open_state(&config)?);
    let name = ledger_name(&state, context)?;
    let mut watch = Watch::show(context);
    let migration = context.migration(&config, (source, target), &watch.progress);
    watch.record(&state, &migration.control);
    let ended = run::finish(&migration, &name, state.as_ref(), &mut context.report).await;
    watch.finish().await;
    Ok(Answer::new(ended?, String::new()))
}

/// Asks the run that is at work; without one, is one.
async fn turn(ask: TurnAsk, context: &mut Context) -> Result<Answer, Fault> {
    let answered = tokio::select! {
        answered = call(context.state(), Request::Turn(ask.clone())) => answered,
        () = context.stop.wait() => return Err(given_up()),
    };
    match answered {
        Ok(keys) => {
            let record: TurnRecord = serde_json::from_value(json!(keys)).map_err(|error| {
                Fault::new(ErrorCode::NoAnswer, "read what became of it").because(error)
            })?;
            context.report_folder = Some(context.state().to_owned());
            context.report.turns.push(record.clone());
            Ok(answer(&record))
        }
        Err(fault) if fault.code == ErrorCode::NotRunning => {
            match run_alone(Alone { ask }, context).await? {
                // This terminal was told when it was made.
                Some(record) if !context.output.is_quiet => {
                    Ok(Answer { text: String::new(), ..answer(&record) })
                }
                Some(record) => Ok(answer(&record)),
                None => {
                    let what = "the run has ended before the turn: nothing is followed any more";
                    let fault = Fault::new(ErrorCode::TurnRefused, what)
                        .advise("after a cutover with --no-way-back there is no rollback");
                    let answer = Answer::new(Conclusion::Refused, String::new());
                    Ok(Answer { fault: Some(fault), ..answer })
                }
            }
        }
        // It was asked in vain: nothing was touched.
        Err(fault) if fault.code == ErrorCode::TurnRefused => {
            Ok(Answer { fault: Some(fault), ..Answer::new(Conclusion::Refused, String::new()) })
        }
        Err(fault) => Err(fault),
    }
}

/// Nobody waits for the turn any more.
fn given_up() -> Fault {
    let what = "stopped waiting: the run takes the turn back if writes were not kept out yet, else it ends it";
    Fault::new(ErrorCode::Interrupted, what).advise("see sealift status for the side that is live")
}

fn answer(record: &TurnRecord) -> Answer {
    let mut answer = Answer::new(conclusion(record), format!("{}\n", sentence(record)));
    answer.fault = record.error.as_ref().map(fault);
    answer.add("turn", json!(record));
    answer.add("live", json!(record.live));
    answer
}

/// How a turn ended, as commands do.
pub(super) fn conclusion(record: &TurnRecord) -> Conclusion {
    match record.outcome {
        TurnOutcome::Switched | TurnOutcome::Rehearsed => Conclusion::Done,
        TurnOutcome::Refused => Conclusion::Refused,
        TurnOutcome::Unfinished => Conclusion::Failed,
    }
}

/// What became of a turn, in one line.
pub(crate) fn sentence(record: &TurnRecord) -> String {
    let TurnRecord { ask, outcome, live, refused_ms, client, .. } = record;
    let word = ask.wish.word();
    let mut out = format!("writes were kept out for {} ms", refused_ms.unwrap_or(0));
    if let Some(ms) = client.as_ref().and_then(ClientRecord::refused_ms) {
        out += &format!(", refused to a client for {ms} ms");
    }
    match outcome {
        TurnOutcome::Switched => format!("{word}: the {live} is live; {out}"),
        TurnOutcome::Unfinished => {
            format!("{word}: the {live} is live, {out}; something after it failed")
        }
        TurnOutcome::Rehearsed => format!("{word} rehearsed: {out}; the {live} is live"),
        TurnOutcome::Refused => format!("{word} refused: the {live} is live and takes writes"),
    }
}

fn fault(report: &FaultReport) -> Fault {
    let FaultReport { code, side, object, what, cause, remedy, page: _ } = report;
    Fault {
        code: *code,
        side: *side,
        object: object.clone(),
        what: what.clone(),
        advice: Some(remedy.clone()),
        cause: cause.clone().map(Into::into),
    }
}

/// Asks a person to type the command's name; where there is none to ask, `--yes` has to be given.
async fn consent(context: &Context, command: &str, what: &str) -> Result<(), Fault> {
    let question = format!("{what}\nType {command} to go on: ");
    let surroundings = Arc::clone(&context.surroundings);
    let (tell, told) = oneshot::channel();
    // Reading cannot be broken off: the thread ends with the process.
    std::thread::spawn(move || {
        // Whoever asked may have gone.
        let _unheard = tell.send(surroundings.word(&question)).is_err();
    });
    let typed = tokio::select! {
        typed = told => typed.unwrap_or(None),
        () = context.stop.wait() => {
            let what = format!("{command} was not confirmed");
            return Err(Fault::new(ErrorCode::Interrupted, what).advise("nothing was done"));
        }
    };
    match typed {
        Some(Ok(typed)) if typed == command => Ok(()),
        Some(_) => Err(Fault::new(ErrorCode::UsageInvalid, format!("{command} was not confirmed"))
            .advise("nothing was done")),
        None => {
            Err(Fault::new(ErrorCode::UsageInvalid, format!("{command} asks before it begins"))
                .advise("without a terminal, say --yes"))
        }
    }
}

/// Who asks, for the record: the machine's user, and the command.
fn by(context: &Context, command: &str) -> String {
    let surroundings = context.surroundings.as_ref();
    let user = ["USER", "LOGNAME"].iter().find_map(|name| surroundings.variable(name));
    let user = user.unwrap_or_else(|| "unknown".to_owned());
    let host = surroundings.read(Path::new("/proc/sys/kernel/hostname")).ok();
    let host = host.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let host = host.unwrap_or_else(|| "unknown".to_owned());
    format!("{user}@{host}: sealift {command}")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_fault_survives_the_way_through_a_record() {
        let told = Fault::new(ErrorCode::TransactionsOpen, "connection 7")
            .on(sealift_schema::facts::Side::Source)
            .advise("end it");
        let back = fault(&FaultReport::from(&told));
        assert_eq!(
            (back.code, back.what.as_str(), back.remedy()),
            (told.code, "connection 7", "end it")
        );
        let value: Value = json!(FaultReport::from(&back));
        assert_eq!(value["side"], "source");
    }
}
