//! The target's definitions beside what the plan makes: gives the diff its two sides.

use std::collections::BTreeMap;

use sealift_schema::catalog::{Catalog, CreatedUnder, RoutineKind};
use sealift_schema::diff::{self, Difference, Expected, Origin, Servers};
use sealift_schema::facts::{ServerVersion, Side};
use sealift_schema::name::{ObjectId, ObjectKind};
use sealift_schema::rewrite;

use super::Migration;
use super::survey::Survey;
use crate::plan::read::{Plan, PlanStep};
use crate::report::{DifferenceReport, VerificationReport};

/// What of the plan the target should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// What an online migration makes before its cutover: no triggers, no events, and counters that are
    /// behind the source's until then.
    BeforeCutover {
        /// By how much a turn that was taken back may have put them ahead.
        headroom: u64,
    },
    /// All of it. Counters of the side that is live may be ahead.
    Turned {
        /// That side.
        live: Side,
        /// By how much a turn that was taken back may have put those of the other side ahead.
        headroom: u64,
    },
}

impl Extent {
    fn includes(self, kind: ObjectKind) -> bool {
        !matches!(self, Self::BeforeCutover { .. })
            || !matches!(kind, ObjectKind::Trigger | ObjectKind::Event)
    }

    /// Whether a difference is only that of a counter which has not come as far as the live side's: a row that
    /// came and went there moved that one only, and a cutover gives it head-room. One that was taken back has done so
    /// for nothing.
    fn lets_pass(self, difference: &Difference) -> bool {
        let Some((source, target)) = counters(difference) else { return false };
        match self {
            Self::Whole => false,
            Self::BeforeCutover { headroom } | Self::Turned { live: Side::Source, headroom } => {
                target <= source.saturating_add(headroom)
            }
            Self::Turned { live: Side::Target, headroom } => {
                source <= target.saturating_add(headroom)
            }
        }
    }

    /// The same for people.
    fn lets_pass_words(self) -> &'static str {
        match self {
            Self::BeforeCutover { headroom: 1.. } => {
                "AUTO_INCREMENT counters are no difference before the cutover where they are behind the \
                 source's, or ahead by no more than a rehearsal gives them."
            }
            Self::Whole | Self::BeforeCutover { headroom: 0 } => {
                "AUTO_INCREMENT counters behind the source's are no difference before the cutover, \
                 which raises them."
            }
            Self::Turned { .. } => {
                "AUTO_INCREMENT counters of the side that is live are ahead, which is no difference."
            }
        }
    }
}

/// Compares every object the plan carries out with the target's, and tells what differs.
pub(super) fn compare(
    migration: &Migration,
    survey: &Survey,
    plan: &Plan,
    actual: &Catalog,
    extent: Extent,
) -> VerificationReport {
    let mut found = VerificationReport::default();
    let context = survey.context(migration);
    let mut steps: BTreeMap<&ObjectId, Vec<&PlanStep>> = BTreeMap::new();
    for step in &plan.steps {
        steps.entry(&step.step().object).or_default().push(step);
    }
    let mut expected = Vec::new();
    let (mut waiting, mut behind, mut fallen_back) = (0_u32, 0_u32, 0_u32);
    let mut on_source = BTreeMap::new();
    for (object, steps) in steps {
        // The first script makes the object itself.
        let Some(first) = steps.first() else { continue };
        if !first.is_wanted() {
            found.not_compared.push(format!("{object} is left out by its script."));
            continue;
        }
        if !extent.includes(object.kind) {
            waiting += 1;
            // A rehearsal, or a cutover that was taken back, leaves events there: they are disabled.
            if object.kind != ObjectKind::Event || !actual.events.contains_key(&first.target) {
                continue;
            }
        }
        let Some((origin, under)) = origin(&survey.catalog, object) else { continue };
        let target = match object.kind {
            ObjectKind::Schema => ObjectId::schema(&first.target.schema),
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::Function
            | ObjectKind::Procedure
            | ObjectKind::Trigger
            | ObjectKind::Event => ObjectId::new(object.kind, first.target.clone()),
        };
        on_source.insert(target.clone(), object);
        expected.push(Expected {
            object: target,
            origin,
            scripts: steps
                .iter()
                .filter(|step| step.is_wanted())
                .map(|step| step.script.body.as_str())
                .collect(),
            made_under: under.map(|under| rewrite::created_under(under, &context).0),
        });
    }
    found.objects += u64::try_from(expected.len()).unwrap_or(u64::MAX);
    let servers = Servers { source: &survey.source, target: &survey.target };
    for difference in diff::objects(&expected, actual, &servers) {
        if counts_per_group(&difference, &on_source, &survey.catalog) {
            continue;
        }
        if extent.lets_pass(&difference) {
            behind += 1;
            continue;
        }
        if may_have_fallen_back(&difference, &survey.source.version) {
            fallen_back += 1;
            continue;
        }
        let name = on_source.get(&difference.object).map_or(&difference.object, |object| *object);
        let told = tell(&difference, name.clone());
        found.differences.push(told);
    }
    if waiting > 0 {
        found.not_compared.push(format!("{waiting} triggers and events wait for the cutover."));
    }
    for (differing, words) in [(behind, extent.lets_pass_words()), (fallen_back, FALLEN_BACK)] {
        if differing > 0 {
            found.not_compared.push(words.to_owned());
        }
    }
    found
}

