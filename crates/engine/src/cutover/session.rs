//! Sessions that speak to either side during a turn, and pass every fence of ours.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;

use crate::fault::{Fault, OnServer};
use crate::target::definers::{Definers, same_account};
use crate::target::pin;

/// How long a statement of ours may wait for somebody's table, in seconds: others queue behind it.
pub(super) const LOCK_WAIT_S: u64 = 2;

/// Logs in; the session's times are UTC.
pub(super) async fn open(endpoint: &Endpoint) -> Result<Session, Fault> {
    let opened = async {
        let mut session = Session::connect(endpoint).await?;
        pin::writer(&mut session).await?;
        defining(&mut session).await?;
        Ok::<_, MysqlError>(session)
    };
    opened.await.on(endpoint.side, "connect")
}

/// Messages and definitions are text, and a definition means what it meant to whoever made it. What else is pinned
/// for rows a definer may lack the privilege to set.
async fn defining(session: &mut Session) -> Result<(), MysqlError> {
    session.execute("SET NAMES utf8mb4").await?;
    session.execute(format!("SET SESSION lock_wait_timeout={LOCK_WAIT_S}")).await.map(drop)
}

/// Our session on a side, and beside it those of definers whose objects only they can make or change.
pub(super) struct Makers<'a> {
    pub(super) own: Session,
    /// The account of our session.
    account: String,
    definers: Option<&'a Definers>,
    others: BTreeMap<String, Session>,
    side: Side,
}

impl<'a> Makers<'a> {
    pub(super) async fn open(
        endpoint: &Endpoint,
        definers: Option<&'a Definers>,
    ) -> Result<Self, Fault> {
        let (side, doing) = (endpoint.side, "ask who we are");
        let mut own = open(endpoint).await?;
        let row = own.first("SELECT CURRENT_USER()").await.on(side, doing)?;
        let account = row.as_ref().map_or(Ok(""), |row| row.text(0)).on(side, doing)?.to_owned();
        Ok(Self { own, account, definers, others: BTreeMap::new(), side })
    }

    /// Whether something of this definer's can be made without naming it: the session is its own.
    pub(super) fn is_by(&self, definer: &str) -> bool {
        self.definers.is_some() || same_account(&self.account, definer)
    }

    /// The session that makes what belongs to a definer.
    pub(super) async fn of(&mut self, definer: &str) -> Result<&mut Session, Fault> {
        let Some(definers) = self.definers.filter(|_| !same_account(&self.account, definer)) else {
            return Ok(&mut self.own);
        };
        match self.others.entry(definer.to_owned()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let mut session = definers.log_in(definer).await??;
                defining(&mut session).await.on(self.side, "prepare the session")?;
                Ok(place.insert(session))
            }
        }
    }

    /// Says goodbye.
    pub(super) async fn close(self) {
        for session in self.others.into_values() {
            session.close().await;
        }
        self.own.close().await;
    }
}

/// Whether the server says that there is no such thing, or that it may not be asked about.
pub(super) fn is_absent(error: &MysqlError) -> bool {
    matches!(
        error.class(),
        ErrorClass::DefinitionChanged | ErrorClass::PrivilegeMissing | ErrorClass::AccessDenied
    )
}
