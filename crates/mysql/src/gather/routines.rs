//! Stored functions and procedures.

use sealift_schema::catalog::{CreatedUnder, Routine, RoutineKind};
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName, literal};

use super::GatherError;
use super::definition::{Outcome, Settings, created_under, show, unreadable};
use crate::error::MysqlError;
use crate::session::Session;

/// Lists the routines of a schema, and in words those of kinds no MySQL has (MariaDB's packages).
pub(super) async fn list(
    session: &mut Session,
    schema: &str,
) -> Result<(Vec<Routine>, Vec<String>), MysqlError> {
    let sql = format!(
        "SELECT routine_schema, routine_name, routine_type, definer FROM information_schema.routines \
         WHERE routine_schema = {}",
        literal(schema)
    );
    let mut routines = Vec::new();
    let mut foreign = Vec::new();
    for row in session.rows(&sql).await? {
        let name = QualifiedName::new(row.text(0)?, row.text(1)?);
        if name.schema != schema {
            continue;
        }
        let kind = match row.text(2)? {
            "FUNCTION" => RoutineKind::Function,
            "PROCEDURE" => RoutineKind::Procedure,
            other => {
                foreign.push(format!("{} {name}", other.to_lowercase()));
                continue;
            }
        };
        routines.push(Routine {
            name,
            kind,
            definer: row.text(3)?.to_owned(),
            create_sql: None,
            created_under: CreatedUnder::default(),
        });
    }
    Ok((routines, foreign))
}

/// Reads the definition. It stays `None` when the login may know of the routine but not read it: that
/// takes `SHOW_ROUTINE` or global `SELECT` on MySQL, `SELECT` on `mysql.proc` before 8.0 and on MariaDB.
pub(super) async fn define(
    session: &mut Session,
    routine: &mut Routine,
) -> Result<Outcome, GatherError> {
    let (kind, sql, column) = match routine.kind {
        RoutineKind::Function => (ObjectKind::Function, "SHOW CREATE FUNCTION", "Create Function"),
        RoutineKind::Procedure => {
            (ObjectKind::Procedure, "SHOW CREATE PROCEDURE", "Create Procedure")
        }
    };
    let object = ObjectId::new(kind, routine.name.clone());
    let sql = format!("{sql} {}", routine.name);
    let Some(row) = show(session, &sql, &object, "SHOW_ROUTINE").await? else {
        return Ok(Outcome::Vanished);
    };
    routine.create_sql = row.named(column).map_err(unreadable(&object))?.map(str::to_owned);
    routine.created_under = created_under(&row, Settings::Mode).map_err(unreadable(&object))?;
    Ok(Outcome::Read)
}
