//! What a check is, and what it can say.

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::question::Question;
use crate::catalog::Table;
use crate::column::Column;
use crate::facts::Side;
use crate::name::{ObjectId, ObjectKind, QualifiedName, literal, quote};

/// One thing `assess` looks at.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its name, which never changes: configurations and baselines name it.
    pub id: &'static str,
    /// What it is about, for people.
    pub title: &'static str,
    /// Which way of migrating it concerns, unless a finding says otherwise.
    pub mode: Mode,
    /// The worst it can say.
    pub worst: Level,
    /// The statement that shows the same by hand; empty where only `asks` are needed.
    pub sql: &'static str,
    /// What is asked of servers for it.
    pub asks: &'static [Question],
    /// Where to read more.
    pub link: &'static str,
    /// Looks at the case.
    pub(super) judge: fn(&Case<'_>) -> Verdict,
}

/// What a check says: what it found, or why it could not look.
pub(super) type Verdict = Result<Vec<Found>, NotChecked>;

/// Which way of migrating something concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Every way.
    All,
    /// Copying while nobody writes.
    Offline,
    /// Copying and following while the application writes.
    Online,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Good to know.
    Notes,
    /// Somebody should decide something.
    Warns,
    /// The migration cannot be done as things are.
    Blocks,
}

/// Why a check could not look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "because")]
pub enum NotChecked {
    /// The account lacks a privilege.
    Privilege {
        /// The server.
        side: Side,
        /// The statement that would allow it.
        grant: String,
        /// The schemas it leaves in the dark; none: it concerns the server.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        schemas: Vec<String>,
    },
    /// No connection can see it.
    Unseen {
        /// What to look at by hand.
        ask: String,
    },
    /// There is no target yet.
    NoTarget,
    /// It reads rows, reads the log or writes: the operator did not ask for it.
    NotAsked {
        /// The option that asks for it.
        option: String,
    },
    /// The server answered with an error.
    Failed {
        /// The server.
        side: Side,
        /// Its words.
        why: String,
    },
}

/// One thing a check saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// How bad it is.
    pub level: Level,
    /// Which way of migrating it concerns.
    pub mode: Mode,
    /// What it is about, e.g. ``table `shop`.`orders` ``.
    pub object: String,
    /// The schema the object lies in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub schema: Option<String>,
    /// What was seen.
    pub what: String,
    /// What would put it right.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fixes: Vec<Fix>,
    /// Why somebody accepts it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub accepted: Option<String>,
}

/// A statement or command that puts something right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// Who must run it.
    pub by: Hand,
    /// Whether it may be run without thinking.
    pub care: Care,
    /// The statement, command or advice.
    pub text: String,
    /// What takes it back, where that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revert: Option<String>,
}

/// Who must run a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hand {
    /// SQL for who administers the source.
    SourceAdmin,
    /// SQL for the target's admin account.
    TargetAdmin,
    /// A command of the `az` tool, or a step in the portal.
    Azure,
    /// A key of `sealift.toml`, or an option.
    Operator,
    /// A change of the application or of a person's habits: advice, not a statement.
    People,
}

/// Whether a fix may be run without thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Care {
    /// It takes nothing away and can be taken back.
    Safe,
    /// It changes data, locks a table, restarts something, or what an application sees.
    Thought,
}

/// What a finding is about.
#[derive(Clone, Debug)]
pub struct Thing {
    name: String,
    schema: Option<String>,
}

impl Thing {
    /// A server as such.
    #[must_use]
    pub fn server(side: Side) -> Self {
        Self { name: format!("the {side}"), schema: None }
    }

    /// A server variable.
    #[must_use]
    pub fn variable(side: Side, name: &str) -> Self {
        Self { name: format!("variable {name} of the {side}"), schema: None }
    }

    /// An account, quoted as in SQL.
    #[must_use]
    pub fn account(user: &str, host: &str) -> Self {
        Self { name: format!("account {}", account(user, host)), schema: None }
    }

    /// A column.
    #[must_use]
    pub fn column(table: &Table, column: &Column) -> Self {
        Self::part_of(&table.name, "column", &column.name)
    }

