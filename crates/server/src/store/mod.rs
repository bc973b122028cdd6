//! A migration's state folder: its lock, its journal, its progress, small records; one `SQLite` file.

mod folder;
mod identity;
mod journal;
mod records;
mod visit;
mod comparison;
mod progress;
mod peek;
mod lock;
mod database;

pub use comparison::{Before, Comparison};
pub use folder::StateFolder;
pub use identity::Identity;
pub use journal::Recorded;
pub use peek::{Peek, Run};
pub use progress::Reported;
pub use visit::Visit;
