//! Every check finds what it is for: a defect planted in a real server, under the name it has there.

use std::collections::BTreeSet;

use sealift_lab::server::APP_READER;
use sealift_lab::{Kind, Options, Server, wait_until};
use sealift_schema::rule::TOPICS;
use serde_json::Value;

use super::{assessed_any, start};
use crate::folder::Folder;
use crate::pairs::mysql;

/// Where a defect is planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scenario {
    /// `messy.sql` on a MySQL with bad settings, with all that can be asked for.
    Messy,
    /// The same before there is a target, for Azure.
    ForAzure,
    /// The same for an Azure of the oldest version.
    ForOldAzure,
    /// A MariaDB.
    MariaDb,
    /// A target with bad settings and things on it.
    BadTarget,
    /// A source without a binary log, with pages of another size.
    NoLog,
    /// A source that follows the target and filters its log.
    Replica,
    /// Accounts that may do little, connections that are not protected.
    Poor,
    /// Definers that are kept by their logins, and may do little on the target.
    Keeping,
}

use Scenario::{BadTarget, ForAzure, ForOldAzure, Keeping, MariaDb, Messy, NoLog, Poor, Replica};

/// What each check says, at least once: where, which check, how bad, of what. An object that ends in `…` may go on;
/// a level of `…` is for the machine to decide.
const PLANTED: &[(Scenario, &str, &str, &str)] = &[
    (Messy, "round-trip", "notes", "the source"),
    (Poor, "connection-protection", "warns", "the source"),
    (Messy, "target-platform", "notes", "the target"),
    (BadTarget, "target-read-only", "blocks", "variable super_read_only of the target"),
    (MariaDb, "source-platform", "warns", "the source"),
    (ForAzure, "version-path", "blocks", "MySQL 9.…"),
    (ForOldAzure, "target-lifetime", "warns", "the target"),
    (Messy, "lower-case-table-names", "warns", "variable lower_case_table_names of the target"),
    (Messy, "mixed-case-names", "warns", "table `Shop`.`Orders`"),
    (Messy, "names-collide", "blocks", "table `Shop`.`Orders`"),
    (Messy, "sql-mode-differs", "warns", "variable sql_mode of the target"),
    (MariaDb, "removed-sql-mode-in-code", "notes", "procedure `shop`.`old_mode`"),
    (Messy, "default-charset-differs", "warns", "variable character_set_server of the target"),
    (MariaDb, "collation-missing", "warns", "table `shop`.`collated`"),
    (BadTarget, "time-zone", "warns", "variable time_zone of the target"),
    (
        MariaDb,
        "timestamp-defaults",
        "warns",
        "variable explicit_defaults_for_timestamp of the target",
    ),
    (BadTarget, "max-allowed-packet", "warns", "variable max_allowed_packet of the target"),
    (NoLog, "page-size", "warns", "variable innodb_page_size of the source"),
    (Messy, "workload-settings", "warns", "variable group_concat_max_len of the target"),
    (BadTarget, "connections", "blocks", "variable max_connections of the target"),
    (Messy, "start-hooks", "warns", "variable init_connect of the source"),
    (Messy, "non-default-variables", "notes", "the source"),
    (MariaDb, "cannot-be-carried", "blocks", "table `shop`.`numbers`"),
    (Messy, "engine", "blocks", "table `Shop`.`hole`"),
    (Messy, "memory-table", "warns", "table `Shop`.`memory_only`"),
    (Messy, "no-primary-key", "warns", "table `Shop`.`keyless`"),
    (
        Messy,
        "generated-primary-key",
        "notes",
        "variable sql_generate_invisible_primary_key of the target",
    ),
    (Messy, "keyless-counter-or-partition", "notes", "table `Shop`.`keyless_counter`"),
    (Messy, "my-row-id", "warns", "column `Shop`.`row_id`.`my_row_id`"),
    (Messy, "tablespace", "notes", "file of table Shop/shared_file"),
    (Messy, "tablespace", "notes", "file of table Shop/general_file"),
    (Messy, "row-format", "warns", "table `Shop`.`squeezed`"),
    (Messy, "row-size", "warns", "table `Shop`.`wide`"),
    (Messy, "unreadable-on-source", "warns", "table `Shop`.`merged`"),
    (Poor, "hidden-objects", "not-checked", "privilege"),
    (MariaDb, "partition-count", "warns", "table `shop`.`partitions`"),
    (Messy, "readable-rows", "blocks", "table `Shop`.`damaged`"),
    (Messy, "damaged-table", "blocks", "table `Shop`.`damaged`"),
    (MariaDb, "comment-not-text", "warns", "table `shop`.`commented`"),
    (Messy, "utf8mb3", "warns", "table `Shop`.`Orders`"),
    (Messy, "single-byte-charset", "notes", "table `Shop`.`latin`"),
    (Messy, "generated-column", "notes", "column `Shop`.`computed`.`b`"),
    (Messy, "float-in-key", "warns", "column `Shop`.`floating`.`f`"),
    (MariaDb, "float-auto-increment", "blocks", "column `shop`.`counter`.`f`"),
    (Messy, "zero-date-default", "warns", "column `Shop`.`zero`.`d`"),
    (Messy, "deprecated-number-form", "notes", "column `Shop`.`padded`.`a`"),
    (MariaDb, "old-temporal-type", "warns", "column `shop`.`old_times`.`at`"),
    (MariaDb, "reserved-word", "warns", "column `shop`.`ranked`.`rank`"),
    (Messy, "impossible-date", "warns", "column `Shop`.`wrong`.`at`"),
    (Messy, "enum-without-member", "warns", "column `Shop`.`wrong`.`kind`"),
    (Messy, "broken-text", "blocks", "column `Shop`.`garbled`.`c`"),
    (Messy, "utf8-in-other-charset", "warns", "column `Shop`.`latin`.`b`"),
    (Messy, "text-too-long", "blocks", "column `Shop`.`garbled`.`c`"),
    (MariaDb, "check-broken", "blocks", "check `shop`.`checked`.`j`"),
    (Messy, "foreign-key-to-no-unique-key", "warns", "foreign key `Shop`.`loose`.`fk_loose`"),
    (Messy, "foreign-key-types", "blocks", "foreign key `Shop`.`text_child`.`fk_text`"),
    (Messy, "needs-what-is-left-out", "blocks", "table `apart`.`kept`"),
    (Messy, "fulltext", "warns", "index `Shop`.`old_engine`.`ft`"),
    (Messy, "orphan-rows", "warns", "foreign key `Shop`.`wrong`.`fk_wrong`"),
    (Messy, "invalid-view", "warns", "view `Shop`.`broken`"),
    (Messy, "foreign-definer", "warns", "definer ghost@%"),
    (Messy, "orphan-definer", "warns", "view `Shop`.`haunted`"),
    (ForAzure, "forbidden-statement", "warns", "procedure `Shop`.`writes_files`"),
    (Messy, "events", "notes", "event `Shop`.`nightly`"),
    (Keeping, "definer-privileges", "warns", "trigger `Shop`.`owned`"),
    (BadTarget, "target-triggers", "blocks", "trigger `there`.`acts`"),
    (Poor, "unreadable-body", "blocks", "procedure `little`.`hidden`"),
    (Messy, "loadable-function", "warns", "function lost of lost.so"),
    (Messy, "plugins", "warns", "plugin validate_password of the source"),
    (Messy, "foreign-server", "warns", "server erp of the source"),
    (Messy, "spatial-reference-system", "warns", "spatial reference system 990001 ours"),
    (MariaDb, "removed-syntax", "warns", "procedure `shop`.`old_words`"),
    (MariaDb, "mariadb-only-syntax", "warns", "procedure `shop`.`own_words`"),
    (MariaDb, "reserved-word-in-code", "blocks", "procedure `shop`.`reads_rank`"),
    (MariaDb, "login-plugin", "warns", "account 'native'@'%'"),
    (ForAzure, "privileges-not-offered", "warns", "account 'ops'@'%'"),
    (Messy, "account-hosts", "notes", "account 'near'@'localhost'"),
    (Messy, "account-names", "warns", "account 'open'@'%'"),
    (Messy, "wildcard-grants", "warns", "account 'open'@'%'"),
    (Messy, "roles-and-proxies", "notes", "roles of the source"),
    (Messy, "account-attributes", "notes", "account 'limited'@'10.0.0.%'"),
    (BadTarget, "password-policy", "warns", "variable validate_password.policy of the target"),
    (Messy, "grants-on-system-schemas", "warns", "account 'open'@'%'"),
    (NoLog, "binary-log-off", "blocks", "variable log_bin of the source"),
    (Messy, "binary-log-format", "warns", "variable binlog_row_image of the source"),
    (Messy, "binary-log-metadata", "notes", "variable binlog_row_metadata of the source"),
    (
        Replica,
        "binary-log-compression",
        "notes",
        "variable binlog_transaction_compression of the source",
    ),
    (Messy, "binary-log-retention", "blocks", "the source"),
    (Replica, "replica-as-source", "notes", "replication of the source from 127.0.0.1"),
    (Replica, "binary-log-filter", "blocks", "schema `unlogged`"),
    (Messy, "gtid", "notes", "variable gtid_mode of the source"),
    (NoLog, "server-id", "blocks", "variable server_id of the source"),
    (Poor, "replication-grants", "blocks", "account 'little'@'%' on the source"),
    (Messy, "cascading-foreign-key", "notes", "foreign key `Shop`.`cascading`.`fk_cascade`"),
    (Messy, "prepared-xa", "warns", "XA transaction left"),
    (NoLog, "time-limits", "warns", "variable wait_timeout of the source"),
    (Messy, "fencing", "notes", "the source"),
    (Messy, "binary-log-volume", "notes", "binary log of the source"),
    (Poor, "binary-log-readable", "blocks", "binary log of the source"),
    (Messy, "logged-statements", "warns", "transaction …"),
    (Messy, "largest-transaction", "notes", "transaction …"),
    (BadTarget, "write-rate", "…", "the target"),
    (Poor, "snapshot-grants", "warns", "account 'little'@'%' on the source"),
    (Poor, "target-grants", "blocks", "account 'little'@'%' on the target"),
    (MariaDb, "target-reads-definitions", "blocks", "procedure `shop`.`reads_rank`"),
    (BadTarget, "target-not-empty", "warns", "table `there`.`filled`"),
    (
        BadTarget,
        "function-creators",
        "blocks",
        "variable log_bin_trust_function_creators of the target",
    ),
    (BadTarget, "local-infile", "warns", "variable local_infile of the target"),
    (BadTarget, "load-settings", "warns", "variable general_log of the target"),
    (Messy, "storage-headroom", "notes", "storage of the target"),
    (Replica, "high-availability", "warns", "the target"),
    (ForAzure, "maintenance-window", "not-checked", "unseen"),
    (ForAzure, "connection-strings", "not-checked", "unseen"),
    (Poor, "clients-without-tls", "warns", "account 'little'@…"),
];

