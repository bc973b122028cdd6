//! What `assess` asks a server beyond its catalog and its facts: the statements, and who may ask them.
//!
//! The statements are data: `sealift-mysql` runs them, reports print them as the way to see the same by
//! hand. Each is answered from the server's own tables and statistics; none reads a user's rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::check::NotChecked;
use crate::facts::{Flavor, ServerFacts, Side};
use crate::grants::Grants;

mod statement;

/// One statement's subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// Accounts with their plugin, lock, expiry and requirements.
    Accounts,
    /// Privileges held everywhere, of all accounts.
    GlobalPrivileges,
    /// Privileges held on schemas, of all accounts.
    SchemaGrants,
    /// Privileges held on tables, of all accounts.
    TableGrants,
    /// Roles and to whom they are granted.
    Roles,
    /// Accounts that act for others.
    Proxies,
    /// Functions loaded from libraries.
    LoadedFunctions,
    /// Plugins that are no part of the server.
    Plugins,
    /// Authentication plugins that can be used.
    LoginPlugins,
    /// Components.
    Components,
    /// Definitions of foreign servers.
    ForeignServers,
    /// Spatial reference systems somebody added.
    ReferenceSystems,
    /// Tables in general tablespaces or the system tablespace.
    Tablespaces,
    /// The largest files of tables.
    Files,
    /// Transactions that have been open for a while.
    Transactions,
    /// Sessions that wait for a lock on a definition.
    LockWaits,
    /// Prepared transactions of an outer coordinator.
    PreparedXa,
    /// Counters since the server started.
    Status,
    /// What the server itself follows.
    Replica,
    /// Replicas that follow it.
    Replicas,
    /// Where its log ends, and what it leaves out.
    LogStatus,
    /// The files of its log.
    Logs,
    /// Variables somebody has set.
    ChangedVariables,
    /// Reserved words.
    Keywords,
    /// Whether time zones have names.
    TimeZones,
    /// Sessions over TCP without TLS.
    PlainSessions,
    /// How long Amazon RDS keeps the log.
    RdsRetention,
    /// Tables that are there.
    Tables,
    /// Triggers that are there.
    Triggers,
    /// How our own session is protected.
    OwnCipher,
    /// Which accounts may make triggers and events, and which have roles that may give it to them.
    MakerRights,
}

impl Question {
    /// All of them.
    pub const ALL: [Self; 31] = [
        Self::Accounts,
        Self::GlobalPrivileges,
        Self::SchemaGrants,
        Self::TableGrants,
        Self::Roles,
        Self::Proxies,
        Self::LoadedFunctions,
        Self::Plugins,
        Self::LoginPlugins,
        Self::Components,
        Self::ForeignServers,
        Self::ReferenceSystems,
        Self::Tablespaces,
        Self::Files,
        Self::Transactions,
        Self::LockWaits,
        Self::PreparedXa,
        Self::Status,
        Self::Replica,
        Self::Replicas,
        Self::LogStatus,
        Self::Logs,
        Self::ChangedVariables,
        Self::Keywords,
        Self::TimeZones,
        Self::PlainSessions,
        Self::RdsRetention,
        Self::Tables,
        Self::Triggers,
        Self::OwnCipher,
        Self::MakerRights,
    ];

    /// Whether it is asked of this side.
    #[must_use]
    pub fn is_for(self, side: Side) -> bool {
        match self {
            Self::Accounts
            | Self::LoginPlugins
            | Self::Replica
            | Self::Replicas
            | Self::ChangedVariables
            | Self::Keywords
            | Self::TimeZones
            | Self::Status
            | Self::OwnCipher => true,
            Self::GlobalPrivileges
            | Self::SchemaGrants
            | Self::TableGrants
            | Self::Roles
            | Self::Proxies
            | Self::LoadedFunctions
            | Self::Plugins
            | Self::Components
            | Self::ForeignServers
            | Self::ReferenceSystems
            | Self::Tablespaces
            | Self::Files
            | Self::Transactions
            | Self::LockWaits
            | Self::PreparedXa
            | Self::LogStatus
            | Self::Logs
            | Self::PlainSessions
            | Self::RdsRetention => side == Side::Source,
            Self::Tables | Self::Triggers | Self::MakerRights => side == Side::Target,
        }
    }

