//! A MySQL 5.6 that is left, and come back to.

use std::sync::LazyLock;

use sealift_lab::workload::clients;
use sealift_lab::{Kind, Pair, unique_schema};

use super::{Running, Shop, there_and_back};
use crate::offline::{ends_with, folder};
use crate::pairs::{Alone, Pool};

static PAIRS: Pool = Pool::new(&STARTED);
static STARTED: [LazyLock<Pair>; 1] = [LazyLock::new(with_grants)];

fn with_grants() -> Pair {
    let pair = Pair::mysql_5_6();
    pair.source.sql(clients::MYSQL_5_6_SOURCE_GRANTS);
    pair
}

/// The pair for this test alone; none where the server cannot be had, which is then said.
fn mysql_5_6() -> Option<Alone> {
    (!Kind::MySql5_6.is_left_out()).then(|| PAIRS.take())
}

#[test]
fn an_application_is_moved_from_a_mysql_5_6_and_back_and_no_acknowledged_write_is_lost() {
    let Some(pair) = mysql_5_6() else { return };
    there_and_back(&pair, "", "read-only");
}

/// Its tables take one trigger of each kind.
#[test]
fn a_fence_of_triggers_on_tables_that_have_some_is_refused_before_anything_is_done() {
    let Some(pair) = mysql_5_6() else { return };
    let shop = Shop::new(&pair, "fenced", "fence = \"tables\"");
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    let refused = shop.folder.sealift(&["cutover", "--yes", "--json"]);
    ends_with(3, &refused);
    assert!(refused.stdout.contains("one of each kind"), "{}", refused.screen());
    assert_eq!(shop.live(), "source");
    drop(running);
    let plain = format!("DROP TRIGGER {0}.audited; DROP TRIGGER {0}.seen", shop.schema);
    pair.source.sql(plain);
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    ends_with(0, &shop.folder.sealift(&["cutover", "--rehearse"]));
    assert_eq!(shop.live(), "source");
    drop(running);
    ends_with(0, &shop.folder.sealift(&["finish", "--yes"]));
}

/// `utf8mb3` and `geomcollection` were called `utf8` and `geometrycollection`.
#[test]
fn what_only_has_a_newer_name_on_the_target_comes_back_to_a_mysql_5_6() {
    let Some(pair) = mysql_5_6() else { return };
    pair.source.sql("SET GLOBAL read_only = OFF");
    let schema = unique_schema("named_5_6");
    pair.source.sql(format!(
        "CREATE DATABASE {schema} CHARACTER SET utf8; USE {schema}; \
         CREATE TABLE keyed (w VARCHAR(20) PRIMARY KEY, g GEOMETRYCOLLECTION); CREATE TABLE bag (w VARCHAR(20), n INT); \
         INSERT INTO keyed (w) VALUES ('one'), ('two'); INSERT INTO bag VALUES ('one', 1), ('one', 1), ('two', 2)"
    ));
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    let shop = Shop { pair: &pair, schema: schema.clone(), folder };
    let running = shop.left_for(format!(
        "USE {schema}; INSERT INTO keyed VALUES ('größe', ST_GeomCollFromText('GEOMETRYCOLLECTION(POINT(1 2))')); \
         INSERT INTO bag VALUES ('größe', 3); UPDATE bag SET w = 'größer' WHERE n = 2; DELETE FROM bag WHERE n = 1 LIMIT 1"
    ));
    ends_with(0, &shop.folder.sealift(&["rollback", "--yes"]));
    drop(running);
    for sql in
        ["SELECT HEX(w), HEX(g) FROM keyed ORDER BY w", "SELECT HEX(w), n FROM bag ORDER BY n, w"]
    {
        let [ours, theirs] =
            [&pair.source, &pair.target].map(|server| server.sql(format!("USE {schema}; {sql}")));
        assert_eq!(ours, theirs);
        assert!(ours.contains("6772C3B6C39F65"), "{ours}");
    }
    ends_with(0, &shop.folder.sealift(&["finish", "--yes"]));
}

/// A restart forgets `read_only`: an event sets it again.
#[test]
fn a_mysql_5_6_that_was_left_takes_no_writes_after_a_restart() {
    if Kind::MySql5_6.is_left_out() {
        return;
    }
    let mut pair = with_grants();
    pair.source.add_args(["--event-scheduler=ON"]);
    let shop = Shop::new(&pair, "restarted", "");
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    ends_with(0, &shop.folder.sealift(&["cutover", "--yes"]));
    ends_with(0, &shop.folder.sealift(&["stop"]));
    drop(running);
    let Shop { pair: _, schema, folder } = shop;
    pair.source.restart().unwrap();
    sealift_lab::wait_until("the event has run", || {
        (pair.source.sql("SELECT @@GLOBAL.read_only") == "1\n").then_some(())
    });
    pair.target.sql(format!("INSERT INTO {schema}.item (client, seq) VALUES (7, 7)"));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    let there = format!("SELECT COUNT(*) FROM {schema}.item WHERE client = 7");
    assert_eq!(pair.source.sql(there), "1\n");
}
