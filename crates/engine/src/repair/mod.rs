//! Makes rows of the target what the source's are, also while changes are applied beside.
//!
//! A repair is a copy of some rows behind a gate. Here the gate is the target's own ledger of applied changes:
//! whoever applies moves its rows as the first statement of each transaction, so that holding them holds every
//! lane, in whichever process it is. Under that lock the ledger says what the target may know at most; the
//! source is read when it shows all of that; then the rows take the place of those that are there. What is
//! applied afterwards either lay within what was read, and changes nothing in the end, or comes after it.
//! `crates/engine/tests/model/online` proves it with the copy's gates.
//!
//! Rows without a key are told apart by nothing, so nothing can take their place: as many are added or removed
//! as are too few or too many, which is right whatever the application does with them meanwhile.

mod rows;

use std::time::Duration;

use futures_util::future::BoxFuture;
use sealift_mysql::binlog::{LogPosition, Visible, VisibleError};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;
use sealift_mysql::snapshot;
use sealift_schema::facts::Side;
use tokio::sync::Mutex;

use self::rows::{Form, Rows};
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::probe::{Point, Probe};
use crate::stop::Stop;
use crate::target::connect::{TRANSACTION_ATTEMPTS, TargetLimits, patiently};
use crate::target::pause::{pause, pause_between_looks};
use crate::target::taken::{Doing, Trouble};
use crate::target::{lock, pin};
use crate::verify::{ByKey, DifferenceKind, DifferingRow, DifferingRows, Mend, Named};

/// Bytes of one transaction's rows, by the source's statistics. The applier waits meanwhile.
const MENDED_BYTES: u64 = 4 << 20;

/// A session of a process that is gone would hold the ledger, and so the applier, until the server gives it up.
const SILENCE_SECONDS: u32 = 60;

/// How long a statement on the source waits for a definition to be free.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Times the source is asked whether it shows what the target has.
const VISIBLE_ATTEMPTS: u32 = 60;

/// Keeps changes from being applied while rows are mended.
pub trait Gatekeeper: Send + Sync {
    /// The named lock of the session that mends: whoever takes it ends that session.
    fn lock_name(&self) -> String;

    /// Makes what [`Gatekeeper::hold`] needs, and tells the number of the last repair.
    fn prepare<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<u64, MysqlError>>;

    /// Holds back every change until the transaction that is open ends, notes in it that it is a repair with
    /// this number, and tells what the target may know at most.
    fn hold<'a>(
        &'a self,
        session: &'a mut Session,
        number: u64,
    ) -> BoxFuture<'a, Result<LogPosition, MysqlError>>;

    /// Whether the repair with this number is on the target.
    fn is_there<'a>(
        &'a self,
        session: &'a mut Session,
        number: u64,
    ) -> BoxFuture<'a, Result<bool, MysqlError>>;

    /// Removes what was made for it.
    fn finish<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<(), MysqlError>>;
}

/// Mends rows, one transaction after the other.
pub struct Mender<'g> {
    source: Endpoint,
    target: Endpoint,
    /// `None`: nobody applies changes.
    gatekeeper: Option<&'g dyn Gatekeeper>,
    probe: Probe,
    stop: Stop,
    bench: Mutex<Bench>,
}

/// The sessions, opened again when they are lost.
#[derive(Default)]
struct Bench {
    source: Option<(Session, Option<Visible>)>,
    target: Option<(Session, TargetLimits)>,
    /// The number of the repair that is under way.
    number: u64,
}

/// Why an attempt came to nothing.
enum Setback {
    /// The source does not show yet what the target has.
    Invisible,
    /// The source's trouble.
    Source(MysqlError),
    /// The target's, or trouble of another kind.
    Target(Trouble),
}

impl From<Trouble> for Setback {
    fn from(trouble: Trouble) -> Self {
        Self::Target(trouble)
    }
}

impl From<Fault> for Setback {
    fn from(fault: Fault) -> Self {
        Self::Target(fault.into())
    }
}

/// What becomes of rows in one transaction.
enum Deed {
    /// The rows of the condition are replaced by the source's.
    Replace { condition: String },
    /// So many rows like one of the source's are added.
    Add { digest: String, count: u64 },
    /// So many rows with a digest are removed.
    Remove { digest: String, count: u64 },
}

impl<'g> Mender<'g> {
    /// Nothing is opened yet.
    #[must_use]
    pub fn new(
        (source, target): (Endpoint, Endpoint),
        gatekeeper: Option<&'g dyn Gatekeeper>,
        probe: Probe,
        stop: Stop,
    ) -> Self {
        Self { source, target, gatekeeper, probe, stop, bench: Mutex::default() }
    }

