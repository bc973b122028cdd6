//! Logins in whose names objects are made: a managed target lets nobody make one for somebody else.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::gather;
use sealift_mysql::password::Password;
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use sealift_schema::grants::Grants;
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName, quote, quote_account};
use sealift_schema::sql::stored::StoredText;
use sealift_schema::sql::{Dialect, Sql};

use crate::fault::{ErrorCode, Fault, OnServer};

/// The environment variable that holds the password of a definer's login: what is no letter or digit becomes `_`.
#[must_use]
pub fn password_variable(user: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("SEALIFT_DEFINER_{}_PASSWORD", user.chars().map(plain).collect::<String>())
}

/// The logins of definers on the target, by their users' names.
#[derive(Clone, Debug)]
pub struct Definers {
    logins: Arc<BTreeMap<String, Endpoint>>,
}

impl Definers {
    /// Logins on the server that `target` leads to, each with its password.
    #[must_use]
    pub fn new(target: &Endpoint, passwords: BTreeMap<String, Password>) -> Self {
        let login = |(user, password): (String, Password)| {
            (user.clone(), Endpoint { user, password, ..target.clone() })
        };
        Self { logins: Arc::new(passwords.into_iter().map(login).collect()) }
    }

    /// Each user with its password: for the process that ends a turn when this one dies.
    pub fn passwords(&self) -> impl Iterator<Item = (&str, &Password)> {
        self.logins.iter().map(|(user, login)| (user.as_str(), &login.password))
    }

    /// How a definer logs in.
    ///
    /// # Errors
    /// [`ErrorCode::PasswordMissing`] when nobody gave its password.
    pub(crate) fn login(&self, definer: &str) -> Result<&Endpoint, Fault> {
        let user = definer.rsplit_once('@').map_or(definer, |(user, _host)| user);
        self.logins.get(user).ok_or_else(|| {
            let what = format!("no password was given for {user}, the login of definer {definer}");
            Fault::new(ErrorCode::PasswordMissing, what).on(Side::Target).advise(format!(
                "name it in the configuration, [definers.{user}], and set {} (or password_file there); or give the \
                 definer another account with definer_map",
                password_variable(user)
            ))
        })
    }

    /// Logs in as a definer. The inner fault concerns what this definer owns, the outer one everything.
    pub(crate) async fn log_in(&self, definer: &str) -> Result<Result<Session, Fault>, Fault> {
        let login = match self.login(definer) {
            Ok(login) => login,
            Err(fault) => return Ok(Err(fault)),
        };
        let (session, found) = match opened(login).await {
            Ok(opened) => opened,
            Err(error) if concerns_all(error.class()) => {
                let doing = format!("log in as definer {definer}");
                return Err(Fault::server(Side::Target, doing, error));
            }
            Err(error) => return Ok(Err(refused(definer, error))),
        };
        if same_account(&found, definer) {
            return Ok(Ok(session));
        }
        let what = format!("login {} from here is account {found}, not {definer}", login.user);
        Ok(Err(Fault::new(ErrorCode::AccessDenied, what).on(Side::Target).advise(format!(
            "give the definer that account, [rewrite] definer_map = {{ \"{definer}\" = \"{found}\" }}"
        ))))
    }

    /// Tries each login: the account it is on the target, or why it is refused.
    pub async fn accounts(&self) -> Vec<(&str, Result<String, Fault>)> {
        let mut all = Vec::new();
        for (user, login) in self.logins.iter() {
            let account = match opened(login).await {
                Ok((session, account)) => {
                    session.close().await;
                    Ok(account)
                }
                Err(error) => Err(refused(user, error)),
            };
            all.push((user.as_str(), account));
        }
        all
    }

