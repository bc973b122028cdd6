//! Triggers and events: they belong to the side that is live, and to no other.

use std::collections::BTreeSet;

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use sealift_schema::catalog::{Catalog, CreatedUnder, Trigger};
use sealift_schema::facts::{Flavor, Side};
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName, literal, quote, quote_account};
use sealift_schema::sql::stored::StoredText;
use sealift_schema::sql::{Dialect, Edit, Sql};

use super::own::{MARK, is_own_trigger};
use super::session::{self, Makers};
use super::triggers::patiently;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::stage::{Kept, KeptEvent};
use crate::target::definers::{Definers, grant_for, same_account};

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
/// [`ErrorCode::PrivilegeMissing`] with the statements that help; with logins of definers also when one of them is
/// refused.
pub async fn may_keep(
    endpoint: &Endpoint,
    definers: Option<&Definers>,
    user: &str,
    kept: &Kept,
) -> Result<(), Fault> {
    if let Some(definers) = definers {
        return definers_may_keep(definers, user, kept).await;
    }
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
                    Flavor::MySql if !session.version().is_mysql_at_least(8, 0, 0) => ("SUPER", ""),
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
                    quote_account(user)
                )));
            }
            Err(error) => return Err(Fault::server(side, "try a definer", error)),
        }
    }
    session.close().await;
    Ok(())
}

/// A definer sees its triggers and events only where it may make them
/// (<https://dev.mysql.com/doc/refman/9.7/en/information-schema-triggers-table.html>).
async fn definers_may_keep(definers: &Definers, user: &str, kept: &Kept) -> Result<(), Fault> {
    let trigger = |trigger: &Trigger| {
        let sql = seen("trigger", "triggers", &trigger.name);
        (trigger.definer.clone(), ObjectId::new(ObjectKind::Trigger, trigger.name.clone()), sql)
    };
    let event = |event: &KeptEvent| {
        let sql = seen("event", "events", &event.name);
        (event.definer.clone(), ObjectId::new(ObjectKind::Event, event.name.clone()), sql)
    };
    let all = kept.triggers.iter().map(trigger).chain(kept.events.iter().map(event));
    for (definer, object, sql) in all.filter(|(definer, ..)| !same_account(definer, user)) {
        let mut session = definers.log_in(&definer).await??;
        let found = session.first(sql).await.on(Side::Target, "look for what is taken off")?;
        session.close().await;
        if found.is_none() {
            let what = format!("its definer {definer} could not make it again");
            let help = grant_for(&definer, object.kind, &object.name);
            let fault = Fault::new(ErrorCode::PrivilegeMissing, what).on(Side::Target);
            return Err(fault.about(object).advise(format!("{help}; or use --no-way-back")));
        }
    }
    Ok(())
}

fn seen(kind: &str, table: &str, name: &QualifiedName) -> String {
    format!(
        "SELECT 1 FROM information_schema.{table} WHERE {kind}_schema={} AND {kind}_name={}",
        literal(&name.schema),
        literal(&name.name)
    )
}

