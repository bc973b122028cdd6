//! `sealift assess --probe`: what it measures, and that nothing of it stays.

use std::process::Stdio;

use sealift_lab::{Options, Server, unique_schema, wait_until};
use serde_json::Value;

use super::{assessed_any, start};
use crate::folder::Folder;
use crate::pairs::mysql;

fn filled(source: &Server, schema: &str, rows: u32) {
    source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; SET cte_max_recursion_depth = 1000000;
         CREATE TABLE `odd ``t` (id INT PRIMARY KEY, k INT, t VARCHAR(200), KEY (k));
         INSERT INTO `odd ``t` WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
           SELECT i, i * 7, REPEAT('x', 150) FROM n;
         CREATE TABLE keyless (a INT, t TEXT); INSERT INTO keyless SELECT id, t FROM `odd ``t` LIMIT 500;
         ANALYZE TABLE `odd ``t`, keyless;"
    ));
}

/// The figure of an estimate, or why there is none.
pub(super) fn figure(told: &Value, id: &str) -> Result<u64, String> {
    let all = told["assessment"]["estimates"].as_array().unwrap();
    let one = all.iter().find(|estimate| estimate["id"] == id).unwrap_or_else(|| panic!("no {id}"));
    one["amount"].as_u64().ok_or_else(|| one["not_known"].as_str().unwrap().to_owned())
}

#[test]
fn what_a_migration_takes_is_measured_and_nothing_stays() {
    let schema = unique_schema("probed");
    let pair = mysql();
    filled(&pair.source, &schema, 60_000);
    let folder = Folder::between(
        &pair.source,
        &pair.target,
        &format!("[select]\nschemas = [\"{schema}\"]\n"),
    );
    let without = assessed_any(&folder, &[]);
    assert!(figure(&without, "bytes-to-move").unwrap() > 1 << 20);
    assert!(figure(&without, "copy-time").unwrap_err().contains("--probe"));
    let told = assessed_any(&folder, &["--scan", "--probe"]);
    for id in
        ["copy-time", "index-time", "apply-rate", "downtime-offline", "log-rate", "bytes-of-values"]
    {
        assert!(figure(&told, id).unwrap() > 0, "{id}: {told}");
    }
    assert!(figure(&told, "bytes-of-values").unwrap() > 60_000 * 150);
    assert_eq!(pair.target.sql("SHOW DATABASES LIKE 'sealift%'"), "");
    let screen = folder.sealift(&["assess", "--probe", "--html", "told.html"]).stdout;
    assert!(screen.contains("copying the rows: "), "{screen}");
    let page = std::fs::read_to_string(folder.file("told.html")).unwrap();
    assert!(page.contains("What it will take") && page.contains("scratch table"));
    let both = folder.sealift(&["assess", "--probe", "--target-profile", "azure-8.4"]);
    assert_eq!(both.code, Some(2), "{}", both.screen());
}

#[test]
fn a_schema_of_somebody_else_is_left_alone() {
    let target = start(Options::azure_target());
    let pair = mysql();
    let source = &pair.source;
    let schema = unique_schema("theirs");
    filled(source, &schema, 100);
    target.sql(
        "CREATE DATABASE sealift_probe; CREATE TABLE sealift_probe.theirs (id INT PRIMARY KEY)",
    );
    let rest = format!("[select]\nschemas = [\"{schema}\"]\n");
    let folder = Folder::between(source, &target, &rest);
    let told = assessed_any(&folder, &["--probe"]);
    assert!(figure(&told, "copy-time").unwrap_err().contains("sealift did not make"));
    assert_eq!(target.sql("SHOW TABLES IN sealift_probe").trim(), "theirs");
}

#[test]
fn what_a_killed_probe_leaves_goes_with_the_next_one_or_by_the_server_itself() {
    let target = start(Options::azure_target().arg("--event-scheduler=ON"));
    let pair = mysql();
    let source = &pair.source;
    let schema = unique_schema("killed_probe");
    filled(source, &schema, 200_000);
    let rest = format!("[select]\nschemas = [\"{schema}\"]\n");
    let folder = Folder::between(source, &target, &rest);
    let is_there = || !target.sql("SHOW DATABASES LIKE 'sealift_probe'").is_empty();
    let kill = || {
        let mut probing = folder.command(&["assess", "--probe"]);
        let mut child = probing.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let tables =
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'sealift_probe'";
        wait_until("scratch tables", || (target.sql(tables).trim() == "3").then_some(()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_there());
    };
    kill();
    let told = assessed_any(&folder, &["--probe"]);
    assert!(figure(&told, "copy-time").unwrap() > 0);
    assert!(!is_there());
    kill();
    target.sql(
        "ALTER EVENT sealift_probe.remove ON SCHEDULE AT CURRENT_TIMESTAMP + INTERVAL 1 SECOND",
    );
    wait_until("the server to remove it", || (!is_there()).then_some(()));
}

#[test]
fn a_target_that_takes_no_load_files_is_measured_by_statements() {
    let target = start(Options::azure_target().without_local_infile());
    let pair = mysql();
    let source = &pair.source;
    let schema = unique_schema("statements");
    filled(source, &schema, 5_000);
    let rest = format!("[select]\nschemas = [\"{schema}\"]\n");
    let told = assessed_any(&Folder::between(source, &target, &rest), &["--probe"]);
    for id in ["copy-time", "apply-rate"] {
        assert!(figure(&told, id).unwrap() > 0, "{id}: {told}");
    }
}