    /// Whether definers can log in and may make what is theirs. A privilege a trigger's body takes is not looked at:
    /// the server asks for it when the trigger fires.
    ///
    /// # Errors
    /// The first one's that cannot, or may not.
    pub(crate) async fn can_make(
        &self,
        works: impl IntoIterator<Item = Work>,
    ) -> Result<(), Fault> {
        let mut by_definer: BTreeMap<String, Vec<Work>> = BTreeMap::new();
        for work in works {
            by_definer.entry(work.definer.clone()).or_default().push(work);
        }
        for (definer, works) in by_definer {
            let mut session = self.log_in(&definer).await??;
            let lines = gather::grants_in_force(&mut session).await;
            let grants = Grants::read(&lines.on(Side::Target, "read a definer's grants")?);
            session.close().await;
            if let Some(work) = works.into_iter().find(|work| !work.is_allowed(&grants)) {
                return Err(work.forbidden());
            }
        }
        Ok(())
    }
}

/// A trigger or an event that its definer makes.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    /// The definer, `user@host`.
    pub(crate) definer: String,
    /// What is made.
    pub(crate) object: ObjectId,
    /// The trigger's table; of an event the event itself.
    pub(crate) on: QualifiedName,
}

impl Work {
    /// Another kind of object is looked at when it is made.
    fn is_allowed(&self, grants: &Grants) -> bool {
        match self.object.kind {
            ObjectKind::Trigger => grants.on_object(&self.on.schema, &self.on.name, "TRIGGER"),
            ObjectKind::Event => grants.in_schema(&self.on.schema, "EVENT"),
            ObjectKind::Schema
            | ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::Function
            | ObjectKind::Procedure => true,
        }
    }

    fn forbidden(&self) -> Fault {
        let Self { definer, object, .. } = self;
        let what = format!("its definer {definer} may not make it");
        let help = grant_for(definer, object.kind, &object.name);
        Fault::new(ErrorCode::PrivilegeMissing, what).on(Side::Target).about(object).advise(help)
    }
}

/// A session, and the account the server takes it for.
async fn opened(login: &Endpoint) -> Result<(Session, String), MysqlError> {
    let mut session = Session::connect(login).await?;
    let row = session.first("SELECT CURRENT_USER()").await?;
    let account = row.as_ref().map_or(Ok(""), |row| row.text(0))?.to_owned();
    Ok((session, account))
}

/// A login the target refuses.
fn refused(definer: &str, error: MysqlError) -> Fault {
    Fault::server(Side::Target, format!("log in as definer {definer}"), error).advise(format!(
        "make the account on the target (sealift accounts apply) so that it may log in from this machine, and check \
         the password that is given for it; or give the definer another account with definer_map: {definer} is \
         needed for what it owns only"
    ))
}

/// Whether trouble on a definer's session would meet everybody else's as well.
pub(crate) fn concerns_all(class: ErrorClass) -> bool {
    match class {
        ErrorClass::Unreachable
        | ErrorClass::Lost
        | ErrorClass::ReadOnly
        | ErrorClass::DiskFull
        | ErrorClass::Interrupted => true,
        // Of this account, or of a limit of its own.
        ErrorClass::AccessDenied
        | ErrorClass::Tls
        | ErrorClass::TooManyConnections
        | ErrorClass::Transient
        | ErrorClass::PacketTooLarge
        | ErrorClass::PrivilegeMissing
        | ErrorClass::DefinitionChanged
        | ErrorClass::DuplicateKey
        | ErrorClass::LocalInfileOff
        | ErrorClass::Other => false,
    }
}

/// The account a `CREATE` names as definer, `user@host`; `None` where it names none, or the login itself.
pub(crate) fn definer_of(statement: &str, dialect: Dialect) -> Option<String> {
    let text = StoredText::read(&Sql::new(statement, dialect)).ok()?;
    let account = text.definer?.account;
    account.contains('@').then_some(account)
}

