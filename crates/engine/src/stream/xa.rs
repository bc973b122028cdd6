//! Transactions between `XA PREPARE` and their end: nobody sees their rows until `XA COMMIT`.
//!
//! Their rows are kept in memory and handed out as the transaction that commits them, in pieces if it is large. Until
//! then the positions
//! handed out say that they are to be read again, so that whoever goes on from there (another process too) is sent
//! their rows once more: MySQL's GTIDs leave them out of the set, elsewhere [`LogPosition::since`] names the place
//! where the oldest of them begins.

use sealift_mysql::binlog::{Gtid, LogPosition, TransactionId};
use sealift_schema::facts::Side;

use super::transaction::Change;
use crate::fault::{ErrorCode, Fault};

/// Bytes of rows that are kept of one transaction. It is known by its first event, so nothing of it is handed out before.
pub(super) const ONE_BYTES_MAX: usize = 64 << 20;

/// Bytes of rows that are kept of prepared transactions, all together: half of what a run may take.
const KEPT_BYTES_MAX: usize = 256 << 20;

/// A prepared transaction.
#[derive(Debug)]
struct Prepared {
    xid: String,
    id: TransactionId,
    changes: Vec<Change>,
    bytes: usize,
}

/// What a prepared transaction did, now that it has ended: nothing if it was rolled back.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) xid: String,
    pub(super) changes: Vec<Change>,
    pub(super) bytes: usize,
}

/// Prepared transactions, the oldest first.
#[derive(Debug, Default)]
pub(super) struct PreparedXa {
    transactions: Vec<Prepared>,
}

impl PreparedXa {
    /// Keeps a transaction until it ends.
    pub(super) fn add(
        &mut self,
        xid: String,
        id: TransactionId,
        (changes, bytes): (Vec<Change>, usize),
    ) -> Result<(), Fault> {
        self.check_room(&id, bytes)?;
        self.transactions.retain(|prepared| prepared.xid != xid);
        self.transactions.push(Prepared { xid, id, changes, bytes });
        Ok(())
    }

    /// Refuses a transaction that has changed so much by now.
    pub(super) fn check_room(&self, id: &TransactionId, bytes: usize) -> Result<(), Fault> {
        let kept: usize = self.transactions.iter().map(|prepared| prepared.bytes).sum();
        if bytes > ONE_BYTES_MAX || kept + bytes > KEPT_BYTES_MAX {
            return Err(too_large(id));
        }
        Ok(())
    }

    /// Ends a transaction by its `XA COMMIT` or `XA ROLLBACK`. `None`: its rows were not seen.
    pub(super) fn end(&mut self, sql: &[u8]) -> Option<Ended> {
        let text = std::str::from_utf8(sql).unwrap_or_default();
        let named = xid(text);
        let at = self.transactions.iter().position(|prepared| prepared.xid == named)?;
        let Prepared { xid, changes, bytes, .. } = self.transactions.remove(at);
        let is_commit = text.get(..9).is_some_and(|verb| verb.eq_ignore_ascii_case("XA COMMIT"));
        let (changes, bytes) = if is_commit { (changes, bytes) } else { (Vec::new(), 0) };
        Some(Ended { xid, changes, bytes })
    }

    /// A position from which the transactions that are still prepared come again.
    pub(super) fn left_out_of(&self, mut position: LogPosition) -> LogPosition {
        position.since = None;
        for Prepared { id, .. } in &self.transactions {
            match (&id.gtid, &mut position.gtids) {
                (Some(gtid @ Gtid::MySql { .. }), Some(gtids)) => gtids.remove(gtid),
                (Some(_) | None, _) if position.since.is_none() => {
                    position.since = Some(Box::new(id.beginning(&position.server)));
                }
                (Some(_) | None, _) => {}
            }
        }
        position
    }

    /// The log is opened again from such a position: they come again.
    pub(super) fn forget(&mut self) {
        self.transactions.clear();
    }
}

/// The name in `XA COMMIT X'…',X'…',1`, which may end in `ONE PHASE`.
fn xid(sql: &str) -> &str {
    let name = sql.find("X'").and_then(|at| sql.get(at..)).unwrap_or_default();
    name.trim_end_matches("ONE PHASE").trim()
}

