//! Rows compared on two real servers: equal ones are equal, planted corruption is found with its key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sealift_engine::clock::Clock;
use sealift_engine::control::{Control, Settings};
use sealift_engine::fault::Fault;
use sealift_engine::probe::Probe;
use sealift_engine::progress::Progress;
use sealift_engine::stop::Stop;
use sealift_engine::verify::{
    CHUNK_BYTES, DifferenceKind, NoNotebook, Notebook, TableMemory, TablePair, TableVerdict,
    VerifyJob, rows,
};
use sealift_lab::{Pair, Server, unique_schema};
use sealift_mysql::gather::{self, Request};
use sealift_schema::catalog::Catalog;
use sealift_schema::facts::Side;
use sealift_schema::name::{ObjectKind, QualifiedName};

use crate::servers::endpoint;

/// The same schema on both servers of the shared pair.
struct Twins {
    schema: String,
}

impl Twins {
    fn new(stem: &str, script: &str) -> Self {
        let schema = unique_schema(stem);
        let pair = Pair::shared();
        for server in [&pair.source, &pair.target] {
            // What a table gets without a key is not what is compared here.
            server.sql(format!(
                "SET sql_generate_invisible_primary_key=0; CREATE DATABASE {schema}; USE {schema}; \
                 SET cte_max_recursion_depth=1000000; {script}"
            ));
        }
        Self { schema }
    }

    fn on_target(&self, sql: &str) {
        Pair::shared().target.client().schema(&self.schema).run(sql);
    }

    fn on_source(&self, sql: &str) {
        Pair::shared().source.client().schema(&self.schema).run(sql);
    }

    /// The verdict on the only table.
    async fn verdict(&self) -> TableVerdict {
        let mut verdicts = compare(&self.schema).await;
        assert_eq!(verdicts.len(), 1);
        verdicts.remove(0)
    }
}

async fn catalog(server: &Server, side: Side, schema: &str) -> Catalog {
    let wanted = |kind: ObjectKind, name: &QualifiedName| {
        name.schema == schema && matches!(kind, ObjectKind::Schema | ObjectKind::Table)
    };
    let endpoint = endpoint(server, side);
    let request =
        Request { endpoint: &endpoint, sessions: 1, wanted: &wanted, progress: &|_at| {} };
    gather::catalog(&request).await.unwrap().catalog
}

async fn compare(schema: &str) -> Vec<TableVerdict> {
    compare_with(schema, Arc::new(NoNotebook)).await
}

async fn compare_with(schema: &str, notebook: Arc<dyn Notebook>) -> Vec<TableVerdict> {
    let pair = Pair::shared();
    let source = catalog(&pair.source, Side::Source, schema).await;
    let target = catalog(&pair.target, Side::Target, schema).await;
    let tables = source
        .tables
        .into_values()
        .map(|source| TablePair { target: target.tables[&source.name].clone(), source })
        .collect();
    let (stop, clock) = (Stop::new(), Clock::of_machine());
    let job = VerifyJob {
        source: endpoint(&pair.source, Side::Source),
        target: endpoint(&pair.target, Side::Target),
        tables,
        workers: 2,
        chunk_bytes: CHUNK_BYTES,
        moving: None,
        notebook,
        control: Control::new(stop.clone(), clock.clone(), Settings::default()),
        clock,
        progress: Progress::default(),
        probe: Probe::none(),
        stop,
    };
    rows(job).await.unwrap()
}

fn found(verdict: &TableVerdict) -> Vec<(DifferenceKind, &str, Vec<&str>)> {
    verdict
        .differences
        .iter()
        .map(|d| (d.kind, d.key.as_str(), d.columns.iter().map(String::as_str).collect()))
        .collect()
}

const KEYED: &str = "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20), b BLOB, f FLOAT); \
     INSERT INTO t WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM s WHERE n < 20000) \
     SELECT n, CONCAT('v', n), REPEAT(CHAR(n % 256), n % 50), n / 7 FROM s; ANALYZE TABLE t;";

#[tokio::test]
async fn a_changed_a_missing_and_an_extra_row_are_found_with_their_keys() {
    let twins = Twins::new("verify_keyed", KEYED);
    assert!(twins.verdict().await.is_equal());
    // One bit of one byte.
    twins.on_target(
        "UPDATE t SET b = CAST(CONCAT(CHAR(ASCII(b) ^ 1), SUBSTR(b, 2)) AS BINARY) WHERE id = 777",
    );
    twins.on_target("DELETE FROM t WHERE id = 15000; INSERT INTO t VALUES (30000, 'x', '', 1)");
    let verdict = twins.verdict().await;
    let expected = vec![
        (DifferenceKind::Missing, "id=15000", vec![]),
        (DifferenceKind::Extra, "id=30000", vec![]),
        (DifferenceKind::Different, "id=777", vec!["b"]),
    ];
    assert_eq!(found(&verdict), expected);
    assert_eq!((verdict.rows_source, verdict.rows_target), (20000, 20000));
}

