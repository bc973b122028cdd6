//! The two servers: whose they are, of which version, how far away.

mod reached;
mod protection;
mod target_platform;
mod target_writable;
mod entra_only;
mod source_flavor;
mod version_path;
mod target_lifetime;
mod clock_skew;

use super::check::Check;

/// The checks, in the order they are told.
pub(super) const CHECKS: [Check; 9] = [
    reached::CHECK,
    protection::CHECK,
    target_platform::CHECK,
    target_writable::CHECK,
    entra_only::CHECK,
    source_flavor::CHECK,
    version_path::CHECK,
    target_lifetime::CHECK,
    clock_skew::CHECK,
];
