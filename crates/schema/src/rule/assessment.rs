//! What came of all checks: levels, grades, which ways are open. Plain data that is kept and compared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::case::{Case, Server};
use super::check::{Check, Found, Level, Mode, NotChecked};
use super::estimate::{Estimate, estimates};
use super::{TOPICS, Topic};

/// The form of the JSON; a change that is no mere addition raises it.
pub const FORMAT: u32 = 1;

/// Everything `assess` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The form these data have.
    pub format: u32,
    /// Where the data comes from.
    pub source: ServerSaid,
    /// Where it goes.
    pub target: ServerSaid,
    /// The profile that stood for the target, if there was none.
    pub profile: Option<String>,
    /// Can all that is selected be migrated.
    pub grade: Grade,
    /// Which ways are open.
    pub ways: Ways,
    /// The selected schemas.
    pub schemas: Vec<SchemaResult>,
    /// What it will take, as far as that is known.
    #[serde(default)]
    pub estimates: Vec<Estimate>,
    /// Every check, topic by topic.
    pub checks: Vec<CheckResult>,
    /// Acceptances of the configuration that fit no finding.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub idle_acceptances: Vec<Acceptance>,
}

/// One server, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerSaid {
    /// Who runs it.
    pub platform: String,
    /// Flavor and number.
    pub version: String,
    /// Our account.
    pub account: String,
}

/// How ready something is, as Azure Migrate grades it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Nothing stands against it.
    Ready,
    /// Somebody must decide something first, or not every way is open.
    ReadyWithConditions,
    /// A check that could stop it was not possible.
    Unknown,
    /// Something stops it.
    NotReady,
}

/// Which ways of migrating are open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ways {
    /// Copying while nobody writes.
    pub offline: Way,
    /// Copying and following while the application writes.
    pub online: Way,
    /// A physical import by the provider's own tool: advice only.
    pub physical_import: Way,
}

/// Whether one way is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// Whether nothing stops it.
    pub open: bool,
    /// Ids of checks that stop it, or words.
    pub because: Vec<String>,
}

/// One selected schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaResult {
    /// Its name.
    pub name: String,
    /// By its own findings; what concerns the whole server counts only in the whole.
    pub grade: Grade,
    /// Base tables.
    pub tables: u64,
    /// Views, routines, triggers and events.
    pub programs: u64,
    /// Rows, by statistics.
    pub rows: u64,
    /// Bytes of rows, by statistics.
    pub data_bytes: u64,
    /// Bytes of indexes, by statistics.
    pub index_bytes: u64,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Something stops the migration.
    Blocks,
    /// Somebody should decide something.
    Warns,
    /// It could not look.
    NotChecked,
    /// Nothing, or nothing that is not accepted.
    Passes,
}

/// What one check said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The check's name.
    pub id: String,
    /// The group it belongs to.
    pub topic: String,
    /// What it is about.
    pub title: String,
    /// Which way of migrating it concerns.
    pub mode: Mode,
    /// How it ended.
    pub standing: Standing,
    /// Why it could not look.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub not_checked: Option<NotChecked>,
    /// What it saw.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub findings: Vec<Found>,
    /// Statements that show the same by hand.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub sql: Vec<String>,
    /// Where to read more.
    pub link: String,
}

/// A finding somebody has decided to live with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The check.
    pub id: String,
    /// The object, e.g. `shop.orders`; `*` stands for any characters. Without it, all of the check.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<String>,
    /// Why.
    pub reason: String,
}

/// Asks every check.
#[must_use]
pub fn assess(case: &Case<'_>, accepted: &[Acceptance]) -> Assessment {
    let mut idle = accepted.to_vec();
    let checks: Vec<(Level, CheckResult)> = TOPICS
        .iter()
        .flat_map(|topic| topic.checks.iter().map(move |check| (topic, check)))
        .map(|(topic, check)| (check.worst, result(topic, check, case, accepted, &mut idle)))
        .collect();
    let ways = ways(&checks, case);
    let grade = whole(&checks, &ways);
    let schemas = schemas(&checks, case);
    let checks = checks.into_iter().map(|(_, check)| check).collect();
    Assessment {
        format: FORMAT,
        source: said(&case.source),
        target: said(&case.target),
        profile: case.profile.map(|profile| profile.to_string()),
        grade,
        ways,
        schemas,
        estimates: estimates(case),
        checks,
        idle_acceptances: idle,
    }
}

fn said(server: &Server<'_>) -> ServerSaid {
    ServerSaid {
        platform: server.platform().to_string(),
        version: server.version().to_string(),
        account: server.facts.current_user.clone(),
    }
}

