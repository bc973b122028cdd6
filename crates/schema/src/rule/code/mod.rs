//! Views, routines, triggers and events: what they say that a target does not let them say.

mod invalid_view;
mod definer;
mod definer_rights;
mod orphan_definer;
mod forbidden;
mod events;
mod triggers_there;
mod unreadable_body;
mod loaded_functions;
mod plugins;
mod foreign_servers;
mod reference_systems;
mod removed;
mod new_reserved;
mod mariadb_only;

use super::check::Check;

/// The checks, in the order they are told.
pub(super) const CHECKS: [Check; 15] = [
    invalid_view::CHECK,
    definer::CHECK,
    definer_rights::CHECK,
    orphan_definer::CHECK,
    forbidden::CHECK,
    events::CHECK,
    triggers_there::CHECK,
    unreadable_body::CHECK,
    loaded_functions::CHECK,
    plugins::CHECK,
    foreign_servers::CHECK,
    reference_systems::CHECK,
    removed::CHECK,
    new_reserved::CHECK,
    mariadb_only::CHECK,
];
