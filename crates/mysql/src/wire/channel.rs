//! Packets over a stream: splitting and joining at 16 MiB, their numbers, compression.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html>

use std::io;
use std::ops::Range;
use std::time::Duration;

use futures_util::FutureExt;
use secrecy::zeroize::Zeroize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::auth::Way;
use super::compression::{self, Codec};
use super::refusal;
use super::scan::Malformed;
use super::stream::Stream;
use crate::error::MysqlError;

/// A packet of this length is continued by the next one.
const FRAGMENT_BYTES: usize = 0x00FF_FFFF;
/// Length and number before each packet.
pub(crate) const HEADER_BYTES: usize = 4;
/// How much is asked of the socket at once.
const READ_BYTES: usize = 256 << 10;
/// A buffer grown beyond this by a large row is given back once it is empty.
const KEPT_BYTES_MAX: usize = 4 * READ_BYTES;
/// `max_allowed_packet` cannot be larger than 1 GiB; no server sends more in one piece.
const JOINED_BYTES_MAX: usize = (1 << 30) + FRAGMENT_BYTES;
/// Nothing longer is said before the login is done: other protocols' greetings, read as a packet's
/// length, are.
const LOGIN_PACKET_BYTES_MAX: usize = 64 << 10;
/// Smaller packets are copied so that they leave in one piece.
const COPIED_BYTES_MAX: usize = 64 << 10;
/// How long we look for a server's last words after it stopped reading: they have arrived before.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why no packet could be read or written.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The stream failed.
    Io(io::Error),
    /// The bytes do not follow the protocol.
    Malformed(Malformed),
}

impl Broken {
    /// The error of a connection that broke while something was under way.
    pub(crate) fn while_doing(self, doing: &'static str) -> MysqlError {
        match self {
            Self::Io(cause) => MysqlError::Lost { doing, cause },
            Self::Malformed(Malformed(what)) => MysqlError::Protocol { doing, what },
        }
    }
}

impl From<io::Error> for Broken {
    fn from(cause: io::Error) -> Self {
        Self::Io(cause)
    }
}

impl From<Malformed> for Broken {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// Where the last packet's bytes lie: valid until the next one is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In the read buffer.
    Inbox(Range<usize>),
    /// Joined from several.
    Joined,
}

/// A stream of packets to and from a server. Reading may be cancelled at any point without loss.
pub(crate) struct Channel {
    stream: Stream,
    codec: Option<Codec>,
    /// Bytes that arrived; those before `start` were given out.
    inbox: Vec<u8>,
    start: usize,
    /// How many bytes the packet at `start` still lacks.
    missing: usize,
    /// Compressed bytes that arrived; those before `unwrapped` are in the inbox.
    wrapped: Vec<u8>,
    unwrapped: usize,
    joined: Vec<u8>,
    joining: bool,
    packet_bytes_max: usize,
    outbox: Vec<u8>,
    sequence: u8,
}

