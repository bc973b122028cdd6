//! Killed at every point of a cutover and of a rollback: the next command says which side is live, and nothing is lost.

use sealift_engine::probe::Point;
use sealift_lab::{Server, wait_until};

use super::restarts::takes_writes;
use super::{Shop, mysql};
use crate::offline::ends_with;

/// Points after which the side was left.
fn is_after_the_switch(point: Point) -> bool {
    matches!(point, Point::TurnLeft | Point::TurnSwitched | Point::TurnMoved | Point::TurnDone)
}

/// Kills a turn at a point, and its guard.
pub(super) fn killed_at(shop: &Shop<'_>, command: &str, point: Point) {
    killed(shop, command, point, ",guard-woken=kill");
}

/// Kills a turn at a point; `others` are killed too.
fn killed(shop: &Shop<'_>, command: &str, point: Point, others: &str) {
    let probe = format!("{}=kill{others}", point.name());
    let mut killed = shop.folder.command(&[command, "--yes"]);
    let killed = killed.env("SEALIFT_PROBE", probe).output().unwrap();
    assert_eq!(
        killed.status.code(),
        None,
        "{command}: {} was not passed: {killed:?}",
        point.name()
    );
}

/// Between the switch and the opening of a side that was left before neither takes writes: it can be opened by hand.
fn opened_by_hand(shop: &Shop<'_>) {
    let Shop { pair, schema, .. } = shop;
    for server in [&pair.source, &pair.target] {
        assert!(!takes_writes(server, schema), "{} takes writes", server.kind());
        assert_eq!(server.sql("SELECT state FROM sealift.fence"), "left\n");
    }
    let turn = |server: &Server| server.sql("SELECT turn FROM sealift.fence").trim().parse::<u32>();
    assert!(turn(&pair.source).unwrap() < turn(&pair.target).unwrap(), "the target was left last");
    let kind = pair.source.sql("SELECT kind FROM sealift.fence");
    let besides = match kind.trim() {
        "read-only" => "SET GLOBAL read_only = OFF; RESET PERSIST read_only;",
        "accounts" => "ALTER USER shop_app@'%' ACCOUNT UNLOCK;",
        _ => "",
    };
    pair.source.sql(format!("{besides} UPDATE sealift.fence SET state = 'open'"));
    assert!(takes_writes(&pair.source, schema), "the source takes no writes");
}

/// The next run says which side is live; that one takes the application's writes, and the other one, once it was
/// left, does not.
pub(super) fn ends_with_live(shop: &Shop<'_>, live: &str, what: &str) {
    ends_with(0, &shop.folder.sealift(&["run", "--until-caught-up"]));
    let status = shop.status();
    assert_eq!((&status["live"], &status["turning"]), (&live.into(), &false.into()), "{what}");
    let takes = |side: &str| {
        let client = shop.side(side).client().schema(&shop.schema);
        let client = client.option("--user=shop_app").option("--password=shop-pw1");
        client.try_run("INSERT INTO bag VALUES (1000, 0)")
    };
    let taken = takes(live);
    assert!(taken.is_ok(), "{what}: {taken:?}");
    if live == "target" {
        assert!(takes("source").is_err(), "{what}: the source takes writes");
    }
}

/// What keeps writes out of the source, another one for each point; with `SEALIFT_KILL_FENCE` that one for all. A
/// rollback leaves the target by `tables`, as everybody has to there. `accounts` and `stopped` have tests of their own
/// in `fences.rs`.
fn fences() -> Vec<String> {
    match std::env::var("SEALIFT_KILL_FENCE") {
        Ok(only) => vec![only],
        Err(_) => ["read-only", "tables"].map(str::to_owned).to_vec(),
    }
}

/// Takes another fence for the next cutover.
fn take(shop: &Shop<'_>, fence: &str) {
    let text = std::fs::read_to_string(shop.folder.file("sealift.toml")).unwrap();
    let line = |line: &str| match line.starts_with("fence = ") {
        true => format!("fence = '{fence}'\n"),
        false => format!("{line}\n"),
    };
    shop.folder.write("sealift.toml", &text.lines().map(line).collect::<String>());
}

