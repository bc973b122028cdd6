//! Definitions that change on the source while its changes are followed.
//!
//! A statement of the log is judged by its tokens ([`Scope`]). One about something migrated is executed on the
//! target at its place, and the definitions rows are read by move with it ([`Carrier`]).

mod scope;
mod ledger;
mod derive;
mod unlike;
mod setting;
mod carrier;

pub use self::carrier::{
    Carrier, Marked, Outcome, are_kept, close_ledger, held, is_any_due, keep, known, mark,
    transaction_key,
};
pub use self::ledger::{DefinitionLedger, session_alone};
pub use self::scope::{Concern, Scope};
