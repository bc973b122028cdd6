//! The target's tables: there or not, with the right columns, empty, without triggers.

use std::collections::{BTreeMap, BTreeSet};

use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;
use sealift_schema::catalog::{Catalog, Table};
use sealift_schema::facts::{ServerFacts, Side};
use sealift_schema::name::{QualifiedName, literal};
use serde::{Deserialize, Serialize};

use crate::fault::{ErrorCode, Fault, OnServer};
use crate::plan::read::{Plan, PlanStep};
use crate::stage::Part;

/// Tables asked about in one statement.
const BATCH_TABLES: usize = 200;

/// Tables named in one message; the rest is counted.
const NAMED_MAX: usize = 10;

/// What to do with tables on the target that hold rows before the first copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotEmpty {
    /// Refuse to run.
    #[default]
    Refuse,
    /// Empty them.
    Truncate,
}

/// A table of the target, as found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Its columns in order, each with whether it is a generated invisible primary key.
    pub columns: Vec<FoundColumn>,
    /// Whether it holds a row.
    pub has_rows: bool,
    /// Names of its triggers.
    pub triggers: Vec<String>,
}

/// A column of a table of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundColumn {
    /// Its name.
    pub name: String,
    /// Whether the server made it as an invisible key of its own.
    pub own_key: bool,
}

/// What has to be done before the target's tables can be loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToDo {
    /// Tables to be emptied, by their names on the target.
    pub truncate: Vec<QualifiedName>,
    /// Triggers to be dropped, by their names on the target; the plan creates them again.
    pub drop_triggers: Vec<QualifiedName>,
}

/// How a server compares the names of schemas, tables and triggers
/// (<https://dev.mysql.com/doc/refman/9.7/en/identifier-case-sensitivity.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names {
    ignore_case: bool,
}

impl Names {
    /// By a server's settings.
    #[must_use]
    pub fn of(facts: &ServerFacts) -> Self {
        Self { ignore_case: facts.lower_case_table_names() != 0 }
    }

    fn key(self, name: &QualifiedName) -> (String, String) {
        let fold =
            |text: &String| if self.ignore_case { text.to_lowercase() } else { text.clone() };
        (fold(&name.schema), fold(&name.name))
    }
}

/// Asks the target for the tables of a plan; keys are names on the target. Missing ones are left out.
///
/// # Errors
/// When the target cannot be asked.
pub async fn look(
    session: &mut Session,
    plan: &Plan,
    names: Names,
) -> Result<BTreeMap<QualifiedName, Found>, Fault> {
    let wanted: Vec<&PlanStep> = loaded(plan).collect();
    let schemas: BTreeSet<&str> = wanted.iter().map(|step| step.target.schema.as_str()).collect();
    let by_key: BTreeMap<(String, String), &QualifiedName> =
        wanted.iter().map(|step| (names.key(&step.target), &step.target)).collect();
    if schemas.is_empty() {
        return Ok(BTreeMap::new());
    }
    let list: Vec<String> = schemas.iter().map(|schema| literal(schema)).collect();
    let list = list.join(", ");
    ask(session, &list, &by_key, names).await.on(Side::Target, "read the target's tables")
}

async fn ask(
    session: &mut Session,
    schemas: &str,
    wanted: &BTreeMap<(String, String), &QualifiedName>,
    names: Names,
) -> Result<BTreeMap<QualifiedName, Found>, MysqlError> {
    let mut found: BTreeMap<QualifiedName, Found> = BTreeMap::new();
    let columns = format!(
        "SELECT c.table_schema, c.table_name, c.column_name, \
         c.column_name = 'my_row_id' AND c.extra LIKE '%INVISIBLE%' \
         FROM information_schema.columns c JOIN information_schema.tables t \
         ON t.table_schema = c.table_schema AND t.table_name = c.table_name \
         WHERE t.table_type = 'BASE TABLE' AND c.table_schema IN ({schemas}) \
         ORDER BY c.table_schema, c.table_name, c.ordinal_position"
    );
    for row in session.rows(columns).await? {
        let name = QualifiedName::new(row.text(0)?, row.text(1)?);
        let Some(name) = wanted.get(&names.key(&name)) else { continue };
        let column =
            FoundColumn { name: row.text(2)?.to_owned(), own_key: row.parse::<u8>(3)? != 0 };
        found.entry((*name).clone()).or_default().columns.push(column);
    }
    let triggers = format!(
        "SELECT event_object_schema, event_object_table, trigger_name \
         FROM information_schema.triggers WHERE event_object_schema IN ({schemas}) \
         ORDER BY trigger_name"
    );
    for row in session.rows(triggers).await? {
        let name = QualifiedName::new(row.text(0)?, row.text(1)?);
        let Some(name) = wanted.get(&names.key(&name)) else { continue };
        if let Some(table) = found.get_mut(*name) {
            table.triggers.push(row.text(2)?.to_owned());
        }
    }
    let tables: Vec<QualifiedName> = found.keys().cloned().collect();
    for batch in tables.chunks(BATCH_TABLES) {
        let questions: Vec<String> = batch
            .iter()
            .enumerate()
            .map(|(at, name)| format!("SELECT {at} FROM {name} LIMIT 1"))
            .map(|question| format!("({question})"))
            .collect();
        for row in session.rows(questions.join(" UNION ALL ")).await? {
            let table = batch.get(row.parse::<usize>(0)?).and_then(|name| found.get_mut(name));
            if let Some(table) = table {
                table.has_rows = true;
            }
        }
    }
    Ok(found)
}

