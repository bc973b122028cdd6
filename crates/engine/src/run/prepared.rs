//! Transactions that XA had prepared: when reads of the source see them, where no position tells.
//!
//! MySQL's GTIDs tell it of every transaction. Without them `XA COMMIT` is in the log, and its place within whatever the
//! source calls visible, before its rows are: on MariaDB for the blink of an eye, on MySQL for as long as a
//! semi-synchronous source waits. The list of what is prepared tells.

use std::collections::BTreeSet;

use sealift_mysql::binlog::{
    Gtid, GtidSet, LogPosition, TransactionId, Visible, VisibleError, log_end, prepared_xa,
};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;

use crate::copy::gate::Gates;
use crate::fault::{ErrorCode, Fault};
use crate::target::pause::{pause, pause_between_looks};

/// Looks in quick succession: a commit that nothing holds up is through in a moment.
const QUICK_LOOKS: u32 = 16;

/// Looks before we give up: the slow ones take about three minutes.
const LOOKS_MAX: u32 = QUICK_LOOKS + 25;

/// Looks at the beginning: some seconds. What is prepared for longer was forgotten.
const LOOKS_AT_BEGINNING: u32 = QUICK_LOOKS + 5;

/// Sees transactions end on the source.
pub(super) struct EndsOfXa {
    source: Endpoint,
    session: Option<Session>,
    last: Option<Look>,
}

/// What a look found.
struct Look {
    /// Where the log ended before.
    end: LogPosition,
    /// What was prepared after that.
    prepared: BTreeSet<String>,
}

impl EndsOfXa {
    pub(super) fn of(source: &Endpoint) -> Self {
        Self { source: source.clone(), session: None, last: None }
    }

    /// Whether positions tell nothing of a transaction that had been prepared.
    pub(super) fn are_hidden(id: &TransactionId) -> bool {
        !matches!(id.gtid, Some(Gtid::MySql { .. }))
    }

    /// Waits until a transaction has ended whose `XA COMMIT` was read: whoever begins to read then sees its rows.
    pub(super) async fn wait(&mut self, xid: &str, id: &TransactionId) -> Result<(), Fault> {
        let mut looks = 0;
        loop {
            if self.last.as_ref().is_some_and(|look| look.has_seen_end(xid, id)) {
                return Ok(());
            }
            if looks == LOOKS_MAX {
                return Err(never_ended(xid).about(format!("transaction {id}")));
            }
            pause_before(looks).await;
            looks += 1;
            self.last = match self.look().await {
                Ok(Some(look)) => Some(look),
                Ok(None) => return Err(unseen()),
                Err(error) if error.class().is_passing() => {
                    tracing::warn!(%error, "looking for prepared transactions again");
                    self.session = None;
                    None
                }
                Err(error) => {
                    return Err(Fault::server(Side::Source, "list prepared transactions", error));
                }
            };
        }
    }

    async fn look(&mut self) -> Result<Option<Look>, MysqlError> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => Session::connect(&self.source).await?,
        };
        let Some(end) = log_end(&mut session).await? else { return Ok(None) };
        let prepared = prepared_xa(&mut session).await?;
        self.session = Some(session);
        Ok(prepared.map(|prepared| Look { end, prepared }))
    }
}

impl Look {
    fn has_seen_end(&self, xid: &str, id: &TransactionId) -> bool {
        // The list has it from before its `XA COMMIT` is logged until that has taken effect.
        self.end.contains(id) && !self.prepared.contains(xid)
    }
}

/// A visible position to follow from, that has what XA had prepared and not ended by then read as well. By MySQL's
/// GTIDs, what does not end for long is left alone: the run stops where it is committed. Without them it may be
/// committed and not visible.
///
/// # Errors
/// If the session fails, or transactions stay prepared of which nobody knows whether they are visible.
pub(super) async fn beginning(
    visible: &Visible,
    session: &mut Session,
) -> Result<LogPosition, Fault> {
    let listing = |error| Fault::server(Side::Source, "list prepared transactions", error);
    let before = visible.start(session).await.map_err(invisible)?;
    let Some(mut open) = prepared_xa(session).await.map_err(listing)? else { return Ok(before) };
    for looks in 1..=LOOKS_AT_BEGINNING {
        if open.is_empty() {
            break;
        }
        pause_before(looks).await;
        let now = prepared_xa(session).await.map_err(listing)?.unwrap_or_default();
        open.retain(|xid| now.contains(xid));
        if open.is_empty() {
            let position = visible.start(session).await.map_err(invisible)?;
            return Ok(LogPosition { since: Some(Box::new(before)), ..position });
        }
    }
    if open.is_empty() {
        return Ok(before);
    }
    if before.gtids.as_ref().is_some_and(GtidSet::is_mysql) {
        tracing::warn!(
            prepared = ?open,
            "transactions are prepared by XA and do not end: if one is committed, the run stops there"
        );
        return Ok(before);
    }
    let names = Vec::from_iter(open).join("; ");
    let what = format!("transactions are prepared by XA and do not end: {names}");
    Err(Fault::new(ErrorCode::ServerUnsuitable, what).on(Side::Source).advise(
        "XA RECOVER lists them; end each by XA COMMIT or XA ROLLBACK, then run the same command again",
    ))
}

