//! How a definition must change for its target: one file per rewrite, each with its reason.
//!
//! A rewrite sees the source's own `SHOW CREATE` text and plain facts of both servers, replaces spans
//! of the text, and tells every change with its reason, and what it refuses with a remedy. What no
//! rewrite touches keeps its bytes.
//!
//! Scripts name every object they create with its schema, so that they can be run by hand from any
//! default schema. What stands inside of bodies without a schema resolves by the default schema: run
//! `USE` the object's schema first, under the settings of [`created_under`]. Each script is one
//! statement without a delimiter.

mod policy;
mod notes;
mod draft;

mod dialect;
mod sequence;
mod versioning;
mod column_type;
mod column_default;
mod column_attribute;
mod key_option;
mod constraint_name;
mod engine;
mod table_option;
mod schema_comment;
mod directory;
mod tablespace;
mod encryption;
mod compression;
mod row_format;
mod charset;
mod collation;
mod auto_increment;
mod invisible_primary_key;
mod sql_mode;
mod definer;
mod event_status;
mod trigger_order;
mod name;
mod reference;
mod lower_case;
mod secondary_keys;
mod foreign_keys;
pub mod statement;

pub(crate) use self::notes::Notes;
pub(crate) use draft::dialect_of;
use draft::{SchemaDraft, StoredDraft, TableDraft};

pub use self::name::{target_id, target_name, target_schema};
pub use self::notes::{Change, Refusal};
pub use self::policy::{DefinerPolicy, Policy, PolicyError, keeps_bytes};
pub use self::sql_mode::sql_mode;

use crate::catalog::{
    Catalog, CreatedUnder, Event, Routine, RoutineKind, Schema, Table, Trigger, View,
};
use crate::facts::{Flavor, ServerFacts};
use crate::name::{ObjectId, ObjectKind};
use crate::sql::stored::StoredText;
use crate::sql::table::TableText;
use crate::sql::{Dialect, Sql};

/// What rewrites know besides the definition.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The server a definition comes from.
    pub source: &'a ServerFacts,
    /// The server it goes to.
    pub target: &'a ServerFacts,
    /// What the user decided.
    pub policy: &'a Policy,
    /// Everything that is migrated.
    pub catalog: &'a Catalog,
}

impl Context<'_> {
    fn mariadb_to_mysql(&self) -> bool {
        self.source.version.flavor == Flavor::MariaDb && self.target.version.flavor == Flavor::MySql
    }

    /// Whether the source takes two spellings for one schema, table or view.
    fn same_on_source(&self, a: &str, b: &str) -> bool {
        a == b
            || (self.source.lower_case_table_names() != 0 && a.to_lowercase() == b.to_lowercase())
    }
}

/// A table's scripts. Each is one statement without a delimiter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableScripts {
    /// `CREATE TABLE` with the primary key and the keys rows or `AUTO_INCREMENT` need.
    pub create: String,
    /// One `ALTER TABLE` that adds the other keys, for after the rows.
    pub indexes: Option<String>,
    /// One `ALTER TABLE` that adds the foreign keys, for after all tables.
    pub foreign_keys: Option<String>,
    /// What changed, with reasons.
    pub changes: Vec<Change>,
    /// What cannot go to the target: when not empty, the scripts are not to be run.
    pub refusals: Vec<Refusal>,
}

/// Any other object's script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectScript {
    /// One `CREATE` statement without a delimiter.
    pub create: String,
    /// What changed, with reasons.
    pub changes: Vec<Change>,
    /// What cannot go to the target: when not empty, the script is not to be run.
    pub refusals: Vec<Refusal>,
}

/// One rewrite: its name and what it does to each kind of definition.
struct Rewrite {
    name: &'static str,
    schema: Option<fn(&mut SchemaDraft<'_>, &Context<'_>)>,
    table: Option<fn(&mut TableDraft<'_>, &Context<'_>)>,
    stored: Option<fn(&mut StoredDraft<'_>, &Context<'_>)>,
}

impl Rewrite {
    const fn of_tables(name: &'static str, table: fn(&mut TableDraft<'_>, &Context<'_>)) -> Self {
        Self { name, schema: None, table: Some(table), stored: None }
    }

    const fn of_stored(name: &'static str, stored: fn(&mut StoredDraft<'_>, &Context<'_>)) -> Self {
        Self { name, schema: None, table: None, stored: Some(stored) }
    }
}

