//! Samples of the source's rows, one statement after the other on one session, within a time for all of them.

use std::cmp::Reverse;
use std::time::Duration;

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::gather::rows::{RowReader, TableChecked};
use sealift_schema::catalog::{Catalog, Table};
use sealift_schema::facts::{ServerFacts, Side};
use sealift_schema::name::QualifiedName;
use sealift_schema::rule::measured::TablesChecked;
use sealift_schema::rule::rows::{Looked, RowSample, looks};

use crate::clock::Clock;
use crate::fault::Fault;
use crate::progress::Progress;
use crate::stop::Stop;

/// For all samples together: an assessment is no backup window.
const SAMPLE_TIME_MAX: Duration = Duration::from_secs(300);

/// For all checks of tables together.
const CHECK_TIME_MAX: Duration = Duration::from_secs(600);

/// A table larger than this is not checked: every index of it would be read whole.
const CHECKED_BYTES_MAX: u64 = 1 << 30;

/// What it takes to look.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) source: &'a Endpoint,
    pub(super) facts: &'a ServerFacts,
    pub(super) catalog: &'a Catalog,
    pub(super) clock: &'a Clock,
    pub(super) progress: &'a Progress,
    pub(super) stop: &'a Stop,
}

/// Reads a sample of every table and every foreign key, the largest first.
pub(super) async fn sample(scene: Scene<'_>) -> Result<RowSample, Fault> {
    scene.progress.enter("reading samples of rows");
    let mut reader = open(scene).await?;
    let begun = scene.clock.elapsed();
    let all = looks(scene.catalog, scene.facts.version);
    let count = all.len();
    let mut looked = Vec::new();
    for look in all {
        scene.stop.check()?;
        if scene.clock.elapsed().saturating_sub(begun) > SAMPLE_TIME_MAX {
            break;
        }
        let outcome =
            reader.look(&look).await.map_err(|error| Fault::gather(Side::Source, error))?;
        looked.push(Looked { look, outcome });
        scene.progress.doing(format!("samples {} of {count}", looked.len()));
    }
    reader.close().await;
    Ok(RowSample { left_out: count - looked.len(), looked })
}

/// Lets the source check its tables, the smallest first.
pub(super) async fn check_tables(scene: Scene<'_>) -> Result<TablesChecked, Fault> {
    scene.progress.enter("letting the source check its tables");
    let mut reader = open(scene).await?;
    let begun = scene.clock.elapsed();
    let mut tables: Vec<&Table> = scene.catalog.tables.values().collect();
    tables.sort_by_key(|table| Reverse(size(table)));
    let mut told = TablesChecked::default();
    while let Some(table) = tables.pop() {
        scene.stop.check()?;
        let mut leave = |why| told.left_out.push((QualifiedName::clone(&table.name), why));
        if size(table) > CHECKED_BYTES_MAX {
            leave("it is larger than 1 GiB");
            continue;
        }
        if scene.clock.elapsed().saturating_sub(begun) > CHECK_TIME_MAX {
            leave("the time for all checks was used up");
            continue;
        }
        let checked = reader.check_table(&table.name).await;
        match checked.map_err(|error| Fault::gather(Side::Source, error))? {
            TableChecked::Done(said) => {
                told.checked += 1;
                told.said.extend(said);
            }
            TableChecked::Late => leave("it took longer than half a minute and was ended"),
            TableChecked::Refused(_) => leave("the source refused to check it"),
        }
        scene.progress.doing(format!("checked {}, {} to go", told.checked, tables.len()));
    }
    reader.close().await;
    Ok(told)
}

async fn open(scene: Scene<'_>) -> Result<RowReader, Fault> {
    let opened = RowReader::open(scene.source, scene.facts).await;
    opened.map_err(|error| Fault::gather(Side::Source, error))
}

fn size(table: &Table) -> u64 {
    table.data_bytes.saturating_add(table.index_bytes)
}
