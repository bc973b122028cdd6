//! A TCP proxy before a server that fails on command: cut, refused, frozen, stranded, slow, or an answer lost.

mod scanner;
mod disturber;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

pub use disturber::{Disturbance, Disturber};
use scanner::{Scanner, begins_with};

use crate::server::Server;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// What happens to the next statement of a kind that a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StatementFault {
    /// The server never gets it.
    CutBefore,
    /// The server does it, the client never hears so.
    LoseAnswer,
    /// It is under way, and the connection a black hole, until all that is stranded is delivered.
    Strand,
}

/// A proxy before one server. Every fault is a method; all of them can be called while connections are open.
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    closing: bool,
    refusing: bool,
    frozen: bool,
    delay: Duration,
    /// Where new connections lead, if no more to the port it was made for.
    moved_to: Option<u16>,
    cut_after: [Option<u64>; 2],
    /// How the statement begins that it happens to.
    statement_fault: Option<(String, StatementFault)>,
    lose_next_answer: bool,
    faults: u32,
    opened: u32,
    connections: Vec<Connection>,
}

/// The two sockets of a connection.
#[derive(Debug)]
struct Connection {
    id: u32,
    client: TcpStream,
    server: TcpStream,
    /// The answer that comes next is dropped and the connection cut.
    losing: bool,
    /// Nothing passes any more, and neither side learns that the other has gone.
    stranded: bool,
}

impl FaultProxy {
    /// Starts a proxy before a server.
    pub fn before(server: &Server) -> Self {
        Self::to_port(server.port())
    }

    /// Starts a proxy before a port of 127.0.0.1.
    pub fn to_port(upstream: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let accepting = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || accept(&listener, upstream, &accepting));
        Self { port, shared, acceptor: Some(acceptor) }
    }

    /// The port of 127.0.0.1 to connect to instead of the server's.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections are open now.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections.len()
    }

    /// How many connections have been opened so far.
    pub fn opened(&self) -> u32 {
        self.shared.lock().opened
    }

    /// How many armed faults (`cut_after`, `cut_before…`, `lose_answer…`, `strand_next`) have happened so far.
    pub fn faults(&self) -> u32 {
        self.shared.lock().faults
    }

    /// Cuts all open connections.
    pub fn cut_all(&self) {
        self.set(|state| {
            for connection in &mut state.connections {
                connection.stranded = false;
                connection.cut();
            }
        });
    }

    /// Makes a black hole of all connections that are open now, for good: nothing passes any more, and when the
    /// client goes, the server does not hear of it, as from a machine that vanished. New connections pass.
    pub fn strand_all(&self) {
        self.set(|state| state.connections.iter_mut().for_each(|open| open.stranded = true));
    }

    /// Makes a black hole of the connection on which the next statement that begins like this is sent, with the
    /// statement in it. Only without TLS and compression: the proxy must read the statement.
    pub fn strand_next(&self, beginning: &str) {
        self.arm(beginning, StatementFault::Strand);
    }

    /// Delivers late what was sent into black holes, even if whoever sent it has gone meanwhile.
    pub fn deliver_stranded(&self) {
        self.set(|state| state.connections.iter_mut().for_each(|open| open.stranded = false));
    }

    /// How many connections are black holes.
    pub fn stranded(&self) -> usize {
        self.shared.lock().connections.iter().filter(|open| open.stranded).count()
    }

    /// Ends new connections before the server's greeting, until [`accept_again`](Self::accept_again).
    pub fn refuse(&self) {
        self.set(|state| state.refusing = true);
    }

    /// Lets new connections through again.
    pub fn accept_again(&self) {
        self.set(|state| state.refusing = false);
    }

    /// Leads new connections to another server, as a name does that is given to a replica.
    pub fn lead_to(&self, server: &Server) {
        let port = server.port();
        self.set(|state| state.moved_to = Some(port));
    }

    /// Holds all bytes of all connections: a black hole, until [`thaw`](Self::thaw).
    pub fn freeze(&self) {
        self.set(|state| state.frozen = true);
    }

    /// Lets held bytes go on.
    pub fn thaw(&self) {
        self.set(|state| state.frozen = false);
    }

    /// Holds every piece of data for so long in each direction.
    pub fn delay(&self, delay: Duration) {
        self.set(|state| state.delay = delay);
    }

    /// Cuts the connection that carries the byte after the next `bytes` in this direction, counted over all
    /// connections. What comes before that byte is delivered.
    pub fn cut_after(&self, direction: Direction, bytes: u64) {
        self.set(|state| state.cut_after[direction.index()] = Some(bytes));
    }

    /// Cuts the connection on which the next statement that begins like this is sent before the server gets it. Only
    /// without TLS and compression: the proxy must read the statement.
    pub fn cut_before_next(&self, beginning: &str) {
        self.arm(beginning, StatementFault::CutBefore);
    }

    /// Delivers the next statement that begins like this, drops the server's answer and cuts the connection: it is
    /// done, and the client cannot know. Only without TLS and compression: the proxy must read the statement.
    pub fn lose_answer_to_next(&self, beginning: &str) {
        self.arm(beginning, StatementFault::LoseAnswer);
    }

    /// [`cut_before_next`](Self::cut_before_next) for a `COMMIT`.
    pub fn cut_before_next_commit(&self) {
        self.cut_before_next("COMMIT");
    }

    /// [`lose_answer_to_next`](Self::lose_answer_to_next) for a `COMMIT`.
    pub fn lose_answer_to_next_commit(&self) {
        self.lose_answer_to_next("COMMIT");
    }

    fn arm(&self, beginning: &str, fault: StatementFault) {
        self.set(|state| state.statement_fault = Some((beginning.to_owned(), fault)));
    }

    /// Delivers whatever a client sends next, drops the answer and cuts the connection; with TLS too.
    pub fn lose_next_answer(&self) {
        self.set(|state| state.lose_next_answer = true);
    }

    /// Takes back what is armed and has not happened.
    pub fn disarm(&self) {
        self.set(|state| {
            (state.cut_after, state.statement_fault) = ([None; 2], None);
            state.lose_next_answer = false;
        });
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.shared.lock());
        self.shared.changed.notify_all();
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.set(|state| state.closing = true);
        self.cut_all();
        // The acceptor looks at `closing` when it gets a connection.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Direction {
    fn index(self) -> usize {
        match self {
            Self::ToServer => 0,
            Self::ToClient => 1,
        }
    }
}