/// All rewrites in the order they run: what MySQL does not know first, then what this target does not
/// allow, then names, and at last what is split off.
const ORDER: [Rewrite; 25] = [
    dialect::REWRITE,
    sequence::REWRITE,
    versioning::REWRITE,
    column_type::REWRITE,
    column_default::REWRITE,
    column_attribute::REWRITE,
    key_option::REWRITE,
    constraint_name::REWRITE,
    engine::REWRITE,
    table_option::REWRITE,
    schema_comment::REWRITE,
    directory::REWRITE,
    tablespace::REWRITE,
    encryption::REWRITE,
    compression::REWRITE,
    row_format::REWRITE,
    charset::REWRITE,
    auto_increment::REWRITE,
    invisible_primary_key::REWRITE,
    definer::REWRITE,
    event_status::REWRITE,
    trigger_order::REWRITE,
    name::REWRITE,
    secondary_keys::REWRITE,
    foreign_keys::REWRITE,
];

/// The name of a rewrite that was written down, perhaps by another version.
fn known_name(name: &str) -> &'static str {
    let others = ["definition", lower_case::NAME, sql_mode::NAME];
    let names = ORDER.iter().map(|rewrite| rewrite.name).chain(others);
    names.into_iter().find(|known| *known == name).unwrap_or("unknown")
}

/// Rewrites a schema's `CREATE DATABASE`.
#[must_use]
pub fn schema(schema: &Schema, context: &Context<'_>) -> ObjectScript {
    let sql = Sql::new(schema.create_sql.trim_end(), Dialect::default());
    let mut draft = SchemaDraft { schema, sql, notes: Notes::default() };
    for rewrite in ORDER.iter().filter_map(|rewrite| rewrite.schema) {
        rewrite(&mut draft, context);
    }
    let Notes { changes, refusals } = draft.notes;
    ObjectScript { create: draft.sql.into_text(), changes, refusals }
}

/// Rewrites a table's definition into its scripts.
#[must_use]
pub fn table(table: &Table, context: &Context<'_>) -> TableScripts {
    let mut notes = Notes::default();
    let sql = Sql::new(table.create_sql.trim_end(), Dialect::default());
    let text = match TableText::read(&sql) {
        Ok(text) => text,
        Err(error) => {
            unreadable(&mut notes, &ObjectId::new(ObjectKind::Table, table.name.clone()), &error);
            let Notes { changes, refusals } = notes;
            let create = sql.into_text();
            return TableScripts { create, indexes: None, foreign_keys: None, changes, refusals };
        }
    };
    let mut draft = TableDraft { table, sql, text, indexes: None, foreign_keys: None, notes };
    for rewrite in ORDER.iter().filter_map(|rewrite| rewrite.table) {
        rewrite(&mut draft, context);
    }
    let TableDraft { sql, indexes, foreign_keys, notes: Notes { changes, refusals }, .. } = draft;
    TableScripts { create: sql.into_text(), indexes, foreign_keys, changes, refusals }
}

/// Rewrites a view's definition.
#[must_use]
pub fn view(view: &View, context: &Context<'_>) -> ObjectScript {
    let id = ObjectId::new(ObjectKind::View, view.name.clone());
    stored(id, None, &view.create_sql, &view.created_under, context)
}

/// Rewrites a function's or procedure's definition.
#[must_use]
pub fn routine(routine: &Routine, context: &Context<'_>) -> ObjectScript {
    let kind = match routine.kind {
        RoutineKind::Function => ObjectKind::Function,
        RoutineKind::Procedure => ObjectKind::Procedure,
    };
    let id = ObjectId::new(kind, routine.name.clone());
    let Some(create_sql) = &routine.create_sql else {
        let mut notes = Notes::default();
        notes.refuse(
            "definition",
            format!("{id}"),
            "the source login may not read its body",
            "grant the source login SHOW_ROUTINE (MySQL 8.0.20 and later) or SELECT on mysql.proc, and plan again",
        );
        let Notes { changes, refusals } = notes;
        return ObjectScript { create: String::new(), changes, refusals };
    };
    stored(id, None, create_sql, &routine.created_under, context)
}

