//! Whether a turn can be made: everything that can be asked before a server is touched.

use std::collections::BTreeSet;

use sealift_mysql::binlog::{self, RowImages};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::gather::{self, Request};
use sealift_mysql::session::Session;
use sealift_schema::catalog::{Catalog, Table};
use sealift_schema::diff;
use sealift_schema::facts::{ServerFacts, Side};
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName};

use super::Migration;
use super::definitions::{self, Extent};
use super::hold::held;
use super::survey::{Survey, ask};
use super::tables::{find, target_tables};
use super::turn_end::ledger;
use super::turning::{Turning, turns};
use crate::cutover::{
    FenceKind, FencePolicy, Needs, Part, ReadyClient, ServerId, Servers, TurnAsk, TurnRecord,
    TurnWish, found, hindrance, may_keep, missing,
};
use crate::definition::{self, DefinitionLedger};
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::journal::Journal;
use crate::plan::apply::definer;
use crate::plan::generate;
use crate::plan::read::Plan;
use crate::prepare::freshness;
use crate::report::Report;
use crate::stage::{HeldObject, Kept, Part as Step, opposite};
use crate::target::definers::{Work, same_account};
use crate::verify::TablePair;

/// A turn that can be made.
pub(super) struct Prepared {
    /// Its number.
    pub(super) turn: u32,
    /// The side that is to be live.
    pub(super) to: Side,
    /// Whether that side was never left.
    pub(super) is_first: bool,
    /// Whether definitions that move are carried until then.
    pub(super) carries_definitions: bool,
    /// How writes are kept out.
    pub(super) kind: FenceKind,
    /// Whether the side that is left is kept current.
    pub(super) way_back: bool,
    /// What is taken off the side that is left.
    pub(super) kept: Kept,
    /// What was taken off the side that is to be live.
    pub(super) returns: Option<Kept>,
    /// The plan, as far as definitions were carried.
    pub(super) plan: Plan,
    /// The migrated tables, as they are now.
    pub(super) tables: Vec<TablePair>,
    /// Who measures for how long the application is refused.
    pub(super) client: Option<ReadyClient>,
    /// Statements about definitions that had come by before all that was looked at.
    pub(super) moves: u64,
}

impl Prepared {
    /// The migrated tables, by their names on a side.
    pub(super) fn names(&self, side: Side) -> Vec<QualifiedName> {
        names(&self.tables, side)
    }
}

fn names(tables: &[TablePair], side: Side) -> Vec<QualifiedName> {
    tables
        .iter()
        .map(|pair| match side {
            Side::Source => pair.source.name.clone(),
            Side::Target => pair.target.name.clone(),
        })
        .collect()
}

/// The checks.
pub(super) struct Check<'a> {
    pub(super) turning: &'a Turning<'a>,
    pub(super) ask: &'a TurnAsk,
}