/// The statement that lets a definer make an object of its own.
pub(crate) fn grant_for(definer: &str, kind: ObjectKind, name: &QualifiedName) -> String {
    let (privileges, also) = match kind {
        ObjectKind::View => ("CREATE VIEW, SELECT", ", and SELECT on what it reads elsewhere"),
        ObjectKind::Function | ObjectKind::Procedure => ("CREATE ROUTINE", ""),
        ObjectKind::Trigger => ("TRIGGER", ""),
        ObjectKind::Event => ("EVENT", ""),
        ObjectKind::Schema | ObjectKind::Table => ("CREATE", ""),
    };
    let account = quote_account(definer);
    format!(
        "execute GRANT {privileges} ON {}.* TO {account} on the target{also}, then run again",
        quote(&name.schema)
    )
}

/// Hosts have no letter case.
pub(crate) fn same_account(one: &str, other: &str) -> bool {
    match (one.rsplit_once('@'), other.rsplit_once('@')) {
        (Some((user, host)), Some((other_user, other_host))) => {
            user == other_user && host.eq_ignore_ascii_case(other_host)
        }
        (_, _) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_a_variable_that_every_shell_can_set() {
        assert_eq!(password_variable("app"), "SEALIFT_DEFINER_APP_PASSWORD");
        assert_eq!(password_variable("batch-1 é"), "SEALIFT_DEFINER_BATCH_1___PASSWORD");
    }

    #[test]
    fn the_definer_of_a_script_is_found_where_it_names_an_account() {
        let of = |sql: &str| definer_of(sql, Dialect::default());
        let view = "CREATE ALGORITHM=MERGE DEFINER=`a``b`@`%` SQL SECURITY DEFINER VIEW `s`.`v` AS select 1";
        assert_eq!(of(view).as_deref(), Some("a`b@%"));
        assert_eq!(of("CREATE DEFINER=CURRENT_USER PROCEDURE p() SELECT 'DEFINER=`a`@`b`'"), None);
        assert_eq!(of("CREATE PROCEDURE p() SELECT 1"), None);
        assert_eq!(of("CREATE TABLE t (a INT)"), None);
        assert_eq!(of("DROP VIEW v"), None);
    }

    #[test]
    fn accounts_are_the_same_whatever_the_case_of_their_host() {
        assert!(same_account("a@Host", "a@hOST"));
        assert!(!same_account("A@h", "a@h"));
        assert!(!same_account("a@h", "a@%"));
    }

    #[test]
    fn a_definer_needs_its_privilege_where_its_object_is() {
        let work = |kind, on: &str| Work {
            definer: "app@%".to_owned(),
            object: ObjectId::new(kind, QualifiedName::new("shop", "x")),
            on: QualifiedName::new("shop", on),
        };
        let (trigger, event) = (work(ObjectKind::Trigger, "t"), work(ObjectKind::Event, "x"));
        let with = |grant: &str| {
            let grants = Grants::read(&[grant.to_owned()]);
            (trigger.is_allowed(&grants), event.is_allowed(&grants))
        };
        assert_eq!(with("GRANT TRIGGER ON `shop`.`t` TO `app`@`%`"), (true, false));
        assert_eq!(with("GRANT TRIGGER ON `shop`.`u` TO `app`@`%`"), (false, false));
        assert_eq!(with("GRANT EVENT ON `shop`.* TO `app`@`%`"), (false, true));
        assert_eq!(with("GRANT ALL PRIVILEGES ON *.* TO `app`@`%`"), (true, true));
        let told = trigger.forbidden();
        assert_eq!(told.code, ErrorCode::PrivilegeMissing);
        assert!(told.remedy().contains("GRANT TRIGGER ON `shop`.* TO `app`@`%`"), "{told}");
    }

    #[test]
    fn what_a_definer_lacks_is_a_statement() {
        let name = QualifiedName::new("sh`op", "t");
        assert_eq!(
            grant_for("app@%", ObjectKind::Trigger, &name),
            "execute GRANT TRIGGER ON `sh``op`.* TO `app`@`%` on the target, then run again"
        );
    }
}
