//! Accounts: who may log in, how, and what they may do; read, filtered for the target, printed, compared.
//!
//! An account is read from `SHOW CREATE USER` and `SHOW GRANTS` into [`Account`]; [`plan`] says what becomes
//! of each on the target, one file per filter; [`difference`] tells what makes the target's account the
//! planned one. What a password's proof is (a hash) is a [`Secret`](definition::Secret): it is printed into
//! scripts and nowhere else.

mod name;
pub mod definition;
mod clause;
pub mod right;
mod statement;
mod script;
mod policy;
mod scene;
mod draft;
mod who;
mod dialect;
mod login;
mod privilege;
mod object;
mod withheld;
mod role;
pub mod plan;
pub mod difference;
pub mod reach;
#[cfg(test)]
mod fixture;

pub use self::clause::Clause;
pub use self::name::AccountName;
pub use self::policy::{AccountPolicy, Existing};
pub use self::scene::{Names, Power, Scene};
pub use self::script::{Account, ScriptError, read_rights};
