//! `sealift verify`: is the target what the plan and the source's rows make it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealift_mysql::binlog::RowImages;
use sealift_schema::account::AccountPolicy;
use sealift_schema::catalog::Catalog;
use sealift_schema::facts::Side;
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName};

use super::accounts::compare_accounts;
use super::definitions::{self, Extent};
use super::level::Level;
use super::survey::{Survey, target_catalog};
use super::tables::find;
use super::turn_end::ledger;
use super::way::server_id;
use super::{Migration, plan as planning};
use crate::definition;
use crate::fault::{ErrorCode, Fault};
use crate::log_end;
use crate::plan::read::Plan;
use crate::report::{
    Conclusion, DifferenceReport, Report, TableReport, TableResult, VerificationReport,
};
use crate::stage::{Kept, Memory, Part, Stage, opposite};
use crate::verify::{
    self, Applied, DifferenceKind, Moving, Notebook, RowDifference, Strangers, StrangersJob,
    TablePair, TableVerdict, VerifyJob,
};

/// What a comparison is told beside the migration itself.
#[derive(Clone, Debug)]
pub struct Verify {
    /// How the source's changes come to the target; `None`: they do not.
    pub followed: Option<Followed>,
    /// Where the comparison of rows is kept, to go on with it.
    pub notebook: Arc<dyn Notebook>,
    /// What is carried of accounts.
    pub accounts: AccountPolicy,
}

/// An online migration: which side's changes are carried to the other one.
#[derive(Clone, Debug)]
pub struct Followed {
    /// Names the migration on the servers.
    pub name: String,
    /// The side that is live.
    pub live: Side,
    /// The turn that made it so; `None` before the first cutover.
    pub turn: Option<u32>,
    /// Whether a turn was ever begun, also one that was taken back: it raises counters.
    pub was_turned: bool,
    /// What was taken off each side when it was left.
    pub kept: BTreeMap<Side, Kept>,
    /// Tables whose rows are all there; `None`: all of them, and those made since.
    pub copied: Option<BTreeSet<QualifiedName>>,
    /// What is held and holds no rows, each with the reason.
    pub held: BTreeMap<ObjectId, String>,
    /// How much of a row the source's log has.
    pub images: RowImages,
}

impl Followed {
    /// What is followed in a stage, if anything is.
    ///
    /// # Errors
    /// [`ErrorCode::NoWayBack`] when the live side's changes are carried nowhere.
    pub fn of(stage: &Stage, name: &str) -> Result<Option<Self>, Fault> {
        let Some(memory) = stage.memory() else { return Ok(None) };
        let Memory { following_from, images, copied, turns, held, .. } = memory;
        if following_from.is_none() || stage.is_finished() {
            return Ok(None);
        }
        let live = turns.live;
        if turns.switch.as_ref().is_some_and(|switch| switch.from.is_none()) {
            let what = format!(
                "the {live} is live and there is no way back: what the {} has is what it was left with",
                opposite(live)
            );
            return Err(Fault::new(ErrorCode::NoWayBack, what)
                .advise("there is nothing to compare the live side with"));
        }
        Ok(Some(Self {
            name: name.to_owned(),
            live,
            turn: turns.switch.as_ref().map(|switch| switch.turn),
            was_turned: turns.count > 0,
            kept: turns.kept.clone(),
            copied: stage.needs_copy().then(|| copied.keys().cloned().collect()),
            held: held.reasons(),
            images: *images,
        }))
    }

    /// The ledger of what is applied, on the side that is not live.
    pub(super) fn ledger(&self) -> String {
        self.turn.map_or_else(|| self.name.clone(), |turn| ledger(&self.name, turn))
    }

    /// What of the plan the target should hold; `headroom` is what a turn gives counters.
    fn extent(&self, headroom: u64) -> Extent {
        let headroom = if self.was_turned { headroom } else { 0 };
        match self.turn {
            None => Extent::BeforeCutover { headroom },
            Some(_) => Extent::Turned { live: self.live, headroom },
        }
    }

    /// Gives a side's definitions back what was taken off it when it was left: that it is not there is as it should be.
    fn complete(&self, side: Side, catalog: &mut Catalog) {
        let Some(Kept { triggers, events }) = self.kept.get(&side).filter(|_| side != self.live)
        else {
            return;
        };
        for trigger in triggers {
            catalog.triggers.entry(trigger.name.clone()).or_insert_with(|| trigger.clone());
        }
        for event in events {
            if let Some(event) = catalog.events.get_mut(&event.name) {
                event.enabled = true;
            }
        }
    }
}

