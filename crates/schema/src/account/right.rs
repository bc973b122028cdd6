//! What an account may do: `SHOW GRANTS` and scripts as a set of single rights, which can be compared.

use std::collections::BTreeSet;
use std::fmt;

use super::name::AccountName;
use crate::catalog::RoutineKind;
use crate::name::{QualifiedName, quote};

/// Stands for all privileges of a scope.
pub const ALL: &str = "ALL PRIVILEGES";

/// Where a privilege holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// `*.*`
    Everywhere,
    /// `` `pattern`.* ``, as it stands in the statement.
    Schema(String),
    /// A table or view.
    Table(QualifiedName),
    /// A function or procedure.
    Routine(RoutineKind, QualifiedName),
}

/// One thing an account may do, or may not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// A static privilege.
    Privilege {
        /// Where.
        on: Scope,
        /// Its name in upper case.
        privilege: String,
        /// The one column it holds for.
        column: Option<String>,
    },
    /// `GRANT OPTION`: what it may do there, it may let others do.
    GrantOption {
        /// Where.
        on: Scope,
    },
    /// A dynamic privilege; these have a `GRANT OPTION` each.
    Dynamic {
        /// Its name in upper case.
        privilege: String,
        /// Whether it may be passed on.
        grantable: bool,
    },
    /// A privilege held everywhere is withheld for one schema (`partial_revokes`).
    Withheld {
        /// The schema.
        schema: String,
        /// The privilege.
        privilege: String,
    },
    /// It may act as another account.
    Proxy {
        /// As whom.
        of: AccountName,
        /// Whether it may let others do so.
        grantable: bool,
    },
    /// It has a role.
    Role {
        /// Which.
        role: AccountName,
        /// `WITH ADMIN OPTION`: it may give it to others.
        admin: bool,
    },
}

/// What an account may do.
pub type Rights = BTreeSet<Right>;

/// Whether a privilege is of the kind a plugin or component may add: all of these are written with `_`
/// (<https://dev.mysql.com/doc/refman/9.7/en/privileges-provided.html#privileges-provided-dynamic>).
/// MariaDB's `READ_ONLY ADMIN` is none.
#[must_use]
pub fn is_dynamic(privilege: &str) -> bool {
    privilege.contains('_') && !privilege.contains(' ')
}

impl Scope {
    /// As it stands behind `ON`.
    #[must_use]
    pub fn sql(&self) -> String {
        match self {
            Self::Everywhere => "*.*".to_owned(),
            Self::Schema(pattern) => format!("{}.*", quote(pattern)),
            Self::Table(name) => name.to_string(),
            Self::Routine(RoutineKind::Function, name) => format!("FUNCTION {name}"),
            Self::Routine(RoutineKind::Procedure, name) => format!("PROCEDURE {name}"),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql())
    }
}

impl Right {
    /// A privilege on all columns.
    pub fn on(on: Scope, privilege: impl Into<String>) -> Self {
        Self::Privilege { on, privilege: privilege.into(), column: None }
    }

    /// Whether it is a privilege held everywhere, static or dynamic.
    #[must_use]
    pub fn is_everywhere(&self) -> bool {
        matches!(
            self,
            Self::Privilege { on: Scope::Everywhere, .. }
                | Self::GrantOption { on: Scope::Everywhere }
                | Self::Dynamic { .. }
        )
    }
}

/// A right in words, for messages: `SELECT ON `shop`.*`, ``role `reader`@`%` ``.
impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Privilege { on, privilege, column: None } => write!(f, "{privilege} ON {on}"),
            Self::Privilege { on, privilege, column: Some(column) } => {
                write!(f, "{privilege} ({}) ON {on}", quote(column))
            }
            Self::GrantOption { on } => write!(f, "GRANT OPTION ON {on}"),
            Self::Dynamic { privilege, grantable: false } => write!(f, "{privilege} ON *.*"),
            Self::Dynamic { privilege, grantable: true } => {
                write!(f, "{privilege} ON *.* WITH GRANT OPTION")
            }
            Self::Withheld { schema, privilege } => {
                write!(f, "{privilege} withheld ON {}.*", quote(schema))
            }
            Self::Proxy { of, grantable: false } => write!(f, "PROXY ON {of}"),
            Self::Proxy { of, grantable: true } => write!(f, "PROXY ON {of} WITH GRANT OPTION"),
            Self::Role { role, admin: false } => write!(f, "role {role}"),
            Self::Role { role, admin: true } => write!(f, "role {role} WITH ADMIN OPTION"),
        }
    }
}

