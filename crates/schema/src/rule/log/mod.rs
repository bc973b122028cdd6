//! The source's binary log: what a migration that follows it needs.

mod off;
mod format;
mod metadata;
mod compression;
mod retention;
mod replica;
mod filter;
mod gtid;
mod server_id;
mod grants;
mod cascades;
mod transactions;
mod prepared_xa;
mod time_limits;
mod fence;
mod files;
mod readable;
mod statements;
mod largest;
mod write_rate;

use super::check::Check;

pub(super) use self::retention::kept_seconds;

/// The checks, in the order they are told.
pub(super) const CHECKS: [Check; 20] = [
    off::CHECK,
    format::CHECK,
    metadata::CHECK,
    compression::CHECK,
    retention::CHECK,
    replica::CHECK,
    filter::CHECK,
    gtid::CHECK,
    server_id::CHECK,
    grants::CHECK,
    cascades::CHECK,
    transactions::CHECK,
    prepared_xa::CHECK,
    time_limits::CHECK,
    fence::CHECK,
    files::CHECK,
    readable::CHECK,
    statements::CHECK,
    largest::CHECK,
    write_rate::CHECK,
];
