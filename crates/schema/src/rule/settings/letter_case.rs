//! Whether `Orders` and `orders` are one table is decided when a server is created, and differs between them.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Care, Check, Fix, Found, Hand, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "lower-case-table-names",
    title: "Letter case of schema and table names",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT @@lower_case_table_names",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/identifier-case-sensitivity.html",
    judge,
};

const NAME: &str = "lower_case_table_names";

fn judge(case: &Case<'_>) -> Verdict {
    let source = case.source.facts.lower_case_table_names();
    let target = case.target.facts.lower_case_table_names();
    if source == target {
        return Ok(Vec::new());
    }
    let what = format!(
        "{target} on the target, {source} on the source: statements that differ only in the case of a table's name mean the same there, or no longer do"
    );
    let mut found = Found::warns(Thing::variable(Side::Target, NAME), what);
    if case.is_azure() {
        let advice = "Azure takes 1 or 2, chosen when the server is created and never changed; 2 keeps the letters as they are written";
        found = found.fix(Fix::new(Hand::Azure, Care::Thought, advice));
    }
    Ok(vec![found])
}

#[cfg(test)]
mod tests {
    use super::{CHECK, NAME};
    use crate::rule::bench::Bench;

    #[test]
    fn a_difference_is_told() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        assert_eq!(Bench::clean().variable(NAME, "0").levels(&CHECK), "1 warns");
    }
}
