//! What a login may do, read from `SHOW GRANTS`.

use std::collections::BTreeSet;

use crate::sql::split_path;

/// The privileges of one login.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    lines: Vec<Line>,
}

/// One line of `SHOW GRANTS` that grants or takes privileges.
#[derive(Clone, Debug)]
struct Line {
    takes: bool,
    /// Upper case; `ALL PRIVILEGES` stands for itself.
    privileges: BTreeSet<String>,
    on: Scope,
}

/// Where a line's privileges hold.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    /// `*.*`
    Everywhere,
    /// `` `pattern`.* ``: `%`, `_` and `\` mean what they mean in `LIKE`.
    Schema(String),
    /// `` `schema`.`object` ``
    Object(String, String),
}

impl Grants {
    /// Reads the lines of `SHOW GRANTS`. Lines that speak of roles and proxies grant nothing by themselves.
    pub fn read<'a>(lines: impl IntoIterator<Item = &'a String>) -> Self {
        Self { lines: lines.into_iter().filter_map(|line| Line::read(line)).collect() }
    }

    /// Whether a privilege is held everywhere.
    #[must_use]
    pub fn everywhere(&self, privilege: &str) -> bool {
        self.granted(privilege, |scope| *scope == Scope::Everywhere)
    }

    /// Whether a privilege is held on a whole schema. A privilege held everywhere may have been taken
    /// away for one (`partial_revokes`).
    #[must_use]
    pub fn in_schema(&self, schema: &str, privilege: &str) -> bool {
        let is_it =
            |scope: &Scope| matches!(scope, Scope::Schema(like) if matches_like(like, schema));
        let taken = self.lines.iter().any(|line| {
            line.takes && line.names(privilege) && line.on == Scope::Schema(schema.to_owned())
        });
        self.granted(privilege, is_it) || (self.everywhere(privilege) && !taken)
    }

    /// Whether a privilege is held on some object of a schema.
    #[must_use]
    pub fn on_an_object_of(&self, schema: &str, privilege: &str) -> bool {
        self.granted(privilege, |scope| matches!(scope, Scope::Object(of, _) if of == schema))
    }

    /// Whether a privilege is held on one object.
    #[must_use]
    pub fn on_object(&self, schema: &str, object: &str, privilege: &str) -> bool {
        let is_it = |scope: &Scope| matches!(scope, Scope::Object(of, name) if of == schema && name == object);
        self.in_schema(schema, privilege) || self.granted(privilege, is_it)
    }

    fn granted(&self, privilege: &str, is_it: impl Fn(&Scope) -> bool) -> bool {
        self.lines.iter().any(|line| !line.takes && line.names(privilege) && is_it(&line.on))
    }
}

impl Line {
    fn read(line: &str) -> Option<Self> {
        let (takes, rest) = match (line.strip_prefix("GRANT "), line.strip_prefix("REVOKE ")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => return None,
        };
        let (privileges, rest) = split_outside(rest, " ON ")?;
        let (on, _account) = split_outside(rest, if takes { " FROM " } else { " TO " })?;
        let on = ["TABLE ", "FUNCTION ", "PROCEDURE "]
            .iter()
            .find_map(|kind| on.strip_prefix(kind))
            .unwrap_or(on);
        Some(Self { takes, privileges: privileges_of(privileges), on: Scope::read(on)? })
    }

    fn names(&self, privilege: &str) -> bool {
        self.privileges.contains(privilege) || self.privileges.contains("ALL PRIVILEGES")
    }
}

impl Scope {
    fn read(text: &str) -> Option<Self> {
        if text == "*.*" {
            return Some(Self::Everywhere);
        }
        let [schema, object] = <[String; 2]>::try_from(split_path(text)?).ok()?;
        Some(if text.ends_with(".*") { Self::Schema(schema) } else { Self::Object(schema, object) })
    }
}

/// Splits at a separator that stands neither in a name nor in a list of columns.
fn split_outside<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let at = text
        .match_indices(separator)
        .map(|(at, _)| at)
        .find(|at| text.get(..*at).is_some_and(|before| before.matches('`').count() % 2 == 0))?;
    Some((text.get(..at)?, text.get(at + separator.len()..)?))
}

