//! `definer = "keep-by-login"`: each object is made by its definer, and one that cannot costs what it owns alone.

use std::fs;
use std::path::Path;

use sealift_lab::{Pair, unique_schema};
use serde_json::Value;

use super::{ends_with, folder};
use crate::folder::{Folder, Ran};
use crate::pairs::mysql;

/// What became of each object of a definer: `result object`, and the words for those that failed.
fn results(ran: &Ran) -> (Vec<String>, String) {
    let told = ran.json();
    let (mut results, mut words) = (Vec::new(), String::new());
    for object in told["objects"].as_array().unwrap() {
        let (kind, name) = (&object["object"]["kind"], &object["object"]["name"]["name"]);
        let (kind, name) = (kind.as_str().unwrap(), name.as_str().unwrap());
        if ["schema", "table"].contains(&kind) {
            continue;
        }
        let result = object["result"].as_str().unwrap_or("failed");
        results.push(format!("{result} {name}"));
        if let Value::Object(failed) = &object["result"] {
            words += &format!("{name}: {}\n", failed.values().next().unwrap());
        }
    }
    (results, words)
}

/// Whether some bytes stand in any file below a folder.
fn holds(below: &Path, secret: &str) -> bool {
    fs::read_dir(below).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, secret);
        }
        let bytes = fs::read(&path).unwrap();
        bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
    })
}

/// The password of each user; `lost`'s is given wrong first.
fn variable(user: &str) -> String {
    format!("SEALIFT_DEFINER_{}_PASSWORD", user.to_uppercase())
}

/// A schema whose objects belong to several users: one who may do everything on the target, one who lacks a
/// privilege there, one whose password is wrong, one nobody gives a password for, one who is not there.
struct Owned {
    schema: String,
    able: String,
    poor: String,
    lost: String,
    silent: String,
    absent: String,
}

impl Owned {
    fn make(pair: &Pair) -> Self {
        let schema = unique_schema("kept");
        let [able, poor, lost, silent, absent] =
            ["a", "p", "l", "s", "n"].map(|what| format!("{schema}_{what}"));
        for server in [&pair.source, &pair.target] {
            server.sql(format!(
                "CREATE USER {able} IDENTIFIED BY 'Able-pw1', {poor} IDENTIFIED BY 'Poor-pw1', \
                   {lost} IDENTIFIED BY 'Lost-pw1', {silent} IDENTIFIED BY 'Silent-pw1';"
            ));
        }
        pair.source.sql(format!("GRANT ALL ON {schema}.* TO {able}, {poor}"));
        // Grants on schemas that are not there yet.
        pair.target.sql(format!(
            "GRANT SELECT, CREATE VIEW, CREATE ROUTINE, TRIGGER, EVENT ON {schema}.* TO {able};
             GRANT SELECT, CREATE VIEW ON {schema}.* TO {poor};"
        ));
        pair.source.sql(format!(
            "CREATE DATABASE {schema}; USE {schema}; CREATE TABLE t (id INT PRIMARY KEY, v INT);
             INSERT INTO t VALUES (1, 1), (2, 2);
             CREATE DEFINER={able}@'%' FUNCTION f(n INT) RETURNS INT DETERMINISTIC RETURN n + 1;
             CREATE DEFINER={able}@'%' PROCEDURE p() SELECT COUNT(*) AS `über` FROM t;
             CREATE DEFINER={able}@'%' VIEW v AS SELECT id FROM t;
             CREATE DEFINER={poor}@'%' VIEW poor_v AS SELECT id FROM v;
             CREATE DEFINER={able}@'%' TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 7;
             CREATE DEFINER={able}@'%' EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t WHERE id < 0;
             CREATE DEFINER={poor}@'%' PROCEDURE poor_p() SELECT 1;
             CREATE DEFINER={lost}@'%' PROCEDURE lost_p() SELECT 1;
             CREATE DEFINER={silent}@'%' PROCEDURE silent_p() SELECT 1;
             CREATE DEFINER={absent}@'%' PROCEDURE absent_p() SELECT 1;
             CREATE DEFINER=azadmin@'%' PROCEDURE ours_p() SELECT 1;"
        ));
        Self { schema, able, poor, lost, silent, absent }
    }

