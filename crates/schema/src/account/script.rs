//! A whole account: read from a server's answers or a script, printed as a script.

use std::collections::BTreeSet;

use thiserror::Error;

use super::definition::{Definition, Login, Proof, read_retaining};
use super::name::AccountName;
use super::right::{Rights, granting};
use super::statement::Statement;
use crate::facts::Flavor;
use crate::name::quote;
use crate::sql::script::split;
use crate::sql::{Dialect, Sql};

/// Who may log in, how, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What `CREATE USER` says.
    pub definition: Definition,
    /// What `GRANT` says.
    pub rights: Rights,
    /// Roles that are active after a login.
    pub default_roles: BTreeSet<AccountName>,
}

/// A script that does not describe one account.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {what}")]
pub struct ScriptError {
    /// Line of the SQL, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl Account {
    /// Reads what a server of a flavor says: `SHOW CREATE USER` and the lines of `SHOW GRANTS`. Lines for
    /// others (MariaDB lists those of an account's roles, too) are passed over; lines that are not
    /// understood become [`Definition::unknown`]. `None` when the definition is not one.
    #[must_use]
    pub fn read(create_sql: &str, grants: &[String], flavor: Flavor) -> Option<Self> {
        Some(Self::of(Definition::read(create_sql)?, grants, flavor))
    }

    /// A role of MariaDB, which `SHOW CREATE USER` does not know: as `CREATE ROLE` of MySQL makes it.
    #[must_use]
    pub fn role(name: AccountName, grants: &[String]) -> Self {
        let mut definition = Definition::new(name);
        definition.set(super::Clause::Lock, "ACCOUNT LOCK".to_owned());
        definition.set(super::Clause::Expiry, "PASSWORD EXPIRE".to_owned());
        Self::of(definition, grants, Flavor::MariaDb)
    }

    fn of(mut definition: Definition, grants: &[String], flavor: Flavor) -> Self {
        let named = std::mem::take(&mut definition.default_roles);
        let mut account = Self {
            default_roles: named.into_iter().map(|role| hosted(role, flavor)).collect(),
            definition,
            rights: Rights::new(),
        };
        for line in grants {
            if !account.take_line(line, flavor) {
                let words = line.split(" IDENTIFIED ").next().unwrap_or_default();
                account.definition.unknown.push(words.to_owned());
            }
        }
        account
    }

    /// Takes a statement that gives rights; whether it is one.
    fn take_line(&mut self, text: &str, flavor: Flavor) -> bool {
        let own = &self.definition.name;
        let is_own = |of: Vec<AccountName>| of.into_iter().any(|of| hosted(of, flavor) == *own);
        match Statement::read(text) {
            Some(Statement::Rights { of, rights }) => {
                if is_own(of) {
                    self.rights.extend(rights.into_iter().map(|right| with_host(right, flavor)));
                }
                true
            }
            Some(Statement::DefaultRoles { of, roles }) => {
                if is_own(of) {
                    let roles = roles.into_iter().map(|role| hosted(role, flavor));
                    self.default_roles.extend(roles);
                }
                true
            }
            None => false,
        }
    }

    /// Reads a script for MySQL: `CREATE USER`, then statements that give it rights.
    ///
    /// # Errors
    /// The first statement that is something else, or about another account. No text of it that may hold
    /// a password is repeated.
    pub fn read_script(body: &str) -> Result<Self, ScriptError> {
        let mut account: Option<Self> = None;
        let mut last = 1;
        for statement in split(body, Dialect::default()) {
            last = statement.line;
            let wrong = |what: String| ScriptError { line: statement.line, what };
            let Some(account) = &mut account else {
                let definition = Definition::read(statement.text)
                    .ok_or_else(|| wrong("the first statement is not CREATE USER".into()))?;
                if let Some(unknown) = definition.unknown.first() {
                    return Err(wrong(format!("{unknown:?} in CREATE USER is not understood")));
                }
                account = Some(Self::of(definition, &[], Flavor::MySql));
                continue;
            };
            account.take_statement(statement.text).map_err(wrong)?;
        }
        account.ok_or_else(|| ScriptError { line: last, what: "CREATE USER is missing".into() })
    }

