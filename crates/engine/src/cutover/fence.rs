//! Keeping writes out of a side, for a time that the side itself measures.

use std::collections::BTreeSet;
use std::time::Duration;

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;

use super::kind::FenceKind;
use super::lasting::Lasting;
use super::row::{FenceRow, RowState, Standing};
use super::{accounts, blockers, lasting, session, triggers, watchdog};
use crate::clock::Clock;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::target::pause::pause;

/// Transactions that have been open for longer may hold the fence up.
const LONG_S: u64 = 2;

/// Times a fence is tried when the server took somebody else's side in a deadlock.
const TRIES_MAX: u32 = 3;

/// A fence that is not closed yet.
#[derive(Clone, Debug)]
pub struct Fence {
    /// The side.
    pub endpoint: Endpoint,
    /// Names the migration there.
    pub migration: String,
    /// The turn's number.
    pub turn: u32,
    /// How writes are kept out.
    pub kind: FenceKind,
    /// The migrated tables, by their names on this side.
    pub tables: Vec<QualifiedName>,
    /// For how long.
    pub budget: Duration,
    /// How long open transactions are waited for.
    pub wait: Duration,
    /// Whether they are killed after that.
    pub kill: bool,
    /// What time it is.
    pub clock: Clock,
}

/// The side takes no writes until the budget is used up, by its own clock.
pub struct Fenced {
    pub(super) fence: Fence,
    pub(super) session: Session,
    /// When writes began to be kept out, by our clock.
    pub(super) begun: Duration,
}

impl Fence {
    fn side(&self) -> Side {
        self.endpoint.side
    }

    fn row(&self) -> FenceRow {
        FenceRow::of(self.migration.clone())
    }

    /// Puts everything there that the fence needs, while writes go on; waits out long transactions.
    ///
    /// # Errors
    /// When the server refuses, or transactions stay open.
    pub async fn arm(&self) -> Result<(), Fault> {
        let side = self.side();
        let mut session = session::open(&self.endpoint).await?;
        let row = self.row();
        row.ensure(&mut session).await.on(side, "create sealift.fence")?;
        let standing = row.read(&mut session).await.on(side, "read the fence")?;
        if standing.is_none_or(|standing| standing.state != RowState::Open) {
            let what = "its fence is not open: it was left before";
            return Err(Fault::new(ErrorCode::TurnRefused, what).on(side));
        }
        // Who stays for long keeps its tables for as long.
        self.wait_out(&mut session).await?;
        self.wait_out_prepared(&mut session).await?;
        match self.kind {
            FenceKind::Tables => self.install(&mut session).await?,
            FenceKind::ReadOnly => {
                let now = session.first("SELECT @@GLOBAL.read_only <> 0").await;
                let now = now.on(side, "read read_only")?;
                if now.as_ref().and_then(|row| row.get(0)) != Some(b"0") {
                    let what = "it is read_only already, and not by us";
                    return Err(Fault::new(ErrorCode::TurnRefused, what).on(side).advise(
                        "set read_only = OFF first, or fence = \"stopped\" in [cutover] if that is how \
                         writes are kept out",
                    ));
                }
            }
            FenceKind::Accounts => accounts::make_ready(self, &mut session, &row).await?,
            FenceKind::Stopped => {}
        }
        self.wait_out(&mut session).await?;
        session.close().await;
        Ok(())
    }

    /// Puts the triggers there. Who has been there for a short time only, and stays, is killed if that is allowed.
    async fn install(&self, session: &mut Session) -> Result<(), Fault> {
        let (side, row) = (self.side(), self.row());
        match triggers::install(session, side, &row, &self.tables).await {
            Err(fault) if fault.code == ErrorCode::TransactionsOpen && self.kill => {
                let open = blockers::all(session).await;
                blockers::kill(session, &open).await.on(side, "kill open transactions")?;
                triggers::install(session, side, &row, &self.tables).await
            }
            installed => installed,
        }
    }

