//! Hosts in account names were true on the old network.

use super::{is_role, people};
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict, account};
use crate::rule::question::Question;

pub(super) const CHECK: Check = Check {
    id: "account-hosts",
    title: "Hosts accounts may log in from",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::Accounts],
    link: "https://dev.mysql.com/doc/refman/8.4/en/account-names.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let rows = case.source.ask(Question::Accounts)?;
    let found = people(rows).filter(|row| !is_role(row)).filter_map(|row| {
        let host = row.text("host");
        let what = match host {
            "localhost" | "127.0.0.1" | "::1" => "nobody logs in to a managed server from itself",
            _ if is_private(host) => "an address of the old network: see whether clients keep it",
            _ if host.contains('/') => "a network mask: see whether clients keep their addresses",
            _ => return None,
        };
        let user = row.text("user");
        let level = if case.target.platform().is_managed() { Level::Warns } else { Level::Notes };
        let found = Found::at(level, Thing::account(user, host), what);
        Some(found.advise(format!("CREATE USER {} instead, with TLS required", account(user, "%"))))
    });
    Ok(found.collect())
}

fn is_private(host: &str) -> bool {
    let second = host
        .strip_prefix("172.")
        .and_then(|rest| rest.split('.').next())
        .and_then(|text| text.parse::<u8>().ok());
    host.starts_with("10.")
        || host.starts_with("192.168.")
        || second.is_some_and(|part| (16..=31).contains(&part))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    #[test]
    fn hosts_of_the_old_network_are_told() {
        for (host, told) in [
            ("%", ""),
            ("localhost", "1 warns"),
            ("10.0.0.%", "1 warns"),
            ("172.32.0.1", ""),
            ("172.20.%", "1 warns"),
            ("198.51.100.0/255.255.255.0", "1 warns"),
        ] {
            let row = format!("app,{host}");
            let bench =
                Bench::clean().answer(Side::Source, Question::Accounts, "user,host", &[&row]);
            assert_eq!(bench.levels(&CHECK), told, "{host}");
        }
    }
}
