//! From events to transactions.

use std::sync::Arc;

use sealift_mysql::binlog::{
    Begin, BinlogStream, Event, LogPosition, Outcome, Query, RawRows, RowsError, RowsEvent,
    RowsHead,
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
    /// The name under which it was prepared.
    xid: Option<String>,
}

impl Assembly {
    pub(super) fn new(tables: Tables, piece_bytes: usize) -> Self {
        let prepared = PreparedXa::default();
        Self { tables, piece_bytes, open: None, prepared, again: None }
    }

    pub(super) fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The log is opened for what follows a position, and for what that one wants read again.
    pub(super) fn opened(&mut self, at: &LogPosition) {
        self.again = at.since.is_some().then(|| Again::new(at.clone()));
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
        // What was kept the first time must be the second.
        let bytes_max = 2 * self.piece_bytes;
        match again.take(event, log.position(), &self.tables, bytes_max) {
            Read::New(event) => self.take_new(event, log),
            Read::Known => Ok(None),
            Read::Prepared(events) => {
                for event in events {
                    self.take_new(event, log)?;
                }
                Ok(None)
            }
            Read::TooLarge => {
                let what = "a transaction prepared by XA is larger than when it was read before";
                Err(Fault::new(ErrorCode::LogUnreadable, what).on(Side::Source))
            }
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
        let Open { begin, changes, bytes, in_pieces, definition, xid } = open;
        let touched = in_pieces || !changes.is_empty();
        match outcome {
            Outcome::Committed => {}
            Outcome::RolledBack if !touched => {}
            // It comes again if it was handed out in part, and is found abandoned again: nobody saw it.
            Outcome::Abandoned if in_pieces => return Ok(Some(Item::BrokenOff)),
            Outcome::Abandoned => {
                return Ok(Some(Item::Idle(self.prepared.left_out_of(end))));
            }
            Outcome::Prepared { .. } if in_pieces => return Err(xa::too_large(&begin.id)),
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
            Item::Piece(Piece { id, committed_at, changes, end: Some(end) })
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
        Self { begin, changes: Vec::new(), bytes: 0, in_pieces: false, definition: None, xid: None }
    }
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
