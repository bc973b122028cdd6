//! A damaged table ends a copy where it is damaged, and the server itself with it at worst.

use crate::facts::Side;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};
use crate::rule::text::counted;

pub(super) const CHECK: Check = Check {
    id: "damaged-table",
    title: "Tables that are damaged",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "CHECK TABLE … QUICK",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/check-table.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let tables = case.measured.tables()?;
    let mut found = Vec::new();
    for said in &tables.said {
        let what = format!("the source says of it: {}", said.text);
        let thing = Thing::table(&said.table);
        found.push(if said.kind.eq_ignore_ascii_case("error") {
            Found::blocks(thing, what)
                .on_source_with_thought(format!("REPAIR TABLE {}", said.table))
                .advise("an InnoDB table is not repaired so: restore it, or make it anew from what can be read")
        } else {
            Found::warns(thing, what)
        });
    }
    for (table, why) in &tables.left_out {
        found.push(Found::notes(Thing::table(table), format!("it was not checked: {why}")));
    }
    let checked = usize::try_from(tables.checked).unwrap_or(usize::MAX);
    let what = format!("{} checked by the source itself", counted(checked, "table"));
    found.push(Found::notes(Thing::server(Side::Source), what));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::name::QualifiedName;
    use crate::rule::bench::Bench;
    use crate::rule::measured::{TableSaid, TablesChecked};

    #[test]
    fn an_error_stops_and_a_warning_warns() {
        let said = |kind: &str| {
            let mut bench = Bench::clean();
            assert_eq!(bench.levels(&CHECK), "1 not checked");
            bench.measured.tables = Some(TablesChecked {
                checked: 2,
                said: vec![TableSaid {
                    table: QualifiedName::new("shop", "t"),
                    kind: kind.into(),
                    text: "Corrupt".into(),
                }],
                left_out: vec![(QualifiedName::new("shop", "u"), "it is large")],
            });
            bench.levels(&CHECK)
        };
        assert_eq!(said("error"), "1 blocks, 2 notes");
        assert_eq!(said("warning"), "2 notes, 1 warns");
    }
}
