//! Triggers and events: they belong to the side that is live, and to no other.

use std::collections::BTreeSet;

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use sealift_schema::catalog::{Catalog, Trigger};
use sealift_schema::facts::Flavor;
use sealift_schema::name::{QualifiedName, literal, quote};
use sealift_schema::sql::stored::StoredText;
use sealift_schema::sql::{Dialect, Edit, Sql};

use super::own::{MARK, is_own_trigger};
use super::session;
use super::triggers::patiently;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::stage::{Kept, KeptEvent};

/// What acts by itself on a side: the triggers of migrated tables, and the events that are enabled.
#[must_use]
pub fn found(catalog: &Catalog, tables: &[QualifiedName]) -> Kept {
    let ours: BTreeSet<&QualifiedName> = tables.iter().collect();
    let mut triggers: Vec<Trigger> = catalog
        .triggers
        .values()
        .filter(|trigger| ours.contains(&trigger.table) && !is_own_trigger(&trigger.name))
        .cloned()
        .collect();
    // They are made again in the order they fire.
    triggers.sort_by_key(|trigger| (trigger.table.clone(), trigger.action_order));
    let enabled = catalog.events.values().filter(|event| event.enabled);
    let events =
        enabled.map(|event| KeptEvent { name: event.name.clone(), definer: event.definer.clone() });
    Kept { triggers, events: events.collect() }
}

/// Makes sure that everything that is taken off a side can be put there again in the name of its definer.
///
/// # Errors
/// [`ErrorCode::PrivilegeMissing`] with the statements that help.
pub async fn may_keep(endpoint: &Endpoint, user: &str, kept: &Kept) -> Result<(), Fault> {
    let side = endpoint.side;
    let triggers = kept.triggers.iter().map(|trigger| trigger.definer.as_str());
    let events = kept.events.iter().map(|event| event.definer.as_str());
    let definers: BTreeSet<&str> = triggers.chain(events).filter(|other| *other != user).collect();
    if definers.is_empty() {
        return Ok(());
    }
    let mut session = session::open(endpoint).await?;
    let made = session.execute("CREATE SCHEMA IF NOT EXISTS sealift").await;
    made.on(side, "create schema sealift")?;
    for definer in definers {
        match try_definer(&mut session, definer).await {
            Ok(()) => {}
            Err(error) if is_denied(&error) => {
                let (privileges, some) = match session.version().flavor {
                    Flavor::MySql if session.version().is_mysql_at_least(8, 2, 0) => (
                        "SET_ANY_DEFINER, SYSTEM_USER, ALLOW_NONEXISTENT_DEFINER",
                        " (the second for definers that have it, the third for those that do not exist)",
                    ),
                    Flavor::MySql => {
                        ("SET_USER_ID, SYSTEM_USER", " (the second for definers that have it)")
                    }
                    Flavor::MariaDb => ("SET USER", ""),
                };
                let what =
                    format!("triggers or events belong to {definer}, and could not be made again");
                let fault = Fault::new(ErrorCode::PrivilegeMissing, what).on(side).because(error);
                return Err(fault.advise(format!(
                    "execute GRANT {privileges} ON *.* TO {}{some}, or cut over with --no-way-back",
                    account(user)
                )));
            }
            Err(error) => return Err(Fault::server(side, "try a definer", error)),
        }
    }
    session.close().await;
    Ok(())
}

/// Makes something in the name of a definer and removes it.
async fn try_definer(session: &mut Session, definer: &str) -> Result<(), MysqlError> {
    session.execute("DROP EVENT IF EXISTS sealift.definer").await?;
    let account = account(definer);
    let sql = format!(
        "CREATE DEFINER={account} EVENT sealift.definer ON SCHEDULE EVERY 1 YEAR DISABLE DO DO 0"
    );
    session.execute(sql).await?;
    session.execute("DROP EVENT IF EXISTS sealift.definer").await.map(drop)
}

fn is_denied(error: &MysqlError) -> bool {
    matches!(error.class(), ErrorClass::PrivilegeMissing | ErrorClass::AccessDenied)
}

/// Drops triggers. Those that are gone already are gone.
///
/// # Errors
/// When the server refuses or the connection is lost.
pub async fn drop_triggers(endpoint: &Endpoint, triggers: &[Trigger]) -> Result<(), Fault> {
    if triggers.is_empty() {
        return Ok(());
    }
    let mut session = session::open(endpoint).await?;
    for trigger in triggers {
        let sql = format!("DROP TRIGGER IF EXISTS {} {MARK}", trigger.name);
        let doing = format!("drop trigger {}", trigger.name);
        patiently(&mut session, endpoint.side, &sql, &doing, &trigger.table).await?;
    }
    session.close().await;
    Ok(())
}

