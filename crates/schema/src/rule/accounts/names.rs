//! Accounts without a name or a password, and names the service keeps for itself.

use super::{is_role, people};
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict, account};
use crate::rule::question::Question;

pub(super) const CHECK: Check = Check {
    id: "account-names",
    title: "Anonymous, open and reserved accounts",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::Accounts],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/security-how-to-create-users",
    judge,
};

/// Names Azure keeps for itself.
const RESERVED: [&str; 6] =
    ["azure_superuser", "admin", "administrator", "root", "guest", "public"];
/// Ways of logging in that go without a password of their own.
const OUTSIDE: [&str; 5] = ["auth_socket", "unix_socket", "auth_pam", "pam", "mysql_no_login"];

fn judge(case: &Case<'_>) -> Verdict {
    let rows = case.source.ask(Question::Accounts)?;
    let mut found = Vec::new();
    for row in people(rows).filter(|row| !is_role(row)) {
        let (user, host) = (row.text("user"), row.text("host"));
        let thing = || Thing::account(user, host);
        if user.is_empty() {
            let drop = format!("DROP USER {}", account(user, host));
            found.push(
                Found::warns(thing(), "an account without a name lets anybody in")
                    .on_source_with_thought(drop),
            );
            continue;
        }
        if case.is_azure() && RESERVED.contains(&user) {
            found.push(Found::warns(
                thing(),
                "Azure keeps this name for itself: carry it under another one",
            ));
        }
        let is_locked = row.is_yes("account_locked");
        if row.is_yes("no_password") && !is_locked && !OUTSIDE.contains(&row.text("plugin")) {
            let sql = format!("ALTER USER {} IDENTIFIED BY '…'", account(user, host));
            found.push(Found::warns(thing(), "it has no password").on_source_with_thought(sql));
        }
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
    fn names_and_passwords_are_looked_at() {
        let columns = "user,host,plugin,no_password,account_locked";
        for (row, told) in [
            ("app,%,caching_sha2_password,0,N", ""),
            (",localhost,mysql_native_password,1,N", "1 warns"),
            ("app,%,caching_sha2_password,1,N", "1 warns"),
            ("role,%,caching_sha2_password,1,Y", ""),
            ("app,%,auth_socket,1,N", ""),
            ("root,%,caching_sha2_password,0,N", "1 warns"),
        ] {
            let bench = Bench::clean().answer(Side::Source, Question::Accounts, columns, &[row]);
            assert_eq!(bench.levels(&CHECK), told, "{row}");
        }
    }
}