/// Checks whose defect cannot be planted here, with the reason. Their judgement is tested without servers.
const NOT_PLANTED: &[(&str, &str)] = &[
    ("clock-skew", "both servers have this machine's clock"),
    ("entra-only-login", "only Azure has the variable"),
    ("compute-size", "only said of an Azure server that is there"),
    ("large-table", "it takes a table of 500 GiB, or a file of 8 TiB"),
    ("table-count", "10,000 tables take minutes: cargo x bench assess makes 20,000"),
    ("name-too-long", "no server that runs here takes such names"),
    ("index-too-wide", "no server that runs here takes such indexes"),
    ("long-transactions", "one is long after a minute"),
    ("physical-import", "it is said of a terabyte"),
];

#[test]
fn every_check_has_a_planted_defect_or_a_reason_why_not() {
    let checks: BTreeSet<&str> =
        TOPICS.iter().flat_map(|topic| topic.checks).map(|check| check.id).collect();
    let planted: BTreeSet<&str> = PLANTED.iter().map(|(_, id, ..)| *id).collect();
    let not_planted: BTreeSet<&str> = NOT_PLANTED.iter().map(|(id, _)| *id).collect();
    let both: Vec<&&str> = planted.intersection(&not_planted).collect();
    assert!(both.is_empty(), "planted and not: {both:?}");
    let all: BTreeSet<&str> = planted.union(&not_planted).copied().collect();
    let lacking: Vec<&&str> = checks.difference(&all).collect();
    assert!(lacking.is_empty(), "plant a defect for, or say why that cannot be: {lacking:?}");
    let unknown: Vec<&&str> = all.difference(&checks).collect();
    assert!(unknown.is_empty(), "no check has this name: {unknown:?}");
}

