//! Which objects are migrated: include and exclude patterns.
//!
//! A pattern names a schema (`shop`) or objects of it (`shop.audit_*`), with `*` for any characters and
//! `?` for one. A kind before it (`view:shop.v_*`) limits it to that kind. Backticks take away every
//! meaning but the letter's: `` `my.schema`.`a*b` ``.
//!
//! - Without `schemas` and `include`, everything is selected but the server's own schemas.
//! - `schemas` and `include` add to each other. `exclude` wins over both.
//! - A trigger follows its table, unless `trigger:` patterns exclude it by name.

mod needs;
mod pattern;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use self::needs::Warning;
use self::pattern::Pattern;
pub use self::pattern::PatternError;
use crate::catalog::{Catalog, RoutineKind, Trigger};
use crate::facts::ServerFacts;
use crate::name::{ObjectKind, QualifiedName, is_system_schema};

/// The selection as a person writes it, in `[select]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Patterns {
    /// Schemas to migrate; none: all but the server's own.
    pub schemas: Vec<String>,
    /// Objects to migrate besides.
    pub include: Vec<String>,
    /// Objects to leave out, whatever else selects them.
    pub exclude: Vec<String>,
}

/// A selection that can be asked.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    schemas: Vec<Pattern>,
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    /// Whether the source takes names of schemas and tables in any case.
    any_case: bool,
}

impl Selection {
    /// Reads the patterns a person wrote.
    ///
    /// # Errors
    /// The first pattern that has no meaning, with what may have been meant.
    pub fn compile(patterns: &Patterns) -> Result<Self, PatternError> {
        let Patterns { schemas, include, exclude } = patterns;
        let read = |texts: &[String]| -> Result<Vec<Pattern>, PatternError> {
            texts.iter().map(|text| Pattern::read(text)).collect()
        };
        let schemas: Result<_, _> = schemas.iter().map(|text| Pattern::of_schema(text)).collect();
        let include = read(include)?;
        if let Some(pattern) = include.iter().find(|p| p.is_only_for(ObjectKind::Trigger)) {
            return Err(PatternError::IncludedTrigger { pattern: pattern.text.clone() });
        }
        Ok(Self { schemas: schemas?, include, exclude: read(exclude)?, any_case: false })
    }

    /// The same selection with the source's rule for the case of names.
    #[must_use]
    pub fn on(self, source: &ServerFacts) -> Self {
        Self { any_case: source.lower_case_table_names() != 0, ..self }
    }

    /// Whether objects of this schema may be selected. For a gather that need not look elsewhere.
    #[must_use]
    pub fn may_select_in(&self, schema: &str) -> bool {
        let names = |pattern: &Pattern| pattern.matches_schema(schema, self.any_case);
        let excluded = self.exclude.iter().any(|p| p.is_whole_schema() && names(p));
        let all = self.schemas.is_empty() && self.include.is_empty();
        let wanted = all || self.schemas.iter().chain(&self.include).any(names);
        wanted && !excluded && !is_system_schema(schema)
    }

    /// Whether an object is selected. A schema is asked for with an empty `name.name`.
    ///
    /// Of a trigger only its own name and schema are judged; [`Selection::selects_trigger`] knows its
    /// table too.
    #[must_use]
    pub fn selects(&self, kind: ObjectKind, name: &QualifiedName) -> bool {
        if kind == ObjectKind::Schema {
            return self.may_select_in(&name.schema);
        }
        if is_system_schema(&name.schema) {
            return false;
        }
        let matches = |pattern: &&Pattern| pattern.matches(kind, name, self.any_case);
        if self.exclude.iter().any(|pattern| matches(&pattern)) {
            return false;
        }
        let all = self.schemas.is_empty() && self.include.is_empty();
        let by_schema = |p: &Pattern| p.matches_schema(&name.schema, self.any_case);
        if kind == ObjectKind::Trigger {
            return self.may_select_in(&name.schema);
        }
        all || self.schemas.iter().any(by_schema) || self.include.iter().any(|p| matches(&p))
    }

    /// Whether a trigger is selected: its table is, and no pattern excludes the trigger itself.
    #[must_use]
    pub fn selects_trigger(&self, trigger: &Trigger) -> bool {
        self.selects(ObjectKind::Trigger, &trigger.name)
            && self.selects(ObjectKind::Table, &trigger.table)
    }

    /// Keeps what is selected, and tells what the selected objects need that is left out, and patterns
    /// that match nothing.
    #[must_use]
    pub fn filter(&self, mut catalog: Catalog) -> (Catalog, Vec<Warning>) {
        let mut warnings = self.idle_patterns(&catalog);
        let everything: BTreeSet<QualifiedName> =
            catalog.tables.keys().chain(catalog.views.keys()).cloned().collect();
        let schemas: BTreeSet<String> = catalog.schemas.keys().cloned().collect();
        catalog.tables.retain(|name, _| self.selects(ObjectKind::Table, name));
        catalog.views.retain(|name, _| self.selects(ObjectKind::View, name));
        catalog.routines.retain(|(kind, name), _| self.selects(routine_kind(*kind), name));
        catalog.triggers.retain(|_, trigger| self.selects_trigger(trigger));
        catalog.events.retain(|name, _| self.selects(ObjectKind::Event, name));
        let used: BTreeSet<String> = used_schemas(&catalog);
        catalog.schemas.retain(|name, _| {
            used.contains(name) || (self.may_select_in(name) && self.wants_whole(name))
        });
        warnings.extend(needs::left_out(&catalog, &everything, &schemas));
        (catalog, warnings)
    }

    /// Whether a schema is selected as such, so that it goes even when it is empty.
    fn wants_whole(&self, schema: &str) -> bool {
        let names = |pattern: &Pattern| pattern.matches_schema(schema, self.any_case);
        (self.schemas.is_empty() && self.include.is_empty())
            || self.schemas.iter().any(names)
            || self.include.iter().any(|pattern| pattern.is_whole_schema() && names(pattern))
    }

    fn idle_patterns(&self, catalog: &Catalog) -> Vec<Warning> {
        let matches = |pattern: &Pattern| {
            let is = |kind, name: &QualifiedName| pattern.matches(kind, name, self.any_case);
            (pattern.is_whole_schema()
                && catalog.schemas.keys().any(|name| pattern.matches_schema(name, self.any_case)))
                || catalog.tables.keys().any(|name| is(ObjectKind::Table, name))
                || catalog.views.keys().any(|name| is(ObjectKind::View, name))
                || catalog.routines.keys().any(|(kind, name)| is(routine_kind(*kind), name))
                || catalog.triggers.keys().any(|name| is(ObjectKind::Trigger, name))
                || catalog.events.keys().any(|name| is(ObjectKind::Event, name))
        };
        let patterns = self.schemas.iter().chain(&self.include).chain(&self.exclude);
        let idle = patterns.filter(|pattern| !matches(pattern));
        idle.map(|pattern| Warning::MatchesNothing { pattern: pattern.text.clone() }).collect()
    }
}

fn routine_kind(kind: RoutineKind) -> ObjectKind {
    match kind {
        RoutineKind::Function => ObjectKind::Function,
        RoutineKind::Procedure => ObjectKind::Procedure,
    }
}

fn used_schemas(catalog: &Catalog) -> BTreeSet<String> {
    let names = catalog
        .tables
        .keys()
        .chain(catalog.views.keys())
        .chain(catalog.routines.keys().map(|(_, name)| name))
        .chain(catalog.triggers.keys())
        .chain(catalog.events.keys());
    names.map(|name| name.schema.clone()).collect()
}

#[cfg(test)]
mod tests;
