//! Sessions with nothing left to a server's defaults.

use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use sealift_schema::facts::Flavor;

/// How long a server waits for us before it gives a session up, in seconds. A reader rests while the
/// target is slower; a writer rests while an index is built.
const PATIENCE_SECONDS: u32 = 86_400;

/// The `sql_mode` of every session that carries values: 0 stays 0 in an `AUTO_INCREMENT` column, dates
/// that exist on the source are stored whatever the calendar says. No strict mode: it would turn some of
/// the warnings that are checked into errors and leave others.
const SQL_MODE: &str = "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES";

/// Pins a session that writes to the target. It passes the fence that a cutover or rollback may have put there.
///
/// Unique keys are checked: without, InnoDB may buffer changes of a unique key that is not the primary key and
/// let duplicates in, where rows of the same key are to be replaced
/// (<https://dev.mysql.com/doc/refman/9.7/en/server-system-variables.html#sysvar_unique_checks>).
///
/// # Errors
/// When the server refuses a setting that matters.
pub async fn writer(session: &mut Session) -> Result<(), MysqlError> {
    let pins = |besides: &str| {
        format!(
            "SET SESSION sql_mode='{SQL_MODE}', time_zone='+00:00', foreign_key_checks=0, \
             unique_checks=1, autocommit=1, {besides} \
             wait_timeout={PATIENCE_SECONDS}, \
             net_read_timeout={PATIENCE_SECONDS}, net_write_timeout={PATIENCE_SECONDS}, \
             @sealift_passes=1"
        )
    };
    match session.execute(pins("max_error_count=65535,")).await {
        // MySQL 9 wants a privilege for it. Whoever expects more warnings than are listed then says so.
        Err(error) if error.class() == ErrorClass::PrivilegeMissing => {
            session.execute(pins("")).await?;
        }
        pinned => drop(pinned?),
    }
    // Rows of the ledger are locked by their key: nothing is gained by locking the gaps beside them.
    session.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
    // Tables are made as the plan says: without a key the server would add one of its own (8.0.30) or
    // refuse (8.0.13). Both settings want a privilege that the Azure admin has; where it is missing the
    // server's own setting stays, which `prepare` reports.
    for setting in ["sql_generate_invisible_primary_key=0", "sql_require_primary_key=0"] {
        optional(session, setting).await?;
    }
    Ok(())
}

/// Pins a session that reads rows from the source: columns arrive in their own bytes.
///
/// # Errors
/// When the server refuses a setting that matters.
pub async fn reader(session: &mut Session) -> Result<(), MysqlError> {
    // Keys are compared with literals, also with dates the calendar does not know.
    let no_limit = match session.version().flavor {
        Flavor::MySql => "max_execution_time=0",
        Flavor::MariaDb => "max_statement_time=0",
    };
    session
        .execute(format!(
            "SET SESSION sql_mode='{SQL_MODE}', time_zone='+00:00', character_set_results=NULL, \
             wait_timeout={PATIENCE_SECONDS}, net_read_timeout={PATIENCE_SECONDS}, \
             net_write_timeout={PATIENCE_SECONDS}"
        ))
        .await?;
    optional(session, no_limit).await
}

/// Sets what not every server knows or allows.
async fn optional(session: &mut Session, setting: &str) -> Result<(), MysqlError> {
    match session.execute(format!("SET SESSION {setting}")).await {
        Ok(_) => Ok(()),
        Err(error) if error.code().is_some() && error.class() != ErrorClass::Lost => {
            tracing::debug!(setting, %error, "the server keeps its own setting");
            Ok(())
        }
        Err(error) => Err(error),
    }
}
