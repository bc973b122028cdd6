//! A consistent offline copy holds the source still for an instant.

use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::platform::Platform;
use crate::rule::text::some;

pub(super) const CHECK: Check = Check {
    id: "snapshot-grants",
    title: "Our account may hold the source still",
    mode: Mode::Offline,
    worst: Level::Warns,
    sql: "SHOW GRANTS",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/flush.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let source = &case.source;
    let grants = source.grants();
    let flushes = ["RELOAD", "FLUSH_TABLES"].iter().any(|privilege| grants.everywhere(privilege));
    let is_refused = matches!(source.platform(), Platform::Rds | Platform::Aurora);
    if flushes && !is_refused {
        return Ok(Vec::new());
    }
    let schemas = case.catalog.schemas.keys();
    let unlocked: Vec<String> = schemas
        .filter(|schema| !grants.in_schema(schema, "LOCK TABLES"))
        .map(|schema| quote(schema))
        .collect();
    if unlocked.is_empty() {
        return Ok(Vec::new());
    }
    let account = source.account();
    let what = format!(
        "neither RELOAD nor LOCK TABLES on {}: no consistent snapshot can be opened",
        some(&unlocked)
    );
    let thing = Thing::named(format!("account {account} on the source"));
    let grant = if is_refused { "LOCK TABLES" } else { "RELOAD" };
    Ok(vec![Found::warns(thing, what).on_source(format!("GRANT {grant} ON *.* TO {account}"))])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;

    #[test]
    fn one_of_two_ways_must_be_open() {
        let with = |grant: &str| {
            let grant = format!("GRANT {grant} TO `reader`@`%`");
            Bench::clean().table("shop", "t").grants(Side::Source, &[&grant])
        };
        assert_eq!(with("RELOAD ON *.*").levels(&CHECK), "");
        assert_eq!(with("LOCK TABLES ON `shop`.*").levels(&CHECK), "");
        assert_eq!(with("SELECT ON *.*").levels(&CHECK), "1 warns");
        let rds = with("RELOAD ON *.*").variable("basedir", "/rdsdbbin/mysql");
        assert!(rds.said(&CHECK)[0].contains("GRANT LOCK TABLES ON *.*"));
    }
}