    /// Closes the sessions and removes what was made for the repair.
    ///
    /// # Errors
    /// When the target refuses.
    pub async fn finish(self) -> Result<(), Fault> {
        let mut bench = self.bench.into_inner();
        if let (Some(gatekeeper), Some((session, _))) = (self.gatekeeper, &mut bench.target) {
            gatekeeper.finish(session).await.on(Side::Target, "remove the record of repairs")?;
        }
        if let Some((session, _)) = bench.target {
            session.close().await;
        }
        if let Some((session, _)) = bench.source {
            session.close().await;
        }
        Ok(())
    }

    async fn rows(
        &self,
        DifferingRows { pair, rows, named }: DifferingRows<'_>,
    ) -> Result<(), Fault> {
        let form = Form::of(pair)?;
        for deed in deeds(rows, named, form.rows_at_once(MENDED_BYTES)) {
            self.stop.check()?;
            self.deed(&form, &deed).await.map_err(|fault| {
                if fault.object.is_some() {
                    fault
                } else {
                    fault.about(format!("table {}", pair.target.name))
                }
            })?;
        }
        Ok(())
    }

    /// Does one transaction's work, however often that has to be tried.
    async fn deed(&self, form: &Form<'_>, deed: &Deed) -> Result<(), Fault> {
        let mut bench = self.bench.lock().await;
        // Numbers of an earlier process are not given again.
        self.target(&mut bench).await?;
        bench.number += 1;
        let (mut failures, mut looks) = (0, 0);
        loop {
            match self.attempt(&mut bench, form, deed).await {
                Ok(()) => {
                    self.probe.pass(Point::RowsMended);
                    return Ok(());
                }
                Err(Setback::Invisible) if looks < VISIBLE_ATTEMPTS => {
                    looks += 1;
                    self.stop.check()?;
                    pause_between_looks(looks).await;
                }
                Err(Setback::Invisible) => {
                    let what = "it does not show what it has committed";
                    return Err(Fault::new(ErrorCode::ServerUnsuitable, what).on(Side::Source));
                }
                Err(Setback::Source(error)) => {
                    bench.source = None;
                    failures = again(failures, Side::Source, "read rows", error).await?;
                }
                Err(Setback::Target(Trouble::Fault(fault))) => return Err(*fault),
                Err(Setback::Target(Trouble::Server(doing, error))) => {
                    // Whatever was open ends with the session. A commit may have come to pass.
                    bench.target = None;
                    failures = again(failures, Side::Target, doing, error).await?;
                    if self.is_there(&mut bench).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn is_there(&self, bench: &mut Bench) -> Result<bool, Fault> {
        let Some(gatekeeper) = self.gatekeeper else { return Ok(false) };
        let number = bench.number;
        let (session, _) = self.target(bench).await?;
        gatekeeper.is_there(session, number).await.on(Side::Target, "ask what became of a repair")
    }

    async fn attempt(
        &self,
        bench: &mut Bench,
        form: &Form<'_>,
        deed: &Deed,
    ) -> Result<(), Setback> {
        let number = bench.number;
        self.target(bench).await?;
        // It was opened just now.
        let Some((mut target, limits)) = bench.target.take() else {
            return Err(Setback::Invisible);
        };
        target.execute("START TRANSACTION").await.doing("begin a transaction")?;
        let newest = match self.gatekeeper {
            Some(gate) => {
                Some(gate.hold(&mut target, number).await.doing("hold the applier back")?)
            }
            None => None,
        };
        let rows = match self.read(bench, form, deed, newest.as_ref()).await {
            Ok(rows) => rows,
            Err(setback) => {
                target.execute("ROLLBACK").await.doing("roll back")?;
                bench.target = Some((target, limits));
                return Err(setback);
            }
        };
        self.probe.pass(Point::RowsReread);
        match deed {
            Deed::Replace { condition } => {
                form.delete(&mut target, condition).await?;
                form.put(&mut target, limits, &rows).await?;
            }
            Deed::Add { count, .. } => form.add(&mut target, limits, &rows, *count).await?,
            Deed::Remove { digest, count } => form.remove(&mut target, digest, *count).await?,
        }
        target.execute("COMMIT").await.doing("commit a repair")?;
        bench.target = Some((target, limits));
        Ok(())
    }

    /// Reads the source's rows, when it shows everything the target may know.
    async fn read(
        &self,
        bench: &mut Bench,
        form: &Form<'_>,
        deed: &Deed,
        newest: Option<&LogPosition>,
    ) -> Result<Rows, Setback> {
        let (condition, limit) = match deed {
            Deed::Replace { condition } => (condition.clone(), None),
            Deed::Add { digest, .. } => (digest.clone(), Some(1)),
            Deed::Remove { .. } => return Ok(Rows::default()),
        };
        let (mut session, visible) = match bench.source.take() {
            Some(open) => open,
            None => self.open_source().await?,
        };
        let rows = match (&visible, newest) {
            (Some(visible), Some(newest)) => {
                let seen = visible.begin(&mut session).await.map_err(unseen)?;
                let rows = if seen.covers(newest) {
                    Some(form.read(&mut session, &condition, limit).await?)
                } else {
                    None
                };
                visible.finish(&mut session).await.map_err(unseen)?;
                rows
            }
            (_, _) => Some(form.read(&mut session, &condition, limit).await?),
        };
        bench.source = Some((session, visible));
        rows.ok_or(Setback::Invisible)
    }

    async fn open_source(&self) -> Result<(Session, Option<Visible>), Setback> {
        let mut session =
            snapshot::reader(&self.source, LOCK_WAIT).await.map_err(Setback::Source)?;
        pin::reader(&mut session).await.map_err(Setback::Source)?;
        let visible = match self.gatekeeper {
            Some(_) => Some(Visible::of(&mut session).await.map_err(unseen)?),
            None => None,
        };
        Ok((session, visible))
    }

    async fn target<'b>(
        &self,
        bench: &'b mut Bench,
    ) -> Result<&'b mut (Session, TargetLimits), Fault> {
        let open = match bench.target.take() {
            Some(open) => open,
            None => {
                let (session, limits, last) = self.open_target().await?;
                bench.number = bench.number.max(last);
                (session, limits)
            }
        };
        Ok(bench.target.insert(open))
    }

    async fn open_target(&self) -> Result<(Session, TargetLimits, u64), Fault> {
        let mut session = patiently(|| async {
            let mut session = Session::connect(&self.target).await?;
            pin::writer(&mut session).await?;
            session.execute("SET NAMES binary").await?;
            session.execute(format!("SET SESSION wait_timeout={SILENCE_SECONDS}")).await?;
            Ok(session)
        })
        .await?;
        let limits = TargetLimits::of(&mut session).await.on(Side::Target, "read its limits")?;
        let mut last = 0;
        if let Some(gatekeeper) = self.gatekeeper {
            let name = gatekeeper.lock_name();
            let taken = lock::seize(&mut session, &name).await;
            taken.on(Side::Target, "end a repair of another process")?;
            let prepared = gatekeeper.prepare(&mut session).await;
            last = prepared.on(Side::Target, "create the record of repairs")?;
        }
        Ok((session, limits, last))
    }
}

impl Mend for Mender<'_> {
    fn mend<'a>(&'a self, rows: DifferingRows<'a>) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.rows(rows))
    }
}

