//! What `assess` found, in the forms people and scripts read.

pub(crate) mod terminal;
pub(crate) mod html;
pub(crate) mod baseline;
pub(crate) mod fix_script;

#[cfg(test)]
mod sample;
