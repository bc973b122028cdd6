//! From events to transactions.

use std::collections::VecDeque;
use std::sync::Arc;

use sealift_mysql::binlog::{
    Begin, BinlogStream, Event, LogPosition, Outcome, Query, RawRows, RowsError, RowsEvent,
    RowsHead, TransactionId,
};
use sealift_schema::facts::Side;

use super::again::{Again, Read};
use super::statement::{Statement, StatementKind};
use super::tables::Tables;
use super::transaction::{Change, Item, Piece, Transaction};
use super::xa::{self, Ended, PreparedXa};
use crate::family::LOG_WHOLE_ROWS;
use crate::fault::{ErrorCode, Fault};

/// Collects a transaction's events until it ends.
pub(super) struct Assembly {
    tables: Tables,
    piece_bytes: usize,
    open: Option<Open>,
    prepared: PreparedXa,
    /// The rest of a transaction that comes in pieces though it was kept.
    rest: VecDeque<Item>,
    /// What is read a second time, while it is.
    again: Option<Again>,
}

/// A transaction that has not ended yet.
struct Open {
    begin: Begin,
    changes: Vec<Change>,
    bytes: usize,
    /// Whether pieces of it were handed out.
    in_pieces: bool,
    definition: Option<Query>,
    /// Whether it may end by being prepared.
    is_xa: bool,
    /// The name under which it was prepared.
    xid: Option<String>,
}

impl Assembly {
    pub(super) fn new(tables: Tables, piece_bytes: usize) -> Self {
        let prepared = PreparedXa::default();
        let rest = VecDeque::new();
        Self { tables, piece_bytes, open: None, prepared, rest, again: None }
    }

    pub(super) fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The log is opened for what follows a position, and for what that one wants read again.
    pub(super) fn opened(&mut self, at: &LogPosition) {
        self.again = at.since.is_some().then(|| Again::new(at.clone()));
    }

    /// What was completed and not handed out yet; before the next event is taken in.
    pub(super) fn rest(&mut self) -> Option<Item> {
        self.rest.pop_front()
    }

    /// Forgets what has not ended: its connection is lost. Whether pieces of it were handed out.
    pub(super) fn forget(&mut self) -> bool {
        self.tables.forget_maps();
        self.prepared.forget();
        self.open.take().is_some_and(|open| open.in_pieces)
    }

    /// Takes the next event in; hands out what it completes.
    pub(super) fn take(&mut self, event: Event, log: &BinlogStream) -> Result<Option<Item>, Fault> {
        let Some(again) = &mut self.again else { return self.take_new(event, log) };
        match again.take(event, log.position(), &self.tables) {
            Read::New(event) => self.take_new(event, log),
            Read::Known => Ok(None),
            Read::Prepared(events) => {
                for event in events {
                    self.take_new(event, log)?;
                }
                Ok(None)
            }
            Read::Unannounced(id) => Err(unannounced(&id)),
            Read::Ended(sql) => {
                // It may have been prepared before the place that is read from.
                drop(self.prepared.end(&sql));
                Ok(None)
            }
        }
    }

    fn take_new(&mut self, event: Event, log: &BinlogStream) -> Result<Option<Item>, Fault> {
        match event {
            Event::Begin(begin) => {
                self.open = Some(Open::new(begin));
                Ok(None)
            }
            Event::Xa => {
                if let Some(open) = &mut self.open {
                    open.is_xa = true;
                }
                Ok(None)
            }
            Event::TableMap(RawRows { body, .. }) => {
                self.tables.map(&body).map_err(|fault| self.at(fault)).map(|()| None)
            }
            Event::Rows(rows) => self.rows(&rows).map_err(|fault| self.at(fault)),
            Event::Query(query) => self.query(query).map_err(|fault| self.at(fault)).map(|()| None),
            Event::End(end) => self.end(end.outcome, log.position().clone()),
            Event::Idle(_place) => {
                Ok(Some(Item::Idle(self.prepared.left_out_of(log.position().clone()))))
            }
        }
    }

    fn rows(&mut self, raw: &RawRows) -> Result<Option<Item>, Fault> {
        let head = RowsHead::read(raw.type_code, &raw.body).map_err(unreadable)?;
        let Some(id) = head.table else { return Ok(None) };
        let Some(known) = self.tables.of(id)? else { return Ok(None) };
        let table = known.table;
        let rows = RowsEvent::read(raw.type_code, &raw.body, Arc::clone(&known.map), &known.shape)
            .map_err(unreadable)?;
        let Some(open) = &mut self.open else {
            let what = "rows outside a transaction";
            return Err(Fault::new(ErrorCode::LogUnreadable, what).on(Side::Source));
        };
        open.bytes += rows.data.len();
        open.changes.push(Change { table, rows });
        if open.is_xa {
            return self.prepared.check_room(&open.begin.id, open.bytes).map(|()| None);
        }
        if open.bytes < self.piece_bytes || open.definition.is_some() {
            return Ok(None);
        }
        open.in_pieces = true;
        open.bytes = 0;
        Ok(Some(Item::Piece(Piece {
            id: open.begin.id.clone(),
            committed_at: open.begin.committed_at,
            changes: std::mem::take(&mut open.changes),
            end: None,
            xid: None,
        })))
    }