/// The transactions that mend some rows.
fn deeds(rows: &[DifferingRow], named: Named<'_>, at_once: usize) -> Vec<Deed> {
    let condition = |by: &dyn ByKey, rows: &[DifferingRow]| by.condition(rows);
    match named {
        Named::ByKey(by) => rows
            .chunks(at_once)
            .map(|rows| Deed::Replace { condition: condition(by, rows) })
            .collect(),
        Named::ByDigest(source, target) => rows
            .iter()
            .filter_map(|row| {
                let digest = row.place.first()?;
                let count = row.count;
                Some(match row.kind {
                    DifferenceKind::Missing => {
                        Deed::Add { digest: format!("{source}={digest}"), count }
                    }
                    DifferenceKind::Extra | DifferenceKind::Different => {
                        Deed::Remove { digest: format!("{target}={digest}"), count }
                    }
                })
            })
            .collect(),
    }
}

/// Waits before another attempt, unless the trouble lasts.
async fn again(
    failures: u32,
    side: Side,
    doing: &'static str,
    error: MysqlError,
) -> Result<u32, Fault> {
    if !error.class().is_passing() || failures + 1 >= TRANSACTION_ATTEMPTS {
        return Err(Fault::server(side, doing, error));
    }
    tracing::warn!(%error, "repairing rows again");
    pause(failures + 1).await;
    Ok(failures + 1)
}

fn unseen(error: VisibleError) -> Setback {
    match error {
        VisibleError::Server(error) => Setback::Source(error),
        VisibleError::NoWay { why, remedy } => {
            Fault::new(ErrorCode::ServerUnsuitable, why).on(Side::Source).advise(remedy).into()
        }
    }
}
