//! What people and scripts see: standard output is the answer, standard error everything else.

use std::io::{self, Write};

use sealift_engine::clock::Clock;
use sealift_engine::progress::Progress;
use sealift_engine::report::FaultReport;
use serde_json::{Map, Value};

mod display;
pub(crate) mod error;
pub(crate) mod following;
pub(crate) mod progress;
pub(crate) mod quantity;
mod screen;
pub(crate) mod text;

pub(crate) use display::Display;
pub(crate) use screen::Screen;

/// Prose is not wider than this, however wide the terminal is.
const PROSE_WIDTH_MAX: usize = 100;

/// How a command speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Text.
    Human,
    /// One JSON object on standard output at the end.
    Json,
}

/// Where a command's words go.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) form: Form,
    pub(crate) is_quiet: bool,
    pub(crate) screen: Screen,
}

impl Output {
    /// Shows progress until the display is finished; quiet ones show nothing.
    pub(crate) fn display(&self, progress: &Progress, clock: &Clock) -> Option<Display> {
        (!self.is_quiet)
            .then(|| Display::start(self.screen.clone(), progress.clone(), clock.clone()))
    }

    /// Warns on standard error.
    pub(crate) fn warn(&self, warning: &str) {
        if !self.is_quiet {
            for line in
                text::wrap(&format!("warning: {}", text::clean(warning)), self.prose_width())
            {
                self.screen.tell(&line);
            }
        }
    }

    /// Says something in passing on standard error.
    pub(crate) fn remark(&self, remark: &str) {
        if !self.is_quiet {
            self.screen.tell(&text::clean(remark));
        }
    }

    /// Shows an error on standard error.
    pub(crate) fn error(&self, fault: &FaultReport) {
        self.screen.tell(&error::styled(fault, self.prose_width()));
    }

    /// Prints the answer on standard output, for people.
    pub(crate) fn print(&self, answer: &str) {
        let mut out = anstream::stdout();
        // A reader that went away (`| head`) has seen enough.
        drop(out.write_all(answer.as_bytes()).and_then(|()| out.flush()));
    }

    /// Prints the answer on standard output, for scripts.
    pub(crate) fn print_json(&self, answer: Map<String, Value>) {
        let mut out = io::stdout().lock();
        drop(writeln!(out, "{}", Value::Object(answer)).and_then(|()| out.flush()));
    }

    /// Columns of running text.
    pub(crate) fn prose_width(&self) -> usize {
        self.screen.size().0.min(PROSE_WIDTH_MAX)
    }
}
