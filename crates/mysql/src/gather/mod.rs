//! The catalog and the facts of a server, gathered in one go.
//!
//! Listings come from `information_schema`, one query per kind and schema; definitions come from `SHOW
//! CREATE`, one per object, shared out over several sessions. Nothing is locked: an object that vanishes
//! between the two is left out and named, and a table that changes in between is read again.

mod answers;
pub mod accounts;
mod unprinted;
pub mod rows;
pub mod tries;
mod columns;
mod definition;
mod events;
mod facts;
mod keys;
mod literals;
mod references;
mod routines;
mod schemas;
mod tables;
mod triggers;
mod views;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use futures_util::future::try_join_all;
use sealift_schema::catalog::{Catalog, Event, Routine, RoutineKind, Schema, Table, Trigger, View};
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName, is_system_schema};
use thiserror::Error;

use crate::endpoint::Endpoint;
use crate::error::MysqlError;
use crate::pins;
use crate::session::Session;

pub use answers::answers;
pub use facts::{facts, grants_in_force};

/// Sessions that share the work at most: `SHOW CREATE` is bound by the server's dictionary, and more
/// sessions than this only queue up there.
const SESSIONS_MAX: usize = 16;

/// What is to be gathered, and how.
pub struct Request<'a> {
    /// The server.
    pub endpoint: &'a Endpoint,
    /// How many sessions share the work; at least one is opened.
    pub sessions: usize,
    /// Whether an object is wanted. A schema is asked about with an empty name; what lies in an unwanted
    /// schema is not asked about. Schemas of the server itself are never gathered.
    pub wanted: &'a (dyn Fn(ObjectKind, &QualifiedName) -> bool + Sync),
    /// Told whenever some more was read.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

/// How far a gathering is, for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Schemas whose objects are listed.
    pub schemas_listed: usize,
    /// Schemas to list.
    pub schemas: usize,
    /// Definitions read.
    pub definitions_read: usize,
    /// Definitions to read, as far as the schemas are listed.
    pub definitions: usize,
}

/// What was gathered, and what could not be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Every wanted object that could be read.
    pub catalog: Catalog,
    /// Wanted objects that were listed and had vanished when their definition was asked for: the schema
    /// is being changed right now.
    pub vanished: Vec<ObjectId>,
    /// Wanted objects whose definition the server itself cannot read, each with its words: a damaged
    /// table, a `MERGE` table whose parts do not fit, a view of a form it does not know any more.
    pub unreadable: Vec<(ObjectId, String)>,
    /// Objects of kinds no MySQL has, in words, e.g. ``package `shop`.`prices` ``.
    pub foreign: Vec<String>,
    /// Wanted objects whose definition the login may not read, with the privilege it takes. Only
    /// [`readable_catalog`] leaves them out; [`catalog`] fails.
    pub denied: Vec<(ObjectId, &'static str)>,
}

/// What to do about an object the login may not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Denied {
    Fail,
    LeaveOut,
}

/// Why a gathering failed.
#[derive(Debug, Error)]
pub enum GatherError {
    /// The server refused, or the connection broke.
    #[error("{doing}: {cause}")]
    Server {
        /// Verb and object, e.g. "list tables of schema `shop`".
        doing: String,
        /// What the server said.
        cause: MysqlError,
    },
    /// The login lacks a privilege for one object.
    #[error("read {object}: the login lacks {privilege} on it: {cause}")]
    Privilege {
        /// The object.
        object: ObjectId,
        /// The privilege, e.g. `SHOW VIEW`.
        privilege: &'static str,
        /// What the server said.
        cause: MysqlError,
    },
    /// A table's columns and its definition do not fit together.
    #[error(
        "read {object}: its columns and its definition do not fit together; either it is being altered \
         right now, or the login holds privileges on some of its columns only"
    )]
    Unsettled {
        /// The table.
        object: ObjectId,
    },
}

impl GatherError {
    /// The server's error beneath, if there is one.
    #[must_use]
    pub fn cause(&self) -> Option<&MysqlError> {
        match self {
            Self::Server { cause, .. } | Self::Privilege { cause, .. } => Some(cause),
            Self::Unsettled { .. } => None,
        }
    }

    fn server(doing: impl Into<String>) -> impl FnOnce(MysqlError) -> Self {
        move |cause| Self::Server { doing: doing.into(), cause }
    }
}

/// Gathers all wanted objects of a server.
///
/// # Errors
///
/// When a session fails, a privilege is missing for a wanted object, or a table does not hold still.
pub async fn catalog(request: &Request<'_>) -> Result<Gathered, GatherError> {
    gather(request, Denied::Fail).await
}

/// Gathers all wanted objects of a server that can be read; names those that cannot.
///
/// # Errors
///
/// When a session fails.
pub async fn readable_catalog(request: &Request<'_>) -> Result<Gathered, GatherError> {
    gather(request, Denied::LeaveOut).await
}

