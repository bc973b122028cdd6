//! Secondary indexes, built per table as soon as its rows are there, beside the copying of others.

use std::sync::{Mutex, PoisonError};

use futures_util::future::{BoxFuture, join_all, try_join_all};
use sealift_schema::name::QualifiedName;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use crate::copy::AfterTable;
use crate::fault::{ErrorCode, Fault};
use crate::plan::apply::{Hand, Indexes, StepResult};

/// A table whose rows are there, and where to say that its indexes are too.
type Request = (QualifiedName, oneshot::Sender<Result<(), Fault>>);

/// Tables whose indexes are built at a time, beside the copying of others.
pub(super) const BUILDERS: usize = 2;

/// Hands tables from the copy's tasks to the builders, which live where the plan does.
pub(super) struct Relay {
    requests: mpsc::UnboundedSender<Request>,
}

/// The builders of one run.
pub(super) struct Builders {
    requests: AsyncMutex<mpsc::UnboundedReceiver<Request>>,
    results: Mutex<Vec<StepResult>>,
}

/// Builders, and the way to them.
pub(super) fn builders() -> (Relay, Builders) {
    let (sender, requests) = mpsc::unbounded_channel();
    let builders = Builders { requests: AsyncMutex::new(requests), results: Mutex::default() };
    (Relay { requests: sender }, builders)
}

impl AfterTable for Relay {
    fn table_copied<'a>(&'a self, table: &'a QualifiedName) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let gone = || Fault::new(ErrorCode::Internal, "hand a table to the index builders");
            let (reply, answer) = oneshot::channel();
            self.requests.send((table.clone(), reply)).map_err(|_closed| gone())?;
            answer.await.map_err(|_dropped| gone())?
        })
    }

    fn family_copied<'a>(
        &'a self,
        tables: &'a [QualifiedName],
    ) -> BoxFuture<'a, Result<(), Fault>> {
        let built = try_join_all(tables.iter().map(|table| self.table_copied(table)));
        Box::pin(async move { built.await.map(drop) })
    }
}

impl Builders {
    /// Builds the indexes of tables as they come, until none can come any more. `begin` is awaited before
    /// each table's; what it returns is kept until they are there.
    pub(super) async fn work<G>(
        &self,
        indexes: &Indexes<'_>,
        begin: impl AsyncFn(&QualifiedName) -> Result<G, Fault>,
    ) {
        join_all((0..BUILDERS).map(|_builder| self.builder(indexes, &begin))).await;
    }

    /// What became of the scripts.
    pub(super) fn results(self) -> Vec<StepResult> {
        self.results.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    async fn builder<G>(
        &self,
        indexes: &Indexes<'_>,
        begin: &impl AsyncFn(&QualifiedName) -> Result<G, Fault>,
    ) {
        let mut hand: Option<Hand> = None;
        loop {
            let next = self.requests.lock().await.recv().await;
            let Some((table, reply)) = next else { return };
            let built = self.build(indexes, &mut hand, &table, begin).await;
            if let Err(unheard) = reply.send(built) {
                // The copy has ended for another reason and does not ask any more.
                tracing::debug!(?unheard, %table, "nobody asked what became of the indexes");
            }
        }
    }

    async fn build<G>(
        &self,
        indexes: &Indexes<'_>,
        hand: &mut Option<Hand>,
        table: &QualifiedName,
        begin: &impl AsyncFn(&QualifiedName) -> Result<G, Fault>,
    ) -> Result<(), Fault> {
        let _kept = begin(table).await?;
        if hand.is_none() {
            *hand = Some(indexes.session().await?);
        }
        let Some(hand) = hand else { return Ok(()) };
        let result = indexes.add(hand, table).await?;
        self.results.lock().unwrap_or_else(PoisonError::into_inner).extend(result);
        Ok(())
    }
}
