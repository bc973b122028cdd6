//! Which statements of the log are about something that is migrated.

use std::collections::BTreeSet;

use sealift_mysql::binlog::{Query, sql_mode};
use sealift_schema::facts::ServerVersion;
use sealift_schema::name::{ObjectId, ObjectKind, is_system_schema};
use sealift_schema::selection::Selection;
use sealift_schema::sql::{DefinitionStatement, Dialect};

/// What is migrated, as far as statements can tell.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The selection, with the source's rule for the case of names.
    pub selection: Selection,
    /// What a person leaves out by its script.
    pub skipped: BTreeSet<ObjectId>,
    /// The source's schemas that hold anything of the migration.
    pub schemas: BTreeSet<String>,
    /// Who wrote the log.
    pub source: ServerVersion,
}

/// Whether a statement is about something migrated.
#[derive(Debug)]
pub enum Concern {
    /// It is not.
    None,
    /// It is, or may be.
    Ours(Box<DefinitionStatement>),
}

impl Scope {
    /// Judges a statement.
    #[must_use]
    pub fn concern(&self, query: &Query) -> Concern {
        let statement = self.read(query);
        let is_ours = match statement.objects(&query.schema) {
            // A trigger follows its table.
            Some(objects) if statement.makes_trigger() => {
                objects.iter().all(|object| self.holds(object))
            }
            Some(objects) => objects.iter().any(|object| self.holds(object)),
            // Nothing is known of it, so any sign is enough.
            None => {
                let mentions = |schema: &String| {
                    query.schema.eq_ignore_ascii_case(schema) || statement.mentions(schema)
                };
                self.schemas.iter().any(mentions)
            }
        };
        if is_ours { Concern::Ours(Box::new(statement)) } else { Concern::None }
    }

    /// Reads a statement as the source read it.
    #[must_use]
    pub fn read(&self, query: &Query) -> DefinitionStatement {
        let modes = sql_mode(query.settings.sql_mode.unwrap_or(0));
        let dialect = Dialect::of_sql_mode(&modes).read_by(self.source);
        DefinitionStatement::read(String::from_utf8_lossy(&query.sql), dialect)
    }

    /// Whether an object is migrated, or would be if it came to be.
    #[must_use]
    pub fn holds(&self, object: &ObjectId) -> bool {
        if object.kind == ObjectKind::Schema {
            let name = &object.name.schema;
            return self.selection.may_select_in(name) && !is_system_schema(name);
        }
        self.selection.selects(object.kind, &object.name) && !self.skipped.contains(object)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use sealift_mysql::binlog::Settings;
    use sealift_schema::name::QualifiedName;
    use sealift_schema::selection::Patterns;

    use super::*;

    fn query(schema: &str, sql: &str) -> Query {
        Query {
            thread: 1,
            schema: schema.to_owned(),
            sql: Bytes::copy_from_slice(sql.as_bytes()),
            error: 0,
            has_context: false,
            executed_at: 0,
            settings: Settings::default(),
        }
    }

    fn scope() -> Scope {
        let patterns = Patterns {
            schemas: vec!["shop".to_owned()],
            include: Vec::new(),
            exclude: vec!["shop.audit_*".to_owned()],
        };
        let skipped = ObjectId::new(ObjectKind::Table, QualifiedName::new("shop", "skipped"));
        Scope {
            selection: Selection::compile(&patterns).unwrap(),
            skipped: BTreeSet::from([skipped]),
            schemas: BTreeSet::from(["shop".to_owned()]),
            source: ServerVersion::parse("9.7.4").unwrap(),
        }
    }

    #[test]
    fn statements_about_what_is_migrated_are_ours() {
        let scope = scope();
        for (default, sql, is_ours) in [
            ("shop", "ALTER TABLE orders ADD c INT", true),
            ("", "ALTER TABLE `shop`.orders ADD c INT", true),
            ("other", "RENAME TABLE a TO shop.a", true),
            ("shop", "RENAME TABLE audit_a TO orders", true),
            ("other", "CREATE LIBRARY shop.s", true),
            ("shop", "something nobody knows", true),
            ("shop", "DROP DATABASE shop", true),
            ("shop", "CREATE TRIGGER audit BEFORE INSERT ON orders FOR EACH ROW SET @a = 1", true),
            ("shop", "CREATE TRIGGER t BEFORE INSERT ON audit_a FOR EACH ROW SET @a = 1", false),
            // Its words name the schema, but it is about another.
            ("other", "CREATE TABLE t (shop INT COMMENT 'shop')", false),
            ("other", "CREATE VIEW v AS SELECT * FROM shop.orders", false),
            ("shop", "ALTER TABLE other.orders ADD c INT", false),
            ("shop", "DROP TABLE audit_a, skipped", false),
            ("shop", "CREATE TEMPORARY TABLE t (i INT)", false),
            ("other", "CREATE LIBRARY s COMMENT 'shop'", false),
            ("shop", "CREATE DATABASE shopping", false),
            ("mysql", "ALTER TABLE user ADD c INT", false),
        ] {
            let concern = scope.concern(&query(default, sql));
            assert_eq!(matches!(concern, Concern::Ours(_)), is_ours, "{sql}");
        }
    }

    #[test]
    fn names_are_read_under_the_sessions_mode() {
        let mut statement = query("other", "DROP TABLE \"shop\".\"orders\"");
        assert!(matches!(scope().concern(&statement), Concern::None), "a string is no name");
        statement.settings.sql_mode = Some(1 << 2);
        assert!(matches!(scope().concern(&statement), Concern::Ours(_)));
    }
}
