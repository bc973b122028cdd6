//! Settings of our sessions that must not depend on how a server is configured.

use std::collections::BTreeSet;

use crate::endpoint::Endpoint;
use crate::error::MysqlError;
use crate::session::Session;

/// Variables and their values as SQL. Those a server does not know are left out when they are set, so
/// that one list serves all versions.
pub(crate) type Pins = &'static [(&'static str, &'static str)];

/// Settings under which every server prints definitions alike.
pub(crate) const DEFINITIONS: Pins = &[
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

/// Settings under which a server is asked about itself: nothing may take long or hold anybody up.
pub(crate) const QUESTIONS: Pins = &[
    ("sql_mode", "''"),
    // Times of InnoDB's own tables are in the server's zone, and so must NOW() be.
    ("time_zone", "'SYSTEM'"),
    // Statistics as they lie in the dictionary or the engine; nothing is written.
    ("information_schema_stats_expiry", "0"),
    ("lock_wait_timeout", "5"),
    ("max_execution_time", "5000"),
    ("max_statement_time", "5"),
];

/// Settings under which rows are read as they are stored, for as long as it takes.
pub(crate) const ROWS: Pins = &[
    ("sql_mode", "''"),
    ("time_zone", "'+00:00'"),
    // Each column arrives in its own character set.
    ("character_set_results", "NULL"),
    // Else `WHERE id IS NULL` may find the row inserted last.
    ("sql_auto_is_null", "0"),
    ("sql_big_selects", "1"),
    ("sql_select_limit", "18446744073709551615"),
    ("use_secondary_engine", "OFF"),
    // Nothing may end a long read, a reader that waits for a slow target, or its transaction.
    ("max_execution_time", "0"),
    ("max_statement_time", "0"),
    ("net_write_timeout", "86400"),
    ("net_read_timeout", "86400"),
    ("wait_timeout", "604800"),
    ("idle_transaction_timeout", "0"),
    ("idle_readonly_transaction_timeout", "0"),
];

/// Opens a session and pins it.
pub(crate) async fn open(endpoint: &Endpoint, pins: Pins) -> Result<Session, MysqlError> {
    let mut session = Session::connect(endpoint).await?;
    session.execute("SET NAMES utf8mb4").await?;
    let names = pins.iter().map(|(name, _)| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    let known = session
        .rows(&format!("SHOW SESSION VARIABLES WHERE variable_name IN ({names})"))
        .await?
        .iter()
        .map(|row| row.text(0).map(str::to_lowercase))
        .collect::<Result<BTreeSet<_>, _>>()?;
    let settings = pins
        .iter()
        .filter(|(name, _)| known.contains(*name))
        .map(|(name, value)| format!("{name} = {value}"))
        .collect::<Vec<_>>();
    session.execute(&format!("SET SESSION {}", settings.join(", "))).await?;
    Ok(session)
}
