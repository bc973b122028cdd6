//! Tables whose definitions move while their rows are read.

use std::io::Write;
use std::process::Child;

use sealift_lab::{Server, unique_schema, wait_until};

use super::{Running, assert_same, stage};
use crate::offline::{ends_with, folder};
use crate::pairs::mysql;

/// A client that is told one statement after the other. Its locks end with it.
pub(super) struct Client(Child);

impl Client {
    pub(super) fn of(server: &Server) -> Self {
        Self(server.client().command().spawn().unwrap())
    }

    pub(super) fn say(&mut self, sql: &str) {
        let stdin = self.0.stdin.as_mut().unwrap();
        stdin.write_all(format!("{sql}\n").as_bytes()).unwrap();
        stdin.flush().unwrap();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if self.0.kill().is_ok() {
            let _ended = self.0.wait();
        }
    }
}

fn shows(server: &Server, sql: &str) {
    let what = format!("{sql} finds something");
    wait_until(&what, || (server.sql(sql) != "0\n").then_some(()));
}

/// The reader of the last table under way finds it changed, while whoever reads the log waits for a row of another one.
#[test]
fn a_table_that_only_its_reader_finds_changed_is_copied_again() {
    let pair = mysql();
    let schema = unique_schema("reader_first");
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; CREATE TABLE other (id INT PRIMARY KEY, v INT, KEY by_v (v)); \
         CREATE TABLE t (id INT PRIMARY KEY, v INT, w INT); INSERT INTO other VALUES (1, 1); INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)"
    ));
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let mut keeper = Client::of(&pair.source);
    keeper.say(&format!("LOCK TABLES {schema}.t WRITE;"));
    let locks = "SELECT COUNT(*) FROM performance_schema";
    shows(
        &pair.source,
        &format!(
            "{locks}.metadata_locks WHERE object_schema = '{schema}' AND object_name = 't' AND lock_status = 'GRANTED'"
        ),
    );
    let running = Running::start(&folder);
    shows(
        &pair.target,
        &format!(
            "SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = '{schema}' AND index_name = 'by_v'"
        ),
    );
    let mut blocker = Client::of(&pair.target);
    blocker.say(&format!("BEGIN; SELECT * FROM {schema}.other WHERE id = 1 FOR UPDATE;"));
    let rows = format!("{locks}.data_locks WHERE object_schema = '{schema}'");
    shows(&pair.target, &rows);
    // The view is made when the row is there, and what the log has behind it is read after that.
    pair.source.sql(format!(
        "USE {schema}; UPDATE other SET v = 2; CREATE VIEW seen AS SELECT v FROM other"
    ));
    shows(&pair.target, &format!("{rows} AND lock_status = 'WAITING'"));
    keeper.say(&format!("ALTER TABLE {schema}.t DROP v; UNLOCK TABLES;"));
    wait_until("the copy is over", || (stage(&folder) == "following").then_some(()));
    drop(blocker);
    running.kill();
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
}
