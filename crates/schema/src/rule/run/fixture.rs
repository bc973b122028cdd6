//! Two servers and a plan for the tests of rules.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Scene, Severity, judge};
use crate::catalog::{Catalog, Table, TableKind};
use crate::facts::{ServerFacts, ServerVersion};
use crate::name::{ObjectId, QualifiedName};

/// Everything a scene shows.
pub(super) struct World {
    pub(super) source: ServerFacts,
    pub(super) target: ServerFacts,
    catalog: Catalog,
    planned: Vec<ObjectId>,
}

impl World {
    /// Two MySQL servers of which nothing else is known, and what is planned.
    pub(super) fn of(planned: &[ObjectId]) -> Self {
        Self {
            source: facts("reader@%"),
            target: facts("azadmin@%"),
            catalog: Catalog::default(),
            planned: planned.to_vec(),
        }
    }

    /// The same with variables of the target.
    pub(super) fn on_target(mut self, variables: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.target.variables.extend(variables.iter().map(own));
        self
    }

    /// The same with a table on the source.
    pub(super) fn with_table(mut self, schema: &str, name: &str) -> Self {
        let name = QualifiedName::new(schema, name);
        let table = Table {
            name: name.clone(),
            kind: TableKind::Base,
            engine: "InnoDB".to_owned(),
            row_format: String::new(),
            create_options: String::new(),
            collation: String::new(),
            auto_increment: None,
            rows_estimate: 0,
            data_bytes: 0,
            index_bytes: 0,
            comment: String::new(),
            create_sql: String::new(),
            columns: Vec::new(),
            keys: Vec::new(),
            foreign_keys: Vec::new(),
            checks: BTreeMap::new(),
            partitioned: false,
        };
        self.catalog.tables.insert(name, table);
        self
    }

    /// What one rule says, in words.
    pub(super) fn said(&self, rule: &str) -> Vec<String> {
        let Self { source, target, catalog, planned } = self;
        let findings = judge(&Scene { source, target, catalog, planned }).into_iter();
        let words = |Finding { severity, side, what, remedy, .. }: Finding| {
            let severity = match severity {
                Severity::Note => "note",
                Severity::Warning => "warning",
                Severity::Blocker => "blocker",
            };
            format!("{severity} {side}: {what}; {remedy}")
        };
        findings.filter(|finding| finding.rule == rule).map(words).collect()
    }
}

fn facts(user: &str) -> ServerFacts {
    ServerFacts {
        version: ServerVersion::parse("9.7.4").unwrap(),
        version_text: "9.7.4".to_owned(),
        variables: BTreeMap::new(),
        collations: BTreeMap::new(),
        engines: BTreeSet::new(),
        current_user: user.to_owned(),
        grants: Vec::new(),
        accounts: None,
    }
}
