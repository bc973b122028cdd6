//! What is read of the log a second time, because transactions lie in it that XA had prepared and not ended.
//!
//! Everything there was handed out before, so nothing of it is again: only rows of prepared transactions are kept, and
//! dropped with their end. They are read when a transaction of XA turns out to be prepared, for what surrounds them may
//! have been written under definitions that are no longer known; a prepared transaction keeps those of its own tables.

use std::collections::BTreeSet;

use sealift_mysql::binlog::{Event, LogPosition, Outcome, RowsHead, TableMap, TransactionId};

use super::statement::StatementKind;
use super::tables::Tables;

/// Reads up to a position again.
#[derive(Debug)]
pub(super) struct Again {
    /// Everything within was handed out.
    until: LogPosition,
    /// The transaction that is being read, if it lies within.
    open: Option<Reading>,
}

/// A transaction that was handed out, or may turn out to be prepared.
#[derive(Debug)]
struct Reading {
    id: TransactionId,
    /// What is wanted of it; nothing, unless it is one of XA.
    events: Vec<Event>,
    is_xa: bool,
    /// Tables that somebody wants, by the numbers the log gives them.
    wanted: BTreeSet<u64>,
}

/// What becomes of an event.
#[derive(Debug)]
pub(super) enum Read {
    /// It says nothing new.
    Known,
    /// A transaction was prepared: all that is wanted of it.
    Prepared(Vec<Event>),
    /// A transaction was prepared that had not begun as one of XA.
    Unannounced(TransactionId),
    /// A statement ends a transaction that may have been prepared.
    Ended(Vec<u8>),
    /// It was not handed out before.
    New(Event),
}

impl Again {
    /// Reads what lies within a position once more.
    pub(super) fn new(until: LogPosition) -> Self {
        Self { until, open: None }
    }

    /// Takes the next event. `reached`: where the log is read to.
    pub(super) fn take(&mut self, event: Event, reached: &LogPosition, tables: &Tables) -> Read {
        if let Event::Begin(begin) = &event {
            let is_known = self.until.contains(&begin.id);
            self.open = is_known.then(|| Reading::of(begin.id.clone()));
        }
        let Some(open) = &mut self.open else {
            let is_behind = matches!(event, Event::Idle(_)) && !reached.covers(&self.until);
            return if is_behind { Read::Known } else { Read::New(event) };
        };
        match event {
            Event::Query(query) => match StatementKind::of(&query.sql) {
                StatementKind::Prepared => Read::Ended(query.sql.to_vec()),
                StatementKind::Passing
                | StatementKind::Definition
                | StatementKind::Rows
                | StatementKind::PartlyRolledBack => Read::Known,
            },
            Event::End(end) => {
                let Some(Reading { id, mut events, is_xa, .. }) = self.open.take() else {
                    return Read::Known;
                };
                match end.outcome {
                    Outcome::Prepared { .. } if !is_xa => Read::Unannounced(id),
                    Outcome::Prepared { .. } => {
                        events.push(Event::End(end));
                        Read::Prepared(events)
                    }
                    Outcome::Committed | Outcome::RolledBack | Outcome::Abandoned => Read::Known,
                }
            }
            kept @ (Event::Begin(_)
            | Event::Xa
            | Event::TableMap(_)
            | Event::Rows(_)
            | Event::Idle(_)) => {
                open.keep(kept, tables);
                Read::Known
            }
        }
    }
}

impl Reading {
    fn of(id: TransactionId) -> Self {
        Self { id, events: Vec::new(), is_xa: false, wanted: BTreeSet::new() }
    }

    fn keep(&mut self, event: Event, tables: &Tables) {
        let is_wanted = match &event {
            Event::TableMap(map) => match TableMap::peek(&map.body) {
                Ok((id, name)) if tables.find(&name).is_none() => {
                    self.wanted.remove(&id);
                    false
                }
                Ok((id, _)) => {
                    self.wanted.insert(id);
                    true
                }
                // Whoever reads it says what is wrong.
                Err(_strange) => true,
            },
            Event::Rows(_) if !self.is_xa => false,
            Event::Rows(rows) => {
                let head = RowsHead::read(rows.type_code, &rows.body);
                let table = head.ok().and_then(|head| head.table);
                table.is_some_and(|table| self.wanted.contains(&table))
            }
            Event::Begin(_) => true,
            Event::Xa => {
                self.is_xa = true;
                true
            }
            Event::Query(_) | Event::End(_) | Event::Idle(_) => false,
        };
        if is_wanted {
            self.events.push(event);
        }
    }
}
