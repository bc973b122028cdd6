//! Rows carried from real servers to real servers, and compared there by the servers' own means.

mod keys;
mod online;
pub(crate) mod proxy;
mod trouble;
mod values;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use sealift_engine::clock::Clock;
use sealift_engine::control::{Control, Settings};
use sealift_engine::copy::{self, AfterTable, Copied, CopyJob, CopyTable, Reading, Sizes};
use sealift_engine::fault::Fault;
use sealift_engine::journal::{Journal, Volatile};
use sealift_engine::probe::Probe;
use sealift_engine::progress::Progress;
use sealift_engine::stage::{Event, Stage};
use sealift_engine::stop::Stop;
use sealift_lab::{Pair, unique_schema};
use sealift_mysql::gather;
use sealift_mysql::session::Session;
use sealift_schema::catalog::{Catalog, Table};
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;

use crate::servers::endpoint;

/// A schema on both servers of a pair.
struct Case<'p> {
    pair: &'p Pair,
    schema: String,
    journal: Volatile,
    stop: Stop,
    workers: usize,
    sizes: Sizes,
}

/// Sees the tables that are copied, and does nothing with them.
#[derive(Default)]
struct Seen(Mutex<Vec<QualifiedName>>);

impl AfterTable for Seen {
    fn table_copied<'a>(&'a self, table: &'a QualifiedName) -> BoxFuture<'a, Result<(), Fault>> {
        self.0.lock().unwrap().push(table.clone());
        Box::pin(async { Ok(()) })
    }

    fn family_copied<'a>(
        &'a self,
        tables: &'a [QualifiedName],
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            for table in tables {
                self.table_copied(table).await?;
            }
            Ok(())
        })
    }
}

/// Statements that let the servers' defaults decide nothing.
const PLAIN: &str = "SET sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', \
                     time_zone='+00:00', foreign_key_checks=0;";

impl<'p> Case<'p> {
    /// Makes the tables on both sides and the rows on the source.
    fn new(pair: &'p Pair, tables: &str, rows: &str) -> Self {
        let schema = unique_schema("copy");
        pair.source
            .sql(format!("CREATE SCHEMA {schema}; USE {schema}; {PLAIN} {tables} {rows} COMMIT;"));
        let mariadb = pair.source.kind().is_mariadb();
        let keyless = if mariadb || pair.target.kind().is_mariadb() {
            ""
        } else {
            "SET sql_generate_invisible_primary_key=0;"
        };
        let tables = tables.replace("ENGINE=MEMORY", "").replace("ENGINE=MyISAM", "");
        pair.target.sql(format!("CREATE SCHEMA {schema}; USE {schema}; {PLAIN}{keyless} {tables}"));
        let journal = Volatile::default();
        let run = Event::RunBegun { plan: "p".into(), source: "s".into(), target: "t".into() };
        for event in [run, Event::Prepared, Event::SnapshotTaken { position: None }] {
            journal.record(&event).unwrap();
        }
        Self { pair, schema, journal, stop: Stop::new(), workers: 2, sizes: Sizes::default() }
    }

    /// The job of one run, as the conductor would make it.
    async fn job(&self) -> CopyJob {
        let source = endpoint(&self.pair.source, Side::Source);
        let target = endpoint(&self.pair.target, Side::Target);
        let tables = self.tables(Side::Source).await;
        let mut there = self.tables(Side::Target).await;
        let stage = Stage::replay(&self.journal.events().unwrap()).unwrap();
        let copied = &stage.memory().unwrap().copied;
        let mut readers = Vec::new();
        for _worker in 0..self.workers {
            let mut reader = Session::connect(&source).await.unwrap();
            reader
                .execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                .await
                .unwrap();
            reader.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT").await.unwrap();
            readers.push(reader);
        }
        CopyJob {
            migration: self.schema.clone(),
            reading: Reading::Snapshot(
                readers,
                Control::new(self.stop.clone(), Clock::of_machine(), Settings::default()),
            ),
            target,
            tables: tables
                .into_iter()
                .map(|(name, source)| CopyTable {
                    source,
                    copied: copied.get(&name).copied(),
                    target: there.remove(&name).unwrap(),
                })
                .collect(),
            sizes: self.sizes,
            after_table: Arc::new(Seen::default()),
            builders: 1,
            journal: Arc::new(self.journal.clone()),
            progress: Progress::default(),
            probe: Probe::none(),
            stop: self.stop.clone(),
        }
    }