    fn take_statement(&mut self, text: &str) -> Result<(), String> {
        let own = &self.definition.name;
        if let Some((name, factor)) = read_retaining(text) {
            let before = match &mut self.definition.login {
                Login::All(factors) if name == *own => factors.first_mut(),
                Login::All(_) | Login::Any(_) | Login::Unknown => None,
            };
            let before = before.map(|before| std::mem::replace(before, factor).proof);
            let Some(Proof::Hash(retained)) = before else {
                return Err(
                    "RETAIN CURRENT PASSWORD needs the hash CREATE USER gives before".into()
                );
            };
            self.definition.retained = Some(retained);
            return Ok(());
        }
        let is_about_own =
            |of: &[AccountName]| of.iter().all(|of| hosted(of.clone(), Flavor::MySql) == *own);
        match Statement::read(text) {
            Some(Statement::Rights { of, .. } | Statement::DefaultRoles { of, .. })
                if !is_about_own(&of) =>
            {
                Err(format!("a statement is about another account than {own}"))
            }
            Some(_) => {
                self.take_line(text, Flavor::MySql);
                Ok(())
            }
            None => Err(format!(
                "a statement that begins with {:?} is none of GRANT, REVOKE of a schema's privileges, \
                 SET DEFAULT ROLE",
                first_word(text)
            )),
        }
    }

    /// The script: one statement a line group, as the `mysql` client takes it.
    #[must_use]
    pub fn script(&self) -> String {
        let mut statements = vec![self.definition.print()];
        statements.extend(self.definition.print_retaining());
        statements.extend(granting(&self.rights, &self.definition.name));
        statements.extend(self.set_default_roles());
        statements.into_iter().map(|statement| statement + ";\n").collect()
    }

    /// `SET DEFAULT ROLE …`, when there are any.
    pub(super) fn set_default_roles(&self) -> Option<String> {
        let roles: Vec<String> = self.default_roles.iter().map(ToString::to_string).collect();
        let to = &self.definition.name;
        (!roles.is_empty()).then(|| format!("SET DEFAULT ROLE {} TO {to}", roles.join(", ")))
    }

    /// The script with every secret replaced by `seal` of it: for comparing and showing.
    #[must_use]
    pub fn sealed_script(&self, seal: &dyn Fn(&str) -> String) -> String {
        let mut sealed = self.clone();
        let hide = |secret: &super::definition::Secret| {
            super::definition::Secret::new(format!("'{}'", seal(secret.sql())))
        };
        if let Login::All(factors) | Login::Any(factors) = &mut sealed.definition.login {
            for factor in factors {
                factor.proof = match &factor.proof {
                    Proof::None => Proof::None,
                    Proof::Hash(secret) => Proof::Hash(hide(secret)),
                    Proof::Password(secret) => Proof::Password(hide(secret)),
                };
            }
        }
        sealed.definition.retained = sealed.definition.retained.as_ref().map(hide);
        sealed.script()
    }
}

/// What lines of `SHOW GRANTS` give, whoever they are about: for the lines of one login.
#[must_use]
pub fn read_rights(lines: &[String]) -> Rights {
    let read = lines.iter().filter_map(|line| Statement::read(line));
    read.flat_map(|statement| match statement {
        Statement::Rights { rights, .. } => rights,
        Statement::DefaultRoles { .. } => Rights::new(),
    })
    .collect()
}

/// A name without a host is a role of MariaDB, or on MySQL short for `%`.
fn hosted(name: AccountName, flavor: Flavor) -> AccountName {
    match flavor {
        Flavor::MySql if name.host.is_empty() => AccountName::new(name.user, "%"),
        Flavor::MySql | Flavor::MariaDb => name,
    }
}

