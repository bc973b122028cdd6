//! The fences one by one: what each keeps out, what it lets through, and whom it ends.

use std::io::Write;
use std::process::{Child, ChildStdin, Stdio};

use sealift_lab::workload::clients;
use sealift_lab::{Pair, wait_until};

use super::crashes::{ends_with_live, killed_at};
use super::{Running, Shop, mysql, outcome, there_and_back};
use crate::offline::ends_with;
use sealift_engine::probe::Point;

/// A transaction of the application's that stays open.
struct Holder {
    program: Child,
    statements: ChildStdin,
}

impl Holder {
    fn begin(shop: &Shop<'_>) -> Self {
        let client = shop.pair.source.client().schema(&shop.schema);
        let client = client.option("--user=shop_app").option("--password=shop-pw1");
        let mut command = client.command();
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut program = command.spawn().unwrap();
        let mut statements = program.stdin.take().unwrap();
        statements.write_all(b"BEGIN; INSERT INTO bag VALUES (7, 7);\n").unwrap();
        let open = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_rows_modified = 1";
        wait_until("the transaction is open", || {
            (shop.pair.source.sql(open) == "1\n").then_some(())
        });
        Self { program, statements }
    }

    /// Whether its COMMIT is done.
    fn commits(mut self) -> bool {
        // Its connection may be gone.
        let _sent = self.statements.write_all(b"COMMIT;\n").is_ok();
        drop(self.statements);
        self.program.wait().unwrap().success()
    }
}

#[test]
fn a_transaction_that_stays_open_is_killed_where_that_is_allowed() {
    let pair = mysql();
    for fence in ["tables", "read-only"] {
        let settings = format!("fence = '{fence}'\nbudget = 20\nwait = 2\nkill = true\n");
        let shop = Shop::new(&pair, "killed_off", &settings);
        let running = Running::start(&shop);
        shop.wait_until_ready("source");
        let holder = Holder::begin(&shop);
        let cut = shop.folder.sealift(&["cutover", "--yes", "--json"]);
        ends_with(0, &cut);
        assert!(!holder.commits(), "{fence}: a transaction outlived the fence");
        ends_with(0, &shop.folder.sealift(&["stop"]));
        drop(running);
        ends_with(0, &shop.folder.sealift(&["run", "--until-caught-up"]));
        shop.assert_nothing_lost(&[]);
        let rows = format!("SELECT COUNT(*) FROM {}.bag", shop.schema);
        assert_eq!(shop.pair.target.sql(rows), "0\n");
    }
}

/// Nothing is done to keep writes out: the application has been stopped.
#[test]
fn a_stopped_application_is_taken_by_its_word_and_the_log_is_watched() {
    let pair = mysql();
    let shop = Shop::new(&pair, "stopped", "fence = 'stopped'\n");
    shop.without_event();
    let clients = shop.clients(1);
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    let refused = shop.folder.sealift(&["cutover", "--yes", "--json"]);
    ends_with(3, &refused);
    // Rows that are compared behind the fence tell, or the log does.
    let code = refused.error_code();
    assert!(["SL1005", "SL1008"].contains(&code.as_str()), "{}", refused.screen());
    assert_eq!(shop.live(), "source");
    shop.goes_on(&clients);
    let (acknowledged, refused) = clients.finish();
    assert!(refused.is_empty(), "a fence that is none refused writes: {refused:?}");
    // Now it is true.
    let cut = shop.folder.sealift(&["cutover", "--yes", "--json"]);
    ends_with(0, &cut);
    assert_eq!((outcome(&cut).as_str(), shop.live().as_str()), ("switched", "target"));
    assert_eq!(cut.json()["turn"]["fence"], "stopped");
    shop.wait_until_ready("target");
    ends_with(0, &shop.folder.sealift(&["rollback", "--yes"]));
    ends_with(0, &shop.folder.sealift(&["stop"]));
    drop(running);
    for (command, point, live) in [
        ("cutover", Point::TurnConfirmed, "source"),
        ("cutover", Point::TurnLeft, "target"),
        ("rollback", Point::TurnLeft, "source"),
    ] {
        killed_at(&shop, command, point);
        ends_with(0, &shop.folder.sealift(&["run", "--until-caught-up"]));
        assert_eq!(shop.live(), live, "{command} killed at {}", point.name());
    }
    shop.assert_nothing_lost(&acknowledged);
}

#[test]
fn without_a_way_back_the_source_is_left_alone_and_there_is_no_rollback() {
    let pair = mysql();
    let shop = Shop::new(&pair, "one_way", "");
    let clients = shop.clients(1);
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    let cut = shop.folder.sealift(&["cutover", "--yes", "--no-way-back", "--json"]);
    ends_with(0, &cut);
    assert_eq!(cut.json()["turn"]["way_back"], false);
    shop.goes_on(&clients);
    drop(running);
    let refused = shop.folder.sealift(&["rollback", "--yes", "--json"]);
    ends_with(3, &refused);
    assert_eq!(refused.error_code(), "SL1001", "{}", refused.screen());
    assert_eq!(shop.live(), "target");
    shop.goes_on(&clients);
    let (acknowledged, _refused) = clients.finish();
    let lost = clients::lost(&shop.pair.target, &shop.schema, &acknowledged);
    assert!(lost.is_empty(), "{}", lost.join("\n"));
    ends_with(0, &shop.folder.sealift(&["finish", "--yes"]));
    // Its triggers stay where they were, its events do nothing any more.
    let of = |kind: &str, rest: &str| {
        let sql = format!("SELECT COUNT(*) FROM information_schema.{kind} WHERE {rest}");
        shop.pair.source.sql(sql)
    };
    assert_eq!(of("triggers", &format!("trigger_schema = '{}'", shop.schema)), "2\n");
    let enabled = format!("event_schema = '{}' AND status = 'ENABLED'", shop.schema);
    assert_eq!(of("events", &enabled), "0\n");
}

