//! A `LOAD DATA LOCAL INFILE` statement whose file is a stream of ours.

use super::{Done, First, Session};
use crate::error::MysqlError;
use crate::wire::channel::HEADER_BYTES;
use crate::wire::command::Command;
use crate::wire::refusal;

/// Bytes sent in one packet: large enough that headers do not count, small enough for any
/// `max_allowed_packet` and for the server's buffer.
const PACKET_BYTES: usize = 256 << 10;
const DOING: &str = "sending rows";

/// A load under way. Unless [`Load::finish`] is called the connection is closed and the server
/// rolls the statement back; the session then answers every call with [`MysqlError::Lost`].
pub struct Load<'s> {
    session: &'s mut Session,
    /// The next packet: room for its header, then data.
    framed: Vec<u8>,
    is_finished: bool,
}

impl<'s> Load<'s> {
    /// Sends the statement and waits until the server asks for the file.
    pub(super) async fn start(session: &'s mut Session, sql: &[u8]) -> Result<Self, MysqlError> {
        session.begin().await?;
        let first = match session.send(Command::Query, sql).await {
            Ok(()) => session.first_packet().await,
            Err(error) => Err(error),
        };
        match first {
            Ok(First::File) => {
                let mut framed = Vec::with_capacity(HEADER_BYTES + PACKET_BYTES);
                framed.resize(HEADER_BYTES, 0);
                Ok(Self { session, framed, is_finished: false })
            }
            Ok(other @ (First::Done(_) | First::Columns(_))) => {
                let outcome = session.finish_results(other).await;
                session.settle(outcome)?;
                let what = "the server did not ask for the data of a load statement";
                Err(MysqlError::Result(what.to_owned()))
            }
            Err(error) => Err(session.fail(error)),
        }
    }

    /// Sends bytes of the file; waits while the server is slower than we are.
    ///
    /// # Errors
    /// If the server breaks off the statement or the connection breaks.
    pub async fn send(&mut self, data: &[u8]) -> Result<(), MysqlError> {
        let mut data = data;
        loop {
            let room = HEADER_BYTES + PACKET_BYTES - self.framed.len();
            let (now, later) = data.split_at(room.min(data.len()));
            self.framed.extend_from_slice(now);
            if now.len() < room {
                return Ok(());
            }
            self.send_packet().await?;
            data = later;
        }
    }

    async fn send_packet(&mut self) -> Result<(), MysqlError> {
        let session = &mut *self.session;
        if let Err(broken) = session.channel.send_framed(&mut self.framed).await {
            let error = session.explain(broken, DOING).await;
            return Err(session.fail(error));
        }
        self.framed.truncate(HEADER_BYTES);
        match session.channel.interruption() {
            Ok(None) => Ok(()),
            Ok(Some(place)) => {
                // Only an error can come before the end of the file. What the server does with the
                // rest of our bytes is not defined then: the connection is given up.
                let packet = session.channel.payload(&place);
                let error = if packet.first() == Some(&refusal::HEADER) {
                    refusal::read(packet).unwrap_or_else(super::malformed(DOING))
                } else {
                    let what = "an answer before the end of the data".to_owned();
                    MysqlError::Protocol { doing: DOING, what }
                };
                session.break_off();
                Err(error)
            }
            Err(broken) => Err(session.fail(broken.while_doing(DOING))),
        }
    }

    /// Ends the file and returns what the server made of it. Look at [`Done::load_counts`]: a load
    /// clamps, truncates and drops rows with warnings only.
    ///
    /// # Errors
    /// If the server refuses the data or the connection breaks.
    pub async fn finish(mut self) -> Result<Done, MysqlError> {
        if self.framed.len() > HEADER_BYTES {
            self.send_packet().await?;
        }
        // Its future may be dropped before the empty packet is out whole; until the answer is there
        // the load counts as unfinished, which closes the connection.
        let outcome = self.end().await;
        let outcome = self.session.settle(outcome);
        self.is_finished = true;
        outcome
    }

    async fn end(&mut self) -> Result<Done, MysqlError> {
        let session = &mut *self.session;
        if let Err(broken) = session.channel.send(&[], &[]).await {
            return Err(session.explain(broken, DOING).await);
        }
        let first = session.first_packet().await?;
        session.finish_results(first).await.map(Done::from)
    }

    /// Gives up: the connection is closed without the packet that ends the file, after which the
    /// server would commit what it has got.
    pub fn abort(self) {
        drop(self);
    }
}

impl Drop for Load<'_> {
    fn drop(&mut self) {
        if !self.is_finished {
            self.session.break_off();
        }
    }
}
