//! A server hides what an account has no privilege on; nothing would miss it afterwards.

use crate::facts::Side;
use crate::name::quote;
use crate::rule::case::Case;
use crate::rule::check::{Check, Level, Mode, NotChecked, Verdict};
use std::collections::BTreeMap;

pub(super) const CHECK: Check = Check {
    id: "hidden-objects",
    title: "Objects our account on the source cannot see",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SHOW GRANTS",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/show-grants.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let grants = case.source.grants();
    let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for schema in case.catalog.schemas.keys() {
        for privilege in ["SELECT", "TRIGGER", "EVENT", "SHOW VIEW"] {
            if !grants.in_schema(schema, privilege) && !grants.on_an_object_of(schema, privilege) {
                let grant = format!("{privilege} ON {}.*", quote(schema));
                wanted.entry(grant).or_default().push(schema.clone());
            }
        }
    }
    for (object, privilege) in case.denied {
        let grant = format!("{privilege} ON {}", object.name);
        wanted.entry(grant).or_default().push(object.name.schema.clone());
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let account = case.source.account();
    let statements: Vec<String> =
        wanted.keys().map(|grant| format!("GRANT {grant} TO {account}")).collect();
    let mut schemas: Vec<String> = wanted.into_values().flatten().collect();
    schemas.sort();
    schemas.dedup();
    Err(NotChecked::Privilege { side: Side::Source, grant: statements.join("; "), schemas })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::{Grade, NotChecked};

    #[test]
    fn what_may_be_hidden_makes_its_schema_unknown() {
        let bench = Bench::clean().table("hr", "t").table("shop", "t").grants(
            Side::Source,
            &[
                "GRANT SELECT, TRIGGER, EVENT, SHOW VIEW ON `shop`.* TO `reader`@`%`",
                "GRANT SELECT, EVENT, SHOW VIEW ON `hr`.* TO `reader`@`%`",
            ],
        );
        assert_eq!(bench.said(&CHECK), ["not checked: GRANT TRIGGER ON `hr`.* TO 'reader'@'%'"]);
        let assessed = bench.assessed();
        assert_eq!(assessed.grade, Grade::Unknown);
        let grades: Vec<_> = assessed.schemas.iter().map(|schema| schema.grade).collect();
        assert_eq!(grades, [Grade::Unknown, Grade::Ready]);
        assert!(matches!((CHECK.judge)(&bench.case()), Err(NotChecked::Privilege { .. })));
        assert_eq!(Bench::clean().table("shop", "t").said(&CHECK), [""; 0]);
    }
}
