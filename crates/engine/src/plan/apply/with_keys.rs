//! A small table's indexes are made together with the table: one statement on the target instead of two.
//!
//! The folder keeps its two scripts. Building an index after the rows pays when there are many; on a small
//! table it costs more than the rows themselves.

use std::collections::{BTreeMap, BTreeSet};

use sealift_schema::catalog::Catalog;
use sealift_schema::name::QualifiedName;
use sealift_schema::sql::with_keys::{Keys, with_keys};

use super::statements::Statements;
use crate::plan::draft::Note;
use crate::plan::read::{Plan, PlanStep};
use crate::stage::Part;

/// Data of a table up to which its indexes are made with it: some 50 pages, in which rows find their place in
/// an index at once. Above, sorted building is the faster way.
const SMALL_BYTES_MAX: u64 = 1 << 20;

/// Rewrites after which two keys that differ on the source may be the same on the target.
const REWRITES_OF_ORDER: [&str; 2] = ["charset", "column_type"];

/// The tables of a source that are small.
#[derive(Clone, Debug, Default)]
pub struct SmallTables {
    names: BTreeSet<QualifiedName>,
}

impl SmallTables {
    /// Looks for them in the source's catalog.
    #[must_use]
    pub fn of(catalog: &Catalog) -> Self {
        let small = catalog.tables.values().filter(|table| table.data_bytes <= SMALL_BYTES_MAX);
        small.map(|table| table.name.clone()).collect()
    }
}

impl FromIterator<QualifiedName> for SmallTables {
    fn from_iter<T: IntoIterator<Item = QualifiedName>>(names: T) -> Self {
        Self { names: names.into_iter().collect() }
    }
}

/// The scripts that add indexes to small tables, by the table's name on the source.
#[derive(Debug, Default)]
pub(super) struct IndexScripts<'p> {
    scripts: BTreeMap<&'p QualifiedName, &'p PlanStep>,
}

/// A table and its indexes in one statement.
pub(super) struct Together<'p> {
    /// The statement.
    pub(super) statement: String,
    /// The script of the indexes.
    pub(super) indexes: &'p PlanStep,
}

impl<'p> IndexScripts<'p> {
    /// The scripts that may be carried out with their tables: as sealift wrote them.
    pub(super) fn of(plan: &'p Plan, small: &SmallTables) -> Self {
        let fits = |step: &&PlanStep| {
            step.is_wanted() && !step.edited && small.names.contains(&step.step().object.name)
        };
        let scripts = plan.of(Part::Indexes).filter(fits);
        Self { scripts: scripts.map(|step| (&step.step().object.name, step)).collect() }
    }

    /// A table's statement with its indexes; `None` when the two are to be executed one after the other.
    pub(super) fn with(&self, table: &PlanStep, deeds: &[String]) -> Option<Together<'p>> {
        let indexes = *self.scripts.get(&table.step().object.name)?;
        let [create] = deeds else { return None };
        if table.edited || indexes.target != table.target {
            return None;
        }
        let ours = Statements::read(&table.script.body);
        let theirs = Statements::read(&indexes.script.body);
        let [alter] = theirs.deeds.as_slice() else { return None };
        if !ours.settings.iter().map(|s| s.text).eq(theirs.settings.iter().map(|s| s.text)) {
            return None;
        }
        let schema = &table.target.schema;
        let statement = with_keys(create, alter.text, schema, ours.dialect, allowed(table))?;
        Some(Together { statement, indexes })
    }
}

/// Where the order of values is another than on the source, a unique key may refuse a row. It is then
/// added when the rows are there, so that the table's rows arrive and its index is what is told of.
fn allowed(table: &PlanStep) -> Keys {
    let reordered = table.notes.iter().any(|note| match note {
        Note::Change { rewrite, .. } => REWRITES_OF_ORDER.contains(&rewrite.as_str()),
        Note::Refused { .. } | Note::Broken { .. } => false,
    });
    if reordered { Keys::NotUnique } else { Keys::All }
}
