//! Keys between tables and within them: what a target refuses, or ranks otherwise.

mod non_standard;
mod other_type;
mod names;
mod outside;
mod fulltext;
mod prefix;
mod orphans;

use super::check::Check;

/// The checks, in the order they are told.
pub(super) const CHECKS: [Check; 7] = [
    non_standard::CHECK,
    other_type::CHECK,
    names::CHECK,
    outside::CHECK,
    fulltext::CHECK,
    prefix::CHECK,
    orphans::CHECK,
];
