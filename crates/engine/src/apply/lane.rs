//! One lane: a session on the target that writes shares of batches, each in one transaction.

use std::sync::Arc;

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use tokio::sync::RwLock;

use super::cascade::Cascades;
use super::change::Image;
use super::position::{AppliedLedger, Moved, Step};
use super::share::Work;
use super::table::TableForm;
use super::write::{Notes, Pen};
use crate::fault::{ErrorCode, Fault};
use crate::target::connect::{TRANSACTION_ATTEMPTS, TargetLimits, patiently};
use crate::target::lock;
use crate::target::pause::pause;
use crate::target::pin;
use crate::target::taken::{Doing, Trouble};

/// A lane.
pub(super) struct Lane {
    seat: Seat,
    forms: Arc<[TableForm]>,
    session: Option<Session>,
    notes: Notes,
}

/// Whose session it is, and where.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    /// The target.
    pub(super) endpoint: Endpoint,
    /// The migration's positions.
    pub(super) ledger: AppliedLedger,
    /// The lane's number.
    pub(super) number: usize,
    /// What the target allows.
    pub(super) limits: TargetLimits,
    /// Rows of a table from which they come as a load stream.
    pub(super) load_rows: usize,
    /// What foreign keys change without the log telling of it.
    pub(super) cascades: Arc<Cascades>,
}

/// Whether a transaction may be there already though we got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Commit {
    NotSent,
    Sent,
}

impl Lane {
    pub(super) fn new(seat: Seat, forms: Arc<[TableForm]>) -> Self {
        Self { seat, forms, session: None, notes: Notes::default() }
    }

    pub(super) fn number(&self) -> usize {
        self.seat.number
    }

    /// Brings one share onto the target, however often that has to be tried.
    ///
    /// The first tries of all lanes run side by side, the others one at a time: whoever was the victim of
    /// a deadlock is none again.
    pub(super) async fn share<I: Image>(
        &mut self,
        work: &Work<I>,
        share: usize,
        step: &Step,
        turns: &RwLock<()>,
    ) -> Result<(), Fault> {
        let mut commit = Commit::NotSent;
        let mut failures = 0;
        loop {
            let outcome = if failures == 0 {
                let _beside_others = turns.read().await;
                self.attempt(work, share, step, &mut commit).await
            } else {
                let _alone = turns.write().await;
                self.attempt(work, share, step, &mut commit).await
            };
            let Err(trouble) = outcome else { return Ok(()) };
            self.roll_back().await;
            let (doing, error) = match trouble {
                Trouble::Server(doing, error) => (doing, error),
                Trouble::Fault(fault) => return Err(*fault),
            };
            failures += 1;
            if !passes(&error) || failures == TRANSACTION_ATTEMPTS {
                return Err(Fault::server(Side::Target, doing, error));
            }
            tracing::warn!(lane = self.seat.number, doing, %error, "trying the transaction again");
            pause(failures).await;
        }
    }

    async fn attempt<I: Image>(
        &mut self,
        work: &Work<I>,
        share: usize,
        step: &Step,
        commit: &mut Commit,
    ) -> Result<(), Trouble> {
        if self.begin(step, *commit).await? == Begun::Done {
            return Ok(());
        }
        if let Some(share) = work.shares.get(share) {
            self.pen().await?.share(&work.batch, share).await?;
        }
        *commit = Commit::Sent;
        let session = self.session().await?;
        session.execute("COMMIT").await.doing("commit changes")?;
        Ok(())
    }

    /// Begins a transaction by moving the ledger, which waits out whoever is moving it.
    async fn begin(&mut self, step: &Step, commit: Commit) -> Result<Begun, Trouble> {
        let ledger = self.seat.ledger.clone();
        let session = self.session().await?;
        match (ledger.advance(session, step).await.doing("move the ledger")?, commit) {
            (Moved::Now, _) => Ok(Begun::Open),
            (Moved::Before, Commit::Sent) => {
                session.execute("ROLLBACK").await.doing("end a transaction")?;
                Ok(Begun::Done)
            }
            (Moved::Before, Commit::NotSent) | (Moved::Elsewhere, _) => {
                Err(moved_by_another().into())
            }
        }
    }

    /// Begins a transaction too large to be kept: it cannot be tried again from here.
    pub(super) async fn begin_huge(&mut self, step: &Step) -> Result<(), Fault> {
        let begun = self.begin(step, Commit::NotSent).await.map(|_open| ());
        self.settle_huge(begun).await
    }

