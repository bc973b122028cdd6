//! The state folder: what it keeps, whom it refuses, what survives a dead process.

use std::path::Path;

use jiff::Timestamp;
use sealift_engine::clock::Clock;
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::journal::Journal;
use sealift_engine::progress::Progress;
use sealift_engine::stage::Event;
use sealift_schema::name::QualifiedName;
use sealift_server::store::{Identity, Reported, Run, StateFolder};
use serde_json::json;

mod comparison;
mod processes;

const VERSION_1: &str = include_str!("../fixtures/state-version-1.sql");

fn shop() -> Identity {
    Identity {
        source: "10.0.0.5:3306".into(),
        target: "contoso.mysql.database.azure.com:3306".into(),
        selection: "shop".into(),
    }
}

fn noon() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn clock() -> Clock {
    Clock::manual(noon())
}

fn open(path: &Path) -> Result<StateFolder, Fault> {
    StateFolder::open(path, &shop(), clock())
}

fn refused(path: &Path, identity: &Identity) -> Fault {
    StateFolder::open(path, identity, clock()).map(|_open| ()).unwrap_err()
}

fn begun() -> Event {
    Event::RunBegun { plan: "p".into(), source: "s".into(), target: "t".into() }
}

#[test]
fn what_was_recorded_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep").join("state");
    let events = [begun(), Event::Prepared, Event::SnapshotTaken { position: None }];
    {
        let state = open(&path).unwrap();
        for event in &events {
            state.record(event).unwrap();
        }
    }
    let state = open(&path).unwrap();
    assert_eq!(state.events().unwrap(), events);
    let history = state.history().unwrap();
    assert_eq!(history.iter().map(|line| line.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(history.iter().all(|line| line.at == noon()));
}

#[test]
fn events_recorded_together_keep_their_order_and_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let events = [begun(), Event::Prepared, Event::SnapshotTaken { position: None }];
    {
        let state = open(&path).unwrap();
        state.record_all(&[]).unwrap();
        state.record_all(&events).unwrap();
        state.record(&begun()).unwrap();
    }
    let history = open(&path).unwrap().history().unwrap();
    assert_eq!(history.iter().map(|line| line.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(history.iter().map(|line| &line.event).eq(events.iter().chain([&begun()])));
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let _state = open(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn records_and_progress_are_replaced_not_piled_up() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path()).unwrap();
    assert_eq!(state.get::<Vec<u8>>("facts").unwrap(), None);
    state.put("facts", &vec![1_u8]).unwrap();
    state.put("facts", &vec![2_u8, 3]).unwrap();
    assert_eq!(state.get("facts").unwrap(), Some(vec![2_u8, 3]));
    let wrong = state.get::<bool>("facts").unwrap_err();
    assert_eq!(wrong.code, ErrorCode::StateBroken);

    assert_eq!(state.progress().unwrap(), None);
    let progress = Progress::default();
    for rows in [1, 2] {
        progress.table(&QualifiedName::new("shop", "orders"), |table| table.rows = rows);
        state.put_progress(&progress.snapshot()).unwrap();
    }
    let reported = state.progress().unwrap().unwrap();
    assert_eq!((reported.at, reported.snapshot), (noon(), progress.snapshot()));
}

/// A script that waits for it would ask a run that cannot be asked yet.
#[test]
fn that_a_run_was_ready_is_not_said_of_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let said = || {
        let seen = StateFolder::peek(path).unwrap().unwrap();
        let Reported { at, snapshot } = seen.progress.unwrap();
        assert_eq!((at, snapshot.rows()), (noon(), (7, 7)));
        let following = snapshot.following.unwrap();
        (seen.run, snapshot.stage, snapshot.doing, following.ready)
    };
    let us = Run::Alive { pid: Some(std::process::id()) };
    let progress = Progress::default();
    progress.enter("following: ready to cut over");
    progress.doing("this");
    progress.table(&QualifiedName::new("shop", "orders"), |table| table.rows = 7);
    progress.update(|board| {
        let following = json!({"state": "following", "position": "", "source_position": "", "lag": {},
            "transactions": 1, "changes": 1, "ready": true});
        board.following = Some(serde_json::from_value(following).unwrap());
    });
    let state = open(path).unwrap();
    state.put_progress(&progress.snapshot()).unwrap();
    let ready = (us, "following: ready to cut over".to_owned(), "this".to_owned(), true);
    assert_eq!(said(), ready);
    drop(state);
    assert_eq!(said(), (Run::None, String::new(), String::new(), false));

    let lock = path.join("lock");
    let next = open(path).unwrap();
    assert_eq!(said(), (us, String::new(), String::new(), false));
    // Nor while it has not told yet who it is.
    next.put_progress(&progress.snapshot()).unwrap();
    assert_eq!(said(), ready);
    std::fs::write(lock, "").unwrap();
    assert_eq!(said(), (Run::Alive { pid: None }, String::new(), String::new(), false));
}

#[test]
fn another_migration_is_refused_and_told_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path()).unwrap();
    [begun(), Event::Prepared].iter().for_each(|event| state.record(event).unwrap());
    drop(state);
    let cases = [
        (Identity { source: "db2:3306".into(), ..shop() }, "the source was 10.0.0.5:3306"),
        (Identity { target: "db2:3306".into(), ..shop() }, "now it is db2:3306"),
        (Identity { selection: "hr".into(), ..shop() }, "the selection was shop, now it is hr"),
    ];
    for (other, words) in cases {
        let fault = refused(folder.path(), &other);
        assert_eq!(fault.code, ErrorCode::StateForeign);
        assert!(fault.to_string().contains(words), "{fault}");
    }
    open(folder.path()).unwrap();
}

