//! A small database carried across by the binary: the whole way, interrupted, killed, refused.

use sealift_lab::{Pair, unique_schema};

use crate::folder::Folder;
use crate::pairs::mysql;

const RUN: [&str; 3] = ["run", "--offline", "--json"];

/// A schema with a bit of everything on the source, and a folder that carries it.
fn shop(pair: &Pair, rest: &str) -> (String, Folder) {
    let schema = unique_schema("cli");
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema};
         CREATE TABLE customer (id INT PRIMARY KEY, name VARCHAR(40), KEY (name));
         CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, customer INT NOT NULL,
           FOREIGN KEY (customer) REFERENCES customer (id));
         CREATE TABLE log (line VARCHAR(40));
         INSERT INTO customer VALUES (1, 'Käthe'), (2, 'Emil'), (3, NULL);
         INSERT INTO orders (customer) VALUES (1), (1), (2);
         INSERT INTO log VALUES ('a'), ('a'), ('b');
         CREATE VIEW big AS SELECT * FROM orders WHERE customer = 1;
         CREATE TRIGGER t BEFORE INSERT ON log FOR EACH ROW SET NEW.line = UPPER(NEW.line);"
    ));
    let rest = format!("[select]\nschemas = [\"{schema}\"]\n{rest}");
    (schema, Folder::between(&pair.source, &pair.target, &rest))
}

#[test]
fn a_database_goes_across_and_what_differs_later_is_named() {
    let pair = mysql();
    let (schema, folder) = shop(&pair, "");
    let planned = folder.sealift(&["plan"]);
    assert_eq!(planned.code, Some(0), "{}", planned.screen());
    assert!(folder.file(".sealift/plan/changes.diff").exists());
    let ran = folder.sealift(&RUN);
    assert_eq!(ran.code, Some(0), "{}", ran.screen());
    let told = ran.json();
    assert_eq!((&told["outcome"], &told["exit_code"]), (&"done".into(), &0.into()));
    assert_eq!(told["tables"].as_array().unwrap().len(), 3);
    let page = std::fs::read_to_string(folder.file(".sealift/report.html")).unwrap();
    assert!(page.contains("orders"));
    assert_eq!(folder.sealift(&["status", "--json"]).json()["stage"], "finished");
    assert_eq!(folder.sealift(&["verify", "--json"]).json()["outcome"], "equal");

    pair.target.sql(format!("UPDATE {schema}.customer SET name = 'Anna' WHERE id = 2"));
    let verified = folder.sealift(&["verify"]);
    assert_eq!(verified.code, Some(3), "{}", verified.screen());
    assert!(verified.stdout.contains("id=2"), "{}", verified.screen());
}

#[test]
fn a_run_that_is_interrupted_or_killed_goes_on_where_it_stopped() {
    let pair = mysql();
    for (probe, code) in [("chunk-committed=interrupt", Some(4)), ("chunk-committed:2=kill", None)]
    {
        let (_schema, folder) = shop(&pair, "");
        let stopped = folder.run_to_probe(probe);
        assert_eq!(stopped.status.code(), code, "{probe}");
        let status = folder.sealift(&["status", "--json"]).json();
        assert_eq!((&status["stage"], &status["running"]), (&"copying".into(), &false.into()));
        let again = folder.sealift(&RUN);
        assert_eq!(again.code, Some(0), "{probe}: {}", again.screen());
        assert_eq!(folder.sealift(&["verify"]).code, Some(0), "{probe}");
    }
}

#[test]
fn rows_the_target_already_holds_are_kept_unless_told() {
    let pair = mysql();
    let (schema, folder) = shop(&pair, "[copy]\nnot_empty = \"refuse\"\n");
    let applied = folder.sealift(&["plan"]).code.max(folder.sealift(&["plan", "apply"]).code);
    assert_eq!(applied, Some(0));
    let target = &pair.target;
    target.sql(format!("INSERT INTO {schema}.customer VALUES (9, 'mine')"));
    let refused = folder.sealift(&RUN);
    let told = (refused.code, refused.error_code());
    assert_eq!(told, (Some(1), "SL0504".to_owned()), "{}", refused.screen());
    assert_eq!(target.sql(format!("SELECT name FROM {schema}.customer")), "mine\n");
    folder.reconfigure("refuse", "truncate");
    let ran = folder.sealift(&RUN);
    assert_eq!(ran.code, Some(0), "{}", ran.screen());
    assert_eq!(folder.sealift(&["verify"]).code, Some(0));
}

#[test]
fn a_state_folder_belongs_to_one_migration() {
    let pair = mysql();
    let (schema, folder) = shop(&pair, "");
    assert_eq!(folder.sealift(&RUN).code, Some(0));
    folder.reconfigure(&format!("\"{schema}\""), "\"other\"");
    let refused = folder.sealift(&RUN);
    assert_eq!((refused.code, refused.error_code()), (Some(1), "SL0202".to_owned()));
}

#[test]
fn options_of_the_other_kind_of_run_are_a_matter_of_usage() {
    for options in [["--no-lock", "--json"], ["--atomic", "--offline"]] {
        let ran = Folder::empty().sealift(&[&["run"], &options[..]].concat());
        assert_eq!(ran.code, Some(2), "{}", ran.screen());
    }
    assert_eq!(Folder::empty().sealift(&["status"]).code, Some(1));
}
