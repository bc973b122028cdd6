//! What a run refuses, with its code, and that nothing was done.

use sealift_lab::{Account, Pair, Server, unique_schema};

use super::held::Held;
use super::{ends_with, folder};
use crate::folder::Folder;
use crate::pairs::{mariadb, mysql};

fn one_table(pair: &Pair, stem: &str) -> (Folder, String) {
    let schema = unique_schema(stem);
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; CREATE TABLE {schema}.t (id INT PRIMARY KEY, a INT); \
         INSERT INTO {schema}.t VALUES (1, 1), (2, 2)"
    ));
    (folder(&pair.source, &pair.target, &[&schema], ""), schema)
}

fn refused(folder: &Folder, args: &[&str]) -> (Option<i32>, String) {
    let ran = folder.sealift(args);
    (ran.code, ran.error_code())
}

const RUN: &[&str] = &["run", "--offline", "--json"];

#[test]
fn rows_on_the_target_are_refused_unless_they_may_be_removed() {
    let pair = mysql();
    let (folder, schema) = one_table(&pair, "not_empty");
    let target = &pair.target;
    target.sql(format!(
        "CREATE DATABASE {schema}; CREATE TABLE {schema}.t (id INT PRIMARY KEY, a INT); \
         INSERT INTO {schema}.t VALUES (9, 9)"
    ));
    assert_eq!(refused(&folder, RUN), (Some(1), "SL0504".into()));
    let rows = || target.client().option("-N").run(format!("SELECT id FROM {schema}.t"));
    assert_eq!(rows(), "9\n");
    let config = std::fs::read_to_string(folder.file("sealift.toml")).unwrap();
    folder.write("sealift.toml", &format!("{config}[copy]\nnot_empty = \"truncate\"\n"));
    ends_with(0, &folder.sealift(RUN));
    assert_eq!(rows(), "1\n2\n");
}

#[test]
fn a_plan_beneath_which_the_source_moved_is_refused() {
    let pair = mysql();
    let (folder, schema) = one_table(&pair, "stale");
    ends_with(0, &folder.sealift(&["plan"]));
    pair.source.sql(format!("ALTER TABLE {schema}.t ADD b INT"));
    assert_eq!(refused(&folder, RUN), (Some(1), "SL0503".into()));
    ends_with(0, &folder.sealift(&["plan"]));
    ends_with(0, &folder.sealift(RUN));
}

#[test]
fn the_state_folder_of_another_migration_is_refused() {
    let pair = mysql();
    let (folder, _schema) = one_table(&pair, "foreign");
    ends_with(0, &folder.sealift(RUN));
    let other = mariadb();
    folder
        .reconfigure(&format!(":{}\"", pair.source.port()), &format!(":{}\"", other.source.port()));
    assert_eq!(refused(&folder, RUN).1, "SL0202");
}

#[test]
fn the_state_folder_of_another_run_that_goes_on_is_refused() {
    let pair = mysql();
    let (folder, schema) = one_table(&pair, "locked");
    let held = Held::at(&folder, "prepared=hold").unwrap_or_else(|ran| panic!("{}", ran.screen()));
    assert_eq!(refused(&folder, RUN), (Some(1), "SL0201".into()));
    ends_with(0, &held.go_on());
    let rows = pair.target.sql(format!("SELECT COUNT(*) FROM {schema}.t"));
    assert_eq!(rows, "2\n");
}

#[test]
fn the_state_folder_of_a_newer_sealift_is_refused_and_left_alone() {
    let pair = mysql();
    let (folder, _schema) = one_table(&pair, "newer");
    ends_with(0, &folder.sealift(RUN));
    let path = folder.file(".sealift/state.db");
    let own = std::fs::read(&path).unwrap();
    // The version is the number at offset 60 (https://www.sqlite.org/fileformat.html, "user version").
    let mut newer = own.clone();
    newer[60..64].copy_from_slice(&9_999_u32.to_be_bytes());
    std::fs::write(&path, &newer).unwrap();
    assert_eq!(refused(&folder, RUN), (Some(1), "SL0203".into()));
    assert_eq!(std::fs::read(&path).unwrap(), newer);
    std::fs::write(&path, &own).unwrap();
    ends_with(0, &folder.sealift(RUN));
}

