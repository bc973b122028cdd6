//! What the filters know besides the account: both servers, what is carried, what the target's login may give.

use std::collections::{BTreeMap, BTreeSet};

use super::name::AccountName;
use super::policy::AccountPolicy;
use super::right::{ALL, Right, Rights, Scope};
use crate::catalog::{Catalog, RoutineKind};
use crate::facts::ServerFacts;
use crate::grants::matches_like;
use crate::name::{ObjectKind, QualifiedName};
use crate::rewrite::{self, Context, Policy};
use crate::selection::Selection;

/// Names of the source's objects, as far as grants may speak of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Schemas.
    pub schemas: BTreeSet<String>,
    /// Tables and views, and which of the two each is.
    pub relations: BTreeMap<QualifiedName, ObjectKind>,
    /// Functions and procedures.
    pub routines: BTreeSet<(RoutineKind, QualifiedName)>,
}

/// What a server knows, and what our login there may give to others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Power {
    /// Privileges the server knows (`SHOW PRIVILEGES`), in upper case.
    pub known: BTreeSet<String>,
    /// Authentication plugins that can be used, in lower case.
    pub plugins: BTreeSet<String>,
    /// What our login holds itself.
    pub own: Rights,
}

/// Everything filters look at.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The server accounts come from.
    pub source: &'a ServerFacts,
    /// The server they go to.
    pub target: &'a ServerFacts,
    /// How names of objects change.
    pub rewrite: &'a Policy,
    /// What is carried, with the source's rule for the case of names.
    pub selection: &'a Selection,
    /// The source's objects.
    pub names: &'a Names,
    /// Privileges the source knows.
    pub source_privileges: &'a BTreeSet<String>,
    /// The target's abilities.
    pub power: &'a Power,
    /// What the user decided about accounts.
    pub policy: &'a AccountPolicy,
    /// The catalog of nothing: names are mapped without one.
    pub nothing: &'a Catalog,
}

/// Privileges a schema can be given, by MySQL's grammar
/// (<https://dev.mysql.com/doc/refman/9.7/en/grant.html#grant-database-privileges>).
const OF_SCHEMA: [&str; 18] = [
    "ALTER",
    "ALTER ROUTINE",
    "CREATE",
    "CREATE ROUTINE",
    "CREATE TEMPORARY TABLES",
    "CREATE VIEW",
    "DELETE",
    "DROP",
    "EVENT",
    "EXECUTE",
    "INDEX",
    "INSERT",
    "LOCK TABLES",
    "REFERENCES",
    "SELECT",
    "SHOW VIEW",
    "TRIGGER",
    "UPDATE",
];

/// Privileges a table can be given.
const OF_TABLE: [&str; 12] = [
    "ALTER",
    "CREATE",
    "CREATE VIEW",
    "DELETE",
    "DROP",
    "INDEX",
    "INSERT",
    "REFERENCES",
    "SELECT",
    "SHOW VIEW",
    "TRIGGER",
    "UPDATE",
];

/// Privileges a routine can be given.
const OF_ROUTINE: [&str; 2] = ["ALTER ROUTINE", "EXECUTE"];

impl Power {
    /// What `ALL PRIVILEGES` means there; everywhere it depends on the server.
    pub(super) fn all_of(&self, on: &Scope) -> BTreeSet<String> {
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        match on {
            Scope::Everywhere => self.known.clone(),
            Scope::Schema(_) => named(&OF_SCHEMA),
            Scope::Table(_) => named(&OF_TABLE),
            Scope::Routine(..) => named(&OF_ROUTINE),
        }
    }

    /// Whether our login may give a privilege there; `schema` is the schema's plain name.
    pub(super) fn may_give(&self, privilege: &str, on: &Scope, schema: Option<&str>) -> bool {
        if super::right::is_dynamic(privilege) {
            let right = Right::Dynamic { privilege: privilege.to_owned(), grantable: true };
            return self.own.contains(&right);
        }
        if privilege == ALL && *on != Scope::Everywhere {
            return self.all_of(on).iter().all(|one| self.may_give(one, on, schema));
        }
        let holds = |scope: &Scope| {
            let it = |privilege: &str| self.own.contains(&Right::on(scope.clone(), privilege));
            self.may_pass_on(scope) && (it(privilege) || it(ALL))
        };
        let withheld = schema.is_some_and(|schema| {
            let (schema, privilege) = (schema.to_owned(), privilege.to_owned());
            self.own.contains(&Right::Withheld { schema, privilege })
        });
        if holds(&Scope::Everywhere) && !withheld {
            return true;
        }
        let Some(schema) = schema else { return false };
        let by_schema = self.own.iter().any(|right| {
            let Right::GrantOption { on: on @ Scope::Schema(like) } = right else { return false };
            matches_like(like, schema) && holds(on)
        });
        by_schema || (*on != Scope::Everywhere && holds(on))
    }

    /// Whether our login may let others pass on what they get there.
    pub(super) fn may_pass_on(&self, on: &Scope) -> bool {
        [on.clone(), Scope::Everywhere]
            .into_iter()
            .any(|on| self.own.contains(&Right::GrantOption { on }))
    }
}

impl Scene<'_> {
    /// An account's name on the target.
    pub(super) fn target_account(&self, name: &AccountName) -> AccountName {
        AccountName::new(name.user.clone(), self.policy.host(&name.host))
    }

    /// The target's login.
    pub(super) fn target_login(&self) -> AccountName {
        AccountName::of_current_user(&self.target.current_user)
    }

    /// The name of a schema on the target.
    pub(super) fn target_schema(&self, schema: &str) -> String {
        rewrite::target_schema(schema, &self.context())
    }

    /// The name of a table or view on the target.
    pub(super) fn target_table(&self, table: &QualifiedName) -> QualifiedName {
        rewrite::target_name(table, &self.context())
    }

    /// Whether `%` and `_` in the name of a granted schema are letters on a server: with `partial_revokes`
    /// they are, and a backslash before them, too
    /// (<https://dev.mysql.com/doc/refman/9.7/en/partial-revokes.html>).
    pub(super) fn names_are_literal(facts: &ServerFacts) -> bool {
        facts.is_on("partial_revokes")
    }

    fn context(&self) -> Context<'_> {
        Context {
            source: self.source,
            target: self.target,
            policy: self.rewrite,
            catalog: self.nothing,
        }
    }
}
