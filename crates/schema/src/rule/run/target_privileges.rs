//! The target's login may make everything that is planned.

use std::collections::BTreeSet;

use super::{Rule, Scene, Seen, Severity};
use crate::facts::Side;
use crate::grants::Grants;
use crate::name::{ObjectKind, quote};

pub(super) struct TargetPrivileges;

impl Rule for TargetPrivileges {
    fn name(&self) -> &'static str {
        "target_privileges"
    }

    fn judge(&self, scene: &Scene<'_>) -> Vec<Seen> {
        let grants = Grants::read(&scene.target.grants);
        let mut missing = BTreeSet::new();
        for object in scene.planned {
            let schema = &object.name.schema;
            let lacking = needed(object.kind).iter().filter(|privilege| {
                // Who is granted single objects is meant to make those.
                !grants.in_schema(schema, privilege) && !grants.on_an_object_of(schema, privilege)
            });
            missing.extend(lacking.map(|privilege| (schema.clone(), *privilege)));
        }
        let schemas = missing.iter().map(|(schema, _)| schema).collect::<BTreeSet<_>>();
        let seen = schemas.into_iter().map(|schema| {
            let of_schema = missing.iter().filter(|(own, _)| own == schema);
            let privileges =
                of_schema.map(|(_, privilege)| *privilege).collect::<Vec<_>>().join(", ");
            Seen {
                severity: Severity::Blocker,
                side: Side::Target,
                what: format!(
                    "the account {} lacks {privileges} on schema {}",
                    scene.target.current_user,
                    quote(schema)
                ),
                remedy: format!("GRANT {privileges} ON {}.* TO the account", quote(schema)),
            }
        });
        seen.collect()
    }
}

/// What it takes to make an object, and to fill a table.
fn needed(kind: ObjectKind) -> &'static [&'static str] {
    match kind {
        ObjectKind::Schema => &["CREATE"],
        ObjectKind::Table => &["CREATE", "ALTER", "INDEX", "INSERT", "SELECT"],
        ObjectKind::View => &["CREATE VIEW"],
        ObjectKind::Function | ObjectKind::Procedure => &["CREATE ROUTINE"],
        ObjectKind::Trigger => &["TRIGGER"],
        ObjectKind::Event => &["EVENT"],
    }
}

#[cfg(test)]
mod tests {
    use crate::name::{ObjectId, ObjectKind, QualifiedName};
    use crate::rule::run::fixture::World;

    fn said(grants: &[&str]) -> Vec<String> {
        let object = |kind| ObjectId::new(kind, QualifiedName::new("shop", "x"));
        let planned = [
            ObjectId::schema("shop"),
            object(ObjectKind::Table),
            object(ObjectKind::View),
            object(ObjectKind::Trigger),
        ];
        let mut world = World::of(&planned);
        world.target.grants = grants.iter().map(ToString::to_string).collect();
        world.said("target_privileges")
    }

    #[test]
    fn what_is_missing_is_named_with_its_grant() {
        let tables = "GRANT SELECT, INSERT, CREATE, ALTER, INDEX ON *.* TO `a`@`%`";
        assert_eq!(said(&[tables, "GRANT CREATE VIEW, TRIGGER ON `shop`.* TO `a`@`%`"]), [""; 0]);
        assert_eq!(said(&["GRANT ALL PRIVILEGES ON `shop`.* TO `a`@`%`"]), [""; 0]);
        assert_eq!(
            said(&[tables]),
            ["blocker target: the account azadmin@% lacks CREATE VIEW, TRIGGER on schema `shop`; \
              GRANT CREATE VIEW, TRIGGER ON `shop`.* TO the account"]
        );
        assert_eq!(said(&["GRANT USAGE ON *.* TO `a`@`%`"]).len(), 1);
    }
}