#[test]
fn nothing_selected_is_said() {
    let pair = mysql();
    let folder = folder(&pair.source, &pair.target, &["no_such_schema"], "");
    assert_eq!(refused(&folder, RUN), (Some(1), "SL0507".into()));
}

#[test]
fn a_login_without_reload_copies_under_table_locks() {
    let pair = mysql();
    let (folder, schema) = one_table(&pair, "no_reload");
    let poor = Account { user: "poor_reader", password: "poor-pw1" };
    pair.source.sql(format!(
        "CREATE USER IF NOT EXISTS poor_reader IDENTIFIED BY 'poor-pw1'; \
         GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON {schema}.* TO poor_reader; \
         GRANT SHOW_ROUTINE ON *.* TO poor_reader"
    ));
    folder.reconfigure(pair.source.account().user, poor.user);
    let folder = folder.env("SEALIFT_SOURCE_PASSWORD", poor.password);
    let ran = folder.sealift(RUN);
    ends_with(0, &ran);
    assert!(ran.json()["timeline"].to_string().contains("table locks"), "{}", ran.screen());
}

#[test]
fn a_script_the_target_refuses_stops_the_run_before_any_row_and_can_be_edited() {
    let pair = mysql();
    let (folder, schema) = one_table(&pair, "edited");
    ends_with(0, &folder.sealift(&["plan"]));
    let script = folder.file(format!(".sealift/plan/20-tables/{schema}/t.sql"));
    let good = std::fs::read_to_string(&script).unwrap();
    std::fs::write(&script, good.replace("`a` int", "`a` no_such_type")).unwrap();
    assert_eq!(refused(&folder, RUN), (Some(1), "SL0502".into()));
    std::fs::write(&script, good.replace("`a` int", "`a` bigint")).unwrap();
    ends_with(0, &folder.sealift(RUN));
    let made = pair.target.sql(format!("SHOW CREATE TABLE {schema}.t"));
    assert!(made.contains("bigint"), "{made}");
}

/// Takes writes again, also if the test failed.
struct ReadOnly<'a>(&'a Server);

impl<'a> ReadOnly<'a> {
    fn make(server: &'a Server) -> Self {
        server.sql("SET GLOBAL read_only = ON");
        Self(server)
    }
}

impl Drop for ReadOnly<'_> {
    fn drop(&mut self) {
        self.0.sql("SET GLOBAL read_only = OFF");
    }
}

#[test]
fn a_target_that_takes_no_writes_is_refused_at_once() {
    let pair = mysql();
    let (folder, schema) = one_table(&pair, "read_only");
    let target = &pair.target;
    let read_only = ReadOnly::make(target);
    for args in [RUN, &["run", "--json"], &["plan", "apply", "--json"]] {
        // Without a plan there is nothing to apply, and nothing is asked.
        ends_with(0, &folder.sealift(&["plan"]));
        assert_eq!(refused(&folder, args), (Some(1), "SL0401".into()), "{args:?}");
    }
    drop(read_only);
    assert_eq!(target.sql(format!("SHOW DATABASES LIKE '{schema}'")), "", "nothing was made");
    ends_with(0, &folder.sealift(RUN));
}

#[test]
fn a_target_that_cannot_be_one_is_refused() {
    let (pair, maria) = (mysql(), mariadb());
    for target in [&maria.source, &pair.source] {
        let folder = folder(&pair.source, target, &[&unique_schema("unsuitable")], "");
        assert_eq!(refused(&folder, RUN), (Some(1), "SL0406".into()));
    }
}

#[test]
fn a_definition_that_moves_while_rows_are_copied_is_named() {
    let pair = mysql();
    let (folder, schema) = one_table(&pair, "moved");
    let source = &pair.source;
    // The snapshot is there, and no table was read in it.
    let held =
        Held::at(&folder, "snapshot-taken=hold").unwrap_or_else(|ran| panic!("{}", ran.screen()));
    source.sql(format!("ALTER TABLE {schema}.t ADD b INT"));
    let ran = held.go_on();
    ends_with(1, &ran);
    let error = &ran.json()["error"];
    assert_eq!((&error["code"], &error["side"]), (&"SL0506".into(), &"source".into()));
    assert!(error["object"].to_string().contains("`t`"), "{}", ran.screen());
    source.sql(format!("ALTER TABLE {schema}.t DROP b"));
    ends_with(0, &folder.sealift(RUN));
    ends_with(0, &folder.sealift(&["verify"]));
}
