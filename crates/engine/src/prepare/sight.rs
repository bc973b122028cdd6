//! Does the source's account see what it is asked to carry.
//!
//! A server hides what an account has no privilege on: without `TRIGGER` there simply are no triggers. So
//! a missing object would not be noticed, neither by the plan nor by the comparison afterwards.

use std::collections::BTreeSet;

use sealift_schema::facts::{Flavor, ServerFacts, Side};
use sealift_schema::grants::Grants;
use sealift_schema::name::{ObjectKind, quote};

use crate::fault::{ErrorCode, Fault};

/// Schemas named in a message; a grant for all of them is the likelier remedy when there are more.
const SCHEMAS_NAMED_MAX: usize = 5;

/// Refuses an account that cannot know whether there is more to carry in these schemas. `wants` says
/// whether any object of a kind in a schema is selected, whatever its name.
///
/// # Errors
/// `PrivilegeMissing`, with the statements that grant what is missing.
pub fn see_all<'a>(
    source: &ServerFacts,
    schemas: impl Iterator<Item = &'a str> + Clone,
    wants: impl Fn(ObjectKind, &str) -> bool,
) -> Result<(), Fault> {
    let grants = Grants::read(&source.grants);
    let mut unseen = Vec::new();
    let mut remedies = BTreeSet::new();
    for (kind, what, privilege) in [
        (ObjectKind::Table, "tables", "SELECT"),
        (ObjectKind::Trigger, "triggers", "TRIGGER"),
        (ObjectKind::Event, "events", "EVENT"),
    ] {
        let wanted = schemas.clone().filter(|schema| wants(kind, schema));
        let hidden = wanted.filter(|schema| !sees(&grants, schema, privilege));
        unseen.extend(name(what, hidden, |schema| {
            remedies.insert(format!("{privilege} ON {}.*", quote(schema)));
        }));
    }
    let routines = [ObjectKind::Function, ObjectKind::Procedure];
    let hidden = schemas
        .filter(|schema| routines.iter().any(|kind| wants(*kind, schema)))
        .filter(|schema| !sees_routines(source, &grants, schema));
    unseen.extend(name("functions and procedures", hidden, |schema| {
        remedies.insert(routine_grant(source, schema));
    }));
    if unseen.is_empty() {
        return Ok(());
    }
    let grants: Vec<String> =
        remedies.iter().map(|grant| format!("GRANT {grant} TO the account")).collect();
    let what = format!("the account {} cannot see {}", source.current_user, unseen.join(", "));
    Err(Fault::new(ErrorCode::PrivilegeMissing, what).on(Side::Source).advise(format!(
        "{}; then run the same command again. Or leave them behind: exclude = [\"trigger:schema.*\"]",
        grants.join("; ")
    )))
}

/// `triggers of shop and hr`, or nothing when none is hidden.
fn name<'a>(
    what: &str,
    hidden: impl Iterator<Item = &'a str>,
    mut remedy: impl FnMut(&str),
) -> Option<String> {
    let hidden: Vec<&str> = hidden.collect();
    hidden.iter().take(SCHEMAS_NAMED_MAX).for_each(|schema| remedy(schema));
    let named: Vec<String> =
        hidden.iter().take(SCHEMAS_NAMED_MAX).map(|schema| quote(schema)).collect();
    let more = hidden.len().saturating_sub(named.len());
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    (!hidden.is_empty()).then(|| format!("{what} of schema {}{more}", named.join(", ")))
}

/// Whether a kind of object is seen. Who is granted single tables is meant to see those and no others.
fn sees(grants: &Grants, schema: &str, privilege: &str) -> bool {
    grants.in_schema(schema, privilege) || grants.on_an_object_of(schema, privilege)
}

/// Whether functions and procedures of other definers are seen with their bodies
/// (<https://dev.mysql.com/doc/refman/9.7/en/stored-routines-metadata.html>).
fn sees_routines(source: &ServerFacts, grants: &Grants, schema: &str) -> bool {
    let everywhere = grants.everywhere("SHOW_ROUTINE") || grants.everywhere("SELECT");
    // They show that a routine is there; a body that cannot be read is then refused by name.
    let shown = ["EXECUTE", "ALTER ROUTINE", "CREATE ROUTINE", "SHOW CREATE ROUTINE"]
        .iter()
        .any(|privilege| sees(grants, schema, privilege));
    let old = keeps_routines_in_a_table(source) && grants.on_object("mysql", "proc", "SELECT");
    everywhere || shown || old
}

fn keeps_routines_in_a_table(source: &ServerFacts) -> bool {
    match source.version.flavor {
        Flavor::MariaDb => true,
        Flavor::MySql => source.version.number < (8, 0, 0),
    }
}

