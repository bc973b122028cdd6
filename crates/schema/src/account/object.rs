//! Grants on objects: under their names on the target, and only on what is carried.
//!
//! A schema in a grant is a pattern: `%` and `_` stand for any characters unless a backslash stands before
//! them. A server with `partial_revokes` takes all of them for letters, the backslash, too: `` `my\_shop`.* ``
//! would be granted there without complaint and help nobody.

use super::draft::{Draft, listed};
use super::right::{Right, Rights, Scope};
use super::scene::Scene;
use crate::catalog::RoutineKind;
use crate::grants::matches_like;
use crate::name::{ObjectKind, QualifiedName, is_system_schema};

const NAME: &str = "object";

/// Where a grant goes.
enum Goes {
    /// To these scopes; why, if that is not what the source says.
    To(Vec<Scope>, Option<&'static str>),
    /// Nowhere, and why.
    Nowhere(&'static str),
}

const NOT_CARRIED: &str = "it is not carried";

pub(super) fn filter(draft: &mut Draft, scene: &Scene<'_>) {
    let mut rights = Rights::new();
    let mut moved: Vec<(Scope, Goes)> = Vec::new();
    for right in std::mem::take(&mut draft.account.rights) {
        let (Right::Privilege { on, .. } | Right::GrantOption { on }) = &right else {
            rights.insert(right);
            continue;
        };
        let at = moved.iter().position(|(from, _)| from == on).unwrap_or_else(|| {
            moved.push((on.clone(), goes(on, scene)));
            moved.len() - 1
        });
        if let Some((_, Goes::To(scopes, _))) = moved.get(at) {
            rights.extend(scopes.iter().map(|scope| placed(&right, scope)));
        }
    }
    for (from, goes) in moved {
        match goes {
            Goes::Nowhere(why) => {
                draft.notes.change(NAME, format!("grants on {from} are left out"), why);
            }
            Goes::To(to, Some(why)) => {
                let to: Vec<String> = to.iter().map(Scope::sql).collect();
                draft.notes.change(
                    NAME,
                    format!("grants on {} instead of {from}", listed(&to)),
                    why,
                );
            }
            Goes::To(_, None) => {}
        }
    }
    draft.account.rights = rights;
}

/// The same right on another scope.
fn placed(right: &Right, scope: &Scope) -> Right {
    match right {
        Right::Privilege { on: _, privilege, column } => Right::Privilege {
            on: scope.clone(),
            privilege: privilege.clone(),
            column: column.clone(),
        },
        Right::GrantOption { on: _ } => Right::GrantOption { on: scope.clone() },
        other @ (Right::Dynamic { .. }
        | Right::Withheld { .. }
        | Right::Proxy { .. }
        | Right::Role { .. }) => other.clone(),
    }
}

fn goes(on: &Scope, scene: &Scene<'_>) -> Goes {
    match on {
        Scope::Everywhere => Goes::To(vec![Scope::Everywhere], None),
        Scope::Schema(text) => schema(text, scene),
        Scope::Table(name) => table(name, scene),
        Scope::Routine(kind, name) => routine(*kind, name, scene),
    }
}

fn schema(text: &str, scene: &Scene<'_>) -> Goes {
    let name = match plain(text, Scene::names_are_literal(scene.source)) {
        Some(name) => name,
        // What reads like a pattern is mostly the name of one schema with `_` in it.
        None => match only_match(text, scene) {
            Some(name) => name,
            None => return pattern(text, scene),
        },
    };
    if is_system_schema(&name) {
        return Goes::Nowhere("it is the server's own, which is another one on the target");
    }
    if !scene.selection.may_select_in(&name) {
        return Goes::Nowhere(NOT_CARRIED);
    }
    let target = scene.target_schema(&name);
    if target == name && !Scene::names_are_literal(scene.target) {
        // As the source spells it, so that people find it again.
        return Goes::To(vec![Scope::Schema(text.to_owned())], None);
    }
    let scope = Scope::Schema(spelled(&target, scene));
    let why = if target != name {
        Some("that is its name on the target")
    } else if scope != Scope::Schema(text.to_owned()) {
        Some("with partial_revokes a backslash is a letter of the name")
    } else {
        None
    };
    Goes::To(vec![scope], why)
}

/// A pattern that stands for several schemas.
fn pattern(text: &str, scene: &Scene<'_>) -> Goes {
    let matched: Vec<&String> = scene
        .names
        .schemas
        .iter()
        .filter(|schema| matches_like(text, schema) && scene.selection.may_select_in(schema))
        .collect();
    let is_kept = matched.iter().all(|schema| {
        let target = scene.target_schema(schema);
        target == **schema || matches_like(text, &target)
    });
    if !Scene::names_are_literal(scene.target) && is_kept {
        // As the target keeps it: names of schemas are in lower case there.
        let lowers = scene.target.lower_case_table_names() == 1;
        let kept = if lowers { text.to_lowercase() } else { text.to_owned() };
        let why = (kept != text).then_some("the target keeps names of schemas in lower case");
        return Goes::To(vec![Scope::Schema(kept)], why);
    }
    if matched.is_empty() {
        return Goes::Nowhere(
            "no schema that is carried matches, and the target takes no patterns",
        );
    }
    let scopes =
        matched.iter().map(|schema| Scope::Schema(spelled(&scene.target_schema(schema), scene)));
    let why = if Scene::names_are_literal(scene.target) {
        "with partial_revokes the target takes % and _ for letters; a schema made later is not covered"
    } else {
        "those are their names on the target; a schema made later is not covered"
    };
    Goes::To(scopes.collect(), Some(why))
}

/// The one schema a pattern matches, when it is spelled like it.
fn only_match(text: &str, scene: &Scene<'_>) -> Option<String> {
    let mut matched = scene.names.schemas.iter().filter(|schema| matches_like(text, schema));
    let first = matched.next()?;
    (matched.next().is_none() && first == text).then(|| first.clone())
}

/// The schema a grant names; `None` when it is a pattern.
pub(super) fn plain(text: &str, is_literal: bool) -> Option<String> {
    if is_literal {
        return Some(text.to_owned());
    }
    let mut name = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => name.push(chars.next().unwrap_or('\\')),
            '%' | '_' => return None,
            other => name.push(other),
        }
    }
    Some(name)
}