impl Check<'_> {
    /// Asks both servers everything that could stand in the way.
    pub(super) async fn prepare(&self, record: &mut TurnRecord) -> Result<Prepared, Fault> {
        let Turning { migration, journal, live, .. } = *self.turning;
        // Whatever comes by from here on may not be in what is looked at.
        let moves = self.turning.moves.count();
        let turns = turns(journal)?;
        let to = self.ask.wish.to();
        if to == live {
            let what = format!("the {live} is live already");
            return Err(Fault::new(ErrorCode::TurnRefused, what));
        }
        let settings = &migration.turning.settings;
        let way_back = settings.way_back && !self.ask.no_way_back;
        let mut scratch = Report::begin("", "", &migration.clock);
        let survey = Survey::take(migration, &mut scratch).await?;
        // Definitions that were carried have moved on.
        if turns.switch.is_none()
            && definition::are_kept(&migration.target, self.turning.name).await?
        {
            super::plan::write(migration, &survey, &mut scratch)?;
        }
        match &turns.switch {
            None => refuse_held(migration, self.turning.name, journal).await?,
            Some(switch) => {
                let left = &ledger(self.turning.name, switch.turn);
                refuse_left_behind(self.turning.side(to), live, left).await?;
                let changed = held(journal)?.objects.into_iter();
                record.notes.extend(changed.map(|(object, HeldObject { reason, .. })| {
                    format!("The {object} is on the {live} only: {reason}.")
                }));
            }
        }
        let plan = Plan::read(&migration.folder)?;
        let tables = pairs(migration, &plan, &survey).await?;
        if to == Side::Target {
            definers_can_make(migration, &plan, turns.kept.get(&to)).await?;
        }
        let kept = acting(migration, live, &names(&tables, live)).await?;
        let returns = turns.kept.get(&to).cloned();
        let sides = Sides::of(&survey, live, &tables);
        let kind = self.privileges(&sides, &kept, way_back, returns.as_ref())?;
        if way_back {
            self.can_go_back(to, &sides).await?;
            let from = self.turning.side(live);
            let definers = migration.definers(live);
            may_keep(from, definers, &sides.from.current_user, &kept).await?;
        } else {
            record.notes.push(format!("Without a way back: the {live} is not kept current."));
        }
        if live == Side::Source {
            self.definitions(&survey, &plan, record).await?;
        }
        record.did(&migration.clock, "checked privileges and definitions on both sides");
        let client = self.client(&sides, kind, record).await?;
        Ok(Prepared {
            turn: turns.count + 1,
            to,
            is_first: returns.is_none(),
            carries_definitions: turns.switch.is_none(),
            kind,
            way_back,
            kept,
            returns,
            plan,
            tables,
            client,
            moves,
        })
    }

    /// The client that measures, if there is one and it can.
    async fn client(
        &self,
        sides: &Sides<'_>,
        kind: FenceKind,
        record: &mut TurnRecord,
    ) -> Result<Option<ReadyClient>, Fault> {
        let Turning { migration, live, .. } = *self.turning;
        let Some(client) = &migration.turning.client else { return Ok(None) };
        if kind == FenceKind::Stopped {
            let what = "No client measured: the application is stopped, and nothing would keep its writes out.";
            record.notes.push(what.to_owned());
            return Ok(None);
        }
        let (from, to) = (ServerId::of(sides.from), ServerId::of(sides.to));
        let servers = match live {
            Side::Source => Servers { source: from, target: to },
            Side::Target => Servers { source: to, target: from },
        };
        match client.ready(servers, live, kind).await {
            Ok(ready) => {
                record.did(&migration.clock, "the client that measures has written a row");
                Ok(Some(ready))
            }
            Err(fault) => unmeasured(self.ask, record, fault).map(|()| None),
        }
    }

    fn privileges(
        &self,
        sides: &Sides<'_>,
        kept: &Kept,
        way_back: bool,
        returns: Option<&Kept>,
    ) -> Result<FenceKind, Fault> {
        let live = self.turning.live;
        let to = opposite(live);
        let schemas = |side| -> Vec<String> {
            let names = names(sides.tables, side);
            let schemas: BTreeSet<String> = names.into_iter().map(|name| name.schema).collect();
            schemas.into_iter().collect()
        };
        // What the target wants of triggers was seen when they were planned.
        let triggers = returns.is_some_and(|kept| !kept.triggers.is_empty());
        let needs = Needs { side: to, schemas: &schemas(to), part: Part::Live { triggers } };
        missing(sides.to, &needs)?;
        // What writes are kept out of the target with is not the operator's choice: a managed server leaves none.
        let fence = match live {
            Side::Source => self.turning.migration.turning.settings.fence,
            Side::Target => FencePolicy::Auto,
        };
        let triggers = !kept.triggers.is_empty();
        let part = Part::Left { fence, follows: way_back, triggers };
        missing(sides.from, &Needs { side: live, schemas: &schemas(live), part })
    }

    /// Whether the changes of the side that is to be live can be carried back, row by row.
    async fn can_go_back(&self, to: Side, sides: &Sides<'_>) -> Result<(), Fault> {
        for pair in sides.tables {
            if let Some(what) = hindrance(&pair.source, &pair.target) {
                return Err(Fault::new(ErrorCode::NoWayBack, what)
                    .about(format!("table {}", pair.source.name)));
            }
        }
        if to == Side::Target {
            // Those of a source are repeated on the target.
            let tables = sides.tables.iter().map(|pair| &pair.target);
            refuse_silent_cascades(sides.to, to, tables)?;
        }
        let mut session = Session::connect(self.turning.side(to)).await.on(to, "connect")?;
        let hindrances = binlog::hindrances(&mut session, sides.to, RowImages::Whole).await;
        session.close().await;
        let hindrances = hindrances.on(to, "see whether its binary log can be followed")?;
        match hindrances.first() {
            None => Ok(()),
            Some(first) => Err(Fault::new(ErrorCode::NoWayBack, first.what.clone())
                .on(to)
                .advise(format!("{}, or cut over with --no-way-back", first.remedy))),
        }
    }

    /// Whether the target has everything as the plan makes it, but for what comes with the switch.
    async fn definitions(
        &self,
        survey: &Survey,
        plan: &Plan,
        record: &mut TurnRecord,
    ) -> Result<(), Fault> {
        let migration = self.turning.migration;
        let context = survey.context(migration);
        let stale = plan.stale(&generate::sources(&survey.catalog), &generate::settings(&context));
        freshness::fresh(&stale)?;
        let actual = super::verify::target(migration, plan).await?;
        let extent = Extent::BeforeCutover { headroom: 0 };
        let compared = definitions::compare(migration, survey, plan, &actual, extent);
        let counter = diff::Part::AutoIncrement.to_string();
        let differing = compared.differences.iter().find(|found| {
            !matches!(found.object.kind, ObjectKind::Trigger | ObjectKind::Event)
                && !found.what.starts_with(&counter)
        });
        match differing {
            None => {
                record.checks.push(format!("{} definitions are as planned", compared.objects));
                Ok(())
            }
            Some(found) => Err(Fault::new(ErrorCode::NotConfirmed, found.what.clone())
                .on(Side::Target)
                .about(&found.object)),
        }
    }
}

