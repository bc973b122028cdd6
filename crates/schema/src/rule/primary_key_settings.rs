//! Tables without a primary key stay without one: our sessions on the target must be free to say so.

use super::{Rule, Scene, Seen, Severity};
use crate::facts::Side;
use crate::grants::Grants;

pub(super) struct PrimaryKeySettings;

/// Settings that make a primary key, or want one.
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
        let mut keyless =
            scene.catalog.tables.values().filter(|table| table.primary_key().is_none());
        let (Some(setting), Some(table)) = (on, keyless.next()) else { return Vec::new() };
        if PRIVILEGES.iter().any(|privilege| grants.everywhere(privilege)) {
            return Vec::new();
        }
        let more = match keyless.count() {
            0 => String::new(),
            count => format!(" and {count} more tables"),
        };
        vec![Seen {
            severity: Severity::Warning,
            side: Side::Target,
            what: format!(
                "{setting} is ON and the account {} may not turn it off for itself, but {}{more} have no \
                 primary key",
                scene.target.current_user, table.name
            ),
            remedy: format!(
                "GRANT SESSION_VARIABLES_ADMIN ON *.* TO the account, or set {setting} to OFF"
            ),
        }]
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::fixture::World;

    #[test]
    fn it_matters_for_tables_without_a_key() {
        for (has_key, value, grant, count) in [
            (false, "ON", "GRANT SELECT ON *.* TO `a`@`%`", 1),
            (true, "ON", "GRANT SELECT ON *.* TO `a`@`%`", 0),
            (false, "OFF", "GRANT SELECT ON *.* TO `a`@`%`", 0),
            (false, "ON", "GRANT SESSION_VARIABLES_ADMIN ON *.* TO `a`@`%`", 0),
        ] {
            for setting in super::SETTINGS {
                let world = World::of(&[]).with_table("s", "t", has_key);
                let mut world = world.on_target(&[(setting, value)]);
                world.target.grants = vec![grant.to_owned()];
                let said = world.said("primary_key_settings");
                assert_eq!(said.len(), count, "{setting} {has_key} {value} {grant}");
            }
        }
    }
}
