//! What selected objects need that is left out.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::name::{ObjectId, ObjectKind, QualifiedName, is_system_schema};
use crate::rewrite::dialect_of;
use crate::sql::{NamePath, Sql, TokenKind};

/// What a person should know of a selection before it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// A pattern selects and excludes nothing.
    MatchesNothing {
        /// As written.
        pattern: String,
    },
    /// A selected object needs one that is left out.
    LeftOut {
        /// The selected object.
        object: ObjectId,
        /// What it needs.
        needs: QualifiedName,
        /// What for, e.g. "its foreign key fk_customer".
        what_for: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MatchesNothing { pattern } => write!(f, "pattern {pattern:?} matches nothing"),
            Self::LeftOut { object, needs, what_for } => {
                write!(f, "{object} needs {needs} for {what_for}, which is left out: select it too")
            }
        }
    }
}

/// Foreign keys, views and bodies whose tables are left out. `everything` is what there was before the
/// selection, in `schemas`; what was missing even then is not the selection's doing.
pub(super) fn left_out(
    selected: &Catalog,
    everything: &BTreeSet<QualifiedName>,
    schemas: &BTreeSet<String>,
) -> Vec<Warning> {
    let is_left_out = |name: &QualifiedName| {
        let kept = selected.tables.contains_key(name) || selected.views.contains_key(name);
        let existed = everything.contains(name) || !schemas.contains(&name.schema);
        !kept && existed && !is_system_schema(&name.schema)
    };
    let mut warnings = Vec::new();
    let mut tell = |object: ObjectId, needs: &QualifiedName, what_for: String| {
        if is_left_out(needs) {
            warnings.push(Warning::LeftOut { object, needs: needs.clone(), what_for });
        }
    };
    for (name, table) in &selected.tables {
        for key in &table.foreign_keys {
            let object = ObjectId::new(ObjectKind::Table, name.clone());
            tell(object, &key.parent, format!("its foreign key {}", key.name));
        }
    }
    for (name, view) in &selected.views {
        for read in &view.reads {
            tell(ObjectId::new(ObjectKind::View, name.clone()), read, "its rows".to_owned());
        }
    }
    if everything.len() > selected.tables.len() + selected.views.len() {
        for (object, sql) in bodies(selected) {
            for name in qualified_names(&sql) {
                if everything.contains(&name) {
                    tell(object.clone(), &name, "its body".to_owned());
                }
            }
        }
    }
    warnings
}

/// Every program's text.
fn bodies(catalog: &Catalog) -> Vec<(ObjectId, Sql)> {
    let text = |kind, name: &QualifiedName, create_sql: &str, under| {
        let dialect = dialect_of(kind, under);
        (ObjectId::new(kind, name.clone()), Sql::new(create_sql, dialect))
    };
    let routines = catalog.routines.iter().filter_map(|((kind, name), routine)| {
        let create_sql = routine.create_sql.as_deref()?;
        Some(text(super::routine_kind(*kind), name, create_sql, &routine.created_under))
    });
    let triggers = catalog.triggers.iter().map(|(name, trigger)| {
        text(ObjectKind::Trigger, name, &trigger.create_sql, &trigger.created_under)
    });
    let events = catalog.events.iter().map(|(name, event)| {
        text(ObjectKind::Event, name, &event.create_sql, &event.created_under)
    });
    routines.chain(triggers).chain(events).collect()
}

/// Every `a.b` in a text, each once.
fn qualified_names(sql: &Sql) -> BTreeSet<QualifiedName> {
    let mut names = BTreeSet::new();
    let mut cursor = sql.cursor();
    while let Some(token) = cursor.peek() {
        if !matches!(token.kind, TokenKind::Word | TokenKind::QuotedName) {
            cursor.take();
            continue;
        }
        if let Some(NamePath { schema: Some(schema), name, .. }) = cursor.eat_path() {
            names.insert(QualifiedName::new(schema, name));
        }
    }
    names
}
