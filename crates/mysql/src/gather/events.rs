//! Scheduled events.

use sealift_schema::catalog::{CreatedUnder, Event};
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName, literal};

use super::GatherError;
use super::definition::{Outcome, Settings, created_under, field, show, unreadable};
use crate::error::MysqlError;
use crate::session::Session;

/// Lists the events of a schema. Without the privilege `EVENT` none shows.
pub(super) async fn list(session: &mut Session, schema: &str) -> Result<Vec<Event>, MysqlError> {
    let sql = format!(
        "SELECT event_schema, event_name, definer, status FROM information_schema.events \
         WHERE event_schema = {}",
        literal(schema)
    );
    let mut events = Vec::new();
    for row in session.rows(&sql).await? {
        let name = QualifiedName::new(row.text(0)?, row.text(1)?);
        if name.schema != schema {
            continue;
        }
        events.push(Event {
            name,
            definer: row.text(2)?.to_owned(),
            // Others are DISABLED and, on a replica, SLAVESIDE_DISABLED or REPLICA_SIDE_DISABLED.
            enabled: row.text(3)? == "ENABLED",
            create_sql: String::new(),
            created_under: CreatedUnder::default(),
        });
    }
    Ok(events)
}

/// Reads the definition.
pub(super) async fn define(
    session: &mut Session,
    event: &mut Event,
) -> Result<Outcome, GatherError> {
    let object = ObjectId::new(ObjectKind::Event, event.name.clone());
    let sql = format!("SHOW CREATE EVENT {}", event.name);
    let Some(row) = show(session, &sql, &object, "EVENT").await? else {
        return Ok(Outcome::Vanished);
    };
    field(&row, "Create Event").map_err(unreadable(&object))?.clone_into(&mut event.create_sql);
    event.created_under =
        created_under(&row, Settings::ModeAndZone).map_err(unreadable(&object))?;
    Ok(Outcome::Read)
}
