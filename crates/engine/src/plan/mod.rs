//! The folder of scripts a person may edit: write, reread, apply.

pub mod draft;
pub mod script;
pub mod file_name;
pub mod manifest;
pub mod folder;
pub mod reconcile;
pub mod make;
pub mod changes;
