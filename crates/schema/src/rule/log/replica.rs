//! A replica is a good source, if it logs what it receives and keeps up.

use crate::following::logs_what_it_receives;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;
use crate::rule::text::seconds;

pub(super) const CHECK: Check = Check {
    id: "replica-as-source",
    title: "The source is itself a replica",
    mode: Mode::Online,
    worst: Level::Blocks,
    sql: "SELECT @@log_replica_updates",
    asks: &[Question::Replica],
    link: "https://dev.mysql.com/doc/refman/8.4/en/replication-options-binary-log.html#sysvar_log_replica_updates",
    judge,
};

/// Further behind than this, a cutover loses what has not arrived.
const LAG_MAX: u64 = 60;

fn judge(case: &Case<'_>) -> Verdict {
    let source = &case.source;
    let rows = source.ask(Question::Replica)?;
    let mut found = Vec::new();
    for row in rows {
        let from = row.any(&["Source_Host", "Master_Host"]);
        let thing = Thing::named(format!("replication of the source from {from}"));
        if !logs_what_it_receives(source.facts) {
            let what = "the replica does not log what it receives: nothing could be followed";
            found.push(Found::blocks(thing, what).advise("restart it with --log-replica-updates (before 8.0.26 and in MariaDB --log-slave-updates)"));
            continue;
        }
        let behind = row.any(&["Seconds_Behind_Source", "Seconds_Behind_Master"]);
        let running = row.any(&["Replica_SQL_Running", "Slave_SQL_Running"]);
        found.push(match behind.parse::<u64>() {
            Ok(lag) if lag <= LAG_MAX => Found::notes(thing, format!("the source is a replica, {lag} seconds behind; at cutover writes stop at its own source")),
            Ok(lag) => Found::warns(thing, format!("it is {} behind", seconds(lag))).advise("let it catch up first"),
            Err(_) if running == "Yes" => Found::notes(thing, "the source is a replica; how far behind is not said"),
            Err(_) => Found::warns(thing, "it has stopped: the source does not change as its own source does").advise("start it, or remove it with RESET REPLICA ALL"),
        });
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
    fn a_replica_must_log_and_keep_up() {
        let replica = |columns: &str, row: &str| {
            Bench::clean().answer(Side::Source, Question::Replica, columns, &[row])
        };
        let new = "Source_Host,Replica_SQL_Running,Seconds_Behind_Source";
        let logs = |bench: Bench| bench.variable("log_replica_updates", "ON").levels(&CHECK);
        assert_eq!(Bench::clean().levels(&CHECK), "");
        assert_eq!(replica(new, "db1,Yes,0").levels(&CHECK), "1 blocks");
        assert_eq!(logs(replica(new, "db1,Yes,0")), "1 notes");
        assert_eq!(logs(replica(new, "db1,Yes,600")), "1 warns");
        assert_eq!(logs(replica(new, "db1,No,NULL")), "1 warns");
        let old = "Master_Host,Slave_SQL_Running,Seconds_Behind_Master";
        let mariadb = replica(old, "db1,Yes,1").variable("log_slave_updates", "1");
        assert_eq!(mariadb.levels(&CHECK), "1 notes");
    }
}
