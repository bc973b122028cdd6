//! What the user decides about rewrites.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::name::QualifiedName;
use crate::sql::split_path;

/// Who shall own views, routines, triggers and events on the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DefinerPolicy {
    /// The login that creates them.
    #[default]
    CurrentUser,
    /// The login that creates them; views and routines run with the rights of who uses them.
    Invoker,
    /// Whoever owns them on the source. Needs `SET_ANY_DEFINER` on the target for others than our login.
    Keep,
    /// Whoever owns them on the source: each is made over a session that is logged in as its definer.
    KeepByLogin,
}

/// What the user decides about rewrites; the default changes as little as the target allows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Who owns views, routines, triggers and events.
    pub definer: DefinerPolicy,
    /// Definers that become another account, `user@host` to `user@host`; goes before `definer`.
    pub definer_map: BTreeMap<String, String>,
    /// New names: a schema (`shop = "store"`) or a table or view (`"shop.orders" = "store.orders2"`).
    /// Backticks enclose names with dots.
    pub rename: BTreeMap<String, String>,
    /// Character sets that become another one. Rows travel as bytes, so only where every value has the
    /// same bytes in both: see [`keeps_bytes`].
    pub charset: BTreeMap<String, String>,
    /// Collations that become another one.
    pub collation: BTreeMap<String, String>,
}

/// A policy that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// A side of a `rename` entry is not a name.
    #[error(
        "rename {from:?} = {to:?}: {part:?} is not a name: write schema or schema.table, with backticks around names that hold dots"
    )]
    NotAName {
        /// The left side.
        from: String,
        /// The right side.
        to: String,
        /// The side that is wrong.
        part: String,
    },
    /// A schema is renamed to a table or the reverse.
    #[error("rename {from:?} = {to:?}: both sides must be a schema, or both a schema.table")]
    Uneven {
        /// The left side.
        from: String,
        /// The right side.
        to: String,
    },
    /// A character set is mapped to one that writes the same text in other bytes.
    #[error(
        "charset {from:?} = {to:?}: the same text has other bytes there, and rows travel as bytes; change the \
         column's character set on the source, or on the target afterwards"
    )]
    OtherBytes {
        /// The left side.
        from: String,
        /// The right side.
        to: String,
    },
    /// A definer is mapped to something that is not an account.
    #[error("definer_map {from:?} = {to:?}: write both as user@host")]
    NotAnAccount {
        /// The left side.
        from: String,
        /// The right side.
        to: String,
    },
}

impl Policy {
    /// Checks what serde cannot: names and accounts.
    pub fn check(&self) -> Result<(), PolicyError> {
        for (from, to) in &self.rename {
            let sides = [from, to].map(|side| (side, split_path(side)));
            for (side, path) in &sides {
                if !path.as_ref().is_some_and(|path| matches!(path.len(), 1 | 2)) {
                    let (from, to, part) = (from.clone(), to.clone(), (*side).clone());
                    return Err(PolicyError::NotAName { from, to, part });
                }
            }
            let [(_, left), (_, right)] = sides;
            if left.map(|path| path.len()) != right.map(|path| path.len()) {
                return Err(PolicyError::Uneven { from: from.clone(), to: to.clone() });
            }
        }
        for (from, to) in &self.charset {
            if !keeps_bytes(from, to) {
                return Err(PolicyError::OtherBytes { from: from.clone(), to: to.clone() });
            }
        }
        for (from, to) in &self.definer_map {
            if !from.contains('@') || !to.contains('@') {
                return Err(PolicyError::NotAnAccount { from: from.clone(), to: to.clone() });
            }
        }
        Ok(())
    }

    /// The new name of a schema, if it gets one.
    #[must_use]
    pub fn renamed_schema(
        &self,
        schema: &str,
        same: impl Fn(&str, &str) -> bool,
    ) -> Option<String> {
        self.rename.iter().find_map(|(from, to)| match split_path(from)?.as_slice() {
            [from] if same(from, schema) => split_path(to)?.into_iter().next(),
            _ => None,
        })
    }

    /// The new name of a table or view, if it gets one of its own.
    #[must_use]
    pub fn renamed_table(
        &self,
        name: &QualifiedName,
        same: impl Fn(&str, &str) -> bool,
    ) -> Option<QualifiedName> {
        self.rename.iter().find_map(|(from, to)| match split_path(from)?.as_slice() {
            [schema, table] if same(schema, &name.schema) && same(table, &name.name) => {
                match split_path(to)?.as_slice() {
                    [schema, table] => Some(QualifiedName::new(schema, table)),
                    _ => None,
                }
            }
            _ => None,
        })
    }
}

/// Whether every text of one character set has the same bytes in another.
#[must_use]
pub fn keeps_bytes(from: &str, to: &str) -> bool {
    let is_utf8mb3 = |charset: &str| matches!(charset, "utf8" | "utf8mb3");
    let is_wide = |charset: &str| matches!(charset, "ucs2" | "utf16" | "utf16le" | "utf32");
    // Seven-bit text of swe7, and double-byte sets with a changed backslash or tilde, is not ASCII.
    let is_ascii_based = |charset: &str| !is_wide(charset) && !matches!(charset, "swe7" | "sjis");
    from == to
        || (is_utf8mb3(from) && (is_utf8mb3(to) || to == "utf8mb4"))
        || (from == "ascii" && is_ascii_based(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renaming(from: &str, to: &str) -> Policy {
        Policy { rename: BTreeMap::from([(from.into(), to.into())]), ..Policy::default() }
    }

    #[test]
    fn names_that_cannot_be_followed_are_told() {
        assert_eq!(renaming("shop", "store").check(), Ok(()));
        assert_eq!(renaming("`a.b`.c", "d.e").check(), Ok(()));
        assert!(matches!(renaming("shop", "a.b").check(), Err(PolicyError::Uneven { .. })));
        assert!(matches!(renaming("`shop", "a").check(), Err(PolicyError::NotAName { .. })));
        assert!(matches!(renaming("a.b.c", "a").check(), Err(PolicyError::NotAName { .. })));
        let map = BTreeMap::from([("root".into(), "a@b".into())]);
        let policy = Policy { definer_map: map, ..Policy::default() };
        assert!(matches!(policy.check(), Err(PolicyError::NotAnAccount { .. })));
    }

    #[test]
    fn it_knows_its_keys() {
        let policy: Policy =
            serde_json::from_str(r#"{"definer":"current-user","definer_map":{"a@b":"c@d"}}"#)
                .unwrap();
        assert_eq!(policy.definer_map["a@b"], "c@d");
        assert!(serde_json::from_str::<Policy>(r#"{"definers":{}}"#).is_err());
    }
}
