//! The folder of scripts a person may edit: write, reread, apply.

mod order;
mod compose;
pub mod draft;
pub mod generate;
pub mod script;
pub mod file_name;
pub mod manifest;
pub mod folder;
pub mod reconcile;
pub mod make;
mod changes;
pub mod read;
pub mod apply;
pub mod accounts;