/// Whether a check says this of that.
fn says(told: &Value, id: &str, level: &str, object: &str) -> bool {
    let checks = told["assessment"]["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no {id}"));
    if level == "not-checked" {
        return check["standing"] == level && check["not_checked"]["because"] == object;
    }
    check["findings"].as_array().into_iter().flatten().any(|found| {
        let name = found["object"].as_str().unwrap();
        let is_it = match object.split_once('…') {
            Some((begins, _)) => name.starts_with(begins),
            None => name == object,
        };
        (level == "…" || found["level"] == level) && is_it
    })
}

/// All defects of a scenario are found.
#[track_caller]
pub(super) fn assert_found(scenario: Scenario, told: &Value) {
    let lacking: Vec<String> = PLANTED
        .iter()
        .filter(|(where_, id, level, object)| *where_ == scenario && !says(told, id, level, object))
        .map(|(_, id, level, object)| format!("{level} {id}: {object}"))
        .collect();
    let all = super::findings(told, |_| true);
    assert!(lacking.is_empty(), "{scenario:?} does not say:\n{}\nbut:\n{all}", lacking.join("\n"));
}

/// What the messy source is told without a target.
pub(super) fn messy_without_target(folder: &Folder) {
    for (profile, scenario) in [("azure-8.4", ForAzure), ("azure-8.0", ForOldAzure)] {
        assert_found(scenario, &assessed_any(folder, &["--target-profile", profile]));
    }
}