/// Both servers and the source's definitions, as they are where nothing was taken off.
pub(super) async fn survey(
    migration: &Migration,
    followed: Option<&Followed>,
    report: &mut Report,
) -> Result<Survey, Fault> {
    let mut survey = Survey::take(migration, report).await?;
    if let Some(followed) = followed {
        followed.complete(Side::Source, &mut survey.catalog);
    }
    Ok(survey)
}

/// Compares the definitions of every object the plan carries, and the rows of every table.
///
/// # Errors
/// When a server cannot be asked or a stop was asked for. Differences are an answer, not an error.
pub async fn verify(
    migration: &Migration,
    verify: &Verify,
    report: &mut Report,
) -> Result<Conclusion, Fault> {
    let Verify { followed, notebook, accounts } = verify;
    let survey = survey(migration, followed.as_ref(), report).await?;
    if migration.folder.manifest()?.is_none() {
        planning::write(migration, &survey, report)?;
    }
    let plan = Plan::read(&migration.folder)?;
    planning::tell(&plan, report);
    if let Some(followed) = followed {
        tell_held(migration, followed, report).await?;
    }
    migration.progress.enter("comparing definitions");
    let Definitions { actual, mut found, moving } =
        compare_definitions(migration, (&survey, &plan), followed.as_ref(), report).await?;
    migration.progress.enter("comparing accounts");
    tell_accounts(migration, accounts, &survey, &mut found).await?;
    let mut pairs = pairs(&survey, &plan, &actual);
    if let Some(Followed { copied: Some(copied), .. }) = followed {
        for pair in pairs.extract_if(.., |pair| !copied.contains(&pair.source.name)) {
            found.not_compared.push(format!("table {} is not copied yet.", pair.source.name));
        }
    }
    migration.progress.enter("comparing rows");
    let begun = migration.clock.elapsed();
    let job = VerifyJob {
        source: migration.source.clone(),
        target: migration.target.clone(),
        tables: pairs,
        workers: migration.workers,
        chunk_bytes: verify::CHUNK_BYTES,
        moving,
        notebook: Arc::clone(notebook),
        control: migration.control.clone(),
        clock: migration.clock.clone(),
        progress: migration.progress.clone(),
        probe: migration.probe.clone(),
        stop: migration.stop.clone(),
    };
    let verdicts = migration.watched(None, Box::pin(verify::rows(job))).await?;
    let elapsed = migration.clock.elapsed().saturating_sub(begun);
    for verdict in &verdicts {
        tell_rows(verdict, &mut found, report);
    }
    let (rows, tables, seconds) = (found.rows, found.tables, elapsed.as_secs_f64());
    let said = format!("compared {rows} rows of {tables} tables in {seconds:.1} s");
    report.happened(&migration.clock, said);
    if verdicts.iter().any(|verdict| !verdict.is_equal()) {
        tell_strangers(migration, &verdicts, followed.as_ref(), &mut found).await?;
    }
    let conclusion = conclude(&found);
    report.verification = Some(found);
    Ok(conclusion)
}

/// Tells what is held: it is expected to differ.
async fn tell_held(
    migration: &Migration,
    followed: &Followed,
    report: &mut Report,
) -> Result<(), Fault> {
    let tables =
        definition::held(migration.endpoint(opposite(followed.live)), &followed.ledger()).await?;
    let tables =
        tables.into_iter().map(|(table, reason)| (ObjectId::new(ObjectKind::Table, table), reason));
    for (object, reason) in tables.chain(followed.held.clone()) {
        report.note(format!("The {object} is held since {reason}."));
    }
    Ok(())
}

/// Compares accounts, if they are planned.
async fn tell_accounts(
    migration: &Migration,
    policy: &AccountPolicy,
    survey: &Survey,
    found: &mut VerificationReport,
) -> Result<(), Fault> {
    let servers = (&survey.source, &survey.target);
    match Box::pin(compare_accounts(migration, policy, servers)).await {
        Ok(Some((count, differing))) => {
            (found.accounts, found.accounts_differing) = (count, differing);
            Ok(())
        }
        Ok(None) => {
            let what = "Accounts: none are planned (sealift accounts plans them).";
            found.not_compared.push(what.to_owned());
            Ok(())
        }
        Err(fault) if fault.code == ErrorCode::PrivilegeMissing => {
            found.not_compared.push(format!("Accounts: {fault}."));
            Ok(())
        }
        Err(fault) => Err(fault),
    }
}

