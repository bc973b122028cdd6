//! Privileges held everywhere and withheld for a schema, which only a server with `partial_revokes` knows.
//!
//! Without it the privilege would hold in the withheld schema, too. So there it is given schema by schema.

use super::draft::{Draft, listed};
use super::right::{Right, Scope};
use super::scene::Scene;
use crate::name::is_system_schema;

const NAME: &str = "withheld";

pub(super) fn filter(draft: &mut Draft, scene: &Scene<'_>) {
    let pairs: Vec<(String, String)> = draft
        .account
        .rights
        .iter()
        .filter_map(|right| {
            let Right::Withheld { schema, privilege } = right else { return None };
            Some((privilege.clone(), schema.clone()))
        })
        .collect();
    draft.account.rights.retain(|right| !matches!(right, Right::Withheld { .. }));
    if Scene::names_are_literal(scene.target) {
        for (privilege, schema) in pairs {
            if draft.account.rights.contains(&Right::on(Scope::Everywhere, privilege.clone())) {
                let is_system = is_system_schema(&schema);
                let schema = if is_system { schema } else { scene.target_schema(&schema) };
                draft.account.rights.insert(Right::Withheld { schema, privilege });
            }
        }
        return;
    }
    let mut privileges: Vec<String> =
        pairs.iter().map(|(privilege, _)| privilege.clone()).collect();
    privileges.dedup();
    for privilege in privileges {
        let withheld: Vec<&String> =
            pairs.iter().filter(|(of, _)| *of == privilege).map(|(_, schema)| schema).collect();
        by_schema(draft, &privilege, &withheld, scene);
    }
}

/// Gives a privilege on each carried schema it is not withheld for.
fn by_schema(draft: &mut Draft, privilege: &str, withheld: &[&String], scene: &Scene<'_>) {
    if !draft.account.rights.remove(&Right::on(Scope::Everywhere, privilege)) {
        return;
    }
    let schemas = scene.names.schemas.iter().filter(|schema| {
        scene.selection.may_select_in(schema) && !withheld.iter().any(|one| one == schema)
    });
    let escape = |name: &str| name.replace('\\', "\\\\").replace('_', "\\_").replace('%', "\\%");
    let scopes: Vec<Scope> =
        schemas.map(|schema| Scope::Schema(escape(&scene.target_schema(schema)))).collect();
    let shown: Vec<String> = scopes.iter().map(Scope::sql).collect();
    draft.account.rights.extend(scopes.into_iter().map(|scope| Right::on(scope, privilege)));
    let names: Vec<String> = withheld.iter().map(|schema| (*schema).clone()).collect();
    draft.notes.change(
        NAME,
        format!("{privilege} on {} instead of everywhere but {}", listed(&shown), listed(&names)),
        "the target has partial_revokes off; a schema made later is not covered",
    );
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{World, filtered};
    use super::*;

    const LINES: [&str; 2] =
        ["GRANT INSERT, SELECT ON *.* TO `a`@`b`", "REVOKE INSERT, DELETE ON `Hr`.* FROM `a`@`b`"];

    #[test]
    fn a_privilege_is_withheld_where_the_target_can() {
        let mut world = World::mysql();
        world.target.variables.insert("partial_revokes".into(), "ON".into());
        let (rights, notes) = filtered(&world, "CREATE USER a@b", &LINES, filter);
        assert_eq!(rights, ["INSERT ON *.*", "SELECT ON *.*", "INSERT withheld ON `staff_1`.*"]);
        assert_eq!(notes, [""; 0]);
    }

    #[test]
    fn else_it_is_given_schema_by_schema() {
        let (rights, notes) = filtered(&World::mysql(), "CREATE USER a@b", &LINES, filter);
        assert_eq!(rights, ["SELECT ON *.*", "INSERT ON `my\\_shop`.*", "INSERT ON `shop`.*"]);
        assert_eq!(
            notes,
            ["withheld: INSERT on `my\\_shop`.* and `shop`.* instead of everywhere but Hr"]
        );
    }
}