    fn query(&mut self, query: Query) -> Result<(), Fault> {
        let refuse = |what: &str, advice: &str| {
            let sql: String = String::from_utf8_lossy(&query.sql).chars().take(120).collect();
            Err(Fault::new(ErrorCode::LogUnreadable, format!("{what}: {sql}"))
                .on(Side::Source)
                .advise(advice))
        };
        match StatementKind::of(&query.sql) {
            StatementKind::Passing => Ok(()),
            StatementKind::Rows => refuse(
                "rows were changed by a session with binlog_format other than ROW",
                "set binlog_format=ROW for all sessions, then begin anew with --restart",
            ),
            StatementKind::PartlyRolledBack => refuse(
                "a transaction took a part back after it had changed tables without transactions",
                "copy the tables it changed again: begin anew with --restart",
            ),
            StatementKind::Prepared => match self.prepared.end(&query.sql) {
                Some(Ended { xid, changes, bytes }) => {
                    if let Some(open) = &mut self.open {
                        (open.changes, open.bytes, open.xid) = (changes, bytes, Some(xid));
                    }
                    Ok(())
                }
                None => refuse(
                    "a prepared transaction ended whose rows were not seen",
                    "let all XA transactions end, then begin anew with --restart",
                ),
            },
            StatementKind::Definition => {
                if let Some(open) = &mut self.open {
                    open.definition = Some(query);
                }
                Ok(())
            }
        }
    }

    fn end(&mut self, outcome: Outcome, end: LogPosition) -> Result<Option<Item>, Fault> {
        let Some(open) = self.open.take() else { return Ok(None) };
        let Open { begin, changes, bytes, in_pieces, definition, is_xa: _, xid } = open;
        let touched = in_pieces || !changes.is_empty();
        match outcome {
            Outcome::Committed => {}
            Outcome::RolledBack if !touched => {}
            // It comes again if it was handed out in part, and is found abandoned again: nobody saw it.
            Outcome::Abandoned if in_pieces => return Ok(Some(Item::BrokenOff)),
            Outcome::Abandoned => {
                return Ok(Some(Item::Idle(self.prepared.left_out_of(end))));
            }
            Outcome::Prepared { .. } if in_pieces => return Err(unannounced(&begin.id)),
            Outcome::Prepared { xid } => {
                let begun_at = begin.id;
                self.prepared.add(xid, begun_at, (changes, bytes))?;
                return Ok(Some(Item::Idle(self.prepared.left_out_of(end))));
            }
            Outcome::RolledBack => {
                let what = "a transaction that changed migrated tables was rolled back with parts that \
                            could not be";
                return Err(Fault::new(ErrorCode::LogUnreadable, what)
                    .on(Side::Source)
                    .about(format!("transaction {}", begin.id))
                    .advise("begin anew with --restart"));
            }
        }
        let end = self.prepared.left_out_of(end);
        let Begin { id, committed_at, .. } = begin;
        Ok(Some(if let Some(query) = definition {
            Item::Statement(Box::new(Statement { id, end, query, changes }))
        } else if in_pieces {
            Item::Piece(Piece { id, committed_at, changes, end: Some(end), xid: None })
        } else if bytes > self.piece_bytes {
            let mut end = Some(end);
            // Only the last one has an end, so they are made from there.
            for changes in xa::parts(changes, self.piece_bytes).into_iter().rev() {
                let (id, xid) = (id.clone(), xid.clone());
                let piece = Piece { id, committed_at, changes, end: end.take(), xid };
                self.rest.push_front(Item::Piece(piece));
            }
            return Ok(self.rest());
        } else {
            Item::Transaction(Transaction { id, end, committed_at, changes, bytes, xid })
        }))
    }

    /// Adds where the trouble is.
    fn at(&self, fault: Fault) -> Fault {
        match &self.open {
            Some(open) if fault.object.is_none() => {
                fault.about(format!("transaction {}", open.begin.id))
            }
            Some(_) | None => fault,
        }
    }
}

impl Open {
    fn new(begin: Begin) -> Self {
        Self {
            begin,
            changes: Vec::new(),
            bytes: 0,
            in_pieces: false,
            definition: None,
            is_xa: false,
            xid: None,
        }
    }
}

/// A transaction was prepared that had not begun as one of XA.
fn unannounced(id: &TransactionId) -> Fault {
    let what = "a transaction was prepared by XA whose first event did not say so";
    Fault::new(ErrorCode::LogUnreadable, what).on(Side::Source).about(format!("transaction {id}"))
}

fn unreadable(error: RowsError) -> Fault {
    let advice = match &error {
        RowsError::PartialJson => Some(
            "on the source: SET GLOBAL binlog_row_value_options='', or binlog_row_image='FULL'; end its sessions, \
             then begin anew with --restart",
        ),
        RowsError::PartialImage { .. } => Some(LOG_WHOLE_ROWS),
        RowsError::OtherEvent(_)
        | RowsError::OtherTable { .. }
        | RowsError::Malformed(_)
        | RowsError::Image { .. } => None,
    };
    let fault = Fault::new(ErrorCode::LogUnreadable, "read changed rows").on(Side::Source);
    let fault = fault.because(error);
    match advice {
        Some(advice) => fault.advise(advice),
        None => fault,
    }
}