/// Looks for whoever else wrote to tables that differ.
async fn tell_strangers(
    migration: &Migration,
    verdicts: &[TableVerdict],
    followed: Option<&Followed>,
    found: &mut VerificationReport,
) -> Result<(), Fault> {
    let side = opposite(followed.map_or(Side::Source, |followed| followed.live));
    let doing = format!("looking for somebody else who writes to the {side}");
    migration.progress.doing(doing);
    let name = followed.map_or("offline", |followed| followed.name.as_str());
    let differing = verdicts.iter().filter(|verdict| !verdict.is_equal());
    let tables = differing.map(|verdict| match side {
        Side::Source => verdict.table.clone(),
        Side::Target => verdict.target.clone(),
    });
    let job = StrangersJob {
        other: migration.endpoint(side).clone(),
        tables: tables.collect(),
        // Each of our processes that may do this at a time has its own.
        server_id: server_id(&format!("{name} strangers of {}", migration.workers)),
        stop: migration.stop.clone(),
    };
    match Box::pin(verify::strangers(&job)).await? {
        Strangers::Found(strangers) => found.strangers = strangers,
        Strangers::Unreadable(why) => found.not_compared.push(why),
    }
    Ok(())
}

fn conclude(found: &VerificationReport) -> Conclusion {
    if !found.differences.is_empty() || !found.accounts_differing.is_empty() {
        Conclusion::Different
    } else if !found.unsettled.is_empty() {
        Conclusion::Unsettled
    } else {
        Conclusion::Equal
    }
}

/// What comparing definitions came to.
pub(super) struct Definitions {
    /// The target's, as they are.
    pub(super) actual: Catalog,
    /// What differs.
    pub(super) found: VerificationReport,
    /// How to tell what is only on its way, where changes are followed.
    pub(super) moving: Option<Moving>,
}

/// Compares definitions; where changes are followed, it also waits until the target has what the source has now.
pub(super) async fn compare_definitions(
    migration: &Migration,
    (survey, plan): (&Survey, &Plan),
    followed: Option<&Followed>,
    report: &mut Report,
) -> Result<Definitions, Fault> {
    let actual = target(migration, plan).await?;
    let Some(followed) = followed else {
        let found = definitions::compare(migration, survey, plan, &actual, Extent::Whole);
        return Ok(Definitions { actual, found, moving: None });
    };
    let applied: Arc<dyn Applied> = Arc::new(Level::new(migration, followed));
    applied.is_live().await?;
    let mut whole = actual.clone();
    followed.complete(Side::Target, &mut whole);
    let definitions = (survey, plan, &whole);
    let found = moving_definitions(migration, definitions, (followed, &applied), report).await?;
    let moving = Some(Moving { live: followed.live, applied });
    Ok(Definitions { actual, found, moving })
}

/// Compares definitions while changes are followed: what differs at first is compared once more when the target
/// has caught up with the source's log.
async fn moving_definitions(
    migration: &Migration,
    (survey, plan, actual): (&Survey, &Plan, &Catalog),
    (followed, level): (&Followed, &Arc<dyn Applied>),
    report: &mut Report,
) -> Result<VerificationReport, Fault> {
    let extent = followed.extent(migration.turning.settings.headroom);
    let live = followed.live;
    let first = definitions::compare(migration, survey, plan, actual, extent);
    // Rows are compared from here on: the less is on its way, the less differs at first sight.
    let horizon = log_end::of(migration.endpoint(live)).await?;
    let other = opposite(live);
    migration.progress.doing(format!("waiting until the {other} has what the {live} has now"));
    tokio::select! {
        reached = level.reach(&horizon) => { reached?; }
        () = migration.stop.wait() => migration.stop.check()?,
    }
    if first.differences.is_empty() {
        return Ok(first);
    }
    let now = self::survey(migration, Some(followed), report).await?;
    let mut actual_now = target(migration, plan).await?;
    followed.complete(Side::Target, &mut actual_now);
    // A counter of the other side may only be judged by what the live one says later: both move on.
    let counters = match live {
        Side::Source => definitions::compare(migration, &now, plan, actual, extent),
        Side::Target => definitions::compare(migration, survey, plan, &actual_now, extent),
    };
    let mut again = definitions::compare(migration, &now, plan, &actual_now, extent);
    let is_counter = |difference: &DifferenceReport| difference.what.contains("AUTO_INCREMENT");
    again.differences.retain(|now| {
        let before = if is_counter(now) { &counters } else { &first };
        before.differences.iter().any(|then| then.object == now.object && then.what == now.what)
    });
    Ok(again)
}

