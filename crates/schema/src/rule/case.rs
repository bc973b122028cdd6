//! What checks judge: two servers, what the source holds, what a plan would refuse.

use std::collections::BTreeSet;

use super::check::{NotChecked, account};
use super::measured::{Definition, Measured};
use super::platform::{Platform, Profile};
use super::question::{Answers, Question, Row};
use super::sku::Sku;
use crate::catalog::{Catalog, CreatedUnder, RoutineKind, Table};
use crate::column::Column;
use crate::facts::{Flavor, ServerFacts, ServerVersion, Side};
use crate::grants::Grants;
use crate::name::{ObjectId, ObjectKind, QualifiedName};
use crate::rewrite::{
    self, Change, Context, ObjectScript, Policy, Refusal, TableScripts, dialect_of,
};
use crate::selection::Warning;
use crate::sql::Sql;

/// One server of the case.
#[derive(Clone, Copy, Debug)]
pub struct Server<'a> {
    /// Which one.
    pub side: Side,
    /// What it says of itself; of a target that is not there yet, what a new one would say.
    pub facts: &'a ServerFacts,
    /// What it answered.
    pub answers: &'a Answers,
    /// How the connection is protected.
    pub protection: Protection,
    /// Milliseconds a statement takes there and back, if it was measured.
    pub round_trip_ms: Option<u64>,
    /// Milliseconds its clock is ahead of ours (or behind, if negative), if it was measured.
    pub clock_ahead_ms: Option<i64>,
}

/// How a connection is protected, by what was configured and who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// It does not leave the machine.
    Local,
    /// Nothing proves who answered.
    Unverified,
    /// The server's certificate was verified.
    Verified,
}

/// Everything checks look at.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Where the data comes from.
    pub source: Server<'a>,
    /// Where it goes.
    pub target: Server<'a>,
    /// The profile that stands for the target, while there is none.
    pub profile: Option<Profile>,
    /// The size of an Azure target, if the operator named it.
    pub sku: Option<&'a Sku>,
    /// What the source holds of what is selected.
    pub catalog: &'a Catalog,
    /// What the user decided about definitions.
    pub policy: &'a Policy,
    /// What rewrites make of every object.
    pub rewritten: &'a [Rewritten],
    /// What selected objects need that is left out, and patterns that match nothing.
    pub warnings: &'a [Warning],
    /// Objects the source itself cannot read, with its words.
    pub unreadable: &'a [(ObjectId, String)],
    /// Objects whose definition the account may not read, with the privilege it takes.
    pub denied: &'a [(ObjectId, &'static str)],
    /// Objects of kinds MySQL does not have, in words.
    pub foreign: &'a [String],
    /// Reserved words of the target, upper case.
    pub reserved: &'a BTreeSet<String>,
    /// What was measured, as far as it was asked for.
    pub measured: &'a Measured,
}

/// What rewrites make of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// What the target would be given.
    pub definition: Definition,
    /// What changes.
    pub changes: Vec<Change>,
    /// What cannot go to the target.
    pub refusals: Vec<Refusal>,
}

/// A stored program's text.
pub(super) struct Code {
    pub(super) object: ObjectId,
    pub(super) sql: Sql,
}

impl Rewritten {
    /// Rewrites every object of the catalog and keeps what is said of it.
    #[must_use]
    pub fn all(context: &Context<'_>) -> Vec<Self> {
        let catalog = context.catalog;
        let mut rewritten = Vec::new();
        for table in catalog.tables.values() {
            let TableScripts { create, indexes, foreign_keys, changes, refusals } =
                rewrite::table(table, context);
            let statements = [Some(create), indexes, foreign_keys].into_iter().flatten().collect();
            let object = ObjectId::new(ObjectKind::Table, table.name.clone());
            let definition = Definition { object, sql_mode: String::new(), statements };
            rewritten.push(Self { definition, changes, refusals });
        }
        let mut keep = |kind, name: &QualifiedName, under: &CreatedUnder, script| {
            let ObjectScript { create, changes, refusals } = script;
            let (under, _told) = rewrite::created_under(under, context);
            let definition = Definition {
                object: ObjectId::new(kind, name.clone()),
                sql_mode: under.sql_mode.unwrap_or_default(),
                statements: vec![create],
            };
            rewritten.push(Self { definition, changes, refusals });
        };
        for of in catalog.views.values() {
            keep(ObjectKind::View, &of.name, &of.created_under, rewrite::view(of, context));
        }
        for of in catalog.routines.values() {
            keep(kind_of(of.kind), &of.name, &of.created_under, rewrite::routine(of, context));
        }
        for of in catalog.triggers.values() {
            keep(ObjectKind::Trigger, &of.name, &of.created_under, rewrite::trigger(of, context));
        }
        for of in catalog.events.values() {
            keep(ObjectKind::Event, &of.name, &of.created_under, rewrite::event(of, context));
        }
        rewritten
    }
}

pub(super) fn kind_of(kind: RoutineKind) -> ObjectKind {
    match kind {
        RoutineKind::Function => ObjectKind::Function,
        RoutineKind::Procedure => ObjectKind::Procedure,
    }
}

