//! The fence made of triggers: on every migrated table three that refuse every write while the row says so.

use std::collections::BTreeSet;

use sealift_mysql::error::ErrorClass;
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use sealift_schema::name::{QualifiedName, literal};

use super::blockers;
use super::own::{TRIGGER, triggers};
use super::row::FenceRow;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::target::pause::pause;

/// How often a table is asked for before we give up: each time we wait two seconds, and let others pass.
const TRIES_MAX: u32 = 5;

/// Puts the triggers on tables, in an order all of whose statements may be repeated.
///
/// Each waits until nobody has a transaction open that has touched its table, for there is no other moment at
/// which a trigger can begin to count for everybody.
pub(super) async fn install(
    session: &mut Session,
    side: Side,
    row: &FenceRow,
    tables: &[QualifiedName],
) -> Result<(), Fault> {
    // What a trigger means depends on this.
    let modes = "SET SESSION sql_mode='NO_ENGINE_SUBSTITUTION'";
    session.execute(modes).await.on(side, "prepare the session")?;
    let there = present(session, side, tables).await?;
    let undone = take_back(session, side, tables).await?;
    for table in tables {
        for (event, name) in triggers(table) {
            if there.contains(&name) {
                continue;
            }
            let time = time(event, undone.contains(table));
            // The application's drivers know this number: they look for another server.
            let sql = format!(
                "CREATE TRIGGER {name} {time} {event} ON {table} FOR EACH ROW \
                 IF @sealift_passes IS NULL AND {} THEN \
                 SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO=1290, MESSAGE_TEXT={}; END IF",
                row.keeps_out(),
                literal("sealift moves this database: it takes no writes now (read-only)")
            );
            patiently(session, side, &sql, "put the fence's trigger", table).await?;
        }
    }
    Ok(())
}

/// When a trigger acts. With a `BEFORE INSERT` trigger, whatever it does, MySQL (9.7.4) refuses new rows of a table
/// with a generated column that is `NOT NULL`, unless the statement names the column (error 1048). Where a row that was
/// refused afterwards would stay, it has to be refused before.
fn time(event: &str, takes_back: bool) -> &'static str {
    if event == "INSERT" && takes_back { "AFTER" } else { "BEFORE" }
}

/// Which tables take back what a refused statement has done to them.
async fn take_back(
    session: &mut Session,
    side: Side,
    tables: &[QualifiedName],
) -> Result<BTreeSet<QualifiedName>, Fault> {
    let Some(schemas) = schemas(tables) else { return Ok(BTreeSet::new()) };
    let sql = format!(
        "SELECT table_schema, table_name FROM information_schema.tables \
         WHERE table_schema IN ({schemas}) AND engine = 'InnoDB'"
    );
    names(session, side, "list tables", sql).await
}

/// Takes all our triggers off tables.
pub(super) async fn remove(
    session: &mut Session,
    side: Side,
    tables: &[QualifiedName],
) -> Result<(), Fault> {
    let there = present(session, side, tables).await?;
    for table in tables {
        for (_event, name) in triggers(table) {
            if there.contains(&name) {
                let sql = format!("DROP TRIGGER IF EXISTS {name}");
                patiently(session, side, &sql, "take the fence's trigger", table).await?;
            }
        }
    }
    Ok(())
}

/// Which of our triggers are there.
async fn present(
    session: &mut Session,
    side: Side,
    tables: &[QualifiedName],
) -> Result<BTreeSet<QualifiedName>, Fault> {
    let Some(schemas) = schemas(tables) else { return Ok(BTreeSet::new()) };
    let sql = format!(
        "SELECT trigger_schema, trigger_name FROM information_schema.triggers \
         WHERE trigger_schema IN ({schemas}) AND trigger_name LIKE '{}%'",
        TRIGGER.replace('_', "\\_")
    );
    names(session, side, "list triggers", sql).await
}

/// The schemas of tables, as a list of literals; `None` if there are no tables.
fn schemas(tables: &[QualifiedName]) -> Option<String> {
    let schemas: BTreeSet<&str> = tables.iter().map(|table| table.schema.as_str()).collect();
    let schemas: Vec<String> = schemas.into_iter().map(literal).collect();
    (!schemas.is_empty()).then(|| schemas.join(","))
}

/// Executes a query that answers with schemas and names.
async fn names(
    session: &mut Session,
    side: Side,
    doing: &str,
    sql: String,
) -> Result<BTreeSet<QualifiedName>, Fault> {
    let rows = session.rows(sql).await.on(side, doing)?;
    let names = rows.iter().map(|row| Ok(QualifiedName::new(row.text(0)?, row.text(1)?)));
    names.collect::<Result<_, _>>().on(side, doing)
}

/// Executes a statement that wants a table for itself. It waits for a short time only, since everybody else
/// who wants the table waits behind it.
pub(super) async fn patiently(
    session: &mut Session,
    side: Side,
    sql: &str,
    doing: &str,
    table: &QualifiedName,
) -> Result<(), Fault> {
    let mut failures = 0;
    loop {
        let Err(error) = session.execute(sql).await else { return Ok(()) };
        failures += 1;
        if error.class() != ErrorClass::Transient {
            return Err(Fault::server(side, doing, error).about(format!("table {table}")));
        }
        if failures == TRIES_MAX {
            let who = blockers::holders(session).await;
            return Err(Fault::new(ErrorCode::TransactionsOpen, format!("{doing}: {who}"))
                .on(side)
                .about(format!("table {table}")));
        }
        pause(failures).await;
    }
}
