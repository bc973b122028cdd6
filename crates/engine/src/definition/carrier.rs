//! Carries a statement to the target: once, across crashes, with the definitions that follow from it.
//!
//! Definitions are no part of a transaction. So the ledger says first what is about to be executed and what the
//! tables were; after a crash they tell whether it was. Whoever executes holds a named lock, so nothing that a
//! dead process sent is executed later. The position does not move here: the statement comes again, is known to
//! be done, and passes with the rows it wrote.

use std::collections::{BTreeMap, BTreeSet};

use sealift_mysql::binlog::TransactionId;
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::gather;
use sealift_mysql::session::Session;
use sealift_schema::catalog::Table;
use sealift_schema::facts::Side;
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName};
use sealift_schema::rewrite::statement::{Carried, Scene, statement as rewritten};
use sealift_schema::rewrite::{self, Context};
use sealift_schema::sql::table::TableText;
use sealift_schema::sql::{DefinitionStatement, Dialect, Edit, Sql};

use super::derive::{Moves, Sides, derived};
use super::ledger::{Before, DefinitionLedger, Pending, Progress, session_alone};
use super::scope::Scope;
use super::setting::{Setting, settings};
use super::unlike;
use crate::fault::{Fault, OnServer};
use crate::probe::{Point, Probe};
use crate::stream::Statement;
use crate::target::connect::TRANSACTION_ATTEMPTS;
use crate::target::definers::{Definers, concerns_all, definer_of, same_account};
use crate::target::pause::pause;
use crate::target::pin;

/// Carries statements.
pub struct Carrier<'a> {
    /// Where they go.
    pub target: &'a Endpoint,
    /// In whose names views and routines are made there, where they keep their definers by login.
    pub definers: Option<&'a Definers>,
    /// What is kept there.
    pub ledger: DefinitionLedger,
    /// Servers and policy.
    pub context: Context<'a>,
    /// Which statements are about something migrated.
    pub scope: Scope,
    /// Where tests may end the process.
    pub probe: &'a Probe,
}

/// What became of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was executed before: it may pass, with its rows.
    Done,
    /// It is executed now: it has to come again, and rows are read by other definitions from here on.
    Executed,
    /// There is nothing to do before the cutover.
    Later,
    /// It cannot be carried, and why.
    Refused(String),
}

/// Tables whose changes do not go their usual way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marked {
    /// They are to be made anew and copied again.
    pub due: BTreeSet<QualifiedName>,
    /// They are made anew and being copied.
    pub made: BTreeSet<QualifiedName>,
    /// They are held, each with the reason.
    pub held: BTreeMap<QualifiedName, String>,
}

/// How a try ended.
enum Tried {
    Executed,
    Refused(MysqlError),
}

