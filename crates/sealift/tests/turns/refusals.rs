//! Turns that are refused: the side that was live takes writes, changes are followed, and it is said why.

use std::process::Stdio;

use sealift_lab::{Pair, wait_until};

use super::{MYSQL, Running, Shop, outcome, turn};
use crate::offline::ends_with;

#[test]
fn without_a_terminal_and_without_yes_nothing_is_done() {
    let _turn = turn();
    let shop = Shop::new(&MYSQL, "asked", "");
    for command in ["cutover", "rollback", "finish"] {
        let refused = shop.folder.sealift(&[command, "--json"]);
        ends_with(2, &refused);
        assert_eq!(refused.error_code(), "SL0105", "{command}");
    }
}

#[test]
fn what_is_missing_is_said_before_anything_is_touched() {
    let pair = Pair::mysql();
    let shop = Shop::new(&pair, "missing", "");
    let refused = shop.folder.sealift(&["cutover", "--rehearse", "--json"]);
    ends_with(3, &refused);
    assert_eq!(refused.error_code(), "SL0403");
    let remedy = refused.json()["error"]["remedy"].as_str().unwrap().to_owned();
    for statement in ["ON `sealift`.* TO 'app_reader'@'%'", "GRANT SYSTEM_VARIABLES_ADMIN ON *.*"] {
        assert!(remedy.contains(statement), "{statement}: {remedy}");
    }
    assert_eq!(pair.source.sql("SHOW DATABASES LIKE 'sealift'"), "");
}

/// Each refusal leaves a source that takes writes.
#[test]
fn what_is_not_as_it_should_be_is_taken_back_and_the_source_takes_writes() {
    let _turn = turn();
    let shop = Shop::new(&MYSQL, "taken_back", "smoke = ['SELECT 1']\n");
    let clients = shop.clients(1);
    for (settings, code) in [
        // The budget is used up by a question that takes too long.
        ("budget = 5\nsmoke = ['SELECT SLEEP(60) + 1']", "SL1003"),
        ("smoke = ['SELECT COUNT(*) FROM nowhere.nothing']", "SL1005"),
        ("smoke = ['SELECT 0']", "SL1005"),
        ("before = 'echo not today >&2; exit 1'", "SL1006"),
    ] {
        shop.folder.reconfigure("smoke = ['SELECT 1']", settings);
        let refused = shop.folder.sealift(&["cutover", "--yes", "--json"]);
        ends_with(3, &refused);
        let told = (refused.error_code(), outcome(&refused));
        assert_eq!(told, (code.to_owned(), "refused".to_owned()), "{}", refused.screen());
        assert_eq!(shop.live(), "source");
        shop.goes_on(&clients);
        shop.folder.reconfigure(settings, "smoke = ['SELECT 1']");
    }
    let (acknowledged, _refused) = clients.finish();
    ends_with(0, &shop.folder.sealift(&["run", "--until-caught-up"]));
    shop.assert_nothing_lost(&acknowledged);
}

#[test]
fn an_open_transaction_is_named_and_killed_only_if_that_is_allowed() {
    let _turn = turn();
    let shop = Shop::new(&MYSQL, "held_up", "fence = 'tables'\nbudget = 5\nwait = 1\n");
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    let mut holder = shop.pair.source.client().schema(&shop.schema).command();
    let mut holder = holder.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut statements = holder.stdin.take().unwrap();
    std::io::Write::write_all(&mut statements, b"BEGIN; INSERT INTO bag VALUES (7, 7);\n").unwrap();
    let open =
        "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx WHERE trx_rows_modified > 0";
    let connection = wait_until("the transaction is open", || {
        let connection = shop.pair.source.sql(open).trim().to_owned();
        (!connection.is_empty()).then_some(connection)
    });
    let refused = shop.folder.sealift(&["cutover", "--yes", "--json"]);
    ends_with(3, &refused);
    assert_eq!(refused.error_code(), "SL1002");
    assert!(refused.stdout.contains(&format!("connection {connection} ")), "{}", refused.screen());
    assert_eq!(shop.live(), "source");
    ends_with(0, &shop.folder.sealift(&["stop"]));
    drop(running);
    drop(statements);
    holder.wait().unwrap();
}
