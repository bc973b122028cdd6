//! The source has purged what was still needed of its log: all tables are copied again when the operator asks for it.

use sealift_lab::workload::churn::Churn;
use sealift_lab::{Server, wait_until, workload};

use super::{assert_same, schema};
use crate::folder::Folder;
use crate::offline::{ends_with, folder};
use crate::pairs::{mariadb, mysql};

/// Everything up to now is gone from the log. A server keeps a file as long as it takes somebody for its reader, and
/// a reader that was killed until it notices.
fn purge(source: &Server) {
    source.sql("FLUSH BINARY LOGS");
    wait_until("the log is purged", || {
        let files = source.sql("SHOW BINARY LOGS");
        let newest = files.lines().last().and_then(|line| line.split('\t').next()).unwrap();
        source.sql(format!("PURGE BINARY LOGS TO '{newest}'"));
        (source.sql("SHOW BINARY LOGS").lines().count() == 1).then_some(())
    });
}

/// A run that meets the gap: it says what to do, and leaves the target as it is.
fn is_refused(folder: &Folder, target: &Server, schema: &str) {
    let count = format!("SELECT COUNT(*) FROM {schema}.parent");
    let before = target.sql(&count);
    let refused = folder.sealift(&["run", "--json"]);
    ends_with(1, &refused);
    assert_eq!(refused.error_code(), "SL0606", "{}", refused.screen());
    assert!(refused.stdout.contains("sealift copy-again --all"), "{}", refused.screen());
    assert_eq!(target.sql(&count), before, "nobody asked for it yet");
}

#[test]
fn after_a_purge_all_tables_are_copied_again_on_demand_through_every_crash() {
    let pair = mysql();
    let schema = schema(&pair, "purged");
    pair.source.sql(format!(
        "USE {schema}; CREATE VIEW seen AS SELECT id FROM parent; CREATE VIEW same AS SELECT v FROM parent; \
         CREATE PROCEDURE p() SELECT 1; CREATE TABLE dropped (i INT); INSERT INTO dropped VALUES (1)"
    ));
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    let early = folder.sealift(&["copy-again", "--all", "--json"]);
    assert_eq!(early.error_code(), "SL0105", "{}", early.screen());
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    pair.source.sql(format!(
        "USE {schema}; INSERT INTO parent VALUES (7777, 1); UPDATE hot SET d = 0 WHERE id % 3 = 0; \
         ALTER TABLE parent ADD w INT DEFAULT 5 INVISIBLE; DELETE FROM leaf; DROP TABLE dropped; \
         CREATE TABLE made (id INT PRIMARY KEY, u INT UNIQUE); INSERT INTO made VALUES (1, 2), (2, 1); \
         CREATE OR REPLACE VIEW seen AS SELECT w FROM parent; \
         DROP PROCEDURE p; CREATE PROCEDURE p() SELECT 2"
    ));
    purge(&pair.source);
    is_refused(&folder, &pair.target, &schema);
    ends_with(0, &folder.sealift(&["copy-again", "--all"]));
    let there = pair.target.sql(format!("SELECT COUNT(*) FROM {schema}.dropped"));
    assert_eq!(there, "1\n", "nothing is emptied before the run");
    let offline = folder.sealift(&["run", "--offline", "--json"]);
    assert_eq!(offline.error_code(), "SL0202", "{}", offline.screen());
    let churn = Churn::start(&pair.source, &schema, workload::seed());
    for point in [
        "run-begun",
        "cleared",
        "object-executed:3",
        "prepared",
        "chunk-loaded:2",
        "table-copied:2",
        "copied",
        "completed",
    ] {
        folder.killed_at(&["run"], point);
    }
    drop(churn);
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_same(&pair, &schema);
    ends_with(0, &folder.sealift(&["verify"]));
}

/// Followed by file and offset, and purged in the midst of the first copy.
#[test]
fn a_mariadb_that_has_purged_its_log_under_the_copy_is_copied_again() {
    let pair = mariadb();
    let schema = schema(&pair, "purged_maria");
    let folder = folder(&pair.source, &pair.target, &[&schema], "[copy]\nworkers = 2\n");
    folder.killed_at(&["run"], "table-copied:2");
    pair.source.sql(format!("UPDATE {schema}.parent SET v = 9; DELETE FROM {schema}.leaf"));
    purge(&pair.source);
    is_refused(&folder, &pair.target, &schema);
    ends_with(0, &folder.sealift(&["copy-again", "--all"]));
    ends_with(0, &folder.sealift(&["copy-again", "--all"]));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    let sql = format!("USE {schema}; SELECT * FROM parent ORDER BY id; SELECT COUNT(*) FROM leaf");
    assert_eq!(pair.source.sql(&sql), pair.target.sql(&sql));
    ends_with(0, &folder.sealift(&["verify"]));
}
