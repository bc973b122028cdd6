//! The other side can take over: its counters, a sample of its rows, questions of the user's own.

use std::sync::Arc;

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use tokio::time::timeout;

use super::counters::Counters;
use super::drain::Drained;
use super::fence::Fenced;
use crate::clock::Clock;
use crate::control::{Control, Settings};
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::probe::Probe;
use crate::progress::Progress;
use crate::stop::Stop;
use crate::verify::{self, NoNotebook, TablePair, TableVerdict, VerifyJob};

/// Sessions on each side that compare.
const WORKERS: usize = 2;

/// What is confirmed, and how.
#[derive(Debug)]
pub struct ConfirmJob<'a> {
    /// The source.
    pub source: &'a Endpoint,
    /// The target.
    pub target: &'a Endpoint,
    /// The side that is to be live.
    pub to: Side,
    /// The migrated tables.
    pub tables: &'a [TablePair],
    /// Rows that are compared at most.
    pub rows_max: u64,
    /// By how much counters are to be ahead.
    pub headroom: u64,
    /// Questions of the user's own.
    pub smoke: &'a [String],
    /// What time it is.
    pub clock: &'a Clock,
}

/// The other side can take over.
pub struct Confirmed {
    drained: Drained,
    /// What was found good, for the record.
    pub checks: Vec<String>,
}

/// A question that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smoke {
    /// The statement.
    pub sql: String,
    /// What the first column of the first row was.
    pub answer: String,
}

impl ConfirmJob<'_> {
    fn endpoint(&self, side: Side) -> &Endpoint {
        match side {
            Side::Source => self.source,
            Side::Target => self.target,
        }
    }

    /// Confirms, for as long as the fence holds.
    ///
    /// # Errors
    /// [`ErrorCode::NotConfirmed`] when something is not as it should be, [`ErrorCode::BudgetUsedUp`] when the
    /// time is over, or a server's trouble.
    pub async fn confirm(&self, drained: Drained) -> Result<Confirmed, Fault> {
        let left = drained.fenced().left();
        let checks = match timeout(left, self.checks(drained.fenced().side())).await {
            Ok(checks) => checks?,
            Err(_late) => return Err(drained.fenced().used_up()),
        };
        Ok(Confirmed { drained, checks })
    }

    async fn checks(&self, from: Side) -> Result<Vec<String>, Fault> {
        let mut checks = Vec::new();
        let counters = Counters { from: self.endpoint(from), to: self.endpoint(self.to) };
        let raised = counters.raise(self.tables, self.headroom).await?;
        checks.push(format!("AUTO_INCREMENT: {raised} counters were behind and are ahead now"));
        checks.push(self.compare().await?);
        for Smoke { sql, answer } in self.ask(self.smoke).await? {
            checks.push(format!("{sql}: {answer}"));
        }
        Ok(checks)
    }

    /// Compares the smallest tables.
    async fn compare(&self) -> Result<String, Fault> {
        let mut tables: Vec<&TablePair> = self.tables.iter().collect();
        tables.sort_by_key(|pair| pair.source.rows_estimate);
        let mut rows = 0;
        let some: Vec<TablePair> = tables
            .into_iter()
            .take_while(|pair| {
                rows += pair.source.rows_estimate.max(pair.target.rows_estimate);
                rows <= self.rows_max
            })
            .cloned()
            .collect();
        if some.is_empty() {
            return Ok("no table is small enough to be compared behind the fence".to_owned());
        }
        let count = some.len();
        let stop = Stop::new();
        let verdicts = verify::rows(VerifyJob {
            source: self.source.clone(),
            target: self.target.clone(),
            tables: some,
            workers: WORKERS,
            chunk_bytes: verify::CHUNK_BYTES,
            // Behind the fence both sides stand still.
            moving: None,
            notebook: Arc::new(NoNotebook),
            control: Control::new(stop.clone(), self.clock.clone(), Settings::default()),
            clock: self.clock.clone(),
            progress: Progress::default(),
            probe: Probe::none(),
            stop,
        })
        .await?;
        let rows: u64 = verdicts.iter().map(|verdict| verdict.rows_source).sum();
        match verdicts.iter().find(|verdict| !verdict.is_equal()) {
            None => Ok(format!("{rows} rows of {count} tables are equal on both sides")),
            Some(TableVerdict { table, rows_source, rows_target, .. }) => {
                let what = format!(
                    "its rows differ behind the fence: {rows_source} on the source, {rows_target} on the \
                     target"
                );
                Err(Fault::new(ErrorCode::NotConfirmed, what).about(format!("table {table}")))
            }
        }
    }

    /// Asks the questions of the side that is to be live.
    ///
    /// # Errors
    /// [`ErrorCode::NotConfirmed`] for an answer that is empty, NULL or 0, or none.
    pub async fn ask(&self, questions: &[String]) -> Result<Vec<Smoke>, Fault> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let mut session = Session::connect(self.endpoint(self.to)).await.on(self.to, "connect")?;
        let mut answers = Vec::new();
        for sql in questions {
            let refused = |what: String| {
                Fault::new(ErrorCode::NotConfirmed, what).on(self.to).about(format!("query {sql}"))
            };
            let row = match session.first(sql).await {
                Ok(row) => row,
                Err(error) => return Err(refused("it failed".to_owned()).because(error)),
            };
            let answer = row.as_ref().and_then(|row| row.get(0));
            let answer = answer.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
            match answer {
                None => return Err(refused("its answer is NULL, or no row".to_owned())),
                Some(no) if no.is_empty() || no == "0" => {
                    return Err(refused(format!("its answer is {no:?}")));
                }
                Some(answer) => answers.push(Smoke { sql: sql.clone(), answer }),
            }
        }
        session.close().await;
        Ok(answers)
    }
}

impl Confirmed {
    /// The fence.
    #[must_use]
    pub fn fenced(&self) -> &Fenced {
        self.drained.fenced()
    }

    pub(super) fn into_fenced(self) -> Fenced {
        self.drained.fenced
    }
}
