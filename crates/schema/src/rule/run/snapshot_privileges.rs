//! The source's login may hold the source still for an instant.

use super::{Rule, Scene, Seen, Severity};
use crate::facts::Side;
use crate::grants::Grants;
use crate::name::quote;

pub(super) struct SnapshotPrivileges;

impl Rule for SnapshotPrivileges {
    fn name(&self) -> &'static str {
        "snapshot_privileges"
    }

    fn judge(&self, scene: &Scene<'_>) -> Vec<Seen> {
        let grants = Grants::read(&scene.source.grants);
        if ["RELOAD", "FLUSH_TABLES"].iter().any(|privilege| grants.everywhere(privilege)) {
            return Vec::new();
        }
        let schemas = scene.catalog.tables.keys().map(|table| &table.schema);
        let mut unlocked = schemas
            .filter(|schema| !grants.in_schema(schema, "LOCK TABLES"))
            .map(|schema| quote(schema))
            .collect::<Vec<_>>();
        unlocked.dedup();
        if unlocked.is_empty() {
            return Vec::new();
        }
        vec![Seen {
            severity: Severity::Warning,
            side: Side::Source,
            what: format!(
                "the account {} has neither RELOAD nor LOCK TABLES on {}, so no consistent snapshot can be \
                 opened",
                scene.source.current_user,
                unlocked.join(", ")
            ),
            remedy: "GRANT RELOAD ON *.* TO the account, or use --no-lock while nobody writes"
                .to_owned(),
        }]
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::run::fixture::World;

    fn said(grant: &str) -> usize {
        let mut world = World::of(&[]).with_table("shop", "t");
        world.source.grants = vec![grant.to_owned()];
        world.said("snapshot_privileges").len()
    }

    #[test]
    fn either_privilege_will_do() {
        assert_eq!(said("GRANT SELECT, RELOAD ON *.* TO `a`@`%`"), 0);
        assert_eq!(said("GRANT FLUSH_TABLES ON *.* TO `a`@`%`"), 0);
        assert_eq!(said("GRANT SELECT, LOCK TABLES ON `shop`.* TO `a`@`%`"), 0);
        assert_eq!(said("GRANT SELECT, LOCK TABLES ON `other`.* TO `a`@`%`"), 1);
    }
}