#[test]
fn a_mariadb_with_everything_only_it_has() {
    let source = start(
        Options::source(Kind::MariaDb10_11)
            .arg("--explicit-defaults-for-timestamp=OFF")
            .arg("--mysql56-temporal-format=OFF"),
    );
    source.sql(
        "CREATE DATABASE shop; USE shop;
         CREATE SEQUENCE numbers;
         CREATE TABLE collated (id INT PRIMARY KEY, t VARCHAR(9)) COLLATE utf8mb4_uca1400_ai_ci;
         CREATE TABLE counter (f DOUBLE AUTO_INCREMENT PRIMARY KEY);
         CREATE TABLE old_times (id INT PRIMARY KEY, at DATETIME, t TIMESTAMP);
         CREATE TABLE ranked (id INT PRIMARY KEY, `rank` INT);
         CREATE TABLE partitions (a INT PRIMARY KEY) ENGINE=MEMORY PARTITION BY HASH (a) PARTITIONS 1001;
         CREATE PROCEDURE reads_rank() SELECT rank FROM ranked;
         CREATE PROCEDURE old_words() SELECT PASSWORD('x');
         CREATE PROCEDURE own_words() SELECT TO_CHAR(NOW());
         CREATE TABLE commented (id INT PRIMARY KEY COMMENT 'M#ller') COMMENT 'of M#ller';
         CREATE TABLE checked (id INT PRIMARY KEY, j JSON);
         SET check_constraint_checks = OFF; INSERT INTO checked VALUES (1, '{}'), (2, 'no json');
         SET sql_mode = 'NO_AUTO_CREATE_USER';
         CREATE PROCEDURE old_mode() SELECT 1;
         CREATE USER native IDENTIFIED BY 'pw';",
    );
    garble_comments(&source);
    let pair = mysql();
    let folder = Folder::between(&source, &pair.target, "");
    assert_found(MariaDb, &assessed_any(&folder, &["--scan"]));
}

/// Puts bytes of latin1 into comments, as tables have them that an old server made.
fn garble_comments(source: &Server) {
    source.sql("FLUSH TABLES");
    let file = source.data().join("shop/commented.frm");
    let mut bytes = std::fs::read(&file).unwrap();
    let places: Vec<usize> =
        (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"M#ller")).collect();
    assert!(places.len() >= 2, "both comments: {places:?}");
    for at in places {
        bytes[at + 1] = 0xfc;
    }
    std::fs::write(file, bytes).unwrap();
    source.sql("FLUSH TABLES");
}

