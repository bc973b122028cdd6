//! A run that is asked and steered from another terminal; a comparison that is held by limits.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use sealift_lab::{unique_schema, wait_until};

use super::{ends_with, folder};
use crate::folder::Folder;
use crate::pairs::mysql;

/// A run in the background.
fn begin(folder: &Folder) -> Child {
    let mut command = folder.command(&["run", "--offline", "--quiet"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// As by Ctrl-C.
fn interrupt(running: &Child) {
    let pid = running.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
}

/// Waits until the run says of itself what `is_so` asks for.
fn wait_for_status(folder: &Folder, what: &str, is_so: impl Fn(&serde_json::Value) -> bool) {
    wait_until(what, || {
        let ran = folder.sealift(&["status", "--json"]);
        (ran.code == Some(0) && is_so(&ran.json())).then_some(())
    });
}

#[test]
fn a_run_is_held_by_a_limit_paused_resumed_and_stopped_from_another_terminal() {
    let pair = mysql();
    let schema = unique_schema("steered");
    let tables = ["a", "b", "c"].map(|name| {
        format!(
            "CREATE TABLE {name} (id INT PRIMARY KEY); INSERT INTO {name} WITH RECURSIVE n (id) AS \
             (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 900) SELECT id FROM n;"
        )
    });
    pair.source.sql(format!("CREATE DATABASE {schema}; USE {schema}; {}", tables.concat()));
    let limit = "[throttle]\nrows_per_second = 1\nworkers = 1\n";
    let folder = folder(&pair.source, &pair.target, &[&schema], limit);
    for command in [&["pause"][..], &["resume"], &["stop"], &["set", "workers", "1"]] {
        let nobody = folder.sealift(&[command, &["--json"]].concat());
        ends_with(1, &nobody);
        assert_eq!(nobody.error_code(), "SL0207");
    }
    let mut run = begin(&folder);
    // One chunk of 900 rows takes a quarter of an hour.
    wait_for_status(&folder, "a limit holds the copy", |status| {
        status["steering"]["held"].is_string() && status["progress"]["rows"] == 900
    });
    ends_with(0, &folder.sealift(&["pause"]));
    let set = folder.sealift(&["set", "rows_per_second", "none"]);
    ends_with(0, &set);
    assert_eq!(set.stdout, "at most 1 workers\n");
    wait_for_status(&folder, "the run is paused", |status| status["steering"]["paused"] == true);
    assert!(folder.sealift(&["status"]).stdout.contains("sealift resume goes on"));
    let wrong = folder.sealift(&["set", "workers", "0", "--json"]);
    ends_with(2, &wrong);
    ends_with(0, &folder.sealift(&["stop"]));
    assert_eq!(run.wait().unwrap().code(), Some(4), "a stop ends a pause too");
    assert!(!folder.file(".sealift/api.json").exists());
    // It begins with the file's limits again. One is on the target, which somebody uses; lifted, it goes on to
    // the end.
    let limit = "target_threads_running_max = 1\n";
    folder.reconfigure("workers = 1\n", &format!("workers = 1\n{limit}"));
    let mut sleeper = pair.target.client().command();
    let mut sleeper = sleeper.args(["--execute", "SELECT SLEEP(600)"]).spawn().unwrap();
    let mut run = begin(&folder);
    wait_for_status(&folder, "a busy target holds the copy", |status| {
        let held = status["steering"]["held"].to_string();
        status["running"] == true && held.contains("the target is busy")
    });
    ends_with(0, &folder.sealift(&["set", "rows_per_second", "none"]));
    ends_with(0, &folder.sealift(&["set", "target_threads_running_max", "none"]));
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(0));
    // The limits of the file are those of a comparison, too.
    folder.reconfigure(&format!("rows_per_second = 1\nworkers = 1\n{limit}"), "workers = 2\n");
    ends_with(0, &folder.sealift(&["verify"]));
}

#[test]
fn a_comparison_is_held_by_a_limit_says_when_it_will_be_done_and_goes_on_where_it_was() {
    let pair = mysql();
    let schema = unique_schema("slowly");
    let rows = "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 100) SELECT id FROM n";
    let tables =
        (0..40).map(|number| format!("CREATE TABLE t{number} (id INT PRIMARY KEY) {rows};"));
    let tables: String = tables.collect();
    pair.source.sql(format!("CREATE DATABASE {schema}; USE {schema}; {tables}"));
    let limit = "[throttle]\nrows_per_second = 100\n";
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 1\n");
    ends_with(0, &folder.sealift(&["run", "--offline"]));
    folder.reconfigure("workers = 1\n", &format!("workers = 1\n{limit}"));
    let mut command = folder.command(&["verify"]);
    let mut comparison = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(comparison.stderr.take().unwrap());
    let mut screen = String::new();
    // 40 tables take 40 seconds; a line is written every few of them.
    while !["waiting: rows are at their rate limit", "ETA"].iter().all(|words| {
        // A long line goes on below.
        screen.replace("\n  ", " ").contains(words)
    }) {
        assert!(said.read_line(&mut screen).unwrap() > 0, "{screen}");
    }
    interrupt(&comparison);
    said.read_to_string(&mut screen).unwrap();
    assert_eq!(comparison.wait().unwrap().code(), Some(4), "{screen}");
    folder.reconfigure(limit, "");
    let ran = folder.sealift(&["verify", "--json"]);
    ends_with(0, &ran);
    assert!(ran.json()["notes"].to_string().contains("Goes on with"), "{}", ran.screen());
    assert_eq!(ran.json()["verification"]["rows"], 4_000, "{}", ran.screen());
}
