//! All tables copied again from a new position: the log that led from the old one cannot be read any more.
//!
//! What the operator asked for is in the journal until tables are made anew, so a run that is killed before begins
//! with it again. From then on it is a copy like the first one, and goes on where it was killed.

use std::collections::BTreeSet;

use sealift_schema::facts::Side;
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName};
use sealift_schema::rewrite;

use super::Migration;
use super::apply::stage;
use super::definitions::{self, Extent};
use super::online::Run;
use super::verify::target;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::journal::Journal;
use crate::probe::Point;
use crate::report::Report;
use crate::stage::{Event, Memory, Stage};
use crate::{apply, copy, definition};

impl Run<'_> {
    /// Takes off the target what is about to be made anew: every table that was followed or is planned, views and
    /// routines that are others on the source by now; and the ledgers that know of them.
    pub(super) async fn clear_all(
        &self,
        followed: &BTreeSet<QualifiedName>,
        report: &mut Report,
    ) -> Result<(), Fault> {
        let migration = self.migration;
        migration.progress.enter("removing what is copied again");
        let (carrier, name) = (self.carrier(), &self.online.ledger_name);
        // Whoever still executes a statement for an earlier run is ended by it.
        carrier.due().await?;
        let actual = target(migration, self.plan).await?;
        let extent = Extent::BeforeCutover { headroom: 0 };
        let compared = definitions::compare(migration, self.survey, self.plan, &actual, extent);
        close_ledgers(migration, name).await?;
        let mut session = definition::session_alone(&migration.target, &carrier.ledger).await?;
        let others = compared.differences.into_iter().map(|difference| difference.object);
        let tables = followed.iter().cloned().chain(self.wanted().into_keys());
        let tables = tables.map(|table| ObjectId::new(ObjectKind::Table, table));
        let gone: BTreeSet<ObjectId> =
            tables.filter(|table| carrier.scope.holds(table)).chain(others).collect();
        for object in &gone {
            let Some(kind) = removable(object.kind) else { continue };
            let there = rewrite::target_id(object, &carrier.context).name;
            let dropped = session.execute(format!("DROP {kind} IF EXISTS {there}")).await;
            dropped.on(Side::Target, "remove what is made anew").map_err(|f| f.about(object))?;
        }
        session.close().await;
        migration.probe.pass(Point::Cleared);
        report.happened(
            &migration.clock,
            "all tables are made anew and copied again, from a new position",
        );
        Ok(())
    }
}

/// Forgets on the target what was copied, applied and carried.
pub(super) async fn close_ledgers(migration: &Migration, name: &str) -> Result<(), Fault> {
    // Of what they still knew, rows of before would be taken for copied.
    copy::close_ledger(&migration.target, name).await?;
    apply::close_ledger(&migration.target, name).await?;
    definition::close_ledger(&migration.target, name).await
}

/// What is removed by which word; rows of schemas and code that waits for the cutover are not.
fn removable(kind: ObjectKind) -> Option<&'static str> {
    match kind {
        ObjectKind::Table => Some("TABLE"),
        ObjectKind::View => Some("VIEW"),
        ObjectKind::Function => Some("FUNCTION"),
        ObjectKind::Procedure => Some("PROCEDURE"),
        ObjectKind::Schema | ObjectKind::Trigger | ObjectKind::Event => None,
    }
}

/// Whether all tables are about to be made anew.
pub(super) fn is_anew(journal: &dyn Journal) -> Result<bool, Fault> {
    Ok(stage(journal)?.memory().is_some_and(|memory| memory.all_again.is_some()))
}

/// Whether changes are followed by now, or are to be followed again.
pub(super) fn is_online(journal: &dyn Journal) -> Result<bool, Fault> {
    Ok(stage(journal)?.memory().is_some_and(Memory::is_online))
}

/// Says that the next run is to copy all tables again, from a new position.
///
/// # Errors
/// When no changes are followed, or the migration was cut over: then the source's rows are not what counts.
pub async fn copy_all_again(
    migration: &Migration,
    ledger_name: &str,
    journal: &dyn Journal,
) -> Result<(), Fault> {
    may_begin(journal)?;
    let known = definition::known(&migration.target, ledger_name).await?.unwrap_or_default();
    note_all_again(journal, known.into_iter().collect())
}

/// The same, where the tables are known that are followed.
pub(super) fn note_all_again(
    journal: &dyn Journal,
    tables: Vec<QualifiedName>,
) -> Result<(), Fault> {
    may_begin(journal)?;
    journal.record(&Event::AllAgain { tables })
}

fn may_begin(journal: &dyn Journal) -> Result<(), Fault> {
    let nothing = || {
        Fault::new(ErrorCode::UsageInvalid, "no changes are followed in this state folder")
            .advise("begin with sealift run")
    };
    let now = stage(journal)?;
    let memory = match &now {
        Stage::Preparing(memory)
        | Stage::Copying(memory)
        | Stage::Completing(memory)
        | Stage::Following(memory) => memory,
        Stage::Fresh | Stage::Finished(_) => return Err(nothing()),
    };
    if memory.turns.switch.is_some() || memory.turns.open.is_some() {
        let what = "the migration was cut over, or a turn was begun";
        return Err(Fault::new(ErrorCode::TurnRefused, what).advise(
            "end the turn with sealift run; after a cutover, end the migration with sealift finish",
        ));
    }
    if memory.is_online() { Ok(()) } else { Err(nothing()) }
}
