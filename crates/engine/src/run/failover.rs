//! A source that is another server than before: a replica that took its place, followed on by GTIDs.

use sealift_mysql::binlog::{GtidSet, LogPosition};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::position;
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;

use crate::fault::{ErrorCode, Fault, OnServer};
use crate::stage::{Memory, Stage};

/// Whether a migration may go on with another source than it was begun with. Rows that were read and not yet
/// caught up with may hold what the new server never had, so that all of them must be there, and settled.
pub(super) fn may_move(stage: &Stage) -> bool {
    let is_by_gtid = |memory: &Memory| {
        let from = memory.following_from.as_ref().and_then(|position| position.gtids.as_ref());
        from.is_some_and(GtidSet::is_mysql)
    };
    !stage.needs_copy() && stage.memory().is_some_and(is_by_gtid)
}

/// Makes sure that the source has all that the target was given, down to the lane that is furthest.
pub(super) async fn holds(source: &Endpoint, newest: &LogPosition) -> Result<(), Fault> {
    if !newest.gtids.as_ref().is_some_and(GtidSet::is_mysql) {
        // Whoever opens the log by file and offset finds out.
        return Ok(());
    }
    let mut session = Session::connect(source).await.on(Side::Source, "connect")?;
    let end = position::current(&mut session).await.on(Side::Source, "read where its log ends")?;
    session.close().await;
    if end.is_some_and(|end| end.covers(newest)) {
        return Ok(());
    }
    let what = "it lacks transactions that are on the target: it was restored, or took another's place too early";
    Err(Fault::new(ErrorCode::ServerUnsuitable, what)
        .on(Side::Source)
        .about(newest)
        .advise("begin anew with --restart, or compare with sealift verify what the lost transactions changed"))
}
