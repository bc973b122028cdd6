//! Tables that are copied again while the others are followed: their definition moved before everything was copied,
//! or the operator asked for it.
//!
//! First everything is applied that the source had when its definitions had been looked at, these tables left out: then
//! no row of theirs is to come that was written under another definition, unless a statement about them came while they
//! were looked at. Those wait for the next time. Then they are made anew from the plan,
//! and copied beside the changes as all tables are. Until that is done the ledger says that they are due, so a run
//! that is killed begins with them anew.

use std::collections::{BTreeMap, BTreeSet};

use sealift_mysql::binlog::LogPosition;
use sealift_schema::catalog::{Catalog, Table};
use sealift_schema::facts::Side;
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName};
use sealift_schema::rewrite;

use super::Migration;
use super::apply::{applier, stage};
use super::follow::Course;
use super::online::Run;
use super::resolve::tell_held;
use crate::copy;
use crate::copy::aside::{Aside, Left};
use crate::definition;
use crate::family::Families;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::follow::Standing;
use crate::plan::apply::StepResult;
use crate::plan::generate;
use crate::plan::read::Plan;
use crate::report::{Conclusion, ObjectReport, Report};
use crate::stage::{HeldObject, Part, Stage, Step};
use crate::stop::Stop;

/// Where the source's log ended before its definitions were looked at, and behind that.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    pub(super) from: LogPosition,
    pub(super) to: LogPosition,
}

