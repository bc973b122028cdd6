//! What becomes of a statement that cannot be carried: its tables are held, or what it is about that holds no rows.
//! Rows of all other tables are followed on.

use std::collections::BTreeSet;

use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName};
use sealift_schema::sql::DefinitionStatement;
use sealift_schema::sql::statement::{Deed, Verb};

use super::apply::stage;
use super::follow::{Follow, Waited, refused, shown};
use crate::definition::{Marked, transaction_key};
use crate::fault::Fault;
use crate::journal::Journal;
use crate::stage::{Event, HeldEvent, HeldObjects};
use crate::stream::Statement;

impl Follow<'_> {
    /// Holds the tables of a statement that cannot be carried; the others go on.
    pub(super) async fn hold(
        &mut self,
        statement: &Statement,
        ours: &DefinitionStatement,
        tables: &BTreeSet<QualifiedName>,
        why: &str,
    ) -> Result<Waited<()>, Fault> {
        let reason = reason(statement, ours, why);
        // What foreign keys change with a table that is held, nobody can repeat.
        let tables = &self.with_related(tables);
        for table in tables {
            tracing::warn!(%table, reason, "a table is held");
        }
        self.way.applier.settle().await?;
        self.carrier().hold(tables, &reason).await?;
        self.standing.held(self.carrier().held().await?);
        Ok(Waited::Redefined(tables.clone()))
    }

    /// These tables, and those whose rows change with theirs.
    pub(super) fn with_related(&self, tables: &BTreeSet<QualifiedName>) -> BTreeSet<QualifiedName> {
        let mut all = tables.clone();
        for family in self.way.related.iter() {
            if family.iter().any(|table| tables.contains(table)) {
                all.extend(family.iter().cloned());
            }
        }
        all
    }

    /// Holds what holds no rows, and passes the statement. A schema that goes takes its tables along: they are held.
    pub(super) async fn hold_objects(
        &mut self,
        statement: Statement,
        ours: &DefinitionStatement,
        why: &str,
    ) -> Result<Waited<()>, Fault> {
        let reason = reason(&statement, ours, why);
        self.note_held(&statement, ours, &reason, |_object| true)?;
        let gone = self.gone_with_schema(&statement, ours);
        if gone.is_empty() {
            return self.passed(statement, Vec::new()).await;
        }
        self.hold(&statement, ours, &gone, why).await
    }

    /// A statement on the live side since a cutover. Tables whose changes are carried to the other side are held; what
    /// else is made or changed there is told of.
    pub(super) async fn left_to_the_live_side(
        &mut self,
        statement: Statement,
        ours: &DefinitionStatement,
    ) -> Result<Waited<()>, Fault> {
        let followed = self.way.stream.tables().names();
        let followed: BTreeSet<QualifiedName> = followed.cloned().collect();
        let marked = self.carrier().marked().await?;
        let mut tables = self.tables_of(&statement, ours, &marked);
        let is_of_held = tables.iter().any(|table| marked.held.contains_key(table));
        tables.extend(self.gone_with_schema(&statement, ours));
        tables.retain(|table| followed.contains(table));
        if !tables.is_empty() {
            let why = "definitions are not carried to the side that was left";
            return self.hold(&statement, ours, &tables, why).await;
        }
        if matches!(ours.deed, Deed::Unknown) && !is_of_held {
            self.way.applier.settle().await?;
            self.let_pass_or_stop(&statement, ours)?;
            return self.passed(statement, Vec::new()).await;
        }
        let is_told = |object: &ObjectId| {
            object.kind == ObjectKind::Table && marked.held.contains_key(&object.name)
        };
        let reason = reason(&statement, ours, "the side that was left has it as it was");
        self.note_held(&statement, ours, &reason, |object| !is_told(object))?;
        self.passed(statement, Vec::new()).await
    }

    /// Remembers that what a statement is about is not on the other side as it is here.
    pub(super) fn note_held(
        &self,
        statement: &Statement,
        ours: &DefinitionStatement,
        reason: &str,
        is_news: impl Fn(&ObjectId) -> bool,
    ) -> Result<(), Fault> {
        let known = held(self.journal)?;
        for object in ours.objects(&statement.query.schema).unwrap_or_default() {
            let before = known.objects.get(&object);
            // What comes after a schema was to go says less than that it was.
            let is_told = before
                .is_some_and(|held| held.reason == reason || object.kind == ObjectKind::Schema);
            if is_told || !self.carrier().scope.holds(&object) || !is_news(&object) {
                continue;
            }
            tracing::warn!(%object, reason, "an object is held");
            let event = HeldEvent::Object { object, reason: reason.to_owned() };
            self.journal.record(&Event::Held(event))?;
        }
        self.standing.held_objects(held(self.journal)?.reasons());
        Ok(())
    }

    /// The followed tables of a schema that is dropped.
    pub(super) fn gone_with_schema(
        &self,
        statement: &Statement,
        ours: &DefinitionStatement,
    ) -> BTreeSet<QualifiedName> {
        let Deed::Schema { verb: Verb::Drop, .. } = ours.deed else { return BTreeSet::new() };
        let objects = ours.objects(&statement.query.schema).unwrap_or_default();
        let is_of = |table: &QualifiedName| {
            objects.iter().any(|schema| schema.name.schema.eq_ignore_ascii_case(&table.schema))
        };
        let tables = self.way.stream.tables().names();
        tables.filter(|table| is_of(table)).cloned().collect()
    }

    /// The migrated tables a statement is about; of one of which nothing is known, those it names.
    pub(super) fn tables_of(
        &self,
        statement: &Statement,
        ours: &DefinitionStatement,
        marked: &Marked,
    ) -> BTreeSet<QualifiedName> {
        if !matches!(ours.deed, Deed::Unknown) {
            return self.carrier().tables_of(statement, ours);
        }
        let default = &statement.query.schema;
        let is_named = |table: &QualifiedName| {
            ours.mentions(&table.name)
                && (default.eq_ignore_ascii_case(&table.schema) || ours.mentions(&table.schema))
        };
        let Marked { due, made, held } = marked;
        let tables = self.way.stream.tables().names().chain(due).chain(made).chain(held.keys());
        tables.filter(|table| is_named(table)).cloned().collect()
    }

    /// A statement that names nothing that could be held stops the run, unless the operator lets it pass.
    pub(super) fn let_pass_or_stop(
        &self,
        statement: &Statement,
        ours: &DefinitionStatement,
    ) -> Result<(), Fault> {
        let transaction = transaction_key(&statement.id);
        let held = held(self.journal)?;
        if held.passing.contains(&transaction) {
            return Ok(());
        }
        if held.stopped.as_ref().is_none_or(|(stopped, _)| *stopped != transaction) {
            let (transaction, statement) = (transaction.clone(), shown(ours));
            self.journal.record(&Event::Held(HeldEvent::Stopped { transaction, statement }))?;
        }
        let why = "it is of a kind that is not known, and names none of the tables";
        Err(refused(statement, ours, why).advise(format!(
            "see what it does, do the same on the target if it is needed there, then let it pass: sealift \
             resolve {transaction} --skip, and run again"
        )))
    }

    /// An object that was held is whole again when a statement has made it anew, or removed it. One that changes a part
    /// of it changed what is not as it should be: only a plan that is made behind it has all of it.
    pub(super) fn release_made(
        &self,
        statement: &Statement,
        ours: &DefinitionStatement,
    ) -> Result<(), Fault> {
        let Deed::Stored { verb, kind, .. } = ours.deed else { return Ok(()) };
        let known = held(self.journal)?;
        if verb == Verb::Alter && kind != ObjectKind::View {
            let reason = reason(statement, ours, "what it changes is held");
            let is_held = |object: &ObjectId| known.objects.contains_key(object);
            return self.note_held(statement, ours, &reason, is_held);
        }
        for object in ours.objects(&statement.query.schema).unwrap_or_default() {
            if known.objects.contains_key(&object) {
                tracing::info!(%object, "what was held is carried");
                self.journal.record(&Event::Held(HeldEvent::Released { object }))?;
            }
        }
        self.standing.held_objects(held(self.journal)?.reasons());
        Ok(())
    }
}

/// What is held, but for tables.
pub(super) fn held(journal: &dyn Journal) -> Result<HeldObjects, Fault> {
    Ok(stage(journal)?.memory().map(|memory| memory.held.clone()).unwrap_or_default())
}

/// The statement, its place, and why it could not be carried.
pub(super) fn reason(statement: &Statement, ours: &DefinitionStatement, why: &str) -> String {
    format!("{}: {} ({why})", statement.id, shown(ours))
}
