//! Tables are made with the primary key the plan says or none: our sessions on the target must be free to.

use super::{Rule, Scene, Seen, Severity};
use crate::facts::Side;
use crate::grants::Grants;
use crate::name::ObjectKind;

pub(super) struct PrimaryKeySettings;

/// Settings that make a primary key, or want one. The scripts of tables turn off those that are on.
const SETTINGS: [&str; 2] = ["sql_generate_invisible_primary_key", "sql_require_primary_key"];
/// Privileges to change them for a session
/// (<https://dev.mysql.com/doc/refman/9.7/en/system-variable-privileges.html>).
const PRIVILEGES: [&str; 3] = ["SESSION_VARIABLES_ADMIN", "SYSTEM_VARIABLES_ADMIN", "SUPER"];

impl Rule for PrimaryKeySettings {
    fn name(&self) -> &'static str {
        "primary_key_settings"
    }

    fn judge(&self, scene: &Scene<'_>) -> Vec<Seen> {
        let grants = Grants::read(&scene.target.grants);
        let on = SETTINGS.iter().find(|setting| scene.target.is_on(setting));
        let Some(setting) = on.filter(|_| scene.plans(&[ObjectKind::Table])) else {
            return Vec::new();
        };
        if PRIVILEGES.iter().any(|privilege| grants.everywhere(privilege)) {
            return Vec::new();
        }
        vec![Seen {
            severity: Severity::Blocker,
            side: Side::Target,
            what: format!(
                "{setting} is ON, and the account {} may not turn it off for itself, as the scripts of \
                 tables do",
                scene.target.current_user
            ),
            remedy: format!(
                "GRANT SESSION_VARIABLES_ADMIN ON *.* TO the account, or set the server parameter \
                 {setting} to OFF"
            ),
        }]
    }
}

#[cfg(test)]
mod tests {
    use crate::name::{ObjectId, ObjectKind, QualifiedName};
    use crate::rule::run::fixture::World;

    #[test]
    fn it_matters_where_a_table_is_made_and_the_setting_cannot_be_changed() {
        let object = |kind| ObjectId::new(kind, QualifiedName::new("s", "t"));
        for (kind, value, grant, said) in [
            (ObjectKind::Table, "ON", "GRANT SELECT ON *.* TO `a`@`%`", true),
            (ObjectKind::View, "ON", "GRANT SELECT ON *.* TO `a`@`%`", false),
            (ObjectKind::Table, "OFF", "GRANT SELECT ON *.* TO `a`@`%`", false),
            (ObjectKind::Table, "ON", "GRANT SESSION_VARIABLES_ADMIN ON *.* TO `a`@`%`", false),
        ] {
            for setting in super::SETTINGS {
                let planned = [object(kind)];
                let mut world = World::of(&planned).on_target(&[(setting, value)]);
                world.target.grants = vec![grant.to_owned()];
                let found = world.said("primary_key_settings");
                let expected = format!(
                    "blocker target: {setting} is ON, and the account azadmin@% may not turn it off \
                     for itself, as the scripts of tables do; GRANT SESSION_VARIABLES_ADMIN ON *.* TO \
                     the account, or set the server parameter {setting} to OFF"
                );
                assert_eq!(
                    found,
                    Vec::from_iter(said.then_some(expected)),
                    "{kind} {value} {grant}"
                );
            }
        }
    }
}