/// Everything in the target's schemas that the plan carries.
pub(super) async fn target(migration: &Migration, plan: &Plan) -> Result<Catalog, Fault> {
    let schemas: BTreeSet<String> =
        plan.of(Part::Schemas).map(|step| step.target.schema.to_lowercase()).collect();
    let wanted = move |_kind: ObjectKind, name: &QualifiedName| {
        schemas.contains(&name.schema.to_lowercase())
    };
    target_catalog(migration, &wanted).await
}

/// The tables whose rows both sides can be asked for. What the others lack is told of as definitions.
pub(super) fn pairs(survey: &Survey, plan: &Plan, actual: &Catalog) -> Vec<TablePair> {
    plan.of(Part::Tables)
        .filter(|step| step.is_wanted())
        .filter_map(|step| {
            let source = survey.catalog.tables.get(&step.step().object.name)?;
            let target = find(actual, &step.target)?;
            let whole = source.columns.iter().all(|c| target.column(&c.name).is_some());
            whole.then(|| TablePair { source: source.clone(), target: target.clone() })
        })
        .collect()
}

fn table_difference(name: &QualifiedName, what: String) -> DifferenceReport {
    DifferenceReport {
        object: ObjectId::new(ObjectKind::Table, name.clone()),
        what,
        source: None,
        target: None,
        keys: Vec::new(),
    }
}

fn tell_rows(verdict: &TableVerdict, found: &mut VerificationReport, report: &mut Report) {
    found.tables += 1;
    found.rows += verdict.rows_source;
    let renamed = verdict.target != verdict.table;
    report.tables.push(TableReport {
        name: verdict.table.clone(),
        target_name: renamed.then(|| verdict.target.clone()),
        result: if verdict.is_equal() { TableResult::Equal } else { TableResult::Different },
        rows: verdict.rows_target,
        bytes: 0,
    });
    tell_unsettled(verdict, found);
    if verdict.is_equal() {
        return;
    }
    let kinds = [DifferenceKind::Missing, DifferenceKind::Extra, DifferenceKind::Different];
    for kind in kinds {
        let rows: Vec<&RowDifference> =
            verdict.differences.iter().filter(|row| row.kind == kind).collect();
        if rows.is_empty() {
            continue;
        }
        let count: u64 = rows.iter().map(|row| row.count).sum();
        let least = if verdict.more { "at least " } else { "" };
        let mut difference =
            table_difference(&verdict.table, format!("{least}{count} rows {}", words(kind)));
        difference.source = Some(format!("{} rows", verdict.rows_source));
        difference.target = Some(format!("{} rows", verdict.rows_target));
        difference.keys = rows.into_iter().map(key_words).collect();
        found.differences.push(difference);
    }
    if verdict.differences.is_empty() {
        let what = "rows differ; no key was named".to_owned();
        found.differences.push(table_difference(&verdict.table, what));
    }
}

fn tell_unsettled(verdict: &TableVerdict, found: &mut VerificationReport) {
    let reasons: BTreeSet<&str> = verdict.unsettled.iter().map(|row| row.why.as_str()).collect();
    for why in reasons {
        let rows = verdict.unsettled.iter().filter(|row| row.why == why);
        let keys: Vec<String> = rows.map(|row| row.key.clone()).collect();
        let is_all = verdict.unsettled_count == verdict.unsettled.len() as u64;
        let least = if is_all { "" } else { "at least " };
        let what = format!("{least}{} rows are not known to be equal: {why}", keys.len());
        let unsettled = DifferenceReport { keys, ..table_difference(&verdict.table, what) };
        found.unsettled.push(unsettled);
    }
}

fn words(kind: DifferenceKind) -> String {
    match kind {
        DifferenceKind::Missing => format!("are missing on the {}", Side::Target),
        DifferenceKind::Extra => format!("are on the {} only", Side::Target),
        DifferenceKind::Different => "have other values".to_owned(),
    }
}

/// A differing row for people: its key, and the columns that differ.
pub(super) fn key_words(row: &RowDifference) -> String {
    let times = if row.count > 1 { format!(" ({} times)", row.count) } else { String::new() };
    if row.columns.is_empty() {
        format!("{}{times}", row.key)
    } else {
        format!("{}{times}: {}", row.key, row.columns.join(", "))
    }
}
