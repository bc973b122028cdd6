//! Names of columns in the log let a reader notice a table that changed meanwhile.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Care, Check, Fix, Found, Hand, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "binary-log-metadata",
    title: "Names of columns in the log",
    mode: Mode::Online,
    worst: Level::Notes,
    sql: "SELECT @@global.binlog_row_metadata",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/replication-options-binary-log.html#sysvar_binlog_row_metadata",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let value = case.source.variable("binlog_row_metadata");
    if !value.eq_ignore_ascii_case("MINIMAL") && !value.eq_ignore_ascii_case("NO_LOG") {
        return Ok(Vec::new());
    }
    let what = format!(
        "it is {value}: rows are read by the catalog's columns; FULL would say them with every row"
    );
    let found = Found::notes(Thing::variable(Side::Source, "binlog_row_metadata"), what);
    let fix = Fix::new(Hand::SourceAdmin, Care::Safe, "SET GLOBAL binlog_row_metadata = 'FULL'");
    Ok(vec![found.fix(fix.revert(format!("SET GLOBAL binlog_row_metadata = '{value}'")))])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn little_metadata_is_noted() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let minimal = Bench::clean().variable("binlog_row_metadata", "MINIMAL");
        assert_eq!(minimal.levels(&CHECK), "1 notes");
    }
}
