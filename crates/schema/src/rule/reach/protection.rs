//! Rows and passwords travel encrypted, to a server that proved who it is.

use crate::rule::case::Case;
use crate::rule::case::Protection;
use crate::rule::check::{Check, Found, Level, Mode, Verdict};
use crate::rule::question::Question;

pub(super) const CHECK: Check = Check {
    id: "connection-protection",
    title: "Protection of both connections",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::OwnCipher],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/how-to-connect-tls-ssl",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let target = case.profile.is_none().then_some(case.target);
    let mut found = Vec::new();
    for server in [Some(case.source), target].into_iter().flatten() {
        let rows = server.ask(Question::OwnCipher)?;
        let cipher = rows.first().map_or("", |row| row.text("Value"));
        let key = format!("[{}] tls = \"verify-identity\"", server.side);
        match (server.protection, cipher) {
            (Protection::Local, _) => {}
            (_, "") => found.push(
                Found::warns(server.side, "the connection is not encrypted").configure(key),
            ),
            (Protection::Verified, _) => {}
            (Protection::Unverified, _) => found.push(
                Found::warns(server.side, "the connection is encrypted, but the server's name or certificate is not verified")
                    .configure(key),
            ),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::case::Protection;
    use crate::rule::question::Question;

    #[test]
    fn what_is_not_encrypted_or_not_verified_is_told() {
        let told = |protection, cipher: &str| {
            let mut bench = Bench::clean().answer(
                Side::Source,
                Question::OwnCipher,
                "Variable_name,Value",
                &[&format!("Ssl_version,{cipher}")],
            );
            bench.protection = protection;
            bench.levels(&CHECK)
        };
        assert_eq!(told(Protection::Verified, "TLSv1.3"), "");
        assert_eq!(told(Protection::Verified, ""), "1 warns");
        assert_eq!(told(Protection::Unverified, "TLSv1.3"), "2 warns");
        assert_eq!(told(Protection::Local, ""), "");
    }
}