    /// Waits until no transaction has been open for long.
    async fn wait_out(&self, session: &mut Session) -> Result<(), Fault> {
        let begun = self.clock.elapsed();
        let mut looks = 0;
        loop {
            let open = blockers::open(session, LONG_S).await;
            if open.is_empty() {
                return Ok(());
            }
            if self.clock.elapsed().saturating_sub(begun) >= self.wait {
                if !self.kill {
                    return Err(self.held_up(&open));
                }
                blockers::kill(session, &open).await.on(self.side(), "kill open transactions")?;
                return Ok(());
            }
            looks += 1;
            pause(looks.min(3)).await;
        }
    }

    /// Waits until what XA has prepared by now is ended; what is prepared meanwhile does not count.
    async fn wait_out_prepared(&self, session: &mut Session) -> Result<(), Fault> {
        let listing = "list what XA has prepared";
        let begun = self.clock.elapsed();
        let mut open = blockers::prepared(session).await.on(self.side(), listing)?;
        let mut looks = 0;
        while !open.is_empty() {
            if self.clock.elapsed().saturating_sub(begun) >= self.wait {
                let names = Vec::from_iter(open).join("; ");
                let what = format!("transactions are prepared by XA and do not end: {names}");
                return Err(Fault::new(ErrorCode::TransactionsOpen, what).on(self.side()).advise(
                    "XA RECOVER lists them; end each by XA COMMIT or XA ROLLBACK: committed later, its rows would be on \
                     this side only",
                ));
            }
            looks += 1;
            pause(looks.min(3)).await;
            let now: BTreeSet<String> =
                blockers::prepared(session).await.on(self.side(), listing)?;
            open.retain(|xid| now.contains(xid));
        }
        Ok(())
    }

    fn held_up(&self, open: &[blockers::OpenTransaction]) -> Fault {
        Fault::new(ErrorCode::TransactionsOpen, blockers::described(open)).on(self.side())
    }

    /// Closes the fence. When it returns, everything that was acknowledged is in the log, and nothing more
    /// will be.
    ///
    /// # Errors
    /// When transactions do not end in time or the server refuses. Something may have been done then: undo it.
    pub async fn close(self) -> Result<Fenced, Fault> {
        let side = self.side();
        let mut session = session::open(&self.endpoint).await?;
        let wait = self.wait.as_secs().max(1);
        let patience =
            format!("SET SESSION lock_wait_timeout={wait}, innodb_lock_wait_timeout={wait}");
        session.execute(patience).await.on(side, "prepare the session")?;
        let begun = self.clock.elapsed();
        let mut failures = 0;
        while let Err(error) = self.try_close(&mut session).await? {
            failures += 1;
            if error.class() != ErrorClass::Transient || failures == TRIES_MAX {
                return Err(Fault::server(side, "keep writes out", error));
            }
            let open = blockers::open(&mut session, 0).await;
            let waited = self.clock.elapsed().saturating_sub(begun) >= self.wait;
            if waited && !self.kill {
                return Err(self.held_up(&open));
            }
            if waited {
                blockers::kill(&mut session, &open).await.on(side, "kill open transactions")?;
            }
        }
        // Whoever was let in last may have prepared something.
        self.wait_out_prepared(&mut session).await?;
        Ok(Fenced { fence: self, session, begun })
    }

