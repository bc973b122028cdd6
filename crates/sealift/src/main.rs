//! sealift: carries a live MySQL or MariaDB server to another.

use std::process::ExitCode;
use std::sync::Arc;
use std::thread::available_parallelism;

use clap::Parser;
use sealift_engine::clock::Clock;
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::probe::Probe;
use sealift_engine::report::Report;
use sealift_engine::stop::Stop;

mod args;
mod assessment;
mod commands;
mod config;
mod ending;
mod interrupt;
mod log;
mod output;
mod report;

use args::Args;
use commands::Context;
use config::{Machine, Surroundings};
use output::{Form, Output, Screen};

/// The process's surroundings are read here and nowhere else.
fn main() -> ExitCode {
    let machine = Machine;
    let clock = Clock::of_machine();
    let screen = Screen::new(machine.variable("TERM").as_deref() == Some("dumb"));
    let Args { global, command } = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return ending::unparsed(&error, std::env::args_os(), screen),
    };
    log::start_as_asked(machine.variable("SEALIFT_LOG").as_deref(), global.log, &screen);
    let output = Output {
        form: if global.json { Form::Json } else { Form::Human },
        is_quiet: global.quiet,
        screen,
    };
    let report = Report::begin(command.words(), env!("CARGO_PKG_VERSION"), &clock);
    let mut context = Context {
        global,
        surroundings: Arc::new(machine),
        cores: available_parallelism().map_or(1, usize::from),
        clock,
        output,
        randomness: rand::random,
        stop: Stop::new(),
        probe: Probe::none(),
        report,
        report_folder: None,
    };
    let result = run(&command, &mut context);
    ending::end(context, result)
}

/// Runs the command in a runtime of its own.
fn run(command: &args::Command, context: &mut Context) -> Result<commands::Answer, Fault> {
    if let Some(probe) = context.surroundings.variable("SEALIFT_PROBE") {
        context.probe = Probe::parse(&probe)
            .map_err(|why| Fault::new(ErrorCode::UsageInvalid, format!("SEALIFT_PROBE: {why}")))?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Fault::new(ErrorCode::Internal, "start the runtime").because(error))?;
    runtime.block_on(async {
        interrupt::listen(context.stop.clone(), context.output.clone())?;
        command.execute(context).await
    })
}