#[test]
fn until_rows_are_copied_the_selection_may_change_and_the_servers_may_not() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    let wider = Identity { selection: "shop, hr".into(), ..shop() };
    drop(StateFolder::open(folder.path(), &wider, clock()).unwrap());
    let elsewhere = Identity { source: "db2:3306".into(), ..wider.clone() };
    assert_eq!(refused(folder.path(), &elsewhere).code, ErrorCode::StateForeign);

    let state = StateFolder::open(folder.path(), &wider, clock()).unwrap();
    state.record(&begun()).unwrap();
    drop(state);
    drop(open(folder.path()).unwrap());

    let state = StateFolder::open(folder.path(), &wider, clock()).unwrap();
    state.record(&Event::Prepared).unwrap();
    drop(state);
    assert_eq!(refused(folder.path(), &shop()).code, ErrorCode::StateForeign);
}

#[test]
fn a_state_of_version_1_opens() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    rusqlite::Connection::open(file).unwrap().execute_batch(VERSION_1).unwrap();

    let seen = StateFolder::peek(folder.path()).unwrap().unwrap();
    assert_eq!((seen.run, seen.stage.word()), (Run::None, "copying"));

    let state = open(folder.path()).unwrap();
    let events = state.events().unwrap();
    assert_eq!((events.len(), &events[0]), (5, &begun()));
    let reported = state.progress().unwrap().unwrap();
    assert_eq!(reported.snapshot.rows(), (7, 7));
    assert_eq!(state.get("facts").unwrap(), Some(json!({ "rows": 7 })));
    state.record(&Event::Copied).unwrap();
    assert_eq!(state.history().unwrap()[5].seq, 6);
}

#[test]
fn a_state_of_a_newer_sealift_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    edit(folder.path(), "UPDATE about SET value = '9.0.0' WHERE name = 'sealift'");
    edit(folder.path(), "PRAGMA user_version = 2");
    let fault = refused(folder.path(), &shop());
    assert_eq!(fault.code, ErrorCode::StateNewer);
    assert!(fault.to_string().contains("sealift 9.0.0"), "{fault}");
    assert_eq!(StateFolder::peek(folder.path()).unwrap_err().code, ErrorCode::StateNewer);
}

#[test]
fn what_is_no_state_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    std::fs::write(&file, "these are my notes, not a database; please keep them as they are")
        .unwrap();
    assert_eq!(refused(folder.path(), &shop()).code, ErrorCode::StateBroken);
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("these are my notes"));

    std::fs::remove_file(&file).unwrap();
    edit(folder.path(), "CREATE TABLE mine (id INTEGER)");
    let fault = refused(folder.path(), &shop());
    assert!(fault.to_string().contains("another program's"), "{fault}");
}

#[test]
fn a_damaged_or_shortened_journal_is_never_used() {
    let folder = tempfile::tempdir().unwrap();
    {
        let state = open(folder.path()).unwrap();
        state.record(&begun()).unwrap();
        state.record(&Event::Prepared).unwrap();
    }
    edit(folder.path(), "UPDATE event SET event = '{\"event\":\"danced\"}' WHERE seq = 2");
    let fault = open(folder.path()).unwrap().events().unwrap_err();
    assert!(fault.to_string().contains("line 2"), "{fault}");

    edit(folder.path(), "DELETE FROM event WHERE seq = 1");
    let fault = open(folder.path()).unwrap().events().unwrap_err();
    assert!(fault.to_string().contains("line 1 is missing"), "{fault}");

    let file = folder.path().join("state.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 4;
    bytes[middle..].fill(0x5a);
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(refused(folder.path(), &shop()).code, ErrorCode::StateBroken);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in-the-way");
    std::fs::write(&file, "").unwrap();
    let fault = refused(&file, &shop());
    assert_eq!(fault.code, ErrorCode::StateBroken);
    assert!(fault.to_string().contains("in-the-way"), "{fault}");
}

#[test]
fn a_peek_finds_nothing_where_nothing_is() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(StateFolder::peek(&folder.path().join("nowhere")).unwrap(), None);
    // As a process leaves it that dies right after making the file.
    std::fs::write(folder.path().join("state.db"), "").unwrap();
    assert_eq!(StateFolder::peek(folder.path()).unwrap(), None);
}

fn edit(folder: &Path, sql: &str) {
    rusqlite::Connection::open(folder.join("state.db")).unwrap().execute_batch(sql).unwrap();
}
