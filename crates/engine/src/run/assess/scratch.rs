//! The scratch schema of a probe on the target: made, measured in, and removed whatever happens.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::gather::{self, Request};
use sealift_mysql::session::Session;
use sealift_schema::catalog::Table;
use sealift_schema::facts::{ServerFacts, Side};
use sealift_schema::name::{ObjectKind, QualifiedName};
use sealift_schema::rewrite::{self, Context, Policy, TableScripts};
use sealift_schema::rule::measured::Probed;

use crate::clock::Clock;
use crate::copy::gauge::{GaugeJob, GaugeTable, gauge};
use crate::fault::{Fault, OnServer};
use crate::stop::Stop;
use crate::target::pin;

/// The schema; whoever made one of this name for himself keeps it.
const SCHEMA: &str = "sealift_probe";
/// The table by which we know our own.
const MARK: &str = "of_sealift";
/// The lock of who measures: it ends with its session, also if that is killed.
const LOCK: &str = "sealift.probe";
/// The server itself removes what a killed process leaves, where it runs events.
const MINUTES_LEFT_MAX: u32 = 10;

/// What it takes to measure.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) source: &'a Endpoint,
    pub(super) target: &'a Endpoint,
    pub(super) context: &'a Context<'a>,
    pub(super) sessions: usize,
    pub(super) clock: &'a Clock,
    pub(super) stop: &'a Stop,
}

/// Copies some rows into scratch tables. What keeps it from that is an outcome; a scratch schema that cannot be
/// removed is an error.
pub(super) async fn probe(ground: Ground<'_>) -> Result<Probed, Fault> {
    let side = Side::Target;
    let mut session = Session::connect(ground.target).await.on(side, "log in to measure")?;
    pin::writer(&mut session).await.on(side, "prepare a session")?;
    if let Err(why) = enter(&mut session, ground.context.target).await.on(side, "make a schema")? {
        return Ok(Probed::Failed { why });
    }
    let measured = measure(&mut session, ground).await;
    remove(session, ground.target).await?;
    ground.stop.check()?;
    Ok(match measured {
        Ok(probed) => probed,
        Err(fault) => Probed::Failed { why: fault.to_string() },
    })
}

/// Makes the schema; of an earlier probe that was killed nothing stays.
async fn enter(
    session: &mut Session,
    target: &ServerFacts,
) -> Result<Result<(), String>, sealift_mysql::error::MysqlError> {
    let row = session.first(format!("SELECT GET_LOCK('{LOCK}', 0)")).await?;
    if row.as_ref().and_then(|row| row.get(0)) != Some(b"1") {
        return Ok(Err("another assessment measures this target right now".to_owned()));
    }
    let of = |what: &str, name: &str| {
        format!("SELECT COUNT(*) FROM information_schema.{what} WHERE {name}")
    };
    let schemas = of("schemata", &format!("schema_name = '{SCHEMA}'"));
    let marks = of("tables", &format!("table_schema = '{SCHEMA}' AND table_name = '{MARK}'"));
    let count =
        |row: Option<sealift_mysql::session::TextRow>| row.map_or(Ok(0), |row| row.parse::<u64>(0));
    let is_there = count(session.first(schemas).await?)? > 0;
    let is_ours = count(session.first(marks).await?)? > 0;
    if is_there && !is_ours {
        let why =
            format!("the target has a schema {SCHEMA} that sealift did not make: remove it first");
        return Ok(Err(why));
    }
    session.execute(format!("DROP SCHEMA IF EXISTS {SCHEMA}")).await?;
    session.execute(format!("CREATE SCHEMA {SCHEMA}")).await?;
    session.execute(format!("CREATE TABLE {SCHEMA}.{MARK} (id INT PRIMARY KEY)")).await?;
    if target.is_on("event_scheduler") {
        let event = format!(
            "CREATE EVENT {SCHEMA}.remove ON SCHEDULE AT CURRENT_TIMESTAMP + INTERVAL {MINUTES_LEFT_MAX} MINUTE \
             DO DROP SCHEMA IF EXISTS {SCHEMA}"
        );
        if let Err(error) = session.execute(event).await {
            tracing::debug!(%error, "no event removes the scratch schema after a crash");
        }
    }
    Ok(Ok(()))
}

/// On another connection if the one at hand is lost.
async fn remove(mut session: Session, target: &Endpoint) -> Result<(), Fault> {
    let sql = format!("DROP SCHEMA IF EXISTS {SCHEMA}");
    let side = Side::Target;
    let left = |fault: Fault| {
        fault
            .about(format!("schema {SCHEMA}"))
            .advise(format!("remove it on the target: DROP SCHEMA {SCHEMA}"))
    };
    const DOING: &str = "remove the scratch schema";
    if session.execute(&sql).await.is_err() {
        session = Session::connect(target).await.on(side, DOING).map_err(left)?;
        session.execute(&sql).await.on(side, DOING).map_err(left)?;
    }
    session.close().await;
    Ok(())
}

async fn measure(session: &mut Session, ground: Ground<'_>) -> Result<Probed, Fault> {
    let side = Side::Target;
    let chosen = chosen(ground);
    if chosen.is_empty() {
        return Ok(Probed::Failed {
            why: "no table has rows, by the source's statistics".to_owned(),
        });
    }
    session.execute(format!("USE {SCHEMA}")).await.on(side, "enter the scratch schema")?;
    for (_, _, scripts) in &chosen {
        session.execute(&scripts.create).await.on(side, "make a scratch table")?;
    }
    let wanted = |_kind: ObjectKind, name: &QualifiedName| name.schema == SCHEMA;
    let request =
        Request { endpoint: ground.target, sessions: 1, wanted: &wanted, progress: &|_at| {} };
    let gathered = gather::catalog(&request).await.map_err(|error| Fault::gather(side, error))?;
    let table = |(source, name, scripts): (&Table, QualifiedName, TableScripts)| {
        let target = gathered.catalog.tables.get(&name)?.clone();
        Some(GaugeTable { source: source.clone(), target, indexes: scripts.indexes })
    };
    let Ground { source, target, clock, stop, .. } = ground;
    let tables = chosen.into_iter().filter_map(table).collect();
    gauge(&GaugeJob { source, target, tables, clock, stop }).await.map(Probed::Done)
}

/// The largest tables, one for each session, as they would be made in the scratch schema.
fn chosen(ground: Ground<'_>) -> Vec<(&Table, QualifiedName, TableScripts)> {
    let catalog = ground.context.catalog;
    let mut tables: Vec<&Table> =
        catalog.tables.values().filter(|table| table.rows_estimate > 0).collect();
    tables.sort_by_key(|table| Reverse(table.data_bytes));
    let of = |(number, table): (usize, &Table)| (table.name.clone(), format!("t{number}"));
    let names: BTreeMap<QualifiedName, String> =
        tables.iter().copied().enumerate().map(of).collect();
    let rename = names.iter().map(|(from, to)| (from.to_string(), format!("{SCHEMA}.{to}")));
    let policy = Policy { rename: rename.collect(), ..ground.context.policy.clone() };
    let context = Context { policy: &policy, ..*ground.context };
    let made = tables.into_iter().map(|table| {
        (table, rewrite::target_name(&table.name, &context), rewrite::table(table, &context))
    });
    let made = made.filter(|(_, _, scripts)| scripts.refusals.is_empty());
    made.take(ground.sessions.max(1)).collect()
}
