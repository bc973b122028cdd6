//! What no rewrite can bring to the target exactly is refused by name, never changed in silence.

use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::text::pattern;

pub(super) const CHECK: Check = Check {
    id: "cannot-be-carried",
    title: "Objects that cannot be carried",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/compatibility.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    // Told by checks of their own.
    let elsewhere = ["charset", "engine", "lower_case", "definer"];
    let refused = case.refusals().filter(|(_, refusal)| !elsewhere.contains(&refusal.rewrite));
    let refused = refused.map(|(object, refusal)| {
        let exclude = format!("[select] exclude = [\"{}\"]", pattern(object));
        Found::blocks(object, format!("{}: {}", refusal.what, refusal.why))
            .advise(&refusal.remedy)
            .configure(exclude)
    });
    let foreign = case.foreign.iter().map(|object| {
        Found::warns(
            Thing::named(object.as_str()),
            "MySQL has no such kind of object; it is left out",
        )
    });
    Ok(refused.chain(foreign).collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::rule::bench::Bench;

    #[test]
    fn what_is_refused_is_named_with_the_way_past_it() {
        assert_eq!(Bench::clean().table("shop", "t").rewritten().levels(&CHECK), "");
        let mut bench = Bench::from("10.11.9-MariaDB").with_table("shop", "t", |table| {
            table.create_sql = "CREATE TABLE `t` (\n  `id` xmltype NOT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB".into();
        });
        bench.foreign.push("package `shop`.`prices`".into());
        let said = bench.rewritten().said(&CHECK);
        assert!(said[0].contains("exclude = [\"table:shop.t\"]"), "{said:?}");
        assert!(said[1].starts_with("warns: package `shop`.`prices`"), "{said:?}");
    }
}