impl Carrier<'_> {
    /// Keeps the source's tables as they are where changes are followed from.
    ///
    /// # Errors
    /// When the target refuses or the connection is lost.
    pub async fn keep(&self, tables: impl Iterator<Item = &Table>) -> Result<(), Fault> {
        let mut session = self.session().await?;
        self.ledger.ensure(&mut session).await.on(Side::Target, "create the ledger")?;
        self.ledger.keep(&mut session, tables).await.on(Side::Target, "keep definitions")?;
        session.close().await;
        Ok(())
    }

    /// The source's tables at the applied position. A statement that an earlier run was about to execute is
    /// judged first; `None` when nothing is kept.
    ///
    /// # Errors
    /// When the target refuses or the connection is lost.
    pub async fn tables(&self) -> Result<Option<BTreeMap<QualifiedName, Table>>, Fault> {
        let mut session = self.session().await?;
        let known = self.ledger.tables(&mut session).await.on(Side::Target, "read definitions")?;
        let Some(known) = known else { return Ok(None) };
        let pending =
            self.ledger.pending(&mut session).await.on(Side::Target, "read the ledger")?;
        let Some((pending, Progress::Begun)) = pending else { return Ok(Some(known)) };
        if self.has_changed(&pending).await? {
            self.finish(&mut session, &pending, &known).await?;
        } else {
            self.ledger.withdraw(&mut session).await.on(Side::Target, "write the ledger")?;
        }
        let known = self.ledger.tables(&mut session).await.on(Side::Target, "read definitions")?;
        session.close().await;
        Ok(known)
    }

    /// The tables that are held, those to be copied again and those that are being.
    ///
    /// # Errors
    /// When the target refuses or the connection is lost.
    pub async fn marked(&self) -> Result<Marked, Fault> {
        let mut session = self.session().await?;
        let due = self.ledger.due(&mut session).await.on(Side::Target, "read definitions")?;
        let made = self.ledger.made(&mut session).await.on(Side::Target, "read definitions")?;
        let held = self.ledger.held(&mut session).await.on(Side::Target, "read definitions")?;
        session.close().await;
        Ok(Marked { due, made, held })
    }

    /// The tables that are to be made anew and copied again.
    ///
    /// # Errors
    /// When the target refuses or the connection is lost.
    pub async fn due(&self) -> Result<BTreeSet<QualifiedName>, Fault> {
        self.marked().await.map(|marked| marked.due)
    }

    /// The tables that are made anew and being copied.
    ///
    /// # Errors
    /// When the target refuses or the connection is lost.
    pub async fn made(&self) -> Result<BTreeSet<QualifiedName>, Fault> {
        self.marked().await.map(|marked| marked.made)
    }

    /// All tables that are followed, held or to be copied again.
    ///
    /// # Errors
    /// When the target refuses or the connection is lost.
    pub async fn followed(&self) -> Result<BTreeSet<QualifiedName>, Fault> {
        let mut session = self.session().await?;
        let all = self.ledger.followed(&mut session).await.on(Side::Target, "read definitions")?;
        session.close().await;
        Ok(all.unwrap_or_default())
    }

    /// The tables that are held, each with the reason.
    ///
    /// # Errors
    /// When the target refuses or the connection is lost.
    pub async fn held(&self) -> Result<BTreeMap<QualifiedName, String>, Fault> {
        let mut session = self.session().await?;
        let held = self.ledger.held(&mut session).await.on(Side::Target, "read definitions")?;
        session.close().await;
        Ok(held)
    }

    /// Holds tables: their changes are left out until they are copied again.
    ///
    /// # Errors
    /// When the target refuses or the connection is lost.
    pub async fn hold(&self, tables: &BTreeSet<QualifiedName>, reason: &str) -> Result<(), Fault> {
        let mut session = self.session().await?;
        let held = self.ledger.hold(&mut session, tables.iter(), reason).await;
        held.on(Side::Target, "hold tables")?;
        session.close().await;
        Ok(())
    }

    /// Says that tables are to be copied again.
    ///
    /// # Errors
    /// When the target refuses or the connection is lost.
    pub async fn mark(&self, tables: &BTreeSet<QualifiedName>) -> Result<(), Fault> {
        let mut session = self.session().await?;
        let marked = self.ledger.mark(&mut session, tables.iter()).await;
        marked.on(Side::Target, "mark tables for another copy")?;
        session.close().await;
        Ok(())
    }

    /// Says what the tables are that are made anew and about to be copied, and which of them are gone.
    ///
    /// # Errors
    /// When the target refuses or the connection is lost.
    pub async fn renewed(&self, gone: &[QualifiedName], made: &[Table]) -> Result<(), Fault> {
        let mut session = self.session().await?;
        let renewed = self.ledger.renew(&mut session, gone, made).await;
        renewed.on(Side::Target, "keep definitions")?;
        session.close().await;
        Ok(())
    }

    /// Says that tables are copied, but for those that are due again meanwhile.
    ///
    /// # Errors
    /// When the target refuses or the connection is lost.
    pub async fn settled(&self, tables: &BTreeSet<QualifiedName>) -> Result<(), Fault> {
        let mut session = self.session().await?;
        let settled = self.ledger.settle(&mut session, tables.iter()).await;
        settled.on(Side::Target, "keep definitions")?;
        session.close().await;
        Ok(())
    }

    /// The migrated tables a statement is about, those it makes included.
    #[must_use]
    pub fn tables_of(
        &self,
        statement: &Statement,
        ours: &DefinitionStatement,
    ) -> BTreeSet<QualifiedName> {
        let is_table = |object: &ObjectId| object.kind == ObjectKind::Table;
        let objects = ours.objects(&statement.query.schema).unwrap_or_default();
        let held = objects.into_iter().filter(is_table).filter(|table| self.scope.holds(table));
        held.map(|table| table.name).collect()
    }

    /// Carries a statement. Everything before it is applied.
    ///
    /// # Errors
    /// When the target cannot be asked: what came of it is found out by the next run.
    pub async fn carry(
        &self,
        statement: &Statement,
        ours: &DefinitionStatement,
    ) -> Result<Outcome, Fault> {
        let transaction = transaction_key(&statement.id);
        let mut session = self.session().await?;
        let pending =
            self.ledger.pending(&mut session).await.on(Side::Target, "read the ledger")?;
        if pending.is_some_and(|(done, progress)| {
            progress == Progress::Done && done.transaction == transaction
        }) {
            return Ok(Outcome::Done);
        }
        let known = self.ledger.tables(&mut session).await.on(Side::Target, "read definitions")?;
        let known = known.unwrap_or_default();
        let query = &statement.query;
        if let Some(why) = unlike::reason(statement, ours, &known, &self.context) {
            return Ok(Outcome::Refused(why));
        }
        let setting = match settings(&mut session, query, ours, &self.context).await? {
            Ok(setting) => setting,
            Err(why) => return Ok(Outcome::Refused(why)),
        };
        let holds = |object: &_| self.scope.holds(object);
        let scene = Scene {
            context: self.context,
            default: &query.schema,
            created_under: &setting.created_under,
            server_collation: setting.server_collation.as_deref(),
            holds: &holds,
        };
        let statements = match rewritten(ours, &scene) {
            Carried::Statements(statements) => statements,
            Carried::Later => return Ok(Outcome::Later),
            Carried::Refused(why) => return Ok(Outcome::Refused(why)),
        };
        let moves = Moves::of(ours, &query.schema, &known);
        if moves.only_swap(&known) {
            return Ok(Outcome::Refused(
                "tables change places in one statement, which cannot be told from none after a crash"
                    .to_owned(),
            ));
        }
        let by = match self.maker(&statements, &setting).await? {
            Ok(by) => by,
            Err(why) => return Ok(Outcome::Refused(why)),
        };
        let pending = Pending {
            transaction,
            default: query.schema.clone(),
            sql: ours.sql.text().to_owned(),
            sql_mode: setting.source_mode.clone(),
            before: self.before(&moves).await?,
        };
        self.ledger.begin(&mut session, &pending).await.on(Side::Target, "write the ledger")?;
        self.probe.pass(Point::StatementBegun);
        if let Tried::Refused(error) =
            self.execute(&mut session, &pending, (&setting, by), &statements).await?
        {
            self.ledger.withdraw(&mut session).await.on(Side::Target, "write the ledger")?;
            return Ok(Outcome::Refused(format!("the target refused it: {error}")));
        }
        self.probe.pass(Point::StatementExecuted);
        self.finish(&mut session, &pending, &known).await?;
        self.probe.pass(Point::StatementDone);
        session.close().await;
        Ok(Outcome::Executed)
    }

    /// Executes statements; whether the first try took effect is asked before another.
    async fn execute(
        &self,
        session: &mut Session,
        pending: &Pending,
        (setting, by): (&Setting, Option<&Endpoint>),
        statements: &[String],
    ) -> Result<Tried, Fault> {
        let mut failures = 0;
        loop {
            let Err(error) = attempt(session, (setting, by), statements).await else {
                return Ok(Tried::Executed);
            };
            failures += 1;
            let passes = matches!(error.class(), ErrorClass::Lost | ErrorClass::Transient);
            if !passes || failures == TRANSACTION_ATTEMPTS {
                let is_answer = matches!(
                    error.class(),
                    ErrorClass::DefinitionChanged
                        | ErrorClass::DuplicateKey
                        | ErrorClass::PrivilegeMissing
                        | ErrorClass::PacketTooLarge
                        | ErrorClass::Other
                );
                if is_answer || (by.is_some() && !concerns_all(error.class())) {
                    return Ok(Tried::Refused(error));
                }
                return Err(Fault::server(Side::Target, "execute the source's statement", error));
            }
            tracing::warn!(%error, "executing the source's statement again");
            pause(failures).await;
            // It waits until the session before is gone with all it was doing.
            *session = self.session().await?;
            if self.has_changed(pending).await? {
                return Ok(Tried::Executed);
            }
        }
    }

    /// Who makes what the last of some statements makes, if not our own login; the inner error says why that cannot
    /// be.
    async fn maker(
        &self,
        statements: &[String],
        setting: &Setting,
    ) -> Result<Result<Option<&Endpoint>, String>, Fault> {
        let Some(definers) = self.definers else { return Ok(Ok(None)) };
        let dialect = Dialect::of_sql_mode(&setting.source_mode);
        let definer = statements.last().and_then(|made| definer_of(made, dialect));
        let own = &self.context.target.current_user;
        let Some(definer) = definer.filter(|definer| !same_account(definer, own)) else {
            return Ok(Ok(None));
        };
        let refused = |fault: Fault| format!("{fault}; {}", fault.remedy());
        Ok(match definers.log_in(&definer).await? {
            Ok(session) => {
                session.close().await;
                definers.login(&definer).map(Some).map_err(refused)
            }
            Err(fault) => Err(refused(fault)),
        })
    }

    /// Says in the ledger what the tables are behind a statement that was executed.
    async fn finish(
        &self,
        session: &mut Session,
        pending: &Pending,
        known: &BTreeMap<QualifiedName, Table>,
    ) -> Result<(), Fault> {
        let statement = pending.read(&self.scope);
        let moves = Moves::of(&statement, &pending.default, known);
        let now = self.on_target(moves.names()).await?;
        let before = |name: &QualifiedName| {
            let found = pending.before.iter().find(|before| before.source == *name)?;
            Some(Sides { source: known.get(name)?, target: found.table.as_ref()? })
        };
        let mut gone = moves.gone.clone();
        let mut made = Vec::new();
        for (name, origin) in &moves.origins {
            match now.get(name) {
                Some(now) => made.push(derived(name, origin.as_ref().and_then(before), now)),
                None => gone.push(name.clone()),
            }
        }
        let finished = self.ledger.finish(session, &gone, &made).await;
        finished.on(Side::Target, "keep definitions")
    }

    /// The tables a statement is about, as they are on the target.
    async fn before(&self, moves: &Moves) -> Result<Vec<Before>, Fault> {
        let names = moves.names();
        let mut now = self.on_target(names.clone()).await?;
        let before = names.into_iter().map(|source| Before {
            source: source.clone(),
            target: rewrite::target_name(source, &self.context),
            table: now.remove(source),
        });
        Ok(before.collect())
    }

    /// Whether any of a statement's tables is another than before it.
    async fn has_changed(&self, pending: &Pending) -> Result<bool, Fault> {
        let names: Vec<&QualifiedName> =
            pending.before.iter().map(|before| &before.source).collect();
        let now = self.on_target(names).await?;
        let changed = |before: &Before| {
            let text = |table: Option<&Table>| table.map(without_counter);
            text(before.table.as_ref()) != text(now.get(&before.source))
        };
        Ok(pending.before.iter().any(changed))
    }

    /// Tables of the source, as they are on the target.
    async fn on_target(
        &self,
        names: Vec<&QualifiedName>,
    ) -> Result<BTreeMap<QualifiedName, Table>, Fault> {
        let wanted: BTreeMap<QualifiedName, QualifiedName> = names
            .into_iter()
            .map(|name| (rewrite::target_name(name, &self.context), name.clone()))
            .collect();
        if wanted.is_empty() {
            return Ok(BTreeMap::new());
        }
        let found = gather::tables(self.target, wanted.keys()).await;
        let found = found.map_err(|error| Fault::gather(Side::Target, error))?.into_iter();
        let by_source = found.filter_map(|table| Some((wanted.get(&table.name)?.clone(), table)));
        Ok(by_source.collect())
    }

    /// A session on the target whose predecessor is gone.
    async fn session(&self) -> Result<Session, Fault> {
        session_alone(self.target, &self.ledger).await
    }
}

