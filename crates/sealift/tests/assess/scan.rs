//! `sealift assess --scan` and `--check-tables`: nothing of it happens unasked.

use sealift_lab::proxy::FaultProxy;
use sealift_lab::unique_schema;

use super::probe::figure;
use super::{assessed, findings, standing};
use crate::folder::Folder;
use crate::pairs::mysql;

#[test]
fn rows_are_looked_at_only_when_asked_and_what_is_wrong_is_told() {
    let schema = unique_schema("scanned");
    let pair = mysql();
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; SET sql_mode = '', foreign_key_checks = 0;
         CREATE TABLE parent (id INT PRIMARY KEY);
         CREATE TABLE t (id INT PRIMARY KEY, at DATE, kind ENUM('a', 'b') NOT NULL, up INT,
           CONSTRAINT fk FOREIGN KEY (up) REFERENCES parent (id));
         INSERT INTO t VALUES (1, '0000-00-00', 'a', NULL), (2, '2020-01-01', 'z', 7), (3, NULL, 'b', 8);"
    ));
    let rest = format!("[select]\nschemas = [\"{schema}\"]\n");
    let folder = Folder::between(&pair.source, &pair.target, &rest);
    let without = assessed(&folder, &[], 0);
    for id in [
        "impossible-date",
        "enum-without-member",
        "broken-text",
        "utf8-in-other-charset",
        "text-too-long",
        "check-broken",
        "orphan-rows",
        "readable-rows",
    ] {
        assert_eq!(standing(&without, id), "not-checked: not-asked");
    }
    assert!(!folder.sealift(&["assess"]).stdout.contains("not-asked"));
    let told = assessed(&folder, &["--scan", "--check-tables"], 0);
    let said =
        findings(&told, |found| found["schema"] == schema.as_str() && found["level"] == "warns");
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with(' ')).collect();
    let expected = [
        format!("warns impossible-date: column `{schema}`.`t`.`at`: 1 of all 3 rows hold a date"),
        format!(
            "warns enum-without-member: column `{schema}`.`t`.`kind`: 1 of all 3 rows hold none"
        ),
        format!(
            "warns orphan-rows: foreign key `{schema}`.`t`.`fk`: 2 of all 3 rows have no parent"
        ),
    ];
    assert_eq!(lines.len(), expected.len(), "{said}");
    for expected in &expected {
        assert!(
            lines.iter().any(|line| line.starts_with(expected.as_str())),
            "{expected}:\n{said}"
        );
    }
    assert_eq!(standing(&told, "damaged-table"), "passes");
    assert_eq!(standing(&told, "readable-rows"), "passes");
}

#[test]
fn a_loss_while_the_log_is_looked_at_leaves_what_it_would_have_told_unknown() {
    let schema = unique_schema("unseen");
    let pair = mysql();
    pair.source
        .sql(format!("CREATE DATABASE {schema}; CREATE TABLE {schema}.t (id INT PRIMARY KEY)"));
    let rest = format!("[select]\nschemas = [\"{schema}\"]\n");
    let folder = Folder::between(&pair.source, &pair.target, &rest);
    let network = FaultProxy::before(&pair.source);
    folder.reconfigure(&format!(":{}\"", pair.source.port()), &format!(":{}\"", network.port()));
    // The proxy must read what is sent.
    folder.reconfigure(
        &format!("tls = \"verify-ca\"\ntls_ca = \"{}\"\n[target]", pair.source.ca().display()),
        "tls = \"off\"\n[target]",
    );
    let clock = "SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6))";
    network.cut_before_next(clock);
    let told = assessed(&folder, &[], 0);
    assert_eq!(network.faults(), 1);
    let why = figure(&told, "log-rate").unwrap_err();
    assert!(why.contains("did not say where its log ends") && why.contains("lost"), "{why}");
    assert_eq!(told["assessment"]["schemas"][0]["tables"], 1, "the rest is told");
}