    /// The inner error is one of a lock that could not be had.
    async fn try_close(&self, session: &mut Session) -> Result<Result<(), MysqlError>, Fault> {
        let (row, seconds) = (self.row(), self.budget.as_secs().max(1));
        let side = self.side();
        let standing = row.read(session).await.on(side, "read the fence")?;
        let ours = standing.is_some_and(|standing| {
            standing.state == RowState::Closed && standing.turn == self.turn
        });
        if !ours {
            match row.close(session, self.turn, self.kind, seconds).await {
                Ok(true) => {}
                Ok(false) => {
                    let what = "somebody else has closed its fence";
                    return Err(Fault::new(ErrorCode::TurnRefused, what).on(side));
                }
                Err(error) => return Ok(Err(error)),
            }
        }
        let frees = match self.kind {
            FenceKind::ReadOnly => "SET GLOBAL read_only = OFF".to_owned(),
            FenceKind::Accounts => {
                let noted = accounts::noted(session, &row).await;
                accounts::altered(&noted.on(side, "read the accounts of the fence")?, "UNLOCK")
            }
            FenceKind::Tables | FenceKind::Stopped => return Ok(Ok(())),
        };
        let armed = watchdog::arm(session, &row, self.turn, seconds, &frees).await;
        armed.on(side, "create the event that frees it again")?;
        if self.kind == FenceKind::Accounts {
            accounts::lock(self, session, &row).await?;
            return Ok(Ok(()));
        }
        Ok(session.execute("SET GLOBAL read_only=ON").await.map(drop))
    }
}

impl Fenced {
    /// The side.
    #[must_use]
    pub fn side(&self) -> Side {
        self.fence.side()
    }

    /// When writes began to be kept out, by our clock.
    #[must_use]
    pub fn begun(&self) -> Duration {
        self.begun
    }

    /// How much of the budget is left, by our clock.
    #[must_use]
    pub fn left(&self) -> Duration {
        let used = self.fence.clock.elapsed().saturating_sub(self.begun);
        self.fence.budget.saturating_sub(used)
    }

    pub(super) fn row(&self) -> FenceRow {
        self.fence.row()
    }

    pub(super) fn used_up(&self) -> Fault {
        let seconds = self.fence.budget.as_secs();
        let what = format!("writes were kept out for {seconds} s, which is all that is allowed");
        Fault::new(ErrorCode::BudgetUsedUp, what).on(self.side())
    }
}

/// What became of a fence that was to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freed {
    /// The side takes writes.
    Open,
    /// The side was left, by the turn that was to be undone.
    Left,
}

/// Lets a side take writes again that a turn has closed, unless the turn has left it. May be repeated.
///
/// # Errors
/// When the server refuses or the connection is lost.
pub async fn free(endpoint: &Endpoint, migration: &str, turn: u32) -> Result<Freed, Fault> {
    let side = endpoint.side;
    let mut session = session::open(endpoint).await?;
    let row = FenceRow::of(migration);
    let standing = row.read(&mut session).await.on(side, "read the fence")?;
    let Some(standing) = standing.filter(|standing| standing.turn == turn) else {
        return Ok(Freed::Open);
    };
    let mut state = standing.state;
    if state == RowState::Closed {
        // The row comes after: until it says so the watchdog sees to it.
        set(&mut session, side, &row, standing.kind, Writes::Taken).await?;
        row.free(&mut session, turn).await.on(side, "open the fence")?;
        let now = row.read(&mut session).await.on(side, "read the fence")?;
        state = now.map_or(RowState::Open, |now| now.state);
        if state == RowState::Left {
            // The statement that leaves it was on its way.
            set(&mut session, side, &row, standing.kind, Writes::Refused).await?;
        }
    }
    session.close().await;
    Ok(if state == RowState::Left { Freed::Left } else { Freed::Open })
}

/// Lets a side take writes that was left before and is live again. May be repeated.
///
/// # Errors
/// When the server refuses or the connection is lost.
pub async fn open(endpoint: &Endpoint, migration: &str) -> Result<(), Fault> {
    Opening::prepare(endpoint, migration).await?.open().await
}

/// A side that may have been left before, about to be live: everything is there that can be before that is decided,
/// so that the first statement lets writes through.
pub struct Opening {
    side: Side,
    row: FenceRow,
    session: Session,
    standing: Option<Standing>,
}

impl Opening {
    /// Connects, and asks what keeps writes out.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost.
    pub async fn prepare(endpoint: &Endpoint, migration: &str) -> Result<Self, Fault> {
        let side = endpoint.side;
        let mut session = session::open(endpoint).await?;
        let row = FenceRow::of(migration);
        let standing = row.read(&mut session).await.on(side, "read the fence")?;
        let standing = standing.filter(|standing| standing.state == RowState::Left);
        Ok(Self { side, row, session, standing })
    }