impl<'a> Server<'a> {
    /// The rows of an answer, or why there are none.
    pub(super) fn ask(&self, question: Question) -> Result<&'a [Row], NotChecked> {
        self.answers.rows(question, self.side, &self.account())
    }

    /// Our account, quoted as in SQL.
    pub(super) fn account(&self) -> String {
        match self.facts.current_user.rsplit_once('@') {
            Some((user, host)) => account(user, host),
            None => account(&self.facts.current_user, "%"),
        }
    }

    pub(super) fn platform(&self) -> Platform {
        Platform::of(self.facts)
    }

    pub(super) fn version(&self) -> ServerVersion {
        self.facts.version
    }

    pub(super) fn is_mariadb(&self) -> bool {
        self.facts.version.flavor == Flavor::MariaDb
    }

    pub(super) fn variable(&self, name: &str) -> &'a str {
        self.facts.variables.get(name).map_or("", String::as_str)
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.variable(name).parse().ok()
    }

    pub(super) fn is_on(&self, name: &str) -> bool {
        self.facts.is_on(name)
    }

    pub(super) fn grants(&self) -> Grants {
        Grants::read(&self.facts.grants)
    }

    /// A counter since the server started.
    pub(super) fn status(&self, name: &str) -> Result<Option<u64>, NotChecked> {
        let rows = self.ask(Question::Status)?;
        let row = rows.iter().find(|row| row.text("Variable_name").eq_ignore_ascii_case(name));
        Ok(row.and_then(|row| row.number("Value")))
    }
}

impl<'a> Case<'a> {
    /// What some rewrites refuse, with the object.
    pub(super) fn refusals(&self) -> impl Iterator<Item = (&'a ObjectId, &'a Refusal)> + use<'a> {
        let of = |rewritten: &'a Rewritten| {
            rewritten.refusals.iter().map(move |refusal| (&rewritten.definition.object, refusal))
        };
        self.rewritten.iter().flat_map(of)
    }

    /// What rewrites change, with the object.
    pub(super) fn changes(&self) -> impl Iterator<Item = (&'a ObjectId, &'a Change)> + use<'a> {
        let of = |rewritten: &'a Rewritten| {
            rewritten.changes.iter().map(move |change| (&rewritten.definition.object, change))
        };
        self.rewritten.iter().flat_map(of)
    }

    /// The target, if there is one: what is asked here is not known of a profile.
    pub(super) fn real_target(&self) -> Result<Server<'a>, NotChecked> {
        if self.profile.is_some() { Err(NotChecked::NoTarget) } else { Ok(self.target) }
    }

    /// What rewrites are given.
    pub(super) fn context(&self) -> Context<'a> {
        Context {
            source: self.source.facts,
            target: self.target.facts,
            policy: self.policy,
            catalog: self.catalog,
        }
    }

    pub(super) fn is_azure(&self) -> bool {
        self.target.platform() == Platform::Azure
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &'a Table> + use<'a> {
        self.catalog.tables.values()
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = (&'a Table, &'a Column)> + use<'a> {
        self.tables().flat_map(|table| table.columns.iter().map(move |column| (table, column)))
    }

    /// The settings every stored program was made under.
    pub(super) fn programs(&self) -> Vec<(ObjectId, &'a CreatedUnder)> {
        let catalog = self.catalog;
        let id = |kind, name: &QualifiedName| ObjectId::new(kind, name.clone());
        let routines = catalog.routines.values();
        let routines = routines.map(|of| (id(kind_of(of.kind), &of.name), &of.created_under));
        let triggers = catalog.triggers.values();
        let triggers = triggers.map(|of| (id(ObjectKind::Trigger, &of.name), &of.created_under));
        let events = catalog.events.values();
        let events = events.map(|of| (id(ObjectKind::Event, &of.name), &of.created_under));
        routines.chain(triggers).chain(events).collect()
    }

    /// The definer of every view, routine, trigger and event.
    pub(super) fn definers(&self) -> Vec<(ObjectId, &'a str)> {
        let catalog = self.catalog;
        let id = |kind, name: &QualifiedName| ObjectId::new(kind, name.clone());
        let views = catalog.views.values();
        let views = views.map(|of| (id(ObjectKind::View, &of.name), of.definer.as_str()));
        let routines = catalog.routines.values();
        let routines = routines.map(|of| (id(kind_of(of.kind), &of.name), of.definer.as_str()));
        let triggers = catalog.triggers.values();
        let triggers = triggers.map(|of| (id(ObjectKind::Trigger, &of.name), of.definer.as_str()));
        let events = catalog.events.values();
        let events = events.map(|of| (id(ObjectKind::Event, &of.name), of.definer.as_str()));
        views.chain(routines).chain(triggers).chain(events).collect()
    }

    /// The text of every view, routine, trigger and event, cut into tokens.
    pub(super) fn code(&self) -> Vec<Code> {
        let catalog = self.catalog;
        let version = self.source.version();
        let of = |kind, name: &QualifiedName, text: &str, under: &CreatedUnder| {
            let dialect = dialect_of(kind, under).read_by(version);
            Code { object: ObjectId::new(kind, name.clone()), sql: Sql::new(text, dialect) }
        };
        let mut code = Vec::new();
        for view in catalog.views.values() {
            code.push(of(ObjectKind::View, &view.name, &view.create_sql, &view.created_under));
        }
        for routine in catalog.routines.values() {
            let text = routine.create_sql.as_deref().unwrap_or_default();
            code.push(of(kind_of(routine.kind), &routine.name, text, &routine.created_under));
        }
        for trigger in catalog.triggers.values() {
            let text = &trigger.create_sql;
            code.push(of(ObjectKind::Trigger, &trigger.name, text, &trigger.created_under));
        }
        for event in catalog.events.values() {
            code.push(of(ObjectKind::Event, &event.name, &event.create_sql, &event.created_under));
        }
        code
    }
}
