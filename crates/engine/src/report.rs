//! What a command did and found, as plain data: what the terminal, the JSON and the HTML report show.
//!
//! The command makes it, the conductor fills it as it goes, so that there is a report after a failure
//! too. Nothing is decided by it.

use std::error::Error;

use jiff::Timestamp;
use sealift_mysql::binlog::LogPosition;
use sealift_mysql::endpoint::Address;
use sealift_schema::facts::{ServerFacts, Side};
use sealift_schema::name::{ObjectId, QualifiedName};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::cutover::TurnRecord;
use crate::fault::{ErrorCode, Fault};
use crate::plan::accounts::{AccountDifference, AccountReport};
use crate::stage::Part;
use crate::verify::Stranger;

/// What a command did and found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The command, e.g. `run --offline`.
    pub command: String,
    /// The version of sealift.
    pub version: String,
    /// How it ended.
    pub outcome: Conclusion,
    /// When the command began.
    pub begun: Timestamp,
    /// When it ended; `None` while it runs.
    pub ended: Option<Timestamp>,
    /// The source, once it was asked.
    pub source: Option<ServerReport>,
    /// The target, once it was asked.
    pub target: Option<ServerReport>,
    /// Hash of the plan's scripts.
    pub plan: Option<String>,
    /// The moment of the source that was copied, by its binary log.
    pub position: Option<LogPosition>,
    /// Tables, in the order of their names.
    pub tables: Vec<TableReport>,
    /// Scripts, in the order they were carried out.
    pub objects: Vec<ObjectReport>,
    /// Accounts, in the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountReport>,
    /// What was changed in definitions, and why.
    pub changes: Vec<ChangeReport>,
    /// What was not carried, and why.
    pub left_out: Vec<LeftOut>,
    /// What the operator should know although nothing failed: whole sentences.
    pub notes: Vec<String>,
    /// What the comparison found, if there was one.
    pub verification: Option<VerificationReport>,
    /// What a repair did, or would do, if there was one.
    #[serde(default)]
    pub repair: Option<RepairReport>,
    /// Cutovers and rollbacks, with every step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<TurnRecord>,
    /// What happened when.
    pub timeline: Vec<Moment>,
    /// Why it failed, if it did.
    pub error: Option<FaultReport>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// It has not ended, or ended without a word (killed).
    #[default]
    Running,
    /// Everything asked for was done.
    Done,
    /// Everything compared is equal.
    Equal,
    /// Source and target differ.
    Different,
    /// No difference was found, but not everything could be compared.
    Unsettled,
    /// Some objects could not be carried, the rest was.
    Incomplete,
    /// It was refused: everything is as it was.
    Refused,
    /// It failed.
    Failed,
    /// It was stopped and can be gone on with.
    Interrupted,
}

/// One of the two servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerReport {
    /// Host and port, or the socket's path.
    pub address: String,
    /// Version as people say it, e.g. `MySQL 9.7.4`.
    pub version: String,
    /// The account we were logged in as, `user@host`.
    pub user: String,
    /// How the connection was protected, e.g. `TLSv1.3`; `None` when it was not.
    pub tls: Option<String>,
    /// Whether it is Azure Database for MySQL.
    pub azure: bool,
}

impl ServerReport {
    /// Describes a server by its facts.
    pub fn new(address: &Address, facts: &ServerFacts, tls: Option<String>) -> Self {
        Self {
            address: address.to_string(),
            version: facts.version.to_string(),
            user: facts.current_user.clone(),
            tls,
            azure: facts.is_azure(),
        }
    }
}

/// One table's rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableReport {
    /// Its name on the source.
    pub name: QualifiedName,
    /// Its name on the target, where it differs.
    pub target_name: Option<QualifiedName>,
    /// What became of it.
    pub result: TableResult,
    /// Rows on the target, by what the target took.
    pub rows: u64,
    /// Bytes sent to the target.
    pub bytes: u64,
}

/// What became of a table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableResult {
    /// Copied by this run.
    Copied,
    /// Copied by an earlier run; nothing was left to do.
    Present,
    /// Some of its rows, or none, are on the target.
    Unfinished,
    /// Compared and equal.
    Equal,
    /// Compared and different.
    Different,
}

/// One script of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectReport {
    /// What it makes.
    pub object: ObjectId,
    /// Which part of it.
    pub part: Part,
    /// What became of it.
    pub result: ObjectResult,
    /// Time it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// What became of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectResult {
    /// Executed by this run.
    Created,
    /// Found on the target.
    Present,
    /// Left out, as its script says.
    Skipped,
    /// Refused by the target, in its own words.
    Failed(String),
}

/// A change a definition needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeReport {
    /// Whose definition.
    pub object: ObjectId,
    /// The rewrite's name, e.g. `definer`.
    pub rewrite: String,
    /// Why it was needed: one sentence.
    pub reason: String,
}

/// An object that is not carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Which.
    pub object: ObjectId,
    /// On whose account.
    pub because: LeftOutBecause,
    /// Why: one sentence.
    pub reason: String,
}