    /// Lets writes through.
    ///
    /// # Errors
    /// When the server refuses or the connection is lost: then [`open`] does the rest.
    pub async fn open(self) -> Result<(), Fault> {
        let Self { side, row, mut session, standing } = self;
        if let Some(Standing { turn, kind, .. }) = standing {
            let is_read_only = kind == FenceKind::ReadOnly;
            if is_read_only {
                lasting::end(&mut session, &row).await.on(side, "remove the keeper")?;
            }
            set(&mut session, side, &row, kind, Writes::Taken).await?;
            if is_read_only {
                lasting::forget(&mut session).await.on(side, "forget read_only")?;
            }
            // The row comes last: until then this may be repeated.
            row.open(&mut session, turn).await.on(side, "open the fence")?;
        }
        session.close().await;
        Ok(())
    }
}

/// What a side does with writes by something beside its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writes {
    Taken,
    Refused,
}

async fn set(
    session: &mut Session,
    side: Side,
    row: &FenceRow,
    kind: FenceKind,
    writes: Writes,
) -> Result<(), Fault> {
    let (read_only, accounts, doing) = match writes {
        Writes::Taken => ("OFF", "UNLOCK", "let writes through"),
        Writes::Refused => ("ON", "LOCK", "keep writes out"),
    };
    let done = match kind {
        FenceKind::ReadOnly => {
            session.execute(format!("SET GLOBAL read_only={read_only}")).await.map(drop)
        }
        FenceKind::Accounts => accounts::alter(session, row, accounts).await,
        FenceKind::Tables | FenceKind::Stopped => Ok(()),
    };
    done.on(side, doing)
}

/// A side that was left, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Whether it took writes: somebody, or a restart, had taken `read_only` away.
    pub fallen: bool,
    /// What its next restart does.
    pub lasting: Lasting,
}

/// Sees to it that a side that was left takes no writes, also after a restart; `None` when that is not by
/// `read_only`. May be repeated.
///
/// # Errors
/// When the server refuses or the connection is lost.
pub async fn keep_left(endpoint: &Endpoint, migration: &str) -> Result<Option<Left>, Fault> {
    let side = endpoint.side;
    let mut session = session::open(endpoint).await?;
    let row = FenceRow::of(migration);
    let standing = row.read(&mut session).await.on(side, "read the fence")?;
    let is_read_only = standing.is_some_and(|standing| {
        standing.state == RowState::Left && standing.kind == FenceKind::ReadOnly
    });
    let mut left = None;
    if is_read_only {
        let now = session.first("SELECT @@GLOBAL.read_only").await.on(side, "read read_only")?;
        let fallen = now.as_ref().and_then(|row| row.get(0)) == Some(b"0");
        if fallen {
            set(&mut session, side, &row, FenceKind::ReadOnly, Writes::Refused).await?;
        }
        left = Some(Left { fallen, lasting: lasting::keep(&mut session, &row).await });
    }
    session.close().await;
    Ok(left)
}

/// Removes what a fence was made of from a side that is open. May be repeated.
///
/// # Errors
/// When the server refuses or the connection is lost.
pub async fn remove(
    endpoint: &Endpoint,
    migration: &str,
    tables: &[QualifiedName],
) -> Result<(), Fault> {
    let side = endpoint.side;
    let mut session = session::open(endpoint).await?;
    let row = FenceRow::of(migration);
    if row.read(&mut session).await.on(side, "read the fence")?.is_some() {
        disarm(&mut session, side, &row).await?;
        triggers::remove(&mut session, side, tables).await?;
    }
    session.close().await;
    Ok(())
}

/// Removes the watchdog, which has nothing to do any more.
pub(super) async fn disarm(session: &mut Session, side: Side, row: &FenceRow) -> Result<(), Fault> {
    match watchdog::disarm(session, row).await {
        Err(error) if session::is_absent(&error) => Ok(()),
        other => other.on(side, "remove the watchdog"),
    }
}
