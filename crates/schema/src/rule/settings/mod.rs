//! Settings of both servers that decide how statements are answered.

mod letter_case;
mod mixed_case_names;
mod colliding_names;
mod sql_mode;
mod saved_sql_mode;
mod default_charset;
mod collation;
mod time_zone;
mod timestamp_defaults;
mod packet_size;
mod page_size;
mod workload;
mod connections;
mod start_files;
mod variables;

use super::check::Check;

/// The checks, in the order they are told.
pub(super) const CHECKS: [Check; 15] = [
    letter_case::CHECK,
    mixed_case_names::CHECK,
    colliding_names::CHECK,
    sql_mode::CHECK,
    saved_sql_mode::CHECK,
    default_charset::CHECK,
    collation::CHECK,
    time_zone::CHECK,
    timestamp_defaults::CHECK,
    packet_size::CHECK,
    page_size::CHECK,
    workload::CHECK,
    connections::CHECK,
    start_files::CHECK,
    variables::CHECK,
];