/// Makes triggers that are not there.
///
/// # Errors
/// When the server refuses or the connection is lost.
pub async fn make_triggers(endpoint: &Endpoint, triggers: &[Trigger]) -> Result<(), Fault> {
    if triggers.is_empty() {
        return Ok(());
    }
    let side = endpoint.side;
    let mut session = session::open(endpoint).await?;
    for trigger in triggers {
        if is_there(&mut session, trigger).await.on(side, "list triggers")? {
            continue;
        }
        made_under(&mut session, trigger).await.on(side, "prepare the session")?;
        let doing = format!("make trigger {} again", trigger.name);
        let text = without_order(trigger);
        patiently(&mut session, side, &text, &doing, &trigger.table).await?;
    }
    session.close().await;
    Ok(())
}

async fn is_there(session: &mut Session, trigger: &Trigger) -> Result<bool, MysqlError> {
    let sql = format!(
        "SELECT 1 FROM information_schema.triggers WHERE trigger_schema={} AND trigger_name={}",
        literal(&trigger.name.schema),
        literal(&trigger.name.name)
    );
    Ok(session.first(sql).await?.is_some())
}

/// A text beyond ASCII comes as `utf8mb4`, whatever its author's client spoke.
async fn made_under(session: &mut Session, trigger: &Trigger) -> Result<(), MysqlError> {
    let under = &trigger.created_under;
    session.execute("SET NAMES utf8mb4").await?;
    session.execute(format!("USE {}", quote(&trigger.name.schema))).await?;
    let mode = under.sql_mode.as_deref().unwrap_or_default();
    let mut settings = vec![format!("sql_mode={}", literal(mode))];
    if trigger.create_sql.is_ascii() {
        settings.push(format!("character_set_client={}", literal(&under.charset_client)));
    }
    settings.push(format!("collation_connection={}", literal(&under.collation_connection)));
    session.execute(format!("SET SESSION {}", settings.join(", "))).await.map(drop)
}

/// The definition without `FOLLOWS` and `PRECEDES`: triggers are made in the order they fire, and the other one
/// need not be there yet.
fn without_order(trigger: &Trigger) -> String {
    let mode = trigger.created_under.sql_mode.as_deref().unwrap_or_default();
    let mut sql = Sql::new(trigger.create_sql.clone(), Dialect::of_sql_mode(mode));
    let order = StoredText::read(&sql).ok().and_then(|text| text.order);
    if let Some(order) = order {
        let span = sql.with_frame(order);
        sql.edit(vec![Edit::delete(span)]);
    }
    sql.into_text()
}

/// Enables events, in the names of their definers.
///
/// # Errors
/// When the server refuses or the connection is lost.
pub async fn enable_events(endpoint: &Endpoint, events: &[KeptEvent]) -> Result<(), Fault> {
    alter_events(endpoint, events, "ENABLE").await
}

/// Disables events. They stay their definers'.
///
/// # Errors
/// When the server refuses or the connection is lost.
pub async fn disable_events(endpoint: &Endpoint, events: &[KeptEvent]) -> Result<(), Fault> {
    alter_events(endpoint, events, "DISABLE").await
}

async fn alter_events(endpoint: &Endpoint, events: &[KeptEvent], state: &str) -> Result<(), Fault> {
    if events.is_empty() {
        return Ok(());
    }
    let side = endpoint.side;
    let mut session = session::open(endpoint).await?;
    let own = session.first("SELECT CURRENT_USER()").await.on(side, "ask who we are")?;
    let own = own.as_ref().map_or(Ok(""), |row| row.text(0)).on(side, "ask who we are")?.to_owned();
    for event in events {
        let definer = definer(&mut session, &event.name).await.on(side, "list events")?;
        // Dropped since: there is nothing to alter.
        let Some(definer) = definer else { continue };
        // Without its definer it would become ours.
        let definer = match definer == own {
            true => String::new(),
            false => format!("DEFINER={} ", account(&definer)),
        };
        let sql = format!("ALTER {definer}EVENT {} {state} {MARK}", event.name);
        match session.execute(sql).await {
            Ok(_) => {}
            Err(error) => {
                let doing = format!("{} event {}", state.to_lowercase(), event.name);
                return Err(Fault::server(side, doing, error));
            }
        }
    }
    session.close().await;
    Ok(())
}

/// Whose an event is; `None` when it is not there.
async fn definer(
    session: &mut Session,
    event: &QualifiedName,
) -> Result<Option<String>, MysqlError> {
    let sql = format!(
        "SELECT definer FROM information_schema.events WHERE event_schema={} AND event_name={}",
        literal(&event.schema),
        literal(&event.name)
    );
    session.first(sql).await?.map(|row| Ok(row.text(0)?.to_owned())).transpose()
}

/// An account as it is written in statements.
fn account(definer: &str) -> String {
    match definer.rsplit_once('@') {
        Some((user, host)) => format!("{}@{}", quote(user), quote(host)),
        None => quote(definer),
    }
}
