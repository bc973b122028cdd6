//! A compressed log is read as it is; it is shorter on the line.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "binary-log-compression",
    title: "Compression and encryption of the log",
    mode: Mode::Online,
    worst: Level::Notes,
    sql: "SHOW GLOBAL VARIABLES WHERE variable_name IN ('binlog_transaction_compression', 'log_bin_compress', 'binlog_encryption')",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/binary-log-transaction-compression.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let names = [
        (
            "binlog_transaction_compression",
            "transactions are logged compressed; sealift reads them",
        ),
        ("log_bin_compress", "rows are logged compressed; sealift reads them"),
        (
            "binlog_encryption",
            "the log is encrypted on disk; the server decrypts it for its readers",
        ),
    ];
    let on = names.into_iter().filter(|(name, _)| case.source.is_on(name));
    Ok(on.map(|(name, what)| Found::notes(Thing::variable(Side::Source, name), what)).collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn what_is_on_is_noted() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let bench = Bench::clean().variable("binlog_transaction_compression", "ON");
        assert_eq!(bench.levels(&CHECK), "1 notes");
    }
}
