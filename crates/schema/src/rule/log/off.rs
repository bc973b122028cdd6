//! Without a binary log nothing can be followed.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::platform::Platform;

pub(super) const CHECK: Check = Check {
    id: "binary-log-off",
    title: "The source writes a binary log",
    mode: Mode::Online,
    worst: Level::Blocks,
    sql: "SELECT @@log_bin",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/binary-log.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    if case.source.is_on("log_bin") {
        return Ok(Vec::new());
    }
    let how = match case.source.platform() {
        Platform::Rds => {
            "turn automated backups on (a retention of one day or more), and set binlog_format in the parameter group"
        }
        Platform::Aurora => {
            "set binlog_format = ROW in the cluster's parameter group and restart the writer"
        }
        Platform::CloudSql => "turn point-in-time recovery on",
        Platform::Azure => "it is always on; see whether the account may read it",
        Platform::Percona | Platform::MySql | Platform::MariaDb => {
            "put log_bin and a server_id of its own into the configuration file and restart the server"
        }
    };
    let what = "it is OFF: only an offline migration is possible";
    Ok(vec![Found::blocks(Thing::variable(Side::Source, "log_bin"), what).advise(how)])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn the_remedy_is_the_services_own() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let off = Bench::clean().variable("log_bin", "OFF");
        assert!(off.said(&CHECK)[0].contains("configuration file"));
        let rds = off.variable("basedir", "/rdsdbbin/mysql");
        assert!(rds.said(&CHECK)[0].contains("automated backups"));
    }
}
