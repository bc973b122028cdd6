//! `AUTO_INCREMENT` counters: the source's may be ahead of its rows, and must not fall behind.

use std::collections::BTreeMap;

use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;
use sealift_schema::catalog::Catalog;
use sealift_schema::column::Column;
use sealift_schema::facts::Side;
use sealift_schema::name::{QualifiedName, literal};

use super::Applier;
use crate::fault::{Fault, OnServer};
use crate::plan::read::PlanStep;
use crate::stage::Part;

/// Tables asked about in one statement.
const BATCH_TABLES: usize = 200;

impl Applier<'_> {
    /// Gives the target's tables the source's `AUTO_INCREMENT` counters, once all rows are there. Those
    /// that agree already are not touched; returns the others, by their names on the target.
    ///
    /// Rows alone do not carry a counter: ids that were used and deleted would be used again.
    ///
    /// # Errors
    /// When the target refuses or a stop was asked for.
    pub async fn counters(&self, catalog: &Catalog) -> Result<Vec<QualifiedName>, Fault> {
        let wanted: Vec<(&PlanStep, u64)> = self
            .plan
            .of(Part::Tables)
            .filter(|step| step.is_wanted())
            .filter_map(|step| {
                let table = catalog.tables.get(&step.step().object.name)?;
                // Without a counter in its definition a table's next id is 1.
                let counts = table.columns.iter().any(Column::is_auto_increment);
                counts.then(|| (step, table.auto_increment.unwrap_or(1)))
            })
            .collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut session = Session::connect(self.target).await.on(Side::Target, "log in")?;
        let mut set = Vec::new();
        for batch in wanted.chunks(BATCH_TABLES) {
            let names: Vec<&QualifiedName> = batch.iter().map(|(step, _)| &step.target).collect();
            let there = read(&mut session, &names).await;
            let there = there.on(Side::Target, "read AUTO_INCREMENT counters")?;
            for (step, counter) in batch {
                if there.get(&step.target).is_none_or(|known| known == counter) {
                    continue;
                }
                self.stop.check()?;
                let sql = format!("ALTER TABLE {} AUTO_INCREMENT = {counter}", step.target);
                let done = session.execute(sql).await.on(Side::Target, "set AUTO_INCREMENT");
                done.map_err(|fault| fault.about(&step.step().object))?;
                set.push(step.target.clone());
            }
        }
        session.close().await;
        Ok(set)
    }
}

/// The next ids of those tables that count. Straight from the engine: the server's own note of a counter
/// may be a day old (<https://dev.mysql.com/doc/refman/9.7/en/information-schema-optimization.html>). A
/// table that never had a row is told without one.
///
/// One question per schema: a part of a `UNION` for each table cost the server 9 ms each, twenty times as
/// much.
async fn read(
    session: &mut Session,
    tables: &[&QualifiedName],
) -> Result<BTreeMap<QualifiedName, u64>, MysqlError> {
    session.execute("SET SESSION information_schema_stats_expiry = 0").await?;
    let mut schemas: BTreeMap<&str, Vec<&QualifiedName>> = BTreeMap::new();
    for table in tables {
        schemas.entry(&table.schema).or_default().push(table);
    }
    let mut counters = BTreeMap::new();
    for (schema, tables) in schemas {
        let names: Vec<String> = tables.iter().map(|table| literal(&table.name)).collect();
        let sql = format!(
            "SELECT t.table_name, COALESCE(t.auto_increment, 1) FROM information_schema.tables t \
             JOIN information_schema.columns c \
             ON c.table_schema = t.table_schema AND c.table_name = t.table_name \
             WHERE t.table_schema = {} AND t.table_name IN ({}) AND c.extra LIKE '%auto_increment%'",
            literal(schema),
            names.join(", ")
        );
        // A server that folds names tells them in its own spelling.
        let folded = |name: &str| tables.iter().find(|table| table.name.to_lowercase() == name);
        let exact: BTreeMap<&str, &&QualifiedName> =
            tables.iter().map(|table| (table.name.as_str(), table)).collect();
        for row in session.rows(sql).await? {
            let name = row.text(0)?;
            if let Some(table) = exact.get(name).copied().or_else(|| folded(name)) {
                counters.insert((**table).clone(), row.parse(1)?);
            }
        }
    }
    Ok(counters)
}