/// Keeps the tables of one server, on another, as they are now: nothing is carried there, rows are read by them.
///
/// # Errors
/// When the server refuses or the connection is lost.
pub async fn keep(
    on: &Endpoint,
    migration: &str,
    tables: impl Iterator<Item = &Table>,
) -> Result<(), Fault> {
    let ledger = DefinitionLedger::of(migration);
    let mut session = Session::connect(on).await.on(on.side, "connect")?;
    pin::writer(&mut session).await.on(on.side, "pin a session")?;
    ledger.ensure(&mut session).await.on(on.side, "create the ledger")?;
    ledger.keep(&mut session, tables).await.on(on.side, "keep definitions")?;
    session.close().await;
    Ok(())
}

/// Whether definitions are kept of a migration.
///
/// # Errors
/// When the target refuses or the connection is lost.
pub async fn are_kept(target: &Endpoint, migration: &str) -> Result<bool, Fault> {
    let mut session = Session::connect(target).await.on(Side::Target, "connect")?;
    let tables = DefinitionLedger::of(migration).tables(&mut session).await;
    let are_kept = tables.on(Side::Target, "read definitions")?.is_some();
    session.close().await;
    Ok(are_kept)
}

/// The tables whose changes are followed, those that are held or to be copied again; `None` when none are followed.
///
/// # Errors
/// When the target refuses or the connection is lost.
pub async fn known(
    target: &Endpoint,
    migration: &str,
) -> Result<Option<BTreeSet<QualifiedName>>, Fault> {
    let mut session = Session::connect(target).await.on(Side::Target, "connect")?;
    let all = DefinitionLedger::of(migration).followed(&mut session).await;
    let all = all.on(Side::Target, "read definitions")?;
    session.close().await;
    Ok(all)
}

