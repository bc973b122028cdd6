//! Whom an account could surprise: whether it may write to a schema, and whether it governs others.

use super::right::{ALL, Right, Rights, Scope};
use crate::grants::matches_like;

/// Privileges that change nothing.
const READING: [&str; 5] = ["SELECT", "SHOW VIEW", "REFERENCES", "USAGE", "SHOW DATABASES"];

/// What lets an account open others, or go on where others may not.
const GOVERNING: [&str; 5] = ["CREATE USER", "SUPER", "SYSTEM_USER", "CONNECTION_ADMIN", ALL];

/// Whether an account may change something in a schema. What its roles allow is not looked at: a role is taken to
/// be enough; so is a privilege whose kind is not known.
#[must_use]
pub fn may_change(rights: &Rights, schema: &str) -> bool {
    rights.iter().any(|right| match right {
        Right::Privilege { on, privilege, column: _ } => {
            let here = match on {
                Scope::Everywhere => true,
                Scope::Schema(pattern) => matches_like(pattern, schema),
                Scope::Table(name) | Scope::Routine(_, name) => name.schema == schema,
            };
            here && !READING.contains(&privilege.as_str())
        }
        Right::Role { .. } => true,
        Right::GrantOption { .. }
        | Right::Dynamic { .. }
        | Right::Withheld { .. }
        | Right::Proxy { .. } => false,
    })
}

/// Whether an account administers others.
#[must_use]
pub fn governs(rights: &Rights) -> bool {
    rights.iter().any(|right| match right {
        Right::Privilege { on: Scope::Everywhere, privilege, column: _ }
        | Right::Dynamic { privilege, grantable: _ } => GOVERNING.contains(&privilege.as_str()),
        Right::Privilege { .. }
        | Right::GrantOption { .. }
        | Right::Withheld { .. }
        | Right::Proxy { .. }
        | Right::Role { .. } => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::read_rights;

    fn rights(lines: &[&str]) -> Rights {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        read_rights(&lines)
    }

    #[test]
    fn whoever_may_write_to_a_schema_is_found() {
        for (lines, changes, rules) in [
            (&["GRANT USAGE ON *.* TO `a`@`%`"][..], false, false),
            (&["GRANT SELECT ON *.* TO `a`@`%`"], false, false),
            (&["GRANT INSERT ON `shop`.* TO `a`@`%`"], true, false),
            (&["GRANT INSERT ON `sh%`.* TO `a`@`%`"], true, false),
            (&["GRANT INSERT ON `other`.* TO `a`@`%`"], false, false),
            (&["GRANT UPDATE (`b`) ON `shop`.`t` TO `a`@`%`"], true, false),
            (&["GRANT EXECUTE ON PROCEDURE `shop`.`p` TO `a`@`%`"], true, false),
            (&["GRANT `writer`@`%` TO `a`@`%`"], true, false),
            (&["GRANT ALL PRIVILEGES ON `shop`.* TO `a`@`%`"], true, false),
            (&["GRANT SELECT, CREATE USER ON *.* TO `a`@`%`"], true, true),
            (
                &["GRANT SELECT ON *.* TO `a`@`%`", "GRANT SYSTEM_USER ON *.* TO `a`@`%`"],
                false,
                true,
            ),
        ] {
            let rights = rights(lines);
            assert_eq!(
                (may_change(&rights, "shop"), governs(&rights)),
                (changes, rules),
                "{lines:?}"
            );
        }
    }
}