    /// Writes a part of a transaction too large to be kept.
    pub(super) async fn piece<I: Image>(&mut self, work: &Work<I>) -> Result<(), Fault> {
        let written = self.write_piece(work).await;
        self.settle_huge(written).await
    }

    async fn write_piece<I: Image>(&mut self, work: &Work<I>) -> Result<(), Trouble> {
        // A new session would be in no transaction.
        if self.session.is_none() {
            return Err(moved_by_another().into());
        }
        let mut pen = self.pen().await?;
        for share in &work.shares {
            pen.share(&work.batch, share).await?;
        }
        Ok(())
    }

    /// Commits a transaction too large to be kept.
    pub(super) async fn commit_huge(&mut self, step: &Step) -> Result<(), Fault> {
        let committed = self.try_commit_huge(step).await;
        let lost = match &committed {
            Err(Trouble::Server(_, error)) => error.class() == ErrorClass::Lost,
            Err(Trouble::Fault(_)) | Ok(()) => false,
        };
        if lost {
            // A new session has seen the old one end.
            self.hang_up();
            if matches!(self.begin(step, Commit::Sent).await, Ok(Begun::Done)) {
                return Ok(());
            }
        }
        self.settle_huge(committed).await
    }

    async fn try_commit_huge(&mut self, step: &Step) -> Result<(), Trouble> {
        let ledger = self.seat.ledger.clone();
        let session = self.session().await?;
        ledger.reach(session, step).await.doing("move the ledger")?;
        session.execute("COMMIT").await.doing("commit changes")?;
        Ok(())
    }

    async fn settle_huge(&mut self, outcome: Result<(), Trouble>) -> Result<(), Fault> {
        let Err(trouble) = outcome else { return Ok(()) };
        self.roll_back().await;
        Err(match trouble {
            Trouble::Server(doing, error) => Fault::server(Side::Target, doing, error)
                .advise("run the same command again; the transaction is read once more"),
            Trouble::Fault(fault) => *fault,
        })
    }

    async fn pen<I: Image>(&mut self) -> Result<Pen<'_, I>, Fault> {
        self.session().await?;
        let Self { seat, forms, session, notes } = self;
        match session {
            Some(session) => {
                let known = (&**forms, &*seat.cascades);
                Ok(Pen::new(session, known, seat.limits, seat.load_rows, notes))
            }
            None => Err(Fault::new(ErrorCode::Internal, "a session that was just opened is gone")),
        }
    }

    /// The session, opened and pinned when there is none.
    pub(super) async fn session(&mut self) -> Result<&mut Session, Fault> {
        if self.session.is_none() {
            self.notes = Notes::default();
            self.session = Some(patiently(|| connect(&self.seat)).await?);
        }
        match &mut self.session {
            Some(session) => Ok(session),
            None => Err(Fault::new(ErrorCode::Internal, "a session that was just opened is gone")),
        }
    }

    /// Leaves no transaction open: what cannot be rolled back is hung up on.
    pub(super) async fn roll_back(&mut self) {
        if let Some(mut session) = self.session.take()
            && session.execute("ROLLBACK").await.is_ok()
        {
            self.session = Some(session);
        }
    }

    fn hang_up(&mut self) {
        self.session = None;
    }
}

/// How a transaction began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    /// The ledger is moved, nothing is written yet.
    Open,
    /// An earlier COMMIT took effect, though its answer was lost.
    Done,
}

async fn connect(seat: &Seat) -> Result<Session, MysqlError> {
    let mut session = Session::connect(&seat.endpoint).await?;
    pin::writer(&mut session).await?;
    // Rows are replaced by secondary unique keys, too: they must be checked. Every transaction begins with
    // its first statement.
    session.execute("SET SESSION unique_checks=1, autocommit=0").await?;
    // Literals are bytes.
    session.execute("SET NAMES binary").await?;
    // The ledger's: a `DELETE` by way of other tables must have one, whichever it is.
    session.execute("USE sealift").await?;
    lock::seize(&mut session, &seat.ledger.lane_lock(seat.number)).await?;
    Ok(session)
}

fn passes(error: &MysqlError) -> bool {
    matches!(error.class(), ErrorClass::Transient | ErrorClass::Lost)
}

fn moved_by_another() -> Fault {
    let what = "another process has moved the ledger of applied changes, or it was removed";
    Fault::new(ErrorCode::LedgerMismatch, what).on(Side::Target)
}