/// Rewrites a trigger's definition.
#[must_use]
pub fn trigger(trigger: &Trigger, context: &Context<'_>) -> ObjectScript {
    let id = ObjectId::new(ObjectKind::Trigger, trigger.name.clone());
    stored(id, Some(&trigger.table), &trigger.create_sql, &trigger.created_under, context)
}

/// Rewrites an event's definition. It is created disabled.
#[must_use]
pub fn event(event: &Event, context: &Context<'_>) -> ObjectScript {
    let id = ObjectId::new(ObjectKind::Event, event.name.clone());
    stored(id, None, &event.create_sql, &event.created_under, context)
}

/// The session settings to create an object under on the target: those it was made under on the
/// source, without what the target does not know.
#[must_use]
pub fn created_under(
    settings: &CreatedUnder,
    context: &Context<'_>,
) -> (CreatedUnder, Vec<Change>) {
    let mut changes = Vec::new();
    let mode = settings.sql_mode.as_ref().map(|mode| {
        let (mode, mut stripped) = sql_mode(mode, context);
        changes.append(&mut stripped);
        mode
    });
    let charset_client = charset::known_name(&settings.charset_client, context);
    let from = &settings.collation_connection;
    let mut notes = Notes::default();
    let collation_connection = collation::mapped(from, context, &mut notes);
    if collation_connection != *from {
        changes.push(Change {
            rewrite: collation::NAME,
            what: format!(
                "made under collation_connection {collation_connection} instead of {from}"
            ),
            why: format!("{} does not know it, or the policy says so", context.target.version),
        });
    }
    let time_zone = settings.time_zone.clone();
    (CreatedUnder { sql_mode: mode, charset_client, collation_connection, time_zone }, changes)
}

fn stored(
    id: ObjectId,
    table: Option<&crate::name::QualifiedName>,
    create_sql: &str,
    created_under: &CreatedUnder,
    context: &Context<'_>,
) -> ObjectScript {
    let mut notes = Notes::default();
    let dialect = dialect_of(id.kind, created_under).read_by(context.source.version);
    let sql = Sql::new(create_sql.trim_end(), dialect);
    let text = match StoredText::read(&sql) {
        Ok(text) => text,
        Err(error) => {
            unreadable(&mut notes, &id, &error);
            let Notes { changes, refusals } = notes;
            return ObjectScript { create: sql.into_text(), changes, refusals };
        }
    };
    let mut draft = StoredDraft { id, table, created_under, sql, text, notes };
    for rewrite in ORDER.iter().filter_map(|rewrite| rewrite.stored) {
        rewrite(&mut draft, context);
    }
    let Notes { changes, refusals } = draft.notes;
    ObjectScript { create: draft.sql.into_text(), changes, refusals }
}

fn unreadable(notes: &mut Notes, id: &ObjectId, error: &crate::sql::table::Unreadable) {
    notes.refuse(
        "definition",
        format!("{id}"),
        error.to_string(),
        "see whether SHOW CREATE works for it on the source; exclude it, or write its script by hand",
    );
}

#[cfg(test)]
pub(crate) mod fixture;

#[cfg(test)]
mod tests {
    use super::fixture::{self, World, told};
    use super::*;

    const ORDERS: &str = "CREATE TABLE `t` (
  `id` int NOT NULL AUTO_INCREMENT,
  `c` int DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `u` (`c`),
  KEY `f` ((`c` + 1)) /*!80000 INVISIBLE */,
  CONSTRAINT `fk` FOREIGN KEY (`c`) REFERENCES `p` (`id`) ON DELETE CASCADE,
  CONSTRAINT `ck` CHECK ((`c` > 0))
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci";

    #[test]
    fn a_table_that_needs_nothing_is_split_and_qualified_only() {
        let world = World::mysql();
        let scripts = table(&fixture::table(ORDERS), &world.context());
        assert_eq!(
            scripts.create,
            "CREATE TABLE `shop`.`t` (
  `id` int NOT NULL AUTO_INCREMENT,
  `c` int DEFAULT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `ck` CHECK ((`c` > 0))
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"
        );
        assert_eq!(
            scripts.indexes.as_deref(),
            Some(
                "ALTER TABLE `shop`.`t`\n  ADD UNIQUE KEY `u` (`c`),\n  \
                 ADD KEY `f` ((`c` + 1)) /*!80000 INVISIBLE */"
            )
        );
        assert_eq!(
            scripts.foreign_keys.as_deref(),
            Some(
                "ALTER TABLE `shop`.`t`\n  ADD CONSTRAINT `fk` FOREIGN KEY (`c`) \
                 REFERENCES `shop`.`p` (`id`) ON DELETE CASCADE"
            )
        );
        assert_eq!(told(&scripts.changes, &scripts.refusals), [""; 0]);
    }

