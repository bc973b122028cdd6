//! What a server's binary log must be so that its changes can be followed, and what a login must be allowed for it.
//!
//! One list for `assess`, which names everything with its fix, and for a run, which refuses to begin.

use serde::{Deserialize, Serialize};

use crate::facts::{Flavor, ServerFacts};
use crate::grants::Grants;

/// A setting under which changes are lost, or cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The variable.
    pub name: &'static str,
    /// What it is.
    pub value: String,
    /// What that does.
    pub why: &'static str,
    /// What puts it right.
    pub remedy: Remedy,
}

/// What puts a setting right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// `SET GLOBAL` to this value.
    Set(&'static str),
    /// The same, and the application must connect anew: open sessions keep the old value.
    SetAndReconnect(&'static str),
    /// A restart, in words.
    Restart(&'static str),
}

/// How much of a row a server's log has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowImages {
    /// All of it: `binlog_row_image=FULL`.
    #[default]
    Whole,
    /// Of a row that is changed at least its key and what changed: `MINIMAL`, `NOBLOB`, MariaDB's `FULL_NODUP`.
    ///
    /// <https://dev.mysql.com/doc/refman/9.7/en/replication-options-binary-log.html#sysvar_binlog_row_image>
    InPart,
}

impl RowImages {
    /// What sessions of a server log unless they choose something else.
    #[must_use]
    pub fn of(facts: &ServerFacts) -> Self {
        match facts.variable("binlog_row_image") {
            Some(value) if !value.is_empty() && !value.eq_ignore_ascii_case("FULL") => Self::InPart,
            Some(_) | None => Self::Whole,
        }
    }
}

/// A privilege a login lacks to follow the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// The privilege, held on `*.*`.
    pub privilege: &'static str,
    /// What it cannot do without.
    pub why: &'static str,
}

/// Settings of a server that writes a binary log.
#[must_use]
pub fn unfit_settings(facts: &ServerFacts) -> Vec<Unfit> {
    let value = |name: &str| facts.variable(name).unwrap_or_default();
    let mut found = Vec::new();
    let mut tell = |name, why, remedy| {
        found.push(Unfit { name, value: value(name).to_owned(), why, remedy });
    };
    let format = value("binlog_format");
    if !format.is_empty() && !format.eq_ignore_ascii_case("ROW") {
        tell("binlog_format", "rows are not logged whole", Remedy::SetAndReconnect("ROW"));
    }
    let is_in_part =
        value("binlog_row_value_options").to_ascii_uppercase().contains("PARTIAL_JSON");
    if is_in_part && RowImages::of(facts) == RowImages::InPart {
        let why = "JSON values are not logged whole, nor what they were before";
        tell("binlog_row_value_options", why, Remedy::SetAndReconnect(""));
    }
    if value("server_id") == "0" {
        tell("server_id", "it serves no replicas", Remedy::Set("1"));
    }
    if facts.is_on("binlog_alter_two_phase") {
        let why = "ALTER TABLE is logged in two parts";
        tell("binlog_alter_two_phase", why, Remedy::SetAndReconnect("OFF"));
    }
    if !value("binlog_storage_engine").is_empty() {
        let restart = "restart it without --binlog-storage-engine";
        let why = "the log lies in a storage engine, which is not read yet";
        tell("binlog_storage_engine", why, Remedy::Restart(restart));
    }
    found
}

/// The setting by which rows are logged in part, for whom that is not enough.
#[must_use]
pub fn images_in_part(facts: &ServerFacts) -> Option<Unfit> {
    let name = "binlog_row_image";
    (RowImages::of(facts) == RowImages::InPart).then(|| Unfit {
        name,
        value: facts.variable(name).unwrap_or_default().to_owned(),
        why: "rows are not logged whole",
        remedy: Remedy::SetAndReconnect("FULL"),
    })
}

/// To follow, to ask for the log's end, and without GTIDs to ask what is visible.
#[must_use]
pub fn lacking_privileges(facts: &ServerFacts) -> Vec<Lacking> {
    let grants = Grants::read(&facts.grants);
    let held = |any: &[&str]| any.iter().any(|privilege| grants.everywhere(privilege));
    let mut lacking = Vec::new();
    let mut lacks = |privilege, why| lacking.push(Lacking { privilege, why });
    if !held(&["REPLICATION SLAVE", "REPLICATION REPLICA"]) {
        lacks("REPLICATION SLAVE", "it may not read the binary log");
    }
    match facts.version.flavor {
        Flavor::MySql => {
            if !held(&["REPLICATION CLIENT"]) {
                lacks("REPLICATION CLIENT", "it may not ask where the log ends");
            }
            let tells_visible = has_gtids(facts)
                || !facts.version.is_mysql_at_least(8, 0, 0)
                || held(&["BACKUP_ADMIN"]);
            if !tells_visible {
                lacks("BACKUP_ADMIN", "without GTIDs it may not ask what a read sees");
            }
        }
        Flavor::MariaDb => {
            if !held(&["BINLOG MONITOR", "REPLICATION CLIENT"]) {
                lacks("BINLOG MONITOR", "it may not ask where the log ends");
            }
        }
    }
    lacking
}

/// Whether nothing a MySQL has tells what a read sees: it has no GTIDs and is older than 8.0.
#[must_use]
pub fn cannot_tell_visible(facts: &ServerFacts) -> bool {
    facts.version.flavor == Flavor::MySql
        && !has_gtids(facts)
        && !facts.version.is_mysql_at_least(8, 0, 0)
}

/// Whether what a replica receives goes into its own log. The variable has two names.
#[must_use]
pub fn logs_what_it_receives(facts: &ServerFacts) -> bool {
    facts.is_on("log_replica_updates") || facts.is_on("log_slave_updates")
}

fn has_gtids(facts: &ServerFacts) -> bool {
    facts.variable("gtid_mode") == Some("ON")
}
