//! Where a transaction lies in a log, and how far a log was read, applied or visible.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::gtid::Gtid;
use super::gtid_set::GtidSet;

/// A moment of a server, by its binary log: everything before it is in, nothing after it.
///
/// On MySQL with GTIDs the set decides alone, and `file` may be empty (a set that was asked for has no place in
/// the log). Elsewhere file and offset decide, and hold on this server only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPosition {
    /// `server_uuid`, or what stands for it on MariaDB: file and offset mean nothing elsewhere.
    pub server: String,
    /// Binary log file; empty when only the GTIDs are known.
    pub file: String,
    /// Offset in it, at the end of a transaction.
    pub offset: u64,
    /// GTIDs executed (MariaDB: the last of each domain) where the server keeps them for every transaction.
    pub gtids: Option<GtidSet>,
    /// Where the log is to be read from, to see again the rows of transactions that XA had prepared by then and not
    /// ended. `None`: nothing is wanted of what lies within this position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Box<Self>>,
}

/// What tells a transaction from all others, known as soon as it begins.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TransactionId {
    /// Its GTID, if it has one.
    pub gtid: Option<Gtid>,
    /// The file it lies in.
    pub file: Arc<str>,
    /// The offset it begins at.
    pub begin: u64,
}

impl LogPosition {
    /// Whether a transaction of the same server is in.
    #[must_use]
    pub fn contains(&self, transaction: &TransactionId) -> bool {
        let TransactionId { gtid, file, begin } = transaction;
        match (&self.gtids, gtid) {
            (Some(set), Some(gtid @ Gtid::MySql { .. })) => set.contains(gtid),
            // A position lies between transactions: one that begins before it ends before it.
            (Some(_) | None, Some(_) | None) => {
                compare(file, *begin, &self.file, self.offset) == Some(Ordering::Less)
            }
        }
    }

    /// Whether everything the other one holds is in: false also when that cannot be told.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (&self.gtids, &other.gtids) {
            (Some(ours), Some(theirs)) if ours.is_mysql() && theirs.is_mysql() => {
                theirs.is_subset(ours)
            }
            (Some(ours), Some(theirs)) if self.server != other.server => theirs.is_subset(ours),
            (Some(_) | None, Some(_) | None) => {
                self.server == other.server
                    && compare(&other.file, other.offset, &self.file, self.offset)
                        .is_some_and(Ordering::is_le)
            }
        }
    }
}

impl TransactionId {
    /// The place it begins at, as a position of a server.
    #[must_use]
    pub fn beginning(&self, server: &str) -> LogPosition {
        LogPosition {
            server: server.to_owned(),
            file: self.file.to_string(),
            offset: self.begin,
            gtids: None,
            since: None,
        }
    }
}

/// Files are numbered: `binlog.000009` comes before `binlog.000010`, `binlog.999999` before `binlog.1000000`. Files
/// of another name belong to another log.
fn compare(file: &str, offset: u64, other: &str, other_offset: u64) -> Option<Ordering> {
    let (name, number) = numbered(file)?;
    let (other_name, other_number) = numbered(other)?;
    (name == other_name).then(|| (number, offset).cmp(&(other_number, other_offset)))
}

fn numbered(file: &str) -> Option<(&str, u64)> {
    let (name, number) = file.rsplit_once('.')?;
    Some((name, number.parse().ok()?))
}

/// For people: file and offset, and the GTIDs.
impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.gtids, self.file.is_empty()) {
            (Some(set), true) => write!(f, "GTID set {set}"),
            (Some(set), false) => write!(f, "{}:{} (GTID set {set})", self.file, self.offset),
            (None, _) => write!(f, "{}:{}", self.file, self.offset),
        }
    }
}

/// For people: the GTID if there is one, else the place.
impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.gtid {
            Some(gtid) => write!(f, "{gtid} at {}:{}", self.file, self.begin),
            None => write!(f, "{}:{}", self.file, self.begin),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0f1b2c3d-0000-11ee-8000-0242ac120002";

    fn at(file: &str, offset: u64, gtids: Option<&str>) -> LogPosition {
        let gtids = gtids.map(|text| text.parse().unwrap());
        LogPosition { server: "one".to_owned(), file: file.to_owned(), offset, gtids, since: None }
    }

    fn transaction(file: &str, begin: u64, gtid: Option<&str>) -> TransactionId {
        TransactionId { gtid: gtid.map(|text| text.parse().unwrap()), file: file.into(), begin }
    }

    #[test]
    fn without_gtids_the_place_decides() {
        let position = at("binlog.000010", 500, None);
        for (file, begin, is_in) in [
            ("binlog.000010", 499, true),
            ("binlog.000010", 500, false),
            ("binlog.000009", 9000, true),
            ("binlog.000011", 4, false),
            ("binlog.999", 4, false),
            ("other.000001", 4, false),
            ("", 0, false),
        ] {
            assert_eq!(position.contains(&transaction(file, begin, None)), is_in, "{file}:{begin}");
        }
        assert!(at("binlog.1000000", 4, None).covers(&at("binlog.999999", 9999, None)));
        assert!(!at("binlog.999999", 9999, None).covers(&at("binlog.1000000", 4, None)));
    }

    #[test]
    fn on_mysql_the_gtids_decide_wherever_they_lie() {
        let gtids = format!("{A}:1-5");
        let position = at("", 0, Some(&gtids));
        let of = |number: u32| Some(format!("{A}:{number}"));
        assert!(position.contains(&transaction("binlog.000003", 99, of(5).as_deref())));
        assert!(!position.contains(&transaction("binlog.000001", 4, of(6).as_deref())));
        // A transaction without one is not known to be in.
        assert!(!position.contains(&transaction("binlog.000001", 4, None)));
        let elsewhere = LogPosition { server: "two".to_owned(), ..at("b.1", 9, Some(&gtids)) };
        assert!(position.covers(&elsewhere) && elsewhere.covers(&position));
        assert!(!position.covers(&at("", 0, Some(&format!("{A}:1-6")))));
        assert!(position.covers(&at("", 0, Some(""))));
    }

    #[test]
    fn on_mariadb_the_place_decides_on_one_server_and_gtids_between_servers() {
        // Sequence numbers of a domain may come out of order, places do not.
        let position = at("b.000002", 100, Some("0-1-10"));
        assert!(position.contains(&transaction("b.000002", 50, Some("0-2-11"))));
        assert!(!position.contains(&transaction("b.000002", 100, Some("0-1-9"))));
        let elsewhere =
            LogPosition { server: "two".to_owned(), ..at("b.000001", 4, Some("0-1-9")) };
        assert!(position.covers(&elsewhere));
        assert!(!elsewhere.covers(&position));
    }

    #[test]
    fn a_position_of_another_server_covers_nothing() {
        let ours = at("b.000002", 100, None);
        let theirs = LogPosition { server: "two".to_owned(), ..at("b.000001", 4, None) };
        assert!(!ours.covers(&theirs));
    }

    #[test]
    fn a_position_is_readable_where_it_is_kept() {
        let position = at("binlog.000003", 157, Some(&format!("{A}:1-5")));
        let json = serde_json::to_string(&position).unwrap();
        assert_eq!(
            json,
            format!(r#"{{"server":"one","file":"binlog.000003","offset":157,"gtids":"{A}:1-5"}}"#)
        );
        assert_eq!(serde_json::from_str::<LogPosition>(&json).unwrap(), position);
        assert_eq!(position.to_string(), format!("binlog.000003:157 (GTID set {A}:1-5)"));
    }
}
