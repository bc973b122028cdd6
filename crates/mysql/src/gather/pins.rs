//! How a session that gathers is set up.

use std::collections::BTreeSet;

use super::GatherError;
use crate::endpoint::Endpoint;
use crate::error::MysqlError;
use crate::session::Session;

/// Settings under which every server prints definitions alike. Those a server does not know are left out,
/// so one list serves all versions.
const PINS: [(&str, &str); 11] = [
    // Without ANSI_QUOTES names come in backticks, without NO_BACKSLASH_ESCAPES our literals hold.
    ("sql_mode", "''"),
    // Defaults of TIMESTAMP columns are printed in the time zone of the session.
    ("time_zone", "'+00:00'"),
    ("sql_quote_show_create", "1"),
    ("show_gipk_in_create_table_and_information_schema", "1"),
    ("show_create_table_skip_secondary_engine", "1"),
    ("show_create_table_verbosity", "0"),
    ("show_old_temporals", "0"),
    // Statistics straight from the engine: ten times as fast as the cache that is filled on the way, and
    // nothing is written (https://dev.mysql.com/doc/refman/9.7/en/information-schema-optimization.html).
    ("information_schema_stats_expiry", "0"),
    // An ALTER TABLE under way holds SHOW CREATE up for as long as it runs; an operator should hear of it.
    ("lock_wait_timeout", "60"),
    ("max_execution_time", "0"),
    ("max_statement_time", "0"),
];

/// Opens a session whose answers about definitions do not depend on the server's settings.
pub(super) async fn open(endpoint: &Endpoint) -> Result<Session, GatherError> {
    let mut session = Session::connect(endpoint).await.map_err(GatherError::server("connect"))?;
    pin(&mut session).await.map_err(GatherError::server("set up a session"))?;
    Ok(session)
}

async fn pin(session: &mut Session) -> Result<(), MysqlError> {
    session.execute("SET NAMES utf8mb4").await?;
    let names = PINS.map(|(name, _)| format!("'{name}'")).join(", ");
    let known = session
        .rows(&format!("SHOW SESSION VARIABLES WHERE variable_name IN ({names})"))
        .await?
        .iter()
        .map(|row| row.text(0).map(str::to_lowercase))
        .collect::<Result<BTreeSet<_>, _>>()?;
    let settings = PINS
        .iter()
        .filter(|(name, _)| known.contains(*name))
        .map(|(name, value)| format!("{name} = {value}"))
        .collect::<Vec<_>>();
    session.execute(&format!("SET SESSION {}", settings.join(", "))).await?;
    Ok(())
}