#[test]
fn a_target_that_is_not_ready() {
    let target = start(
        Options::azure_target()
            .without_local_infile()
            .arg("--default-time-zone=+02:00")
            .arg("--max-allowed-packet=16M")
            .arg("--max-connections=8")
            .arg("--general-log=ON")
            .arg("--log-bin-trust-function-creators=OFF"),
    );
    target.sql(
        "INSTALL COMPONENT 'file://component_validate_password';
         CREATE DATABASE there; USE there;
         CREATE TABLE filled (id INT PRIMARY KEY); INSERT INTO filled VALUES (1);
         CREATE TRIGGER acts BEFORE INSERT ON filled FOR EACH ROW SET NEW.id = NEW.id;",
    );
    let source = start(Options::mysql());
    source.sql(
        "CREATE DATABASE there; USE there; CREATE TABLE filled (id INT PRIMARY KEY);
         CREATE TABLE rows_to_copy (id INT PRIMARY KEY, t TEXT);
         SET cte_max_recursion_depth = 100000;
         INSERT INTO rows_to_copy WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
           SELECT i, REPEAT('x', 50) FROM n; ANALYZE TABLE rows_to_copy;
         CREATE PROCEDURE p() SELECT 1;",
    );
    // More at once than the target will take.
    let mut clients: Vec<_> = (0..9).map(|_| source.client().command().spawn().unwrap()).collect();
    wait_until("nine connections", || {
        let used = source.sql("SHOW GLOBAL STATUS LIKE 'Max_used_connections'");
        let used: u32 = used.split_whitespace().nth(1)?.parse().ok()?;
        (used > 8).then_some(())
    });
    for client in &mut clients {
        drop(client.stdin.take());
        client.wait().unwrap();
    }
    let folder = Folder::between(&source, &target, "");
    let probed = assessed_any(&folder, &["--scan", "--probe"]);
    assert_eq!(target.sql("SHOW DATABASES LIKE 'sealift%'"), "", "nothing of the probe stays");
    // Only now: a probe writes.
    target.sql("SET GLOBAL super_read_only = ON");
    let mut told = assessed_any(&folder, &[]);
    let checks = told["assessment"]["checks"].as_array_mut().unwrap();
    checks.retain(|check| check["id"] != "write-rate");
    let rate = probed["assessment"]["checks"].as_array().unwrap().iter();
    checks.extend(rate.filter(|check| check["id"] == "write-rate").cloned());
    assert_found(BadTarget, &told);
}

#[test]
fn a_source_without_a_log() {
    let source = start(
        Options::mysql()
            .without_gtid()
            .arg("--skip-log-bin")
            .arg("--server-id=0")
            .arg("--innodb-page-size=8k")
            .arg("--wait-timeout=20"),
    );
    source.sql("CREATE DATABASE shop; CREATE TABLE shop.t (id INT PRIMARY KEY)");
    let pair = mysql();
    let folder = Folder::between(&source, &pair.target, "");
    assert_found(NoLog, &assessed_any(&folder, &["--scan"]));
}

#[test]
fn a_source_that_is_a_replica_and_filters_its_log() {
    let target = start(Options::azure_target());
    let source = start(
        Options::mysql()
            .arg("--server-id=2")
            .arg("--binlog-ignore-db=unlogged")
            .arg("--binlog-transaction-compression=ON"),
    );
    source.sql("CREATE DATABASE unlogged; CREATE TABLE unlogged.t (id INT PRIMARY KEY)");
    let admin = target.account();
    source.sql(format!(
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {}, SOURCE_USER = '{}',
           SOURCE_PASSWORD = '{}', SOURCE_SSL = 1, SOURCE_AUTO_POSITION = 1;
         START REPLICA;",
        target.port(),
        admin.user,
        admin.password
    ));
    wait_until("a replica", || (!target.sql("SHOW REPLICAS").is_empty()).then_some(()));
    let folder = Folder::between(&source, &target, "");
    assert_found(Replica, &assessed_any(&folder, &[]));
}

