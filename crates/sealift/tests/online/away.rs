//! Servers that are away for a while in the middle of an online run: it waits, goes on by itself, skips nothing.

use sealift_lab::{Options, Pair, wait_until, workload};

use super::{Running, assert_same, churn::Churn, schema, stage};
use crate::folder::Folder;
use crate::offline::{ends_with, folder};

/// What `status` says of rows and changes that the run has seen since it began.
fn changes_seen(folder: &Folder) -> u64 {
    let status = folder.sealift(&["status", "--json"]).json();
    status["following"]["changes"].as_u64().unwrap_or_default()
}

pub(crate) fn is_following(folder: &Folder) -> Option<()> {
    (stage(folder) == "following").then_some(())
}

/// Access tokens end after an hour, and with them every new login.
#[test]
fn a_password_that_has_ended_is_asked_for_again() {
    let pair = Pair::start(Options::mysql(), Options::azure_target()).unwrap();
    let schema = schema(&pair, "token");
    let rest = format!("password_command = \"cat token\"\n[select]\nschemas = [\"{schema}\"]\n");
    let folder =
        Folder::between(&pair.source, &pair.target, &rest).without_env("SEALIFT_TARGET_PASSWORD");
    folder.write("token", pair.target.account().password);
    let running = Running::start(&folder);
    wait_until("everything is copied", || is_following(&folder));
    let user = pair.target.account().user;
    pair.target.sql(format!("ALTER USER {user} IDENTIFIED BY 'Second-token1'"));
    folder.write("token", "Second-token1");
    pair.target.sql(
        "SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE user = 'azadmin'",
    )
    .lines()
    // One may have ended by itself.
    .for_each(|kill| drop(pair.target.try_sql(kill)));
    pair.source.sql(format!("INSERT INTO {schema}.parent VALUES (7777, 1)"));
    wait_until("the change arrives", || {
        let there = pair.target.sql(format!("SELECT v FROM {schema}.parent WHERE id = 7777"));
        (there == "1\n").then_some(())
    });
    assert_eq!(running.interrupt(), Some(4), "it is still the same process");
    assert_same(&pair, &schema);
}

#[test]
fn servers_that_are_killed_and_come_back_are_waited_for() {
    let mut pair = Pair::start(Options::mysql(), Options::azure_target()).unwrap();
    let schema = schema(&pair, "away");
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let churn = Churn::start(&pair.source, &schema, workload::seed());
    // In the middle of the copy, then while changes are followed.
    let held = Running::held_at(&folder, "table-copied:2=hold");
    pair.target.kill9();
    pair.target.start_again().unwrap();
    let running = held.go_on();
    wait_until("everything is copied", || is_following(&folder));
    pair.target.kill9();
    let so_far = churn.rounds();
    wait_until("the application goes on", || (churn.rounds() > so_far + 2).then_some(()));
    pair.target.start_again().unwrap();
    drop(churn);
    pair.source.kill9();
    pair.source.start_again().unwrap();
    let so_far = changes_seen(&folder);
    let churn = Churn::start(&pair.source, &schema, workload::seed());
    wait_until("changes of after the restart are seen", || {
        (changes_seen(&folder) > so_far).then_some(())
    });
    drop(churn);
    assert_eq!(running.interrupt(), Some(4), "it is still the same process");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
}
