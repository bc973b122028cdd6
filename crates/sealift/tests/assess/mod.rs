//! `sealift assess` on real servers: a source with everything wrong, a clean one, a poor account, no target.

mod papers;
mod list;
mod form;
mod scan;
mod planted;
mod probe;
mod shapes;

use std::fmt::Write as _;

use insta::assert_snapshot;
use sealift_lab::{Kind, Options, Server, unique_schema};
use sealift_schema::rule::TOPICS;
use serde_json::Value;

use crate::folder::{Folder, Ran};
use crate::pairs::mysql;

/// What a script sees of one finding.
fn findings(told: &Value, wanted: impl Fn(&Value) -> bool) -> String {
    let mut said = String::new();
    for check in told["assessment"]["checks"].as_array().unwrap() {
        let found =
            check["findings"].as_array().into_iter().flatten().filter(|found| wanted(found));
        for found in found {
            let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
            let id = check["id"].as_str().unwrap();
            writeln!(said, "{} {id}: {}: {}", text("level"), text("object"), text("what")).unwrap();
            for fix in found["fixes"].as_array().into_iter().flatten() {
                writeln!(
                    said,
                    "    {}: {}",
                    fix["by"].as_str().unwrap(),
                    fix["text"].as_str().unwrap()
                )
                .unwrap();
            }
        }
    }
    said
}

fn start(options: Options) -> Server {
    Server::start(options).unwrap_or_else(|error| panic!("{error}"))
}

/// Assesses and returns the JSON object; the exit code must be this one.
#[track_caller]
fn assessed(folder: &Folder, args: &[&str], code: i32) -> Value {
    let ran: Ran = folder.sealift(&[&["assess", "--json"], args].concat());
    assert_eq!(ran.code, Some(code), "{}", ran.screen());
    let told = ran.json();
    assert_eq!(form::misfits(&told["assessment"]), [""; 0]);
    told
}

/// Assesses, whether something stops the migration or not.
#[track_caller]
fn assessed_any(folder: &Folder, args: &[&str]) -> Value {
    let ran: Ran = folder.sealift(&[&["assess", "--json"], args].concat());
    assert!(matches!(ran.code, Some(0 | 3)), "{}", ran.screen());
    let told = ran.json();
    assert_eq!(form::misfits(&told["assessment"]), [""; 0]);
    told
}

/// The state of one check: how it ended, and why it was not checked.
fn standing(told: &Value, id: &str) -> String {
    let checks = told["assessment"]["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no {id}"));
    let why = check["not_checked"]["because"].as_str().map(|why| format!(": {why}"));
    format!("{}{}", check["standing"].as_str().unwrap(), why.unwrap_or_default())
}

/// The statements of a script about one table.
fn about<'a>(script: &'a str, table: &str) -> String {
    let is_wanted = |line: &&'a str| !line.starts_with("--") && line.contains(table);
    script.lines().filter(is_wanted).map(|line| format!("{line}\n")).collect()
}

/// Servers of the lab move on with Debian: their versions are no part of a snapshot.
fn without_versions(text: &str) -> String {
    let mut words = Vec::new();
    for line in text.lines() {
        let said: Vec<String> = line
            .split(' ')
            .map(|word| {
                let is_version = word.starts_with("9.") && word.matches('.').count() >= 2;
                if is_version { "9.x".to_owned() } else { word.to_owned() }
            })
            .collect();
        words.push(said.join(" "));
    }
    words.join("\n")
}

