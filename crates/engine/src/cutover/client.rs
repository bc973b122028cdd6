//! A client of the application's kind: it writes all the while a turn is made, to measure for how long it is refused.
//!
//! It goes the application's way, by a proxy or a name, with an account of the application's privileges, and does
//! what a pool does: a connection whose statement was refused is given up, and another one is made, for which the
//! name is resolved anew. Before the fence its trouble refuses the turn; from then on it is only told. It writes to no
//! server that may not be written to, wherever its address leads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::MysqlError;
use sealift_mysql::gather;
use sealift_mysql::session::{Done, Session};
use sealift_schema::facts::{ServerFacts, Side};
use sealift_schema::grants::Grants;
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::kind::FenceKind;
use super::measured::{Attempt, ClientRecord, Seen};
use crate::clock::Clock;
use crate::fault::{ErrorCode, Fault};
use crate::stop::Stop;
use crate::target::pause::pause_of_client;

/// The environment variable that holds its password. No hook is told of it.
pub const CLIENT_VARIABLE: &str = "SEALIFT_CLIENT_PASSWORD";

/// How long a connection, or the answer to a write, may take: an application waits longer, whoever measures wants to
/// know.
const WITHIN: Duration = Duration::from_secs(2);

/// A transaction that stays open, or waits for long, would hold the fence up.
const PINS: &str =
    "SET SESSION autocommit = 1, lock_wait_timeout = 1, innodb_lock_wait_timeout = 1";

/// What measures: a login, and what it writes.
#[derive(Clone, Debug)]
pub struct Client {
    endpoint: Endpoint,
    write: String,
}

/// A server, as it tells itself from others to every login and through every proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerId(String);

/// Both servers.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    pub(crate) source: ServerId,
    pub(crate) target: ServerId,
}

/// A client that has written to the side that is live.
#[derive(Clone, Debug)]
pub(crate) struct ReadyClient {
    client: Client,
    servers: Servers,
    live: Side,
}

/// A client that writes. Dropping it ends it.
pub(crate) struct Measuring {
    address: String,
    seen: watch::Receiver<Seen>,
    phase: Arc<AtomicU8>,
    clock: Clock,
    task: JoinHandle<()>,
}

/// How far the turn is: writes are not kept out.
const OPEN: u8 = 0;
/// They are kept out of the side that is left: what it accepts all the same it was let through with.
const FENCED: u8 = 1;
/// The other side is live.
const SWITCHED: u8 = 2;

impl ServerId {
    /// Of what a server says of itself.
    #[must_use]
    pub fn of(facts: &ServerFacts) -> Self {
        let said = |name| facts.variable(name).unwrap_or_default();
        Self::from_parts(said("hostname"), said("port"), said("server_id"))
    }

    fn from_parts(host: &str, port: &str, id: &str) -> Self {
        Self(format!("{host}:{port}, server_id {id}"))
    }

    async fn ask(session: &mut Session) -> Result<Self, MysqlError> {
        let row = session.first("SELECT @@hostname, @@port, @@server_id").await?;
        let row = row.ok_or_else(|| MysqlError::Result("no row".to_owned()))?;
        Ok(Self::from_parts(row.text(0)?, row.text(1)?, row.text(2)?))
    }

    /// As it is told.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Servers {
    /// Which of the two it is; otherwise where that address leads, in words.
    fn side(&self, server: &ServerId) -> Result<Side, Refusal> {
        let Self { source, target } = self;
        let both = [(source, Side::Source), (target, Side::Target)];
        let found = both.into_iter().find_map(|(known, side)| (known == server).then_some(side));
        let what = "its address leads to a server that is neither source nor target";
        found.ok_or_else(|| Refusal::Astray(format!("{what} ({})", server.0)))
    }
}

impl Client {
    /// A client that executes `write`. Of the endpoint the side means nothing, and the time to connect is our own.
    #[must_use]
    pub fn new(endpoint: Endpoint, write: String) -> Self {
        Self { endpoint: Endpoint { connect_timeout: WITHIN, ..endpoint }, write }
    }