#[tokio::test]
async fn two_rows_with_swapped_values_are_found() {
    let twins = Twins::new("verify_swap", KEYED);
    // Of one length: the sum and the exclusive or of plain checksums are blind to many of these.
    for (one, other) in [(1000, 2000), (3001, 4002), (10007, 11009)] {
        twins.on_target(&format!(
            "UPDATE t SET a = IF(id = {one}, 'v{other}', 'v{one}') WHERE id IN ({one}, {other})"
        ));
    }
    let verdict = twins.verdict().await;
    assert_eq!(verdict.differences.len(), 6, "{verdict:?}");
    assert!(verdict.differences.iter().all(|d| d.columns == ["a"]));
}

#[tokio::test]
async fn null_and_the_empty_string_differ_and_so_do_the_smallest_floats() {
    let twins = Twins::new("verify_null", KEYED);
    twins.on_source("UPDATE t SET a = '' WHERE id = 1; UPDATE t SET f = 0.1 WHERE id = 2");
    twins.on_target("UPDATE t SET a = NULL WHERE id = 1; UPDATE t SET f = 0.10000001 WHERE id = 2");
    let verdict = twins.verdict().await;
    let expected = vec![
        (DifferenceKind::Different, "id=1", vec!["a"]),
        (DifferenceKind::Different, "id=2", vec!["f"]),
    ];
    assert_eq!(found(&verdict), expected);
}

#[tokio::test]
async fn tables_without_a_key_are_compared_as_bags() {
    let twins = Twins::new(
        "verify_bag",
        "CREATE TABLE t (a INT, b VARCHAR(10)); \
         INSERT INTO t VALUES (1,'x'),(1,'x'),(2,'y'),(NULL,NULL),(3,'z')",
    );
    assert!(twins.verdict().await.is_equal());
    twins.on_target("DELETE FROM t WHERE a = 1 LIMIT 1; INSERT INTO t VALUES (3,'z')");
    let verdict = twins.verdict().await;
    let expected = vec![
        (DifferenceKind::Missing, "a=1, b=x", vec![]),
        (DifferenceKind::Extra, "a=3, b=z", vec![]),
    ];
    assert_eq!(found(&verdict), expected);
}

#[tokio::test]
async fn a_table_of_which_everything_differs_is_not_listed_row_by_row() {
    let twins = Twins::new("verify_all", KEYED);
    twins.on_target("UPDATE t SET a = CONCAT(a, '!')");
    let verdict = twins.verdict().await;
    assert!(verdict.more);
    assert_eq!(verdict.differences.len(), sealift_engine::verify::DIFFERENCES_NAMED_MAX);
}

/// What is kept, as the state folder would keep it.
#[derive(Debug, Default)]
struct Kept(Mutex<BTreeMap<QualifiedName, TableMemory>>);

impl Notebook for Kept {
    fn tables(&self) -> Result<Vec<(QualifiedName, TableMemory)>, Fault> {
        Ok(self.0.lock().unwrap().clone().into_iter().collect())
    }

    fn keep(&self, tables: &[(QualifiedName, TableMemory)]) -> Result<(), Fault> {
        self.0.lock().unwrap().extend(tables.iter().cloned());
        Ok(())
    }
}

#[tokio::test]
async fn what_was_compared_before_is_not_compared_again_unless_its_definition_moved() {
    let twins = Twins::new("verify_kept", KEYED);
    twins.on_target("UPDATE t SET a = 'x' WHERE id = 5");
    let notebook = Arc::new(Kept::default());
    let first = compare_with(&twins.schema, notebook.clone()).await;
    assert_eq!(found(&first[0]), [(DifferenceKind::Different, "id=5", vec!["a"])]);
    assert!(!first[0].places.is_empty());
    // What is planted in rows that are compared is not found, what was found before is still known.
    twins.on_target("UPDATE t SET a = 'y' WHERE id = 9");
    assert_eq!(compare_with(&twins.schema, notebook.clone()).await, first);
    // Only half of it was compared.
    for memory in notebook.0.lock().unwrap().values_mut() {
        (memory.done, memory.up_to) = (false, Some(vec!["8".to_owned()]));
    }
    let second = compare_with(&twins.schema, notebook.clone()).await;
    assert_eq!(second[0].differences.len(), 2, "{second:?}");
    assert_eq!(second[0].rows_source, first[0].rows_source + 20_000 - 8);
    twins.on_source("ALTER TABLE t ADD c INT");
    twins.on_target("ALTER TABLE t ADD c INT");
    let third = compare_with(&twins.schema, notebook).await;
    assert_eq!((third[0].rows_source, third[0].differences.len()), (20_000, 2));
}