impl Run<'_> {
    /// The tables that have to be copied again, or for the first time since they are new, or are gone.
    pub(super) async fn due(&self, now: &Stage) -> Result<BTreeSet<QualifiedName>, Fault> {
        let carrier = self.carrier();
        let Some(mut known) = carrier.tables().await? else { return Ok(BTreeSet::new()) };
        let mut due = carrier.due().await?;
        let held = carrier.held().await?;
        // What is skipped or excluded by now is none of ours any more; the target keeps what it has of it.
        let is_ours = |table: &QualifiedName| {
            carrier.scope.holds(&ObjectId::new(ObjectKind::Table, table.clone()))
        };
        let all = known.keys().chain(&due).chain(held.keys());
        let others: Vec<QualifiedName> = all.filter(|table| !is_ours(table)).cloned().collect();
        if !others.is_empty() {
            carrier.renewed(&others, &[]).await?;
            known.retain(|table, _| is_ours(table));
            due.retain(is_ours);
        }
        // From then on they move with the statements that change them.
        if !matches!(now, Stage::Following(_)) {
            due.extend(moved(&known, &self.wanted()));
        }
        if !due.is_empty() {
            // A family is copied as a whole, as it was and as it is.
            self.with_families(&known, &mut due)?;
            self.with_families(&self.wanted(), &mut due)?;
        }
        Ok(due)
    }

    /// What moved between the first look at the source and the position changes are followed from is in no log that is
    /// read: such tables are looked at again and copied later.
    pub(super) async fn keep_unmoved(&self, report: &mut Report) -> Result<(), Fault> {
        self.migration.progress.enter("checking that no definition moved");
        let moved = self.tables().moved(report).await?;
        if moved.is_empty() {
            return Ok(());
        }
        let (wanted, carrier) = (self.wanted(), self.carrier());
        let unmoved = wanted.values().filter(|table| !moved.contains(&table.name));
        carrier.keep(unmoved).await?;
        carrier.mark(&moved).await?;
        Err(left_for_later(moved.len()))
    }

    /// Makes tables anew that have to be copied again. As long as others are still to be copied, that waits: whoever
    /// changes definitions all the time would keep them from it. Tells which tables wait.
    pub(super) async fn made_anew(&self, now: &Stage, report: &mut Report) -> Result<Left, Fault> {
        let due = self.due(now).await?;
        if due.is_empty() {
            return Ok(Left::default());
        }
        let carrier = self.carrier();
        carrier.mark(&due).await?;
        if self.are_others_left(now, &due).await? {
            return Ok(Left { tables: due, is_plan_old: false });
        }
        let mut left = self.level(now, &due).await?;
        let known = carrier.tables().await?.unwrap_or_default();
        self.with_families(&known, &mut left.tables)?;
        self.with_families(&self.wanted(), &mut left.tables)?;
        // Some may have become due on the way.
        let due = carrier.due().await?.difference(&left.tables).cloned().collect();
        self.renew(&due, report).await?;
        Ok(left)
    }

    /// Whether tables that are not due are still to be copied.
    async fn are_others_left(
        &self,
        now: &Stage,
        due: &BTreeSet<QualifiedName>,
    ) -> Result<bool, Fault> {
        let all: BTreeSet<QualifiedName> = if now.needs_copy() {
            self.wanted().into_keys().collect()
        } else {
            self.carrier().made().await?
        };
        let copied = now.memory().map(|memory| &memory.copied);
        let is_left = |table: &QualifiedName| {
            !due.contains(table) && copied.is_none_or(|copied| !copied.contains_key(table))
        };
        Ok(all.iter().any(is_left))
    }

    /// Adds the tables whose rows change with those of one that is due.
    fn with_families(
        &self,
        tables: &BTreeMap<QualifiedName, Table>,
        due: &mut BTreeSet<QualifiedName>,
    ) -> Result<(), Fault> {
        let tables: Vec<&Table> = tables.values().collect();
        for family in Families::of(&self.survey.source, self.images, &tables)?.iter() {
            if family.iter().any(|table| due.contains(table)) {
                due.extend(family.iter().cloned());
            }
        }
        Ok(())
    }

    /// The source's tables whose rows are to be carried, as they were looked at.
    pub(super) fn wanted(&self) -> BTreeMap<QualifiedName, Table> {
        let tables = self.tables();
        let wanted = tables.wanted().into_iter();
        wanted.map(|table| (table.name.clone(), table.clone())).collect()
    }

    /// Applies everything the source had when it had been looked at, but for these tables. Tells of which of them nobody
    /// knows where in the log their definitions are: a statement about them came while they were looked at.
    pub(super) async fn level(
        &self,
        now: &Stage,
        due: &BTreeSet<QualifiedName>,
    ) -> Result<Left, Fault> {
        self.migration.progress.enter("catching up, to copy tables again");
        let Some(Looked { to, .. }) = self.looked.clone() else { return Ok(Left::default()) };
        let aside = Aside::default();
        let course = Course::Levelling { to: to.clone(), aside: aside.clone() };
        let course = (due.clone(), course);
        let (mut follow, _tables) = self.follow(now, &Standing::default(), course).await?;
        // No indexes are built meanwhile, and nobody else would let the changes of families that are copied pass.
        drop(std::mem::take(&mut follow.way.holds));
        let (end, mut applied) = (follow.end.clone(), follow.opening.applied.subscribe());
        let waiting = async {
            tokio::select! {
                _reached_or_failed = applied.wait_for(|at| at.covers(&to)) => {}
                () = self.migration.stop.wait() => {}
            }
            end.request();
        };
        let (followed, ()) = tokio::join!(follow.run(), waiting);
        let reached = followed?;
        self.migration.stop.check()?;
        if reached.covers(&to) {
            return Ok(aside.close());
        }
        let what = "a definition moved before everything was applied that was known of";
        Err(Fault::new(ErrorCode::SourceChanged, what)
            .on(Side::Source)
            .advise("run the same command again"))
    }

    /// Makes these tables anew on the target, without rows.
    pub(super) async fn renew(
        &self,
        due: &BTreeSet<QualifiedName>,
        report: &mut Report,
    ) -> Result<(), Fault> {
        let migration = self.migration;
        migration.progress.enter("making tables anew");
        let (wanted, carrier) = (self.wanted(), self.carrier());
        let names: Vec<QualifiedName> = due.iter().cloned().collect();
        let journal = self.journal.as_ref();
        copy::reset(&migration.target, &self.online.ledger_name, &names, journal).await?;
        // What a dead process still has on its way must not remove what is copied by then.
        let mut session = definition::session_alone(&migration.target, &carrier.ledger).await?;
        for name in due {
            let target = rewrite::target_name(name, &carrier.context);
            let dropped = session.execute(format!("DROP TABLE IF EXISTS {target}")).await;
            dropped.on(Side::Target, "remove a table that is copied again")?;
        }
        session.close().await;
        let plan = self.plan_of(due);
        let results =
            applier(migration, &plan, journal).apply(&[Part::Schemas, Part::Tables]).await?;
        report.objects.extend(results.iter().map(ObjectReport::from));
        if let Some(failed) = results.iter().find_map(StepResult::fault) {
            return Err(Fault::new(ErrorCode::ScriptFailed, failed.to_string())
                .on(Side::Target)
                .advise("edit the table's script in the plan, then run the same command again"));
        }
        let gone =
            due.iter().filter(|name| !wanted.contains_key(*name)).cloned().collect::<Vec<_>>();
        let made = due.iter().filter_map(|name| wanted.get(name)).cloned().collect::<Vec<_>>();
        report.happened(&migration.clock, format!("{} tables are copied again", made.len()));
        carrier.renewed(&gone, &made).await
    }

    /// Makes what stands on tables that were copied again: the rest of the plan was carried out before.
    pub(super) async fn complete_again(
        &self,
        due: &BTreeSet<QualifiedName>,
        report: &mut Report,
    ) -> Result<Conclusion, Fault> {
        let plan = self.plan_of(due);
        let parts = [Part::Indexes, Part::ForeignKeys];
        let results = applier(self.migration, &plan, self.journal.as_ref()).apply(&parts).await?;
        let refused = results.iter().any(|result| result.fault().is_some());
        report.objects.extend(results.iter().map(ObjectReport::from));
        Ok(if refused { Conclusion::Incomplete } else { Conclusion::Done })
    }

    /// Tells what is held, and goes on with the others. What was held may be carried by a later statement: once nothing
    /// is, it is begun again with, for a cutover may be asked for then.
    pub(super) async fn caught_up_but(
        &self,
        (held, objects): (BTreeMap<QualifiedName, String>, BTreeMap<ObjectId, HeldObject>),
        (standing, end): (&Standing, &Stop),
        report: &mut Report,
    ) -> Result<Conclusion, Fault> {
        for (table, reason) in &held {
            report.note(format!(
                "Table {table} is held since {reason}. Its changes are left out. To have it copied again: \
                 sealift copy-again {}; to do without it: set its script to skip and run again.",
                table.plain()
            ));
        }
        tell_held(&objects, report);
        let migration = self.migration;
        let count = held.len() + objects.len();
        let what = format!("caught up with the source, but for {count} objects that are held");
        report.happened(&migration.clock, what.as_str());
        if self.online.until_caught_up {
            return Ok(Conclusion::Incomplete);
        }
        migration.progress.rest("following: not all, see what is held");
        tokio::select! {
            () = end.wait() => Err(Fault::new(ErrorCode::Interrupted, "stopped as asked")),
            () = standing.until_nothing_is_held() => {
                Err(Fault::new(ErrorCode::SourceChanged, "what was held was made anew")
                    .on(Side::Source)
                    .advise("run the same command again"))
            }
        }
    }

    /// The plan without some parts of these tables.
    pub(super) fn plan_without(
        &self,
        tables: &BTreeSet<QualifiedName>,
        is_left_out: impl Fn(Part) -> bool,
    ) -> Plan {
        let mut plan = self.plan.clone();
        plan.steps.retain(|step| {
            let step = step.step();
            let is_of_table = step.object.kind == ObjectKind::Table
                && (tables.contains(&step.object.name) || self.joins(step, tables));
            !(is_of_table && is_left_out(step.part))
        });
        plan
    }

    /// Whether a step makes foreign keys that refer to one of these tables.
    fn joins(&self, step: &Step, tables: &BTreeSet<QualifiedName>) -> bool {
        let table = self.survey.catalog.tables.get(&step.object.name);
        step.part == Part::ForeignKeys
            && table.is_some_and(|table| {
                table.foreign_keys.iter().any(|key| tables.contains(&key.parent))
            })
    }

    /// The part of the plan that makes these tables.
    fn plan_of(&self, due: &BTreeSet<QualifiedName>) -> Plan {
        let mut plan = self.plan.clone();
        plan.steps.retain(|step| {
            let object = &step.step().object;
            object.kind == ObjectKind::Schema
                || due.contains(&object.name)
                || self.joins(step.step(), due)
        });
        plan.steps.retain(|step| {
            matches!(
                step.step().part,
                Part::Schemas | Part::Tables | Part::Indexes | Part::ForeignKeys
            )
        });
        plan
    }
}