#[test]
fn a_source_with_everything_wrong_is_told_object_by_object() {
    let source = start(
        Options::mysql()
            .without_gtid()
            .arg("--binlog-row-image=MINIMAL")
            .arg("--binlog-expire-logs-seconds=1200")
            .arg("--sql-mode=NO_ENGINE_SUBSTITUTION")
            .arg("--character-set-server=latin1")
            .arg("--group-concat-max-len=4096")
            .arg("--init-connect=SET @hello = 1")
            .arg("--event-scheduler=OFF"),
    );
    source.sql(include_str!("messy.sql"));
    planted::damage(&source);
    // Nothing another test does is on it.
    let target = start(Options::azure_target());
    let rest = "[select]\nexclude = [\"table:apart.left_out\"]\n";
    let folder = Folder::between(&source, &target, rest);
    let told = assessed(&folder, &["--scan", "--check-tables"], 3);
    planted::assert_found(planted::Scenario::Messy, &told);
    assert_eq!(told["assessment"]["ways"]["online"]["open"], false);
    let all = findings(&told, |_| true);
    // What the machine decides is not what was planted.
    let planted: Vec<&str> = all
        .lines()
        .filter(|line| {
            let by_machine = ["round-trip", "storage-", "largest-transaction", "logged-statements"];
            !by_machine.iter().any(|id| line.contains(id))
                && !line.contains("binary-log-readable")
                && !line.contains("readable-rows: the source")
        })
        .collect();
    assert_snapshot!("messy", without_versions(&planted.join("\n")));
    planted::messy_without_target(&folder);
    let screen = folder.sealift(&["assess", "--html", "told.html", "--fix-script", "fixes"]).stdout;
    let page = std::fs::read_to_string(folder.file("told.html")).unwrap();
    assert!(page.contains("What stops the migration") && page.contains("fk_cascade"));
    let sql = std::fs::read_to_string(folder.file("fixes/source-think-first.sql")).unwrap();
    assert!(sql.contains("-- no-primary-key: table `Shop`.`keyless`"), "{sql}");
    let statements = about(&sql, "`Shop`.`keyless` ");
    assert_eq!(statements.lines().count(), 1, "{statements}");
    source.sql(statements);
    let grants = std::fs::read_to_string(folder.file("fixes/source-safe.sql")).unwrap();
    source.sql(&grants);
    let back = std::fs::read_to_string(folder.file("fixes/source-revert.sql")).unwrap();
    source.sql(&back);
    assert!(screen.starts_with("ready with conditions: ") || screen.starts_with("not ready: "));
    let blocks = screen.find("\nblocks").unwrap();
    assert!(screen.find("\nwarns").unwrap() > blocks, "blockers first:\n{screen}");
}

#[test]
fn a_clean_source_has_nothing_that_blocks() {
    let schema = unique_schema("clean");
    let pair = mysql();
    pair.source.sql(format!(
        "CREATE DATABASE {schema} CHARACTER SET utf8mb4; USE {schema};
         CREATE TABLE customer (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL,
           at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, KEY (name));
         CREATE TABLE `odd ``name`` of.a-table` (`a b` INT PRIMARY KEY, `c;'d\"` TEXT, `ü` JSON);
         CREATE TABLE orders (id BIGINT AUTO_INCREMENT PRIMARY KEY, customer INT NOT NULL,
           FOREIGN KEY (customer) REFERENCES customer (id));
         CREATE VIEW big AS SELECT * FROM orders WHERE customer = 1;
         CREATE FUNCTION twice(a INT) RETURNS INT DETERMINISTIC RETURN 2 * a;
         CREATE TRIGGER t BEFORE INSERT ON customer FOR EACH ROW SET NEW.name = UPPER(NEW.name);"
    ));
    let rest = format!("[select]\nschemas = [\"{schema}\"]\n");
    let folder = Folder::between(&pair.source, &pair.target, &rest);
    let told = assessed(&folder, &[], 0);
    let ways = &told["assessment"]["ways"];
    assert_eq!((&ways["offline"]["open"], &ways["online"]["open"]), (&true.into(), &true.into()));
    let own =
        findings(&told, |found| found["schema"] == schema.as_str() && found["level"] != "notes");
    assert_eq!(own, "");
    assert_eq!(told["assessment"]["schemas"][0]["tables"], 3);
    assert!(!folder.file(".sealift").exists(), "nothing is written");
}

