//! What differs between what the plan makes and what the target holds.
//!
//! The expected side is text: the statements the plan runs, a person's edits included. The actual side is
//! the target's catalog. Both are read into facets (the type of a column, the rule of a foreign key, the
//! tokens of a body) and compared facet by facet; what servers write in several ways is brought to one in
//! [`canonical`].

mod canonical;
mod shape;
mod tables;
mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::{
    Catalog, CreatedUnder, Event, Routine, RoutineKind, Schema, Table, Trigger, View,
};
use crate::facts::{Flavor, ServerFacts};
use crate::name::{ObjectId, ObjectKind, QualifiedName};
use crate::rewrite::dialect_of;
use crate::sql::Sql;
use crate::sql::script::split;
use shape::Shape;

/// An object the target should hold.
#[derive(Clone, Debug)]
pub struct Expected<'a> {
    /// Its name as the target spells it.
    pub object: ObjectId,
    /// What the source holds.
    pub origin: Origin<'a>,
    /// The scripts that make it, in the order they are run: of a table also those that add keys and foreign
    /// keys. What else they hold besides `CREATE` and `ALTER TABLE` is passed over.
    pub scripts: Vec<&'a str>,
    /// The settings it is made under; `None` for schemas and tables.
    pub made_under: Option<CreatedUnder>,
}

/// What the source holds of an object.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// A schema.
    Schema(&'a Schema),
    /// A table.
    Table(&'a Table),
    /// A view.
    View(&'a View),
    /// A function or procedure.
    Routine(&'a Routine),
    /// A trigger.
    Trigger(&'a Trigger),
    /// An event.
    Event(&'a Event),
}

/// The two servers: what one writes so, the other may write differently.
#[derive(Clone, Copy, Debug)]
pub struct Servers<'a> {
    /// Where the definitions come from.
    pub source: &'a ServerFacts,
    /// Where they are compared.
    pub target: &'a ServerFacts,
}

/// What a difference is about, within its object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The object itself: it is missing, or nobody asked for it.
    Object,
    /// The order of the columns.
    Columns,
    /// One column.
    Column(String),
    /// One key; `PRIMARY` for the primary key.
    Key(String),
    /// One foreign key.
    ForeignKey(String),
    /// One `CHECK` constraint.
    Check(String),
    /// The partitions.
    Partitions,
    /// A table's or schema's own attributes.
    Options,
    /// The next `AUTO_INCREMENT` value.
    AutoIncrement,
    /// The text of a view, routine, trigger or event.
    Definition,
    /// The session settings it was made under.
    Settings,
}

/// Something the target holds otherwise than the plan makes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Difference {
    /// The object, as the target spells it.
    pub object: ObjectId,
    /// What of it.
    pub part: Part,
    /// What of the part, e.g. `type`; empty when all of it is meant.
    pub facet: String,
    /// What the plan makes; `None` when it makes no such thing.
    pub expected: Option<String>,
    /// What the target holds; `None` when it holds no such thing.
    pub actual: Option<String>,
}

/// Compares what the plan makes with what the target holds, in one fixed order. Objects of the target that
/// nobody expects count in schemas where something is expected.
#[must_use]
pub fn objects(
    expected: &[Expected<'_>],
    actual: &Catalog,
    servers: &Servers<'_>,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    for object in expected {
        match pair(object, actual, servers) {
            Some((wanted, found)) => {
                shape::compare(&object.object, &wanted, &found, &mut differences);
            }
            None => differences.push(missing(object.object.clone())),
        }
    }
    differences.extend(unexpected(expected, actual, servers));
    differences.sort();
    differences
}

impl Servers<'_> {
    /// Whether both print expressions alike: what brackets there are then means something.
    fn print_alike(&self) -> bool {
        let is_modern = |facts: &ServerFacts| facts.version.is_mysql_at_least(8, 0, 0);
        is_modern(self.source) && is_modern(self.target)
    }

    fn same_flavor(&self) -> bool {
        let flavor = |facts: &ServerFacts| facts.version.flavor;
        flavor(self.source) == flavor(self.target) && flavor(self.source) == Flavor::MySql
    }

    /// Whether two names are one to the target.
    fn same_name(&self, one: &str, other: &str) -> bool {
        one == other
            || (self.target.lower_case_table_names() != 0
                && one.to_lowercase() == other.to_lowercase())
    }

    /// Finds a table or view the way the target does.
    fn find<'a, T>(
        &self,
        objects: &'a BTreeMap<QualifiedName, T>,
        name: &QualifiedName,
    ) -> Option<&'a T> {
        objects.get(name).or_else(|| {
            let same = |own: &QualifiedName| {
                self.same_name(&own.schema, &name.schema) && self.same_name(&own.name, &name.name)
            };
            objects.iter().find(|(own, _)| same(own)).map(|(_, object)| object)
        })
    }
}

