//! Schemas: which there are, and how each is defined.

use sealift_schema::catalog::Schema;
use sealift_schema::name::{ObjectId, literal, quote};

use super::GatherError;
use super::definition::{Outcome, field, show, unreadable};
use crate::error::MysqlError;
use crate::session::Session;

/// Lists the names of all schemas the login may see.
pub(super) async fn list(session: &mut Session) -> Result<Vec<String>, MysqlError> {
    let rows = session.rows("SELECT schema_name FROM information_schema.schemata").await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// A schema of which only the name is known.
pub(super) fn listed(name: &str) -> Schema {
    Schema {
        name: name.to_owned(),
        charset: String::new(),
        collation: String::new(),
        create_sql: String::new(),
    }
}

/// Fills in the rest.
pub(super) async fn define(
    session: &mut Session,
    schema: &mut Schema,
) -> Result<Outcome, GatherError> {
    let object = ObjectId::schema(&schema.name);
    let sql = format!("SHOW CREATE DATABASE {}", quote(&schema.name));
    let Some(row) = show(session, &sql, &object, "a privilege").await? else {
        return Ok(Outcome::Vanished);
    };
    field(&row, "Create Database").map_err(unreadable(&object))?.clone_into(&mut schema.create_sql);
    let sql = format!(
        "SELECT schema_name, default_character_set_name, default_collation_name \
         FROM information_schema.schemata WHERE schema_name = {}",
        literal(&schema.name)
    );
    for row in session.rows(&sql).await.map_err(unreadable(&object))? {
        if row.text(0).map_err(unreadable(&object))? == schema.name {
            row.text(1).map_err(unreadable(&object))?.clone_into(&mut schema.charset);
            row.text(2).map_err(unreadable(&object))?.clone_into(&mut schema.collation);
            return Ok(Outcome::Read);
        }
    }
    Ok(Outcome::Vanished)
}