/// Judges what was found: what stands in the way is refused by name, what can be cleared is listed.
///
/// `ours` tells of tables (by their names on the source) whose rows this migration has begun to load.
///
/// # Errors
/// [`ErrorCode::ObjectRefused`] for other columns, [`ErrorCode::TargetTriggers`] for triggers that are not
/// the plan's, [`ErrorCode::TargetNotEmpty`] for rows that are not ours.
pub fn judge(
    plan: &Plan,
    catalog: &Catalog,
    found: &BTreeMap<QualifiedName, Found>,
    names: Names,
    not_empty: NotEmpty,
    ours: impl Fn(&QualifiedName) -> bool,
) -> Result<ToDo, Fault> {
    let planned: BTreeSet<(String, String)> =
        plan.of(Part::Triggers).map(|step| names.key(&step.target)).collect();
    let mut todo = ToDo::default();
    let (mut columns, mut triggers, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for step in loaded(plan) {
        let Some(table) = found.get(&step.target) else { continue };
        let name = &step.step().object.name;
        if let Some(source) = catalog.tables.get(name) {
            columns.extend(other_columns(step, source, table));
        }
        for trigger in &table.triggers {
            let trigger = QualifiedName::new(&step.target.schema, trigger);
            if planned.contains(&names.key(&trigger)) {
                todo.drop_triggers.push(trigger);
            } else {
                triggers.push(format!("{trigger} on {}", step.target));
            }
        }
        if table.has_rows && !ours(name) {
            match not_empty {
                NotEmpty::Refuse => rows.push(step.target.to_string()),
                NotEmpty::Truncate => todo.truncate.push(step.target.clone()),
            }
        }
    }
    refuse(
        ErrorCode::ObjectRefused,
        "tables on the target have other columns",
        &columns,
        |fault| {
            fault.advise("drop them on the target to have them made by the plan, or exclude them")
        },
    )?;
    refuse(ErrorCode::TargetTriggers, "tables to be loaded have triggers", &triggers, |fault| {
        fault
    })?;
    refuse(ErrorCode::TargetNotEmpty, "tables hold rows already", &rows, |fault| fault)?;
    Ok(todo)
}

/// Clears the way for the load.
///
/// # Errors
/// When the target refuses.
pub async fn clear(session: &mut Session, todo: &ToDo) -> Result<(), Fault> {
    let ToDo { truncate, drop_triggers } = todo;
    for trigger in drop_triggers {
        let doing = format!("drop trigger {trigger}");
        session
            .execute(format!("DROP TRIGGER IF EXISTS {trigger}"))
            .await
            .on(Side::Target, &doing)?;
    }
    if !truncate.is_empty() {
        // A parent of foreign keys cannot be truncated while they are checked.
        let checks = session.execute("SET SESSION foreign_key_checks = 0").await;
        checks.on(Side::Target, "turn foreign key checks off")?;
    }
    for table in truncate {
        let doing = format!("empty table {table}");
        session.execute(format!("TRUNCATE TABLE {table}")).await.on(Side::Target, &doing)?;
    }
    Ok(())
}

/// The tables whose rows are to be copied.
fn loaded(plan: &Plan) -> impl Iterator<Item = &PlanStep> {
    plan.of(Part::Tables).filter(|step| step.is_wanted())
}

/// Columns of the source the target's table lacks, and columns nobody asked for.
fn other_columns(step: &PlanStep, source: &Table, found: &Found) -> Option<String> {
    let there: BTreeSet<String> = found.columns.iter().map(|c| c.name.to_lowercase()).collect();
    let expected: BTreeSet<String> = source.columns.iter().map(|c| c.name.to_lowercase()).collect();
    let quoted = |names: Vec<&String>| {
        let names: Vec<String> =
            names.into_iter().map(|n| sealift_schema::name::quote(n)).collect();
        names.join(", ")
    };
    let missing = source.columns.iter().map(|column| &column.name);
    let missing: Vec<_> = missing.filter(|name| !there.contains(&name.to_lowercase())).collect();
    // A person who edits a script may add columns of their own; the rows name theirs.
    let extra = found.columns.iter().filter(|column| !step.edited && !column.own_key);
    let extra = extra.map(|column| &column.name);
    let extra: Vec<_> = extra.filter(|name| !expected.contains(&name.to_lowercase())).collect();
    match (missing.is_empty(), extra.is_empty()) {
        (true, true) => None,
        (false, true) => Some(format!("{} lacks {}", step.target, quoted(missing))),
        (true, false) => Some(format!("{} has {} besides", step.target, quoted(extra))),
        (false, false) => Some(format!(
            "{} lacks {} and has {} besides",
            step.target,
            quoted(missing),
            quoted(extra)
        )),
    }
}

fn refuse(
    code: ErrorCode,
    what: &str,
    named: &[String],
    advise: impl FnOnce(Fault) -> Fault,
) -> Result<(), Fault> {
    if named.is_empty() {
        return Ok(());
    }
    let shown = named.get(..NAMED_MAX.min(named.len())).unwrap_or(named).join("; ");
    let more = match named.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    Err(advise(Fault::new(code, format!("{what}: {shown}{more}")).on(Side::Target)))
}
