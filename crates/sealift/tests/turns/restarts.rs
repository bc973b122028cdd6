//! A server that was left is restarted, and nobody runs another command: it takes no writes.

use sealift_engine::probe::Point;
use sealift_lab::workload::clients;
use sealift_lab::{Kind, Options, Pair, Server, wait_until};

use super::Shop;
use super::crashes::{ends_with_live, killed_at};

/// Cuts over, and tells the schema.
fn left(pair: &Pair, settings: &str) -> String {
    let shop = Shop::new(pair, "restarted", settings);
    // It ends when all is done: nobody follows any more.
    killed_at(&shop, "cutover", Point::TurnDone);
    shop.schema.clone()
}

pub(super) fn takes_writes(server: &Server, schema: &str) -> bool {
    let client = server.client().schema(schema).option("--user=shop_app");
    client.option("--password=shop-pw1").try_run("INSERT INTO bag VALUES (1000, 0)").is_ok()
}

#[test]
fn a_source_that_was_left_takes_no_writes_after_a_restart() {
    let mut pair = Pair::mysql();
    pair.source.sql(clients::SOURCE_GRANTS);
    pair.source.add_args(["--log-bin-trust-function-creators=ON"]);
    for settings in ["fence = 'read-only'\n", "fence = 'tables'\n"] {
        let schema = left(&pair, settings);
        pair.source.restart().unwrap();
        assert!(!takes_writes(&pair.source, &schema), "{settings}");
    }
}

/// MariaDB does not remember the setting: an event sets it again.
#[test]
fn a_mariadb_that_was_left_takes_no_writes_soon_after_a_restart() {
    let source = Options::source(Kind::MariaDb10_11).arg("--event-scheduler=ON");
    let mut pair = Pair::start(source, Options::azure_target()).unwrap();
    pair.source.sql(clients::MARIADB_SOURCE_GRANTS);
    let schema = left(&pair, "fence = 'read-only'\n");
    pair.source.restart().unwrap();
    wait_until("the source takes no writes", || {
        (!takes_writes(&pair.source, &schema)).then_some(())
    });
}

/// What makes it last is taken back with the side.
#[test]
fn a_source_that_is_live_again_takes_writes_after_a_restart() {
    let source = Options::source(Kind::MariaDb10_11).arg("--event-scheduler=ON");
    let maria = Pair::start(source, Options::azure_target()).unwrap();
    maria.source.sql(clients::MARIADB_SOURCE_GRANTS);
    let mysql = Pair::mysql();
    mysql.source.sql(clients::SOURCE_GRANTS);
    for mut pair in [mysql, maria] {
        let schema = {
            let shop = Shop::new(&pair, "returned", "fence = 'read-only'\n");
            killed_at(&shop, "cutover", Point::TurnDone);
            ends_with_live(&shop, "target", "after the cutover");
            killed_at(&shop, "rollback", Point::TurnDone);
            ends_with_live(&shop, "source", "after the rollback");
            shop.schema.clone()
        };
        pair.source.restart().unwrap();
        assert!(takes_writes(&pair.source, &schema), "{}", pair.source.kind());
        let ours = "SELECT COUNT(*) FROM information_schema.events WHERE event_schema = 'sealift'";
        assert_eq!(pair.source.sql(ours), "0\n");
    }
}
