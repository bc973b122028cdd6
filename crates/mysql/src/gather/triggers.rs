//! Triggers.

use sealift_schema::catalog::{CreatedUnder, Trigger};
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName, literal};

use super::GatherError;
use super::definition::{Outcome, Settings, created_under, field, show, unreadable};
use crate::error::MysqlError;
use crate::session::Session;

/// Lists the triggers of a schema. Those of tables on which the login lacks `TRIGGER` do not show.
pub(super) async fn list(session: &mut Session, schema: &str) -> Result<Vec<Trigger>, MysqlError> {
    let sql = format!(
        "SELECT trigger_schema, trigger_name, event_object_schema, event_object_table, definer, \
         action_timing, event_manipulation, action_order \
         FROM information_schema.triggers WHERE trigger_schema = {}",
        literal(schema)
    );
    let mut triggers = Vec::new();
    for row in session.rows(&sql).await? {
        let name = QualifiedName::new(row.text(0)?, row.text(1)?);
        if name.schema != schema {
            continue;
        }
        triggers.push(Trigger {
            name,
            table: QualifiedName::new(row.text(2)?, row.text(3)?),
            definer: row.text(4)?.to_owned(),
            timing: row.text(5)?.to_owned(),
            event: row.text(6)?.to_owned(),
            // Servers with one trigger per table, timing and event report 0.
            action_order: row.parse::<u32>(7)?.max(1),
            create_sql: String::new(),
            created_under: CreatedUnder::default(),
        });
    }
    Ok(triggers)
}

/// Reads the definition.
pub(super) async fn define(
    session: &mut Session,
    trigger: &mut Trigger,
) -> Result<Outcome, GatherError> {
    let object = ObjectId::new(ObjectKind::Trigger, trigger.name.clone());
    let sql = format!("SHOW CREATE TRIGGER {}", trigger.name);
    let Some(row) = show(session, &sql, &object, "TRIGGER").await? else {
        return Ok(Outcome::Vanished);
    };
    field(&row, "SQL Original Statement")
        .map_err(unreadable(&object))?
        .clone_into(&mut trigger.create_sql);
    trigger.created_under = created_under(&row, Settings::Mode).map_err(unreadable(&object))?;
    Ok(Outcome::Read)
}
