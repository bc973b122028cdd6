//! A case for the tests of checks: two good servers and an empty catalog, to be spoilt one thing at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::assessment::{Assessment, assess};
use super::case::{Case, Protection, Rewritten, Server};
use super::check::{Check, Level, Mode, NotChecked};
use super::measured::{DefinitionsRead, Measured};
use super::platform::Profile;
use super::question::{Answer, Answers, Question, Row};
use super::rows::{Look, Looked, Outcome, RowSample, looks};
use super::sku::Sku;
use crate::catalog::{
    Catalog, CreatedUnder, Event, ForeignKey, Key, KeyKind, KeyPart, Routine, RoutineKind, Schema,
    Table, TableKind, Trigger, View,
};
use crate::column::{Column, ColumnType};
use crate::facts::{ServerFacts, ServerVersion, Side};
use crate::name::{ObjectId, QualifiedName};
use crate::rewrite::{Context, Policy};
use crate::selection::Warning;

/// Everything a case shows.
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) source: ServerFacts,
    pub(super) target: ServerFacts,
    source_answers: Answers,
    target_answers: Answers,
    pub(super) profile: Option<Profile>,
    sku: Option<Sku>,
    pub(super) catalog: Catalog,
    pub(super) policy: Policy,
    pub(super) warnings: Vec<Warning>,
    pub(super) unreadable: Vec<(ObjectId, String)>,
    pub(super) denied: Vec<(ObjectId, &'static str)>,
    pub(super) foreign: Vec<String>,
    pub(super) reserved: BTreeSet<String>,
    pub(super) round_trip_ms: Option<u64>,
    pub(super) clock_ahead_ms: Option<i64>,
    pub(super) protection: Protection,
    pub(super) measured: Measured,
    rewritten: Vec<Rewritten>,
}

impl Bench {
    /// Two servers with which nothing is wrong: a MySQL and an Azure of the same version.
    pub(super) fn clean() -> Self {
        let target = "azure-8.4".parse::<Profile>().unwrap().facts();
        let mut source = "mysql-8.4".parse::<Profile>().unwrap().facts();
        source.version_text = "8.4.6".to_owned();
        source.current_user = "reader@%".to_owned();
        source.accounts = Some(BTreeSet::from(["reader@%".to_owned()]));
        let mut bench = Self {
            source,
            target,
            source_answers: Answers::default(),
            target_answers: Answers::default(),
            profile: None,
            sku: None,
            catalog: Catalog::default(),
            policy: Policy::default(),
            warnings: Vec::new(),
            unreadable: Vec::new(),
            denied: Vec::new(),
            foreign: Vec::new(),
            reserved: BTreeSet::from(["RANK".to_owned(), "SELECT".to_owned()]),
            round_trip_ms: Some(1),
            clock_ahead_ms: Some(0),
            protection: Protection::Verified,
            measured: Measured {
                definitions: Some(DefinitionsRead::default()),
                ..Measured::default()
            },
            rewritten: Vec::new(),
        };
        for (name, value) in [
            ("lower_case_table_names", "1"),
            ("server_id", "1"),
            ("binlog_format", "ROW"),
            ("binlog_row_image", "FULL"),
            ("binlog_row_metadata", "FULL"),
            ("binlog_expire_logs_seconds", "2592000"),
            ("gtid_mode", "ON"),
            ("performance_schema", "ON"),
            ("local_infile", "ON"),
            ("max_connections", "1000"),
        ] {
            bench.source.variables.insert(name.to_owned(), value.to_owned());
            bench.target.variables.insert(name.to_owned(), value.to_owned());
        }
        bench.target.variables.insert("max_allowed_packet".to_owned(), (1 << 30).to_string());
        bench
            .answer(Side::Target, Question::TimeZones, "named", &["2020-01-01 01:00:00"])
            .answer(Side::Target, Question::LoginPlugins, "name", &["caching_sha2_password"])
            .answer(Side::Source, Question::OwnCipher, "Variable_name,Value", &["x,TLSv1.3"])
            .answer(Side::Target, Question::OwnCipher, "Variable_name,Value", &["x,TLSv1.3"])
    }

    /// The same with a source of another version, without what only new ones have.
    pub(super) fn from(version: &str) -> Self {
        let mut bench = Self::clean();
        bench.source.version = ServerVersion::parse(version).unwrap();
        bench.source.version_text = version.to_owned();
        bench
    }

