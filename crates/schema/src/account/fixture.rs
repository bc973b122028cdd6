//! Two servers for the tests of the filters: a source with a few schemas and an Azure-like target.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use super::policy::AccountPolicy;
use super::right::Right;
use super::scene::{Names, Power, Scene};
use super::script::{Account, read_rights};
use crate::catalog::{Catalog, RoutineKind};
use crate::facts::{Flavor, ServerFacts, ServerVersion};
use crate::name::{ObjectKind, QualifiedName};
use crate::rewrite::Policy;
use crate::selection::{Patterns, Selection};

/// What the Azure-like login of the tests holds.
const OWN: [&str; 3] = [
    "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW \
     DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE \
     VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER ON *.* TO `azadmin`@`%` WITH \
     GRANT OPTION",
    "GRANT REPLICATION_APPLIER,ROLE_ADMIN,SESSION_VARIABLES_ADMIN ON *.* TO `azadmin`@`%` WITH GRANT OPTION",
    "REVOKE INSERT ON `mysql`.* FROM `azadmin`@`%`",
];

/// Privileges the target knows and its login does not hold.
const KNOWN: [&str; 6] =
    ["FILE", "SUPER", "BACKUP_ADMIN", "SET_ANY_DEFINER", "REPLICATION_SLAVE_ADMIN", "USAGE"];

pub(super) struct World {
    pub(super) source: ServerFacts,
    pub(super) target: ServerFacts,
    pub(super) power: Power,
    pub(super) policy: AccountPolicy,
    rewrite: Policy,
    selection: Selection,
    names: Names,
    source_privileges: BTreeSet<String>,
    nothing: Catalog,
}

impl World {
    pub(super) fn mysql() -> Self {
        Self::from("9.7.4")
    }

    pub(super) fn mariadb() -> Self {
        Self::from("11.8.3-MariaDB")
    }

    fn from(version: &str) -> Self {
        let patterns =
            Patterns { exclude: vec!["old".into(), "shop.audit".into()], ..Patterns::default() };
        let table =
            |schema: &str, name: &str| (QualifiedName::new(schema, name), ObjectKind::Table);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let rename = [("Hr", "staff_1"), ("shop.Orders", "shop.orders2")];
        let mut world = Self {
            source: facts(version, "app_reader@%"),
            target: facts("9.7.4", "azadmin@%"),
            power: Power::default(),
            policy: AccountPolicy::default(),
            rewrite: Policy {
                rename: rename.map(|(from, to)| (from.into(), to.into())).into(),
                ..Policy::default()
            },
            selection: Selection::compile(&patterns).unwrap(),
            names: Names {
                schemas: names(&["shop", "my_shop", "Hr", "old"]),
                relations: [table("shop", "t"), table("shop", "Orders"), table("shop", "audit")]
                    .into(),
                routines: [(RoutineKind::Procedure, QualifiedName::new("Hr", "Total"))].into(),
            },
            source_privileges: names(&[
                "SELECT",
                "FILE",
                "DELETE HISTORY",
                "BINLOG REPLAY",
                "READ_ONLY ADMIN",
                "USAGE",
            ]),
            nothing: Catalog::default(),
        };
        world.own(&OWN);
        world.power.plugins = names(&["caching_sha2_password", "sha256_password"]);
        world
    }

    /// What the target's login holds instead.
    pub(super) fn own(&mut self, lines: &[&str]) {
        let rights = |lines: &[&str]| {
            read_rights(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>())
        };
        self.power.own = rights(lines);
        let names = rights(&OWN).into_iter().filter_map(|right| match right {
            Right::Privilege { privilege, .. } | Right::Dynamic { privilege, .. } => {
                Some(privilege)
            }
            Right::GrantOption { .. }
            | Right::Withheld { .. }
            | Right::Proxy { .. }
            | Right::Role { .. } => None,
        });
        self.power.known = names.chain(KNOWN.map(str::to_owned)).collect();
    }

    pub(super) fn scene(&self) -> Scene<'_> {
        Scene {
            source: &self.source,
            target: &self.target,
            rewrite: &self.rewrite,
            selection: &self.selection,
            names: &self.names,
            source_privileges: &self.source_privileges,
            power: &self.power,
            policy: &self.policy,
            nothing: &self.nothing,
        }
    }
}

fn facts(version: &str, current_user: &str) -> ServerFacts {
    ServerFacts {
        version: ServerVersion::parse(version).unwrap(),
        version_text: version.into(),
        variables: BTreeMap::new(),
        collations: BTreeMap::new(),
        engines: BTreeSet::new(),
        current_user: current_user.into(),
        grants: Vec::new(),
        accounts: None,
    }
}

/// An account after one filter, and what the filter told.
pub(super) fn made(
    world: &World,
    create_sql: &str,
    grants: &[&str],
    filter: impl FnOnce(&mut Draft, &Scene<'_>),
) -> (Account, Vec<String>) {
    let grants: Vec<String> = grants.iter().map(|line| (*line).to_owned()).collect();
    let mut draft = Draft::new(Account::read(create_sql, &grants, Flavor::MySql).unwrap());
    filter(&mut draft, &world.scene());
    let changes =
        draft.notes.changes.iter().map(|change| format!("{}: {}", change.rewrite, change.what));
    let refusals = draft.notes.refusals.iter().map(|no| format!("!{}: {}", no.rewrite, no.what));
    let told = changes.chain(refusals).collect();
    (draft.account, told)
}

/// What a filter tells.
pub(super) fn told(
    world: &World,
    create_sql: &str,
    grants: &[&str],
    filter: impl FnOnce(&mut Draft, &Scene<'_>),
) -> Vec<String> {
    made(world, create_sql, grants, filter).1
}

/// An account's rights after one filter, and what it told.
pub(super) fn filtered(
    world: &World,
    create_sql: &str,
    grants: &[&str],
    filter: impl FnOnce(&mut Draft, &Scene<'_>),
) -> (Vec<String>, Vec<String>) {
    let (account, told) = made(world, create_sql, grants, filter);
    (account.rights.iter().map(ToString::to_string).collect(), told)
}
