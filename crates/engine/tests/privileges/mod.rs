//! docs/privileges.md is enough: its own statements make the accounts, and a migration of every object
//! kind runs from end to end with them.

use std::path::Path;
use std::sync::Arc;

use sealift_engine::clock::Clock;
use sealift_engine::control::{Control, Settings};
use sealift_engine::fault::ErrorCode;
use sealift_engine::journal::{Journal, Volatile};
use sealift_engine::order::OrderDesk;
use sealift_engine::plan::folder::Folder;
use sealift_engine::prepare::tables::NotEmpty;
use sealift_engine::probe::Probe;
use sealift_engine::progress::Progress;
use sealift_engine::report::{Conclusion, Report};
use sealift_engine::run::{self, Migration, Offline, TurnTools, Verify};
use sealift_engine::stop::Stop;
use sealift_engine::verify::NoNotebook;
use sealift_lab::Pair;
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::snapshot::LockMode;
use sealift_schema::account::AccountPolicy;
use sealift_schema::facts::Side;
use sealift_schema::rewrite::Policy;
use sealift_schema::selection::{Patterns, Selection};

use crate::servers::endpoint;

const PAPER: &str = include_str!("../../../../docs/privileges.md");

/// Headings of the paper.
const MYSQL: &str = "## On the source: MySQL 8 and later";
const MARIADB: &str = "## On the source: MariaDB 10.5 and later";

/// Every object kind in one schema, made by another account than the one that reads.
const SHOP: &str = "
    CREATE DATABASE shop;
    USE shop;
    CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(40), KEY (name));
    CREATE TABLE orders (
        id INT AUTO_INCREMENT PRIMARY KEY, customer INT, total INT CHECK (total >= 0),
        FOREIGN KEY (customer) REFERENCES customers (id)
    );
    CREATE TABLE log (line TEXT);
    INSERT INTO customers VALUES (1, 'Ada'), (2, 'Grace');
    INSERT INTO orders (customer, total) VALUES (1, 10), (2, 20), (1, 30);
    INSERT INTO log VALUES ('one'), ('one');
    CREATE VIEW totals AS SELECT customer, SUM(total) AS total FROM orders GROUP BY customer;
    CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN 2 * n;
    CREATE PROCEDURE clear_log() DELETE FROM log;
    CREATE TRIGGER orders_bi BEFORE INSERT ON orders FOR EACH ROW SET NEW.total = ABS(NEW.total);
    CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM log;
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_privileges_carry_every_object_kind() {
    migrate(&Pair::mysql(), MYSQL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_privileges_carry_every_object_kind_of_a_mariadb() {
    migrate(&Pair::mariadb_10_11(), MARIADB).await;
}

/// Without these the server hides objects, so that nobody would miss them afterwards either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_cannot_see_everything_is_refused_with_the_grant_it_needs() {
    let pair = Pair::mysql();
    accounts(&pair, MYSQL);
    let folder = tempfile::tempdir().unwrap();
    let migration = migration(&pair, folder.path());
    for grant in ["TRIGGER ON `shop`.*", "EVENT ON `shop`.*", "SHOW_ROUTINE ON *.*"] {
        pair.source.sql(format!("REVOKE {grant} FROM least"));
        let mut report = Report::begin("plan", "0", &migration.clock);
        let fault = run::plan(&migration, &mut report).await.unwrap_err();
        assert_eq!(fault.code, ErrorCode::PrivilegeMissing, "{fault}");
        assert!(fault.remedy().contains(&format!("GRANT {grant} TO")), "{}", fault.remedy());
        pair.source.sql(format!("GRANT {grant} TO least"));
    }
    run::plan(&migration, &mut Report::begin("plan", "0", &migration.clock)).await.unwrap();
}

async fn migrate(pair: &Pair, source_heading: &str) {
    accounts(pair, source_heading);
    let folder = tempfile::tempdir().unwrap();
    let migration = migration(pair, folder.path());
    let offline = Offline {
        lock: LockMode::Lock,
        not_empty: NotEmpty::Refuse,
        restart: false,
        ledger_name: "privileges".into(),
    };
    let journal: Arc<dyn Journal> = Arc::new(Volatile::default());
    let mut report = Report::begin("run --offline", "0", &migration.clock);
    let end = run::offline(&migration, &offline, &journal, &mut report).await.unwrap();
    assert_eq!((end, report.left_out.as_slice()), (Conclusion::Done, [].as_slice()));
    assert!(report.position.is_some(), "the position of the binary log was not read");

    let mut report = Report::begin("verify", "0", &migration.clock);
    let verify = Verify {
        followed: None,
        notebook: Arc::new(NoNotebook),
        accounts: AccountPolicy::default(),
    };
    let end = run::verify(&migration, &verify, &mut report).await.unwrap();
    assert_eq!(end, Conclusion::Equal, "{:?}", report.verification);
    let made = "SELECT (SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema = 'shop'), \
                (SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = 'shop'), \
                (SELECT COUNT(*) FROM information_schema.events WHERE event_schema = 'shop'), \
                (SELECT COUNT(*) FROM information_schema.views WHERE table_schema = 'shop')";
    assert_eq!(pair.target.sql(made), "2\t1\t1\t1\n");
}

/// Makes the shop, and on both sides the account `least` by the paper's statements.
fn accounts(pair: &Pair, source_heading: &str) {
    pair.source.sql(SHOP);
    pair.source.sql(statements_below(source_heading).replace("app_reader", "least"));
    pair.target.sql(statements_below("## On the target").replace("sealift'@", "least'@"));
}

fn migration(pair: &Pair, folder: &Path) -> Migration {
    let (stop, clock) = (Stop::new(), Clock::of_machine());
    Migration {
        source: least(endpoint(&pair.source, Side::Source)),
        target: least(endpoint(&pair.target, Side::Target)),
        definers: None,
        selection: Selection::compile(&Patterns::default()).unwrap(),
        policy: Policy::default(),
        folder: Folder::new(folder.join("plan")),
        workers: 2,
        control: Control::new(stop.clone(), clock.clone(), Settings::default()),
        clock,
        progress: Progress::default(),
        probe: Probe::none(),
        stop,
        orders: OrderDesk::default(),
        turning: TurnTools::default(),
    }
}

/// The first block of SQL below a heading, with a password.
fn statements_below(heading: &str) -> String {
    let below = PAPER.split(heading).nth(1).expect("the heading is there");
    let block = below.split("```sql").nth(1).and_then(|rest| rest.split("```").next());
    block.expect("a block of SQL follows it").replace('…', "least-Pw1")
}

fn least(endpoint: Endpoint) -> Endpoint {
    Endpoint { user: "least".into(), password: "least-Pw1".into(), ..endpoint }
}