/// What a server of the lab cannot be, with the reason; everything else passes.
const NOT_PASSED: &[(&str, &str)] =
    &[("account-names", "the lab's root logs in over its socket without a password")];

#[test]
fn a_clean_source_passes_every_check_there_is() {
    let source = start(Options::mysql().arg("--lower-case-table-names=1"));
    let target = start(Options::azure_target());
    source.sql(
        "CREATE USER azadmin IDENTIFIED BY 'Azure-pw1'; GRANT ALL ON clean.* TO azadmin;
         GRANT XA_RECOVER_ADMIN ON *.* TO app_reader;
         CREATE DATABASE clean CHARACTER SET utf8mb4; USE clean;
         CREATE TABLE customer (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL, born DATE,
           kind ENUM('a', 'b') NOT NULL, at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, KEY (name));
         CREATE TABLE orders (id BIGINT AUTO_INCREMENT PRIMARY KEY, customer INT NOT NULL,
           FOREIGN KEY (customer) REFERENCES customer (id));
         INSERT INTO customer (name, born, kind) VALUES ('ada', '1815-12-10', 'a'), ('bea', NULL, 'b');
         INSERT INTO orders (customer) VALUES (1), (2);
         CREATE DEFINER=azadmin@'%' VIEW big AS SELECT * FROM orders WHERE customer = 1;
         CREATE DEFINER=azadmin@'%' FUNCTION twice(a INT) RETURNS INT DETERMINISTIC RETURN 2 * a;
         CREATE DEFINER=azadmin@'%' TRIGGER shout BEFORE INSERT ON customer FOR EACH ROW
           SET NEW.name = UPPER(NEW.name);
         CREATE DEFINER=azadmin@'%' EVENT nightly ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM orders WHERE id < 0;",
    );
    // As Azure's own procedure does.
    target.sql(
        "INSERT INTO mysql.time_zone (time_zone_id, use_leap_seconds) VALUES (1, 'N'), (2, 'N');
         INSERT INTO mysql.time_zone_name VALUES ('UTC', 1), ('Europe/Paris', 2);
         INSERT INTO mysql.time_zone_transition_type VALUES (1, 0, 0, 0, 'UTC'), (2, 0, 3600, 0, 'CET');",
    );
    let folder = Folder::between(&source, &target, "");
    let told = assessed(&folder, &["--scan", "--check-tables", "--probe"], 0);
    let checks = told["assessment"]["checks"].as_array().unwrap();
    assert_eq!(checks.len(), TOPICS.iter().map(|topic| topic.checks.len()).sum::<usize>());
    let lacking: Vec<&str> = checks
        .iter()
        .filter(|check| check["standing"] != "passes")
        .map(|check| check["id"].as_str().unwrap())
        .collect();
    let expected: Vec<&str> = NOT_PASSED.iter().map(|(id, _)| *id).collect();
    assert_eq!(lacking, expected, "{}", findings(&told, |found| found["level"] != "notes"));
    assert_eq!(told["assessment"]["grade"], "ready-with-conditions");
}

#[test]
fn the_sys_schema_under_another_name_has_no_false_blocker() {
    let source = start(Options::mysql());
    let dumped = source
        .client()
        .run("SELECT table_name FROM information_schema.views WHERE table_schema = 'sys'");
    let mut script = String::from("CREATE DATABASE like_sys; USE like_sys;\n");
    for view in dumped.lines() {
        let made = source.sql(format!("SHOW CREATE VIEW sys.`{view}`"));
        let text = made.split('\t').nth(1).unwrap();
        let body = text.split_once(" VIEW ").unwrap().1.replace("`sys`.`", "`like_sys`.`");
        script +=
            &format!("CREATE VIEW {};\n", body.replace("`like_sys`.`format_", "`sys`.`format_"));
    }
    // Views that read others fail until those are there.
    for _ in 0..4 {
        drop(source.client().option("--force").try_run(&script));
    }
    let made =
        source.sql("SELECT COUNT(*) FROM information_schema.views WHERE table_schema = 'like_sys'");
    assert!(made.trim().parse::<u32>().unwrap() > 60, "{made}");
    let rest = "[select]\nschemas = [\"like_sys\"]\n";
    let pair = mysql();
    let folder = Folder::between(&source, &pair.target, rest);
    let told = assessed(&folder, &[], 0);
    assert_eq!(findings(&told, |found| found["level"] == "blocks"), "");
}

