//! A session that asked for a binary log: what comes on it from then on are events, without end.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::{First, Session};
use crate::error::MysqlError;
use crate::wire::channel::{Broken, Place};
use crate::wire::command::Command;
use crate::wire::{refusal, scan::Malformed};

const WAITING: &str = "waiting for the binary log";
/// Smaller events share blocks of memory, larger ones get their own.
const SHARED_BYTES_MAX: usize = 16 << 10;
/// A block of shared memory.
const BLOCK_BYTES: usize = 256 << 10;

/// The packets of a binary log.
pub(crate) struct Replica {
    session: Session,
    block: BytesMut,
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// An event's bytes.
    Event(Bytes),
    /// Nothing came in time.
    Silence,
    /// The server ended the stream.
    End,
}

impl Session {
    /// Sends a command that is answered by OK.
    pub(crate) async fn command(
        &mut self,
        command: Command,
        body: &[u8],
    ) -> Result<(), MysqlError> {
        self.begin().await?;
        let outcome = self.command_begun(command, body).await;
        self.settle(outcome)
    }

    async fn command_begun(&mut self, command: Command, body: &[u8]) -> Result<(), MysqlError> {
        self.send(command, body).await?;
        let first: First = self.first_packet().await?;
        self.finish_results(first).await.map(|_ok| ())
    }

    /// Asks for the binary log; the session is used for nothing else from then on.
    pub(crate) async fn into_replica(
        mut self,
        command: Command,
        body: &[u8],
    ) -> Result<Replica, MysqlError> {
        self.begin().await?;
        self.send(command, body).await?;
        Ok(Replica { session: self, block: BytesMut::new() })
    }
}

impl Replica {
    /// Waits for the next event, for no longer than `patience` without a single byte. May be cancelled without loss.
    pub(crate) async fn next(&mut self, patience: Duration) -> Result<Delivery, MysqlError> {
        let channel = &mut self.session.channel;
        let lost = |broken: Broken| broken.while_doing(WAITING);
        let place = loop {
            if let Some(place) = channel.take().map_err(|malformed| lost(malformed.into()))? {
                break place;
            }
            match tokio::time::timeout(patience, channel.arrive()).await {
                Ok(arrived) => arrived.map_err(lost)?,
                Err(_elapsed) => return Ok(Delivery::Silence),
            }
        };
        let packet = channel.payload(&place);
        match packet.first() {
            Some(0x00) => Ok(Delivery::Event(self.keep(&place))),
            Some(&refusal::HEADER) => {
                let unread = |malformed: Malformed| lost(malformed.into());
                Err(refusal::read(packet).unwrap_or_else(unread))
            }
            // Shorter than any event: an EOF packet.
            Some(0xFE) if packet.len() < 9 => Ok(Delivery::End),
            Some(_) | None => {
                let what = "a packet that is no event".to_owned();
                Err(MysqlError::Protocol { doing: WAITING, what })
            }
        }
    }

    /// The event's bytes for as long as somebody wants them.
    fn keep(&mut self, place: &Place) -> Bytes {
        let channel = &mut self.session.channel;
        if let Some(joined) = channel.take_joined(place) {
            return Bytes::from(joined).slice(1..);
        }
        let event = channel.payload(place).get(1..).unwrap_or_default();
        if event.len() > SHARED_BYTES_MAX {
            return Bytes::copy_from_slice(event);
        }
        if self.block.capacity() < event.len() {
            self.block = BytesMut::with_capacity(BLOCK_BYTES);
        }
        self.block.extend_from_slice(event);
        self.block.split().freeze()
    }
}
