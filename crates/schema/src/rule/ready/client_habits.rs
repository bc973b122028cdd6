//! Connection strings hold habits of the old server: a port, a form of names, a root certificate.

use crate::rule::case::Case;
use crate::rule::check::{Check, Level, Mode, NotChecked, Verdict};

pub(super) const CHECK: Check = Check {
    id: "connection-strings",
    title: "Connection strings of the application",
    mode: Mode::All,
    worst: Level::Notes,
    sql: "-- look at the application's configuration",
    asks: &[],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/how-to-connect-tls-ssl",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    if !case.is_azure() {
        return Ok(Vec::new());
    }
    let ask = "in the application's connection strings: a user name of the form user@server fails; the host must be the server's full name, since its address changes at a failover; the port need not be 3306; pinned root certificates must be DigiCert Global Root CA and DigiCert Global Root G2, both";
    Err(NotChecked::Unseen { ask: ask.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn it_is_asked_for_azure() {
        assert!(Bench::clean().said(&CHECK)[0].contains("user@server"));
        assert_eq!(Bench::clean().to("mysql-8.4").levels(&CHECK), "");
    }
}
