//! `run` while an application writes, end to end; at the end `mysqldump` of both sides is the same.

use std::process::{Child, Command, Stdio};

use sealift_lab::oracle::Comparison;
use sealift_lab::workload::churn::{self, Churn};
use sealift_lab::{Options, Pair, unique_schema, wait_until, workload};

use crate::folder::Folder;
use crate::offline::{allowed, ends_with, folder};
use crate::pairs::{mariadb, mysql};

mod away;
mod failover;
mod definitions;
mod families;
mod soaked;
mod verify;
mod continuous;
mod repair;
mod xa;
mod gap;
mod traps;
mod images;
mod purged;
mod held;
mod from_5_6;
mod aside;
mod outrun;
mod late;

/// A schema with the application's tables and rows.
fn schema(pair: &Pair, what: &str) -> String {
    let schema = unique_schema(what);
    churn::create(&pair.source, &schema);
    schema
}

/// A run in the background.
struct Running(Child);

impl Running {
    fn start(folder: &Folder) -> Self {
        let mut command = folder.command(&["run"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// A run that stands still at a probe's point.
    fn held_at(folder: &Folder, probe: &str) -> HeldRun {
        let mut command = folder.command(&["run"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self::held(command, probe)
    }

    /// The same of any command that runs.
    fn held(mut command: Command, probe: &str) -> HeldRun {
        command.env("SEALIFT_PROBE", probe).stdin(Stdio::null());
        Self(command.spawn().unwrap()).stands_still()
    }

    /// Waits until it comes to a point where it is held.
    fn stands_still(self) -> HeldRun {
        let stat = format!("/proc/{}/stat", self.0.id());
        wait_until("the run stands still", || {
            let stat = std::fs::read_to_string(&stat).unwrap();
            // The state follows the program's name in brackets.
            stat.rsplit(") ").next().unwrap().starts_with('T').then_some(())
        });
        HeldRun(self)
    }

    /// As by Ctrl-C; tells the exit code.
    fn interrupt(mut self) -> Option<i32> {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.0.wait().unwrap().code()
    }

    /// Waits until it ends by itself; tells the exit code.
    fn wait(mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A run that was stopped as by Ctrl-Z.
struct HeldRun(Running);

impl HeldRun {
    fn go_on(self) -> Running {
        let pid = self.0.0.id().to_string();
        assert!(Command::new("kill").args(["-CONT", &pid]).status().unwrap().success());
        self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended before.
        if self.0.kill().is_ok() {
            let _ended = self.0.wait();
        }
    }
}

/// What `status` says the run is doing.
fn stage(folder: &Folder) -> String {
    let status = folder.sealift(&["status", "--json"]);
    status.json()["stage"].as_str().unwrap_or_default().to_owned()
}

fn assert_same(pair: &Pair, schema: &str) {
    allowed(Comparison::of([schema])).assert_same(&pair.source, &pair.target);
}

#[test]
fn a_source_that_is_written_to_is_copied_and_followed() {
    let pair = mysql();
    let schema = schema(&pair, "online");
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let churn = Churn::start(&pair.source, &schema, workload::seed());
    let running = Running::start(&folder);
    wait_until("everything is copied", || (stage(&folder) == "following").then_some(()));
    let so_far = churn.rounds();
    wait_until("the application goes on", || (churn.rounds() > so_far + 2).then_some(()));
    assert_eq!(running.interrupt(), Some(4));
    drop(churn);
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
}

/// Followed by file and offset: there are no GTIDs.
#[test]
fn a_source_without_gtids_is_followed_by_its_files() {
    let pair = Pair::start(Options::mysql().without_gtid(), Options::azure_target()).unwrap();
    pair.source.sql(
        "GRANT BACKUP_ADMIN ON *.* TO app_reader; \
         GRANT SELECT ON performance_schema.log_status TO app_reader",
    );
    let schema = schema(&pair, "without_gtid");
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let churn = Churn::start(&pair.source, &schema, workload::seed());
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    // A new file, and the next run goes on in it.
    pair.source.sql("FLUSH BINARY LOGS");
    let so_far = churn.rounds();
    wait_until("the application goes on", || (churn.rounds() > so_far + 2).then_some(()));
    drop(churn);
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
}

#[test]
fn a_mariadb_that_is_written_to_is_copied_and_followed() {
    copied_and_followed(&mariadb());
}

/// The oldest one that writes a log as the newer ones do.
#[test]
fn a_mariadb_10_5_is_assessed_copied_and_followed() {
    let pair = Pair::mariadb_10_5();
    let folder = folder(&pair.source, &pair.target, &[&schema(&pair, "old_maria")], "");
    let assessed = folder.sealift(&["assess", "--scan", "--json"]);
    ends_with(0, &assessed);
    let checks = assessed.json()["assessment"]["checks"].clone();
    let failed =
        checks.as_array().unwrap().iter().filter(|check| check.to_string().contains("failed"));
    assert_eq!(failed.collect::<Vec<_>>(), Vec::<&serde_json::Value>::new());
    copied_and_followed(&pair);
}

fn copied_and_followed(pair: &Pair) {
    let schema = schema(pair, "online_maria");
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let churn = Churn::start(&pair.source, &schema, workload::seed());
    folder.killed_at(&["run"], "chunk-committed:3");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    drop(churn);
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    // JSON is text there and has another form here.
    for columns in
        ["id, u, v, d, at FROM hot", "w, n FROM worded", "a, b, f FROM bag", "* FROM child"]
    {
        let sql = format!("USE {schema}; SELECT {columns} ORDER BY 1, 2, 3");
        let sql = sql
            .replace("worded ORDER BY 1, 2, 3", "worded ORDER BY n, HEX(w)")
            .replace("child ORDER BY 1, 2, 3", "child ORDER BY 1");
        assert_eq!(pair.source.sql(&sql), pair.target.sql(&sql), "{columns}");
    }
    ends_with(0, &folder.sealift(&["verify"]));
}

#[test]
fn a_source_that_cannot_be_followed_is_refused_with_what_to_change() {
    let pair = Pair::start(Options::mysql().without_gtid(), Options::azure_target()).unwrap();
    let schema = schema(&pair, "unseen");
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    let refused = folder.sealift(&["run", "--json"]);
    ends_with(1, &refused);
    assert_eq!(refused.error_code(), "SL0406");
    assert!(refused.stdout.contains("BACKUP_ADMIN"), "{}", refused.screen());
    let there = pair.target.sql(format!("SHOW DATABASES LIKE '{schema}'"));
    assert_eq!(there, "", "nothing was made");
}

#[test]
fn killed_again_and_again_while_rows_change_nothing_is_lost_or_doubled() {
    let pair = mysql();
    let schema = schema(&pair, "online_killed");
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let churn = Churn::start(&pair.source, &schema, workload::seed());
    for point in ["chunk-begun", "chunk-loaded:2", "chunk-committed:3", "table-copied:2", "copied"]
    {
        folder.killed_at(&["run"], point);
    }
    for _life in 0..3 {
        let running = Running::start(&folder);
        let so_far = churn.rounds();
        wait_until("the application goes on", || (churn.rounds() > so_far + 3).then_some(()));
        running.kill();
    }
    drop(churn);
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
}