    async fn tables(&self, side: Side) -> BTreeMap<QualifiedName, Table> {
        let server = match side {
            Side::Source => &self.pair.source,
            Side::Target => &self.pair.target,
        };
        let request = gather::Request {
            endpoint: &endpoint(server, side),
            sessions: 2,
            wanted: &|_, name| name.schema == self.schema,
            progress: &|_| {},
        };
        let Catalog { tables, .. } = gather::catalog(&request).await.unwrap().catalog;
        tables
    }

    async fn copy(&self) -> Result<Copied, Fault> {
        copy::tables(self.job().await).await
    }

    /// Copies under another migration's name, knowing nothing of this one's journal.
    async fn copy_as(&self, migration: &str) -> Result<Copied, Fault> {
        let mut job = self.job().await;
        job.migration = migration.to_owned();
        job.tables.iter_mut().for_each(|table| table.copied = None);
        copy::tables(job).await
    }

    /// Copies and makes sure that both sides are the same.
    async fn carry(&self) -> Copied {
        let copied = self.copy().await.unwrap_or_else(|fault| panic!("{fault}"));
        self.assert_same();
        copied
    }

    /// Compares every table by its values, each as bytes or digits, row by row.
    #[track_caller]
    fn assert_same(&self) {
        for table in self.names() {
            let (source, target) =
                (self.content(Side::Source, &table), self.content(Side::Target, &table));
            if source != target {
                let differ = source.iter().zip(&target).find(|(a, b)| a != b);
                panic!(
                    "{table}: {} rows on the source, {} on the target; first difference {differ:?}",
                    source.len(),
                    target.len()
                );
            }
        }
    }

    fn names(&self) -> Vec<String> {
        let sql = format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema='{}'",
            self.schema
        );
        self.pair.source.sql(sql).lines().map(ToOwned::to_owned).collect()
    }

    /// All rows of a table as sorted lines.
    fn content(&self, side: Side, table: &str) -> Vec<String> {
        let columns = self.pair.source.sql(format!(
            "SELECT column_name, data_type FROM information_schema.columns \
             WHERE table_schema='{}' AND table_name='{table}' ORDER BY ordinal_position",
            self.schema
        ));
        let values: Vec<String> = columns
            .lines()
            .map(|line| {
                let (name, kind) = line.split_once('\t').unwrap();
                let name = name.replace('`', "``");
                match kind {
                    // Bits of the number: text of FLOAT is rounded.
                    "float" => format!("CAST(`{name}` AS DOUBLE)"),
                    "bit" | "year" => format!("`{name}`+0"),
                    "enum" | "set" => {
                        format!("CONCAT(CAST(`{name}` AS UNSIGNED),':',HEX(`{name}`))")
                    }
                    "json" | "uuid" | "inet6" | "inet4" => format!("CAST(`{name}` AS CHAR)"),
                    _ if kind.contains("int") => format!("`{name}`"),
                    "decimal" | "double" | "date" | "time" | "datetime" | "timestamp" => {
                        format!("`{name}`")
                    }
                    _ => format!("HEX(`{name}`)"),
                }
            })
            .collect();
        let server = match side {
            Side::Source => &self.pair.source,
            Side::Target => &self.pair.target,
        };
        let rows = server.sql(format!(
            "{PLAIN} SELECT {} FROM `{}`.`{}`",
            values.join(","),
            self.schema,
            table.replace('`', "``")
        ));
        let mut rows: Vec<String> = rows.lines().map(ToOwned::to_owned).collect();
        rows.sort();
        rows
    }

    /// The server's own digest of a table, which is equal only if every byte of every row is.
    fn checksums(&self, side: Side) -> String {
        let server = match side {
            Side::Source => &self.pair.source,
            Side::Target => &self.pair.target,
        };
        let quoted = |name: &String| format!("`{}`.`{}`", self.schema, name.replace('`', "``"));
        let names: Vec<String> = self.names().iter().map(quoted).collect();
        server.sql(format!("CHECKSUM TABLE {}", names.join(",")))
    }
}