#[test]
fn a_mariadb_is_assessed_before_there_is_a_target_and_without_one_configured() {
    let source = start(Options::source(Kind::MariaDb10_11));
    source.sql(
        "CREATE DATABASE shop; USE shop;
         CREATE TABLE a (id INT PRIMARY KEY) ENGINE=Aria;
         CREATE SEQUENCE numbers;
         CREATE TABLE v (id INT PRIMARY KEY) WITH SYSTEM VERSIONING;
         CREATE TABLE c (id INT PRIMARY KEY, t VARCHAR(9)) COLLATE utf8mb4_uca1400_ai_ci;
         CREATE USER native IDENTIFIED BY 'pw';",
    );
    let account = source.account();
    let config = format!(
        "[source]\nurl = \"mysql://{}@{}:{}\"\ntls = \"verify-ca\"\ntls_ca = \"{}\"\n",
        account.user,
        source.host(),
        source.port(),
        source.ca().display()
    );
    let folder = Folder::with(&config).env("SEALIFT_SOURCE_PASSWORD", account.password);
    let told = assessed(&folder, &["--target-profile", "azure-8.4"], 3);
    let objects = |level: &str| -> Vec<String> {
        let said = findings(&told, |found| found["level"] == level && found["schema"] == "shop");
        let lines = said.lines().filter(|line| !line.starts_with(' '));
        lines.map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(": ")).collect()
    };
    assert_eq!(
        objects("blocks"),
        [
            "blocks cannot-be-carried: table `shop`.`numbers`",
            "blocks cannot-be-carried: table `shop`.`v`"
        ]
    );
    assert!(objects("warns").contains(&"warns engine: table `shop`.`a`".to_owned()));
    assert!(objects("warns").contains(&"warns collation-missing: table `shop`.`c`".to_owned()));
    assert_eq!(told["assessment"]["profile"], "Azure Database for MySQL 8.4");
    assert_eq!(standing(&told, "target-read-only"), "not-checked: no-target");
    assert!(
        findings(&told, |_| true)
            .contains("account 'native'@'%': mysql_native_password is not there")
    );
    let without = folder.sealift(&["assess"]);
    assert_eq!(without.code, Some(2), "{}", without.screen());
    assert!(without.stderr.contains("--target-profile azure-8.4"), "{}", without.screen());
    let wrong = folder.sealift(&["assess", "--target-profile", "azure-9"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.screen());
}

#[test]
fn a_poor_account_is_told_what_would_let_it_see_more() {
    let schema = unique_schema("poor");
    let pair = mysql();
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; CREATE TABLE {schema}.t (id INT PRIMARY KEY);
         CREATE VIEW {schema}.v AS SELECT * FROM {schema}.t;
         CREATE USER {schema} IDENTIFIED BY 'poor-pw1'; GRANT SELECT ON {schema}.* TO {schema};"
    ));
    let folder =
        Folder::between(&pair.source, &pair.target, "").env("SEALIFT_SOURCE_PASSWORD", "poor-pw1");
    folder.reconfigure("mysql://app_reader@", &format!("mysql://{schema}@"));
    let told = assessed(&folder, &[], 3);
    assert_eq!(standing(&told, "hidden-objects"), "not-checked: privilege");
    assert_eq!(standing(&told, "long-transactions"), "not-checked: privilege");
    assert_eq!(standing(&told, "replication-grants"), "blocks");
    assert_eq!(told["assessment"]["schemas"][0]["grade"], "unknown");
    let screen = folder.sealift(&["assess"]).stdout;
    for grant in ["GRANT PROCESS ON *.* TO", "GRANT SELECT ON mysql.user TO", "GRANT SHOW VIEW ON"]
    {
        assert!(screen.contains(grant), "{grant}:\n{screen}");
    }
}

