//! The fence made of locked accounts: whoever may write to a migrated schema cannot log in, and is logged out.
//!
//! Administrators are let through: somebody has to be able to open the accounts again whatever becomes of us.

use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::gather::accounts as gather;
use sealift_mysql::session::Session;
use sealift_schema::account::AccountName;
use sealift_schema::account::reach::{governs, may_change};
use sealift_schema::name::literal;

use super::fence::Fence;
use super::row::FenceRow;
use super::session;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::target::pause::pause;

/// Which accounts the fence is made of: those of one migration that were open when it was made ready.
pub(super) const ACCOUNTS: &str = "sealift.fence_account";

/// Notes the accounts that are to be locked, while writes go on.
pub(super) async fn make_ready(
    fence: &Fence,
    session: &mut Session,
    row: &FenceRow,
) -> Result<(), Fault> {
    let side = fence.endpoint.side;
    let own = session.first("SELECT CURRENT_USER()").await.on(side, "ask who we are")?;
    let own = own.map(|row| row.text(0).map(AccountName::of_current_user)).transpose();
    let own = own.on(side, "ask who we are")?;
    let mut reader =
        gather::open(&fence.endpoint).await.map_err(|error| Fault::gather(side, error))?;
    let others = |name: &AccountName| Some(name) != own.as_ref();
    let accounts = gather::accounts(&mut reader, &others).await;
    let accounts = accounts.map_err(|error| Fault::gather(side, error))?;
    reader.close().await;
    let writers: Vec<AccountName> = accounts
        .into_iter()
        .filter(|account| !account.definition.is_locked())
        .filter(|account| {
            let mut schemas = fence.tables.iter().map(|table| &table.schema);
            !governs(&account.rights) && schemas.any(|schema| may_change(&account.rights, schema))
        })
        .map(|account| account.definition.name)
        .collect();
    if writers.is_empty() {
        let what = "no account that could be locked may write to what is migrated";
        return Err(Fault::new(ErrorCode::TurnRefused, what)
            .on(side)
            .advise("take another fence: see fence in [cutover]"));
    }
    note(session, row, &writers).await.on(side, "note the accounts of the fence")
}

async fn note(
    session: &mut Session,
    row: &FenceRow,
    writers: &[AccountName],
) -> Result<(), MysqlError> {
    session
        .execute(format!(
            "CREATE TABLE IF NOT EXISTS {ACCOUNTS} (\
             migration VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\
             user VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\
             host VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,\
             PRIMARY KEY (migration, user, host)\
             ) ENGINE=InnoDB COMMENT='accounts sealift locks; dropped by sealift finish'"
        ))
        .await?;
    session.execute(format!("DELETE FROM {ACCOUNTS} {}", row.whose())).await?;
    let values: Vec<String> = writers
        .iter()
        .map(|AccountName { user, host }| {
            format!("({},{},{})", row.key(), literal(user), literal(host))
        })
        .collect();
    let sql = format!("INSERT INTO {ACCOUNTS} VALUES {}", values.join(","));
    session.execute(sql).await.map(drop)
}

/// The accounts that were noted; none when nothing was.
pub(super) async fn noted(
    session: &mut Session,
    row: &FenceRow,
) -> Result<Vec<AccountName>, MysqlError> {
    let sql = format!("SELECT user, host FROM {ACCOUNTS} {} ORDER BY user, host", row.whose());
    let rows = match session.rows(sql).await {
        Ok(rows) => rows,
        Err(error) if session::is_absent(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    rows.iter().map(|row| Ok(AccountName::new(row.text(0)?, row.text(1)?))).collect()
}

/// The statement that locks or unlocks accounts: one for all, which is done whole or not at all.
pub(super) fn altered(accounts: &[AccountName], what: &str) -> String {
    let names: Vec<String> = accounts.iter().map(ToString::to_string).collect();
    format!("ALTER USER IF EXISTS {} ACCOUNT {what}", names.join(", "))
}

/// Locks them and ends their connections. When it returns, none of them is logged in.
pub(super) async fn lock(
    fence: &Fence,
    session: &mut Session,
    row: &FenceRow,
) -> Result<(), Fault> {
    let side = fence.endpoint.side;
    alter(session, row, "LOCK").await.on(side, "lock accounts")?;
    let accounts = noted(session, row).await.on(side, "read the accounts of the fence")?;
    let users: Vec<String> = accounts.iter().map(|account| literal(&account.user)).collect();
    let sql = format!(
        "SELECT id FROM information_schema.processlist WHERE user IN ({}) AND id <> {}",
        users.join(","),
        session.connection_id()
    );
    let begun = fence.clock.elapsed();
    let mut looks = 0;
    loop {
        let rows = session.rows(&sql).await.on(side, "list connections")?;
        if rows.is_empty() {
            return Ok(());
        }
        if fence.clock.elapsed().saturating_sub(begun) >= fence.wait {
            let what = format!("{} connections of locked accounts do not end", rows.len());
            return Err(Fault::new(ErrorCode::TransactionsOpen, what).on(side));
        }
        for row in &rows {
            let id: u64 = row.parse(0).on(side, "list connections")?;
            match session.execute(format!("KILL {id}")).await {
                Ok(_) => {}
                // It has ended by itself.
                Err(error) if error.class() == ErrorClass::Other => {
                    tracing::debug!(%error, "a connection is not killed");
                }
                Err(error) => return Err(Fault::server(side, "end connections", error)),
            }
        }
        looks += 1;
        pause(looks.min(2)).await;
    }
}

/// Locks or unlocks them, whoever is logged in.
pub(super) async fn alter(
    session: &mut Session,
    row: &FenceRow,
    what: &str,
) -> Result<(), MysqlError> {
    let accounts = noted(session, row).await?;
    if accounts.is_empty() {
        return Ok(());
    }
    session.execute(altered(&accounts, what)).await.map(drop)
}

/// The condition that is true while none of them was opened.
pub(super) fn all_locked(row: &FenceRow) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM mysql.user u JOIN {ACCOUNTS} f ON f.user=u.user AND f.host=u.host \
         WHERE f.migration={} AND u.account_locked='N')",
        row.key()
    )
}

/// Forgets them; as they are they stay.
pub(super) async fn forget(session: &mut Session, row: &FenceRow) -> Result<(), MysqlError> {
    match session.execute(format!("DELETE FROM {ACCOUNTS} {}", row.whose())).await {
        Ok(_) => {
            if session.first(format!("SELECT 1 FROM {ACCOUNTS} LIMIT 1")).await?.is_none() {
                session.execute(format!("DROP TABLE IF EXISTS {ACCOUNTS}")).await?;
            }
            Ok(())
        }
        Err(error) if session::is_absent(&error) => Ok(()),
        Err(error) => Err(error),
    }
}
