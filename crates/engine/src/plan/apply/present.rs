//! What is on the target already, asked once per kind.

use std::collections::BTreeSet;

use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use sealift_schema::name::{ObjectKind, QualifiedName, literal};

use crate::fault::{Fault, OnServer};
use crate::stage::Part;

/// Names on the target, as it compares them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Present {
    /// Whether table names that differ in case only are the same one.
    tables_ignore_case: bool,
    objects: BTreeSet<(ObjectKind, String, String)>,
    /// Index names by table.
    indexes: BTreeSet<(String, String, String)>,
    /// Foreign key names by table.
    foreign_keys: BTreeSet<(String, String, String)>,
}

impl Present {
    /// Asks for everything some parts make in some schemas of the target.
    pub(crate) async fn ask(
        session: &mut Session,
        parts: &[Part],
        schemas: &BTreeSet<&str>,
    ) -> Result<Self, Fault> {
        let doing = "read which objects are there";
        let sensitive = session.first("SELECT @@lower_case_table_names = 0").await;
        let sensitive = sensitive.and_then(|row| row.map_or(Ok(0), |row| row.parse::<u8>(0)));
        let ignore_case = sensitive.on(Side::Target, doing)? == 0;
        let mut present = Self { tables_ignore_case: ignore_case, ..Self::default() };
        if schemas.is_empty() {
            return Ok(present);
        }
        let list: Vec<String> = schemas.iter().map(|schema| literal(schema)).collect();
        let list = list.join(", ");
        for part in parts {
            present.ask_part(session, *part, &list).await.on(Side::Target, doing)?;
        }
        Ok(present)
    }

    async fn ask_part(
        &mut self,
        session: &mut Session,
        part: Part,
        schemas: &str,
    ) -> Result<(), MysqlError> {
        let sql = question(part, schemas);
        for row in session.rows(sql).await? {
            let (schema, name, word) = (row.text(0)?, row.text(1)?, row.text(2)?);
            match part {
                Part::Indexes => {
                    let key = (self.fold_table(schema), self.fold_table(name), fold(word));
                    self.indexes.insert(key);
                }
                Part::ForeignKeys => {
                    let key = (self.fold_table(schema), self.fold_table(name), fold(word));
                    self.foreign_keys.insert(key);
                }
                Part::Schemas
                | Part::Tables
                | Part::Routines
                | Part::Views
                | Part::Triggers
                | Part::Events => {
                    if let Some(kind) = kind_of(part, word) {
                        self.objects.insert(self.key(kind, schema, name));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether the target has an object of this kind and name.
    pub(crate) fn has(&self, kind: ObjectKind, name: &QualifiedName) -> bool {
        self.objects.contains(&self.key(kind, &name.schema, &name.name))
    }

    /// Whether a table of the target has an index of this name.
    pub(crate) fn has_index(&self, table: &QualifiedName, index: &str) -> bool {
        self.indexes.contains(&self.table_key(table, index))
    }

    /// Whether a table of the target has a foreign key of this name.
    pub(crate) fn has_foreign_key(&self, table: &QualifiedName, name: &str) -> bool {
        self.foreign_keys.contains(&self.table_key(table, name))
    }

    fn table_key(&self, table: &QualifiedName, name: &str) -> (String, String, String) {
        (self.fold_table(&table.schema), self.fold_table(&table.name), fold(name))
    }

    /// Names of routines and events never differ by case alone; those of the others may, by setting
    /// (<https://dev.mysql.com/doc/refman/9.7/en/identifier-case-sensitivity.html>).
    fn key(&self, kind: ObjectKind, schema: &str, name: &str) -> (ObjectKind, String, String) {
        let name = match kind {
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Event => fold(name),
            ObjectKind::Schema | ObjectKind::Table | ObjectKind::View | ObjectKind::Trigger => {
                self.fold_table(name)
            }
        };
        (kind, self.fold_table(schema), name)
    }

    fn fold_table(&self, name: &str) -> String {
        if self.tables_ignore_case { fold(name) } else { name.to_owned() }
    }
}

fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// One question per part; rows are schema, name and a word that says which kind or part it is.
fn question(part: Part, schemas: &str) -> String {
    match part {
        Part::Schemas => format!(
            "SELECT schema_name, '', 'SCHEMA' FROM information_schema.schemata \
             WHERE schema_name IN ({schemas})"
        ),
        Part::Tables | Part::Views => format!(
            "SELECT table_schema, table_name, table_type FROM information_schema.tables \
             WHERE table_schema IN ({schemas})"
        ),
        Part::Indexes => format!(
            "SELECT DISTINCT table_schema, table_name, index_name \
             FROM information_schema.statistics WHERE table_schema IN ({schemas})"
        ),
        Part::ForeignKeys => format!(
            "SELECT table_schema, table_name, constraint_name \
             FROM information_schema.table_constraints \
             WHERE constraint_type = 'FOREIGN KEY' AND table_schema IN ({schemas})"
        ),
        Part::Routines => format!(
            "SELECT routine_schema, routine_name, routine_type FROM information_schema.routines \
             WHERE routine_schema IN ({schemas})"
        ),
        Part::Triggers => format!(
            "SELECT trigger_schema, trigger_name, 'TRIGGER' FROM information_schema.triggers \
             WHERE trigger_schema IN ({schemas})"
        ),
        Part::Events => format!(
            "SELECT event_schema, event_name, 'EVENT' FROM information_schema.events \
             WHERE event_schema IN ({schemas})"
        ),
    }
}

fn kind_of(part: Part, word: &str) -> Option<ObjectKind> {
    match part {
        Part::Schemas => Some(ObjectKind::Schema),
        Part::Tables | Part::Views if word.eq_ignore_ascii_case("VIEW") => Some(ObjectKind::View),
        Part::Tables | Part::Views => Some(ObjectKind::Table),
        Part::Routines if word.eq_ignore_ascii_case("FUNCTION") => Some(ObjectKind::Function),
        Part::Routines if word.eq_ignore_ascii_case("PROCEDURE") => Some(ObjectKind::Procedure),
        Part::Triggers => Some(ObjectKind::Trigger),
        Part::Events => Some(ObjectKind::Event),
        Part::Routines | Part::Indexes | Part::ForeignKeys => None,
    }
}