impl Channel {
    /// Speaks packets over a stream.
    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            stream,
            codec: None,
            inbox: Vec::new(),
            start: 0,
            missing: 0,
            wrapped: Vec::new(),
            unwrapped: 0,
            joined: Vec::new(),
            joining: false,
            packet_bytes_max: LOGIN_PACKET_BYTES_MAX,
            outbox: Vec::new(),
            sequence: 0,
        }
    }

    /// What a password would travel over.
    pub(crate) fn way(&self) -> Way {
        self.stream.way()
    }

    /// Takes the stream out to put TLS around it; nothing may have arrived that was not asked for,
    /// or somebody in between could slip it in as if it had come encrypted.
    pub(crate) fn take_stream(&mut self) -> Result<Stream, Malformed> {
        if self.start < self.inbox.len() {
            return Err(Malformed("bytes before the TLS handshake".to_owned()));
        }
        Ok(std::mem::replace(&mut self.stream, Stream::Closed))
    }

    /// Goes on over another stream.
    pub(crate) fn set_stream(&mut self, stream: Stream) {
        self.stream = stream;
    }

    /// Goes on as agreed in the login: packets may be of any size, and compressed.
    pub(crate) fn logged_in(&mut self, codec: Option<Codec>) {
        self.packet_bytes_max = FRAGMENT_BYTES;
        self.codec = codec;
    }

    /// Closes the stream at once, without a word to the server.
    pub(crate) fn close(&mut self) {
        self.stream.reset();
    }

    /// The bytes of a packet.
    pub(crate) fn payload(&self, place: &Place) -> &[u8] {
        match place {
            Place::Inbox(range) => self.inbox.get(range.clone()).unwrap_or_default(),
            Place::Joined => &self.joined,
        }
    }

    /// Waits for the next packet.
    pub(crate) async fn next(&mut self) -> Result<Place, Broken> {
        loop {
            if let Some(place) = self.take()? {
                return Ok(place);
            }
            self.fill().await?;
        }
    }

    /// The next packet if it has arrived whole, without waiting.
    #[inline]
    pub(crate) fn take(&mut self) -> Result<Option<Place>, Malformed> {
        loop {
            let Some(&[a, b, c, number]) =
                self.inbox.get(self.start..).and_then(|arrived| arrived.first_chunk::<4>())
            else {
                self.missing = 0;
                return Ok(None);
            };
            let length = usize::from(a) | (usize::from(b) << 8) | (usize::from(c) << 16);
            if length > self.packet_bytes_max {
                let what = format!("a packet of {length} bytes; is this a MySQL server?");
                return Err(Malformed(what));
            }
            let from = self.start + HEADER_BYTES;
            let range = from..from + length;
            let Some(payload) = self.inbox.get(range.clone()) else {
                self.missing = range.end - self.inbox.len();
                return Ok(None);
            };
            self.check_number(number, payload.first())?;
            self.sequence = number.wrapping_add(1);
            self.start = range.end;
            if length < FRAGMENT_BYTES && !self.joining {
                return Ok(Some(Place::Inbox(range)));
            }
            self.join(range)?;
            if length < FRAGMENT_BYTES {
                self.joining = false;
                return Ok(Some(Place::Joined));
            }
        }
    }

    /// Packets of a conversation are numbered. Two exceptions: a server that gives up (idle for too
    /// long, shutting down) numbers its error as it likes, and under compression the outer packets count.
    #[inline]
    fn check_number(&self, number: u8, first: Option<&u8>) -> Result<(), Malformed> {
        if number == self.sequence || self.codec.is_some() || first == Some(&refusal::HEADER) {
            return Ok(());
        }
        Err(Malformed(format!("packet number {number} instead of {}", self.sequence)))
    }

    fn join(&mut self, range: Range<usize>) -> Result<(), Malformed> {
        if !self.joining {
            self.joined = Vec::new();
            self.joining = true;
        }
        if self.joined.len() + range.len() > JOINED_BYTES_MAX {
            return Err(Malformed("a packet of more than 1 GiB".to_owned()));
        }
        let fragment = self.inbox.get(range).unwrap_or_default();
        // Exactly: doubling would cost as much again as the largest row.
        self.joined.reserve_exact(fragment.len());
        self.joined.extend_from_slice(fragment);
        Ok(())
    }

    /// Waits until more has arrived; then [`Channel::take`] may have a packet.
    pub(crate) async fn arrive(&mut self) -> Result<(), Broken> {
        self.fill().await
    }

    /// The bytes of a large packet, given away; `None` for one that lies in the read buffer.
    pub(crate) fn take_joined(&mut self, place: &Place) -> Option<Vec<u8>> {
        match place {
            Place::Joined => Some(std::mem::take(&mut self.joined)),
            Place::Inbox(_) => None,
        }
    }

    /// Reads what arrives next into the inbox.
    async fn fill(&mut self) -> Result<(), Broken> {
        self.make_room();
        let Some(codec) = &mut self.codec else {
            return some(self.stream.read_buf(&mut self.inbox).await?);
        };
        loop {
            let before = self.inbox.len();
            let arrived = self.wrapped.get(self.unwrapped..).unwrap_or_default();
            if let Some(taken) = codec.unwrap(arrived, &mut self.inbox)? {
                self.unwrapped += taken;
                if self.inbox.len() > before {
                    return Ok(());
                }
            } else {
                self.wrapped.drain(..self.unwrapped);
                self.unwrapped = 0;
                if self.wrapped.is_empty() && self.wrapped.capacity() > KEPT_BYTES_MAX {
                    self.wrapped = Vec::new();
                }
                self.wrapped.reserve(READ_BYTES);
                some(self.stream.read_buf(&mut self.wrapped).await?)?;
            }
        }
    }

    /// Drops what was given out and makes room for what is missing, never much more than has arrived.
    fn make_room(&mut self) {
        self.inbox.drain(..self.start);
        self.start = 0;
        if self.inbox.is_empty() && self.inbox.capacity() > KEPT_BYTES_MAX {
            self.inbox = Vec::new();
        }
        if !self.joining && !self.joined.is_empty() {
            self.joined = Vec::new();
        }
        let wanted = self.missing.min(self.inbox.len().max(READ_BYTES)).max(READ_BYTES / 2);
        self.inbox.reserve_exact(wanted);
    }

    /// Begins a command: packets are numbered from zero.
    pub(crate) fn begin(&mut self) {
        self.sequence = 0;
        if let Some(codec) = &mut self.codec {
            codec.begin();
        }
    }

    /// Expects the answer to a command that is not the last one sent.
    pub(crate) fn expect_answer(&mut self) {
        self.sequence = 1;
    }

    /// Whether packets are compressed.
    pub(crate) fn is_compressed(&self) -> bool {
        self.codec.is_some()
    }

    /// Sends one packet, in fragments when it is large. `head` goes before `body`.
    pub(crate) async fn send(&mut self, head: &[u8], body: &[u8]) -> Result<(), Broken> {
        let first = FRAGMENT_BYTES.saturating_sub(head.len()).min(body.len());
        let (mut piece, mut rest) = body.split_at(first);
        let mut head = head;
        loop {
            let length = head.len() + piece.len();
            let mut header = Vec::with_capacity(HEADER_BYTES + head.len());
            header.extend(length.to_le_bytes().iter().take(3));
            header.push(self.sequence);
            header.extend_from_slice(head);
            self.sequence = self.sequence.wrapping_add(1);
            self.write(header).await?;
            self.write_slice(piece).await?;
            if length < FRAGMENT_BYTES {
                return self.flush().await;
            }
            head = &[];
            (piece, rest) = rest.split_at(FRAGMENT_BYTES.min(rest.len()));
        }
    }

    /// Sends one packet and wipes what was kept of it.
    pub(crate) async fn send_secret(&mut self, packet: &[u8]) -> Result<(), Broken> {
        let outcome = self.send(&[], packet).await;
        self.outbox.zeroize();
        outcome
    }

    /// Sends `framed` as one packet: its first four bytes are overwritten with the header, so that
    /// header and body leave in one piece.
    pub(crate) async fn send_framed(&mut self, framed: &mut [u8]) -> Result<(), Broken> {
        let length = framed.len().saturating_sub(HEADER_BYTES);
        assert!(length < FRAGMENT_BYTES, "a framed packet is never a fragment");
        if let Some(header) = framed.first_chunk_mut::<HEADER_BYTES>() {
            let [a, b, c, ..] = length.to_le_bytes();
            *header = [a, b, c, self.sequence];
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.write_slice(framed).await?;
        self.flush().await
    }

    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), Broken> {
        self.write_slice(&bytes).await
    }

    async fn write_slice(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        if bytes.len() <= COPIED_BYTES_MAX {
            self.outbox.extend_from_slice(bytes);
            if self.outbox.len() > COPIED_BYTES_MAX {
                self.write_out().await?;
            }
            return Ok(());
        }
        self.write_out().await?;
        for piece in bytes.chunks(compression::PLAIN_BYTES_MAX) {
            match &mut self.codec {
                Some(codec) => {
                    let mut wrapped = Vec::new();
                    codec.wrap(piece, &mut wrapped)?;
                    self.stream.write_all(&wrapped).await?;
                }
                None => self.stream.write_all(piece).await?,
            }
        }
        Ok(())
    }

    async fn write_out(&mut self) -> Result<(), Broken> {
        if self.outbox.is_empty() {
            return Ok(());
        }
        match &mut self.codec {
            Some(codec) => {
                let mut wrapped = Vec::new();
                codec.wrap(&self.outbox, &mut wrapped)?;
                self.stream.write_all(&wrapped).await?;
            }
            None => self.stream.write_all(&self.outbox).await?,
        }
        self.outbox.clear();
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Broken> {
        self.write_out().await?;
        self.stream.flush().await?;
        Ok(())
    }

    /// A packet that arrived while we were sending, without waiting for one.
    pub(crate) fn interruption(&mut self) -> Result<Option<Place>, Broken> {
        match self.fill().now_or_never() {
            Some(arrived) => {
                arrived?;
                Ok(self.take()?)
            }
            None => Ok(None),
        }
    }

    /// The error a server sent before it closed the connection, if there is one.
    pub(crate) async fn last_words(&mut self) -> Option<MysqlError> {
        let search = async {
            loop {
                let place = self.next().await.ok()?;
                let packet = self.payload(&place);
                if packet.first() == Some(&refusal::HEADER) {
                    return refusal::read(packet).ok();
                }
            }
        };
        tokio::time::timeout(LAST_WORDS, search).await.ok().flatten()
    }
}