fn routine_grant(source: &ServerFacts, schema: &str) -> String {
    match source.version.flavor {
        Flavor::MariaDb if source.version.number >= (11, 3, 0) => {
            format!("SHOW CREATE ROUTINE ON {}.*", quote(schema))
        }
        Flavor::MySql if source.version.number >= (8, 0, 20) => "SHOW_ROUTINE ON *.*".to_owned(),
        Flavor::MySql if source.version.number >= (8, 0, 0) => "SELECT ON *.*".to_owned(),
        Flavor::MySql | Flavor::MariaDb => "SELECT ON mysql.proc".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sealift_schema::facts::ServerVersion;

    use super::*;

    const EVERYTHING: [ObjectKind; 5] = [
        ObjectKind::Table,
        ObjectKind::Trigger,
        ObjectKind::Event,
        ObjectKind::Function,
        ObjectKind::Procedure,
    ];

    fn told(version: &str, grants: &[&str]) -> String {
        told_of(&EVERYTHING, version, grants)
    }

    fn told_of(wanted: &[ObjectKind], version: &str, grants: &[&str]) -> String {
        let facts = ServerFacts {
            version: ServerVersion::parse(version).unwrap(),
            version_text: version.into(),
            variables: BTreeMap::new(),
            collations: BTreeMap::new(),
            engines: BTreeSet::new(),
            current_user: "app_reader@%".into(),
            grants: grants.iter().map(|grant| format!("GRANT {grant} TO `a`@`%`")).collect(),
            accounts: None,
        };
        match see_all(&facts, ["shop", "hr"].into_iter(), |kind, _schema| wanted.contains(&kind)) {
            Ok(()) => "sees all".into(),
            Err(fault) => format!("{} | {}", fault.what, fault.remedy()),
        }
    }

    #[test]
    fn who_sees_everything_may_go_on() {
        for (version, grants) in [
            ("9.7.4", vec!["SELECT, TRIGGER, EVENT ON *.*"]),
            (
                "8.0.40",
                vec![
                    "SELECT, TRIGGER, EVENT ON `shop`.*",
                    "ALL PRIVILEGES ON `hr`.*",
                    "SHOW_ROUTINE ON *.*",
                ],
            ),
            ("5.7.44", vec!["SELECT, TRIGGER, EVENT ON `%`.*", "SELECT ON `mysql`.`proc`"]),
            (
                "10.11.19-MariaDB",
                vec!["SELECT, TRIGGER, EVENT ON `%`.*", "SELECT ON `mysql`.`proc`"],
            ),
            ("11.8.3-MariaDB", vec!["SELECT, TRIGGER, EVENT, SHOW CREATE ROUTINE ON `%`.*"]),
            (
                "9.7.4",
                vec![
                    "SELECT, TRIGGER ON `shop`.`orders`",
                    "SELECT, TRIGGER ON `hr`.`staff`",
                    "EVENT, EXECUTE ON *.*",
                ],
            ),
        ] {
            assert_eq!(told(version, &grants), "sees all", "{version} {grants:?}");
        }
    }

    #[test]
    fn what_is_hidden_is_told_with_the_grant_that_shows_it() {
        assert_eq!(
            told("9.7.4", &["SELECT, EVENT ON `shop`.*", "SELECT, TRIGGER, EVENT ON `hr`.*"]),
            "the account app_reader@% cannot see triggers of schema `shop`, functions and procedures of \
             schema `shop`, `hr` | GRANT SHOW_ROUTINE ON *.* TO the account; GRANT TRIGGER ON `shop`.* TO \
             the account; then run the same command again. Or leave them behind: exclude = \
             [\"trigger:schema.*\"]"
        );
        let each = ["SELECT, TRIGGER, EVENT ON `shop`.*", "SELECT, TRIGGER, EVENT ON `hr`.*"];
        assert!(told("5.7.44", &each).contains("GRANT SELECT ON mysql.proc TO"));
        assert!(told("11.8.3-MariaDB", &each).contains("GRANT SHOW CREATE ROUTINE ON `hr`.* TO"));
    }

    #[test]
    fn what_is_not_wanted_need_not_be_seen() {
        let tables = ["SELECT ON `shop`.*", "SELECT ON `hr`.*"];
        assert_eq!(told_of(&[ObjectKind::Table], "9.7.4", &tables), "sees all");
        let hidden = told_of(&[ObjectKind::Table, ObjectKind::Event], "9.7.4", &tables);
        assert!(hidden.contains("events of schema") && !hidden.contains("triggers of"), "{hidden}");
    }
}
