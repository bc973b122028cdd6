//! Roles travel; who may act for whom, and roles everybody must have, do not.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict, account};
use crate::rule::question::Question;
use crate::rule::text::{counted, some};

pub(super) const CHECK: Check = Check {
    id: "roles-and-proxies",
    title: "Roles, mandatory roles and proxies",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::Roles, Question::Proxies],
    link: "https://dev.mysql.com/doc/refman/8.4/en/roles.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let roles = case.source.ask(Question::Roles)?;
    let proxies = case.source.ask(Question::Proxies)?;
    let mut names: Vec<&str> = roles.iter().map(|row| row.text("role")).collect();
    names.sort_unstable();
    names.dedup();
    let mut found = Vec::new();
    if !names.is_empty() {
        let what = format!("{} of roles ({})", counted(roles.len(), "grant"), some(&names));
        found.push(Found::notes(Thing::named("roles of the source"), what));
    }
    found.extend(proxies.iter().map(|row| {
        let what = format!(
            "it may act for {}: proxies are not carried",
            account(row.text("proxied_user"), row.text("proxied_host"))
        );
        Found::warns(Thing::account(row.text("user"), row.text("host")), what)
    }));
    let mandatory = case.source.variable("mandatory_roles");
    if !mandatory.is_empty() {
        let what = format!(
            "{mandatory}: roles every account has; the target has no such parameter, or its own"
        );
        found.push(
            Found::warns(Thing::variable(Side::Source, "mandatory_roles"), what)
                .advise("grant them to each account"),
        );
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
    fn roles_are_noted_and_proxies_told() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let roles = Bench::clean().answer(
            Side::Source,
            Question::Roles,
            "role,user,host",
            &["reader,app,%", "reader,web,%"],
        );
        assert!(roles.said(&CHECK)[0].contains("2 grants of roles (reader)"));
        let proxy = Bench::clean().answer(
            Side::Source,
            Question::Proxies,
            "user,host,proxied_user,proxied_host",
            &["a,%,b,%"],
        );
        assert_eq!(proxy.levels(&CHECK), "1 warns");
        assert_eq!(Bench::clean().variable("mandatory_roles", "`r`@`%`").levels(&CHECK), "1 warns");
    }
}