/// Zero bytes mean that the server closed the connection.
fn some(count: usize) -> Result<(), Broken> {
    if count > 0 {
        return Ok(());
    }
    let end = io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection");
    Err(Broken::Io(end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::net::UnixStream;

    use super::*;
    use crate::wire::capability::Compression;

    const METHODS: [Compression; 3] = [Compression::Off, Compression::Zlib, Compression::Zstd];

    /// Two channels that speak to each other, logged in.
    fn pair(method: Compression) -> (Channel, Channel) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let channel = |stream| {
            let mut channel = Channel::new(Stream::Unix(stream));
            channel.logged_in(Codec::new(method));
            channel
        };
        (channel(ours), channel(theirs))
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    /// What arrives when `bytes` are all that a server sends.
    fn receive(bytes: &[u8]) -> Vec<Result<Vec<u8>, String>> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let writer = std::thread::spawn({
            let (bytes, mut theirs) = (bytes.to_vec(), theirs);
            move || std::io::Write::write_all(&mut theirs, &bytes).unwrap()
        });
        let received = block_on(async {
            let mut channel = Channel::new(Stream::Unix(UnixStream::from_std(ours).unwrap()));
            channel.logged_in(None);
            let mut packets = Vec::new();
            loop {
                match channel.next().await {
                    Ok(place) => packets.push(Ok(channel.payload(&place).to_vec())),
                    Err(broken) => {
                        packets.push(Err(broken.while_doing("reading").to_string()));
                        return packets;
                    }
                }
            }
        });
        writer.join().unwrap();
        received
    }

    #[tokio::test]
    async fn packets_of_every_length_arrive_as_they_were_sent() {
        let lengths =
            [0, 1, 49, 50, COPIED_BYTES_MAX - 5, COPIED_BYTES_MAX, COPIED_BYTES_MAX + 1, 300_000];
        let large = [FRAGMENT_BYTES - 1, FRAGMENT_BYTES, FRAGMENT_BYTES + 1, 2 * FRAGMENT_BYTES];
        for method in METHODS {
            let (mut ours, mut theirs) = pair(method);
            for length in lengths.into_iter().chain(large) {
                let mut body = b"sealift".repeat(length / 7 + 1);
                body.truncate(length);
                for (head, body) in [(&[7][..], &body[..]), (&[], &body)] {
                    ours.begin();
                    theirs.begin();
                    let (sent, heard) = tokio::join!(ours.send(head, body), theirs.next());
                    sent.unwrap();
                    let place = heard.unwrap();
                    let expected = [head, body].concat();
                    assert!(theirs.payload(&place) == expected, "{length} {method:?}");
                }
            }
        }
    }

    #[tokio::test]
    async fn framed_packets_are_numbered_like_all_others() {
        let (mut ours, mut theirs) = pair(Compression::Off);
        for number in 0..300u32 {
            let mut framed = [&[0; HEADER_BYTES][..], &number.to_le_bytes()].concat();
            ours.send_framed(&mut framed).await.unwrap();
            let place = theirs.next().await.unwrap();
            assert_eq!(theirs.payload(&place), number.to_le_bytes());
        }
    }

    #[tokio::test]
    async fn a_buffer_grown_by_a_large_packet_is_given_back() {
        let (mut ours, mut theirs) = pair(Compression::Off);
        let body = vec![1; 40 << 20];
        let (sent, heard) = tokio::join!(ours.send(&[], &body), theirs.next());
        sent.unwrap();
        heard.unwrap();
        // Joined exactly, and never much more than one fragment in the read buffer.
        assert!(theirs.joined.capacity() <= body.len() + FRAGMENT_BYTES);
        assert!(theirs.inbox.capacity() <= 2 * FRAGMENT_BYTES, "{}", theirs.inbox.capacity());
        ours.send(&[], b"small").await.unwrap();
        theirs.next().await.unwrap();
        assert_eq!(theirs.joined.capacity(), 0);
        assert!(theirs.inbox.capacity() <= KEPT_BYTES_MAX);
    }

    #[tokio::test]
    async fn a_claimed_length_allocates_nothing() {
        let (mut ours, mut theirs) = pair(Compression::Off);
        ours.stream.write_all(&[0xFF, 0xFF, 0xFF, 0, 1, 2]).await.unwrap();
        assert!(theirs.next().now_or_never().is_none());
        assert!(theirs.interruption().unwrap().is_none());
        assert!(theirs.inbox.capacity() <= KEPT_BYTES_MAX);
        ours.stream = Stream::Closed;
        let error = theirs.next().await.unwrap_err().while_doing("reading").to_string();
        assert!(error.contains("closed the connection"), "{error}");
    }

    #[test]
    fn packets_out_of_turn_are_refused_unless_they_are_errors() {
        let end = "connection lost while reading: the server closed the connection";
        let received = receive(b"\x01\0\0\0a\x01\0\0\x01b\x02\0\0\x09\xffc");
        let expected =
            [Ok(b"a".to_vec()), Ok(b"b".to_vec()), Ok(b"\xffc".to_vec()), Err(end.into())];
        assert_eq!(received, expected);
        let received = receive(b"\x01\0\0\x01a");
        let error = "protocol error while reading: packet number 1 instead of 0";
        assert_eq!(received, [Err(error.into())]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn random_bytes_end_in_an_error_and_never_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            length in 0u8..20,
        ) {
            let mut bytes = bytes;
            if let Some(header) = bytes.get_mut(..4) {
                header.copy_from_slice(&[length, 0, 0, 0]);
            }
            let received = receive(&bytes);
            prop_assert!(received.last().unwrap().is_err());
        }
    }
}
