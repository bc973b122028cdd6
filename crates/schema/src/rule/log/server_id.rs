//! A server without a number of its own serves no replicas.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Care, Check, Fix, Found, Hand, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "server-id",
    title: "server_id of the source",
    mode: Mode::Online,
    worst: Level::Blocks,
    sql: "SELECT @@server_id",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/replication-options.html#sysvar_server_id",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    if case.source.variable("server_id") != "0" {
        return Ok(Vec::new());
    }
    let fix = Fix::new(Hand::SourceAdmin, Care::Safe, "SET GLOBAL server_id = 1")
        .revert("SET GLOBAL server_id = 0");
    let what = "it is 0: the source lets nobody read its log";
    Ok(vec![Found::blocks(Thing::variable(Side::Source, "server_id"), what).fix(fix)])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn zero_is_no_number() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        assert_eq!(Bench::clean().variable("server_id", "0").levels(&CHECK), "1 blocks");
    }
}
