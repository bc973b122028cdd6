//! Columns: types, character sets and defaults a target understands otherwise.

mod old_charset;
mod single_byte_charset;
mod generated;
mod float_key;
mod float_counter;
mod zero_default;
mod zerofill;
mod year_of_two;
mod reserved_word;
mod suspicion;
mod impossible_date;
mod no_member;
mod broken_text;
mod other_text;
mod too_long;
mod broken_check;

use super::check::Check;

/// The checks, in the order they are told.
pub(super) const CHECKS: [Check; 15] = [
    old_charset::CHECK,
    single_byte_charset::CHECK,
    generated::CHECK,
    float_key::CHECK,
    float_counter::CHECK,
    zero_default::CHECK,
    zerofill::CHECK,
    year_of_two::CHECK,
    reserved_word::CHECK,
    impossible_date::CHECK,
    no_member::CHECK,
    broken_text::CHECK,
    other_text::CHECK,
    too_long::CHECK,
    broken_check::CHECK,
];
