//! Transactions between `XA PREPARE` and their end: nobody sees their rows until `XA COMMIT`.
//!
//! Their rows are kept in memory and handed out as the transaction that commits them. Until then the positions
//! handed out leave the prepared transactions out, so that whoever goes on from there (another process too) is
//! sent their rows again. Only MySQL's GTIDs can do that; a file and an offset stand for all before them.

use std::collections::BTreeMap;

use sealift_mysql::binlog::{Gtid, LogPosition, TransactionId};
use sealift_schema::facts::Side;

use super::transaction::Change;
use crate::fault::{ErrorCode, Fault};

/// Bytes of rows that are kept of prepared transactions, all together.
const KEPT_BYTES_MAX: usize = 64 << 20;

/// A prepared transaction: which one it is, what it did, and how many bytes that is.
type Prepared = (TransactionId, Vec<Change>, usize);

/// Prepared transactions by name.
#[derive(Debug, Default)]
pub(super) struct PreparedXa {
    transactions: BTreeMap<String, Prepared>,
}

impl PreparedXa {
    /// Keeps a transaction until it ends.
    pub(super) fn add(&mut self, xid: String, prepared: Prepared) -> Result<(), Fault> {
        let (id, changes, bytes) = &prepared;
        let kept: usize = self.transactions.values().map(|(.., bytes)| bytes).sum();
        if !changes.is_empty() && !comes_again(id) {
            let what = "a transaction that changed migrated tables was prepared by XA, and the source has no \
                        GTIDs by which its rows could be asked for again";
            return Err(refused(what, id)
                .advise("set gtid_mode=ON, or let no XA transaction change migrated tables; then begin anew with --restart"));
        }
        if kept + bytes > KEPT_BYTES_MAX {
            return Err(too_large(id));
        }
        self.transactions.insert(xid, prepared);
        Ok(())
    }

    /// Ends a transaction by its `XA COMMIT` or `XA ROLLBACK`: what it did, nothing if it was rolled back.
    /// `None`: its rows were not seen.
    pub(super) fn end(&mut self, sql: &[u8]) -> Option<(Vec<Change>, usize)> {
        let text = std::str::from_utf8(sql).unwrap_or_default();
        let (_, changes, bytes) = self.transactions.remove(xid(text))?;
        let is_commit = text.get(..9).is_some_and(|verb| verb.eq_ignore_ascii_case("XA COMMIT"));
        Some(if is_commit { (changes, bytes) } else { (Vec::new(), 0) })
    }

    /// A position without the transactions that are still prepared.
    pub(super) fn left_out_of(&self, mut position: LogPosition) -> LogPosition {
        if let Some(gtids) = &mut position.gtids {
            let prepared = self.transactions.values().filter_map(|(id, ..)| id.gtid.as_ref());
            prepared.for_each(|gtid| gtids.remove(gtid));
        }
        position
    }

    /// The log is opened again from such a position: those that were left out of it come again.
    pub(super) fn forget(&mut self) {
        self.transactions.retain(|_, (id, ..)| !comes_again(id));
    }
}

fn comes_again(id: &TransactionId) -> bool {
    matches!(id.gtid, Some(Gtid::MySql { .. }))
}

/// The name in `XA COMMIT X'…',X'…',1`, which may end in `ONE PHASE`.
fn xid(sql: &str) -> &str {
    let name = sql.find("X'").and_then(|at| sql.get(at..)).unwrap_or_default();
    name.trim_end_matches("ONE PHASE").trim()
}

/// A prepared transaction is more than is kept in memory.
pub(super) fn too_large(id: &TransactionId) -> Fault {
    let what = "a transaction was prepared by XA that changed more than is kept until it ends";
    refused(what, id).advise(
        "let XA transactions change fewer rows at a time (8 MiB each, 64 MiB together); then begin anew with --restart",
    )
}

fn refused(what: &str, id: &TransactionId) -> Fault {
    Fault::new(ErrorCode::LogUnreadable, what).on(Side::Source).about(format!("transaction {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0f1b2c3d-0000-11ee-8000-0242ac120002";

    fn id(gtid: Option<String>) -> TransactionId {
        let gtid = gtid.map(|text| text.parse().unwrap());
        TransactionId { gtid, file: "binlog.000001".into(), begin: 4 }
    }

    #[test]
    fn a_position_holds_a_prepared_transaction_once_it_has_ended() {
        let at = |gtids: &str| LogPosition {
            server: "s".into(),
            file: "binlog.000001".into(),
            offset: 900,
            gtids: Some(format!("{A}:{gtids}").parse().unwrap()),
        };
        let mut prepared = PreparedXa::default();
        let name = "X'61',X'',1";
        prepared.add(name.into(), (id(Some(format!("{A}:3"))), Vec::new(), 0)).unwrap();
        assert_eq!(prepared.left_out_of(at("1-5")), at("1-2:4-5"));
        assert!(prepared.end(b"XA COMMIT X'62',X'',1").is_none(), "another one");
        assert!(prepared.end(format!("XA ROLLBACK {name}").as_bytes()).is_some());
        assert_eq!(prepared.left_out_of(at("1-6")), at("1-6"));
    }

    #[test]
    fn what_comes_again_is_forgotten_with_the_connection() {
        let mut prepared = PreparedXa::default();
        prepared.add("X'61',X'',1".into(), (id(Some(format!("{A}:3"))), Vec::new(), 0)).unwrap();
        prepared.add("X'62',X'',1".into(), (id(None), Vec::new(), 0)).unwrap();
        prepared.forget();
        assert!(prepared.end(b"XA COMMIT X'61',X'',1").is_none());
        assert!(prepared.end(b"XA COMMIT X'62',X'',1 ONE PHASE").is_some());
    }

    #[test]
    fn no_more_is_kept_than_fits() {
        let mut prepared = PreparedXa::default();
        prepared.add("a".into(), (id(None), Vec::new(), KEPT_BYTES_MAX)).unwrap();
        let fault = prepared.add("b".into(), (id(None), Vec::new(), 1)).unwrap_err();
        assert_eq!(fault.code, ErrorCode::LogUnreadable);
    }
}
