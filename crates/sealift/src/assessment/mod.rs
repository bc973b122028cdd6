//! What `assess` found, in the forms people and scripts read.

pub(crate) mod terminal;
