//! Accounts as a server prints them, what grants may speak of, and what a login may give to others.

use std::collections::BTreeSet;

use sealift_schema::account::definition::Secret;
use sealift_schema::account::{Account, AccountName, Names, Power, read_rights};
use sealift_schema::catalog::RoutineKind;
use sealift_schema::facts::{Flavor, ServerFacts};
use sealift_schema::name::{ObjectKind, QualifiedName};

use super::{GatherError, unprinted};
use crate::endpoint::Endpoint;
use crate::error::MysqlError;
use crate::pins::{self, Pins};
use crate::session::{Session, TextRow};

/// Settings under which servers print accounts alike.
const ACCOUNTS: Pins = &[
    ("sql_mode", "''"),
    ("sql_quote_show_create", "1"),
    // Hashes hold bytes that are no text.
    ("print_identified_with_as_hex", "1"),
    ("lock_wait_timeout", "60"),
];

/// Opens a session that reads or changes accounts.
///
/// # Errors
/// When the server cannot be reached.
pub async fn open(endpoint: &Endpoint) -> Result<Session, GatherError> {
    pins::open(endpoint, ACCOUNTS).await.map_err(GatherError::server("open a session"))
}

/// Reads the wanted accounts and roles. One that vanishes meanwhile is left out.
///
/// # Errors
/// When the login may not read accounts (`SELECT` on schema `mysql`), or the session fails.
pub async fn accounts(
    session: &mut Session,
    wanted: &(dyn Fn(&AccountName) -> bool + Sync),
) -> Result<Vec<Account>, GatherError> {
    let listed = list(session).await.map_err(GatherError::server("list accounts"))?;
    let mut accounts = Vec::new();
    for Listed { name, kind, retained } in listed {
        if !wanted(&name) {
            continue;
        }
        match account(session, &name, kind).await {
            Ok(mut account) => {
                account.definition.retained = retained;
                accounts.push(account);
            }
            Err(gone) if gone.code().is_some_and(|code| GONE.contains(&code)) => {}
            Err(error) => {
                return Err(GatherError::server(format!("read account {name}"))(error));
            }
        }
    }
    Ok(accounts)
}

/// No such account: 1133, 1141 and 1396.
const GONE: [u16; 3] = [1133, 1141, 1396];

struct Listed {
    name: AccountName,
    kind: Kind,
    /// The password that was in use before and still holds; `SHOW CREATE USER` does not tell.
    retained: Option<Secret>,
}

#[derive(Clone, Copy)]
enum Kind {
    User,
    /// Of MariaDB; MySQL's are users.
    Role,
}

async fn list(session: &mut Session) -> Result<Vec<Listed>, MysqlError> {
    let version = *session.version();
    let retains = version.is_mysql_at_least(8, 0, 14);
    let rest = match version.flavor {
        Flavor::MariaDb => ", is_role",
        Flavor::MySql if retains => {
            ", HEX(JSON_UNQUOTE(JSON_EXTRACT(user_attributes, '$.additional_password')))"
        }
        Flavor::MySql => ", NULL",
    };
    let sql = format!("SELECT user, host{rest} FROM mysql.user ORDER BY user, host");
    let listed = |row: &TextRow| {
        let name = AccountName::new(row.text(0)?, row.text(1)?);
        let more = row.optional_text(2)?;
        Ok(match version.flavor {
            Flavor::MariaDb if more == Some("Y") => {
                Listed { name, kind: Kind::Role, retained: None }
            }
            Flavor::MariaDb => Listed { name, kind: Kind::User, retained: None },
            Flavor::MySql => {
                let retained = more.map(|digits| Secret::new(format!("0x{digits}")));
                Listed { name, kind: Kind::User, retained }
            }
        })
    };
    session.rows(sql).await?.iter().map(listed).collect()
}

async fn account(
    session: &mut Session,
    name: &AccountName,
    kind: Kind,
) -> Result<Account, MysqlError> {
    let flavor = session.version().flavor;
    let rows = session.rows(format!("SHOW GRANTS FOR {name}")).await?;
    let grants =
        rows.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<Vec<_>, _>>()?;
    match kind {
        Kind::Role => Ok(Account::role(name.clone(), &grants)),
        Kind::User => {
            let printed = create_user(session, name).await?;
            let account = printed.and_then(|printed| Account::read(&printed, &grants, flavor));
            account.ok_or_else(|| {
                MysqlError::Result(format!("the definition of account {name} is not CREATE USER"))
            })
        }
    }
}

/// `SHOW CREATE USER`, or what says the same.
async fn create_user(
    session: &mut Session,
    name: &AccountName,
) -> Result<Option<String>, MysqlError> {
    let version = session.version();
    if version.flavor == Flavor::MySql && !version.is_mysql_at_least(5, 7, 6) {
        return unprinted::create_user(session, name).await;
    }
    let row = session.first(format!("SHOW CREATE USER {name}")).await?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// The names of the source's objects that the login sees.
///
/// # Errors
/// When the session fails.
pub async fn names(session: &mut Session) -> Result<Names, GatherError> {
    read_names(session).await.map_err(GatherError::server("list tables and routines"))
}

async fn read_names(session: &mut Session) -> Result<Names, MysqlError> {
    let mut names = Names::default();
    for row in session.rows("SELECT schema_name FROM information_schema.schemata").await? {
        names.schemas.insert(row.text(0)?.to_owned());
    }
    let relations = "SELECT table_schema, table_name, table_type FROM information_schema.tables";
    for row in session.rows(relations).await? {
        let kind = if row.text(2)?.contains("VIEW") { ObjectKind::View } else { ObjectKind::Table };
        names.relations.insert(QualifiedName::new(row.text(0)?, row.text(1)?), kind);
    }
    let routines =
        "SELECT routine_schema, routine_name, routine_type FROM information_schema.routines";
    for row in session.rows(routines).await? {
        let kind = match row.text(2)? {
            "FUNCTION" => RoutineKind::Function,
            "PROCEDURE" => RoutineKind::Procedure,
            _ => continue,
        };
        names.routines.insert((kind, QualifiedName::new(row.text(0)?, row.text(1)?)));
    }
    Ok(names)
}

/// The privileges a server knows, in upper case.
///
/// # Errors
/// When the session fails.
pub async fn privileges(session: &mut Session) -> Result<BTreeSet<String>, GatherError> {
    let doing = "list privileges";
    let rows = session.rows("SHOW PRIVILEGES").await.map_err(GatherError::server(doing))?;
    let names = rows.iter().map(|row| row.text(0).map(str::to_ascii_uppercase));
    names.collect::<Result<_, _>>().map_err(GatherError::server(doing))
}

/// What a server knows, and what the login of these facts may give to others there.
///
/// # Errors
/// When the session fails.
pub async fn power(session: &mut Session, facts: &ServerFacts) -> Result<Power, GatherError> {
    let known = privileges(session).await?;
    let plugins = plugins(session).await.map_err(GatherError::server("list plugins"))?;
    Ok(Power { known, plugins, own: read_rights(&facts.grants) })
}

async fn plugins(session: &mut Session) -> Result<BTreeSet<String>, MysqlError> {
    let sql = "SELECT plugin_name FROM information_schema.plugins \
               WHERE plugin_type = 'AUTHENTICATION' AND plugin_status = 'ACTIVE'";
    let rows = session.rows(sql).await?;
    rows.iter().map(|row| row.text(0).map(str::to_ascii_lowercase)).collect()
}
