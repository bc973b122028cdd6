//! Named locks on the target: whoever takes one ends the session that had it.
//!
//! Without them a session whose process is gone without a word (its machine, say) would hold its row
//! locks for hours. <https://dev.mysql.com/doc/refman/9.7/en/locking-functions.html>

use std::fmt::Write;

use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use sha2::{Digest, Sha256};

/// How long another session may take to end after it was killed.
const SEIZE_SECONDS: u32 = 10;

/// The lock of whoever makes or removes a ledger.
const TURN: &str = "sealift.ledger";

/// How long such a turn may take.
const TURN_SECONDS: u32 = 60;

/// How often the holder of a lock is killed before we give up.
const SEIZE_ATTEMPTS: u32 = 6;

/// A name for a lock that tells these parts from all others: 40 characters, of the 64 a name may have.
pub(crate) fn name(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let mut name = String::from("sealift.");
    for byte in hash.finalize().iter().take(16) {
        let _infallible = write!(name, "{byte:02x}");
    }
    name
}

/// Takes a named lock from whoever has it.
pub(crate) async fn seize(session: &mut Session, name: &str) -> Result<(), MysqlError> {
    for attempt in 0..SEIZE_ATTEMPTS {
        let patience = if attempt == 0 { 0 } else { SEIZE_SECONDS };
        let row = session.first(format!("SELECT GET_LOCK('{name}',{patience})")).await?;
        if row.as_ref().and_then(|row| row.get(0)) == Some(b"1") {
            return Ok(());
        }
        let holder = session.first(format!("SELECT IS_USED_LOCK('{name}')")).await?;
        kill(session, holder.and_then(|row| row.parse(0).ok())).await?;
    }
    Err(MysqlError::Result(format!("the session that holds the lock {name} does not end")))
}

/// Ends the sessions that hold one of these locks, and waits until they are gone: nothing of what they were
/// sent is executed after this.
pub(crate) async fn sweep(session: &mut Session, names: &[String]) -> Result<(), MysqlError> {
    let holders: Vec<String> = names.iter().map(|name| format!("IS_USED_LOCK('{name}')")).collect();
    let row = session.first(format!("SELECT {}", holders.join(","))).await?;
    for (at, name) in names.iter().enumerate() {
        if row.as_ref().is_some_and(|row| row.get(at).is_some()) {
            seize(session, name).await?;
            session.execute(format!("DO RELEASE_LOCK('{name}')")).await?;
        }
    }
    Ok(())
}

/// Waits until no other migration is making or removing a ledger. The turn ends with the session or
/// [`end_turn`].
///
/// A turn takes no longer than some statements: whoever has had it for a minute has vanished with it, and is
/// ended.
pub(crate) async fn take_turn(session: &mut Session) -> Result<(), MysqlError> {
    for _attempt in 0..SEIZE_ATTEMPTS {
        let row = session.first(format!("SELECT GET_LOCK('{TURN}',{TURN_SECONDS})")).await?;
        if row.as_ref().and_then(|row| row.get(0)) == Some(b"1") {
            return Ok(());
        }
        let holder = session.first(format!("SELECT IS_USED_LOCK('{TURN}')")).await?;
        kill(session, holder.and_then(|row| row.parse(0).ok())).await?;
    }
    Err(MysqlError::Result("another migration holds the ledger's lock".into()))
}

/// Lets the next migration make or remove its ledger.
pub(crate) async fn end_turn(session: &mut Session) -> Result<(), MysqlError> {
    session.execute(format!("DO RELEASE_LOCK('{TURN}')")).await?;
    Ok(())
}

/// Drops the ledgers' schema when no ledger is left in it. It must be our turn.
pub(crate) async fn drop_empty_schema(session: &mut Session) -> Result<(), MysqlError> {
    let tables = "SELECT 1 FROM information_schema.tables WHERE table_schema='sealift' LIMIT 1";
    if session.first(tables).await?.is_none() {
        session.execute("DROP SCHEMA IF EXISTS sealift").await?;
    }
    Ok(())
}

async fn kill(session: &mut Session, victim: Option<u64>) -> Result<(), MysqlError> {
    let Some(victim) = victim else { return Ok(()) };
    match session.execute(format!("KILL {victim}")).await {
        Ok(_) => Ok(()),
        // It may have ended by itself meanwhile.
        Err(error) if error.class() != ErrorClass::Lost => {
            tracing::debug!(victim, %error, "a session is not killed");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_tell_their_parts_apart() {
        assert_eq!(name(&["m", "a"]).len(), 40);
        assert_ne!(name(&["m", "a", "bc"]), name(&["m", "ab", "c"]));
    }
}