    fn folder(&self, pair: &Pair) -> Folder {
        let Self { schema, able, poor, lost, .. } = self;
        let rest = format!(
            "[rewrite]\ndefiner = \"keep-by-login\"\n[definers.{able}]\n\
             [definers.{poor}]\npassword_file = \"poor.secret\"\n[definers.{lost}]\n# more\n"
        );
        let folder = folder(&pair.source, &pair.target, &[schema], &rest)
            .env(&variable(able), "Able-pw1")
            .env(&variable(lost), "Wrong-pw1");
        folder.write("poor.secret", "Poor-pw1\n");
        folder
    }

    /// With what the messages say.
    fn mend(&self, pair: &Pair, folder: Folder) -> Folder {
        let Self { schema, poor, lost, silent, absent, .. } = self;
        pair.target.sql(format!(
            "CREATE USER {absent} IDENTIFIED BY 'Absent-pw1'; \
             GRANT CREATE ROUTINE ON {schema}.* TO {poor}, {lost}, {silent}, {absent};"
        ));
        folder.reconfigure("# more", &format!("[definers.{silent}]\n[definers.{absent}]\n"));
        folder
            .without_env(&variable(lost))
            .env(&variable(lost), "Lost-pw1")
            .env(&variable(silent), "Silent-pw1")
            .env(&variable(absent), "Absent-pw1")
    }

    /// Whose an object of the target is.
    fn definer(&self, pair: &Pair, table: &str, kind: &str, name: &str) -> String {
        let sql = format!(
            "SELECT definer FROM information_schema.{table} \
             WHERE {kind}_schema = '{}' AND {kind}_name = '{name}'",
            self.schema
        );
        pair.target.sql(sql).trim().to_owned()
    }
}

#[test]
fn objects_are_made_over_their_definers_logins_and_those_that_cannot_be_are_told() {
    let alone = mysql();
    let pair: &Pair = &alone;
    let owned = Owned::make(pair);
    let Owned { schema, able, poor, silent, absent, .. } = &owned;
    let folder = owned.folder(pair);
    let checked = folder.sealift(&["check"]);
    ends_with(3, &checked);
    assert!(checked.stdout.contains(&format!("{able}: account {able}@%")), "{}", checked.screen());
    assert!(checked.stdout.contains("refused SL0303"), "{}", checked.screen());
    ends_with(0, &folder.sealift(&["plan"]));
    let script = |name: &str| {
        let file = folder.file(format!(".sealift/plan/50-routines/{schema}/{name}.procedure.sql"));
        fs::read_to_string(file).unwrap()
    };
    let by = format!("made by {able}@%, over a session logged in as {able}");
    assert!(script("p").contains(&by), "{}", script("p"));
    assert!(script("absent_p").contains("does not exist on the target yet"));

    let ran = folder.sealift(&["run", "--offline", "--json"]);
    ends_with(3, &ran);
    let (became, words) = results(&ran);
    let failed: Vec<&str> =
        became.iter().filter_map(|result| result.strip_prefix("failed ")).collect();
    assert_eq!(failed, ["absent_p", "lost_p", "poor_p", "silent_p"], "{became:?}\n{words}");
    for (name, word) in [
        ("poor_p", format!("GRANT CREATE ROUTINE ON `{schema}`.* TO `{poor}`@`%`")),
        ("lost_p", "SL0303".to_owned()),
        ("lost_p", "sealift accounts apply".to_owned()),
        ("silent_p", "SL0104".to_owned()),
        ("silent_p", variable(silent)),
        ("absent_p", "no password was given".to_owned()),
    ] {
        let said = words.lines().find(|line| line.starts_with(&format!("{name}:"))).unwrap();
        assert!(said.contains(&word), "{word}:\n{said}");
    }
    for (table, kind, name, user) in [
        ("views", "table", "v", able.as_str()),
        ("views", "table", "poor_v", poor),
        ("routines", "routine", "f", able),
        ("routines", "routine", "p", able),
        ("triggers", "trigger", "tr", able),
        ("events", "event", "e", able),
        ("routines", "routine", "ours_p", "azadmin"),
    ] {
        assert_eq!(owned.definer(pair, table, kind, name), format!("{user}@%"), "{name}");
    }

    let folder = owned.mend(pair, folder);
    let ran = folder.sealift(&["run", "--offline", "--json"]);
    ends_with(0, &ran);
    assert_eq!(owned.definer(pair, "routines", "routine", "absent_p"), format!("{absent}@%"));
    ends_with(0, &folder.sealift(&["verify"]));
    for secret in ["Able-pw1", "Poor-pw1", "Lost-pw1", "Wrong-pw1"] {
        assert!(!holds(&folder.file(".sealift"), secret), "{secret}");
        assert!(!ran.screen().contains(secret));
    }
}