impl<'a> Expected<'a> {
    /// The statements of the scripts that define something.
    fn statements(&self, kind: ObjectKind) -> Vec<&'a str> {
        let made_under = self.made_under.clone().unwrap_or_default();
        let dialect = dialect_of(kind, &made_under);
        // A program that stands alone needs no delimiter, and has semicolons of its own.
        if let [script] = self.scripts.as_slice()
            && Sql::new(*script, dialect).cursor().is_word("CREATE")
        {
            return vec![script];
        }
        let statements = self.scripts.iter().flat_map(|script| split(script, dialect));
        let defines = |text: &str| {
            let sql = Sql::new(text, dialect);
            let cursor = sql.cursor();
            cursor.is_word("CREATE") || cursor.is_word("ALTER")
        };
        statements.map(|statement| statement.text).filter(|text| defines(text)).collect()
    }
}

/// Both sides of an object; `None` when the target does not hold it.
fn pair(
    expected: &Expected<'_>,
    actual: &Catalog,
    servers: &Servers<'_>,
) -> Option<(Shape, Shape)> {
    let name = &expected.object.name;
    match expected.origin {
        Origin::Schema(schema) => {
            let found = actual.schemas.get(&name.schema).or_else(|| {
                actual.schemas.values().find(|own| servers.same_name(&own.name, &name.schema))
            })?;
            Some(tables::schema_pair(expected, schema, found))
        }
        Origin::Table(table) => {
            let found = servers.find(&actual.tables, name)?;
            Some(tables::pair(expected, table, found, servers))
        }
        Origin::View(view) => {
            let found = servers.find(&actual.views, name)?;
            Some(stored::view_pair(expected, view, found, servers))
        }
        Origin::Routine(routine) => {
            let same = |own: &&Routine| {
                own.kind == routine.kind
                    && servers.same_name(&own.name.schema, &name.schema)
                    // Names of routines and events know no case.
                    && own.name.name.to_lowercase() == name.name.to_lowercase()
            };
            let found = actual.routines.values().find(same)?;
            let text = found.create_sql.as_deref().unwrap_or_default();
            Some(stored::pair(expected, text, &found.created_under, servers))
        }
        Origin::Trigger(trigger) => {
            let found = servers.find(&actual.triggers, name)?;
            let sides = stored::pair(expected, &found.create_sql, &found.created_under, servers);
            Some(stored::with_place(sides, trigger, found))
        }
        Origin::Event(_) => {
            let same = |own: &&Event| {
                servers.same_name(&own.name.schema, &name.schema)
                    && own.name.name.to_lowercase() == name.name.to_lowercase()
            };
            let found = actual.events.values().find(same)?;
            Some(stored::pair(expected, &found.create_sql, &found.created_under, servers))
        }
    }
}

fn missing(object: ObjectId) -> Difference {
    let expected = Some(object.to_string());
    Difference { object, part: Part::Object, facet: String::new(), expected, actual: None }
}