/// What begins again with what was left.
pub(super) fn left_for_later(tables: usize) -> Fault {
    let what = match tables {
        0 => "definitions moved of what holds no rows".to_owned(),
        tables => format!("definitions moved: {tables} tables are copied when the others are"),
    };
    Fault::new(ErrorCode::SourceChanged, what)
        .on(Side::Source)
        .advise("run the same command again: they are copied again")
}

/// Whether everything is copied and only changes are carried: from then on statements are, too.
pub(super) fn is_following(journal: &dyn crate::journal::Journal) -> Result<bool, Fault> {
    Ok(matches!(stage(journal)?, Stage::Following(_)))
}

/// Tables that are not what they were, that came or that went.
fn moved(
    known: &BTreeMap<QualifiedName, Table>,
    wanted: &BTreeMap<QualifiedName, Table>,
) -> BTreeSet<QualifiedName> {
    let sources = |tables: &BTreeMap<QualifiedName, Table>| {
        generate::sources(&Catalog { tables: tables.clone(), ..Catalog::default() })
    };
    let (before, now) = (sources(known), sources(wanted));
    let all = before.keys().chain(now.keys());
    let differing = all.filter(|object| before.get(object) != now.get(object));
    differing.map(|object| object.name.clone()).collect()
}

/// Marks tables for the next run to copy again.
///
/// # Errors
/// When no changes are followed yet, or a table is none of those that are.
pub async fn copy_again(
    migration: &Migration,
    ledger_name: &str,
    tables: &[QualifiedName],
) -> Result<(), Fault> {
    let target = &migration.target;
    let Some(known) = definition::known(target, ledger_name).await? else {
        let what = "no changes are followed in this state folder";
        return Err(Fault::new(ErrorCode::UsageInvalid, what).advise("begin with sealift run"));
    };
    refuse_unknown(migration, &known, tables)?;
    definition::mark(target, ledger_name, tables).await
}

/// A table that is neither followed nor selected cannot be copied.
pub(super) fn refuse_unknown(
    migration: &Migration,
    known: &BTreeSet<QualifiedName>,
    tables: &[QualifiedName],
) -> Result<(), Fault> {
    let is_one = |table: &&QualifiedName| {
        known.contains(*table) || migration.selection.selects(ObjectKind::Table, table)
    };
    let Some(unknown) = tables.iter().find(|table| !is_one(table)) else { return Ok(()) };
    let what = "this table is not selected, so it cannot be copied again";
    Err(Fault::new(ErrorCode::UsageInvalid, what)
        .about(format!("table {unknown}"))
        .advise("name it as the source does, or see whether the plan leaves it out"))
}
