//! Orders to a run that follows: noted between two changes, then everything begins again where journal and ledgers
//! say.

use sealift_schema::name::QualifiedName;
use tokio::sync::oneshot;

use super::Migration;
use super::again::refuse_unknown;
use super::anew::note_all_again;
use super::follow::{Definitions, Follow};
use super::resolve::resolve;
use super::turning::turns;
use crate::fault::{ErrorCode, Fault};
use crate::order::{OpenOrders, Order, Placed};

/// Where orders come from, and whoever waits for one to be carried out.
pub(super) struct Orders<'a> {
    migration: &'a Migration,
    desk: OpenOrders,
    noted: Vec<oneshot::Sender<Result<(), Fault>>>,
}

impl<'a> Orders<'a> {
    /// Begins to take orders.
    pub(super) fn open(migration: &'a Migration) -> Self {
        Self { migration, desk: migration.orders.open(), noted: Vec::new() }
    }
}

/// The next order; never, where none are taken.
pub(super) async fn placed(orders: Option<&Orders<'_>>) -> Placed {
    match orders {
        Some(orders) => orders.desk.next().await,
        None => std::future::pending().await,
    }
}

impl Follow<'_> {
    /// Notes an order, or says why not. A turn is not to be disturbed: it is for either to be made, not for both.
    pub(super) async fn obey(&mut self, Placed { order, reply }: Placed) -> Result<(), Fault> {
        let noted = self.note(order).await;
        let Some(orders) = &mut self.orders else { return Ok(()) };
        match noted {
            Ok(()) => orders.noted.push(reply),
            // Whoever asked may have gone meanwhile.
            Err(fault) => drop(reply.send(Err(fault))),
        }
        Ok(())
    }

    async fn note(&self, order: Order) -> Result<(), Fault> {
        let Some(Orders { migration, .. }) = &self.orders else { return Ok(()) };
        if let Definitions::Resting { .. } = self.definitions {
            let what = "the migration was cut over: the source's tables are not copied any more";
            return Err(Fault::new(ErrorCode::TurnRefused, what)
                .advise("see sealift status for the side that is live"));
        }
        if turns(self.journal)?.open.is_some() {
            let what = "a turn is being made";
            return Err(
                Fault::new(ErrorCode::TurnRefused, what).advise("ask again when it has ended")
            );
        }
        let carrier = self.carrier();
        tracing::info!(?order, "an order of the operator is noted");
        match order {
            Order::CopyAgain(tables) => {
                let known = carrier.followed().await?;
                refuse_unknown(migration, &known, &tables)?;
                carrier.mark(&tables.into_iter().collect()).await
            }
            Order::CopyAllAgain => {
                let known: Vec<QualifiedName> = carrier.followed().await?.into_iter().collect();
                note_all_again(self.journal, known)
            }
            Order::Resolve(resolution) => resolve(self.journal, &resolution).map(drop),
        }
    }

    /// Ends what is under way when an order is noted: the same run goes on with it. A turn that began meanwhile
    /// comes first: it is refused, if the order stands in its way.
    pub(super) fn begin_again_if_obeyed(&mut self) -> Result<(), Fault> {
        let Some(orders) = &mut self.orders else { return Ok(()) };
        if orders.noted.is_empty() || turns(self.journal)?.open.is_some() {
            return Ok(());
        }
        orders.desk.obeyed();
        for reply in orders.noted.drain(..) {
            // Whoever asked may have gone meanwhile.
            let _unheard = reply.send(Ok(())).is_err();
        }
        Err(Fault::new(ErrorCode::SourceChanged, "the operator asked for it"))
    }
}
