//! Nothing is left behind: not by a drop, not by a panic, not by a test process that is killed.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "the helpers of a test are a test too")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sealift_lab::{Options, Server, wait_until};

fn start() -> Server {
    Server::start(Options::mysql()).unwrap_or_else(|e| panic!("{e}"))
}

/// A server's process and folder.
fn traces(server: &Server) -> (PathBuf, PathBuf) {
    let pid = server.pid().expect("it runs");
    let folder = server.data().parent().expect("it has a folder").to_path_buf();
    (Path::new("/proc").join(pid.to_string()), folder)
}

#[test]
fn a_dropped_server_leaves_no_process_and_no_folder() {
    let server = start();
    let (process, folder) = traces(&server);
    assert!(process.exists() && folder.exists());
    drop(server);
    assert!(!process.exists(), "{} is still there", process.display());
    assert!(!folder.exists(), "{} is still there", folder.display());
}

#[test]
fn a_panicking_test_leaves_no_process_and_no_folder() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let test = std::thread::spawn(move || {
        let server = start();
        sender.send(traces(&server)).unwrap();
        assert!(server.port() == 0, "a failing test");
    });
    let (process, folder) = receiver.recv().unwrap();
    assert!(test.join().is_err());
    assert!(!process.exists(), "{} is still there", process.display());
    assert!(!folder.exists(), "{} is still there", folder.display());
}

#[test]
fn a_killed_test_process_leaves_no_process_and_no_folder() {
    let itself = std::env::current_exe().unwrap();
    let mut test = Command::new(itself)
        .args(["--exact", "holds_a_server_until_killed", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(test.stdout.take().unwrap()).lines();
    let line = lines.find_map(|line| line.unwrap().strip_prefix("holds ").map(str::to_owned));
    let line = line.expect("the other process names its server");
    let (process, folder) = line.split_once(' ').expect("process and folder");
    assert!(Path::new(process).exists() && Path::new(folder).exists());
    test.kill().unwrap();
    test.wait().unwrap();
    wait_until("the server ends", || (!Path::new(process).exists()).then_some(()));
    wait_until("the folder goes", || (!Path::new(folder).exists()).then_some(()));
}

#[test]
#[ignore = "a part of the test above, run by it in a process of its own"]
fn holds_a_server_until_killed() {
    let server = start();
    let (process, folder) = traces(&server);
    println!("\nholds {} {}", process.display(), folder.display());
    std::io::stdin().lines().for_each(drop);
}