/// Why no visible position can be had.
pub(super) fn invisible(error: VisibleError) -> Fault {
    match error {
        VisibleError::Server(cause) => Fault::server(Side::Source, "ask what is visible", cause),
        VisibleError::NoWay { why, remedy } => {
            Fault::new(ErrorCode::ServerUnsuitable, why).on(Side::Source).advise(remedy)
        }
    }
}

/// The tables of a transaction of which nobody knows whether their exact copies have it: a snapshot of MariaDB has an
/// `XA COMMIT` within its position some time before it has its rows. MySQL's tables were locked for the moment.
pub(super) fn unknown_to_copies(
    gates: &Gates,
    id: &TransactionId,
    tables: &[QualifiedName],
) -> BTreeSet<QualifiedName> {
    if !matches!(id.gtid, Some(Gtid::MariaDb { .. })) {
        return BTreeSet::new();
    }
    let is_open = |table: &&QualifiedName| gates.is_exact(table) && gates.skips(table, id);
    tables.iter().filter(is_open).cloned().collect()
}

async fn pause_before(looks: u32) {
    match looks {
        0 => {}
        1..=QUICK_LOOKS => pause_between_looks(looks).await,
        _ => pause(looks - QUICK_LOOKS).await,
    }
}

fn never_ended(xid: &str) -> Fault {
    let what = format!("XA COMMIT {xid} is in its log and does not take effect");
    Fault::new(ErrorCode::ServerUnsuitable, what).on(Side::Source).advise(
        "see what holds up commits on the source, a semi-synchronous replica that is away for one, then run \
         the same command again",
    )
}

fn unseen() -> Fault {
    let what = "a transaction that XA had prepared was committed, and the login may not ask when it took effect";
    Fault::new(ErrorCode::PrivilegeMissing, what).on(Side::Source).advise(
        "grant XA_RECOVER_ADMIN and REPLICATION CLIENT on *.* to the source's account, or set gtid_mode=ON",
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn at(offset: u64) -> LogPosition {
        let (server, file) = ("s".into(), "b.000001".into());
        LogPosition { server, file, offset, gtids: None, since: None }
    }

    fn transaction(gtid: Option<&str>) -> TransactionId {
        let gtid = gtid.map(|text| text.parse().unwrap());
        TransactionId { gtid, file: "b.000001".into(), begin: 500 }
    }

    #[test]
    fn an_end_is_seen_by_a_look_after_it_was_logged_that_does_not_list_it() {
        let look = |end, prepared: &[&str]| Look {
            end: at(end),
            prepared: prepared.iter().map(|xid| (*xid).to_owned()).collect(),
        };
        let id = transaction(None);
        assert!(look(600, &["b"]).has_seen_end("a", &id));
        assert!(!look(600, &["a", "b"]).has_seen_end("a", &id));
        assert!(!look(500, &[]).has_seen_end("a", &id), "it was logged later");
    }

    #[test]
    fn of_mariadb_an_exact_copy_about_the_time_of_an_end_is_not_known_to_have_it() {
        let gates = Gates::new(at(4));
        let tables = [QualifiedName::new("s", "bag"), QualifiedName::new("s", "keyed")];
        let maria = transaction(Some("0-1-7"));
        let unknown = |id: &TransactionId| unknown_to_copies(&gates, id, &tables);
        gates.expect_exact(&tables[0], None);
        assert!(unknown(&maria).is_empty(), "the copy begins later");
        gates.expect_exact(&tables[0], Some(Arc::new(at(400))));
        assert!(unknown(&maria).is_empty(), "the copy was begun before");
        gates.expect_exact(&tables[0], Some(Arc::new(at(600))));
        assert_eq!(unknown(&maria), BTreeSet::from([tables[0].clone()]));
        assert!(unknown(&transaction(None)).is_empty());
    }
}
