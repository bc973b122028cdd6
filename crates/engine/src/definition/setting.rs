//! What a statement's session had set, for the session that executes it on the target.

use std::collections::BTreeMap;

use sealift_mysql::binlog::{Query, Settings, sql_mode};
use sealift_mysql::error::ErrorClass;
use sealift_mysql::session::Session;
use sealift_schema::catalog::CreatedUnder;
use sealift_schema::facts::Side;
use sealift_schema::name::{literal, quote};
use sealift_schema::rewrite::{self, Context};
use sealift_schema::sql::DefinitionStatement;

use crate::fault::{Fault, OnServer};

/// The number of `utf8mb4_0900_ai_ci`, what MySQL takes for `utf8mb4` where nothing else is said.
const UTF8MB4_DEFAULT: u16 = 255;

/// What a collation stands in for that the target does not know: literals only are compared by it.
const COLLATION: &str = "utf8mb4_0900_ai_ci";

/// The settings of one statement.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// What sets them.
    pub(super) statements: Vec<String>,
    /// What sets the time it was: only a login with a privilege may, and only rows depend on it.
    pub(super) moment: String,
    /// What views and routines are made under.
    pub(super) created_under: CreatedUnder,
    /// `collation_server`, if the target knows it.
    pub(super) server_collation: Option<String>,
    /// `sql_mode` on the source.
    pub(super) source_mode: String,
}

/// Tells the settings of a statement; the inner error says why the target cannot have them.
pub(super) async fn settings(
    session: &mut Session,
    query: &Query,
    statement: &DefinitionStatement,
    context: &Context<'_>,
) -> Result<Result<Setting, String>, Fault> {
    let numbers =
        "SELECT ID, COLLATION_NAME, CHARACTER_SET_NAME FROM information_schema.COLLATIONS";
    let rows = session.rows(numbers).await.on(Side::Target, "read its collations")?;
    let mut known = BTreeMap::new();
    for row in rows {
        let number: u16 = row.parse(0).on(Side::Target, "read its collations")?;
        let name = row.text(1).on(Side::Target, "read its collations")?.to_owned();
        let charset = row.text(2).on(Side::Target, "read its collations")?.to_owned();
        known.insert(number, (name, charset));
    }
    let Settings { collations, time_zone, database_collation: _, .. } = &query.settings;
    let of = |at: usize| collations.and_then(|all| all.get(at).and_then(|id| known.get(id)));
    let is_ascii = query.sql.is_ascii();
    let charset = of(0).map_or("utf8mb4", |(_, charset)| charset.as_str());
    if std::str::from_utf8(&query.sql).is_err() || (!is_ascii && !charset.starts_with("utf8")) {
        return Ok(Err(format!("it is written in character set {charset}")));
    }
    let connection = of(1).map_or(COLLATION, |(name, _)| name.as_str());
    let source_mode = sql_mode(query.settings.sql_mode.unwrap_or(0));
    let (mode, _changes) = rewrite::sql_mode(&source_mode, context);
    let mut set = vec![
        format!("sql_mode={}", literal(&mode)),
        "foreign_key_checks=0".to_owned(),
        format!("character_set_client={charset}"),
        format!("collation_connection={connection}"),
    ];
    let (seconds, micros) = (query.executed_at / 1_000_000, query.executed_at % 1_000_000);
    let moment = format!("SET SESSION timestamp={seconds}.{micros:06}");
    set.extend(time_zone.as_ref().map(|zone| format!("time_zone={}", literal(zone))));
    let mut statements = vec![format!("SET SESSION {}", set.join(", "))];
    if context_schema_is_there(session, query, context).await? {
        let default = rewrite::target_schema(&query.schema, context);
        statements.push(format!("USE {}", quote(&default)));
    }
    for (needed, what) in wishes(query, statement, context) {
        // Only a login with a privilege may; where nothing depends on it, nothing is asked.
        match session.execute(format!("SET SESSION {needed}")).await {
            Ok(_) => statements.push(format!("SET SESSION {needed}")),
            Err(error) if error.class() == ErrorClass::Lost => {
                return Err(Fault::server(Side::Target, "set what a statement needs", error));
            }
            Err(error) => return Ok(Err(format!("{what} on the source: {error}"))),
        }
    }
    let created_under = CreatedUnder {
        sql_mode: Some(source_mode.clone()),
        charset_client: charset.to_owned(),
        collation_connection: connection.to_owned(),
        time_zone: time_zone.clone(),
    };
    let server_collation = of(2).map(|(name, _)| name.clone());
    Ok(Ok(Setting { statements, moment, created_under, server_collation, source_mode }))
}

/// Settings that change what a statement means, which not every login may have.
fn wishes(
    query: &Query,
    statement: &DefinitionStatement,
    context: &Context<'_>,
) -> Vec<(&'static str, &'static str)> {
    let Settings { explicit_defaults_for_timestamp, utf8mb4_collation, .. } = query.settings;
    let mut wishes = Vec::new();
    let is_explicit = explicit_defaults_for_timestamp.unwrap_or_else(|| {
        context.source.variable("explicit_defaults_for_timestamp") != Some("OFF")
    });
    if !is_explicit && statement.mentions("timestamp") {
        wishes
            .push(("explicit_defaults_for_timestamp=0", "explicit_defaults_for_timestamp was off"));
    }
    let is_other = utf8mb4_collation.is_some_and(|number| number != UTF8MB4_DEFAULT);
    if is_other && statement.mentions("utf8mb4") {
        wishes.push((
            "default_collation_for_utf8mb4=utf8mb4_general_ci",
            "default_collation_for_utf8mb4 was another",
        ));
    }
    wishes
}

/// Whether the schema that names without one mean is on the target.
async fn context_schema_is_there(
    session: &mut Session,
    query: &Query,
    context: &Context<'_>,
) -> Result<bool, Fault> {
    if query.schema.is_empty() {
        return Ok(false);
    }
    let target = rewrite::target_schema(&query.schema, context);
    let sql =
        format!("SELECT 1 FROM information_schema.schemata WHERE schema_name={}", literal(&target));
    let found = session.first(sql).await.on(Side::Target, "look for a schema")?;
    Ok(found.is_some())
}
