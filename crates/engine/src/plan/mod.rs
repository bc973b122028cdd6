//! The folder of scripts a person may edit: write, reread, apply.

pub mod script;
pub mod file_name;
