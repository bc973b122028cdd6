//! The way of the changes, opened for the definitions of one stretch of the log.

use std::collections::{BTreeMap, BTreeSet};

use sealift_mysql::binlog::{self, LogPosition, RowImages};
use sealift_mysql::gather;
use sealift_schema::catalog::{Catalog, Table};
use sealift_schema::facts::{Flavor, ServerFacts, Side};
use sealift_schema::name::QualifiedName;
use sealift_schema::rewrite::{self, Context};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::Migration;
use super::tables::{find, target_tables};
use crate::apply::{self, Applier, ApplyJob, ApplyTable, LoggedImage, Manner, Mode};
use crate::copy::family::Holds;
use crate::copy::gate::Gates;
use crate::copy::{self, CopyTable};
use crate::family::Families;
use crate::fault::{ErrorCode, Fault};
use crate::stream::{Definition, Stream, StreamRequest};

/// Everything changes pass.
pub(super) struct Way {
    pub(super) stream: Stream,
    pub(super) gates: Gates,
    pub(super) applier: Applier<LoggedImage>,
    /// The families that are being copied, or may be.
    pub(super) families: Families,
    /// All of them.
    pub(super) related: Families,
    /// Those of them that are closed until the copy is sure of their indexes.
    pub(super) holds: Holds,
}

/// What it takes to open the way, and to open it again.
pub(super) struct Opening<'a> {
    pub(super) migration: &'a Migration,
    /// What the source says of itself.
    pub(super) source: &'a ServerFacts,
    /// Whose server the target is.
    taker: Flavor,
    /// How much of a row its log has.
    pub(super) images: RowImages,
    /// Names the migration in the target's ledgers.
    pub(super) ledger_name: String,
    /// How changes are written.
    pub(super) mode: Mode,
    /// Told how far everything is applied, whichever applier does it.
    pub(super) applied: watch::Sender<LogPosition>,
    /// Where copier and applier meet, once the way was open.
    gates: Option<Gates>,
    /// The tables as they were when they were last looked at.
    seen: BTreeMap<QualifiedName, CopyTable>,
}

impl<'a> Opening<'a> {
    /// Nothing is opened yet.
    pub(super) fn new(
        migration: &'a Migration,
        (source, target, images): (&'a ServerFacts, &ServerFacts, RowImages),
        ledger_name: &str,
        mode: Mode,
    ) -> Self {
        // Nobody sees this one: opening the way tells the right one.
        let (server, file) = (String::new(), String::new());
        let nowhere = LogPosition { server, file, offset: 0, gtids: None, since: None };
        let (applied, _nobody) = watch::channel(nowhere);
        let (gates, seen, ledger_name) = (None, BTreeMap::new(), ledger_name.to_owned());
        let taker = target.version.flavor;
        Self { migration, source, taker, images, ledger_name, mode, applied, gates, seen }
    }

    /// The source's tables with what they are on the target. Only those are looked at that were not before, or that
    /// a statement was about since.
    pub(super) async fn tables(
        &mut self,
        known: BTreeMap<QualifiedName, Table>,
        touched: &BTreeSet<QualifiedName>,
        context: &Context<'_>,
    ) -> Result<Vec<CopyTable>, Fault> {
        self.seen.retain(|name, seen| {
            !touched.contains(name) && known.get(name).is_some_and(|now| *now == seen.source)
        });
        let named: Vec<(QualifiedName, Table)> = known
            .into_values()
            .filter(|table| !self.seen.contains_key(&table.name))
            .map(|table| (rewrite::target_name(&table.name, context), table))
            .collect();
        let names = named.iter().map(|(name, _)| name);
        let targets = match named.len() {
            0..=LOOKED_AT_ALONE => alone(self.migration, names).await?,
            _ => target_tables(self.migration, names).await?,
        };
        for (name, source) in named {
            let target = find(&targets, &name).cloned().ok_or_else(|| {
                let what = "the target has lost a table that changes are applied to";
                Fault::new(ErrorCode::LedgerMismatch, what)
                    .on(Side::Target)
                    .about(format!("table {name}"))
            })?;
            let table = CopyTable { source, target, copied: None };
            self.seen.insert(table.source.name.clone(), table);
        }
        Ok(self.seen.values().cloned().collect())
    }

    /// Opens the way from the applied position on, for tables as they are there. Ends what an earlier run left
    /// on the target. `unsettled` tables are being copied, or may be; of the others everything their copies hold is
    /// applied.
    pub(super) async fn open(
        &mut self,
        tables: &[CopyTable],
        unsettled: &BTreeSet<QualifiedName>,
    ) -> Result<Way, Fault> {
        let Migration { source, target, .. } = self.migration;
        let name = &self.ledger_name;
        let sources: Vec<&Table> = tables.iter().map(|table| &table.source).collect();
        let families = Families::of(self.source, self.images, &sources)?;
        let pairs = tables.iter().map(|table| ApplyTable {
            source: table.source.clone(),
            target: table.target.clone(),
            taker: self.taker,
            manner: if families.contains(&table.source.name) {
                Manner::InOrder
            } else {
                Manner::FinalStates
            },
        });
        let job = ApplyJob {
            migration: name.clone(),
            target: target.clone(),
            tables: pairs.collect(),
            mode: self.mode,
            sizes: apply::Sizes::default(),
        };
        let applier: Applier<LoggedImage> =
            Applier::open_telling(job, self.applied.clone()).await?;
        let found = applier.found();
        let (Some(oldest), Some(newest)) = (found.oldest().cloned(), found.newest().cloned())
        else {
            let what = "the target's ledger of applied changes has no position";
            return Err(Fault::new(ErrorCode::LedgerMismatch, what).on(Side::Target));
        };
        let copied: Vec<&Table> =
            sources.into_iter().filter(|table| unsettled.contains(&table.name)).collect();
        // A family is copied as a whole or not at all.
        let copied_families = Families::of(self.source, self.images, &copied)?;
        // While tables are copied it has to be one meeting, whichever applier comes to it.
        let (gates, holds) = match &self.gates {
            Some(gates) => (gates.clone(), Holds::default()),
            None => copy::online::gates(target, name, copied, &copied_families, newest).await?,
        };
        self.gates = Some(gates.clone());
        let definitions = tables.iter().map(|table| Definition {
            name: table.source.name.clone(),
            columns: table.source.columns.clone(),
            hidden: binlog::hash_columns(&table.source),
            images: self.images,
        });
        let stream = Stream::new(StreamRequest {
            source: source.clone(),
            server_id: server_id(name),
            from: oldest,
            tables: crate::stream::Tables::new(definitions.collect()),
            piece_bytes: apply::HUGE_BYTES,
            stop: self.migration.stop.clone(),
        });
        Ok(Way { stream, gates, applier, families: copied_families, related: families, holds })
    }
}

/// So many tables are looked at one by one: more are faster had from a list of their schemas.
const LOOKED_AT_ALONE: usize = 8;

async fn alone(
    migration: &Migration,
    names: impl Iterator<Item = &QualifiedName>,
) -> Result<Catalog, Fault> {
    let tables = gather::tables(&migration.target, names).await;
    let tables = tables.map_err(|error| Fault::gather(Side::Target, error))?.into_iter();
    let tables = tables.map(|table| (table.name.clone(), table)).collect();
    Ok(Catalog { tables, ..Catalog::default() })
}

/// A number among the source's replicas that is always the same for one migration: high, where people give
/// none.
pub(super) fn server_id(ledger_name: &str) -> u32 {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(ledger_name.as_bytes()).into();
    u32::from_be_bytes([a, b, c, d]) | 0x8000_0000
}
