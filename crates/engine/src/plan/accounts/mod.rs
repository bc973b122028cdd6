//! Accounts in the plan: a script each in a part of its own, written, compared with the target, applied.
//!
//! Scripts hold hashes of passwords, which is as good as passwords to whoever can try many: this folder and
//! its files can be read by their owner only, and what stands in them is shown nowhere.

mod draft;
mod shelf;
mod make;
mod compare;
mod apply;
mod report;

pub use self::apply::{Applier, apply};
pub(crate) use self::compare::missing_select;
pub use self::compare::{are_planned, look, moved};
pub use self::draft::AccountDraft;
pub use self::make::{Made, write};
pub use self::report::{AccountDifference, AccountReport, AccountResult, Notice};

/// The folder of accounts' scripts, below the plan's.
pub const FOLDER: &str = "90-accounts";