/// A cutover can wait until its client can measure; who goes back has other troubles.
pub(super) fn unmeasured(
    ask: &TurnAsk,
    record: &mut TurnRecord,
    fault: Fault,
) -> Result<(), Fault> {
    match ask.wish {
        TurnWish::Cutover => Err(fault),
        TurnWish::Rollback => {
            record.notes.push(format!("No client measured: {fault}."));
            Ok(())
        }
    }
}

/// What comes with a cutover is made by its definers: nobody should learn behind the fence that one cannot log in, or
/// may not make it.
async fn definers_can_make(
    migration: &Migration,
    plan: &Plan,
    returns: Option<&Kept>,
) -> Result<(), Fault> {
    let Some(definers) = &migration.definers else { return Ok(()) };
    let own = ask(&migration.target).await?.facts.current_user;
    let mut all: Vec<Work> = Vec::new();
    for step in [Step::Triggers, Step::Events].iter().flat_map(|part| plan.of(*part)) {
        let Some(definer) = definer(&step.script.body).filter(|_| step.is_wanted()) else {
            continue;
        };
        let object = ObjectId::new(step.step().object.kind, step.target.clone());
        let on = step.table.clone().unwrap_or_else(|| step.target.clone());
        all.push(Work { definer, object, on });
    }
    if let Some(Kept { triggers, events }) = returns {
        all.extend(triggers.iter().map(|trigger| Work {
            definer: trigger.definer.clone(),
            object: ObjectId::new(ObjectKind::Trigger, trigger.name.clone()),
            on: trigger.table.clone(),
        }));
        all.extend(events.iter().map(|event| Work {
            definer: event.definer.clone(),
            object: ObjectId::new(ObjectKind::Event, event.name.clone()),
            on: event.name.clone(),
        }));
    }
    all.retain(|work| !same_account(&work.definer, &own));
    definers.can_make(all).await
}

/// What is held, or to be copied again, is not what the source's is.
pub(super) async fn refuse_held(
    migration: &Migration,
    name: &str,
    journal: &dyn Journal,
) -> Result<(), Fault> {
    if let Some(object) = held(journal)?.objects.into_keys().next() {
        let what = "a statement about it could not be carried";
        return Err(Fault::new(ErrorCode::TurnRefused, what)
            .about(object)
            .advise("see sealift status, and sealift resolve"));
    }
    let side = Side::Target;
    let ledger = DefinitionLedger::of(name);
    let mut session = Session::connect(&migration.target).await.on(side, "connect")?;
    let held = ledger.held(&mut session).await.on(side, "read definitions")?;
    let due = ledger.due(&mut session).await.on(side, "read definitions")?;
    let made = ledger.made(&mut session).await.on(side, "read definitions")?;
    session.close().await;
    let Some(table) = held.into_keys().chain(due).chain(made).next() else { return Ok(()) };
    let what = "its changes are held, or it is to be copied again";
    Err(Fault::new(ErrorCode::TurnRefused, what)
        .about(format!("table {table}"))
        .advise("see sealift status, and sealift copy-again"))
}

