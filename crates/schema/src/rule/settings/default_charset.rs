//! Defaults decide what a statement without a character set makes; definitions are carried with theirs.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::parameter::parameter;

pub(super) const CHECK: Check = Check {
    id: "default-charset-differs",
    title: "Default character sets and collations",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "SELECT @@character_set_server, @@collation_server",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/charset-server.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let names = ["character_set_server", "collation_server"];
    let found = names.into_iter().filter_map(|name| {
        let (source, target) = (case.source.variable(name), case.target.variable(name));
        if source.is_empty() || target.is_empty() || same(source, target) {
            return None;
        }
        let what = format!("{target} on the target, {source} on the source: tables the application makes itself get the target's");
        let found = Found::warns(Thing::variable(Side::Target, name), what);
        let is_known = case.target.facts.collations.iter().any(|(collation, charset)| collation == source || charset == source);
        Some(if is_known { found.fix(parameter(case, name, source)) } else { found })
    });
    Ok(found.collect())
}

/// `utf8` is `utf8mb3` by its older name.
fn same(a: &str, b: &str) -> bool {
    let new = |name: &str| match name.strip_prefix("utf8") {
        Some(rest) if rest.is_empty() || rest.starts_with('_') => format!("utf8mb3{rest}"),
        _ => name.to_owned(),
    };
    new(a) == new(b)
}

#[cfg(test)]
mod tests {
    use super::{CHECK, same};
    use crate::rule::bench::Bench;

    #[test]
    fn a_difference_is_told_once_for_each_variable() {
        assert_eq!(Bench::clean().levels(&CHECK), "");
        let latin1 = Bench::clean()
            .variable("character_set_server", "latin1")
            .variable("collation_server", "latin1_swedish_ci");
        assert_eq!(latin1.levels(&CHECK), "2 warns");
        assert!(same("utf8_general_ci", "utf8mb3_general_ci") && !same("utf8", "utf8mb4"));
    }
}