fn result(
    topic: &Topic,
    check: &Check,
    case: &Case<'_>,
    accepted: &[Acceptance],
    idle: &mut Vec<Acceptance>,
) -> CheckResult {
    let (mut findings, not_checked) = match (check.judge)(case) {
        Ok(found) => (found, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    for found in &mut findings {
        if found.mode == Mode::All {
            found.mode = check.mode;
        }
        if let Some(acceptance) = accepted.iter().find(|one| one.fits(check.id, found)) {
            found.accepted = Some(acceptance.reason.clone());
            idle.retain(|one| one != acceptance);
        }
    }
    findings.sort_by(|a, b| (b.level, &a.object, &a.what).cmp(&(a.level, &b.object, &b.what)));
    let counts = findings.iter().filter(|found| found.accepted.is_none());
    let standing = match (counts.map(|found| found.level).max(), &not_checked) {
        (_, Some(_)) => Standing::NotChecked,
        (Some(Level::Blocks), None) => Standing::Blocks,
        (Some(Level::Warns), None) => Standing::Warns,
        (Some(Level::Notes) | None, None) => Standing::Passes,
    };
    let asked = check.asks.iter().flat_map(|question| {
        let sides = [case.source, case.target];
        sides.into_iter().filter(|server| question.is_for(server.side)).filter_map(|server| {
            let sql = question.sql(server.facts)?;
            Some(format!("-- on the {}\n{sql}", server.side))
        })
    });
    let own = (!check.sql.is_empty()).then(|| format!("-- on the source\n{}", check.sql));
    CheckResult {
        id: check.id.to_owned(),
        topic: topic.name.to_owned(),
        title: check.title.to_owned(),
        mode: check.mode,
        standing,
        not_checked,
        findings,
        sql: own.into_iter().chain(asked).collect(),
        link: check.link.to_owned(),
    }
}

impl Acceptance {
    /// `shop.orders` means any kind of object of that name.
    fn fits(&self, id: &str, found: &Found) -> bool {
        let plain = found.object.replace('`', "");
        let name = plain.split_once(' ').map_or(plain.as_str(), |(_kind, name)| name);
        let is_object = self.object.as_ref().is_none_or(|pattern| {
            let pattern = pattern.replace('`', "");
            matches(&pattern, &plain) || matches(&pattern, name)
        });
        self.id == id && is_object
    }
}

/// `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            ends.into_iter().any(|at| rest.get(at..).is_some_and(|tail| matches(after, tail)))
        }),
    }
}

/// Findings that count, with their check.
fn counting(
    checks: &[(Level, CheckResult)],
) -> impl Iterator<Item = (&CheckResult, &Found)> + use<'_> {
    checks.iter().flat_map(|(_, check)| {
        check.findings.iter().filter(|f| f.accepted.is_none()).map(move |f| (check, f))
    })
}

fn ways(checks: &[(Level, CheckResult)], case: &Case<'_>) -> Ways {
    let way = |mode: Mode| {
        let mut because: Vec<String> = counting(checks)
            .filter(|(_, found)| found.level == Level::Blocks)
            .filter(|(_, found)| found.mode == mode || found.mode == Mode::All)
            .map(|(check, _)| check.id.clone())
            .collect();
        because.dedup();
        Way { open: because.is_empty(), because }
    };
    let physical = super::physical::hindrances(case);
    Ways {
        offline: way(Mode::Offline),
        online: way(Mode::Online),
        physical_import: Way { open: physical.is_empty(), because: physical },
    }
}

fn whole(checks: &[(Level, CheckResult)], ways: &Ways) -> Grade {
    if !ways.offline.open && !ways.online.open {
        return Grade::NotReady;
    }
    let unseen =
        |why: &NotChecked| matches!(why, NotChecked::Privilege { .. } | NotChecked::Failed { .. });
    let could_block = checks.iter().filter(|(worst, _)| *worst == Level::Blocks);
    let mut unchecked = could_block.filter_map(|(_, check)| check.not_checked.as_ref());
    if unchecked.clone().any(unseen) {
        return Grade::Unknown;
    }
    let warned = counting(checks).any(|(_, found)| found.level >= Level::Warns);
    if warned || unchecked.any(|why| *why == NotChecked::NoTarget) {
        return Grade::ReadyWithConditions;
    }
    Grade::Ready
}