    pub(super) fn variable(mut self, name: &str, value: &str) -> Self {
        self.source.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(super) fn on_target(mut self, name: &str, value: &str) -> Self {
        self.target.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The profile of this name stands for the target.
    pub(super) fn to(mut self, profile: &str) -> Self {
        let profile: Profile = profile.parse().unwrap();
        self.target = profile.facts();
        self.profile = Some(profile);
        self
    }

    /// The operator names a size of the target.
    pub(super) fn sku(mut self, name: &str) -> Self {
        self.sku = Some(name.parse().unwrap());
        self
    }

    /// What a server answers: columns and values, each separated by commas; `NULL` is NULL.
    pub(super) fn answer(
        mut self,
        side: Side,
        question: Question,
        columns: &str,
        rows: &[&str],
    ) -> Self {
        let columns: std::sync::Arc<[String]> = columns.split(',').map(str::to_owned).collect();
        let value = |text: &str| (text != "NULL").then(|| text.to_owned());
        let row = |row: &&str| Row::new(columns.clone(), row.split(',').map(value).collect());
        self.answers(side).keep(question, Answer::Rows(rows.iter().map(row).collect()));
        self
    }

    pub(super) fn denied(mut self, side: Side, question: Question, grant: &str) -> Self {
        self.answers(side).keep(question, Answer::Denied { grant: grant.to_owned() });
        self
    }

    fn answers(&mut self, side: Side) -> &mut Answers {
        match side {
            Side::Source => &mut self.source_answers,
            Side::Target => &mut self.target_answers,
        }
    }

    /// A table with a primary key `id`; the closure changes it.
    pub(super) fn with_table(
        mut self,
        schema: &str,
        name: &str,
        change: impl FnOnce(&mut Table),
    ) -> Self {
        let mut table = table(schema, name);
        change(&mut table);
        self.schema(schema);
        self.catalog.tables.insert(table.name.clone(), table);
        self
    }

    pub(super) fn table(self, schema: &str, name: &str) -> Self {
        self.with_table(schema, name, |_| {})
    }

    /// Rows are sampled, and this comes of each look.
    pub(super) fn sampled(mut self, outcome: impl Fn(&Look) -> Outcome) -> Self {
        let looks = looks(&self.catalog, self.source.version).into_iter();
        let looked = looks.map(|look| Looked { outcome: outcome(&look), look }).collect();
        self.measured.rows = Some(RowSample { looked, left_out: 0 });
        self
    }

    fn schema(&mut self, name: &str) {
        self.catalog.schemas.entry(name.to_owned()).or_insert_with(|| Schema {
            name: name.to_owned(),
            charset: "utf8mb4".to_owned(),
            collation: "utf8mb4_0900_ai_ci".to_owned(),
            create_sql: format!("CREATE DATABASE `{name}`"),
        });
    }

    /// A procedure `shop.p` of this body.
    pub(super) fn procedure(mut self, body: &str) -> Self {
        let name = QualifiedName::new("shop", "p");
        self.schema("shop");
        let procedure = Routine {
            name: name.clone(),
            kind: RoutineKind::Procedure,
            definer: "admin@%".into(),
            create_sql: Some(format!("CREATE DEFINER=`admin`@`%` PROCEDURE `p`()\n{body}")),
            created_under: under(),
        };
        self.catalog.routines.insert((RoutineKind::Procedure, name), procedure);
        self
    }

    /// A view `shop.v`.
    pub(super) fn view(mut self, select: &str, change: impl FnOnce(&mut View)) -> Self {
        let name = QualifiedName::new("shop", "v");
        self.schema("shop");
        let mut view = View {
            name: name.clone(),
            definer: "admin@%".into(),
            create_sql: format!("CREATE DEFINER=`admin`@`%` VIEW `v` AS {select}"),
            created_under: under(),
            columns: Vec::new(),
            reads: Vec::new(),
            broken: None,
        };
        change(&mut view);
        self.catalog.views.insert(name, view);
        self
    }

    /// An event `shop.e`.
    pub(super) fn event(mut self, change: impl FnOnce(&mut Event)) -> Self {
        let name = QualifiedName::new("shop", "e");
        self.schema("shop");
        let mut event = Event {
            name: name.clone(),
            definer: "admin@%".into(),
            enabled: true,
            create_sql: "CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY DO SELECT 1".into(),
            created_under: under(),
        };
        change(&mut event);
        self.catalog.events.insert(name, event);
        self
    }

    /// A trigger `shop.trg` on `shop.t`.
    pub(super) fn trigger(mut self, body: &str) -> Self {
        let name = QualifiedName::new("shop", "trg");
        self.schema("shop");
        let trigger = Trigger {
            name: name.clone(),
            table: QualifiedName::new("shop", "t"),
            definer: "admin@%".into(),
            timing: "BEFORE".into(),
            event: "INSERT".into(),
            action_order: 1,
            create_sql: format!("CREATE TRIGGER `trg` BEFORE INSERT ON `t` FOR EACH ROW {body}"),
            created_under: under(),
        };
        self.catalog.triggers.insert(name, trigger);
        self
    }

    pub(super) fn grants(mut self, side: Side, grants: &[&str]) -> Self {
        let own = grants.iter().map(|grant| (*grant).to_owned()).collect();
        match side {
            Side::Source => self.source.grants = own,
            Side::Target => self.target.grants = own,
        }
        self
    }

    pub(super) fn rewritten(mut self) -> Self {
        self.rewritten = Rewritten::all(&Context {
            source: &self.source,
            target: &self.target,
            policy: &self.policy,
            catalog: &self.catalog,
        });
        self
    }

    pub(super) fn case(&self) -> Case<'_> {
        let server = |side, facts, answers| Server {
            side,
            facts,
            answers,
            protection: self.protection,
            round_trip_ms: self.round_trip_ms,
            clock_ahead_ms: self.clock_ahead_ms,
        };
        Case {
            source: server(Side::Source, &self.source, &self.source_answers),
            target: server(Side::Target, &self.target, &self.target_answers),
            profile: self.profile,
            sku: self.sku.as_ref(),
            catalog: &self.catalog,
            policy: &self.policy,
            rewritten: &self.rewritten,
            warnings: &self.warnings,
            unreadable: &self.unreadable,
            denied: &self.denied,
            foreign: &self.foreign,
            reserved: &self.reserved,
            measured: &self.measured,
        }
    }

    pub(super) fn assessed(&self) -> Assessment {
        assess(&self.case(), &[])
    }

    /// What a check says, a line for each finding: ``blocks online: table `a`.`b`: what | fix``.
    pub(super) fn said(&self, check: &Check) -> Vec<String> {
        let found = match (check.judge)(&self.case()) {
            Ok(found) => found,
            Err(NotChecked::Privilege { grant, .. }) => {
                return vec![format!("not checked: {grant}")];
            }
            Err(why) => return vec![format!("not checked: {why:?}")],
        };
        let line = |found: super::check::Found| {
            let level = match found.level {
                Level::Notes => "notes",
                Level::Warns => "warns",
                Level::Blocks => "blocks",
            };
            let mode = match found.mode {
                Mode::All => "",
                Mode::Offline => " offline",
                Mode::Online => " online",
            };
            assert!(found.level <= check.worst, "{} says more than its worst", check.id);
            let fixes = found.fixes.iter().map(|fix| format!(" | {}: {}", fix.by.word(), fix.text));
            format!("{level}{mode}: {}: {}{}", found.object, found.what, fixes.collect::<String>())
        };
        found.into_iter().map(line).collect()
    }

    /// How many findings of each level a check has: `2 blocks, 1 warns`; empty for none.
    pub(super) fn levels(&self, check: &Check) -> String {
        let said = self.said(check);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for line in &said {
            let (level, _) = line.split_once(':').unwrap_or((line, ""));
            *counts.entry(level.to_owned()).or_default() += 1;
        }
        let counts = counts.into_iter().map(|(level, count)| format!("{count} {level}"));
        counts.collect::<Vec<_>>().join(", ")
    }
}

fn under() -> CreatedUnder {
    CreatedUnder {
        sql_mode: Some(String::new()),
        charset_client: "utf8mb4".into(),
        collation_connection: "utf8mb4_0900_ai_ci".into(),
        time_zone: None,
    }
}

fn table(schema: &str, name: &str) -> Table {
    Table {
        name: QualifiedName::new(schema, name),
        kind: TableKind::Base,
        engine: "InnoDB".into(),
        row_format: "Dynamic".into(),
        create_options: String::new(),
        collation: "utf8mb4_0900_ai_ci".into(),
        auto_increment: None,
        rows_estimate: 0,
        data_bytes: 0,
        index_bytes: 0,
        comment: String::new(),
        create_sql: format!(
            "CREATE TABLE `{name}` (\n  `id` int NOT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB"
        ),
        columns: vec![column("id", "int")],
        keys: vec![key(KeyKind::Primary, "PRIMARY", &["id"])],
        foreign_keys: Vec::new(),
        checks: BTreeMap::new(),
        partitioned: false,
    }
}

/// A column that may not be NULL, of this type.
pub(super) fn column(name: &str, type_text: &str) -> Column {
    let data_type = type_text.split(['(', ' ']).next().unwrap_or_default();
    let kind = ColumnType::from_data_type(data_type);
    let text = kind.is_text().then(|| "utf8mb4".to_owned());
    Column {
        name: name.into(),
        kind,
        type_text: type_text.into(),
        nullable: false,
        default: None,
        extra: String::new(),
        generated: None,
        invisible: false,
        collation: text.as_ref().map(|_| "utf8mb4_0900_ai_ci".to_owned()),
        charset: text,
        srid: None,
        comment: String::new(),
    }
}

pub(super) fn key(kind: KeyKind, name: &str, columns: &[&str]) -> Key {
    let part =
        |name: &&str| KeyPart::Column { name: (*name).into(), prefix: None, descending: false };
    Key { name: name.into(), kind, parts: columns.iter().map(part).collect(), visible: true }
}

pub(super) fn foreign_key(name: &str, columns: &[&str], parent: &str, to: &[&str]) -> ForeignKey {
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    ForeignKey {
        name: name.into(),
        columns: own(columns),
        parent: QualifiedName::new("shop", parent),
        parent_columns: own(to),
        on_update: "NO ACTION".into(),
        on_delete: "NO ACTION".into(),
    }
}