/// The tables of a migration that are held, each with the reason.
///
/// # Errors
/// When the target refuses or the connection is lost.
pub async fn held(
    target: &Endpoint,
    migration: &str,
) -> Result<BTreeMap<QualifiedName, String>, Fault> {
    let mut session = Session::connect(target).await.on(Side::Target, "connect")?;
    let held = DefinitionLedger::of(migration).held(&mut session).await;
    let held = held.on(Side::Target, "read definitions")?;
    session.close().await;
    Ok(held)
}

/// Says that tables are to be copied again.
///
/// # Errors
/// When the target refuses or the connection is lost.
pub async fn mark(
    target: &Endpoint,
    migration: &str,
    tables: &[QualifiedName],
) -> Result<(), Fault> {
    let mut session = Session::connect(target).await.on(Side::Target, "connect")?;
    let marked = DefinitionLedger::of(migration).mark(&mut session, tables.iter()).await;
    marked.on(Side::Target, "mark tables for another copy")?;
    session.close().await;
    Ok(())
}

/// Whether any table of a migration is to be copied again, or is being.
///
/// # Errors
/// When the target refuses or the connection is lost.
pub async fn is_any_due(target: &Endpoint, migration: &str) -> Result<bool, Fault> {
    let mut session = Session::connect(target).await.on(Side::Target, "connect")?;
    let ledger = DefinitionLedger::of(migration);
    let due = ledger.due(&mut session).await.on(Side::Target, "read definitions")?;
    let made = ledger.made(&mut session).await.on(Side::Target, "read definitions")?;
    session.close().await;
    Ok(!due.is_empty() || !made.is_empty())
}

