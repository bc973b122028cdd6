//! Two processes and one state folder. The other process is this test binary, run again.

use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use sealift_engine::fault::ErrorCode;
use sealift_engine::journal::Journal;
use sealift_server::store::{Run, StateFolder};

use super::{begun, open, refused, shop};

const FOLDER: &str = "SEALIFT_TEST_STATE_FOLDER";

/// A process that holds a state folder and writes to its journal until it is killed.
struct Other {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
}

impl Other {
    fn holding(folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::processes::the_other_process", "--ignored", "--nocapture"])
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, says }
    }

    /// Waits until it says that a number of lines are in the journal.
    fn wait_for(&mut self, recorded: usize) {
        let line = format!("recorded {recorded}.");
        assert!(self.says.any(|said| said.unwrap() == line), "it ended early");
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.kill();
    }
}

#[test]
#[ignore = "run by the tests beside it, in a process of its own"]
fn the_other_process() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let state = open(Path::new(&folder)).unwrap();
    state.record(&begun()).unwrap();
    println!("\nrecorded 1.");
    for line in 2..=4 {
        state.record(&begun()).unwrap();
        println!("recorded {line}.");
    }
    loop {
        std::thread::park();
    }
}

#[test]
fn a_second_run_is_refused_with_the_first_ones_process_id() {
    let folder = tempfile::tempdir().unwrap();
    let mut other = Other::holding(folder.path());
    other.wait_for(1);
    let fault = refused(folder.path(), &shop());
    assert_eq!(fault.code, ErrorCode::StateLocked);
    assert!(fault.to_string().contains(&format!("process {}", other.child.id())), "{fault}");
}

#[test]
fn a_killed_process_leaves_every_recorded_line_and_no_lock() {
    let folder = tempfile::tempdir().unwrap();
    let mut other = Other::holding(folder.path());
    other.wait_for(4);
    other.kill();
    let state = open(folder.path()).unwrap();
    assert_eq!(state.events().unwrap(), [begun(), begun(), begun(), begun()]);
    assert_eq!(
        StateFolder::peek(folder.path()).unwrap().unwrap().run,
        Run::Alive { pid: Some(std::process::id()) }
    );
}

#[test]
fn a_peek_sees_a_living_run_and_disturbs_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut other = Other::holding(folder.path());
    other.wait_for(2);
    let seen = StateFolder::peek(folder.path()).unwrap().unwrap();
    assert_eq!(seen.run, Run::Alive { pid: Some(other.child.id()) });
    assert_eq!((seen.identity, seen.stage.word()), (Some(shop()), "preparing"));
    other.wait_for(4);
    other.kill();
    assert_eq!(StateFolder::peek(folder.path()).unwrap().unwrap().run, Run::None);
}

#[test]
fn looks_never_keep_a_run_from_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    drop(open(path).unwrap());
    let watching = AtomicBool::new(true);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                // What a peek does to the lock, and nothing else, so that it is nearly always held.
                let lock = File::open(path.join("lock")).unwrap();
                while watching.load(Ordering::Relaxed) {
                    if lock.try_lock_shared().is_ok() {
                        lock.unlock().unwrap();
                    }
                }
            });
        }
        let opened = (0..20).try_for_each(|_| open(path).map(drop));
        watching.store(false, Ordering::Relaxed);
        opened.unwrap();
    });
}
