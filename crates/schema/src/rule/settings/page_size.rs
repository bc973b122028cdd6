//! Pages of another size hold other rows: what fits a row there may not fit one here.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::text::bytes;

pub(super) const CHECK: Check = Check {
    id: "page-size",
    title: "innodb_page_size of the source",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT @@innodb_page_size",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/innodb-limits.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let (source, target) =
        (case.source.number("innodb_page_size"), case.target.number("innodb_page_size"));
    match (source, target) {
        (Some(source), Some(target)) if source != target => {
            let what = format!(
                "{} on the source, {} on the target: very wide rows may not fit; a physical import is not possible",
                bytes(source),
                bytes(target)
            );
            Ok(vec![Found::warns(Thing::variable(Side::Source, "innodb_page_size"), what)])
        }
        _ => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn other_pages_are_told() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        assert_eq!(Bench::clean().variable("innodb_page_size", "32768").levels(&CHECK), "1 warns");
    }
}
