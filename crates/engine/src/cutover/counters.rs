//! `AUTO_INCREMENT` counters of the side that is to be live: beyond everything the other one has given out.

use std::collections::BTreeMap;

use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;
use sealift_schema::catalog::Table;
use sealift_schema::column::Column;
use sealift_schema::facts::{Flavor, Side};
use sealift_schema::name::{QualifiedName, literal};

use super::session;
use crate::fault::{Fault, OnServer};
use crate::verify::TablePair;

/// The counters of both sides.
#[derive(Debug)]
pub struct Counters<'a> {
    /// The side whose counters are followed.
    pub from: &'a Endpoint,
    /// The side that is to be live.
    pub to: &'a Endpoint,
}

impl Counters<'_> {
    /// Raises every counter that is behind, and puts it this much ahead. Returns how many there were.
    ///
    /// # Errors
    /// When a server refuses or a connection is lost.
    pub async fn raise(&self, tables: &[TablePair], headroom: u64) -> Result<usize, Fault> {
        let counting: Vec<&TablePair> = tables
            .iter()
            .filter(|pair| pair.source.columns.iter().any(Column::is_auto_increment))
            .collect();
        if counting.is_empty() {
            return Ok(0);
        }
        let mut to = session::open(self.to).await?;
        let mut from = session::open(self.from).await?;
        let (from_side, to_side) = (self.from.side, self.to.side);
        let names = |side: Side| -> Vec<&QualifiedName> {
            counting.iter().map(|pair| &of(pair, side).name).collect()
        };
        let given = read(&mut from, &names(from_side)).await.on(from_side, "read counters")?;
        let there = read(&mut to, &names(to_side)).await.on(to_side, "read counters")?;
        let mut raised = 0;
        for pair in counting {
            let (ours, theirs) = (&of(pair, to_side).name, &of(pair, from_side).name);
            let Some(next) = given.get(&folded(theirs)).copied() else { continue };
            if there.get(&folded(ours)).is_some_and(|there| *there >= next) {
                continue;
            }
            let ahead = next.saturating_add(headroom);
            let sql = format!("ALTER TABLE {ours} AUTO_INCREMENT = {ahead} {}", super::own::MARK);
            let set = to.execute(sql).await.on(to_side, "raise AUTO_INCREMENT");
            set.map_err(|fault| fault.about(format!("table {ours}")))?;
            raised += 1;
        }
        from.close().await;
        to.close().await;
        Ok(raised)
    }
}

fn of(pair: &TablePair, side: Side) -> &Table {
    match side {
        Side::Source => &pair.source,
        Side::Target => &pair.target,
    }
}

/// Servers may tell names in lower case.
fn folded(name: &QualifiedName) -> (String, String) {
    (name.schema.to_lowercase(), name.name.to_lowercase())
}

/// The next ids, straight from the engine and not from the server's notes.
async fn read(
    session: &mut Session,
    tables: &[&QualifiedName],
) -> Result<BTreeMap<(String, String), u64>, MysqlError> {
    if session.version().is_mysql_at_least(8, 0, 0) && session.version().flavor == Flavor::MySql {
        session.execute("SET SESSION information_schema_stats_expiry = 0").await?;
    }
    let mut schemas: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for table in tables {
        schemas.entry(&table.schema).or_default().push(literal(&table.name));
    }
    let mut counters = BTreeMap::new();
    for (schema, names) in schemas {
        let sql = format!(
            "SELECT table_schema, table_name, COALESCE(auto_increment, 1) \
             FROM information_schema.tables WHERE table_schema = {} AND table_name IN ({})",
            literal(schema),
            names.join(",")
        );
        for row in session.rows(sql).await? {
            let name = QualifiedName::new(row.text(0)?, row.text(1)?);
            counters.insert(folded(&name), row.parse(2)?);
        }
    }
    Ok(counters)
}
