//! What a server refuses in the middle of a run: told by code, side and object; put right, the same command ends it.

use sealift_lab::oracle::Comparison;
use sealift_lab::{Account, Options, Pair, Server, unique_schema};

use super::{allowed, ends_with, folder};
use crate::folder::{Folder, Ran};
use crate::pairs::mysql;

const RUN: &[&str] = &["run", "--offline", "--json"];

/// The error of a run that must fail: code, side, object and what happened.
#[track_caller]
fn error(ran: &Ran) -> [String; 4] {
    ends_with(1, ran);
    let error = ran.json()["error"].clone();
    ["code", "side", "object", "what"].map(|key| error[key].as_str().unwrap_or_default().to_owned())
}

#[track_caller]
fn ends_equal(folder: &Folder, schema: &str, source: &Server, target: &Server) {
    ends_with(0, &folder.sealift(RUN));
    allowed(Comparison::of([schema])).assert_same(source, target);
}

#[test]
fn a_row_larger_than_the_targets_packets_is_named_with_its_size() {
    let pair = mysql();
    let options = Options::azure_target().without_local_infile();
    let target = Server::start(options.arg("--max-allowed-packet=64K")).unwrap();
    let source = &pair.source;
    let schema = unique_schema("large_row");
    source.sql(format!(
        "CREATE DATABASE {schema}; CREATE TABLE {schema}.t (id INT PRIMARY KEY, b LONGBLOB); \
         INSERT INTO {schema}.t VALUES (1, 'x'), (2, REPEAT('y', 200000)), (3, 'z')"
    ));
    let folder = folder(source, &target, &[&schema], "");
    let [code, side, object, what] = error(&folder.sealift(RUN));
    assert_eq!((code.as_str(), side.as_str()), ("SL0405", "target"), "{what}");
    assert_eq!(object, format!("table `{schema}`.`t`"));
    let size: u64 = what.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
    assert!((200_000..500_000).contains(&size), "{what}");
    assert_eq!(target.sql(format!("SELECT COUNT(*) FROM {schema}.t")), "0\n");
    target.sql("SET GLOBAL max_allowed_packet = 67108864");
    ends_equal(&folder, &schema, source, &target);
}

#[test]
fn a_target_without_room_is_said_and_gone_on_with_when_there_is_some() {
    let pair = mysql();
    // Everything in one file that may not grow further: what a full disk looks like to a client.
    let options = Options::azure_target().arg("--innodb-file-per-table=OFF");
    let file = |mib: u32| format!("--innodb-data-file-path=ibdata1:12M:autoextend:max:{mib}M");
    let mut target = Server::start(options.arg(file(24))).unwrap();
    let source = &pair.source;
    let schema = unique_schema("no_room");
    source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; SET cte_max_recursion_depth = 100000; \
         CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(2000)); \
         INSERT INTO t WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM s WHERE n < 20000) \
           SELECT n, REPEAT('a', 1500) FROM s"
    ));
    let folder = folder(source, &target, &[&schema], "");
    let [code, side, object, what] = error(&folder.sealift(RUN));
    assert_eq!((code.as_str(), side.as_str()), ("SL0404", "target"), "{what}");
    assert_eq!(object, format!("table `{schema}`.`t`"));
    target.stop();
    target.add_args([file(400)]);
    target.start_again().unwrap();
    ends_equal(&folder, &schema, source, &target);
}

#[test]
fn values_the_target_would_change_are_refused_with_their_column() {
    let pair = mysql();
    let Pair { source, target } = &*pair;
    let schema = unique_schema("narrowed");
    source.sql(format!(
        "CREATE DATABASE {schema}; CREATE TABLE {schema}.t (id INT PRIMARY KEY, a VARCHAR(20)); \
         INSERT INTO {schema}.t VALUES (1, 'short'), (2, 'longer than five')"
    ));
    let folder = folder(source, target, &[&schema], "");
    ends_with(0, &folder.sealift(&["plan"]));
    let script = folder.file(format!(".sealift/plan/20-tables/{schema}/t.sql"));
    let generated = std::fs::read_to_string(&script).unwrap();
    std::fs::write(&script, generated.replace("varchar(20)", "varchar(5)")).unwrap();
    let [code, side, object, what] = error(&folder.sealift(RUN));
    assert_eq!((code.as_str(), side.as_str()), ("SL0601", "target"), "{what}");
    assert_eq!(object, format!("table `{schema}`.`t`"));
    assert!(what.contains("'a'"), "{what}");
    assert_eq!(target.sql(format!("SELECT COUNT(*) FROM {schema}.t")), "0\n");
    target.sql(format!("ALTER TABLE {schema}.t MODIFY a VARCHAR(20)"));
    ends_equal(&folder, &schema, source, target);
}

#[test]
fn a_privilege_missing_for_one_object_is_named_with_it() {
    let pair = mysql();
    let Pair { source, target } = &*pair;
    let schema = unique_schema("unseen_view");
    let reader = Account { user: "no_show_view", password: "reader-pw2" };
    source.sql(format!(
        "CREATE DATABASE {schema}; CREATE TABLE {schema}.t (id INT PRIMARY KEY); \
         CREATE VIEW {schema}.v AS SELECT id FROM {schema}.t; \
         CREATE USER no_show_view IDENTIFIED BY 'reader-pw2'; \
         GRANT SELECT, TRIGGER, EVENT, LOCK TABLES ON {schema}.* TO no_show_view; \
         GRANT SHOW_ROUTINE ON *.* TO no_show_view"
    ));
    let folder = folder(source, target, &[&schema], "");
    folder.reconfigure(source.account().user, reader.user);
    let folder = folder.env("SEALIFT_SOURCE_PASSWORD", reader.password);
    let ran = folder.sealift(RUN);
    let [code, side, object, _what] = error(&ran);
    assert_eq!((code.as_str(), side.as_str()), ("SL0403", "source"), "{}", ran.screen());
    assert!(object.contains("`v`"), "{}", ran.screen());
    assert!(ran.json()["error"]["remedy"].to_string().contains("SHOW VIEW"), "{}", ran.screen());
    source.sql(format!("GRANT SHOW VIEW ON {schema}.v TO no_show_view"));
    ends_equal(&folder, &schema, source, target);
}
