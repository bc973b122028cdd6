//! The assessment as one HTML file that needs nothing else, for who decides.

use std::collections::BTreeMap;

use askama::Template;
use sealift_schema::rule::{
    Assessment, CheckResult, Estimate, Figure, Found, Grade, Level, SchemaResult, Standing, Way,
};

use super::baseline::Changes;
use super::terminal::{figure, not_checked};
use crate::output::quantity::{bytes, count};

/// The page; askama escapes every value.
#[derive(Template)]
#[template(path = "assessment.html")]
struct Page<'a> {
    told: &'a Assessment,
    changes: Option<&'a Changes>,
    largest: u64,
}

/// The page as text.
pub(crate) fn render(
    told: &Assessment,
    changes: Option<&Changes>,
) -> Result<String, askama::Error> {
    let largest = told.schemas.iter().map(size).max().unwrap_or_default();
    Page { told, changes, largest }.render()
}

fn size(schema: &SchemaResult) -> u64 {
    schema.data_bytes.saturating_add(schema.index_bytes)
}

impl Page<'_> {
    /// Checks that ended so; those nobody asked for are a group of their own.
    fn of(&self, standing: Standing) -> impl Iterator<Item = &CheckResult> {
        let ended = move |check: &&CheckResult| check.standing == standing && !check.is_not_asked();
        self.told.checks.iter().filter(ended)
    }

    fn number(&self, standing: Standing) -> String {
        count(self.of(standing).fold(0, |number, _check| number + 1))
    }

    /// The groups of checks, what stops first.
    fn groups(&self) -> Vec<(&'static str, &'static str, Vec<&CheckResult>)> {
        let groups = [
            ("What stops the migration", "bad", Standing::Blocks),
            ("What somebody should decide", "fair", Standing::Warns),
            ("What could not be checked", "fair", Standing::NotChecked),
            ("What passes", "good", Standing::Passes),
        ];
        let of = |(title, mood, standing)| (title, mood, self.of(standing).collect::<Vec<_>>());
        let not_asked = self.told.checks.iter().filter(|check| check.is_not_asked()).collect();
        let groups =
            groups.into_iter().map(of).chain([("What was not asked for", "soft", not_asked)]);
        groups.filter(|(_, _, checks)| !checks.is_empty()).collect()
    }

    /// Findings by the object they are about.
    fn objects(&self) -> BTreeMap<&str, Vec<(&str, &Found)>> {
        let mut objects: BTreeMap<&str, Vec<(&str, &Found)>> = BTreeMap::new();
        for check in &self.told.checks {
            for found in check.findings.iter().filter(|found| found.level > Level::Notes) {
                objects.entry(&found.object).or_default().push((&check.id, found));
            }
        }
        objects.retain(|_, found| found.len() > 1);
        objects
    }

    /// Per cent of the largest schema.
    fn share(&self, part: &u64) -> u64 {
        let share = u128::from(*part) * 100 / u128::from(self.largest.max(1));
        u64::try_from(share).unwrap_or(100)
    }

    fn ways(&self) -> [(&'static str, &Way); 3] {
        let ways = &self.told.ways;
        [
            ("Offline: copied while nobody writes", &ways.offline),
            ("Online: copied and followed while the application writes", &ways.online),
            ("Physical import by the provider's tool (advice)", &ways.physical_import),
        ]
    }
}

/// The colour of a grade.
fn mood(grade: &Grade) -> &'static str {
    match grade {
        Grade::Ready => "good",
        Grade::ReadyWithConditions | Grade::Unknown => "fair",
        Grade::NotReady => "bad",
    }
}

fn way_words(way: &Way) -> String {
    if way.open { "open".to_owned() } else { format!("closed: {}", way.because.join(", ")) }
}

fn way_mood(way: &Way) -> &'static str {
    if way.open { "good" } else { "bad" }
}

fn level_mood(level: &Level) -> &'static str {
    match level {
        Level::Blocks => "bad",
        Level::Warns => "fair",
        Level::Notes => "soft",
    }
}

/// The figure, and what it was come by or why there is none.
fn estimated(estimate: &Estimate) -> (String, &str) {
    match &estimate.figure {
        Figure::Known { amount, basis } => (figure(*amount, estimate.unit), basis),
        Figure::NotKnown { not_known } => ("not known".to_owned(), not_known),
    }
}

fn why(check: &CheckResult) -> String {
    check.not_checked.as_ref().map(not_checked).unwrap_or_default()
}

fn number(number: &u64) -> String {
    count(*number)
}

#[cfg(test)]
mod tests {
    use super::super::baseline::{Changes, Told};
    use super::super::sample;
    use super::*;

    #[test]
    fn a_page_shows_grades_sizes_findings_and_fixes_and_needs_nothing_from_elsewhere() {
        let told =
            Told { id: "engine".into(), object: "table `shop`.`new`".into(), level: Level::Warns };
        let changes = Changes { new: vec![told], ..Changes::default() };
        let page = render(&sample::assessment(), Some(&changes)).unwrap();
        for shown in [
            "ready with conditions",
            "Azure Database for MySQL",
            "5.0 GiB",
            "no primary key",
            "ALTER TABLE",
            "XA_RECOVER_ADMIN",
            "width: 100%",
            "width: 20%",
            "table `shop`.`new`",
            "1.5 GiB",
            "statistics of 2 tables",
            "not known",
            "nothing was measured",
        ] {
            assert!(page.contains(shown), "{shown}");
        }
        assert!(!page.contains("<script>") && page.contains("&#60;script&#62;"));
        for foreign in ["src=", "@import", "url(", "<link"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
    }
}
