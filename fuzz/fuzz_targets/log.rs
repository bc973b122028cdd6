//! A source's binary log, and the rows in it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|log: &[u8]| sealift_mysql::binlog::fuzzing::read(log));
