//! What is read of the log a second time, because transactions lie in it that XA had prepared and not ended.
//!
//! Everything there was handed out before, so nothing of it is again: only rows of prepared transactions are kept, and
//! dropped with their end. They are read when a transaction turns out to be one, for what surrounds them may have been
//! written under definitions that are no longer known; a prepared transaction keeps those of its own tables.

use std::collections::BTreeSet;

use sealift_mysql::binlog::{Event, LogPosition, Outcome, RowsHead, TableMap};

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

/// A transaction that may turn out to be prepared.
#[derive(Debug, Default)]
struct Reading {
    events: Vec<Event>,
    bytes: usize,
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
    /// A transaction was prepared that is more than is kept.
    TooLarge,
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

    /// Takes the next event. `reached`: where the log is read to; `bytes_max`: of the rows of one transaction.
    pub(super) fn take(
        &mut self,
        event: Event,
        reached: &LogPosition,
        tables: &Tables,
        bytes_max: usize,
    ) -> Read {
        if let Event::Begin(begin) = &event {
            self.open = self.until.contains(&begin.id).then(Reading::default);
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
                let Reading { mut events, bytes, .. } = self.open.take().unwrap_or_default();
                match end.outcome {
                    Outcome::Prepared { .. } if bytes > bytes_max => Read::TooLarge,
                    Outcome::Prepared { .. } => {
                        events.push(Event::End(end));
                        Read::Prepared(events)
                    }
                    Outcome::Committed | Outcome::RolledBack | Outcome::Abandoned => Read::Known,
                }
            }
            kept @ (Event::Begin(_) | Event::TableMap(_) | Event::Rows(_) | Event::Idle(_)) => {
                open.keep(kept, tables, bytes_max);
                Read::Known
            }
        }
    }
}

impl Reading {
    fn keep(&mut self, event: Event, tables: &Tables, bytes_max: usize) {
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
            Event::Rows(rows) => {
                let head = RowsHead::read(rows.type_code, &rows.body);
                let table = head.ok().and_then(|head| head.table);
                let is_wanted = table.is_some_and(|table| self.wanted.contains(&table));
                self.bytes += if is_wanted { rows.body.len() } else { 0 };
                is_wanted
            }
            Event::Begin(_) => true,
            Event::Query(_) | Event::End(_) | Event::Idle(_) => false,
        };
        if self.bytes > bytes_max {
            self.events.truncate(1);
        } else if is_wanted {
            self.events.push(event);
        }
    }
}