    /// How it logs in.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Writes once, and makes sure that this measures something: it reaches the side that is live, a row is written,
    /// and what keeps writes out will keep it out.
    ///
    /// # Errors
    /// [`ErrorCode::ClientRefused`] with what to do.
    pub(crate) async fn ready(
        &self,
        servers: Servers,
        live: Side,
        kind: FenceKind,
    ) -> Result<ReadyClient, Fault> {
        if servers.source == servers.target {
            let what =
                format!("source and target cannot be told apart: both are {}", servers.source.0);
            return Err(self.refused(what).advise("give one of them another server_id"));
        }
        let reached = async {
            let mut session = Session::connect(&self.endpoint).await.map_err(|e| e.to_string())?;
            let facts = gather::facts(&mut session).await.map_err(|error| error.to_string())?;
            session.close().await;
            Ok::<_, String>(facts)
        };
        let facts = reached.await.map_err(|why| self.refused(why))?;
        let grants = Grants::read(&facts.grants);
        if let Some(privilege) = passing(kind).iter().find(|name| grants.everywhere(name)) {
            let account = &facts.current_user;
            let what = format!("{account} has {privilege}, which the fence lets through");
            return Err(self
                .refused(what)
                .advise("give [cutover.client] an account with the application's privileges"));
        }
        let ready = ReadyClient { client: self.clone(), servers, live };
        ready.write_once(&mut ready.writer(self)).await.map(|_server| ready)
    }

    fn refused(&self, what: impl Into<String>) -> Fault {
        Fault::new(ErrorCode::ClientRefused, what.into())
            .about(format!("[cutover.client], {} at {}", self.endpoint.user, self.endpoint.address))
    }
}

/// Privileges whose holders a fence lets through.
fn passing(kind: FenceKind) -> &'static [&'static str] {
    match kind {
        FenceKind::ReadOnly => &["CONNECTION_ADMIN", "SUPER", "READ_ONLY ADMIN"],
        FenceKind::Accounts => &["CREATE USER", "CONNECTION_ADMIN", "SUPER", "SYSTEM_USER"],
        FenceKind::Tables | FenceKind::Stopped => &[],
    }
}

impl ReadyClient {
    /// Begins to write, until it is ended.
    ///
    /// # Errors
    /// [`ErrorCode::ClientRefused`] when the first write is not accepted by the live side.
    pub(crate) async fn begin(&self, clock: &Clock) -> Result<Measuring, Fault> {
        // A password that others are asked for is not asked for at each refusal.
        let password = self.client.endpoint.password.current().into();
        let endpoint = Endpoint { password, ..self.client.endpoint.clone() };
        let mut writer = self.writer(&Client { endpoint, ..self.client.clone() });
        self.write_once(&mut writer).await?;
        let (tell, seen) = watch::channel(Seen::default());
        let phase = Arc::clone(&writer.phase);
        let task = tokio::spawn(writer.go_on(tell, clock.clone()));
        let address = self.client.endpoint.address.to_string();
        Ok(Measuring { address, seen, phase, clock: clock.clone(), task })
    }

    fn writer(&self, client: &Client) -> Writer {
        let Self { servers, live, .. } = self;
        Writer {
            client: client.clone(),
            servers: servers.clone(),
            left: *live,
            phase: Arc::new(AtomicU8::new(OPEN)),
            open: None,
        }
    }

    async fn write_once(&self, writer: &mut Writer) -> Result<(), Fault> {
        let client = &self.client;
        let (_side, done) = writer.write().await.map_err(|why| client.refused(why.to_string()))?;
        if done.affected_rows > 0 || done.rows_matched().is_some_and(|rows| rows > 0) {
            return Ok(());
        }
        let what = "its statement changes no row, so that nothing would keep it out";
        Err(client.refused(what).advise(format!(
            "write in [cutover.client] has to change a row that is there, of a migrated table; it is: {}",
            client.write
        )))
    }
}

/// What writes, over a connection that is made when it is needed.
struct Writer {
    client: Client,
    servers: Servers,
    /// The side that is live when the turn begins.
    left: Side,
    phase: Arc<AtomicU8>,
    open: Option<(Session, Side)>,
}