/// A prepared transaction is more than is kept in memory.
fn too_large(id: &TransactionId) -> Fault {
    let what = "a transaction was prepared by XA that changed more than is kept until it ends";
    refused(what, id).advise(
        "let XA transactions change fewer rows at a time (64 MiB each, 256 MiB together); then begin anew with --restart",
    )
}

fn refused(what: &str, id: &TransactionId) -> Fault {
    Fault::new(ErrorCode::LogUnreadable, what).on(Side::Source).about(format!("transaction {id}"))
}

/// The parts of a transaction's changes, each of about so many bytes.
pub(super) fn parts(changes: Vec<Change>, part_bytes: usize) -> Vec<Vec<Change>> {
    let (mut parts, mut bytes) = (vec![Vec::new()], 0);
    for change in changes {
        if bytes >= part_bytes {
            parts.push(Vec::new());
            bytes = 0;
        }
        bytes += change.rows.data.len();
        if let Some(part) = parts.last_mut() {
            part.push(change);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0f1b2c3d-0000-11ee-8000-0242ac120002";

    fn id(gtid: Option<&str>, begin: u64) -> TransactionId {
        let gtid = gtid.map(|text| text.parse().unwrap());
        TransactionId { gtid, file: "binlog.000001".into(), begin }
    }

    fn at(offset: u64, gtids: Option<&str>) -> LogPosition {
        let gtids = gtids.map(|text| text.parse().unwrap());
        let (server, file) = ("s".into(), "binlog.000001".into());
        LogPosition { server, file, offset, gtids, since: None }
    }

    #[test]
    fn a_position_by_gtids_holds_a_prepared_transaction_once_it_has_ended() {
        let at = |gtids: &str| at(900, Some(&format!("{A}:{gtids}")));
        let mut prepared = PreparedXa::default();
        let name = "X'61',X'',1";
        prepared.add(name.into(), id(Some(&format!("{A}:3")), 4), (Vec::new(), 0)).unwrap();
        assert_eq!(prepared.left_out_of(at("1-5")), at("1-2:4-5"));
        assert!(prepared.end(b"XA COMMIT X'62',X'',1").is_none(), "another one");
        assert!(prepared.end(format!("XA ROLLBACK {name}").as_bytes()).is_some());
        assert_eq!(prepared.left_out_of(at("1-6")), at("1-6"));
    }

    #[test]
    fn a_position_by_place_names_the_beginning_of_the_oldest_prepared_transaction() {
        for (gtids, first, second) in
            [(None, None, None), (Some("0-1-9"), Some("0-1-3"), Some("0-1-7"))]
        {
            let mut prepared = PreparedXa::default();
            prepared.add("X'61',X'',1".into(), id(first, 300), (Vec::new(), 0)).unwrap();
            prepared.add("X'62',X'',1".into(), id(second, 700), (Vec::new(), 0)).unwrap();
            let since = |offset| Some(Box::new(super::tests::at(offset, None)));
            let found = prepared.left_out_of(at(900, gtids));
            assert_eq!(found, LogPosition { since: since(300), ..at(900, gtids) });
            prepared.end(b"XA COMMIT X'61',X'',1").unwrap();
            assert_eq!(prepared.left_out_of(found).since, since(700));
            prepared.end(b"XA COMMIT X'62',X'',1 ONE PHASE").unwrap();
            assert_eq!(prepared.left_out_of(at(900, gtids)), at(900, gtids));
        }
    }

    #[test]
    fn no_more_is_kept_than_fits() {
        let mut prepared = PreparedXa::default();
        let fault = prepared.check_room(&id(None, 4), ONE_BYTES_MAX + 1).unwrap_err();
        assert_eq!(fault.code, ErrorCode::LogUnreadable);
        for at in 0..4 {
            let changed = (Vec::new(), KEPT_BYTES_MAX / 4);
            prepared.add(at.to_string(), id(None, 4 + at), changed).unwrap();
        }
        let fault = prepared.add("b".into(), id(None, 9), (Vec::new(), 1)).unwrap_err();
        assert_eq!(fault.code, ErrorCode::LogUnreadable);
    }
}
