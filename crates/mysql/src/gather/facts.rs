//! What a server says of itself.

use std::collections::{BTreeMap, BTreeSet};

use sealift_schema::facts::{Flavor, ServerFacts};

use super::GatherError;
use crate::error::{ErrorClass, MysqlError};
use crate::session::Session;

/// Gathers what rules and rewrites want to know of a server. The session keeps the roles that are active
/// in it; all roles granted to the login are made active first.
///
/// # Errors
///
/// When the session fails. Accounts that may not be listed are no error.
pub async fn facts(session: &mut Session) -> Result<ServerFacts, GatherError> {
    let version = *session.version();
    let roles = active_roles(session).await.map_err(GatherError::server("read roles"))?;
    Ok(ServerFacts {
        version,
        version_text: session.version_text().to_owned(),
        variables: variables(session).await.map_err(GatherError::server("read variables"))?,
        collations: collations(session).await.map_err(GatherError::server("read collations"))?,
        engines: engines(session).await.map_err(GatherError::server("read engines"))?,
        current_user: scalar(session, "SELECT CURRENT_USER()")
            .await
            .map_err(GatherError::server("read current user"))?
            .unwrap_or_default(),
        grants: grants(session, &roles).await.map_err(GatherError::server("read grants"))?,
        accounts: accounts(session).await.map_err(GatherError::server("list accounts"))?,
    })
}

/// Gathers what a session may do with the roles that are active in it, as lines of `SHOW GRANTS`.
///
/// # Errors
///
/// When the session fails.
pub async fn grants_in_force(session: &mut Session) -> Result<Vec<String>, MysqlError> {
    let roles = named_roles(session).await?;
    grants(session, &roles).await
}

async fn variables(session: &mut Session) -> Result<BTreeMap<String, String>, MysqlError> {
    let mut variables = BTreeMap::new();
    for row in session.rows("SHOW GLOBAL VARIABLES").await? {
        // Some values are file names, which need not be UTF-8.
        let value = row.get(1).map(String::from_utf8_lossy).unwrap_or_default();
        variables.insert(row.text(0)?.to_lowercase(), value.into_owned());
    }
    Ok(variables)
}

/// MariaDB since 10.10 lists `uca1400_ai_ci` once for all Unicode character sets, without its full name;
/// the full names are in another table (<https://mariadb.com/kb/en/information-schema-collations-table/>).
async fn collations(session: &mut Session) -> Result<BTreeMap<String, String>, MysqlError> {
    let sql = if session.version().is_mariadb_at_least(10, 10, 1) {
        "SELECT full_collation_name, character_set_name \
         FROM information_schema.collation_character_set_applicability"
    } else {
        "SELECT collation_name, character_set_name FROM information_schema.collations"
    };
    let mut collations = BTreeMap::new();
    for row in session.rows(sql).await? {
        if let (Some(collation), Some(charset)) = (row.optional_text(0)?, row.optional_text(1)?) {
            collations.insert(collation.to_owned(), charset.to_owned());
        }
    }
    Ok(collations)
}

async fn engines(session: &mut Session) -> Result<BTreeSet<String>, MysqlError> {
    let mut engines = BTreeSet::new();
    for row in session.rows("SHOW ENGINES").await? {
        if matches!(row.named("Support")?, Some("YES" | "DEFAULT")) {
            engines.extend(row.named("Engine")?.map(str::to_owned));
        }
    }
    Ok(engines)
}

/// Activates every role granted to the login and names those that are active, quoted, e.g.
/// `` `reader`@`%` ``. MariaDB has one role at a time: the default one is left as it is.
async fn active_roles(session: &mut Session) -> Result<Vec<String>, MysqlError> {
    if !session.version().is_mysql_at_least(8, 0, 0) {
        return Ok(Vec::new());
    }
    session.execute("SET ROLE ALL").await?;
    named_roles(session).await
}

/// The roles that are active in a session.
async fn named_roles(session: &mut Session) -> Result<Vec<String>, MysqlError> {
    if !session.version().is_mysql_at_least(8, 0, 0) {
        return Ok(Vec::new());
    }
    let roles = scalar(session, "SELECT CURRENT_ROLE()").await?.unwrap_or_default();
    if roles == "NONE" {
        return Ok(Vec::new());
    }
    Ok(split_roles(&roles))
}

/// Splits at the commas between names, not at those in them.
fn split_roles(roles: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut is_inside = false;
    for c in roles.chars() {
        match c {
            '`' => is_inside = !is_inside,
            ',' if !is_inside => {
                names.push(std::mem::take(&mut name));
                continue;
            }
            _ => {}
        }
        name.push(c);
    }
    names.push(name);
    names
}

/// `SHOW GRANTS`, on MySQL with what the active roles add. MariaDB lists the grants of its roles by
/// itself.
async fn grants(session: &mut Session, roles: &[String]) -> Result<Vec<String>, MysqlError> {
    let using = match (session.version().flavor, roles) {
        (Flavor::MySql, [_, ..]) => format!(" FOR CURRENT_USER() USING {}", roles.join(", ")),
        (Flavor::MySql | Flavor::MariaDb, _) => String::new(),
    };
    let rows = session.rows(&format!("SHOW GRANTS{using}")).await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// `None` when the login may not read `mysql.user`.
async fn accounts(session: &mut Session) -> Result<Option<BTreeSet<String>>, MysqlError> {
    match session.rows("SELECT user, host FROM mysql.user").await {
        Ok(rows) => {
            let account =
                |row: &crate::session::TextRow| Ok(format!("{}@{}", row.text(0)?, row.text(1)?));
            rows.iter().map(account).collect::<Result<_, MysqlError>>().map(Some)
        }
        Err(error) if error.class() == ErrorClass::PrivilegeMissing => Ok(None),
        Err(error) => Err(error),
    }
}

async fn scalar(session: &mut Session, sql: &str) -> Result<Option<String>, MysqlError> {
    let row = session.first(sql).await?;
    Ok(row
        .map(|row| row.optional_text(0).map(|text| text.map(str::to_owned)))
        .transpose()?
        .flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_split_between_names_only() {
        assert_eq!(split_roles("`a`@`%`,`b,``c`@`%`"), ["`a`@`%`", "`b,``c`@`%`"]);
    }
}
