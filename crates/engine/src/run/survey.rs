//! What both servers say of themselves, and what of the source is to be carried.

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::MysqlError;
use sealift_mysql::gather::{self, GatherError, Gathered, Request};
use sealift_mysql::session::Session;
use sealift_schema::catalog::Catalog;
use sealift_schema::facts::{ServerFacts, Side};
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName, quote_account};
use sealift_schema::rewrite::Context;

use super::Migration;
use crate::cutover::is_own_trigger;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::prepare::{servers, sight};
use crate::report::{Report, ServerReport};

/// Both servers and the selected objects of the source, at one instant.
pub(super) struct Survey {
    pub(super) source: ServerFacts,
    pub(super) target: ServerFacts,
    pub(super) catalog: Catalog,
    /// What tells the source from all other servers.
    pub(super) source_identity: String,
    /// The same of the target.
    pub(super) target_identity: String,
}

/// What one server answered.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What it says of itself.
    pub facts: ServerFacts,
    /// The same for people.
    pub report: ServerReport,
}

/// A server hides from an account what it has no privilege on: that is as likely as a wrong pattern.
pub(super) fn nothing_selected(source: &ServerFacts) -> Fault {
    let user = &source.current_user;
    Fault::new(ErrorCode::NothingSelected, "select objects of the source").on(Side::Source).advise(
        format!(
            "check [select] in sealift.toml against the source's schemas; {user} sees only those it has a privilege on: \
             GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON *.* TO {} shows it all",
            quote_account(user)
        ),
    )
}

impl Survey {
    /// Asks both servers. Refuses two that are one, and a selection that selects nothing.
    pub(super) async fn take(migration: &Migration, report: &mut Report) -> Result<Self, Fault> {
        let survey = Self::of_followed(migration, report).await?;
        if survey.catalog.schemas.is_empty() {
            return Err(nothing_selected(&survey.source));
        }
        Ok(survey)
    }

    /// The same of a migration whose changes are followed: all that was selected may have been dropped since, which
    /// the log tells at its place.
    pub(super) async fn of_followed(
        migration: &Migration,
        report: &mut Report,
    ) -> Result<Self, Fault> {
        let Both { source, target, source_identity, target_identity } =
            both(migration, report).await?;
        let catalog = source_catalog(migration, &source, report).await?;
        let selection = migration.selection.clone().on(&source);
        // A name nobody gives: whether objects are selected that are not named one by one.
        let wants = |kind: ObjectKind, schema: &str| {
            selection.selects(kind, &QualifiedName::new(schema, "\u{1}"))
        };
        sight::see_all(&source, catalog.schemas.keys().map(String::as_str), wants)?;
        Ok(Self { source, target, catalog, source_identity, target_identity })
    }

    /// What rewrites are given.
    pub(super) fn context<'a>(&'a self, migration: &'a Migration) -> Context<'a> {
        Context {
            source: &self.source,
            target: &self.target,
            policy: &migration.policy,
            catalog: &self.catalog,
        }
    }
}

/// Both servers, which suit each other.
pub(super) struct Both {
    pub(super) source: ServerFacts,
    pub(super) target: ServerFacts,
    source_identity: String,
    target_identity: String,
}

/// Asks both servers who they are. Refuses two that are one, or do not suit each other.
pub(super) async fn both(migration: &Migration, report: &mut Report) -> Result<Both, Fault> {
    migration.progress.enter("looking at both servers");
    let (source, target) = tokio::join!(ask(&migration.source), ask(&migration.target));
    let (Asked { facts: source, report: source_report }, target) = (source?, target?);
    let Asked { facts: target, report: target_report } = target;
    report.source = Some(source_report);
    report.target = Some(target_report);
    let source_identity = servers::identity(&source, &migration.source);
    let target_identity = servers::identity(&target, &migration.target);
    servers::differ(&source_identity, &target_identity)?;
    servers::suit(&source, &target)?;
    Ok(Both { source, target, source_identity, target_identity })
}