/// The statements that give these rights, in the order servers print them. Without delimiters.
#[must_use]
pub fn granting(rights: &Rights, to: &AccountName) -> Vec<String> {
    let (everywhere, others): (Vec<_>, Vec<_>) =
        by_scope(rights).into_iter().partition(|(scope, ..)| *scope == Scope::Everywhere);
    let statement = |(scope, privileges, option): (Scope, Vec<String>, &str)| {
        let list = if privileges.is_empty() { "USAGE".to_owned() } else { privileges.join(", ") };
        format!("GRANT {list} ON {scope} TO {to}{option}")
    };
    let mut statements: Vec<String> = everywhere.into_iter().map(statement).collect();
    statements.extend(dynamic(rights, to));
    statements.extend(withheld(rights, to));
    statements.extend(others.into_iter().map(statement));
    for right in rights {
        if let Right::Proxy { of, grantable } = right {
            let option = if *grantable { " WITH GRANT OPTION" } else { "" };
            statements.push(format!("GRANT PROXY ON {of} TO {to}{option}"));
        }
    }
    for (wanted, option) in [(false, ""), (true, " WITH ADMIN OPTION")] {
        let roles = rights.iter().filter_map(|right| {
            let Right::Role { role, admin } = right else { return None };
            (*admin == wanted).then(|| role.to_string())
        });
        let roles: Vec<String> = roles.collect();
        if !roles.is_empty() {
            statements.push(format!("GRANT {} TO {to}{option}", roles.join(", ")));
        }
    }
    statements
}

/// The statements that take these rights away. Without delimiters.
#[must_use]
pub fn revoking(rights: &Rights, from: &AccountName) -> Vec<String> {
    let mut statements = Vec::new();
    for (scope, mut privileges, option) in by_scope(rights) {
        if !option.is_empty() {
            privileges.push("GRANT OPTION".to_owned());
        }
        statements.push(format!("REVOKE {} ON {scope} FROM {from}", privileges.join(", ")));
    }
    for right in rights {
        statements.extend(match right {
            Right::Privilege { .. } | Right::GrantOption { .. } => None,
            Right::Dynamic { privilege, grantable: _ } => {
                Some(format!("REVOKE {privilege} ON *.* FROM {from}"))
            }
            // What is withheld no longer is given.
            Right::Withheld { schema, privilege } => {
                Some(format!("GRANT {privilege} ON {}.* TO {from}", quote(schema)))
            }
            Right::Proxy { of, grantable: _ } => Some(format!("REVOKE PROXY ON {of} FROM {from}")),
            Right::Role { role, admin: _ } => Some(format!("REVOKE {role} FROM {from}")),
        });
    }
    statements
}

/// The static privileges of each scope as they are listed, and its `WITH GRANT OPTION`.
fn by_scope(rights: &Rights) -> Vec<(Scope, Vec<String>, &'static str)> {
    let scope_of = |right: &Right| match right {
        Right::Privilege { on, .. } | Right::GrantOption { on } => Some(on.clone()),
        Right::Dynamic { .. }
        | Right::Withheld { .. }
        | Right::Proxy { .. }
        | Right::Role { .. } => None,
    };
    let scopes: BTreeSet<Scope> = rights.iter().filter_map(scope_of).collect();
    let scopes = scopes.into_iter().map(|scope| {
        let option = Right::GrantOption { on: scope.clone() };
        let option = if rights.contains(&option) { " WITH GRANT OPTION" } else { "" };
        (listed(rights, &scope), option, scope)
    });
    scopes.map(|(listed, option, scope)| (scope, listed, option)).collect()
}

/// `SELECT`, `UPDATE (`a`, `b`)`: the columns of one privilege together.
fn listed(rights: &Rights, scope: &Scope) -> Vec<String> {
    let mut privileges: Vec<(String, Vec<String>)> = Vec::new();
    for right in rights {
        let Right::Privilege { on, privilege, column } = right else { continue };
        if on != scope {
            continue;
        }
        let column = column.as_ref().map(|column| quote(column));
        match privileges.last_mut() {
            Some((last, columns))
                if last == privilege && !columns.is_empty() && column.is_some() =>
            {
                columns.extend(column);
            }
            Some(_) | None => privileges.push((privilege.clone(), column.into_iter().collect())),
        }
    }
    let list = privileges.into_iter().map(|(privilege, columns)| match columns.as_slice() {
        [] => privilege,
        columns => format!("{privilege} ({})", columns.join(", ")),
    });
    list.collect()
}

fn dynamic(rights: &Rights, to: &AccountName) -> Vec<String> {
    let mut statements = Vec::new();
    for (wanted, option) in [(false, ""), (true, " WITH GRANT OPTION")] {
        let names = rights.iter().filter_map(|right| {
            let Right::Dynamic { privilege, grantable } = right else { return None };
            (*grantable == wanted).then_some(privilege.as_str())
        });
        let names: Vec<&str> = names.collect();
        if !names.is_empty() {
            statements.push(format!("GRANT {} ON *.* TO {to}{option}", names.join(", ")));
        }
    }
    statements
}

fn withheld(rights: &Rights, from: &AccountName) -> Vec<String> {
    let one = |right: &Right| {
        let Right::Withheld { schema, privilege } = right else { return None };
        Some(format!("REVOKE {privilege} ON {}.* FROM {from}", quote(schema)))
    };
    rights.iter().filter_map(one).collect()
}
