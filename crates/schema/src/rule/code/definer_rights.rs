//! A definer that makes its triggers and events over its own login needs the privilege for it on the target.

use std::collections::BTreeSet;

use crate::grants::matches_like;
use crate::name::{ObjectId, ObjectKind, QualifiedName, quote};
use crate::rewrite::{DefinerPolicy, target_name};
use crate::rule::case::Case;
use crate::rule::check::{Check, Found, Level, Mode, Thing, Verdict, account};
use crate::rule::question::{Question, Row};

pub(super) const CHECK: Check = Check {
    id: "definer-privileges",
    title: "Definers may make their triggers and events",
    mode: Mode::All,
    worst: Level::Warns,
    sql: "",
    asks: &[Question::MakerRights],
    link: "https://dev.mysql.com/doc/refman/8.4/en/privileges-provided.html#priv_trigger",
    judge,
};

fn judge(case: &Case<'_>) -> Verdict {
    if case.policy.definer != DefinerPolicy::KeepByLogin {
        return Ok(Vec::new());
    }
    let target = case.real_target()?;
    let rights = target.ask(Question::MakerRights)?;
    let mut told = BTreeSet::new();
    let mut found = Vec::new();
    for Made { object, definer, on, privilege } in made(case) {
        if definer == target.facts.current_user {
            continue;
        }
        let (user, host) = definer.rsplit_once('@').unwrap_or((&definer, "%"));
        let grantee = account(user, host);
        let of = |row: &&Row| row.text("grantee").eq_ignore_ascii_case(&grantee);
        let own: Vec<&Row> = rights.iter().filter(of).collect();
        if own.iter().any(|row| allows(row, &on, privilege)) {
            continue;
        }
        let grant = format!("GRANT {privilege} ON {}.* TO {grantee}", quote(&on.schema));
        let may_by_role = own.iter().any(|row| row.text("privilege_type") == "ROLE");
        let (level, what) = if may_by_role {
            (
                Level::Notes,
                format!("its definer {definer} has {privilege} by a role only, if at all"),
            )
        } else {
            (
                Level::Warns,
                format!(
                    "its definer {definer} lacks {privilege} there: a cutover is refused until it is granted"
                ),
            )
        };
        let thing = Thing::from(&object);
        let mut one = Found::at(level, thing, what);
        // One statement serves all of a schema.
        if told.insert(grant.clone()) {
            one = one.on_target(grant);
        }
        found.push(one);
    }
    Ok(found)
}

/// A trigger or an event, as the target is to have it.
struct Made {
    object: ObjectId,
    definer: String,
    /// The trigger's table; of an event the event itself.
    on: QualifiedName,
    privilege: &'static str,
}

fn made(case: &Case<'_>) -> Vec<Made> {
    let context = case.context();
    let map = &case.policy.definer_map;
    let becomes = |definer: &String| map.get(definer).unwrap_or(definer).clone();
    let triggers = case.catalog.triggers.values().map(|trigger| Made {
        object: ObjectId::new(ObjectKind::Trigger, trigger.name.clone()),
        definer: becomes(&trigger.definer),
        on: target_name(&trigger.table, &context),
        privilege: "TRIGGER",
    });
    let events = case.catalog.events.values().map(|event| Made {
        object: ObjectId::new(ObjectKind::Event, event.name.clone()),
        definer: becomes(&event.definer),
        on: target_name(&event.name, &context),
        privilege: "EVENT",
    });
    triggers.chain(events).collect()
}

fn allows(row: &Row, on: &QualifiedName, privilege: &str) -> bool {
    let (schema, table) = (row.text("table_schema"), row.text("table_name"));
    row.text("privilege_type") == privilege
        && (schema.is_empty() || matches_like(schema, &on.schema))
        && (table.is_empty() || table == on.name)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::facts::Side;
    use crate::rewrite::DefinerPolicy;
    use crate::rule::bench::Bench;
    use crate::rule::question::Question;

    const COLUMNS: &str = "grantee,table_schema,table_name,privilege_type";

    fn having(rows: &[&str]) -> Bench {
        let mut bench = Bench::clean().table("shop", "t").trigger("SET NEW.id = 1").answer(
            Side::Target,
            Question::MakerRights,
            COLUMNS,
            rows,
        );
        for trigger in bench.catalog.triggers.values_mut() {
            trigger.definer = "app@%".into();
        }
        bench.policy.definer = DefinerPolicy::KeepByLogin;
        bench
    }

    #[test]
    fn what_a_definer_lacks_is_told_with_its_grant() {
        let said = having(&["'other'@'%',shop,,TRIGGER"]).said(&CHECK).remove(0);
        assert!(
            said.starts_with("warns: trigger `shop`.`trg`: its definer app@% lacks TRIGGER"),
            "{said}"
        );
        assert!(said.contains("target: GRANT TRIGGER ON `shop`.* TO 'app'@'%'"), "{said}");
        for row in ["'app'@'%',,,TRIGGER", "'app'@'%',sh%,,TRIGGER", "'app'@'%',shop,t,TRIGGER"] {
            assert_eq!(having(&[row]).levels(&CHECK), "", "{row}");
        }
        assert_eq!(having(&["'app'@'%',shop,u,TRIGGER"]).levels(&CHECK), "1 warns");
        assert_eq!(having(&["'app'@'%',,,ROLE"]).levels(&CHECK), "1 notes");
    }

    #[test]
    fn others_than_definers_with_logins_need_nothing() {
        let mut bench = having(&[]);
        bench.policy.definer = DefinerPolicy::CurrentUser;
        assert_eq!(bench.levels(&CHECK), "");
        assert_eq!(having(&[]).to("azure-8.4").levels(&CHECK), "1 not checked");
    }
}
