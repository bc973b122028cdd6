//! Who the two servers are, and what is to be carried: asked once, before anything is decided.

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::MysqlError;
use sealift_mysql::gather::{self, GatherError, Gathered};
use sealift_mysql::session::Session;
use sealift_schema::catalog::Catalog;
use sealift_schema::facts::{ServerFacts, Side};
use sealift_schema::name::{ObjectKind, QualifiedName};
use sealift_schema::selection::Selection;

use crate::fault::{ErrorCode, Fault, OnServer};
use crate::progress::Progress;
use crate::report::ServerReport;

/// Sessions that gather definitions together: more do not help, see [`gather`].
const SESSIONS: usize = 8;

/// One server's answers.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What it says of itself.
    pub facts: ServerFacts,
    /// The same for people.
    pub report: ServerReport,
}

/// Both servers, and the selected objects of the source.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The source.
    pub source: Asked,
    /// The target.
    pub target: Asked,
    /// The selected objects of the source.
    pub catalog: Catalog,
    /// What the operator should know of the selection: whole sentences.
    pub notes: Vec<String>,
}

/// Logs in and asks a server what it is and how the connection is protected.
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

/// Asks both servers, and gathers what is selected of the source.
///
/// # Errors
/// When a server cannot be asked, a privilege is missing for a selected object, or nothing is selected.
pub async fn survey(
    source: &Endpoint,
    target: &Endpoint,
    selection: &Selection,
    progress: &Progress,
) -> Result<Survey, Fault> {
    progress.enter("surveying");
    let (source_asked, target_asked) = tokio::try_join!(ask(source), ask(target))?;
    let selection = selection.clone().on(&source_asked.facts);
    let (catalog, notes) = selected(source, &selection, progress).await?;
    if catalog.schemas.is_empty() {
        return Err(Fault::new(ErrorCode::NothingSelected, "no object of the source is selected")
            .on(Side::Source));
    }
    Ok(Survey { source: source_asked, target: target_asked, catalog, notes })
}

/// Gathers the selected objects of a server; `selection` knows how it compares names.
///
/// # Errors
/// As [`survey`], but an empty selection is none.
pub async fn selected(
    endpoint: &Endpoint,
    selection: &Selection,
    progress: &Progress,
) -> Result<(Catalog, Vec<String>), Fault> {
    // Everything in the selected schemas is read, to tell what selected objects need that is left out.
    let in_schemas =
        |_kind: ObjectKind, name: &QualifiedName| selection.may_select_in(&name.schema);
    let (gathered, is_whole) = match gather(endpoint, &in_schemas, progress).await {
        Ok(gathered) => (gathered, true),
        // An object that cannot be read, and need not be: excluding it is how one gets past it.
        Err(GatherError::Privilege { object, .. } | GatherError::Unsettled { object })
            if !selection.selects(object.kind, &object.name) =>
        {
            let only = |kind, name: &QualifiedName| selection.selects(kind, name);
            let gathered = gather(endpoint, &only, progress)
                .await
                .map_err(|error| Fault::gather(endpoint.side, error))?;
            (gathered, false)
        }
        Err(error) => return Err(Fault::gather(endpoint.side, error)),
    };
    let Gathered { catalog, vanished, foreign } = gathered;
    let (catalog, warnings) = selection.filter(catalog);
    let mut notes = Vec::new();
    if is_whole {
        notes.extend(warnings.iter().map(|warning| format!("{warning}.")));
    }
    let vanished = vanished.iter().filter(|object| selection.selects(object.kind, &object.name));
    notes.extend(vanished.map(|object| format!("{object} was dropped while it was being read.")));
    notes.extend(foreign.iter().map(|object| format!("{object} is nothing MySQL has: left out.")));
    Ok((catalog, notes))
}

async fn gather(
    endpoint: &Endpoint,
    wanted: &(dyn Fn(ObjectKind, &QualifiedName) -> bool + Sync),
    progress: &Progress,
) -> Result<Gathered, GatherError> {
    let tell = |now: gather::Progress| {
        progress.doing(format!(
            "reading definitions: {} of {}, {} of {} schemas listed",
            now.definitions_read, now.definitions, now.schemas_listed, now.schemas
        ));
    };
    let request = gather::Request { endpoint, sessions: SESSIONS, wanted, progress: &tell };
    gather::catalog(&request).await
}