impl Connection {
    fn cut(&self) {
        // One of them may be closed already.
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread of the proxy panics")
    }

    /// Waits while the proxy is frozen or the connection stranded, and as long as the delay is.
    fn hold(&self, id: u32) {
        let mut state = self.lock();
        if !state.delay.is_zero() {
            let delay = state.delay;
            state = self
                .changed
                .wait_timeout_while(state, delay, |state| !state.closing)
                .expect("no thread of the proxy panics")
                .0;
        }
        drop(state);
        self.stand(id);
    }

    /// Waits while the proxy is frozen or the connection stranded.
    fn stand(&self, id: u32) {
        let state = self.lock();
        let held = self.changed.wait_while(state, |state| {
            let stranded = state.connection(id).is_some_and(|connection| connection.stranded);
            (state.frozen || stranded) && !state.closing
        });
        drop(held.expect("no thread of the proxy panics"));
    }
}

impl State {
    /// How many of `length` bytes may pass before an armed cut; `None` when all may.
    fn passing(&mut self, direction: Direction, length: usize) -> Option<usize> {
        let left = self.cut_after[direction.index()]?;
        let length = u64::try_from(length).expect("a buffer's length");
        if length <= left {
            self.cut_after[direction.index()] = Some(left - length);
            return None;
        }
        self.cut_after[direction.index()] = None;
        self.faults += 1;
        Some(usize::try_from(left).expect("less than a buffer's length"))
    }

    fn connection(&mut self, id: u32) -> Option<&mut Connection> {
        self.connections.iter_mut().find(|connection| connection.id == id)
    }
}

/// Takes connections until the proxy closes.
fn accept(listener: &TcpListener, upstream: u16, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        let Ok(client) = client else { continue };
        let (closing, refusing, upstream) = {
            let state = shared.lock();
            (state.closing, state.refusing, state.moved_to.unwrap_or(upstream))
        };
        if closing {
            return;
        }
        if !refusing {
            // A server that is down refuses through us: the client's socket is dropped.
            let _ = connect(client, upstream, shared);
        }
    }
}

/// Opens the way to the server and a thread for each direction.
fn connect(client: TcpStream, upstream: u16, shared: &Arc<Shared>) -> std::io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (client_in, server_in) = (client.try_clone()?, server.try_clone()?);
    let (client_out, server_out) = (client.try_clone()?, server.try_clone()?);
    let id = {
        let mut state = shared.lock();
        state.opened += 1;
        let id = state.opened;
        state.connections.push(Connection { id, client, server, losing: false, stranded: false });
        id
    };
    let pumps = [
        (Direction::ToServer, client_in, server_out),
        (Direction::ToClient, server_in, client_out),
    ];
    for (direction, from, to) in pumps {
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            pump(id, direction, from, to, &shared);
            let mut state = shared.lock();
            state.connection(id).into_iter().for_each(|connection| connection.cut());
            state.connections.retain(|connection| connection.id != id);
        });
    }
    Ok(())
}

/// Carries bytes one way until the connection ends or a fault ends it.
fn pump(id: u32, direction: Direction, mut from: TcpStream, mut to: TcpStream, shared: &Shared) {
    let mut buffer = vec![0_u8; 16 * 1024];
    let mut scanner = Scanner::default();
    loop {
        let read = from.read(&mut buffer);
        shared.hold(id);
        let length = match read {
            Ok(0) | Err(_) => return,
            Ok(length) => length,
        };
        let mut piece = &buffer[..length];
        let statements = match direction {
            Direction::ToServer => scanner.statements(piece),
            Direction::ToClient => Vec::new(),
        };
        let cut = {
            let mut state = shared.lock();
            match direction {
                Direction::ToServer => {
                    if cut_before(&mut state, id, &statements) {
                        return;
                    }
                }
                Direction::ToClient => {
                    if state.connection(id).is_some_and(|connection| connection.losing) {
                        state.faults += 1;
                        return;
                    }
                }
            }
            state.passing(direction, length)
        };
        // What came may be what strands it.
        shared.stand(id);
        if let Some(passing) = cut {
            piece = &piece[..passing];
        }
        if to.write_all(piece).is_err() || cut.is_some() {
            return;
        }
    }
}

/// Applies the faults armed for what a client sends; true when the connection is to be cut at once.
fn cut_before(state: &mut State, id: u32, statements: &[String]) -> bool {
    let meant = state.statement_fault.take_if(|(beginning, _fault)| {
        statements.iter().any(|statement| begins_with(statement, beginning))
    });
    let fault = meant.map(|(_beginning, fault)| fault);
    if fault == Some(StatementFault::CutBefore) {
        state.faults += 1;
        return true;
    }
    let is_stranded = fault == Some(StatementFault::Strand);
    state.faults += u32::from(is_stranded);
    let lose =
        std::mem::take(&mut state.lose_next_answer) || fault == Some(StatementFault::LoseAnswer);
    if let Some(connection) = state.connection(id) {
        connection.losing |= lose;
        connection.stranded |= is_stranded;
    }
    false
}