/// What lies in expected schemas without being expected.
fn unexpected(
    expected: &[Expected<'_>],
    actual: &Catalog,
    servers: &Servers<'_>,
) -> Vec<Difference> {
    let key = |id: &ObjectId| {
        let lowered = servers.target.lower_case_table_names() != 0
            || matches!(id.kind, ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Event);
        let name = if lowered { id.name.name.to_lowercase() } else { id.name.name.clone() };
        (id.kind, servers.target_schema(&id.name.schema), name)
    };
    let known = expected.iter().map(|expected| key(&expected.object)).collect::<BTreeSet<_>>();
    let schemas = known.iter().map(|(_, schema, _)| schema.clone()).collect::<BTreeSet<_>>();
    let found = all(actual).into_iter().filter(|id| {
        schemas.contains(&servers.target_schema(&id.name.schema)) && !known.contains(&key(id))
    });
    found
        .map(|object| {
            let actual = Some(object.to_string());
            Difference { object, part: Part::Object, facet: String::new(), expected: None, actual }
        })
        .collect()
}

impl Servers<'_> {
    fn target_schema(&self, schema: &str) -> String {
        if self.target.lower_case_table_names() == 0 {
            schema.to_owned()
        } else {
            schema.to_lowercase()
        }
    }
}

/// Every object of a catalog but its schemas.
fn all(catalog: &Catalog) -> Vec<ObjectId> {
    let Catalog { schemas: _, tables, views, routines, triggers, events } = catalog;
    let of = |kind, name: &QualifiedName| ObjectId::new(kind, name.clone());
    let mut objects = Vec::new();
    objects.extend(tables.keys().map(|name| of(ObjectKind::Table, name)));
    objects.extend(views.keys().map(|name| of(ObjectKind::View, name)));
    objects.extend(routines.keys().map(|(kind, name)| match kind {
        RoutineKind::Function => of(ObjectKind::Function, name),
        RoutineKind::Procedure => of(ObjectKind::Procedure, name),
    }));
    objects.extend(triggers.keys().map(|name| of(ObjectKind::Trigger, name)));
    objects.extend(events.keys().map(|name| of(ObjectKind::Event, name)));
    objects
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::name::quote;
        match self {
            Self::Object => f.write_str("the object"),
            Self::Columns => f.write_str("order of columns"),
            Self::Column(name) => write!(f, "column {}", quote(name)),
            Self::Key(name) => write!(f, "key {}", quote(name)),
            Self::ForeignKey(name) => write!(f, "foreign key {}", quote(name)),
            Self::Check(name) => write!(f, "check {}", quote(name)),
            Self::Partitions => f.write_str("partitions"),
            Self::Options => f.write_str("options"),
            Self::AutoIncrement => f.write_str("AUTO_INCREMENT"),
            Self::Definition => f.write_str("definition"),
            Self::Settings => f.write_str("settings it was made under"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { object, part, facet, expected, actual } = self;
        let about = match (part, facet.as_str()) {
            (Part::Object, _) => String::new(),
            (part, "") => format!(", {part}"),
            (part, facet) => format!(", {part}, {facet}"),
        };
        write!(f, "{object}{about}: ")?;
        match (expected, actual) {
            (Some(expected), Some(actual)) => {
                write!(f, "{} expected, {} found", shown(expected), shown(actual))
            }
            (Some(_), None) if *part == Part::Object => f.write_str("missing on the target"),
            (None, Some(_)) if *part == Part::Object => f.write_str("on the target only"),
            (Some(expected), None) => write!(f, "{} expected, nothing found", shown(expected)),
            (None, Some(actual)) => write!(f, "nothing expected, {} found", shown(actual)),
            (None, None) => f.write_str("cannot be compared"),
        }
    }
}

fn shown(value: &str) -> String {
    if value.is_empty() { "nothing".to_owned() } else { value.to_owned() }
}

#[cfg(test)]
mod cases;
