//! The tables of a run: made, cleared for the load, listed for the copy, told of in the report.

use std::collections::{BTreeMap, BTreeSet};

use sealift_schema::catalog::{Catalog, Table};
use sealift_schema::facts::Side;
use sealift_schema::name::{ObjectKind, QualifiedName};

use super::apply::applier;
use super::survey::{Survey, source_catalog, target_catalog};
use super::{Migration, apply};
use crate::copy::{self, CopyTable};
use crate::definition::{self, DefinitionLedger};
use crate::fault::{ErrorCode, Fault};
use crate::journal::Journal;
use crate::plan::apply::{Applier, SmallTables, StepResult};
use crate::plan::generate;
use crate::plan::read::Plan;
use crate::prepare::tables::{self, Names, NotEmpty};
use crate::probe::Point;
use crate::report::{ObjectReport, Report, TableReport, TableResult};
use crate::stage::{Event, Memory, Part, Stage};

/// The tables a plan wants, on both sides.
pub(super) struct Tables<'a> {
    pub(super) migration: &'a Migration,
    pub(super) survey: &'a Survey,
    pub(super) plan: &'a Plan,
    pub(super) journal: &'a dyn Journal,
    /// Names the migration in the target's ledger.
    pub(super) ledger_name: &'a str,
}

impl Tables<'_> {
    /// Makes the target's schemas and tables, and clears the way for the load. `small` tables get their
    /// indexes with them: not where rows arrive out of their order, which a unique key may refuse.
    pub(super) async fn prepare(
        &self,
        stage: &Stage,
        policy: NotEmpty,
        small: Option<&SmallTables>,
        report: &mut Report,
    ) -> Result<(), Fault> {
        let migration = self.migration;
        migration.progress.enter("creating tables");
        let applier = Applier { small, ..applier(migration, self.plan, self.journal) };
        let results = applier.apply(&[Part::Schemas, Part::Tables]).await?;
        report.objects.extend(results.iter().map(ObjectReport::from));
        if let Some(failed) = results.iter().find_map(StepResult::fault) {
            let count = results.iter().filter(|result| result.fault().is_some()).count();
            let first = failed.to_string();
            let what =
                format!("{count} scripts were refused before any row was copied; first: {first}");
            return Err(Fault::new(ErrorCode::ScriptFailed, what).on(Side::Target).advise(
                "edit the script, or set its state to skip, then run the same command again",
            ));
        }
        let names = Names::of(&self.survey.target);
        // What a dead process still has on its way must not empty what is copied by then.
        let ledger = DefinitionLedger::of(self.ledger_name);
        let mut session = definition::session_alone(&migration.target, &ledger).await?;
        let found = tables::look(&mut session, self.plan, names).await?;
        let begun = copy::begun(&migration.target, self.ledger_name).await?;
        // Changes that are followed put rows into tables whose copy has not begun.
        let following = stage.memory().is_some_and(|memory| memory.following_from.is_some());
        let ours = |table: &QualifiedName| following || begun.contains(table);
        let todo = tables::judge(self.plan, &self.survey.catalog, &found, names, policy, ours)?;
        tables::clear(&mut session, &todo).await?;
        session.close().await;
        migration.probe.pass(Point::Prepared);
        if matches!(stage, Stage::Preparing(_)) {
            self.journal.record(&Event::Prepared)?;
        }
        Ok(())
    }

    /// The source's tables whose rows are to be copied.
    pub(super) fn wanted(&self) -> Vec<&Table> {
        self.plan
            .of(Part::Tables)
            .filter(|step| step.is_wanted())
            .filter_map(|step| self.survey.catalog.tables.get(&step.step().object.name))
            .collect()
    }

    /// Every table to be copied, as both sides hold it.
    pub(super) async fn jobs(&self, memory: Option<&Memory>) -> Result<Vec<CopyTable>, Fault> {
        let steps: BTreeMap<&QualifiedName, &QualifiedName> = self
            .plan
            .of(Part::Tables)
            .filter(|step| step.is_wanted())
            .map(|step| (&step.step().object.name, &step.target))
            .collect();
        let targets = target_tables(self.migration, steps.values().copied()).await?;
        self.wanted()
            .into_iter()
            .map(|source| {
                let target = steps
                    .get(&source.name)
                    .and_then(|name| find(&targets, name))
                    .ok_or_else(|| {
                        Fault::new(ErrorCode::ScriptFailed, "its script did not create it")
                            .on(Side::Target)
                            .about(format!("table {}", source.name))
                    })?;
                if !target.engine.eq_ignore_ascii_case("InnoDB") {
                    let what =
                        format!("its engine is {}; rows are loaded into InnoDB", target.engine);
                    return Err(Fault::new(ErrorCode::ObjectRefused, what)
                        .on(Side::Target)
                        .about(format!("table {}", target.name))
                        .advise(
                            "alter its engine on the target; change it back after the migration",
                        ));
                }
                let copied = memory.and_then(|memory| memory.copied.get(&source.name).copied());
                Ok(CopyTable { source: source.clone(), target: target.clone(), copied })
            })
            .collect()
    }

    /// Fills in what became of each table's rows. `before` is the number of events that were in the journal when
    /// the command began: the run may have gone on by itself since, and what it copied before is its own work.
    pub(super) fn tell(&self, before: usize, report: &mut Report) -> Result<(), Fault> {
        let board = self.migration.progress.snapshot();
        let events = self.journal.events()?;
        let since = events.iter().skip(before);
        let since: BTreeSet<&QualifiedName> = since.filter_map(copied_table).collect();
        let now = apply::stage(self.journal)?;
        let copied = now.memory().map(|memory| &memory.copied);
        report.tables.clear();
        for step in self.plan.of(Part::Tables).filter(|step| step.is_wanted()) {
            let name = &step.step().object.name;
            let line = board.tables.get(name).cloned().unwrap_or_default();
            let there = copied.is_some_and(|copied| copied.contains_key(name));
            let result = match (there, since.contains(name)) {
                (true, true) => TableResult::Copied,
                (true, false) => TableResult::Present,
                (false, _) => TableResult::Unfinished,
            };
            let renamed = step.target != *name;
            report.tables.push(TableReport {
                name: name.clone(),
                target_name: renamed.then(|| step.target.clone()),
                result,
                rows: line.rows,
                bytes: line.bytes,
            });
        }
        Ok(())
    }

    /// Makes sure that no definition moved on the source while its rows were read.
    /// Returns the source's catalog as it is now, for its counters.
    pub(super) async fn definitions_held(&self, report: &mut Report) -> Result<Catalog, Fault> {
        self.migration.progress.enter("checking that no definition moved");
        let now = source_catalog(self.migration, &self.survey.source, report).await?;
        match moved_tables(&self.survey.catalog, &now).first() {
            None => Ok(now),
            Some(table) => {
                Err(Fault::new(ErrorCode::SourceChanged, "compare definitions after the copy")
                    .on(Side::Source)
                    .about(format!("table {table}")))
            }
        }
    }

    /// The tables that came, went or are others since the source was looked at.
    pub(super) async fn moved(
        &self,
        report: &mut Report,
    ) -> Result<BTreeSet<QualifiedName>, Fault> {
        let now = source_catalog(self.migration, &self.survey.source, report).await?;
        Ok(moved_tables(&self.survey.catalog, &now))
    }
}