    #[test]
    fn programs_are_qualified_and_owned_by_the_login() {
        let world = World::mysql();
        let context = world.context();
        let owned = "definer: definer azadmin@% instead of app@%";
        let script = view(
            &fixture::view(
                "CREATE ALGORITHM=UNDEFINED DEFINER=`app`@`%` SQL SECURITY DEFINER VIEW `v` AS select `t`.`id` AS `id` from `t`",
            ),
            &context,
        );
        assert_eq!(
            script.create,
            "CREATE ALGORITHM=UNDEFINED DEFINER=CURRENT_USER SQL SECURITY DEFINER VIEW `shop`.`v` AS select `t`.`id` AS `id` from `t`"
        );
        assert_eq!(told(&script.changes, &script.refusals), [owned]);
        let script = routine(
            &fixture::procedure("CREATE DEFINER=`app`@`%` PROCEDURE `p`()\nBEGIN SELECT 1; END"),
            &context,
        );
        assert_eq!(
            script.create,
            "CREATE DEFINER=CURRENT_USER PROCEDURE `shop`.`p`()\nBEGIN SELECT 1; END"
        );
        let script = trigger(
            &fixture::trigger(
                "CREATE DEFINER=`app`@`%` TRIGGER `trg` BEFORE INSERT ON `t` FOR EACH ROW FOLLOWS `a` SET NEW.c = 1",
            ),
            &context,
        );
        assert_eq!(
            script.create,
            "CREATE DEFINER=CURRENT_USER TRIGGER `shop`.`trg` BEFORE INSERT ON `shop`.`t` FOR EACH ROW SET NEW.c = 1"
        );
        let script = event(
            &fixture::event(
                "CREATE DEFINER=`app`@`%` EVENT `e` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE ENABLE DO select 1",
            ),
            &context,
        );
        assert_eq!(
            script.create,
            "CREATE DEFINER=CURRENT_USER EVENT `shop`.`e` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE DISABLE DO select 1"
        );
        assert_eq!(
            told(&script.changes, &script.refusals),
            [owned, "event_status: created disabled"]
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let world = World::mysql();
        let scripts = table(&fixture::table("CREATE TABLE `t`"), &world.context());
        assert_eq!(told(&scripts.changes, &scripts.refusals), ["!definition: table `shop`.`t`"]);
        let mut hidden = fixture::procedure("");
        hidden.create_sql = None;
        let script = routine(&hidden, &world.context());
        assert!(script.refusals[0].remedy.contains("SHOW_ROUTINE"));
    }

    #[test]
    fn notes_survive_a_file() {
        let change = Change { rewrite: "engine", what: "a".into(), why: "b".into() };
        let written = serde_json::to_string(&change).unwrap();
        assert_eq!(serde_json::from_str::<Change>(&written).unwrap(), change);
        let names: std::collections::BTreeSet<_> = ORDER.iter().map(|r| r.name).collect();
        assert_eq!(names.len(), ORDER.len(), "two rewrites of one name");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_a_rewrite_panic(
            text in r#"CREATE TABLE `t` \(([ -~é]|`[a-z]`|\(|\)|,|KEY|DEFAULT|COLLATE|CHECK){0,40}\) ([ -~]|ENGINE=MyISAM|PARTITION BY|/\*!50100|\*/){0,20}"#,
            body in r#"([ -~é]|DEFINER=|SQL SECURITY|VIEW|AS|`a`\.`b`|FROM|\(|\)){0,40}"#,
        ) {
            let world = World::mariadb().renaming("a", "b").renaming("shop.t", "shop.u");
            let scripts = table(&fixture::table(&text), &world.context());
            proptest::prop_assert!(scripts.create.len() < text.len() + 2000);
            let script = view(&fixture::view(&format!("CREATE {body}")), &world.context());
            proptest::prop_assert!(script.create.len() < body.len() + 2000);
        }
    }
}