/// The names of a list; columns in brackets are left away: what holds for some columns holds for none.
fn privileges_of(list: &str) -> BTreeSet<String> {
    let mut depth = 0_usize;
    let mut names = vec![String::new()];
    for c in list.chars() {
        match c {
            '(' => {
                depth += 1;
                if let Some(name) = names.last_mut() {
                    name.push(c);
                }
            }
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => names.push(String::new()),
            other => {
                if let Some(name) = names.last_mut() {
                    name.push(other);
                }
            }
        }
    }
    names
        .into_iter()
        .map(|name| name.trim().to_ascii_uppercase())
        .filter(|name| !name.contains('('))
        .collect()
}

/// `LIKE` as grants use it: `%` any characters, `_` one, `\` takes the meaning away.
pub(crate) fn matches_like(pattern: &str, name: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => name.is_empty(),
        Some('%') => name
            .char_indices()
            .map(|(at, _)| at)
            .chain([name.len()])
            .any(|at| name.get(at..).is_some_and(|tail| matches_like(rest.as_str(), tail))),
        Some(wanted) => {
            let mut left = name.chars();
            let Some(found) = left.next() else { return false };
            let wanted = match wanted {
                '_' => found,
                '\\' => rest.next().unwrap_or('\\'),
                other => other,
            };
            wanted == found && matches_like(rest.as_str(), left.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(lines: &[&str]) -> Grants {
        Grants::read(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn privileges_hold_where_they_were_granted() {
        let grants = grants(&[
            "GRANT USAGE ON *.* TO `a`@`%`",
            "GRANT SHOW_ROUTINE,FLUSH_TABLES ON *.* TO `a`@`%`",
            "GRANT SELECT, TRIGGER ON `sh\\_op`.* TO `a`@`%`",
            "GRANT EVENT ON `x%`.* TO `a`@`%` WITH GRANT OPTION",
            "GRANT SELECT (`a`, `b`), INSERT ON `hr`.`staff` TO `a`@`%`",
            "GRANT SELECT ON `we``ird ON `.`t` TO `a`@`%`",
            "GRANT EXECUTE ON PROCEDURE `hr`.`p` TO `a`@`%`",
            "GRANT `some role`@`%` TO `a`@`%`",
        ]);
        assert!(grants.everywhere("SHOW_ROUTINE") && !grants.everywhere("SELECT"));
        assert!(grants.in_schema("sh_op", "SELECT") && !grants.in_schema("shXop", "SELECT"));
        assert!(grants.in_schema("xylo", "EVENT") && !grants.in_schema("sh_op", "EVENT"));
        assert!(grants.in_schema("any", "SHOW_ROUTINE"));
        assert!(grants.on_an_object_of("hr", "INSERT") && !grants.on_an_object_of("hr", "SELECT"));
        assert!(grants.on_object("we`ird ON ", "t", "SELECT"));
        assert!(grants.on_an_object_of("hr", "EXECUTE"));
        assert!(!grants.in_schema("hr", "INSERT"));
    }

    #[test]
    fn all_privileges_are_all_and_a_schema_may_be_taken_out() {
        let all = grants(&[
            "GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` IDENTIFIED BY PASSWORD 'x'",
        ]);
        assert!(all.everywhere("TRIGGER") && all.on_object("mysql", "proc", "SELECT"));
        let partly = grants(&[
            "GRANT SELECT, TRIGGER ON *.* TO `a`@`%`",
            "REVOKE TRIGGER ON `pay`.* FROM `a`@`%`",
        ]);
        assert!(partly.in_schema("shop", "TRIGGER") && !partly.in_schema("pay", "TRIGGER"));
        assert!(partly.in_schema("pay", "SELECT"));
    }

    #[test]
    fn like_knows_its_signs() {
        for (pattern, name, matches) in [
            ("shop", "shop", true),
            ("shop", "shops", false),
            ("sh%", "sh", true),
            ("%op", "shop", true),
            ("s_op", "shop", true),
            ("s\\_op", "shop", false),
            ("s\\%", "s%", true),
            ("ä%ß", "äöß", true),
        ] {
            assert_eq!(matches_like(pattern, name), matches, "{pattern} {name}");
        }
    }
}