#[test]
fn an_account_that_sees_nothing_is_told_what_would_show_it_all() {
    let pair = mysql();
    let user = unique_schema("blind");
    pair.source.sql(format!("CREATE USER {user} IDENTIFIED BY 'blind-pw1'"));
    let folder =
        Folder::between(&pair.source, &pair.target, "").env("SEALIFT_SOURCE_PASSWORD", "blind-pw1");
    folder.reconfigure("mysql://app_reader@", &format!("mysql://{user}@"));
    let ran = folder.sealift(&["assess"]);
    assert_eq!(ran.code, Some(1), "{}", ran.screen());
    // The terminal breaks lines.
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("SL0507"), "{said}");
    let grant = format!("GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON *.* TO `{user}`@`%`");
    assert!(said.contains(&grant), "{said}");
}

#[test]
fn triggers_that_plan_apply_has_made_are_no_blocker() {
    let schema = unique_schema("applied");
    let pair = mysql();
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; CREATE TABLE t (id INT PRIMARY KEY);
         CREATE TRIGGER Acts BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id;"
    ));
    let rest = format!("[select]\nschemas = [\"{schema}\"]\n");
    let folder = Folder::between(&pair.source, &pair.target, &rest);
    for args in [["plan"].as_slice(), &["plan", "apply"]] {
        let ran = folder.sealift(args);
        assert_eq!(ran.code, Some(0), "{}", ran.screen());
    }
    let told = assessed(&folder, &[], 0);
    assert_eq!(standing(&told, "target-triggers"), "passes");
    pair.target.sql(format!(
        "DROP TABLE {schema}.t; CREATE TABLE {schema}.t (id INT PRIMARY KEY);
         CREATE TRIGGER {schema}.other BEFORE INSERT ON {schema}.t FOR EACH ROW SET NEW.id = 1"
    ));
    assert_eq!(standing(&assessed(&folder, &[], 3), "target-triggers"), "blocks");
}

#[test]
fn what_is_accepted_no_longer_counts() {
    let schema = unique_schema("accepted");
    let pair = mysql();
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema};
         CREATE TABLE a (id INT PRIMARY KEY, c INT); CREATE TABLE A (id INT PRIMARY KEY);"
    ));
    let rest = format!("[select]\nschemas = [\"{schema}\"]\n");
    let folder = Folder::between(&pair.source, &pair.target, &rest);
    assert_eq!(standing(&assessed(&folder, &[], 3), "names-collide"), "blocks");
    let before = folder.sealift(&["assess", "--json"]).stdout;
    folder.write("before.json", &before);
    pair.source.sql(format!("CREATE TABLE {schema}.keyless (a INT)"));
    let accept = format!(
        "[assess]\naccept = [{{ id = \"names-collide\", object = \"{schema}.*\", reason = \"renamed later\" }},\n\
         {{ id = \"engine\", reason = \"none\" }}]\n[select]"
    );
    folder.reconfigure("[select]", &accept);
    let told = assessed(&folder, &["--baseline", "before.json"], 0);
    let objects = |key: &str| -> Vec<String> {
        let told = told["changes"][key].as_array().unwrap().iter();
        told.map(|told| told["object"].as_str().unwrap().to_owned()).collect()
    };
    assert!(
        objects("new").contains(&format!("table `{schema}`.`keyless`")),
        "{:?}",
        objects("new")
    );
    assert_eq!(
        objects("accepted"),
        [format!("table `{schema}`.`A`"), format!("table `{schema}`.`a`")]
    );
    assert_eq!(standing(&told, "names-collide"), "passes");
    assert_eq!(told["assessment"]["idle_acceptances"][0]["id"], "engine");
    assert!(folder.sealift(&["assess", "--all"]).stdout.contains("renamed later"));
}