/// On whose account an object is not carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftOutBecause {
    /// It cannot be carried exactly to this target.
    Refused,
    /// It does not work on the source either, e.g. a view of a dropped table.
    Broken,
    /// Its script says `skip`.
    Skipped,
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationReport {
    /// Tables whose rows were compared.
    pub tables: u64,
    /// Rows that were compared.
    pub rows: u64,
    /// Objects whose definitions were compared.
    pub objects: u64,
    /// What differs.
    pub differences: Vec<DifferenceReport>,
    /// Accounts that were compared.
    #[serde(default)]
    pub accounts: u64,
    /// Accounts that differ.
    #[serde(default)]
    pub accounts_differing: Vec<AccountDifference>,
    /// What could not be compared, and why: whole sentences.
    pub not_compared: Vec<String>,
    /// Rows of which it is not known whether they differ: `what` says how many and why.
    #[serde(default)]
    pub unsettled: Vec<DifferenceReport>,
    /// Who else wrote to migrated tables of the target; looked for where rows differ.
    #[serde(default)]
    pub strangers: Vec<Stranger>,
}

/// What a repair did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairReport {
    /// Whether it was done.
    pub done: bool,
    /// The tables that differed when the last comparison was made.
    pub tables: Vec<TableRepairReport>,
}

/// What a repair did, or would do, with a table's rows on the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRepairReport {
    /// Its name on the source.
    pub table: QualifiedName,
    /// Rows that are missing.
    pub insert: u64,
    /// Rows with other values.
    pub update: u64,
    /// Rows the source does not have.
    pub delete: u64,
    /// Some of them, each with what becomes of it: `insert id=7`.
    pub keys: Vec<String>,
    /// Rows that were left alone, because it is not known whether they differ.
    pub unsettled: u64,
    /// Rows that differ after it was done; at least so many.
    pub left: Option<u64>,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferenceReport {
    /// Which object.
    pub object: ObjectId,
    /// What differs about it, e.g. `row missing on the target`, `column note: default`.
    pub what: String,
    /// The source's state, if it can be shown.
    pub source: Option<String>,
    /// The target's state, if it can be shown.
    pub target: Option<String>,
    /// Keys of differing rows, as far as they are listed, each as `(col, …) = (value, …)`.
    pub keys: Vec<String>,
}

/// Something that happened at some instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// What: one line.
    pub what: String,
}

/// A fault as it is shown and stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultReport {
    /// The stable code.
    pub code: ErrorCode,
    /// The server it happened on, if one.
    pub side: Option<Side>,
    /// The object it is about.
    pub object: Option<String>,
    /// What happened.
    pub what: String,
    /// The cause's own words, its own causes joined to it.
    pub cause: Option<String>,
    /// What to do.
    pub remedy: String,
    /// The page about the code, from the root of the repository.
    pub page: String,
}

impl Report {
    /// A report of a command that begins now.
    pub fn begin(command: impl Into<String>, version: impl Into<String>, clock: &Clock) -> Self {
        Self {
            command: command.into(),
            version: version.into(),
            outcome: Conclusion::Running,
            begun: clock.now(),
            ended: None,
            source: None,
            target: None,
            plan: None,
            position: None,
            tables: Vec::new(),
            objects: Vec::new(),
            accounts: Vec::new(),
            changes: Vec::new(),
            left_out: Vec::new(),
            notes: Vec::new(),
            verification: None,
            repair: None,
            turns: Vec::new(),
            timeline: Vec::new(),
            error: None,
        }
    }

    /// Adds a line to the timeline.
    pub fn happened(&mut self, clock: &Clock, what: impl Into<String>) {
        let what = what.into();
        tracing::info!("{what}");
        self.timeline.push(Moment { at: clock.now(), what });
    }

    /// Adds a note once.
    pub fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            tracing::info!("note: {note}");
            self.notes.push(note);
        }
    }

    /// Ends the report with what became of the command.
    pub fn end(&mut self, clock: &Clock, result: Result<Conclusion, &Fault>) {
        self.ended = Some(clock.now());
        match result {
            Ok(conclusion) => self.outcome = conclusion,
            Err(fault) => {
                self.outcome = if fault.code == ErrorCode::Interrupted {
                    Conclusion::Interrupted
                } else {
                    Conclusion::Failed
                };
                self.error = Some(FaultReport::from(fault));
            }
        }
    }

    /// Rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// Bytes of all tables.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.tables.iter().map(|table| table.bytes).sum()
    }
}

impl From<&Fault> for FaultReport {
    fn from(fault: &Fault) -> Self {
        let mut cause: Option<String> = None;
        let mut next: Option<&(dyn Error + 'static)> = fault.source();
        while let Some(error) = next {
            let words = error.to_string();
            cause = Some(match cause {
                // Some errors already repeat their cause's words.
                Some(told) if told.ends_with(&words) => told,
                Some(told) => format!("{told}: {words}"),
                None => words,
            });
            next = error.source();
        }
        Self {
            code: fault.code,
            side: fault.side,
            object: fault.object.clone(),
            what: fault.what.clone(),
            cause,
            remedy: fault.remedy().to_owned(),
            page: format!("docs/errors/{}.md", fault.code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_an_interrupted_command_says_so_and_survives_json() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let mut report = Report::begin("run --offline", "0.1.0", &clock);
        report.happened(&clock, "began");
        report.note("once");
        report.note("once");
        let fault = Fault::new(ErrorCode::Interrupted, "stopped as asked");
        report.end(&clock, Err(&fault));
        assert_eq!(report.outcome, Conclusion::Interrupted);
        assert_eq!(report.notes.len(), 1);
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    }

    #[test]
    fn a_cause_told_twice_is_shown_once() {
        let cause = std::io::Error::other("disk full");
        let fault = Fault::new(ErrorCode::StateBroken, "write the journal").because(cause);
        let shown = FaultReport::from(&fault);
        assert_eq!(shown.cause.as_deref(), Some("disk full"));
        assert_eq!(shown.page, "docs/errors/SL0204.md");
    }
}
