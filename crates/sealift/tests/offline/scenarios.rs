//! One folder per case in `scenarios/`: what the source holds, and what must come of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sealift_lab::oracle::Comparison;
use serde::Deserialize;

use super::{allowed, ends_with};
use crate::folder::Folder;
use crate::pairs::{mariadb, mysql};

/// `expect.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// Which server the source is: `mysql` or `mariadb-10.11`.
    source: String,
    /// The schemas of `source.sql`; no other scenario uses their names.
    schemas: Vec<String>,
    /// More of `sealift.toml`.
    #[serde(default)]
    config: String,
    /// Objects that are left out, as `kind schema.name`.
    #[serde(default)]
    left_out: BTreeSet<String>,
    /// Exit code of `plan`: 3 when objects are refused.
    #[serde(default)]
    plan: i32,
    /// Rewrites that must be told of.
    #[serde(default)]
    rewrites: BTreeSet<String>,
    /// Whether `mysqldump` of both sides must agree (but for what rewrites may change).
    #[serde(default)]
    same_dump: bool,
    /// Statements on the target, each with the answer it must give.
    #[serde(default)]
    asks: Vec<(String, String)>,
}

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut folders: Vec<PathBuf> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|p| p.is_dir())
        .collect();
    folders.sort();
    folders
}

#[test]
fn every_scenario_comes_out_as_it_says() {
    let folders = folders();
    assert!(!folders.is_empty());
    for folder in folders {
        println!("scenario {}", folder.display());
        play(&folder);
    }
}

fn play(scenario: &Path) {
    let text = fs::read_to_string(scenario.join("expect.toml")).unwrap();
    let expect: Expect = toml::from_str(&text).unwrap();
    let pair = match expect.source.as_str() {
        "mysql" => mysql(),
        "mariadb-10.11" => mariadb(),
        other => panic!("{}: there is no source {other}", scenario.display()),
    };
    pair.source.sql_file(&scenario.join("source.sql"));
    let quoted: Vec<String> = expect.schemas.iter().map(|schema| format!("`{schema}`")).collect();
    let config = format!("[select]\nschemas = {quoted:?}\n{}", expect.config);
    let folder = Folder::between(&pair.source, &pair.target, &config);
    let planned = folder.sealift(&["plan", "--json"]);
    ends_with(expect.plan, &planned);
    let planned = planned.json();
    let left_out: BTreeSet<String> = names(&planned["left_out"], "object");
    assert_eq!(left_out, expect.left_out, "{}", scenario.display());
    let told: BTreeSet<String> = planned["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["rewrite"].as_str().unwrap().to_owned())
        .collect();
    let untold: Vec<&String> = expect.rewrites.difference(&told).collect();
    assert!(untold.is_empty(), "{}: {untold:?} not among {told:?}", scenario.display());
    ends_with(0, &folder.sealift(&["run", "--offline"]));
    ends_with(0, &folder.sealift(&["verify"]));
    if expect.same_dump {
        let mut comparison = allowed(Comparison::of(&expect.schemas));
        for left in &expect.left_out {
            let (schema, name) = left.split_once(' ').unwrap().1.split_once('.').unwrap();
            comparison = comparison.without(schema, name);
        }
        comparison.assert_same(&pair.source, &pair.target);
    }
    for (question, answer) in &expect.asks {
        let got = pair.target.client().option("-N").run(question);
        assert_eq!(got.trim_end(), answer, "{}: {question}", scenario.display());
    }
}

fn names(list: &serde_json::Value, key: &str) -> BTreeSet<String> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let object = &entry[key];
            let part = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            let name = &object["name"];
            format!("{} {}.{}", part(&object["kind"]), part(&name["schema"]), part(&name["name"]))
        })
        .collect()
}