    /// A part of a table: a column, an index, a foreign key.
    #[must_use]
    pub fn part_of(table: &QualifiedName, kind: &str, part: &str) -> Self {
        Self { name: format!("{kind} {table}.{}", quote(part)), schema: Some(table.schema.clone()) }
    }

    /// A table.
    #[must_use]
    pub fn table(name: &QualifiedName) -> Self {
        Self::from(&ObjectId::new(ObjectKind::Table, name.clone()))
    }

    /// Anything else, in words.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), schema: None }
    }

    /// The same, lying in a schema.
    #[must_use]
    pub fn within(self, schema: &str) -> Self {
        Self { schema: Some(schema.to_owned()), ..self }
    }
}

impl From<&ObjectId> for Thing {
    fn from(object: &ObjectId) -> Self {
        Self { name: object.to_string(), schema: Some(object.name.schema.clone()) }
    }
}

impl From<Side> for Thing {
    fn from(side: Side) -> Self {
        Self::server(side)
    }
}

/// `'user'@'host'`, quoted as in SQL.
pub(super) fn account(user: &str, host: &str) -> String {
    format!("{}@{}", literal(user), literal(host))
}

impl Found {
    fn new(level: Level, thing: impl Into<Thing>, what: impl Into<String>) -> Self {
        let Thing { name, schema } = thing.into();
        Self {
            level,
            mode: Mode::All,
            object: name,
            schema,
            what: what.into(),
            fixes: Vec::new(),
            accepted: None,
        }
    }

    pub(super) fn blocks(thing: impl Into<Thing>, what: impl Into<String>) -> Self {
        Self::new(Level::Blocks, thing, what)
    }

    pub(super) fn warns(thing: impl Into<Thing>, what: impl Into<String>) -> Self {
        Self::new(Level::Warns, thing, what)
    }

    pub(super) fn notes(thing: impl Into<Thing>, what: impl Into<String>) -> Self {
        Self::new(Level::Notes, thing, what)
    }

    pub(super) fn at(level: Level, thing: impl Into<Thing>, what: impl Into<String>) -> Self {
        Self::new(level, thing, what)
    }

    /// Whether the migration does without a fix: one on the source, of something that does not stop it.
    #[must_use]
    pub fn is_optional(&self, fix: &Fix) -> bool {
        fix.by == Hand::SourceAdmin && self.level < Level::Blocks
    }

    pub(super) fn fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }

    /// SQL for the source's admin that takes nothing away.
    pub(super) fn on_source(self, sql: impl Into<String>) -> Self {
        self.fix(Fix::new(Hand::SourceAdmin, Care::Safe, sql))
    }

    /// SQL for the source's admin that needs thought.
    pub(super) fn on_source_with_thought(self, sql: impl Into<String>) -> Self {
        self.fix(Fix::new(Hand::SourceAdmin, Care::Thought, sql))
    }

    /// SQL for the target's admin that takes nothing away.
    pub(super) fn on_target(self, sql: impl Into<String>) -> Self {
        self.fix(Fix::new(Hand::TargetAdmin, Care::Safe, sql))
    }

    /// SQL for the target's admin, for after the cutover.
    pub(super) fn on_target_later(self, sql: impl Into<String>) -> Self {
        self.fix(Fix::new(Hand::TargetAdmin, Care::Thought, sql))
    }

    /// Advice to people.
    pub(super) fn advise(self, text: impl Into<String>) -> Self {
        self.fix(Fix::new(Hand::People, Care::Thought, text))
    }

    /// A key of `sealift.toml` or an option.
    pub(super) fn configure(self, text: impl Into<String>) -> Self {
        self.fix(Fix::new(Hand::Operator, Care::Safe, text))
    }
}

impl Fix {
    /// A fix without a way back.
    pub(super) fn new(by: Hand, care: Care, text: impl Into<String>) -> Self {
        Self { by, care, text: text.into(), revert: None }
    }

    /// The same with the way back.
    pub(super) fn revert(self, text: impl Into<String>) -> Self {
        Self { revert: Some(text.into()), ..self }
    }
}

impl Hand {
    /// Who it is, for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SourceAdmin => "source",
            Self::TargetAdmin => "target",
            Self::Azure => "azure",
            Self::Operator => "sealift",
            Self::People => "advice",
        }
    }
}