#[test]
fn definers_that_may_not_make_what_is_theirs() {
    let (source, target) = (start(Options::mysql()), start(Options::azure_target()));
    for server in [&source, &target] {
        server.sql("CREATE USER owner IDENTIFIED BY 'pw', able IDENTIFIED BY 'pw', role_player IDENTIFIED BY 'pw'");
    }
    source.sql(
        "CREATE DATABASE Shop; USE Shop; CREATE TABLE t (id INT PRIMARY KEY);
         GRANT ALL ON Shop.* TO owner, able, role_player;
         CREATE DEFINER=owner@'%' TRIGGER owned BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id;
         CREATE DEFINER=able@'%' TRIGGER well BEFORE UPDATE ON t FOR EACH ROW SET NEW.id = NEW.id;
         CREATE DEFINER=owner@'%' EVENT late ON SCHEDULE EVERY 1 DAY DISABLE DO DO 0;
         CREATE DEFINER=role_player@'%' EVENT played ON SCHEDULE EVERY 1 DAY DISABLE DO DO 0;",
    );
    target.sql(
        "CREATE DATABASE shop; CREATE TABLE shop.t (id INT PRIMARY KEY); CREATE ROLE scheduler;
         GRANT TRIGGER ON shop.t TO able; GRANT EVENT ON `sh%`.* TO owner; GRANT EVENT ON shop.* TO scheduler;
         GRANT scheduler TO role_player; SET DEFAULT ROLE scheduler TO role_player;",
    );
    let rest = "[rewrite]\ndefiner = \"keep-by-login\"\n";
    let folder = Folder::between(&source, &target, rest);
    let told = assessed_any(&folder, &[]);
    assert_found(Keeping, &told);
    let of_check =
        super::findings(&told, |found| found["what"].as_str().unwrap().contains("its definer"));
    let lines: Vec<&str> =
        of_check.lines().filter(|line| line.contains("definer-privileges")).collect();
    assert_eq!(lines.len(), 2, "{of_check}");
    assert!(of_check.contains("notes definer-privileges: event `Shop`.`played`"), "{of_check}");
    assert!(of_check.contains("GRANT TRIGGER ON `shop`.* TO 'owner'@'%'"), "{of_check}");
}

#[test]
fn accounts_that_may_do_little() {
    let target = start(Options::azure_target());
    let source = start(Options::mysql());
    let little = "CREATE USER little IDENTIFIED BY 'little-pw1';";
    source.sql(format!(
        "CREATE DATABASE little; USE little; CREATE TABLE t (id INT PRIMARY KEY);
         CREATE PROCEDURE hidden() SELECT 1;
         {little} GRANT SELECT, EXECUTE ON little.* TO little; GRANT REPLICATION CLIENT ON *.* TO little;
         GRANT SELECT ON performance_schema.* TO little;"
    ));
    target.sql(little);
    let folder = Folder::between(&source, &target, "")
        .env("SEALIFT_SOURCE_PASSWORD", "little-pw1")
        .env("SEALIFT_TARGET_PASSWORD", "little-pw1");
    folder.reconfigure(&format!("mysql://{}@", APP_READER.user), "mysql://little@");
    folder.reconfigure(&format!("mysql://{}@", target.account().user), "mysql://little@");
    let certificate =
        format!("tls = \"verify-ca\"\ntls_ca = \"{}\"\n[target]", source.ca().display());
    folder.reconfigure(&certificate, "tls = \"off\"\n[target]");
    assert_found(Poor, &assessed_any(&folder, &["--scan"]));
}

/// What makes a server messy beyond one script.
pub(super) fn damage(source: &Server) {
    let columns: Vec<String> =
        (0..210).map(|number| format!("c{number} VARCHAR(40) NOT NULL")).collect();
    source.sql(format!(
        "SET innodb_strict_mode = OFF; CREATE TABLE Shop.wide (id INT PRIMARY KEY, {}); FLUSH TABLES",
        columns.join(", ")
    ));
    std::fs::write(source.data().join("Shop/damaged.MYD"), b"no rows").unwrap();
    // No statement writes what is no text: it comes with a file.
    for ending in ["MYD", "MYI"] {
        let file = |table: &str| source.data().join(format!("Shop/{table}.{ending}"));
        std::fs::copy(file("garbage"), file("garbled")).unwrap();
    }
    source.sql("FLUSH TABLES; DROP TABLE Shop.garbage");
}
