//! Takes everything of ours off a side, at the end of a migration.

use sealift_mysql::endpoint::Endpoint;
use sealift_schema::name::QualifiedName;

use super::kind::FenceKind;
use super::row::{FenceRow, RowState, TABLE};
use super::{accounts, fence, lasting, session, triggers};
use crate::fault::{Fault, OnServer};

/// What was taken off a side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dismantled {
    /// Whether there was a fence.
    pub was_there: bool,
    /// Accounts that the fence has locked and that stay so, as they are written in SQL.
    pub locked: Vec<String>,
}

/// Removes fence, row, triggers and watchdog. `read_only` and locked accounts are no objects of ours and stay as
/// they are. May be repeated.
///
/// # Errors
/// When the server refuses or the connection is lost.
pub async fn dismantle(
    endpoint: &Endpoint,
    migration: &str,
    tables: &[QualifiedName],
) -> Result<Dismantled, Fault> {
    let side = endpoint.side;
    let mut session = session::open(endpoint).await?;
    let row = FenceRow::of(migration);
    let standing = row.read(&mut session).await.on(side, "read the fence")?;
    let mut found = Dismantled { was_there: standing.is_some(), locked: Vec::new() };
    if let Some(standing) = standing {
        if (standing.state, standing.kind) == (RowState::Left, FenceKind::Accounts) {
            let noted = accounts::noted(&mut session, &row).await;
            let noted = noted.on(side, "read the accounts of the fence")?;
            found.locked = noted.iter().map(ToString::to_string).collect();
        }
        accounts::forget(&mut session, &row).await.on(side, "forget the fence's accounts")?;
        fence::disarm(&mut session, side, &row).await?;
        lasting::end(&mut session, &row).await.on(side, "remove the keeper")?;
        // The triggers first: without the row they let everything through, and a side must not be half open.
        triggers::remove(&mut session, side, tables).await?;
        row.remove(&mut session).await.on(side, &format!("remove {TABLE}"))?;
    }
    session.close().await;
    Ok(found)
}