/// A table whose definition was changed on the live side has writes there that the other side lacks.
async fn refuse_left_behind(other: &Endpoint, live: Side, ledger: &str) -> Result<(), Fault> {
    let held = definition::held(other, ledger).await?;
    let Some((table, reason)) = held.into_iter().next() else { return Ok(()) };
    let what =
        format!("it is held since {reason}: what was written to it since is on the {live} only");
    Err(Fault::new(ErrorCode::TurnRefused, what)
        .about(format!("table {table}"))
        .advise("stay with the side that is live, and end the migration with sealift finish"))
}

/// What both servers say of themselves, and the migrated tables.
struct Sides<'a> {
    from: &'a ServerFacts,
    to: &'a ServerFacts,
    tables: &'a [TablePair],
}

impl<'a> Sides<'a> {
    fn of(survey: &'a Survey, live: Side, tables: &'a [TablePair]) -> Self {
        let Survey { source, target, .. } = survey;
        match live {
            Side::Source => Self { from: source, to: target, tables },
            Side::Target => Self { from: target, to: source, tables },
        }
    }
}

/// The migrated tables, as both sides have them now.
pub(super) async fn pairs(
    migration: &Migration,
    plan: &Plan,
    survey: &Survey,
) -> Result<Vec<TablePair>, Fault> {
    let steps = || plan.of(Step::Tables).filter(|step| step.is_wanted());
    let targets = target_tables(migration, steps().map(|step| &step.target)).await?;
    steps()
        .map(|step| {
            let name = &step.step().object.name;
            let gone = |side: Side| {
                Fault::new(ErrorCode::SourceChanged, "it is not there")
                    .on(side)
                    .about(format!("table {name}"))
            };
            let source = survey.catalog.tables.get(name).ok_or_else(|| gone(Side::Source))?;
            let target = find(&targets, &step.target).ok_or_else(|| gone(Side::Target))?;
            Ok(TablePair { source: source.clone(), target: target.clone() })
        })
        .collect()
}

/// What acts by itself on a side: triggers of migrated tables, and enabled events that are migrated.
pub(super) async fn acting(
    migration: &Migration,
    side: Side,
    tables: &[QualifiedName],
) -> Result<Kept, Fault> {
    let catalog = catalog_of(migration, side, tables).await?;
    Ok(found(&catalog, tables))
}

async fn catalog_of(
    migration: &Migration,
    side: Side,
    tables: &[QualifiedName],
) -> Result<Catalog, Fault> {
    let schemas: BTreeSet<String> = tables.iter().map(|table| table.schema.clone()).collect();
    let selection = &migration.selection;
    let wanted = |kind: ObjectKind, name: &QualifiedName| match kind {
        ObjectKind::Schema | ObjectKind::Trigger => schemas.contains(&name.schema),
        ObjectKind::Event => {
            schemas.contains(&name.schema)
                && (side == Side::Target || selection.selects(kind, name))
        }
        ObjectKind::Table | ObjectKind::View | ObjectKind::Function | ObjectKind::Procedure => {
            false
        }
    };
    let request = Request {
        endpoint: migration.endpoint(side),
        sessions: 2,
        wanted: &wanted,
        progress: &|_at| {},
    };
    let gathered = gather::catalog(&request).await.map_err(|error| Fault::gather(side, error))?;
    Ok(gathered.catalog)
}

/// Cascades that the log does not tell of would be lost: MySQL logs them where foreign keys are the server's
/// own and not InnoDB's.
fn refuse_silent_cascades<'t>(
    facts: &ServerFacts,
    side: Side,
    tables: impl IntoIterator<Item = &'t Table>,
) -> Result<(), Fault> {
    if facts.variable("innodb_native_foreign_keys") == Some("OFF") {
        return Ok(());
    }
    let passive = ["RESTRICT", "NO ACTION", ""];
    let cascading = tables.into_iter().find(|table| {
        table.foreign_keys.iter().any(|key| {
            !passive.contains(&key.on_delete.as_str()) || !passive.contains(&key.on_update.as_str())
        })
    });
    let Some(table) = cascading else { return Ok(()) };
    let what = format!(
        "it has a foreign key that cascades, and the {side}'s binary log does not tell what a cascade \
         changes"
    );
    let (code, advice) = (ErrorCode::NoWayBack, "cut over with --no-way-back");
    Err(Fault::new(code, what).on(side).about(format!("table {}", table.name)).advise(advice))
}
