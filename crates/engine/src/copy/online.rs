//! What the conductor of an online run needs of the copy: gates that know what earlier runs left, and indexes
//! that are built only when a table is a state the source had.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use sealift_mysql::binlog::LogPosition;
use sealift_mysql::endpoint::Endpoint;
use sealift_schema::catalog::Table;
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;
use tokio::sync::watch;

use super::aside::Aside;
use super::family::{Holds, copied_at};
use super::gate::Gates;
use super::ledger::Ledger;
use super::pass::must_be_exact;
use super::{AfterTable, connect_writer};
use crate::family::Families;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::log_end;
use crate::stop::Stop;

/// Makes the gates of a run. `handed_over` holds everything the applier was ever handed: the newest position of
/// its lanes, or where the migration begins.
///
/// Families that were copied stay closed until the holds are dropped: by the copy, or by whoever knows that their
/// indexes are there.
///
/// To be awaited before the applier is handed anything: chunks that earlier runs sent are not behind these
/// gates, so the sessions that sent them are ended first.
///
/// # Errors
/// When the target refuses, the connection is lost or a session of an earlier run does not end.
pub async fn gates(
    target: &Endpoint,
    migration: &str,
    tables: impl IntoIterator<Item = &Table>,
    families: &Families,
    handed_over: LogPosition,
) -> Result<(Gates, Holds), Fault> {
    let ledger = Ledger::of(migration);
    let mut session = connect_writer(target).await.on(Side::Target, "connect")?;
    ledger.ensure(&mut session).await.on(Side::Target, "create the ledger")?;
    ledger.sweep(&mut session).await.on(Side::Target, "end sessions of an earlier run")?;
    let found = ledger.lanes(&mut session).await.on(Side::Target, "read the ledger")?;
    session.close().await;
    let gates = Gates::new(handed_over);
    let alone = |table: &&Table| must_be_exact(table) && !families.contains(&table.name);
    for table in tables.into_iter().filter(alone) {
        let lane = found.get(&table.name).and_then(|lanes| lanes.first());
        let copied = lane.map(|lane| &lane.standing).filter(|at| at.done && !at.emptying);
        gates.expect_exact(&table.name, copied.and_then(|standing| standing.read_at.clone()));
    }
    let holds = Holds::default();
    for tables in families.iter() {
        let copied = copied_at(tables.iter().map(|table| found.get(table)));
        if copied.is_some() {
            holds.add(&gates, tables);
        }
        for table in tables {
            gates.expect_exact(table, copied.clone());
        }
    }
    Ok((gates, holds))
}

/// Does what is done with a table once its rows are there, as soon as the table is a state the source had:
/// until then rows may be there that no moment of the source had together, and unique keys could not be built
/// over them. Meanwhile the table's changes are held.
///
/// A chunk may know more than the position it was read behind, so the table is such a state only when
/// everything is applied that the log holds after its last chunk was read.
pub struct Settled {
    /// The source.
    pub source: Endpoint,
    /// Where copier and applier meet.
    pub gates: Gates,
    /// How far the applier has come on every lane. It moves on while the applier waits for a gate, and with
    /// transactions of other tables.
    pub applied: watch::Receiver<LogPosition>,
    /// What is done then.
    pub then: Arc<dyn AfterTable>,
    /// Tables with which nothing more is done.
    pub aside: Aside,
    /// The operator's wish to stop.
    pub stop: Stop,
}

impl AfterTable for Settled {
    fn table_copied<'a>(&'a self, table: &'a QualifiedName) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let horizon = log_end::of(&self.source).await?;
            self.until(|applied| applied.covers(&horizon)).await?;
            if self.aside.holds(table) {
                return Ok(());
            }
            let hold = self.gates.hold(table);
            let last = self.gates.last_handed_over(table);
            self.until(|applied| last.as_ref().is_none_or(|last| applied.contains(last))).await?;
            let done = self.then.table_copied(table).await;
            drop(hold);
            done
        })
    }

    /// A family is a state the source had from the beginning, and its changes are held by its gates.
    fn family_copied<'a>(
        &'a self,
        tables: &'a [QualifiedName],
    ) -> BoxFuture<'a, Result<(), Fault>> {
        self.then.family_copied(tables)
    }
}

impl Settled {
    async fn until(&self, fact: impl FnMut(&LogPosition) -> bool) -> Result<(), Fault> {
        let mut applied = self.applied.clone();
        let reached = tokio::select! {
            reached = applied.wait_for(fact) => reached.is_ok(),
            () = self.stop.wait() => return self.stop.check(),
        };
        if reached {
            return Ok(());
        }
        Err(Fault::new(ErrorCode::Internal, "the applier ended before the copy did"))
    }
}
