//! Names of things on a server, always quoted on their way into SQL.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Quotes an identifier with backticks, doubling those inside.
///
/// Every name MySQL accepts survives this: spaces, dots, keywords, `$`, backticks, non-ASCII letters
/// (<https://dev.mysql.com/doc/refman/9.7/en/identifiers.html>).
#[must_use]
pub fn quote(identifier: &str) -> String {
    let mut quoted = String::with_capacity(identifier.len() + 2);
    quoted.push('`');
    for c in identifier.chars() {
        if c == '`' {
            quoted.push('`');
        }
        quoted.push(c);
    }
    quoted.push('`');
    quoted
}

/// Quotes an account that is written `user@host`, as `SHOW CREATE` quotes definers; what has no host is a role or a
/// user alone.
#[must_use]
pub fn quote_account(account: &str) -> String {
    match account.rsplit_once('@') {
        Some((user, host)) => format!("{}@{}", quote(user), quote(host)),
        None => quote(account),
    }
}

/// Quotes text as a string literal for a session whose `sql_mode` lacks `NO_BACKSLASH_ESCAPES`.
#[must_use]
pub fn literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("''"),
            '\\' => quoted.push_str("\\\\"),
            '\0' => quoted.push_str("\\0"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\u{1a}' => quoted.push_str("\\Z"),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

/// The schemas that belong to the server itself and are never migrated.
pub const SYSTEM_SCHEMAS: [&str; 4] = ["mysql", "sys", "information_schema", "performance_schema"];

/// Whether a schema belongs to the server itself.
#[must_use]
pub fn is_system_schema(schema: &str) -> bool {
    SYSTEM_SCHEMAS.iter().any(|system| system.eq_ignore_ascii_case(schema))
}

/// A name inside a schema: of a table, view, routine, trigger or event.
///
/// Ordered by schema, then name, by bytes; `Display` is the quoted form `` `schema`.`name` ``.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QualifiedName {
    /// The schema (database) as the server spells it, unquoted.
    pub schema: String,
    /// The object's own name as the server spells it, unquoted.
    pub name: String,
}

impl QualifiedName {
    /// Joins a schema's and an object's unquoted names.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }

    /// The unquoted `schema.name`, for people; not for SQL.
    #[must_use]
    pub fn plain(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", quote(&self.schema), quote(&self.name))
    }
}

/// The kinds of object a schema holds, in the order a target needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// A schema itself.
    Schema,
    /// A base table.
    Table,
    /// A view.
    View,
    /// A stored function.
    Function,
    /// A stored procedure.
    Procedure,
    /// A trigger.
    Trigger,
    /// A scheduled event.
    Event,
}

impl ObjectKind {
    /// The word for it in messages and SQL, lower case.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Table => "table",
            Self::View => "view",
            Self::Function => "function",
            Self::Procedure => "procedure",
            Self::Trigger => "trigger",
            Self::Event => "event",
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One object of a server. For a schema, `name` is empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectId {
    /// What it is.
    pub kind: ObjectKind,
    /// Where it is; for a schema, `name.name` is empty.
    pub name: QualifiedName,
}

impl ObjectId {
    /// An object inside a schema.
    #[must_use]
    pub fn new(kind: ObjectKind, name: QualifiedName) -> Self {
        Self { kind, name }
    }

    /// A schema.
    pub fn schema(schema: impl Into<String>) -> Self {
        Self { kind: ObjectKind::Schema, name: QualifiedName::new(schema, "") }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == ObjectKind::Schema {
            return write!(f, "schema {}", quote(&self.name.schema));
        }
        write!(f, "{} {}", self.kind, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backtick_in_a_name_is_doubled() {
        assert_eq!(QualifiedName::new("a`b", "c.d").to_string(), "`a``b`.`c.d`");
    }

    #[test]
    fn a_literal_keeps_quotes_and_backslashes() {
        assert_eq!(literal("it's a \\ b"), r"'it''s a \\ b'");
    }
}
