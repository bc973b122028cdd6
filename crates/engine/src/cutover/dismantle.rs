//! Takes everything of ours off a side, at the end of a migration.

use sealift_mysql::endpoint::Endpoint;
use sealift_schema::name::QualifiedName;

use super::row::{FenceRow, TABLE};
use super::{fence, lasting, session, triggers};
use crate::fault::{Fault, OnServer};

/// Removes fence, row, triggers and watchdog; tells whether there was a fence. `read_only` is no object of ours
/// and stays as it is. May be repeated.
///
/// # Errors
/// When the server refuses or the connection is lost.
pub async fn dismantle(
    endpoint: &Endpoint,
    migration: &str,
    tables: &[QualifiedName],
) -> Result<bool, Fault> {
    let side = endpoint.side;
    let mut session = session::open(endpoint).await?;
    let row = FenceRow::of(migration);
    let was_there = row.read(&mut session).await.on(side, "read the fence")?.is_some();
    if was_there {
        fence::disarm(&mut session, side, &row).await?;
        lasting::remove(&mut session, &row).await.on(side, "remove the keeper")?;
        // The triggers first: without the row they let everything through, and a side must not be half open.
        triggers::remove(&mut session, side, tables).await?;
        row.remove(&mut session).await.on(side, &format!("remove {TABLE}"))?;
    }
    session.close().await;
    Ok(was_there)
}