fn with_host(right: super::right::Right, flavor: Flavor) -> super::right::Right {
    use super::right::Right;
    match right {
        Right::Role { role, admin } => Right::Role { role: hosted(role, flavor), admin },
        other @ (Right::Privilege { .. }
        | Right::GrantOption { .. }
        | Right::Dynamic { .. }
        | Right::Withheld { .. }
        | Right::Proxy { .. }) => other,
    }
}

fn first_word(text: &str) -> String {
    let sql = Sql::new(text, Dialect::default());
    let cursor = sql.cursor();
    cursor.peek_text().chars().take(20).collect()
}

/// The name of an account on MySQL, quoted, for statements a person is shown.
#[must_use]
pub(super) fn shown(name: &AccountName) -> String {
    format!("{}@{}", quote(&name.user), quote(&name.host))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "CREATE USER `app`@`%`\n  IDENTIFIED WITH 'caching_sha2_password' AS 0x01\n  \
                          REQUIRE SSL;\n\
                          ALTER USER `app`@`%` IDENTIFIED WITH 'caching_sha2_password' AS 0x02 RETAIN \
                          CURRENT PASSWORD;\n\
                          GRANT SELECT ON *.* TO `app`@`%` WITH GRANT OPTION;\n\
                          GRANT ROLE_ADMIN ON *.* TO `app`@`%`;\n\
                          REVOKE SELECT ON `hr`.* FROM `app`@`%`;\n\
                          GRANT INSERT ON `shop`.* TO `app`@`%`;\n\
                          GRANT `reader`@`%` TO `app`@`%`;\n\
                          SET DEFAULT ROLE `reader`@`%` TO `app`@`%`;\n";

    #[test]
    fn a_script_that_is_read_is_printed_again() {
        let account = Account::read_script(SCRIPT).unwrap();
        assert_eq!(account.script(), SCRIPT);
        let edited = SCRIPT
            .replace("`reader`@`%`", "reader")
            .replace("GRANT INSERT", "-- mine\ngrant insert");
        assert_eq!(Account::read_script(&edited).unwrap(), account);
    }

    #[test]
    fn secrets_are_sealed_for_comparing() {
        let sealed =
            Account::read_script(SCRIPT).unwrap().sealed_script(&|secret| format!("<{secret}>"));
        assert!(sealed.contains("AS '<0x01>'") && sealed.contains("AS '<0x02>'"), "{sealed}");
    }

    #[test]
    fn what_is_no_account_is_refused_by_its_line_and_without_its_text() {
        for (script, expected) in [
            ("", "line 1: CREATE USER is missing"),
            ("SELECT 'pw'", "line 1: the first statement is not CREATE USER"),
            (
                "CREATE USER a;\n\nDROP USER 'pw'",
                "line 3: a statement that begins with \"DROP\" is none of GRANT, REVOKE of a schema's \
                 privileges, SET DEFAULT ROLE",
            ),
            (
                "CREATE USER a;\nGRANT SELECT ON s.* TO b;",
                "line 2: a statement is about another account than `a`@`%`",
            ),
            (
                "CREATE USER a IDENTFIED BY 'pw'",
                "line 1: \"IDENTFIED\" in CREATE USER is not understood",
            ),
        ] {
            assert_eq!(Account::read_script(script).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_mariadb_lists_what_an_accounts_roles_may_do_too() {
        let lines = [
            "GRANT `reader` TO `boss`",
            "GRANT ALL PRIVILEGES ON *.* TO `boss` WITH GRANT OPTION",
            "GRANT SELECT ON `shop`.* TO `reader`",
        ];
        let account = Account::role(AccountName::new("boss", ""), &lines.map(str::to_owned));
        let told: Vec<String> = account.rights.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["ALL PRIVILEGES ON *.*", "GRANT OPTION ON *.*", "role `reader`"]);
        assert!(account.definition.is_locked());
    }
}
