//! Tables: what becomes of those a target stores otherwise, and what their size means.

mod cannot_be_carried;
mod engine;
mod memory;
mod without_key;
mod generated_key;
mod keyless_counter;
mod row_id_column;
mod tablespace;
mod storage_form;
mod row_size;
mod numbers_of_objects;
mod large;
mod unreadable;
mod hidden;
mod partitions;
mod sampled;
mod damaged;
mod broken_comment;

use super::check::Check;

/// The checks, in the order they are told.
pub(super) const CHECKS: [Check; 18] = [
    cannot_be_carried::CHECK,
    engine::CHECK,
    memory::CHECK,
    without_key::CHECK,
    generated_key::CHECK,
    keyless_counter::CHECK,
    row_id_column::CHECK,
    tablespace::CHECK,
    storage_form::CHECK,
    row_size::CHECK,
    numbers_of_objects::CHECK,
    large::CHECK,
    unreadable::CHECK,
    hidden::CHECK,
    partitions::CHECK,
    sampled::CHECK,
    damaged::CHECK,
    broken_comment::CHECK,
];
