//! What both servers say of themselves, and what of the source is to be carried.

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::gather::{self, Request};
use sealift_mysql::session::Session;
use sealift_schema::catalog::Catalog;
use sealift_schema::facts::{ServerFacts, Side};
use sealift_schema::name::{ObjectKind, QualifiedName};
use sealift_schema::rewrite::Context;

use super::Migration;
use crate::fault::{ErrorCode, Fault, OnServer};
use crate::prepare::servers;
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

impl Survey {
    /// Asks both servers. Refuses two that are one, and a selection that selects nothing.
    pub(super) async fn take(migration: &Migration, report: &mut Report) -> Result<Self, Fault> {
        migration.progress.enter("looking at both servers");
        let (source, target) = tokio::join!(ask(&migration.source), ask(&migration.target));
        let ((source, source_tls), (target, target_tls)) = (source?, target?);
        report.source = Some(ServerReport::new(&migration.source.address, &source, source_tls));
        report.target = Some(ServerReport::new(&migration.target.address, &target, target_tls));
        let source_identity = servers::identity(&source, &migration.source);
        let target_identity = servers::identity(&target, &migration.target);
        servers::differ(&source_identity, &target_identity)?;
        let catalog = source_catalog(migration, &source, report).await?;
        if catalog.schemas.is_empty() {
            return Err(Fault::new(ErrorCode::NothingSelected, "select objects of the source")
                .on(Side::Source));
        }
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

async fn ask(endpoint: &Endpoint) -> Result<(ServerFacts, Option<String>), Fault> {
    let side = endpoint.side;
    let logging_in = format!("log in to {} as {}", endpoint.address, endpoint.user);
    let mut session = Session::connect(endpoint).await.on(side, &logging_in)?;
    let facts = gather::facts(&mut session).await.map_err(|error| Fault::gather(side, error))?;
    let doing = "ask how the connection is protected";
    let row = session.first("SHOW SESSION STATUS LIKE 'Ssl_version'").await.on(side, doing)?;
    let tls = match row {
        Some(row) => Some(row.text(1).on(side, doing)?.to_owned()).filter(|tls| !tls.is_empty()),
        None => None,
    };
    session.close().await;
    Ok((facts, tls))
}

/// The selected objects of the source, as they are now.
pub(super) async fn source_catalog(
    migration: &Migration,
    facts: &ServerFacts,
    report: &mut Report,
) -> Result<Catalog, Fault> {
    let selection = migration.selection.clone().on(facts);
    let wanted = |kind: ObjectKind, name: &QualifiedName| selection.selects(kind, name);
    let progress = migration.progress.clone();
    let listed = move |at: gather::Progress| {
        progress.doing(format!("definitions {} of {}", at.definitions_read, at.definitions));
    };
    let request = Request {
        endpoint: &migration.source,
        sessions: migration.workers,
        wanted: &wanted,
        progress: &listed,
    };
    let gathered =
        gather::catalog(&request).await.map_err(|error| Fault::gather(Side::Source, error))?;
    for object in &gathered.vanished {
        report.note(format!("{object} vanished from the source while it was being read."));
    }
    for object in &gathered.foreign {
        report.note(format!("{object} is of a kind MySQL does not have; it is left out."));
    }
    let (catalog, warnings) = selection.filter(gathered.catalog);
    for warning in warnings {
        report.note(warning.to_string());
    }
    Ok(catalog)
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
    Ok(gathered.catalog)
}
