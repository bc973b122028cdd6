//! A trigger that is on the target already acts on every row that is loaded.

use crate::name::{ObjectId, ObjectKind, QualifiedName};
use crate::rewrite::target_name;
use crate::rule::case::Case;
use crate::rule::check::{Care, Check, Fix, Found, Hand, Level, Mode, Thing, Verdict};
use crate::rule::question::Question;
use std::collections::BTreeSet;

pub(super) const CHECK: Check = Check {
    id: "target-triggers",
    title: "Triggers on tables the target already has",
    mode: Mode::All,
    worst: Level::Blocks,
    sql: "",
    asks: &[Question::Triggers],
    link: "https://dev.mysql.com/doc/refman/8.4/en/triggers.html",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    let rows = case.real_target()?.ask(Question::Triggers)?;
    let context = case.context();
    let loaded: BTreeSet<QualifiedName> =
        case.catalog.tables.keys().map(|name| target_name(name, &context)).collect();
    let ignores_case = case.target.facts.lower_case_table_names() != 0;
    let fold = |name: &QualifiedName| {
        let text = name.to_string();
        if ignores_case { text.to_lowercase() } else { text }
    };
    let own: BTreeSet<String> =
        case.catalog.triggers.keys().map(|name| fold(&target_name(name, &context))).collect();
    let found = rows.iter().filter_map(|row| {
        let table = QualifiedName::new(row.text("table_schema"), row.text("table_name"));
        let trigger = QualifiedName::new(&table.schema, row.text("trigger_name"));
        loaded.contains(&table).then(|| {
            let thing = Thing::from(&ObjectId::new(ObjectKind::Trigger, trigger.clone()));
            if own.contains(&fold(&trigger)) {
                let what = "the source has it, too (sealift plan apply may have made it): a run takes it off before rows are \
                            loaded, and makes it again";
                return Found::notes(thing, what);
            }
            let drop =
                Fix::new(Hand::TargetAdmin, Care::Thought, format!("DROP TRIGGER {trigger}"));
            Found::blocks(thing, format!("it acts on rows of {table} while they are loaded"))
                .fix(drop)
        })
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    #[test]
    fn triggers_on_tables_that_are_loaded_are_named() {
        let columns = "trigger_name,table_schema,table_name";
        let bench = Bench::clean().table("shop", "t");
        assert_eq!(bench.levels(&CHECK), "");
        let there =
            bench.answer(Side::Target, Question::Triggers, columns, &["trg,shop,t", "x,other,t"]);
        assert_eq!(there.said(&CHECK).len(), 1);
        assert!(there.said(&CHECK)[0].contains("target: DROP TRIGGER `shop`.`trg`"));
        let planned = there.trigger("SET NEW.id = 1");
        assert_eq!(planned.levels(&CHECK), "1 notes", "a run takes it off and makes it again");
    }
}
