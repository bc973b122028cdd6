//! What the operator asks of a run that is at work and that only it can do, between two changes.
//!
//! Obeying begins the run's work again where journal and ledgers say, as the next process would: so an order needs
//! nothing but to be noted there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sealift_schema::name::QualifiedName;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::desk::Desk;
use crate::fault::{ErrorCode, Fault};
use crate::stage::Choice;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// These tables, by their names on the source, are copied again.
    CopyAgain(Vec<QualifiedName>),
    /// All tables are, from a new position.
    CopyAllAgain,
    /// This becomes of what is held.
    Resolve(Resolution),
}

/// What is to be resolved, as the operator names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// `shop` or `shop.orders`, split; or a transaction, as it was printed.
    pub name: String,
    /// The parts of the name, if it is that of an object.
    pub path: Option<Vec<String>>,
    /// What is to become of it.
    pub choice: Choice,
}

/// An order and where to say whether it is obeyed.
#[derive(Debug)]
pub(crate) struct Placed {
    /// What is asked for.
    pub(crate) order: Order,
    /// Whoever has gone meanwhile is not obeyed.
    pub(crate) reply: oneshot::Sender<Result<(), Fault>>,
}

/// Where orders are placed. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct OrderDesk {
    desk: Desk<Placed>,
    was_obeyed: Arc<AtomicBool>,
}

/// Takes orders, one after the other.
#[derive(Debug)]
pub(crate) struct OpenOrders {
    orders: OrderDesk,
}

/// For so long an order waits to be taken: while a run begins, or begins again, or a statement is executed.
const PATIENCE: Duration = Duration::from_secs(60);

impl OrderDesk {
    /// Places an order and waits until it is noted.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn place(&self, order: Order) -> Result<(), Fault> {
        let (reply, answer) = oneshot::channel();
        self.desk.put(Placed { order, reply });
        if let Ok(Ok(noted)) = timeout(PATIENCE, answer).await {
            return noted;
        }
        let what = "the run does not follow the source's changes just now";
        Err(Fault::new(ErrorCode::RequestRefused, what)
            .advise("see sealift status, and ask again when it does"))
    }

    /// Begins to take orders.
    pub(crate) fn open(&self) -> OpenOrders {
        OpenOrders { orders: self.clone() }
    }

    /// Whether one was obeyed since this was last asked: then the run begins again.
    pub(crate) fn was_obeyed(&self) -> bool {
        self.was_obeyed.swap(false, Ordering::SeqCst)
    }
}

impl OpenOrders {
    /// The next order of somebody who still waits. May be dropped while it waits.
    pub(crate) async fn next(&self) -> Placed {
        loop {
            let placed = self.orders.desk.next().await;
            if !placed.reply.is_closed() {
                return placed;
            }
        }
    }

    /// Remembers that an order was noted.
    pub(crate) fn obeyed(&self) {
        self.orders.was_obeyed.store(true, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_order_is_taken_while_its_asker_waits_and_no_longer() {
        let desk = OrderDesk::default();
        assert!(desk.place(Order::CopyAllAgain).await.is_err(), "nobody takes it");
        let (waiting, tables) = (desk.clone(), vec![QualifiedName::new("a", "b")]);
        let order = Order::CopyAgain(tables);
        let asking = tokio::spawn({
            let order = order.clone();
            async move { waiting.place(order).await }
        });
        // The first one's asker is gone.
        let open = desk.open();
        let placed = open.next().await;
        assert_eq!(placed.order, order);
        open.obeyed();
        placed.reply.send(Ok(())).unwrap();
        assert!(asking.await.unwrap().is_ok());
        assert!(desk.was_obeyed() && !desk.was_obeyed());
    }
}
