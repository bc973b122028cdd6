//! A target must understand what the source holds; large steps change how an application is answered.

use crate::facts::Side;
use crate::facts::{Flavor, ServerVersion};
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "version-path",
    title: "From the source's version to the target's",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SELECT @@version",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/upgrade-paths.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let (from, to) = (case.source.version(), case.target.version());
    let path = Thing::named(format!("{from} to {to}"));
    if to.flavor == Flavor::MariaDb || to.number < (8, 0, 0) {
        let what = "the target must be MySQL 8.0 or newer";
        return Ok(vec![Found::blocks(path, what).advise("create a target of MySQL 8.4")]);
    }
    if from.flavor == Flavor::MariaDb {
        return Ok(Vec::new());
    }
    let series = |version: ServerVersion| (version.number.0, version.number.1);
    if series(to) < series(from) {
        let what = "the target is older than the source and may not understand its definitions";
        return Ok(vec![
            Found::blocks(path, what).advise(format!("create a target of {from} or newer")),
        ]);
    }
    let steps = step(to).saturating_sub(step(from));
    let mut found = Vec::new();
    if steps > 1 {
        let what = format!(
            "{steps} series at once: definitions and rows are carried exactly, the answers an application gets may change"
        );
        found.push(
            Found::warns(path, what)
                .advise("test the application against the target before the cutover"),
        );
    }
    if from.number < (5, 6, 0) {
        let what = "MySQL before 5.6 is not tested as a source";
        found.push(
            Found::warns(Side::Source, what).advise("rehearse with a copy of the server first"),
        );
    }
    Ok(found)
}

/// The series of MySQL in their order.
fn step(version: ServerVersion) -> usize {
    const SERIES: [(u16, u16); 5] = [(5, 6), (5, 7), (8, 0), (8, 4), (9, 0)];
    let (major, minor, _) = version.number;
    SERIES.iter().filter(|series| **series <= (major, minor)).count()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn downgrades_are_refused_and_long_ways_told() {
        for (from, to, told) in [
            ("8.4.5", "azure-8.4", ""),
            ("8.0.40", "azure-8.4", ""),
            ("5.7.44", "azure-8.0", ""),
            ("5.7.44", "azure-8.4", "1 warns"),
            ("5.6.51", "azure-8.4", "1 warns"),
            ("5.5.62", "azure-8.4", "2 warns"),
            ("9.7.4", "azure-8.4", "1 blocks"),
            ("8.4.1", "mysql-8.0", "1 blocks"),
            ("10.11.9-MariaDB", "mysql-8.0", ""),
        ] {
            assert_eq!(Bench::from(from).to(to).levels(&CHECK), told, "{from} {to}");
        }
    }
}