impl Writer {
    /// Writes once. After a refusal the connection is given up.
    async fn write(&mut self) -> Result<(Side, Done), Refusal> {
        let writing = async {
            match self.open.take() {
                Some((mut session, side)) => {
                    self.may_write(side)?;
                    let done = session.execute(&self.client.write).await?;
                    Ok((session, side, done))
                }
                None => self.write_first().await,
            }
        };
        let (session, side, done) =
            timeout(WITHIN, writing).await.map_err(|_late| Refusal::Late)??;
        self.open = Some((session, side));
        Ok((side, done))
    }

    /// Connects, asks which server that is, and writes in the same transaction: a proxy that sends statements to
    /// several servers keeps a transaction on one.
    async fn write_first(&self) -> Result<(Session, Side, Done), Refusal> {
        let mut session = Session::connect(&self.client.endpoint).await?;
        session.execute(PINS).await?;
        session.execute("START TRANSACTION").await?;
        let side = self.servers.side(&ServerId::ask(&mut session).await?)?;
        self.may_write(side)?;
        let done = session.execute(&self.client.write).await?;
        session.execute("COMMIT").await?;
        Ok((session, side, done))
    }

    /// What is written to the other side before it is live would be a stranger's write there.
    fn may_write(&self, side: Side) -> Result<(), Refusal> {
        if side == self.left || self.phase.load(Ordering::SeqCst) == SWITCHED {
            return Ok(());
        }
        Err(Refusal::Astray(format!(
            "its address leads to the {side}, and the {} is live",
            self.left
        )))
    }

    async fn go_on(mut self, tell: watch::Sender<Seen>, clock: Clock) {
        loop {
            let phase = self.phase.load(Ordering::SeqCst);
            let begun = clock.now();
            let outcome = self.write().await;
            let outcome = outcome.map(|(side, _done)| side).map_err(|why| why.to_string());
            let passed = phase != OPEN
                && self.phase.load(Ordering::SeqCst) != OPEN
                && outcome.as_ref() == Ok(&self.left);
            let attempt = Attempt { begun, ended: clock.now(), outcome };
            tell.send_modify(|seen| seen.observe(attempt));
            if passed {
                // What it writes now would hold the turn up.
                tell.send_modify(Seen::passed);
                return;
            }
            let refused_for = tell.borrow().refused_for();
            pause_of_client(refused_for).await;
        }
    }
}

/// Why a write was not accepted.
#[derive(Debug, Error)]
enum Refusal {
    #[error("{0}")]
    Server(#[from] MysqlError),
    #[error("{0}")]
    Astray(String),
    #[error("no answer within {} s", WITHIN.as_secs())]
    Late,
}

impl Measuring {
    /// Writes are kept out: what the side that is left accepts from now on was let through.
    pub(crate) fn fenced(&self) {
        self.phase.store(FENCED, Ordering::SeqCst);
    }

    /// They are about to be let in again.
    pub(crate) fn freed(&self) {
        self.phase.store(OPEN, Ordering::SeqCst);
    }

    /// The other side is live.
    pub(crate) fn switched(&self) {
        self.phase.store(SWITCHED, Ordering::SeqCst);
    }

    /// Waits until a write that begins now or later is accepted by a side, but not for longer than `patience`, nor
    /// once a stop is asked for.
    pub(crate) async fn until_accepted(&self, by: Side, patience: Duration, stop: &Stop) {
        let now = self.clock.now();
        let mut seen = self.seen.clone();
        let accepted = seen.wait_for(|seen| seen.has_ended() || seen.is_accepted(by, now));
        tokio::select! {
            waited = timeout(patience, accepted) => {
                if waited.is_err() {
                    tracing::warn!(side = %by, "the client that measures is not accepted yet");
                }
            }
            () = stop.wait() => {}
        }
    }

    /// Ends it, and tells what it has seen.
    pub(crate) fn end(self) -> ClientRecord {
        let seen = self.seen.borrow().clone();
        seen.record(self.address.clone(), self.clock.now())
    }
}

impl Drop for Measuring {
    fn drop(&mut self) {
        self.task.abort();
    }
}
