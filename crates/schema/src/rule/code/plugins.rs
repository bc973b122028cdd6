//! Plugins and components give a server abilities a managed target has in its own way, or not at all.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;

pub(super) const CHECK: Check = Check {
    id: "plugins",
    title: "Plugins and components of the source",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::Plugins, Question::Components],
    link: "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-limitations",
    judge,
};

/// Parts of names, and what a managed target has instead.
const KNOWN: [(&str, &str); 12] = [
    ("validate_password", "on Azure: CALL mysql.az_install_validate_password_plugin()"),
    ("audit", "on Azure: the parameter audit_log_enabled, after the cutover"),
    ("keyring", "storage is encrypted by the service; keys are in Azure Key Vault"),
    ("group_replication", "high availability is the service's own"),
    ("semisync", "high availability is the service's own"),
    ("rpl_semi", "high availability is the service's own"),
    ("connection_control", "not there: limit failed logins by CREATE USER … FAILED_LOGIN_ATTEMPTS"),
    ("federated", "not there: tables on other servers must become tables of their own"),
    ("rewriter", "not there: statements must be changed in the application"),
    ("clone", "not there; backups are the service's own"),
    ("auth", "accounts that use it cannot be carried as they are"),
    ("mysqlx", "not there: use the classic protocol"),
];

fn judge(case: &Case<'_>) -> Verdict {
    let plugins = case.source.ask(Question::Plugins)?;
    let components = case.source.ask(Question::Components)?;
    let managed = case.target.platform().is_managed();
    let names = plugins.iter().map(|row| ("plugin", row.text("name")));
    let names = names.chain(components.iter().map(|row| ("component", row.text("name"))));
    let found = names.map(|(kind, name)| {
        let thing = Thing::named(format!("{kind} {name} of the source"));
        let low = name.to_lowercase();
        match KNOWN.iter().find(|(part, _)| low.contains(part)) {
            Some((_, instead)) if managed => Found::warns(thing, (*instead).to_owned()),
            Some(_) => {
                Found::warns(thing, "install it on the target too, if the application needs it")
            }
            None if managed => Found::warns(
                thing,
                "a managed server takes no plugins; see whether the application needs it",
            ),
            None => {
                Found::notes(thing, "install it on the target too, if the application needs it")
            }
        }
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
    fn each_is_told_with_what_stands_in_for_it() {
        let with =
            |name: &str| Bench::clean().answer(Side::Source, Question::Plugins, "name", &[name]);
        assert_eq!(Bench::clean().levels(&CHECK), "");
        assert!(
            with("validate_password").said(&CHECK)[0]
                .contains("az_install_validate_password_plugin")
        );
        assert_eq!(with("my_own").levels(&CHECK), "1 warns");
        assert_eq!(with("my_own").to("mysql-8.4").levels(&CHECK), "1 notes");
        let component = Bench::clean().answer(
            Side::Source,
            Question::Components,
            "name",
            &["file://component_keyring_file"],
        );
        assert!(component.said(&CHECK)[0].contains("Azure Key Vault"));
    }
}
