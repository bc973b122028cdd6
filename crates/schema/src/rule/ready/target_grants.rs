//! The account on the target must be allowed to make everything that is carried.

use crate::name::{ObjectKind, quote};
use crate::rewrite::target_schema;
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict};

pub(super) const CHECK: Check = Check {
    id: "target-grants",
    title: "Our account may make everything",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "SHOW GRANTS",
    asks: &[],
    link: "https://dev.mysql.com/doc/refman/8.4/en/privileges-provided.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let target = case.real_target()?;
    let grants = target.grants();
    let has_code = |kind: ObjectKind| case.definers().iter().any(|(object, _)| object.kind == kind);
    let mut wanted = vec![
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "CREATE",
        "DROP",
        "ALTER",
        "INDEX",
        "REFERENCES",
    ];
    for (kind, privilege) in [
        (ObjectKind::View, "CREATE VIEW"),
        (ObjectKind::Function, "CREATE ROUTINE"),
        (ObjectKind::Procedure, "CREATE ROUTINE"),
        (ObjectKind::Trigger, "TRIGGER"),
        (ObjectKind::Event, "EVENT"),
    ] {
        if has_code(kind) && !wanted.contains(&privilege) {
            wanted.push(privilege);
        }
    }
    let account = target.account();
    let context = case.context();
    let schemas = case.catalog.schemas.keys().map(|schema| target_schema(schema, &context));
    let found = schemas.filter_map(|schema| {
        let lacking: Vec<&str> = wanted
            .iter()
            .copied()
            .filter(|privilege| !grants.in_schema(&schema, privilege))
            .collect();
        (!lacking.is_empty()).then(|| {
            let lacking = lacking.join(", ");
            Found::blocks(
                Thing::named(format!("account {account} on the target")).within(&schema),
                format!("it lacks {lacking} on schema {}", quote(&schema)),
            )
            .on_target(format!("GRANT {lacking} ON {}.* TO {account}", quote(&schema)))
        })
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;

    #[test]
    fn what_is_missing_is_granted_by_schema() {
        let bench = Bench::clean().table("shop", "t").view("SELECT 1", |_| {});
        assert_eq!(bench.levels(&CHECK), "");
        let poor = bench.grants(
            Side::Target,
            &["GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES ON *.* TO `admin`@`%`"],
        );
        assert!(
            poor.said(&CHECK)[0].contains("target: GRANT CREATE VIEW ON `shop`.* TO 'admin'@'%'")
        );
    }
}