fn schemas(checks: &[(Level, CheckResult)], case: &Case<'_>) -> Vec<SchemaResult> {
    let mut schemas: BTreeMap<&str, SchemaResult> = BTreeMap::new();
    for name in case.catalog.schemas.keys() {
        schemas.insert(name, SchemaResult::new(name));
    }
    for table in case.catalog.tables.values() {
        if let Some(schema) = schemas.get_mut(table.name.schema.as_str()) {
            schema.tables += 1;
            schema.rows = schema.rows.saturating_add(table.rows_estimate);
            schema.data_bytes = schema.data_bytes.saturating_add(table.data_bytes);
            schema.index_bytes = schema.index_bytes.saturating_add(table.index_bytes);
        }
    }
    for (object, _) in case.definers() {
        if let Some(schema) = schemas.get_mut(object.name.schema.as_str()) {
            schema.programs += 1;
        }
    }
    for (_, check) in checks {
        if let Some(NotChecked::Privilege { schemas: hidden, .. }) = &check.not_checked {
            for name in hidden {
                if let Some(schema) = schemas.get_mut(name.as_str()) {
                    schema.grade = schema.grade.max(Grade::Unknown);
                }
            }
        }
    }
    for (_, found) in counting(checks) {
        let own = found.schema.as_deref().and_then(|name| schemas.get_mut(name));
        if let Some(schema) = own {
            let grade = match (found.level, found.mode) {
                (Level::Blocks, Mode::All) => Grade::NotReady,
                (Level::Blocks, Mode::Online | Mode::Offline) | (Level::Warns, _) => {
                    Grade::ReadyWithConditions
                }
                (Level::Notes, _) => Grade::Ready,
            };
            schema.grade = schema.grade.max(grade);
        }
    }
    schemas.into_values().collect()
}

impl SchemaResult {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            grade: Grade::Ready,
            tables: 0,
            programs: 0,
            rows: 0,
            data_bytes: 0,
            index_bytes: 0,
        }
    }
}

impl CheckResult {
    /// Whether it was not checked because nobody asked for it.
    #[must_use]
    pub fn is_not_asked(&self) -> bool {
        matches!(self.not_checked, Some(NotChecked::NotAsked { .. }))
    }
}

impl Grade {
    /// The grade in words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::ReadyWithConditions => "ready with conditions",
            Self::Unknown => "unknown",
            Self::NotReady => "not ready",
        }
    }
}

impl Assessment {
    /// Whether something stops the migration that nobody accepted.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.checks.iter().any(|check| check.standing == Standing::Blocks)
    }
}

#[cfg(test)]
mod tests {
    use super::super::bench::Bench;
    use super::*;

    #[test]
    fn a_pattern_of_an_acceptance_names_objects_with_and_without_their_kind() {
        for (pattern, object, fits) in [
            ("shop.orders", "table `shop`.`orders`", true),
            ("table `shop`.`orders`", "table `shop`.`orders`", true),
            ("shop.*", "view `shop`.`v`", true),
            ("shop.o*s", "table `shop`.`orders`", true),
            ("shop.orders", "table `shop`.`orders2`", false),
            ("variable sql_mode*", "variable sql_mode of the source", true),
        ] {
            let acceptance =
                Acceptance { id: "x".into(), object: Some(pattern.into()), reason: "known".into() };
            let found = Found::warns(super::super::Thing::named(object), "");
            assert_eq!(acceptance.fits("x", &found), fits, "{pattern} {object}");
            assert!(!acceptance.fits("y", &found));
        }
    }

    #[test]
    fn what_stops_one_way_only_is_a_condition() {
        let clean = Bench::clean().assessed();
        assert_eq!((clean.grade, clean.is_blocked()), (Grade::Ready, false), "{:#?}", clean.checks);
        let bench = Bench::clean().variable("log_bin", "OFF");
        let offline = bench.assessed();
        assert_eq!(offline.grade, Grade::ReadyWithConditions);
        assert!(offline.ways.offline.open && !offline.ways.online.open);
        assert!(offline.is_blocked());
        assert_eq!(offline.ways.online.because, ["binary-log-off"]);
        let accepted = Acceptance {
            id: "binary-log-off".into(),
            object: None,
            reason: "a weekend is enough".into(),
        };
        let idle = Acceptance { id: "engine".into(), object: None, reason: "none".into() };
        let accepted = assess(&bench.case(), &[accepted, idle.clone()]);
        assert!(!accepted.is_blocked() && accepted.ways.online.open);
        assert_eq!(accepted.idle_acceptances, [idle]);
    }

    #[test]
    fn every_check_has_a_name_of_its_own_and_says_where_to_look() {
        let checks: Vec<&Check> = TOPICS.iter().flat_map(|topic| topic.checks).collect();
        let ids: std::collections::BTreeSet<&str> = checks.iter().map(|check| check.id).collect();
        assert_eq!(ids.len(), checks.len(), "two checks of one name");
        for check in checks {
            let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(check.id.chars().all(is_name), "{}", check.id);
            assert!(check.link.starts_with("https://"), "{}", check.id);
            assert!(check.worst != Level::Notes || check.title.len() > 5, "{}", check.id);
            assert!(check.title.len() <= 60, "{}", check.title);
        }
    }

    #[test]
    fn an_assessment_survives_json() {
        let assessed = Bench::clean().table("shop", "t").assessed();
        let text = serde_json::to_string(&assessed).unwrap();
        assert_eq!(serde_json::from_str::<Assessment>(&text).unwrap(), assessed);
    }
}
