//! `[verify] continuous`: a run that compares all the time names what is planted, mends nothing, and goes on with its
//! pass.

use sealift_lab::wait_until;
use serde_json::Value;

use super::verify::{differences, followed};
use super::{Running, stage};
use crate::folder::Folder;
use crate::offline::ends_with;
use crate::pairs::mysql;

/// As fast as a test wants it.
const ALL_THE_TIME: &str =
    "[verify]\ncontinuous = true\nrows_per_second = 1000000\n[log]\nfile = 'log'\n";

fn comparing(folder: &Folder) -> Value {
    folder.sealift(&["status", "--json"]).json()["comparing"].clone()
}

/// Waits until a whole pass has ended since the one `before`, and tells what it found.
fn passed(folder: &Folder, before: &Value) -> Value {
    wait_until("everything was compared once", || {
        let comparing = comparing(folder);
        let at = &comparing["passed_at"];
        (at.is_string() && *at != before["passed_at"]).then_some(comparing)
    })
}

#[test]
fn a_run_that_compares_all_the_time_names_what_was_planted_and_mends_nothing() {
    let pair = mysql();
    let (schema, folder, churn, running) = followed(&pair, "continuous");
    assert_eq!(running.interrupt(), Some(4));
    folder.reconfigure("[copy]", &format!("{ALL_THE_TIME}[copy]"));
    pair.target.client().schema(&schema).run(
        "UPDATE still SET v = 'planted' WHERE id = 77; DELETE FROM still WHERE id = 1500;
         DELETE FROM still_bag WHERE a = 17 LIMIT 1;",
    );
    let running = Running::start(&folder);
    let found = passed(&folder, &Value::Null);
    let differing: Vec<&str> = found["differing"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|table| table["name"].as_str())
        .collect();
    assert_eq!(differing, ["still", "still_bag"], "{found}");
    for named in ["id=77: v", "id=1500", "a=17"] {
        assert!(found.to_string().contains(named), "{named} is not named: {found}");
    }
    let screen = folder.sealift(&["status"]).stdout;
    assert!(screen.contains("DIFFERS"), "{screen}");
    let log = std::fs::read_to_string(folder.file("log")).unwrap();
    assert!(log.contains("rows differ") && log.contains("id=77"), "{log}");
    // It is still there: nothing is mended by itself.
    let ran = folder.sealift(&["verify", "--json"]);
    ends_with(3, &ran);
    assert!(Value::from(differences(&ran)).to_string().contains("id=77: v"), "{}", ran.screen());
    ends_with(0, &folder.sealift(&["repair", "--yes"]));

    // Killed, and begun again: what is mended is found equal by the next pass.
    running.kill();
    let running = Running::start(&folder);
    let found = passed(&folder, &found);
    assert_eq!(found["differing"].as_array().map(Vec::len), Some(0), "{found}");
    assert_eq!(stage(&folder), "following");
    drop(churn);
    assert_eq!(running.interrupt(), Some(4));
}