/// Reads single tables, by their exact names and without a look at the rest of their schemas: those that are there.
///
/// # Errors
///
/// When the session fails, a privilege is missing for a table, or one does not hold still.
pub async fn tables(
    endpoint: &Endpoint,
    names: impl IntoIterator<Item = &QualifiedName>,
) -> Result<Vec<Table>, GatherError> {
    let mut session = pins::open(endpoint, pins::DEFINITIONS)
        .await
        .map_err(GatherError::server("open a session"))?;
    let mut found = Vec::new();
    for name in names {
        let object = ObjectId::new(ObjectKind::Table, name.clone());
        let listed = tables::list(&mut session, &tables::Scope::table(name)).await;
        let listed = listed.map_err(GatherError::server(format!("list {object}")))?;
        for mut table in listed.tables {
            if tables::define(&mut session, &mut table).await? == definition::Outcome::Read {
                found.push(table);
            }
        }
    }
    session.close().await;
    Ok(found)
}

async fn gather(request: &Request<'_>, denied: Denied) -> Result<Gathered, GatherError> {
    let count = request.sessions.clamp(1, SESSIONS_MAX);
    let mut sessions =
        try_join_all((0..count).map(|_| pins::open(request.endpoint, pins::DEFINITIONS)))
            .await
            .map_err(GatherError::server("open a session"))?;
    let board = Board { request, progress: Mutex::default() };
    let (schemas, known) = match sessions.first_mut() {
        Some(session) => (
            schemas::list(session).await.map_err(GatherError::server("list schemas"))?,
            views::relations(session).await.map_err(GatherError::server("list tables"))?,
        ),
        None => (Vec::new(), BTreeSet::new()),
    };
    let wanted = schemas.into_iter().filter(|name| request.wants_schema(name)).collect::<Vec<_>>();
    board.update(|progress| progress.schemas = wanted.len());
    let mut gathered = Gathered::default();
    let queue = Queue::new(wanted);
    let listings =
        try_join_all(sessions.iter_mut().map(|session| list(session, &queue, &known, &board)));
    let mut found = Vec::new();
    for listing in listings.await?.into_iter().flatten() {
        found.extend(listing.found);
        gathered.foreign.extend(listing.foreign);
    }
    let queue = Queue::new(found);
    let defined = try_join_all(
        sessions.iter_mut().map(|session| define(session, &queue, &known, &board, denied)),
    );
    for definition in defined.await?.into_iter().flatten() {
        match definition {
            Definition::Read(object) => object.move_into(&mut gathered.catalog),
            Definition::Vanished(object) => gathered.vanished.push(object),
            Definition::Unreadable(object, why) => gathered.unreadable.push((object, why)),
            Definition::Denied(object, privilege) => gathered.denied.push((object, privilege)),
        }
    }
    gathered.vanished.sort();
    gathered.unreadable.sort();
    gathered.foreign.sort();
    gathered.denied.sort();
    Ok(gathered)
}

impl Request<'_> {
    fn wants_schema(&self, schema: &str) -> bool {
        !is_system_schema(schema)
            && (self.wanted)(ObjectKind::Schema, &QualifiedName::new(schema, ""))
    }

    fn wants(&self, kind: ObjectKind, name: &QualifiedName) -> bool {
        (self.wanted)(kind, name)
    }
}

/// An object known from a listing; its definition is yet to be read.
#[derive(Debug)]
enum Listed {
    Schema(Schema),
    Table(Box<Table>),
    View(Box<View>),
    Routine(Box<Routine>),
    Trigger(Box<Trigger>),
    Event(Box<Event>),
}

/// What came of reading one definition.
enum Definition {
    Read(Listed),
    Vanished(ObjectId),
    Unreadable(ObjectId, String),
    Denied(ObjectId, &'static str),
}

/// What one schema holds.
#[derive(Default)]
struct Listing {
    found: Vec<Listed>,
    foreign: Vec<String>,
}

impl Listed {
    fn id(&self) -> ObjectId {
        match self {
            Self::Schema(schema) => ObjectId::schema(&schema.name),
            Self::Table(table) => ObjectId::new(ObjectKind::Table, table.name.clone()),
            Self::View(view) => ObjectId::new(ObjectKind::View, view.name.clone()),
            Self::Routine(routine) => {
                let kind = match routine.kind {
                    RoutineKind::Function => ObjectKind::Function,
                    RoutineKind::Procedure => ObjectKind::Procedure,
                };
                ObjectId::new(kind, routine.name.clone())
            }
            Self::Trigger(trigger) => ObjectId::new(ObjectKind::Trigger, trigger.name.clone()),
            Self::Event(event) => ObjectId::new(ObjectKind::Event, event.name.clone()),
        }
    }

    async fn define(
        &mut self,
        session: &mut Session,
        known: &BTreeSet<QualifiedName>,
    ) -> Result<definition::Outcome, GatherError> {
        match self {
            Self::Schema(schema) => schemas::define(session, schema).await,
            Self::Table(table) => tables::define(session, table).await,
            Self::View(view) => views::define(session, view, known).await,
            Self::Routine(routine) => routines::define(session, routine).await,
            Self::Trigger(trigger) => triggers::define(session, trigger).await,
            Self::Event(event) => events::define(session, event).await,
        }
    }

