//! An account whose way of logging in the target does not know cannot log in.

use super::{is_role, people};
use crate::rule::case::Case;
use crate::rule::check::{Care, Check, Fix, Found, Hand, Level, Mode, Thing, Verdict, account};
use crate::rule::question::Question;

pub(super) const CHECK: Check = Check {
    id: "login-plugin",
    title: "Ways of logging in",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::Accounts, Question::LoginPlugins],
    link: "https://dev.mysql.com/doc/refman/8.4/en/authentication-plugins.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let rows = case.source.ask(Question::Accounts)?;
    let there: Vec<String> = if case.profile.is_some() {
        vec!["caching_sha2_password".to_owned(), "sha256_password".to_owned()]
    } else {
        case.target
            .ask(Question::LoginPlugins)?
            .iter()
            .map(|row| row.text("name").to_owned())
            .collect()
    };
    let found = people(rows).filter_map(|row| {
        let plugin = match row.text("plugin") {
            "" => "mysql_native_password",
            "unix_socket" => "auth_socket",
            other => other,
        };
        if there.iter().any(|known| known == plugin) || is_role(row) {
            return None;
        }
        let (user, host) = (row.text("user"), row.text("host"));
        let thing = Thing::account(user, host);
        let set = format!("ALTER USER {} IDENTIFIED WITH caching_sha2_password BY '…'", account(user, host));
        let what = match plugin {
            "mysql_native_password" => format!("{plugin} is not there on the target: its password must be set anew, since a hash of one kind cannot become one of the other"),
            other => format!("{other} is not there on the target"),
        };
        Some(Found::warns(thing, what).fix(Fix::new(Hand::TargetAdmin, Care::Thought, set)))
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    #[test]
    fn plugins_the_target_lacks_are_told() {
        let with = |row: &str| {
            Bench::clean().answer(
                Side::Source,
                Question::Accounts,
                "user,host,plugin",
                &[row, "mysql.sys,localhost,nothing"],
            )
        };
        assert_eq!(with("app,%,caching_sha2_password").levels(&CHECK), "");
        assert!(with("app,%,mysql_native_password").said(&CHECK)[0].contains("set anew"));
        assert_eq!(with("app,%,auth_pam").levels(&CHECK), "1 warns");
        assert_eq!(with("app,%,mysql_native_password").to("azure-8.4").levels(&CHECK), "1 warns");
    }
}
