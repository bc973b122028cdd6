//! Reasons to worry, judged before anything is touched: one file each.
//!
//! Two kinds: rules of [`run`] are asked by `plan apply` and `run`, where each answer decides whether the
//! command goes on; checks are asked by `assess`, which names every object and what to do about it. Both see
//! plain facts and never ask a server.

mod run;

pub mod platform;
pub mod sku;
pub mod question;
pub mod rows;
pub mod suspicion;
pub mod measured;
mod case;
mod check;
mod assessment;
mod estimate;
mod text;
pub mod words;
mod parameter;

mod reach;
mod settings;
mod tables;
mod columns;
mod keys;
mod code;
mod accounts;
mod log;
mod ready;
mod physical;

pub use self::assessment::{
    Acceptance, Assessment, CheckResult, FORMAT, Grade, SchemaResult, ServerSaid, Standing, Way,
    Ways, assess,
};
pub use self::case::{Case, Protection, Rewritten, Server};
pub use self::check::{Care, Check, Fix, Found, Hand, Level, Mode, NotChecked, Thing};
pub use self::estimate::{BEHIND_MS_MAX, Estimate, Figure, Unit};
pub use self::run::{Finding, Scene, Severity, judge};

/// Checks about one thing.
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    /// What they are about.
    pub name: &'static str,
    /// The checks, in the order they are told.
    pub checks: &'static [Check],
}

/// All checks of `assess`, in the order they are told.
pub const TOPICS: [Topic; 9] = [
    Topic { name: "servers", checks: &reach::CHECKS },
    Topic { name: "settings", checks: &settings::CHECKS },
    Topic { name: "tables", checks: &tables::CHECKS },
    Topic { name: "columns", checks: &columns::CHECKS },
    Topic { name: "keys", checks: &keys::CHECKS },
    Topic { name: "code", checks: &code::CHECKS },
    Topic { name: "accounts", checks: &accounts::CHECKS },
    Topic { name: "binary log", checks: &log::CHECKS },
    Topic { name: "readiness", checks: &ready::CHECKS },
];

#[cfg(test)]
mod bench;
