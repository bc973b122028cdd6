//! The log of a server as it grows: connect, ask, hand out event after event.

use std::fmt;
use std::time::Duration;

use sealift_schema::facts::Flavor;

use super::decoder::Decoder;
use super::dump::{self, Start, StreamOptions};
use super::error::{BinlogError, Place, Trouble};
use super::event::{Event, Outcome};
use super::gtid::Gtid;
use super::place::LogPosition;
use super::refused;
use crate::endpoint::Endpoint;
use crate::position::{read_gtids, server};
use crate::session::Session;
use crate::session::replica::{Delivery, Replica};

/// Every transaction of a server from a position on, in the order of its log, whole or not at all.
pub struct BinlogStream {
    replica: Replica,
    decoder: Decoder,
    position: LogPosition,
    by_gtid: bool,
    /// The transaction that is being handed out.
    current: Option<Gtid>,
    patience: Duration,
}

/// So many heartbeats in a row may be missing.
const HEARTBEATS_MISSED_MAX: u32 = 3;
/// Beside them, what a loaded machine may need.
const SLACK: Duration = Duration::from_secs(10);

impl BinlogStream {
    /// Connects and asks for everything after a position, or after the older one it names
    /// ([`LogPosition::since`]): then transactions come that lie within it, too. On MySQL with GTIDs any server will
    /// do that has what the position holds; a MariaDB too, if the position has GTIDs. File and offset hold on their
    /// own server only.
    ///
    /// # Errors
    /// If the server cannot be reached, is another one, lacks what was carried, or refuses. What it refuses because
    /// of the position comes with the first [`BinlogStream::next`].
    pub async fn open(
        endpoint: &Endpoint,
        from: &LogPosition,
        options: &StreamOptions,
    ) -> Result<Self, BinlogError> {
        let connecting = BinlogError::server("connect to follow the binary log");
        let mut session = Session::connect(endpoint).await.map_err(connecting)?;
        let asking = BinlogError::server("ask for the binary log");
        let server = server(&mut session).await.map_err(&asking)?;
        let asked = from.since.as_deref().unwrap_or(from);
        let start = Start::from(asked, session.version().flavor, &server)?;
        let by_gtid = !matches!(start, Start::Place { .. });
        if matches!(start, Start::MySqlGtids(_)) {
            check_not_behind(&mut session, from).await?;
        }
        let (command, body) =
            dump::prepare(&mut session, &start, options).await.map_err(&asking)?;
        let replica = session.into_replica(command, &body).await.map_err(&asking)?;
        let mut position = LogPosition { server, since: None, ..from.clone() };
        if by_gtid && position.server != from.server {
            // The server says in its first event where it begins.
            position.file.clear();
            position.offset = 0;
        }
        Ok(Self {
            replica,
            decoder: Decoder::new(),
            position,
            by_gtid,
            current: None,
            patience: options.heartbeat * HEARTBEATS_MISSED_MAX + SLACK,
        })
    }

    /// Up to where everything was handed out: the end of the last transaction, or later if the log went on without
    /// one. A stream opened from here goes on without loss or repetition.
    #[must_use]
    pub fn position(&self) -> &LogPosition {
        &self.position
    }

    /// Waits for what the log tells next. May be cancelled without loss.
    ///
    /// # Errors
    /// If the connection breaks, the server refuses, or an event cannot be carried; nothing is skipped. After an
    /// error the stream is done: open another one from [`BinlogStream::position`].
    pub async fn next(&mut self) -> Result<Event, BinlogError> {
        loop {
            if let Some(event) = self.decoder.next()? {
                self.follow(&event)?;
                return Ok(event);
            }
            match self.replica.next(self.patience).await {
                Ok(Delivery::Event(bytes)) => self.decoder.take(bytes)?,
                Ok(Delivery::Silence) => return Err(BinlogError::Silent(self.patience)),
                Ok(Delivery::End) => return Err(BinlogError::Ended),
                Err(cause) => return Err(refused::classify(cause, &self.position)),
            }
        }
    }

    /// Moves the position along with what is handed out.
    fn follow(&mut self, event: &Event) -> Result<(), BinlogError> {
        match event {
            Event::Begin(begin) => {
                if self.by_gtid && begin.id.gtid.is_none() {
                    let what =
                        "it has no GTID, and the log is followed by GTIDs: gtid_mode was switched";
                    let trouble = Trouble::Unsupported(what.to_owned());
                    return Err(trouble.at(&begin.id.file, begin.id.begin));
                }
                self.current.clone_from(&begin.id.gtid);
            }
            Event::End(end) => {
                // What was abandoned never came to be: its GTID will be given to another.
                if let (Some(gtid), Some(set)) = (self.current.take(), &mut self.position.gtids)
                    && end.outcome != Outcome::Abandoned
                {
                    set.insert(&gtid);
                }
                self.reach(&end.place);
            }
            Event::Idle(place) => self.reach(place),
            Event::Xa | Event::Query(_) | Event::TableMap(_) | Event::Rows(_) => {}
        }
        Ok(())
    }

    fn reach(&mut self, place: &Place) {
        if *self.position.file != *place.file {
            self.position.file = place.file.to_string();
        }
        self.position.offset = place.offset;
    }
}

/// A server that lacks what was carried already was restored, or lags behind the one that had it.
async fn check_not_behind(session: &mut Session, from: &LogPosition) -> Result<(), BinlogError> {
    let asking = BinlogError::server("compare GTID sets");
    debug_assert_eq!(session.version().flavor, Flavor::MySql, "MariaDB judges by itself");
    let Some(wants) = &from.gtids else { return Ok(()) };
    let row = session.first("SELECT @@GLOBAL.gtid_executed").await.map_err(&asking)?;
    let text = row.as_ref().map_or(Ok(""), |row| row.text(0)).map_err(&asking)?;
    let has = read_gtids(text).map_err(&asking)?;
    if wants.is_subset(&has) {
        return Ok(());
    }
    Err(BinlogError::Behind { has: has.to_string(), wants: wants.to_string() })
}

impl fmt::Debug for BinlogStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BinlogStream").field("position", &self.position).finish_non_exhaustive()
    }
}