/// A schema's name as the target's grants take it.
fn spelled(name: &str, scene: &Scene<'_>) -> String {
    if Scene::names_are_literal(scene.target) {
        return name.to_owned();
    }
    name.chars().fold(String::new(), |mut text, c| {
        if matches!(c, '%' | '_' | '\\') {
            text.push('\\');
        }
        text.push(c);
        text
    })
}

fn table(name: &QualifiedName, scene: &Scene<'_>) -> Goes {
    if is_system_schema(&name.schema) {
        return Goes::Nowhere("it is the server's own, which is another one on the target");
    }
    let same =
        |a: &str, b: &str| a == b || (any_case(scene) && a.to_lowercase() == b.to_lowercase());
    let found = scene.names.relations.get_key_value(name).or_else(|| {
        let mut all = scene.names.relations.iter();
        all.find(|(known, _)| same(&known.schema, &name.schema) && same(&known.name, &name.name))
    });
    let Some((name_there, kind)) = found else {
        return Goes::Nowhere("sealift's login on the source sees no such table or view");
    };
    if !scene.selection.selects(*kind, name_there) {
        return Goes::Nowhere(NOT_CARRIED);
    }
    let target = scene.target_table(name_there);
    let why = (target != *name).then_some("that is its name on the target");
    Goes::To(vec![Scope::Table(target)], why)
}

/// Whether the source takes names of tables in any case, and grants may hold another one.
fn any_case(scene: &Scene<'_>) -> bool {
    scene.source.lower_case_table_names() != 0
}

