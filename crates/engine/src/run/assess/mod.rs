//! `sealift assess`: look at the servers, judge what was seen. Nothing is written anywhere, but for the scratch
//! tables of a probe that was asked for.

mod rows;
mod log;
mod definitions;
mod scratch;

use std::cmp::Reverse;
use std::time::Duration;

use sealift_mysql::binlog::LogPosition;
use sealift_mysql::endpoint::{Address, Endpoint, TlsMode};
use sealift_mysql::gather::{self, Gathered, Request};
use sealift_mysql::session::Session;
use sealift_schema::catalog::Catalog;
use sealift_schema::facts::{ServerFacts, Side};
use sealift_schema::name::{ObjectKind, QualifiedName};
use sealift_schema::rewrite::{Context, Policy};
use sealift_schema::rule::measured::{Growth, GrowthLook, Measured};
use sealift_schema::rule::platform::Profile;
use sealift_schema::rule::question::Answers;
use sealift_schema::rule::sku::Sku;
use sealift_schema::rule::{
    self, Acceptance, Assessment, Case, Protection, Rewritten, Server, words,
};
use sealift_schema::selection::{Selection, Warning};

use self::rows::Scene;
use self::scratch::Ground;
use super::survey::{ask, nothing_selected};
use crate::clock::Clock;
use crate::fault::{Fault, OnServer};
use crate::follow::bytes_between;
use crate::progress::Progress;
use crate::stop::Stop;

/// How often the way to a server is measured; the shortest time counts.
const ROUND_TRIPS: u32 = 5;

/// What is assessed.
#[derive(Clone, Debug)]
pub struct AssessOrder {
    /// Where the data comes from.
    pub source: Endpoint,
    /// Where it goes.
    pub target: AssessTarget,
    /// The size of an Azure target, if the operator names it.
    pub sku: Option<Sku>,
    /// What of it.
    pub selection: Selection,
    /// How definitions would be changed.
    pub policy: Policy,
    /// Findings somebody has decided to live with.
    pub accepted: Vec<Acceptance>,
    /// What is measured beside.
    pub measures: Measures,
    /// Sessions on the source.
    pub workers: usize,
    /// What time it is.
    pub clock: Clock,
    /// The operator's wish to stop.
    pub stop: Stop,
    /// Where progress is shown.
    pub progress: Progress,
}

/// What is measured: each is a wish of the operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// Samples of rows are read.
    pub scan: bool,
    /// The source checks its tables.
    pub check_tables: bool,
    /// Some rows are copied into scratch tables of the target.
    pub probe: bool,
}

/// A target, or what stands for one.
#[derive(Clone, Debug)]
pub enum AssessTarget {
    /// A server.
    Server(Box<Endpoint>),
    /// A kind of server that does not exist yet.
    Profile(Profile),
}

/// What is known of one server.
struct Known {
    facts: ServerFacts,
    answers: Answers,
    protection: Protection,
    gauge: Gauge,
}

/// How far a server is, and what time it has.
#[derive(Clone, Copy, Debug, Default)]
struct Gauge {
    round_trip_ms: Option<u64>,
    clock_ahead_ms: Option<i64>,
}

/// What the source holds of what is selected.
struct Selected {
    catalog: Catalog,
    warnings: Vec<Warning>,
    rest: Gathered,
}

/// Assesses a migration.
///
/// # Errors
/// When a server cannot be reached, or nothing is selected. A privilege that is missing is no error.
pub async fn assess(order: &AssessOrder) -> Result<Assessment, Fault> {
    order.progress.enter("looking at both servers");
    let begun = log_end(order).await;
    let (source, target) =
        tokio::join!(know(&order.source, &order.clock), know_target(&order.target, &order.clock));
    let (source, target) = (source?, target?);
    let selected = select(order, &source.facts).await?;
    let Selected { catalog, warnings, rest } = &selected;
    let (source_facts, target_facts) = (&source.facts, &target.facts);
    let policy = &order.policy;
    let context = Context { source: source_facts, target: target_facts, policy, catalog };
    let mut measured = measure_all(order, &context).await?;
    let rewritten = Rewritten::all(&context);
    measured.definitions = definitions::read(order, &rewritten).await?;
    measured.growth = growth(order, begun).await;
    let case = Case {
        source: source.server(Side::Source),
        target: target.server(Side::Target),
        profile: match &order.target {
            AssessTarget::Server(_) => None,
            AssessTarget::Profile(profile) => Some(*profile),
        },
        sku: order.sku.as_ref(),
        catalog,
        policy,
        rewritten: &rewritten,
        warnings,
        unreadable: &rest.unreadable,
        denied: &rest.denied,
        foreign: &rest.foreign,
        reserved: &words::reserved(target_facts, &target.answers),
        measured: &measured,
    };
    Ok(rule::assess(&case, &order.accepted))
}

/// What the operator wants measured.
async fn measure_all(order: &AssessOrder, context: &Context<'_>) -> Result<Measured, Fault> {
    let AssessOrder { source, measures, clock, progress, stop, .. } = order;
    let Measures { scan, check_tables, probe } = *measures;
    let (facts, catalog) = (context.source, context.catalog);
    let scene = Scene { source, facts, catalog, clock, progress, stop };
    let mut measured = Measured::default();
    if scan {
        measured.rows = Some(rows::sample(scene).await?);
        measured.log = Some(log::sample(scene).await?);
    }
    if check_tables {
        measured.tables = Some(rows::check_tables(scene).await?);
    }
    if let (true, AssessTarget::Server(target)) = (probe, &order.target) {
        progress.enter("copying some rows into scratch tables of the target");
        let sessions = order.workers;
        let ground = Ground { source, target, context, sessions, clock, stop };
        measured.probe = Some(scratch::probe(ground).await?);
    }
    Ok(measured)
}