/// Accounts are the server's: this one is for this test alone.
#[test]
fn accounts_are_locked_and_logged_out_and_opened_again_with_the_side() {
    let pair = Pair::mysql();
    pair.source.sql(clients::SOURCE_GRANTS);
    pair.source.sql(
        "GRANT CREATE USER ON *.* TO app_reader; \
         CREATE USER idle@'%' ACCOUNT LOCK; GRANT INSERT ON *.* TO idle@'%'; \
         CREATE USER looker@'%'; GRANT SELECT ON *.* TO looker@'%';",
    );
    let locked = || {
        let sql = "SELECT GROUP_CONCAT(user ORDER BY user) FROM mysql.user \
                   WHERE account_locked = 'Y' AND user NOT LIKE 'mysql.%'";
        pair.source.sql(sql).trim().to_owned()
    };
    let shop = Shop::new(&pair, "locked", "fence = 'accounts'\nbudget = 5\n");
    shop.without_event();
    let clients = shop.clients(1);
    // Nobody but the server frees them.
    killed_at(&shop, "cutover", Point::TurnFenced);
    assert_eq!(locked(), "idle,shop_app");
    wait_until("the accounts are open again", || (locked() == "idle").then_some(()));
    shop.goes_on(&clients);
    shop.folder.reconfigure("budget = 5", "budget = 30");
    for (command, point, live) in [
        ("cutover", Point::TurnDeciding, "source"),
        ("cutover", Point::TurnLeft, "target"),
        ("rollback", Point::TurnLeft, "source"),
    ] {
        killed_at(&shop, command, point);
        ends_with_live(&shop, live, &format!("{command} killed at {}", point.name()));
        shop.goes_on(&clients);
    }

    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    let cut = shop.folder.sealift(&["cutover", "--yes", "--json"]);
    ends_with(0, &cut);
    assert_eq!(cut.json()["turn"]["fence"], "accounts");
    assert_eq!(locked(), "idle,shop_app");
    shop.goes_on(&clients);
    shop.wait_until_ready("target");
    ends_with(0, &shop.folder.sealift(&["rollback", "--yes"]));
    assert_eq!(locked(), "idle");
    shop.goes_on(&clients);
    shop.wait_until_ready("source");
    ends_with(0, &shop.folder.sealift(&["cutover", "--yes"]));
    shop.comes_to_rest(clients, running);
    let finished = shop.folder.sealift(&["finish", "--yes"]);
    ends_with(0, &finished);
    assert!(finished.screen().contains("`shop_app`@`%`"), "{}", finished.screen());
    assert_eq!(pair.source.sql("SHOW DATABASES LIKE 'sealift'"), "");
}

#[test]
fn a_mariadb_is_left_and_taken_back_read_only() {
    let pair = Pair::mariadb_10_11();
    pair.source.sql(clients::MARIADB_SOURCE_GRANTS);
    there_and_back(&pair, "fence = 'read-only'", "read-only");
}

#[test]
fn a_mariadb_10_5_and_an_11_8_are_left_and_taken_back() {
    for pair in [Pair::mariadb_10_5(), Pair::mariadb_11_8()] {
        pair.source.sql(clients::MARIADB_SOURCE_GRANTS);
        there_and_back(&pair, "", "read-only");
    }
}

/// The event frees a MariaDB when nobody else does.
#[test]
fn a_fenced_mariadb_is_free_again_when_the_budget_is_used_up() {
    let pair = Pair::mariadb_10_11();
    pair.source.sql(clients::MARIADB_SOURCE_GRANTS);
    let shop = Shop::new(&pair, "freed_maria", "fence = 'read-only'\nbudget = 5\n");
    let clients = shop.clients(1);
    killed_at(&shop, "cutover", Point::TurnFenced);
    let so_far = clients.acknowledged();
    wait_until("the source takes writes again", || (clients.acknowledged() > so_far).then_some(()));
    let (acknowledged, _refused) = clients.finish();
    ends_with(0, &shop.folder.sealift(&["run", "--until-caught-up"]));
    shop.assert_nothing_lost(&acknowledged);
}

/// By triggers, as on a managed server: no privilege is everywhere but those that following takes.
#[test]
fn a_login_that_may_set_nothing_turns_there_and_back() {
    let pair = Pair::mysql();
    pair.source.sql(
        "GRANT SET_ANY_DEFINER ON *.* TO app_reader; \
         GRANT CREATE, DROP, SELECT, INSERT, UPDATE, DELETE, EVENT ON sealift.* TO app_reader; \
         GRANT INSERT, UPDATE, DELETE, ALTER ON *.* TO app_reader; \
         SET GLOBAL log_bin_trust_function_creators = ON",
    );
    there_and_back(&pair, "", "tables");
}