fn routine(kind: RoutineKind, name: &QualifiedName, scene: &Scene<'_>) -> Goes {
    if is_system_schema(&name.schema) {
        return Goes::Nowhere("it is the server's own, which is another one on the target");
    }
    let same_schema = |a: &str| {
        a == name.schema || (any_case(scene) && a.to_lowercase() == name.schema.to_lowercase())
    };
    // Names of routines never depend on case, and grants keep them in lower case.
    let found = scene.names.routines.iter().find(|(other, there)| {
        *other == kind
            && same_schema(&there.schema)
            && there.name.to_lowercase() == name.name.to_lowercase()
    });
    let Some((_, there)) = found else {
        return Goes::Nowhere("sealift's login on the source sees no such routine");
    };
    let object_kind = match kind {
        RoutineKind::Function => ObjectKind::Function,
        RoutineKind::Procedure => ObjectKind::Procedure,
    };
    if !scene.selection.selects(object_kind, there) {
        return Goes::Nowhere(NOT_CARRIED);
    }
    let target = QualifiedName::new(scene.target_schema(&there.schema), name.name.clone());
    let why = (target != *name).then_some("that is its name on the target");
    Goes::To(vec![Scope::Routine(kind, target)], why)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{World, filtered};
    use super::*;

    fn check(world: &World, grant: &str, rights: &[&str], notes: &[&str]) {
        let line = format!("GRANT {grant} TO `a`@`b`");
        let told = filtered(world, "CREATE USER a@b", &[&line], filter);
        let expected =
            |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(told, (expected(rights), expected(notes)), "{grant}");
    }

    fn literal(world: &mut World) {
        world.target.variables.insert("partial_revokes".into(), "ON".into());
    }

    #[test]
    fn schemas_are_granted_by_their_names_there() {
        let mut world = World::mysql();
        check(&world, "SELECT ON `shop`.*", &["SELECT ON `shop`.*"], &[]);
        check(&world, "SELECT ON `my\\_shop`.*", &["SELECT ON `my\\_shop`.*"], &[]);
        check(&world, "SELECT ON `my_shop`.*", &["SELECT ON `my_shop`.*"], &[]);
        check(&world, "SELECT ON `mysql`.*", &[], &["object: grants on `mysql`.* are left out"]);
        check(&world, "SELECT ON `old`.*", &[], &["object: grants on `old`.* are left out"]);
        check(
            &world,
            "SELECT ON `Hr`.*",
            &["SELECT ON `staff\\_1`.*"],
            &["object: grants on `staff\\_1`.* instead of `Hr`.*"],
        );
        literal(&mut world);
        check(
            &world,
            "SELECT ON `my\\_shop`.* ",
            &["SELECT ON `my_shop`.*"],
            &["object: grants on `my_shop`.* instead of `my\\_shop`.*"],
        );
        check(&world, "SELECT ON `my_shop`.*", &["SELECT ON `my_shop`.*"], &[]);
        world.source.variables.insert("partial_revokes".into(), "ON".into());
        check(&world, "SELECT ON `we%ird`.*", &["SELECT ON `we%ird`.*"], &[]);
    }

    #[test]
    fn patterns_are_kept_where_the_target_has_them() {
        let mut world = World::mysql();
        check(&world, "SELECT ON `sh%`.*", &["SELECT ON `sh%`.*"], &[]);
        check(&world, "SELECT ON `later%`.*", &["SELECT ON `later%`.*"], &[]);
        check(
            &world,
            "SELECT, INSERT ON `H%`.*",
            &["INSERT ON `staff\\_1`.*", "SELECT ON `staff\\_1`.*"],
            &["object: grants on `staff\\_1`.* instead of `H%`.*"],
        );
        world.target.variables.insert("lower_case_table_names".into(), "1".into());
        check(
            &world,
            "SELECT ON `Later%`.*",
            &["SELECT ON `later%`.*"],
            &["object: grants on `later%`.* instead of `Later%`.*"],
        );
        literal(&mut world);
        check(
            &world,
            "SELECT ON `%sh_p`.* ",
            &["SELECT ON `my_shop`.*", "SELECT ON `shop`.*"],
            &["object: grants on `my_shop`.* and `shop`.* instead of `%sh_p`.*"],
        );
        check(&world, "SELECT ON `later%`.*", &[], &["object: grants on `later%`.* are left out"]);
    }

    #[test]
    fn tables_and_routines_are_granted_where_they_are_carried() {
        let world = World::mysql();
        check(
            &world,
            "SELECT (a), GRANT OPTION ON shop.Orders",
            &["SELECT (`a`) ON `shop`.`orders2`", "GRANT OPTION ON `shop`.`orders2`"],
            &["object: grants on `shop`.`orders2` instead of `shop`.`Orders`"],
        );
        check(
            &world,
            "SELECT ON shop.none",
            &[],
            &["object: grants on `shop`.`none` are left out"],
        );
        check(
            &world,
            "SELECT ON shop.audit",
            &[],
            &["object: grants on `shop`.`audit` are left out"],
        );
        check(
            &world,
            "SELECT ON mysql.user",
            &[],
            &["object: grants on `mysql`.`user` are left out"],
        );
        check(
            &world,
            "EXECUTE ON PROCEDURE Hr.total",
            &["EXECUTE ON PROCEDURE `staff_1`.`total`"],
            &["object: grants on PROCEDURE `staff_1`.`total` instead of PROCEDURE `Hr`.`total`"],
        );
        check(
            &world,
            "EXECUTE ON FUNCTION Hr.total",
            &[],
            &["object: grants on FUNCTION `Hr`.`total` are left out"],
        );
    }
}
