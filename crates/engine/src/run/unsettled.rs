//! A statement about what is being copied. What it changes of a table is in its copy if that begins after it and with
//! the definition that it made: so the table is set aside and copied again, while the others go on.

use std::collections::BTreeSet;

use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;
use sealift_schema::sql::DefinitionStatement;
use sealift_schema::sql::statement::{Contents, Deed};

use super::apply::stage;
use super::follow::{Course, Follow, Waited, shown};
use super::hold::reason;
use crate::copy::aside::Aside;
use crate::definition::Outcome;
use crate::fault::{ErrorCode, Fault};
use crate::stage::Stage;
use crate::stream::Statement;

impl Follow<'_> {
    /// A statement while tables are being copied, about some of them or, before everything is copied, about anything.
    pub(super) async fn unsettled(
        &mut self,
        statement: Statement,
        ours: &DefinitionStatement,
        tables: &BTreeSet<QualifiedName>,
    ) -> Result<Waited<()>, Fault> {
        // The survey of this run knows what it made.
        let surveyed = self.surveyed.as_ref();
        let is_known = surveyed.is_some_and(|surveyed| surveyed.contains(&statement.id));
        let known = if is_known { Known::Yes } else { Known::No };
        let (aside, is_levelling) = match &self.course {
            Course::Levelling { to, .. } if !to.contains(&statement.id) => {
                // Everything up to there is before it.
                self.way.applier.settle().await?;
                return Ok(Waited::End);
            }
            Course::Levelling { to: _, aside } => (aside.clone(), true),
            Course::Lasting(aside) => (aside.clone(), false),
        };
        // Its tables were looked at behind it.
        let is_seen = is_levelling && known == Known::Yes;
        let mut tables = tables.clone();
        tables.extend(self.gone_with_schema(&statement, ours));
        if tables.is_empty() {
            return if known == Known::Yes || self.is_outdated(&aside)? {
                self.without_rows(statement, ours, known).await
            } else {
                Err(begin_again(&statement, ours))
            };
        }
        if tables.is_subset(&self.left_out) {
            if is_levelling && !is_seen {
                // Nobody knows whether they were looked at before it or behind it.
                let _open = aside.add(tables).is_ok();
            }
            return self.passed(statement, Vec::new()).await;
        }
        let tables = self.with_related(&tables);
        self.carrier().mark(&tables).await?;
        if !is_seen && aside.add(tables.iter().cloned()).is_err() {
            return Err(begin_again(&statement, ours));
        }
        tracing::warn!(?tables, statement = shown(ours), "tables are set aside");
        self.way.applier.settle().await?;
        self.left_out.extend(tables);
        Ok(Waited::Redefined(BTreeSet::new()))
    }

    /// Has the plan written anew before anybody relies on it; tells whether there is time for that.
    fn is_outdated(&self, aside: &Aside) -> Result<bool, Fault> {
        Ok(matches!(stage(self.journal)?, Stage::Copying(_)) && aside.outdate_plan().is_ok())
    }

    /// A statement about what holds no rows: what is on the target already has to be made again. What cannot be made
    /// yet, or is in no plan yet, is held, and made by the plan once everything is caught up.
    async fn without_rows(
        &mut self,
        statement: Statement,
        ours: &DefinitionStatement,
        known: Known,
    ) -> Result<Waited<()>, Fault> {
        self.way.applier.settle().await?;
        let is_stored = matches!(ours.deed, Deed::Stored { .. });
        if let (Known::No, true) = (known, is_stored) {
            self.hold_for_plan(&statement, ours, "the plan in use does not know it")?;
        }
        if is_stored || matches!(ours.deed, Deed::Schema { .. }) {
            match self.carrier().carry(&statement, ours).await? {
                Outcome::Executed => return Ok(Waited::Redefined(BTreeSet::new())),
                Outcome::Refused(why) if is_stored && known == Known::Yes => {
                    self.hold_for_plan(&statement, ours, &why)?;
                }
                Outcome::Done if known == Known::Yes => self.release_made(&statement, ours)?,
                Outcome::Done | Outcome::Later | Outcome::Refused(_) => {}
            }
        }
        self.passed(statement, Vec::new()).await
    }

    fn hold_for_plan(
        &self,
        statement: &Statement,
        ours: &DefinitionStatement,
        why: &str,
    ) -> Result<(), Fault> {
        self.note_held(statement, ours, &reason(statement, ours, why), |_object| true)
    }
}

/// Whether the source had executed a statement when this run looked at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Yes,
    No,
}

/// The table that another is made like: it is so on the source, but not on the target while it is copied.
pub(super) fn template(statement: &Statement, ours: &DefinitionStatement) -> Option<QualifiedName> {
    let Deed::CreateTable { contents: Contents::Like(template), .. } = &ours.deed else {
        return None;
    };
    Some(template.within(&statement.query.schema))
}

fn begin_again(statement: &Statement, ours: &DefinitionStatement) -> Fault {
    Fault::new(ErrorCode::SourceChanged, format!("the source executed: {}", shown(ours)))
        .on(Side::Source)
        .about(format!("transaction {}", statement.id))
        .advise("run the same command again: the tables it changed are copied again")
}