    fn move_into(self, catalog: &mut Catalog) {
        match self {
            Self::Schema(schema) => {
                catalog.schemas.insert(schema.name.clone(), schema);
            }
            Self::Table(table) => {
                catalog.tables.insert(table.name.clone(), *table);
            }
            Self::View(view) => {
                catalog.views.insert(view.name.clone(), *view);
            }
            Self::Routine(routine) => {
                catalog.routines.insert((routine.kind, routine.name.clone()), *routine);
            }
            Self::Trigger(trigger) => {
                catalog.triggers.insert(trigger.name.clone(), *trigger);
            }
            Self::Event(event) => {
                catalog.events.insert(event.name.clone(), *event);
            }
        }
    }
}

/// Work that several sessions take from.
struct Queue<T>(Mutex<std::vec::IntoIter<T>>);

impl<T> Queue<T> {
    fn new(items: Vec<T>) -> Self {
        Self(Mutex::new(items.into_iter()))
    }

    fn next(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next()
    }
}

/// Counts what was read and tells the caller.
struct Board<'a> {
    request: &'a Request<'a>,
    progress: Mutex<Progress>,
}

impl Board<'_> {
    fn update(&self, change: impl FnOnce(&mut Progress)) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut progress);
        (self.request.progress)(*progress);
    }
}

/// Lists schemas until none is left.
async fn list(
    session: &mut Session,
    queue: &Queue<String>,
    known: &BTreeSet<QualifiedName>,
    board: &Board<'_>,
) -> Result<Vec<Listing>, GatherError> {
    let mut listings = Vec::new();
    while let Some(schema) = queue.next() {
        let listing = list_schema(session, &schema, known, board.request).await?;
        board.update(|progress| {
            progress.schemas_listed += 1;
            progress.definitions += listing.found.len();
        });
        listings.push(listing);
    }
    Ok(listings)
}

async fn list_schema(
    session: &mut Session,
    schema: &str,
    known: &BTreeSet<QualifiedName>,
    request: &Request<'_>,
) -> Result<Listing, GatherError> {
    let doing =
        |what: &str| GatherError::server(format!("list {what} of {}", ObjectId::schema(schema)));
    let mut found = vec![Listed::Schema(schemas::listed(schema))];
    let relations =
        tables::list(session, &tables::Scope::schema(schema)).await.map_err(doing("tables"))?;
    let wants = |kind, name: &QualifiedName| request.wants(kind, name);
    found.extend(
        relations
            .tables
            .into_iter()
            .filter(|table| wants(ObjectKind::Table, &table.name))
            .map(|table| Listed::Table(Box::new(table))),
    );
    let mut views = relations.views;
    views.retain(|view| wants(ObjectKind::View, &view.name));
    views::list(session, schema, &mut views, known).await.map_err(doing("views"))?;
    found.extend(views.into_iter().map(|view| Listed::View(Box::new(view))));
    let (routines, foreign) = routines::list(session, schema).await.map_err(doing("routines"))?;
    found.extend(routines.into_iter().map(|routine| Listed::Routine(Box::new(routine))));
    let triggers = triggers::list(session, schema).await.map_err(doing("triggers"))?;
    found.extend(triggers.into_iter().map(|trigger| Listed::Trigger(Box::new(trigger))));
    let events = events::list(session, schema).await.map_err(doing("events"))?;
    found.extend(events.into_iter().map(|event| Listed::Event(Box::new(event))));
    found.retain(|object| {
        let ObjectId { kind, name } = object.id();
        kind == ObjectKind::Schema || wants(kind, &name)
    });
    Ok(Listing { found, foreign })
}

/// Reads definitions until none is left.
async fn define(
    session: &mut Session,
    queue: &Queue<Listed>,
    known: &BTreeSet<QualifiedName>,
    board: &Board<'_>,
    denied: Denied,
) -> Result<Vec<Definition>, GatherError> {
    let mut definitions = Vec::new();
    while let Some(mut object) = queue.next() {
        let outcome = object.define(session, known).await;
        board.update(|progress| progress.definitions_read += 1);
        definitions.push(match outcome {
            Ok(definition::Outcome::Read) => Definition::Read(object),
            Ok(definition::Outcome::Vanished) => Definition::Vanished(object.id()),
            Err(GatherError::Privilege { object, privilege, .. }) if denied == Denied::LeaveOut => {
                Definition::Denied(object, privilege)
            }
            Err(GatherError::Unsettled { object }) if denied == Denied::LeaveOut => {
                let why = "its columns and its definition do not fit together".to_owned();
                Definition::Unreadable(object, why)
            }
            Err(error) => match definition::words_of_server(&error) {
                Some(why) => Definition::Unreadable(object.id(), why),
                None => return Err(error),
            },
        });
    }
    Ok(definitions)
}
