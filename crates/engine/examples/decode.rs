//! How fast a binary log's rows become values, and lines of a `LOAD DATA` stream: `cargo x bench decode` runs it.
//!
//! Each is one pass over files in memory, without checking sums; printed are seconds, images of rows, and values that
//! are not NULL, or bytes of lines.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "an experiment: a broken expectation should stop it"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sealift_engine::encode::{Dialect, EncodeError, Encoder, RowForm, RowValues};
use sealift_mysql::binlog::{ImageValues, RowShape, RowsEvent, RowsHead, TableMap};
use sealift_mysql::endpoint::{Address, Endpoint, TlsMode};
use sealift_mysql::gather::{self, Request};
use sealift_mysql::value::Value;
use sealift_schema::catalog::Catalog;
use sealift_schema::column::Column;
use sealift_schema::facts::{Flavor, Side};
use sealift_schema::name::{ObjectKind, QualifiedName};

const MAGIC: usize = 4;
const HEADER: usize = 19;
const CHECKSUM: usize = 4;
const TABLE_MAP: u8 = 19;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (socket, schema) = (arguments.next().expect("socket"), arguments.next().expect("schema"));
    let files: Vec<Bytes> =
        arguments.map(|file| Bytes::from(std::fs::read(file).expect("a binary log"))).collect();
    let catalog = gathered(&socket, &schema).await;
    for work in [Work::Values, Work::Lines] {
        let mut counts = Counts::default();
        let begun = Instant::now();
        for file in &files {
            decode(file, &catalog, work, &mut counts);
        }
        println!("{:.3} {} {}", begun.elapsed().as_secs_f64(), counts.images, counts.written);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Values,
    Lines,
}

#[derive(Default)]
struct Counts {
    images: u64,
    /// Values, or bytes of lines.
    written: usize,
}

struct Known {
    body: Bytes,
    map: Arc<TableMap>,
    shape: Arc<RowShape>,
    encoder: Encoder,
    /// Which columns are written.
    written: Vec<bool>,
}

fn decode(file: &Bytes, catalog: &Catalog, work: Work, counts: &mut Counts) {
    let mut tables: BTreeMap<u64, Known> = BTreeMap::new();
    let (mut scratch, mut lines) = (Vec::new(), Vec::new());
    let mut at = MAGIC;
    while at + HEADER <= file.len() {
        let size = u32::from_le_bytes(file[at + 9..at + 13].try_into().unwrap()) as usize;
        let body = file.slice(at + HEADER..at + size - CHECKSUM);
        let type_code = file[at + 4];
        at += size;
        if type_code == TABLE_MAP {
            let (id, name) = TableMap::peek(&body).unwrap();
            if tables.get(&id).is_none_or(|known| known.body != body) {
                known(body, &name, catalog).map(|known| tables.insert(id, known));
            }
        } else if let Ok(head) = RowsHead::read(type_code, &body) {
            let Some(known) = head.table.and_then(|id| tables.get(&id)) else { continue };
            let event =
                RowsEvent::read(type_code, &body, Arc::clone(&known.map), &known.shape).unwrap();
            for change in event.rows() {
                let change = change.unwrap();
                for image in [change.before, change.after].into_iter().flatten() {
                    counts.images += 1;
                    let values = image.values(&mut scratch).unwrap();
                    if work == Work::Values {
                        counts.written += walk(values, known.shape.len());
                    } else {
                        let mut written = Written { values, columns: known.written.iter() };
                        known.encoder.row(&mut written, &mut lines).unwrap();
                    }
                }
            }
            counts.written += lines.len();
            lines.clear();
        }
    }
}

fn walk(mut values: ImageValues<'_>, columns: usize) -> usize {
    let present = (0..columns).filter(|_| values.next().unwrap() != Value::Null).count();
    values.finish().unwrap();
    present
}

fn known(body: Bytes, name: &QualifiedName, catalog: &Catalog) -> Option<Known> {
    let table = catalog.tables.get(name)?;
    let map = TableMap::read(&body).unwrap();
    let shape = Arc::new(RowShape::new(&map, &table.columns).unwrap());
    let form = RowForm::of_stream(table, table, Flavor::MySql).unwrap();
    let written = table.columns.iter().map(Column::is_written).collect();
    let encoder = Encoder::new(&form, Dialect::Load);
    Some(Known { body, map: Arc::new(map), shape, encoder, written })
}

/// The values of the columns that are written.
struct Written<'a> {
    values: ImageValues<'a>,
    columns: std::slice::Iter<'a, bool>,
}

impl RowValues for Written<'_> {
    fn next(&mut self) -> Result<Value<'_>, EncodeError> {
        for written in self.columns.by_ref() {
            if *written {
                break;
            }
            self.values.skip()?;
        }
        Ok(self.values.next()?)
    }

    fn skip(&mut self) -> Result<(), EncodeError> {
        self.next().map(|_value| ())
    }
}

async fn gathered(socket: &str, schema: &str) -> Catalog {
    let endpoint = Endpoint {
        side: Side::Source,
        address: Address::Socket(socket.into()),
        user: "root".to_owned(),
        password: String::new().into(),
        tls: TlsMode::Off,
        tls_ca: None,
        compress: false,
        connect_timeout: Duration::from_secs(20),
    };
    let wanted = |_: ObjectKind, name: &QualifiedName| name.schema == schema;
    let request = Request { endpoint: &endpoint, sessions: 1, wanted: &wanted, progress: &|_| {} };
    gather::catalog(&request).await.expect("the catalog").catalog
}
