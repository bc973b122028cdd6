//! Rows can be written to a primary only.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Care, Check, Fix, Found, Hand, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;

pub(super) const CHECK: Check = Check {
    id: "target-read-only",
    title: "The target takes writes",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT @@global.read_only, @@global.super_read_only",
    asks: &[Question::Replica],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-read-replicas",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let target = case.real_target()?;
    let mut found = Vec::new();
    if let Some(name) = ["super_read_only", "read_only"].into_iter().find(|name| target.is_on(name))
    {
        let what = "it is ON: the server is a replica, or its disk is nearly full";
        found.push(
            Found::blocks(Thing::variable(Side::Target, name), what)
                .advise("name the primary in [target], or give the server more storage"),
        );
    }
    if !target.ask(Question::Replica)?.is_empty() {
        let what = "it follows another server: what sealift writes would meet what it replicates";
        let stop = if case.is_azure() {
            "CALL mysql.az_replication_stop; CALL mysql.az_replication_remove_master"
        } else {
            "STOP REPLICA; RESET REPLICA ALL"
        };
        let fix = Fix::new(Hand::TargetAdmin, Care::Thought, stop);
        found.push(Found::blocks(Side::Target, what).fix(fix));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    #[test]
    fn a_replica_or_a_read_only_server_is_no_target() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        assert_eq!(Bench::clean().on_target("read_only", "ON").levels(&CHECK), "1 blocks");
        let replica = Bench::clean().answer(Side::Target, Question::Replica, "Source_Host", &["a"]);
        assert!(replica.said(&CHECK)[0].contains("az_replication_stop"));
        assert_eq!(Bench::clean().to("azure-8.4").said(&CHECK), ["not checked: NoTarget"]);
        let denied =
            Bench::clean().denied(Side::Target, Question::Replica, "REPLICATION CLIENT ON *.*");
        assert_eq!(
            denied.said(&CHECK),
            ["not checked: GRANT REPLICATION CLIENT ON *.* TO 'admin'@'%'"]
        );
    }
}
