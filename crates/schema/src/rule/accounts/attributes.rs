//! What an account has besides its password, and a plain copy of hashes and grants forgets.

use super::{is_role, people};
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;

pub(super) const CHECK: Check = Check {
    id: "account-attributes",
    title: "Locks, expiry, TLS requirements and limits",
    mode: Mode::All,
    worst: Level::Notes,
    sql: "",
    asks: &[Question::Accounts],
    link: "https://dev.mysql.com/doc/refman/8.4/en/create-user.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let rows = case.source.ask(Question::Accounts)?;
    let found = people(rows).filter(|row| !is_role(row)).filter_map(|row| {
        let mut has = Vec::new();
        if row.is_yes("account_locked") {
            has.push("locked".to_owned());
        }
        if row.is_yes("password_expired") {
            has.push("its password has expired".to_owned());
        }
        if let Some(days) = row.number("password_lifetime").filter(|days| *days > 0) {
            has.push(format!("its password expires every {days} days"));
        }
        match row.text("ssl_type") {
            "" => {}
            "ANY" => has.push("must use TLS".to_owned()),
            other => has.push(format!("must show a certificate ({other})")),
        }
        for limit in ["max_questions", "max_updates", "max_connections", "max_user_connections"] {
            if let Some(most) = row.number(limit).filter(|most| *most > 0) {
                has.push(format!("{limit} {most}"));
            }
        }
        if row.text("user_attributes").contains("additional_password") {
            has.push("a second password".to_owned());
        }
        (!has.is_empty()).then(|| {
            Found::notes(Thing::account(row.text("user"), row.text("host")), has.join(", "))
        })
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
    fn each_attribute_is_named() {
        let columns = "user,host,account_locked,password_lifetime,ssl_type,max_connections";
        let with =
            |row: &str| Bench::clean().answer(Side::Source, Question::Accounts, columns, &[row]);
        assert_eq!(with("app,%,N,NULL,,0").levels(&CHECK), "");
        assert_eq!(
            with("app,%,Y,90,X509,5").said(&CHECK),
            [
                "notes: account 'app'@'%': locked, its password expires every 90 days, must show a certificate (X509), max_connections 5"
            ]
        );
    }
}
