//! `sealift verify`: is the target what the plan and the source's rows make it.

use std::collections::BTreeSet;

use sealift_schema::catalog::Catalog;
use sealift_schema::facts::Side;
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName};

use super::survey::{Survey, target_catalog};
use super::tables::find;
use super::{Migration, definitions};
use crate::fault::Fault;
use crate::plan::read::Plan;
use crate::report::{
    Conclusion, DifferenceReport, Report, TableReport, TableResult, VerificationReport,
};
use crate::stage::Part;
use crate::verify::{self, DifferenceKind, RowDifference, TablePair, TableVerdict, VerifyJob};

/// Compares the definitions of every object the plan carries, and the rows of every table.
///
/// # Errors
/// When a server cannot be asked or a stop was asked for. Differences are an answer, not an error.
pub async fn verify(migration: &Migration, report: &mut Report) -> Result<Conclusion, Fault> {
    let survey = Survey::take(migration, report).await?;
    if migration.folder.manifest()?.is_none() {
        super::plan::write(migration, &survey, report)?;
    }
    let plan = Plan::read(&migration.folder)?;
    super::plan::tell(&plan, report);
    let mut found = VerificationReport::default();
    migration.progress.enter("comparing definitions");
    let actual = target(migration, &plan).await?;
    definitions::compare(migration, &survey, &plan, &actual, &mut found);
    let pairs = pairs(&survey, &plan, &actual);
    migration.progress.enter("comparing rows");
    let begun = migration.clock.elapsed();
    let verdicts = verify::rows(VerifyJob {
        source: migration.source.clone(),
        target: migration.target.clone(),
        tables: pairs,
        workers: migration.workers,
        progress: migration.progress.clone(),
        stop: migration.stop.clone(),
    })
    .await?;
    let elapsed = migration.clock.elapsed().saturating_sub(begun);
    for verdict in &verdicts {
        tell_rows(verdict, &mut found, report);
    }
    report.happened(
        &migration.clock,
        format!(
            "compared {} rows of {} tables in {:.1} s",
            found.rows,
            found.tables,
            elapsed.as_secs_f64()
        ),
    );
    let equal = found.differences.is_empty();
    report.verification = Some(found);
    Ok(if equal { Conclusion::Equal } else { Conclusion::Different })
}

/// Everything in the target's schemas that the plan carries.
async fn target(migration: &Migration, plan: &Plan) -> Result<Catalog, Fault> {
    let schemas: BTreeSet<String> =
        plan.of(Part::Schemas).map(|step| step.target.schema.to_lowercase()).collect();
    let wanted = move |_kind: ObjectKind, name: &QualifiedName| {
        schemas.contains(&name.schema.to_lowercase())
    };
    target_catalog(migration, &wanted).await
}

/// The tables whose rows both sides can be asked for. What the others lack is told of as definitions.
fn pairs(survey: &Survey, plan: &Plan, actual: &Catalog) -> Vec<TablePair> {
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

fn words(kind: DifferenceKind) -> String {
    match kind {
        DifferenceKind::Missing => format!("are missing on the {}", Side::Target),
        DifferenceKind::Extra => format!("are on the {} only", Side::Target),
        DifferenceKind::Different => "have other values".to_owned(),
    }
}

fn key_words(row: &RowDifference) -> String {
    let times = if row.count > 1 { format!(" ({} times)", row.count) } else { String::new() };
    if row.columns.is_empty() {
        format!("{}{times}", row.key)
    } else {
        format!("{}{times}: {}", row.key, row.columns.join(", "))
    }
}
