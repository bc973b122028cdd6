//! What is held and holds no rows is made good: as the plan says, as the operator says, or not at all.

use std::collections::BTreeMap;

use sealift_mysql::error::MysqlError;
use sealift_schema::facts::Side;
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName, quote};
use sealift_schema::rewrite;

use super::apply::applier;
use super::follow::Moves;
use super::hold::held;
use super::online::Run;
use crate::definition;
use crate::fault::{ErrorCode, Fault};
use crate::journal::Journal;
use crate::order::Resolution;
use crate::plan::apply::StepResult;
use crate::plan::folder::Folder;
use crate::plan::read::Plan;
use crate::plan::script::State;
use crate::report::{ObjectReport, Report};
use crate::stage::{Choice, Event, HeldEvent, HeldObject};
use crate::stop::Stop;

/// How often a command that is to end looks again for what is held by statements that came while it looked: then it
/// ends without.
const LOOKS_MAX: u32 = 10;

/// Puts the operator's choices into the scripts of the plan. Doing it once more changes nothing.
pub(super) fn put_into_scripts(folder: &Folder, journal: &dyn Journal) -> Result<(), Fault> {
    let held = held(journal)?;
    if held.objects.is_empty() {
        return Ok(());
    }
    for step in Plan::read(folder)?.steps {
        let chosen = held.objects.get(&step.step().object).and_then(|held| held.choice.as_ref());
        let mut script = step.script;
        match chosen {
            Some(Choice::Skip) if script.step.object.kind != ObjectKind::Schema => {
                script.state = State::Skip;
            }
            Some(Choice::Script(body)) => {
                script.state = State::Generated;
                script.body.clone_from(body);
            }
            Some(Choice::Again | Choice::Skip) | None => continue,
        }
        folder.write(&step.file, &script.print())?;
    }
    Ok(())
}

impl Run<'_> {
    /// Makes good what is held, now that everything is there that it stands on. What the target refuses stays held, and
    /// what a statement is to blame for that came after this run had looked at the source: only a newer plan knows it.
    ///
    /// # Errors
    /// [`ErrorCode::SourceChanged`] when it is worth while to begin again with a newer plan.
    pub(super) async fn resolve_held(
        &self,
        (moves, end): (&Moves, &Stop),
        report: &mut Report,
    ) -> Result<(), Fault> {
        let journal = self.journal.as_ref();
        let unknown = held(journal)?.since(&self.held_before);
        let may_wait = !self.online.until_caught_up || self.before.fruitless < LOOKS_MAX;
        if let Some(first) = unknown.first().filter(|_first| may_wait) {
            self.follow_on(end).await?;
            let what = "it was changed after this run had looked at the source";
            return Err(Fault::new(ErrorCode::SourceChanged, what)
                .on(Side::Source)
                .about(first)
                .advise("run the same command again"));
        }
        for (object, known) in &self.held_before.objects {
            // No statement is overtaken by a plan that is older.
            let _rest = moves.rest().await;
            let now = held(journal)?.objects.remove(object);
            let Some(held) = now.filter(|now| now == known) else { continue };
            if let Some(event) = self.resolve_one(object, held, report).await? {
                self.journal.record(&Event::Held(event))?;
            }
        }
        Ok(())
    }

    /// Makes good one object that is held. Tells what has become of it, if anything has.
    async fn resolve_one(
        &self,
        object: &ObjectId,
        held: HeldObject,
        report: &mut Report,
    ) -> Result<Option<HeldEvent>, Fault> {
        let refused = match object.kind {
            ObjectKind::Schema => self.resolve_schema(object, &held).await?,
            ObjectKind::View | ObjectKind::Function | ObjectKind::Procedure => {
                self.make_again(object, report).await?
            }
            ObjectKind::Table | ObjectKind::Trigger | ObjectKind::Event => None,
        };
        let object = object.clone();
        Ok(match refused {
            None => {
                report.happened(&self.migration.clock, format!("{object} is held no more"));
                Some(HeldEvent::Released { object })
            }
            Some(reason) if reason == held.reason && held.choice.is_none() => None,
            Some(reason) => Some(HeldEvent::Object { object, reason }),
        })
    }

    /// Makes a view or routine as its script says. Tells why it stays held, if it does.
    async fn make_again(
        &self,
        object: &ObjectId,
        report: &mut Report,
    ) -> Result<Option<String>, Fault> {
        let mut plan = self.plan.clone();
        plan.steps.retain(|step| step.step().object == *object);
        let step = plan.steps.first();
        if step.is_some_and(|step| !step.is_wanted()) {
            return Ok(None);
        }
        if let Err(error) = self.remove(object).await? {
            return Ok(Some(format!("the target does not let it be removed: {error}")));
        }
        let Some(part) = step.map(|step| step.step().part) else { return Ok(None) };
        let made = applier(self.migration, &plan, self.journal.as_ref()).apply(&[part]).await?;
        report.objects.extend(made.iter().map(ObjectReport::from));
        Ok(made.iter().find_map(StepResult::fault).map(ToString::to_string))
    }

    /// A schema that is gone from the source goes from the target when the operator says so; when the target is to
    /// keep it, its tables are followed no more.
    async fn resolve_schema(
        &self,
        object: &ObjectId,
        held: &HeldObject,
    ) -> Result<Option<String>, Fault> {
        let schema = &object.name.schema;
        let Some(choice) = &held.choice else { return Ok(Some(held.reason.clone())) };
        if self.survey.catalog.schemas.contains_key(schema) {
            return Ok(None);
        }
        if *choice != Choice::Skip
            && let Err(error) = self.remove(object).await?
        {
            return Ok(Some(format!("the target does not let it be removed: {error}")));
        }
        let carrier = self.carrier();
        let known = carrier.tables().await?.unwrap_or_default().into_keys();
        let all = known.chain(carrier.held().await?.into_keys());
        let gone: Vec<QualifiedName> = all.filter(|table| table.schema == *schema).collect();
        carrier.renewed(&gone, &[]).await?;
        Ok(None)
    }

    /// Removes an object from the target, if it is there. The inner error is the target's answer.
    async fn remove(&self, object: &ObjectId) -> Result<Result<(), MysqlError>, Fault> {
        let context = self.survey.context(self.migration);
        let there = rewrite::target_id(object, &context).name;
        let name = match object.kind {
            ObjectKind::Schema => quote(&there.schema),
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::Function
            | ObjectKind::Procedure
            | ObjectKind::Trigger
            | ObjectKind::Event => there.to_string(),
        };
        // Nor may what a dead process still has on its way remove what is made by then.
        let ledger = self.carrier().ledger;
        let mut session = definition::session_alone(&self.migration.target, &ledger).await?;
        let sql = format!("DROP {} IF EXISTS {name}", object.kind.word().to_uppercase());
        let removed = session.execute(sql).await.map(drop);
        session.close().await;
        match removed {
            Err(error) if crate::plan::apply::is_general(error.class()) => {
                Err(Fault::server(Side::Target, "remove what is held", error))
            }
            removed => Ok(removed),
        }
    }
}