/// Makes something in the name of a definer and removes it.
async fn try_definer(session: &mut Session, definer: &str) -> Result<(), MysqlError> {
    session.execute("DROP EVENT IF EXISTS sealift.definer").await?;
    let account = quote_account(definer);
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

/// Makes triggers that are not there, each in the name of its definer.
///
/// # Errors
/// When the server refuses or the connection is lost.
pub async fn make_triggers(
    endpoint: &Endpoint,
    definers: Option<&Definers>,
    triggers: &[Trigger],
) -> Result<(), Fault> {
    if triggers.is_empty() {
        return Ok(());
    }
    let side = endpoint.side;
    let mut makers = Makers::open(endpoint, definers).await?;
    for trigger in triggers {
        if is_there(&mut makers.own, trigger).await.on(side, "list triggers")? {
            continue;
        }
        let session = makers.of(&trigger.definer).await?;
        let (schema, is_ascii) = (&trigger.name.schema, trigger.create_sql.is_ascii());
        let prepared = under(session, schema, &trigger.created_under, is_ascii).await;
        prepared.on(side, "prepare the session")?;
        let doing = format!("make trigger {} again", trigger.name);
        let text = without_order(trigger);
        patiently(session, side, &text, &doing, &trigger.table).await?;
    }
    makers.close().await;
    Ok(())
}

async fn is_there(session: &mut Session, trigger: &Trigger) -> Result<bool, MysqlError> {
    let sql = seen("trigger", "triggers", &trigger.name);
    Ok(session.first(sql).await?.is_some())
}

/// Takes the settings something was made under. A text beyond ASCII comes as `utf8mb4`, whatever its author's client
/// spoke.
async fn under(
    session: &mut Session,
    schema: &str,
    under: &CreatedUnder,
    is_ascii: bool,
) -> Result<(), MysqlError> {
    session.execute("SET NAMES utf8mb4").await?;
    session.execute(format!("USE {}", quote(schema))).await?;
    let mode = under.sql_mode.as_deref().unwrap_or_default();
    let mut settings = vec![format!("sql_mode={}", literal(mode))];
    if is_ascii {
        settings.push(format!("character_set_client={}", literal(&under.charset_client)));
    }
    settings.push(format!("collation_connection={}", literal(&under.collation_connection)));
    settings.extend(under.time_zone.as_deref().map(|zone| format!("time_zone={}", literal(zone))));
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
pub async fn enable_events(
    endpoint: &Endpoint,
    definers: Option<&Definers>,
    events: &[KeptEvent],
) -> Result<(), Fault> {
    alter_events(endpoint, definers, events, "ENABLE").await
}

/// Disables events. They stay their definers'.
///
/// # Errors
/// When the server refuses or the connection is lost.
pub async fn disable_events(
    endpoint: &Endpoint,
    definers: Option<&Definers>,
    events: &[KeptEvent],
) -> Result<(), Fault> {
    alter_events(endpoint, definers, events, "DISABLE").await
}

async fn alter_events(
    endpoint: &Endpoint,
    definers: Option<&Definers>,
    events: &[KeptEvent],
    state: &str,
) -> Result<(), Fault> {
    if events.is_empty() {
        return Ok(());
    }
    let side = endpoint.side;
    let mut makers = Makers::open(endpoint, definers).await?;
    for event in events {
        let made = made(&mut makers.own, &event.name).await.on(side, "list events")?;
        // Dropped since: there is nothing to alter.
        let Some((definer, created_under)) = made else { continue };
        // Without its definer it would become ours, and it takes on the settings of who alters it.
        let named = match makers.is_by(&definer) {
            true => String::new(),
            false => format!("DEFINER={} ", quote_account(&definer)),
        };
        let sql = format!("ALTER {named}EVENT {} {state} {MARK}", event.name);
        let session = makers.of(&definer).await?;
        let prepared = under(session, &event.name.schema, &created_under, sql.is_ascii()).await;
        prepared.on(side, "prepare the session")?;
        match session.execute(sql).await {
            Ok(_) => {}
            Err(error) => {
                let doing = format!("{} event {}", state.to_lowercase(), event.name);
                return Err(Fault::server(side, doing, error));
            }
        }
    }
    makers.close().await;
    Ok(())
}

/// Whose an event is, and the settings it was made under; `None` when it is not there.
async fn made(
    session: &mut Session,
    event: &QualifiedName,
) -> Result<Option<(String, CreatedUnder)>, MysqlError> {
    // Names are compared as they come, not as the last event's author would.
    session.execute("SET NAMES utf8mb4").await?;
    let sql = format!(
        "SELECT definer, sql_mode, character_set_client, collation_connection, time_zone \
         FROM information_schema.events WHERE event_schema={} AND event_name={}",
        literal(&event.schema),
        literal(&event.name)
    );
    let Some(row) = session.first(sql).await? else { return Ok(None) };
    let text = |index| Ok::<_, MysqlError>(row.text(index)?.to_owned());
    let under = CreatedUnder {
        sql_mode: Some(text(1)?),
        charset_client: text(2)?,
        collation_connection: text(3)?,
        time_zone: Some(text(4)?),
    };
    Ok(Some((text(0)?, under)))
}
