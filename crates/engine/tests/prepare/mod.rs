//! The target's tables, looked at before a load.

use std::collections::BTreeMap;

use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::plan::folder::Folder;
use sealift_engine::plan::read::Plan;
use sealift_engine::prepare::servers;
use sealift_engine::prepare::tables::{Found, Names, NotEmpty, ToDo, clear, judge, look};
use sealift_engine::stage::Part;
use sealift_lab::{Pair, unique_schema};
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use sealift_schema::name::QualifiedName;

use crate::plan::planned::{Gathered, apply, gathered};
use crate::servers::endpoint;

/// A planned schema whose tables are on the target, empty.
struct Bench {
    _home: tempfile::TempDir,
    schema: String,
    both: Gathered,
    plan: Plan,
    session: Session,
}

impl Bench {
    async fn new(stem: &str, tables: &str) -> Self {
        let pair = Pair::shared();
        let schema = unique_schema(stem);
        pair.source.sql(format!("CREATE DATABASE {schema}; USE {schema}; {tables}"));
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::new(home.path().join("plan"));
        let both = gathered(pair, &[&schema]).await;
        both.plan(&folder);
        apply(pair, &folder, &[Part::Schemas, Part::Tables]).await;
        let plan = Plan::read(&folder).unwrap();
        let session = Session::connect(&endpoint(&pair.target, Side::Target)).await.unwrap();
        Self { _home: home, schema, both, plan, session }
    }

    fn target(&self, sql: &str) -> String {
        Pair::shared().target.client().schema(&self.schema).run(sql)
    }

    async fn look(&mut self) -> BTreeMap<QualifiedName, Found> {
        look(&mut self.session, &self.plan, Names::of(&self.both.target)).await.unwrap()
    }

    async fn judge(&mut self, not_empty: NotEmpty, ours: &str) -> Result<ToDo, Fault> {
        let found = self.look().await;
        let names = Names::of(&self.both.target);
        judge(&self.plan, &self.both.catalog, &found, names, not_empty, |table| table.name == ours)
    }

    async fn refused(&mut self) -> (ErrorCode, String) {
        let fault = self.judge(NotEmpty::Refuse, "").await.unwrap_err();
        (fault.code, fault.what)
    }
}

const SHOP: &str = "
    CREATE TABLE a (id int PRIMARY KEY, b int, g int AS (b + 1));
    CREATE TABLE child (id int PRIMARY KEY, a int, FOREIGN KEY (a) REFERENCES a (id));
    CREATE TABLE no_key (x int);
    DELIMITER //
    CREATE TRIGGER own BEFORE INSERT ON a FOR EACH ROW SET NEW.b = 1//
    DELIMITER ;";

#[tokio::test]
async fn empty_tables_as_planned_are_fine_and_missing_ones_are_left_out() {
    let mut bench = Bench::new("prepare_fine", SHOP).await;
    assert_eq!(bench.look().await.len(), 3);
    assert_eq!(bench.judge(NotEmpty::Refuse, "").await.unwrap(), ToDo::default());
    bench.target("DROP TABLE child, no_key");
    // A key the server itself had added would be no reason to refuse.
    bench.target("SET sql_generate_invisible_primary_key = 1; CREATE TABLE no_key (x int)");
    assert_eq!(bench.look().await.len(), 2);
    assert_eq!(bench.judge(NotEmpty::Refuse, "").await.unwrap(), ToDo::default());
}

#[tokio::test]
async fn other_columns_are_refused_by_name() {
    let mut bench = Bench::new("prepare_columns", SHOP).await;
    bench.target("ALTER TABLE a DROP COLUMN g, DROP COLUMN b, ADD COLUMN `c``d` int; ALTER TABLE no_key ADD y int");
    let (code, what) = bench.refused().await;
    assert_eq!(code, ErrorCode::ObjectRefused);
    let schema = &bench.schema;
    assert_eq!(
        what,
        format!(
            "tables on the target have other columns: `{schema}`.`a` lacks `b`, `g` and has `c``d` besides; \
             `{schema}`.`no_key` has `y` besides"
        )
    );
}

#[tokio::test]
async fn rows_are_refused_or_emptied_unless_they_are_ours() {
    let mut bench = Bench::new("prepare_rows", SHOP).await;
    bench.target(
        "ALTER TABLE child ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES a (id);
         INSERT INTO a (id) VALUES (1); INSERT INTO child VALUES (1, 1); INSERT INTO no_key VALUES (NULL)",
    );
    let schema = bench.schema.clone();
    let (code, what) = bench.refused().await;
    assert_eq!(code, ErrorCode::TargetNotEmpty);
    let named = format!(
        "tables hold rows already: `{schema}`.`a`; `{schema}`.`child`; `{schema}`.`no_key`"
    );
    assert_eq!(what, named);
    let fault = bench.judge(NotEmpty::Refuse, "child").await.unwrap_err();
    assert!(!fault.what.contains("child"), "{fault}");
    let todo = bench.judge(NotEmpty::Truncate, "child").await.unwrap();
    assert_eq!(todo.truncate.len(), 2);
    clear(&mut bench.session, &todo).await.unwrap();
    let left = "SELECT (SELECT COUNT(*) FROM a), (SELECT COUNT(*) FROM child), (SELECT COUNT(*) FROM no_key)";
    assert_eq!(bench.target(left).trim(), "0\t1\t0");
}

#[tokio::test]
async fn triggers_of_the_plan_are_dropped_and_foreign_ones_refused() {
    let mut bench = Bench::new("prepare_triggers", SHOP).await;
    bench.target("CREATE TRIGGER own BEFORE INSERT ON a FOR EACH ROW SET NEW.b = 1");
    let todo = bench.judge(NotEmpty::Refuse, "").await.unwrap();
    assert_eq!(todo.drop_triggers, [QualifiedName::new(&bench.schema, "own")]);
    clear(&mut bench.session, &todo).await.unwrap();
    assert_eq!(bench.judge(NotEmpty::Refuse, "").await.unwrap(), ToDo::default());
    bench.target("CREATE TRIGGER theirs AFTER DELETE ON a FOR EACH ROW SET @x = 1");
    let (code, what) = bench.refused().await;
    assert_eq!(code, ErrorCode::TargetTriggers);
    assert!(what.contains(&format!("`{0}`.`theirs` on `{0}`.`a`", bench.schema)), "{what}");
}

#[tokio::test]
async fn each_server_has_an_identity_of_its_own() {
    let bench = Bench::new("prepare_identity", "").await;
    let pair = Pair::shared();
    let source = servers::identity(&bench.both.source, &endpoint(&pair.source, Side::Source));
    let target = servers::identity(&bench.both.target, &endpoint(&pair.target, Side::Target));
    assert_eq!(source.len(), 36);
    assert!(servers::differ(&source, &target).is_ok());
}