/// Tells what is held besides tables.
pub(super) fn tell_held(held: &BTreeMap<ObjectId, HeldObject>, report: &mut Report) {
    for (object, HeldObject { reason, .. }) in held {
        let name = resolvable(object);
        report.note(format!(
            "The {object} is held since {reason}. It holds no rows; everything else is followed. When the cause is \
             mended: run again, or sealift resolve {name} --script FILE; to leave it as it is: sealift resolve \
             {name} --skip."
        ));
    }
}

/// An object as `sealift resolve` is told it.
fn resolvable(object: &ObjectId) -> String {
    match object.kind {
        ObjectKind::Schema => object.name.schema.clone(),
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::Function
        | ObjectKind::Procedure
        | ObjectKind::Trigger
        | ObjectKind::Event => object.name.plain(),
    }
}

/// Notes what the operator decided of something that is held; the next run does it. Tells what it is about.
///
/// # Errors
/// When nothing is held by that name, or a statement is to be made again.
pub fn resolve(journal: &dyn Journal, resolution: &Resolution) -> Result<String, Fault> {
    let Resolution { name, path, choice } = resolution;
    let held = held(journal)?;
    if let Some((transaction, statement)) = held.stopped.filter(|(stopped, _)| stopped == name) {
        if *choice != Choice::Skip {
            let what = "a statement of an unknown kind can only be let pass";
            return Err(Fault::new(ErrorCode::UsageInvalid, what)
                .advise("do on the target what it takes, then say --skip"));
        }
        journal.record(&Event::Held(HeldEvent::Passes { transaction }))?;
        return Ok(statement);
    }
    let path = path.as_ref().map(|path| path.iter().map(String::as_str).collect::<Vec<_>>());
    let is_it = |object: &&ObjectId| match (object.kind, path.as_deref()) {
        (ObjectKind::Schema, Some([schema])) => object.name.schema == *schema,
        (
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::Function
            | ObjectKind::Procedure
            | ObjectKind::Trigger
            | ObjectKind::Event,
            Some([schema, name]),
        ) => object.name == QualifiedName::new(*schema, *name),
        (_, _) => false,
    };
    let found: Vec<ObjectId> = held.objects.keys().filter(is_it).cloned().collect();
    let Some(first) = found.first() else {
        let what = "nothing is held by this name";
        return Err(Fault::new(ErrorCode::UsageInvalid, what).about(name).advise(
            "see sealift status; a table that is held is copied again by sealift copy-again",
        ));
    };
    for object in &found {
        let (object, choice) = (object.clone(), choice.clone());
        journal.record(&Event::Held(HeldEvent::Chosen { object, choice }))?;
    }
    Ok(first.to_string())
}