/// Where the source's log ended, and when.
struct LogEnd {
    position: LogPosition,
    at: Duration,
}

/// `None` where the account may not ask, or there is no log.
async fn log_end(order: &AssessOrder) -> Result<Option<LogEnd>, Fault> {
    let vitals = log::vitals(&order.source).await?;
    let at = order.clock.elapsed();
    Ok(vitals.log_end.map(|position| LogEnd { position, at }))
}

/// How far the log has got since. Trouble on the way leaves one figure unknown, and nothing else.
async fn growth(order: &AssessOrder, begun: Result<Option<LogEnd>, Fault>) -> Option<GrowthLook> {
    let looks = async {
        let Some(begun) = begun? else { return Ok(None) };
        let vitals = log::vitals(&order.source).await?;
        let time = order.clock.elapsed().saturating_sub(begun.at);
        let end = vitals.log_end.as_ref();
        let bytes = end.and_then(|end| bytes_between(&begun.position, end, &vitals.log_files));
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Ok::<_, Fault>(bytes.map(|bytes| Growth { bytes, ms }))
    };
    match looks.await {
        Ok(growth) => growth.map(GrowthLook::Seen),
        Err(fault) => Some(GrowthLook::Failed { why: fault.to_string() }),
    }
}

impl Known {
    fn server(&self, side: Side) -> Server<'_> {
        let Self { facts, answers, protection, gauge } = self;
        let Gauge { round_trip_ms, clock_ahead_ms } = *gauge;
        Server { side, facts, answers, protection: *protection, round_trip_ms, clock_ahead_ms }
    }
}

async fn know(endpoint: &Endpoint, clock: &Clock) -> Result<Known, Fault> {
    let side = endpoint.side;
    let facts = ask(endpoint).await?.facts;
    let answers =
        gather::answers(endpoint, &facts).await.map_err(|error| Fault::gather(side, error))?;
    let gauge = measure(endpoint, clock).await?;
    let protection = match (&endpoint.address, endpoint.tls) {
        (Address::Socket(_), _) => Protection::Local,
        (_, TlsMode::VerifyIdentity | TlsMode::VerifyCa) => Protection::Verified,
        (_, TlsMode::Required | TlsMode::Off) => Protection::Unverified,
    };
    Ok(Known { facts, answers, protection, gauge })
}

async fn know_target(target: &AssessTarget, clock: &Clock) -> Result<Known, Fault> {
    match target {
        AssessTarget::Server(endpoint) => know(endpoint, clock).await,
        AssessTarget::Profile(profile) => Ok(Known {
            facts: profile.facts(),
            answers: Answers::default(),
            protection: Protection::Local,
            gauge: Gauge::default(),
        }),
    }
}

async fn measure(endpoint: &Endpoint, clock: &Clock) -> Result<Gauge, Fault> {
    let side = endpoint.side;
    let mut session = Session::connect(endpoint).await.on(side, "log in to measure the way")?;
    let mut times: Vec<Reverse<Duration>> = Vec::new();
    for _ in 0..ROUND_TRIPS {
        let begun = clock.elapsed();
        session.ping().await.on(side, "measure the way")?;
        times.push(Reverse(clock.elapsed().saturating_sub(begun)));
    }
    let shortest = times.iter().max().map(|Reverse(time)| *time);
    let sql = "SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)";
    let row = session.first(sql).await.on(side, "ask what time it is")?;
    let now = clock.now().as_millisecond();
    session.close().await;
    let theirs: Option<i64> = row.and_then(|row| row.parse(0).ok());
    Ok(Gauge {
        round_trip_ms: shortest.and_then(|time| u64::try_from(time.as_millis()).ok()),
        clock_ahead_ms: theirs.map(|theirs| theirs.saturating_sub(now)),
    })
}

async fn select(order: &AssessOrder, source: &ServerFacts) -> Result<Selected, Fault> {
    order.progress.enter("reading definitions of the source");
    let selection = order.selection.clone().on(source);
    let wanted = |_kind: ObjectKind, name: &QualifiedName| selection.may_select_in(&name.schema);
    let progress = order.progress.clone();
    let request = Request {
        endpoint: &order.source,
        sessions: order.workers,
        wanted: &wanted,
        progress: &move |at: gather::Progress| {
            progress.doing(format!("definitions {} of {}", at.definitions_read, at.definitions));
        },
    };
    let gathered = gather::readable_catalog(&request).await;
    let mut rest = gathered.map_err(|error| Fault::gather(Side::Source, error))?;
    let (catalog, warnings) = selection.filter(std::mem::take(&mut rest.catalog));
    rest.unreadable.retain(|(object, _)| selection.selects(object.kind, &object.name));
    rest.denied.retain(|(object, _)| selection.selects(object.kind, &object.name));
    if catalog.schemas.is_empty() {
        return Err(nothing_selected(source));
    }
    Ok(Selected { catalog, warnings, rest })
}