/// Logs in and asks a server what it is and how the connection is protected: what `check` shows.
///
/// # Errors
/// When the server cannot be reached, refuses the login, or does not answer.
pub async fn ask(endpoint: &Endpoint) -> Result<Asked, Fault> {
    let side = endpoint.side;
    let logging_in = format!("log in to {} as {}", endpoint.address, endpoint.user);
    let mut session = Session::connect(endpoint).await.on(side, &logging_in)?;
    let facts = gather::facts(&mut session).await.map_err(|error| Fault::gather(side, error))?;
    let tls = protection(&mut session).await.on(side, "ask how the connection is protected")?;
    session.close().await;
    let report = ServerReport::new(&endpoint.address, &facts, tls);
    Ok(Asked { facts, report })
}

/// `TLSv1.3, TLS_AES_256_GCM_SHA384`, in the server's words
/// (<https://dev.mysql.com/doc/refman/9.7/en/server-status-variables.html#statvar_Ssl_version>).
async fn protection(session: &mut Session) -> Result<Option<String>, MysqlError> {
    let mut said = Vec::new();
    for name in ["Ssl_version", "Ssl_cipher"] {
        let row = session.first(format!("SHOW SESSION STATUS LIKE '{name}'")).await?;
        let value = row.map(|row| row.text(1).map(str::to_owned)).transpose()?;
        said.extend(value.filter(|value| !value.is_empty()));
    }
    Ok((!said.is_empty()).then(|| said.join(", ")))
}

/// The selected objects of the source, as they are now.
pub(super) async fn source_catalog(
    migration: &Migration,
    facts: &ServerFacts,
    report: &mut Report,
) -> Result<Catalog, Fault> {
    let selection = migration.selection.clone().on(facts);
    // Everything in the selected schemas is read, to tell what selected objects need that is left out.
    let in_schemas =
        |_kind: ObjectKind, name: &QualifiedName| selection.may_select_in(&name.schema);
    let (gathered, is_whole) = match gather_source(migration, &in_schemas).await {
        Ok(gathered) => (gathered, true),
        // Excluding an object that cannot be read is how one gets past it.
        Err(GatherError::Privilege { object, .. } | GatherError::Unsettled { object })
            if !selection.selects(object.kind, &object.name) =>
        {
            let only = |kind: ObjectKind, name: &QualifiedName| selection.selects(kind, name);
            let gathered = gather_source(migration, &only).await;
            (gathered.map_err(|error| Fault::gather(Side::Source, error))?, false)
        }
        Err(error) => return Err(Fault::gather(Side::Source, error)),
    };
    let is_selected = |object: &&ObjectId| selection.selects(object.kind, &object.name);
    for object in gathered.vanished.iter().filter(is_selected) {
        report.note(format!("{object} vanished from the source while it was being read."));
    }
    for (object, why) in gathered.unreadable.iter().filter(|(object, _)| is_selected(&object)) {
        report.note(format!("{object} is left out: the source itself cannot read it ({why})."));
    }
    for object in &gathered.foreign {
        report.note(format!("{object} is of a kind MySQL does not have; it is left out."));
    }
    let (mut catalog, warnings) = selection.filter(gathered.catalog);
    catalog.triggers.retain(|name, _| !is_own_trigger(name));
    for warning in warnings.iter().filter(|_warning| is_whole) {
        report.note(format!("{warning}."));
    }
    Ok(catalog)
}

async fn gather_source(
    migration: &Migration,
    wanted: &(dyn Fn(ObjectKind, &QualifiedName) -> bool + Sync),
) -> Result<Gathered, GatherError> {
    let progress = migration.progress.clone();
    let listed = move |at: gather::Progress| {
        progress.doing(format!("definitions {} of {}", at.definitions_read, at.definitions));
    };
    let request = Request {
        endpoint: &migration.source,
        sessions: migration.workers,
        wanted,
        progress: &listed,
    };
    gather::catalog(&request).await
}

/// Some objects of the target, as they are now.
pub(super) async fn target_catalog(
    migration: &Migration,
    wanted: &(dyn Fn(ObjectKind, &QualifiedName) -> bool + Sync),
) -> Result<Catalog, Fault> {
    let request = Request {
        endpoint: &migration.target,
        sessions: migration.workers,
        wanted,
        progress: &|_at| {},
    };
    let gathered =
        gather::catalog(&request).await.map_err(|error| Fault::gather(Side::Target, error))?;
    let mut catalog = gathered.catalog;
    catalog.triggers.retain(|name, _| !is_own_trigger(name));
    Ok(catalog)
}
