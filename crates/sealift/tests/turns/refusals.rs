//! Turns that are refused: the side that was live takes writes, changes are followed, and it is said why.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use sealift_lab::{Pair, wait_until};

use super::{Running, Shop, mysql, outcome, shell};
use crate::offline::ends_with;

#[test]
fn without_a_terminal_and_without_yes_nothing_is_done() {
    let pair = mysql();
    let shop = Shop::new(&pair, "asked", "");
    for command in ["cutover", "rollback", "finish"] {
        let refused = shop.folder.sealift(&[command, "--json"]);
        ends_with(2, &refused);
        assert_eq!(refused.error_code(), "SL0105", "{command}");
    }
}

/// On a terminal, which `script` is to it.
#[test]
fn at_the_question_one_ctrl_c_ends_it_and_so_does_another_word() {
    let pair = mysql();
    let shop = Shop::new(&pair, "questioned", "");
    for (typed, code, said) in
        [("\u{3}", 4, "nothing was done"), ("cut\n", 2, "cutover was not confirmed")]
    {
        let mut script = Command::new("script");
        let command = format!("exec {}", shell(&shop.folder.command(&["cutover"])));
        script.args(["-qec", &command, "/dev/null"]);
        script.current_dir(shop.folder.file("")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = script.spawn().unwrap();
        let mut screen = Vec::new();
        let mut terminal = script.stdout.take().unwrap();
        let mut byte = [0];
        while !screen.ends_with(b"Type cutover to go on: ") {
            assert_eq!(
                terminal.read(&mut byte).unwrap(),
                1,
                "{}",
                String::from_utf8_lossy(&screen)
            );
            screen.extend(byte);
        }
        let mut keyboard = script.stdin.take().unwrap();
        keyboard.write_all(typed.as_bytes()).unwrap();
        terminal.read_to_end(&mut screen).unwrap();
        let screen = String::from_utf8_lossy(&screen);
        assert_eq!(script.wait().unwrap().code(), Some(code), "{screen}");
        assert!(screen.contains(said), "{screen}");
    }
    assert!(!shop.folder.file(".sealift").exists(), "something was begun");
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
    let pair = mysql();
    let shop = Shop::new(&pair, "taken_back", "smoke = ['SELECT 1']\n");
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

/// It may have read only: its locks stay, on no connection.
#[test]
fn what_xa_has_prepared_is_named_when_it_keeps_the_fence_from_being_taken_down() {
    let pair = mysql();
    let shop = Shop::new(&pair, "kept", "fence = 'tables'\n");
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    ends_with(0, &shop.folder.sealift(&["cutover", "--yes", "--no-way-back"]));
    drop(running);
    pair.source.sql(format!(
        "USE {}; XA START 'kept'; SELECT COUNT(*) FROM bag; XA END 'kept'; XA PREPARE 'kept'",
        shop.schema
    ));
    let held = shop.folder.sealift(&["finish", "--yes", "--json"]);
    pair.source.sql("XA ROLLBACK 'kept'");
    ends_with(1, &held);
    assert_eq!(held.error_code(), "SL1002", "{}", held.screen());
    assert!(held.stdout.contains("X'6b657074'"), "{}", held.screen());
    ends_with(0, &shop.folder.sealift(&["finish", "--yes"]));
}

#[test]
fn a_transaction_that_is_open_or_prepared_is_named_and_the_turn_refused() {
    let pair = mysql();
    let shop = Shop::new(&pair, "held_up", "fence = 'tables'\nbudget = 5\nwait = 1\n");
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    let mut holder = shop.pair.source.client().schema(&shop.schema).command();
    let mut holder = holder.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut statements = holder.stdin.take().unwrap();
    statements.write_all(b"BEGIN; INSERT INTO bag VALUES (7, 7);\n").unwrap();
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
    drop(statements);
    holder.wait().unwrap();
    // Nobody is connected, and whoever commits it gets past every fence.
    pair.source
        .client()
        .schema(&shop.schema)
        .run("XA START 'later'; INSERT INTO bag VALUES (8, 8); XA END 'later'; XA PREPARE 'later'");
    let refused = shop.folder.sealift(&["cutover", "--yes", "--json"]);
    pair.source.sql("XA ROLLBACK 'later'");
    ends_with(3, &refused);
    assert_eq!(refused.error_code(), "SL1002");
    assert!(refused.stdout.contains("X'6c61746572'"), "{}", refused.screen());
    assert_eq!(shop.live(), "source");
    ends_with(0, &shop.folder.sealift(&["stop"]));
    drop(running);
}

/// Rows written before a definition moved are carried back by their own; the table is held from there on, the others
/// are carried, and nobody can lose the table's writes by a rollback.
#[test]
fn a_definition_that_moves_on_the_live_side_holds_the_way_back_of_its_table_only() {
    let pair = mysql();
    let shop = Shop::new(&pair, "moved", "");
    let Shop { pair, schema, folder, .. } = &shop;
    pair.source.sql(format!(
        "USE {schema}; CREATE TABLE turned (id INT PRIMARY KEY, a INT, b INT); INSERT INTO turned VALUES (1, 1, 2)"
    ));
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    ends_with(0, &folder.sealift(&["cutover", "--yes"]));
    drop(running);
    // Nobody follows: a definition of now would put what is in a into b.
    pair.target.sql(format!(
        "USE {schema}; INSERT INTO turned VALUES (2, 3, 4); ALTER TABLE turned MODIFY a INT AFTER b; \
         INSERT INTO turned (id, a, b) VALUES (3, 5, 6); CREATE VIEW later AS SELECT 1 AS one; \
         CREATE TABLE newer (i INT); INSERT INTO newer VALUES (1); INSERT INTO bag VALUES (70, 7)"
    ));
    ends_with(3, &folder.sealift(&["run", "--until-caught-up"]));
    let rows = |sql: &str| pair.source.sql(format!("USE {schema}; {sql}"));
    assert_eq!(rows("SELECT a, b FROM turned ORDER BY id"), "1\t2\n3\t4\n");
    assert_eq!(rows("SELECT COUNT(*) FROM bag WHERE client = 70"), "1\n");
    let running = Running::start(&shop);
    wait_until("the way back is followed", || {
        shop.status()["following"]["held"][0]["name"]
            .as_str()
            .map(|name| assert_eq!(name, "turned"))
    });
    pair.target.sql(format!("INSERT INTO {schema}.bag VALUES (71, 7)"));
    wait_until("the others go on", || {
        (rows("SELECT COUNT(*) FROM bag WHERE client = 71") == "1\n").then_some(())
    });
    let told = shop.status()["following"]["held_objects"].clone();
    assert_eq!(told.as_array().map(Vec::len), Some(2), "{told}");
    let refused = folder.sealift(&["rollback", "--yes", "--json"]);
    ends_with(3, &refused);
    assert!(
        refused.stdout.contains("turned") && refused.stdout.contains("SL1001"),
        "{}",
        refused.screen()
    );
    assert_eq!(shop.live(), "target");
    ends_with(0, &folder.sealift(&["stop"]));
    drop(running);
    ends_with(0, &folder.sealift(&["finish", "--yes"]));
}