#[test]
fn killed_at_every_point_one_side_is_live_and_nothing_is_lost() {
    let pair = mysql();
    // Of the tests before: the fence's row is to be ours alone.
    for server in [&pair.source, &pair.target] {
        server.sql("DROP DATABASE IF EXISTS sealift");
    }
    let shop = Shop::new(&pair, "killed", "fence = 'read-only'\n");
    let fences = fences();
    if fences.iter().any(|fence| fence == "accounts") {
        pair.source.sql("GRANT CREATE USER ON *.* TO app_reader");
        shop.without_event();
    }
    let clients = shop.clients(1);
    let (after, before): (Vec<Point>, Vec<Point>) = Point::ALL
        .iter()
        .copied()
        .filter(|point| point.is_of_a_turn())
        .partition(|point| is_after_the_switch(*point));
    // Each is taken back by the next one before that begins.
    for (point, fence) in before.iter().zip(fences.iter().cycle()) {
        take(&shop, fence);
        killed_at(&shop, "cutover", *point);
    }
    ends_with_live(&shop, "source", "killed before the switch");
    shop.goes_on(&clients);
    for ((number, point), fence) in after.iter().enumerate().zip(fences.iter().cycle()) {
        take(&shop, fence);
        killed_at(&shop, "cutover", *point);
        ends_with_live(&shop, "target", point.name());
        shop.goes_on(&clients);
        // The way back is killed before its switch, too: at other points each time.
        for before in before.iter().skip(number).step_by(after.len()) {
            killed_at(&shop, "rollback", *before);
        }
        killed_at(&shop, "rollback", *point);
        if *point == Point::TurnLeft {
            opened_by_hand(&shop);
        }
        ends_with_live(&shop, "source", point.name());
        shop.goes_on(&clients);
    }
    let (acknowledged, _refused) = clients.finish();
    ends_with(0, &shop.folder.sealift(&["run", "--until-caught-up"]));
    shop.assert_nothing_lost(&acknowledged);
}

/// Nobody runs another command: the source frees itself.
#[test]
fn a_fenced_source_is_free_again_when_the_budget_is_used_up() {
    let pair = mysql();
    for fence in ["read-only", "tables"] {
        let settings = format!("fence = '{fence}'\nbudget = 5\n");
        let shop = Shop::new(&pair, "freed", &settings);
        let clients = shop.clients(1);
        ends_with(0, &shop.folder.sealift(&["run", "--until-caught-up"]));
        killed_at(&shop, "cutover", Point::TurnFenced);
        let so_far = clients.acknowledged();
        wait_until("the source takes writes again", || {
            (clients.acknowledged() > so_far).then_some(())
        });
        let (acknowledged, refused) = clients.finish();
        assert!(!refused.is_empty(), "{fence}: nobody was refused");
        ends_with(0, &shop.folder.sealift(&["run", "--until-caught-up"]));
        shop.assert_nothing_lost(&acknowledged);
    }
}

/// Nobody runs another command, and the time budget is longer than anybody waits: the guard ends the turn.
#[test]
fn a_turn_whose_process_was_killed_is_ended_by_its_guard() {
    let pair = mysql();
    let shop = Shop::new(&pair, "guarded", "budget = 600\n");
    let clients = shop.clients(1);
    for (command, point, live) in [
        ("cutover", Point::TurnFenced, "source"),
        ("cutover", Point::TurnDeciding, "source"),
        ("cutover", Point::TurnLeft, "target"),
        ("rollback", Point::TurnConfirmed, "target"),
        // Here neither side takes writes.
        ("rollback", Point::TurnLeft, "source"),
        ("cutover", Point::TurnSwitched, "target"),
    ] {
        killed(&shop, command, point, "");
        wait_until("the guard has ended the turn", || {
            (shop.status()["turning"] == false).then_some(())
        });
        assert_eq!(shop.live(), live, "{command} killed at {}", point.name());
        shop.goes_on(&clients);
        // Its process may still be there.
        wait_until("the guard has gone", || (shop.status()["running"] == false).then_some(()));
    }
    let (acknowledged, _refused) = clients.finish();
    ends_with(0, &shop.folder.sealift(&["run", "--until-caught-up"]));
    shop.assert_nothing_lost(&acknowledged);
}