    /// The statement for a server; `None` where the server knows no such thing.
    #[must_use]
    pub fn sql(self, facts: &ServerFacts) -> Option<&'static str> {
        statement::of(self, facts)
    }

    /// The privilege without which a server would hide part of the answer instead of refusing it.
    #[must_use]
    pub fn hidden_without(self, facts: &ServerFacts) -> Option<&'static str> {
        let grants = Grants::read(&facts.grants);
        let of_mysql = || (!grants.in_schema("mysql", "SELECT")).then_some("SELECT ON mysql.*");
        matches!(self, Self::GlobalPrivileges | Self::MakerRights).then(of_mysql).flatten()
    }

    /// What is granted to let an account ask.
    #[must_use]
    pub fn grant(self, facts: &ServerFacts) -> &'static str {
        let is_mariadb = facts.version.flavor == Flavor::MariaDb;
        match self {
            Self::Accounts => "SELECT ON mysql.user",
            Self::GlobalPrivileges | Self::MakerRights => "SELECT ON mysql.*",
            Self::SchemaGrants => "SELECT ON mysql.db",
            Self::TableGrants => "SELECT ON mysql.tables_priv",
            Self::Roles if is_mariadb => "SELECT ON mysql.roles_mapping",
            Self::Roles => "SELECT ON mysql.role_edges",
            Self::Proxies => "SELECT ON mysql.proxies_priv",
            Self::LoadedFunctions => "SELECT ON mysql.func",
            Self::Components => "SELECT ON mysql.component",
            Self::ForeignServers => "SELECT ON mysql.servers",
            Self::PreparedXa => "XA_RECOVER_ADMIN ON *.*",
            Self::Replica if is_mariadb => "REPLICA MONITOR ON *.*",
            Self::Replicas if is_mariadb => "REPLICATION MASTER ADMIN ON *.*",
            Self::Replicas => "REPLICATION SLAVE ON *.*",
            Self::LogStatus | Self::Logs if is_mariadb => "BINLOG MONITOR ON *.*",
            Self::Replica | Self::LogStatus | Self::Logs => "REPLICATION CLIENT ON *.*",
            Self::PlainSessions | Self::LockWaits => "SELECT ON performance_schema.*",
            Self::RdsRetention => "EXECUTE ON PROCEDURE mysql.rds_show_configuration",
            Self::Tablespaces
            | Self::Files
            | Self::Transactions
            | Self::Plugins
            | Self::LoginPlugins
            | Self::ReferenceSystems
            | Self::Status
            | Self::ChangedVariables
            | Self::Keywords
            | Self::TimeZones
            | Self::Tables
            | Self::Triggers
            | Self::OwnCipher => "PROCESS ON *.*",
        }
    }
}

/// A row, its values by the name of their column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Option<String>>,
}

impl Row {
    /// Joins values to the names of their columns.
    #[must_use]
    pub fn new(columns: Arc<[String]>, values: Vec<Option<String>>) -> Self {
        Self { columns, values }
    }

    /// A value; empty for NULL and for a column this server does not have.
    #[must_use]
    pub fn text(&self, column: &str) -> &str {
        let at = self.columns.iter().position(|name| name.eq_ignore_ascii_case(column));
        at.and_then(|at| self.values.get(at)).and_then(Option::as_deref).unwrap_or_default()
    }

    /// The first of several columns that holds something: their names change between versions.
    #[must_use]
    pub fn any(&self, columns: &[&str]) -> &str {
        let values = columns.iter().map(|column| self.text(column));
        values.into_iter().find(|value| !value.is_empty()).unwrap_or_default()
    }

    /// A whole number; fractions are cut off.
    #[must_use]
    pub fn number(&self, column: &str) -> Option<u64> {
        self.text(column).split('.').next().and_then(|text| text.parse().ok())
    }

    /// Whether a flag of `mysql.user` and the like is set.
    #[must_use]
    pub fn is_yes(&self, column: &str) -> bool {
        matches!(self.text(column), "Y" | "y" | "1" | "YES" | "Yes" | "ON")
    }
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was answered; empty also where the server knows no such thing.
    Rows(Vec<Row>),
    /// The account may not ask, or would see only a part.
    Denied {
        /// What would have to be granted, e.g. `PROCESS ON *.*`.
        grant: String,
    },
    /// The server answered with an error.
    Failed {
        /// Its words.
        why: String,
    },
}

/// Everything one server answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers(BTreeMap<Question, Answer>);

impl Answers {
    /// Keeps an answer.
    pub fn keep(&mut self, question: Question, answer: Answer) {
        self.0.insert(question, answer);
    }

    /// What became of a question; `None` where the server knows no such thing.
    #[must_use]
    pub fn of(&self, question: Question) -> Option<&Answer> {
        self.0.get(&question)
    }

    /// The rows, or why there are none.
    pub(super) fn rows(
        &self,
        question: Question,
        side: Side,
        account: &str,
    ) -> Result<&[Row], NotChecked> {
        match self.0.get(&question) {
            Some(Answer::Rows(rows)) => Ok(rows),
            Some(Answer::Denied { grant }) => {
                let grant = format!("GRANT {grant} TO {account}");
                Err(NotChecked::Privilege { side, grant, schemas: Vec::new() })
            }
            Some(Answer::Failed { why }) => Err(NotChecked::Failed { side, why: why.clone() }),
            None => Ok(&[]),
        }
    }
}
