//! Whether both accounts and the target are ready for a load.

mod snapshot_grants;
mod target_grants;
mod target_reads;
mod target_not_empty;
mod function_creators;
mod local_infile;
mod load_settings;
mod storage;
mod compute;
mod high_availability;
mod maintenance;
mod plain_clients;
mod client_habits;
mod physical;

use super::check::Check;

/// The checks, in the order they are told.
pub(super) const CHECKS: [Check; 14] = [
    snapshot_grants::CHECK,
    target_grants::CHECK,
    target_reads::CHECK,
    target_not_empty::CHECK,
    function_creators::CHECK,
    local_infile::CHECK,
    load_settings::CHECK,
    storage::CHECK,
    compute::CHECK,
    high_availability::CHECK,
    maintenance::CHECK,
    plain_clients::CHECK,
    client_habits::CHECK,
    physical::CHECK,
];