fn copied_table(event: &Event) -> Option<&QualifiedName> {
    if let Event::TableCopied { table, .. } = event { Some(table) } else { None }
}

/// The tables whose definitions are others than they were, that came or that went.
fn moved_tables(before: &Catalog, now: &Catalog) -> BTreeSet<QualifiedName> {
    let (before, now) = (generate::sources(before), generate::sources(now));
    let all = before.keys().chain(now.keys());
    let moved = all
        .filter(|object| object.kind == ObjectKind::Table && before.get(object) != now.get(object));
    moved.map(|object| object.name.clone()).collect()
}

/// The named tables of the target.
pub(super) async fn target_tables(
    migration: &Migration,
    names: impl Iterator<Item = &QualifiedName>,
) -> Result<Catalog, Fault> {
    let fold = |name: &QualifiedName| (name.schema.to_lowercase(), name.name.to_lowercase());
    let tables: BTreeSet<(String, String)> = names.map(fold).collect();
    let schemas: BTreeSet<String> = tables.iter().map(|(schema, _)| schema.clone()).collect();
    let wanted = move |kind: ObjectKind, name: &QualifiedName| match kind {
        ObjectKind::Schema => schemas.contains(&name.schema.to_lowercase()),
        ObjectKind::Table => tables.contains(&fold(name)),
        ObjectKind::View
        | ObjectKind::Function
        | ObjectKind::Procedure
        | ObjectKind::Trigger
        | ObjectKind::Event => false,
    };
    target_catalog(migration, &wanted).await
}

/// A table by name, in the target's spelling or, where it folds names, in any case.
pub(super) fn find<'c>(catalog: &'c Catalog, name: &QualifiedName) -> Option<&'c Table> {
    catalog.tables.get(name).or_else(|| {
        let folded = QualifiedName::new(name.schema.to_lowercase(), name.name.to_lowercase());
        catalog.tables.get(&folded)
    })
}