/// Whether a difference is only that of a counter the source's engine keeps for each group of rows, and
/// InnoDB for the whole table: there is none to compare with.
fn counts_per_group(
    difference: &Difference,
    on_source: &BTreeMap<ObjectId, &ObjectId>,
    catalog: &Catalog,
) -> bool {
    let table = on_source.get(&difference.object).and_then(|id| catalog.tables.get(&id.name));
    difference.part == diff::Part::AutoIncrement
        && table.is_some_and(|table| !table.engine.eq_ignore_ascii_case("InnoDB"))
}

/// Whether a difference is only that of a counter which such a source has forgotten: until MySQL 8.0 and MariaDB 10.2.4
/// a server that restarts counts on from the rows that are there.
/// <https://dev.mysql.com/doc/refman/8.0/en/innodb-auto-increment-handling.html>
fn may_have_fallen_back(difference: &Difference, source: &ServerVersion) -> bool {
    let keeps_them = source.is_mysql_at_least(8, 0, 0) || source.is_mariadb_at_least(10, 2, 4);
    !keeps_them && counters(difference).is_some_and(|(source, target)| source < target)
}

/// The `AUTO_INCREMENT` counters of source and target, where these are what differs.
fn counters(Difference { part, expected, actual, .. }: &Difference) -> Option<(u64, u64)> {
    let number = |text: &Option<String>| text.as_ref()?.parse().ok();
    number(expected).zip(number(actual)).filter(|_| *part == diff::Part::AutoIncrement)
}

/// The same for people.
const FALLEN_BACK: &str = "AUTO_INCREMENT counters ahead of the source's are no difference: a source of this version \
    counts on from its rows when it restarts.";

/// What the source holds of an object, and the settings it was made under.
fn origin<'a>(
    catalog: &'a Catalog,
    object: &ObjectId,
) -> Option<(Origin<'a>, Option<&'a CreatedUnder>)> {
    let name = &object.name;
    let routine = |kind| {
        let routine = catalog.routines.get(&(kind, name.clone()))?;
        Some((Origin::Routine(routine), Some(&routine.created_under)))
    };
    match object.kind {
        ObjectKind::Schema => {
            catalog.schemas.get(&name.schema).map(|schema| (Origin::Schema(schema), None))
        }
        ObjectKind::Table => catalog.tables.get(name).map(|table| (Origin::Table(table), None)),
        ObjectKind::View => {
            catalog.views.get(name).map(|view| (Origin::View(view), Some(&view.created_under)))
        }
        ObjectKind::Function => routine(RoutineKind::Function),
        ObjectKind::Procedure => routine(RoutineKind::Procedure),
        ObjectKind::Trigger => catalog
            .triggers
            .get(name)
            .map(|trigger| (Origin::Trigger(trigger), Some(&trigger.created_under))),
        ObjectKind::Event => {
            catalog.events.get(name).map(|event| (Origin::Event(event), Some(&event.created_under)))
        }
    }
}

fn tell(difference: &Difference, object: ObjectId) -> DifferenceReport {
    let Difference { object: _, part, facet, expected, actual } = difference;
    let what = match (part, expected, actual) {
        (diff::Part::Object, _, None) => "missing on the target".to_owned(),
        (diff::Part::Object, None, _) => "on the target only".to_owned(),
        (part, _, _) if facet.is_empty() => part.to_string(),
        (part, _, _) => format!("{part}: {facet}"),
    };
    DifferenceReport {
        object,
        what,
        source: expected.clone(),
        target: actual.clone(),
        keys: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use sealift_schema::facts::Flavor;

    use super::*;

    fn differing(source: &str, target: &str) -> Difference {
        Difference {
            object: ObjectId::schema("shop"),
            part: diff::Part::AutoIncrement,
            facet: "next".to_owned(),
            expected: Some(source.to_owned()),
            actual: Some(target.to_owned()),
        }
    }

    #[test]
    fn a_counter_may_have_fallen_back_where_a_restart_forgets_it() {
        for (flavor, number, forgets) in [
            (Flavor::MySql, (5, 6, 24), true),
            (Flavor::MySql, (5, 7, 44), true),
            (Flavor::MySql, (8, 0, 11), false),
            (Flavor::MariaDb, (10, 1, 48), true),
            (Flavor::MariaDb, (10, 2, 4), false),
            (Flavor::MariaDb, (11, 8, 2), false),
        ] {
            let version = ServerVersion { flavor, number };
            assert_eq!(
                may_have_fallen_back(&differing("1", "9"), &version),
                forgets,
                "{version:?}"
            );
            assert!(!may_have_fallen_back(&differing("9", "1"), &version), "{version:?}");
        }
    }

    #[test]
    fn a_counter_may_be_behind_the_live_one_and_ahead_by_what_a_turn_gives_it() {
        let passes = |extent: Extent, source, target| extent.lets_pass(&differing(source, target));
        let before = |headroom| Extent::BeforeCutover { headroom };
        assert!(passes(before(0), "10", "9") && !passes(before(0), "10", "11"));
        assert!(passes(before(1_000), "10", "1010") && !passes(before(1_000), "10", "1011"));
        let live = Side::Target;
        let turned = Extent::Turned { live, headroom: 1_000 };
        assert!(passes(turned, "10", "99999") && passes(turned, "1010", "10"));
        assert!(!passes(turned, "1011", "10"));
        assert!(!passes(Extent::Whole, "10", "9"));
    }
}
