//! Servers, tables and programs for the tests of rewrites.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Policy};
use crate::catalog::{
    Catalog, CreatedUnder, Event, Key, KeyKind, KeyPart, Routine, RoutineKind, Schema, Table,
    TableKind, Trigger, View,
};
use crate::column::{Column, ColumnType};
use crate::facts::{ServerFacts, ServerVersion};
use crate::name::QualifiedName;

/// Two servers, a policy and a catalog.
pub(crate) struct World {
    pub(crate) source: ServerFacts,
    pub(crate) target: ServerFacts,
    pub(crate) policy: Policy,
    pub(crate) catalog: Catalog,
}

impl World {
    /// A source of this version, and an Azure-like MySQL 9.7 target.
    pub(crate) fn new(source_version: &str) -> Self {
        Self {
            source: server(source_version, "reader@%", "0"),
            target: server("9.7.4", "azadmin@%", "1"),
            policy: Policy::default(),
            catalog: Catalog::default(),
        }
    }

    pub(crate) fn mysql() -> Self {
        Self::new("9.7.4")
    }

    pub(crate) fn mariadb() -> Self {
        Self::new("10.11.19-MariaDB")
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            source: &self.source,
            target: &self.target,
            policy: &self.policy,
            catalog: &self.catalog,
        }
    }

    pub(crate) fn renaming(mut self, from: &str, to: &str) -> Self {
        self.policy.rename.insert(from.into(), to.into());
        self
    }
}

fn server(version: &str, user: &str, lower_case: &str) -> ServerFacts {
    let mysql = [
        ("utf8mb4_0900_ai_ci", "utf8mb4"),
        ("utf8mb4_0900_as_ci", "utf8mb4"),
        ("utf8mb4_0900_as_cs", "utf8mb4"),
        ("utf8mb4_0900_bin", "utf8mb4"),
        ("utf8mb4_sv_0900_ai_ci", "utf8mb4"),
        ("utf8mb4_general_ci", "utf8mb4"),
        ("utf8mb4_unicode_ci", "utf8mb4"),
        ("utf8mb4_bin", "utf8mb4"),
        ("utf8mb3_general_ci", "utf8mb3"),
        ("utf8mb3_unicode_520_ci", "utf8mb3"),
        ("utf8mb3_bin", "utf8mb3"),
        ("latin1_swedish_ci", "latin1"),
        ("latin1_bin", "latin1"),
        ("ascii_general_ci", "ascii"),
    ];
    let variables = [
        ("lower_case_table_names", lower_case),
        ("disabled_storage_engines", "MyISAM,BLACKHOLE,ARCHIVE,FEDERATED,CSV"),
        ("innodb_page_size", "16384"),
        ("innodb_file_per_table", "ON"),
    ];
    ServerFacts {
        version: ServerVersion::parse(version).unwrap(),
        version_text: version.into(),
        variables: variables.map(|(name, value)| (name.into(), value.into())).into(),
        collations: mysql.map(|(name, charset)| (name.into(), charset.into())).into(),
        engines: BTreeSet::from(["InnoDB", "MEMORY", "MyISAM", "CSV"].map(String::from)),
        current_user: user.into(),
        grants: vec![format!("GRANT SELECT, INSERT ON *.* TO `x`@`%`")],
        accounts: None,
    }
}

/// A table `shop.t` of this definition, its text columns and keys known as far as the text says.
pub(crate) fn table(create_sql: &str) -> Table {
    Table {
        name: QualifiedName::new("shop", "t"),
        kind: TableKind::Base,
        engine: "InnoDB".into(),
        row_format: "Dynamic".into(),
        create_options: String::new(),
        collation: String::new(),
        auto_increment: None,
        rows_estimate: 0,
        data_bytes: 0,
        index_bytes: 0,
        comment: String::new(),
        create_sql: create_sql.into(),
        columns: Vec::new(),
        keys: Vec::new(),
        foreign_keys: Vec::new(),
        checks: BTreeMap::new(),
        partitioned: false,
    }
}

pub(crate) fn column(name: &str, kind: ColumnType, collation: Option<&str>) -> Column {
    Column {
        name: name.into(),
        kind,
        type_text: String::new(),
        nullable: false,
        default: None,
        extra: String::new(),
        generated: None,
        invisible: false,
        charset: collation.and_then(|name| name.split('_').next()).map(str::to_owned),
        collation: collation.map(str::to_owned),
        srid: None,
        comment: String::new(),
    }
}

pub(crate) fn unique(name: &str, column: &str) -> Key {
    Key {
        name: name.into(),
        kind: KeyKind::Unique,
        parts: vec![KeyPart::Column { name: column.into(), prefix: None, descending: false }],
        visible: true,
    }
}

pub(crate) fn schema(name: &str, create_sql: &str, collation: &str) -> Schema {
    Schema {
        name: name.into(),
        charset: collation.split('_').next().unwrap().into(),
        collation: collation.into(),
        create_sql: create_sql.into(),
    }
}

pub(crate) fn view(create_sql: &str) -> View {
    View {
        name: QualifiedName::new("shop", "v"),
        definer: "app@%".into(),
        create_sql: create_sql.into(),
        created_under: CreatedUnder::default(),
        columns: Vec::new(),
        reads: Vec::new(),
        broken: None,
    }
}

pub(crate) fn procedure(create_sql: &str) -> Routine {
    Routine {
        name: QualifiedName::new("shop", "p"),
        kind: RoutineKind::Procedure,
        definer: "app@%".into(),
        create_sql: Some(create_sql.into()),
        created_under: CreatedUnder { sql_mode: Some(String::new()), ..CreatedUnder::default() },
    }
}

pub(crate) fn trigger(create_sql: &str) -> Trigger {
    Trigger {
        name: QualifiedName::new("shop", "trg"),
        table: QualifiedName::new("shop", "t"),
        definer: "app@%".into(),
        timing: "BEFORE".into(),
        event: "INSERT".into(),
        action_order: 1,
        create_sql: create_sql.into(),
        created_under: CreatedUnder::default(),
    }
}

pub(crate) fn event(create_sql: &str) -> Event {
    Event {
        name: QualifiedName::new("shop", "e"),
        definer: "app@%".into(),
        enabled: true,
        create_sql: create_sql.into(),
        created_under: CreatedUnder::default(),
    }
}

/// Notes as lines `rewrite: what`, refusals with `!` before.
pub(crate) fn told(changes: &[super::Change], refusals: &[super::Refusal]) -> Vec<String> {
    let changes = changes.iter().map(|change| format!("{}: {}", change.rewrite, change.what));
    let refusals = refusals.iter().map(|refusal| format!("!{}: {}", refusal.rewrite, refusal.what));
    changes.chain(refusals).collect()
}

/// Rewrites a table and compares its `CREATE TABLE` and what was told.
#[track_caller]
pub(crate) fn check(world: &World, table: &Table, expected: &str, notes: &[&str]) {
    let scripts = super::table(table, &world.context());
    assert_eq!(scripts.create, expected);
    assert_eq!(told(&scripts.changes, &scripts.refusals), notes);
}

/// Asserts that a table is refused, and by which rewrite for what.
#[track_caller]
pub(crate) fn check_refused(world: &World, table: &Table, refusal: &str) {
    let scripts = super::table(table, &world.context());
    let refused = told(&[], &scripts.refusals);
    assert_eq!(refused, [refusal]);
}