/// Forgets the definitions of a migration.
///
/// # Errors
/// When the target refuses or the connection is lost.
pub async fn close_ledger(target: &Endpoint, migration: &str) -> Result<(), Fault> {
    let mut session = Session::connect(target).await.on(Side::Target, "connect")?;
    pin::writer(&mut session).await.on(Side::Target, "pin a session")?;
    let closed = DefinitionLedger::of(migration).close(&mut session).await;
    closed.on(Side::Target, "close the ledger of definitions")?;
    session.close().await;
    Ok(())
}

impl Pending {
    fn read(&self, scope: &Scope) -> DefinitionStatement {
        let dialect = Dialect::of_sql_mode(&self.sql_mode).read_by(scope.source);
        DefinitionStatement::read(self.sql.as_str(), dialect)
    }
}

/// Executes statements; the last one is its maker's, if there is one.
async fn attempt(
    session: &mut Session,
    (setting, by): (&Setting, Option<&Endpoint>),
    statements: &[String],
) -> Result<(), MysqlError> {
    for set in setting.statements.iter().chain([&setting.moment]) {
        session.execute(set).await?;
    }
    let (made, before) = match by {
        Some(_) => {
            statements.split_last().map_or((None, statements), |(made, rest)| (Some(made), rest))
        }
        None => (None, statements),
    };
    for statement in before {
        session.execute(statement).await?;
    }
    if let (Some(made), Some(by)) = (made, by) {
        let mut maker = Session::connect(by).await?;
        for statement in setting.statements.iter().chain([made]) {
            maker.execute(statement).await?;
        }
        maker.close().await;
    }
    pin::writer(session).await
}

/// What tells a transaction from all others, also on another server where it has a GTID.
#[must_use]
pub fn transaction_key(id: &TransactionId) -> String {
    let TransactionId { gtid, file, begin } = id;
    gtid.as_ref().map_or_else(|| format!("{file}:{begin}"), ToString::to_string)
}

/// A definition without its `AUTO_INCREMENT` counter, which moves with every row.
fn without_counter(table: &Table) -> String {
    let mut sql = Sql::new(table.create_sql.as_str(), Dialect::default());
    let counter = TableText::read(&sql)
        .ok()
        .and_then(|text| text.option("AUTO_INCREMENT").map(|option| sql.with_frame(option.span)));
    sql.edit(counter.map(Edit::delete).into_iter().collect());
    sql.into_text()
}
