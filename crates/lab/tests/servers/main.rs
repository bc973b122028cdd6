//! The lab's own promises: every kind of server starts, answers, restarts, and leaves nothing behind.

use sealift_lab::server::{APP_READER, AZADMIN};
use sealift_lab::{Kind, Options, Pair, Server};

#[test]
fn a_mysql_source_and_an_azure_like_target_answer_their_accounts() {
    let pair = Pair::mysql();
    let version = pair.source.sql("SELECT VERSION()");
    assert!(version.starts_with('9') || version.starts_with('8'), "{version}");
    assert_eq!(pair.source.sql_as(APP_READER, "SELECT CURRENT_USER()"), "app_reader@%\n");
    assert_eq!(pair.target.sql_as(AZADMIN, "SELECT CURRENT_USER()"), "azadmin@%\n");
    let settings = "SELECT @@lower_case_table_names, @@sql_generate_invisible_primary_key, \
                    @@require_secure_transport, @@log_bin, @@gtid_mode, @@local_infile, \
                    @@log_bin_trust_function_creators, @@disabled_storage_engines";
    assert_eq!(
        pair.target.sql(settings),
        "1\t1\t1\t1\tON\t1\t1\tMyISAM,BLACKHOLE,ARCHIVE,FEDERATED,CSV\n"
    );
}

#[test]
fn the_azure_like_admin_may_not_do_what_azure_forbids() {
    let target = Server::start(Options::azure_target()).unwrap_or_else(|e| panic!("{e}"));
    let forbidden = [
        "SET GLOBAL max_connections = 10",
        "SET GLOBAL gtid_purged = ''",
        "GRANT SET_ANY_DEFINER ON *.* TO azadmin@'%'",
        "CREATE DATABASE d; CREATE DEFINER = other@'%' VIEW d.v AS SELECT 1",
        "CREATE TABLE d.m (a INT) ENGINE = MyISAM",
        "LOCK INSTANCE FOR BACKUP",
        "UPDATE mysql.user SET Super_priv = 'Y'",
    ];
    for statement in forbidden {
        let refused = target.client().account(AZADMIN).try_run(statement);
        assert!(refused.is_err(), "{statement} was allowed");
    }
}

#[test]
fn a_killed_server_starts_again_with_its_data_on_its_port() {
    let mut server = Server::start(Options::mysql()).unwrap_or_else(|e| panic!("{e}"));
    server
        .sql("CREATE DATABASE d; CREATE TABLE d.t (a INT PRIMARY KEY); INSERT INTO d.t VALUES (7)");
    let port = server.port();
    server.kill9();
    assert!(server.try_sql("SELECT 1").is_err());
    server.start_again().unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(server.port(), port);
    assert_eq!(server.sql("SELECT a FROM d.t"), "7\n");
    server.restart().unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(server.sql("SELECT a FROM d.t"), "7\n");
}

#[test]
fn mariadb_sources_answer_their_reader_over_tls() {
    for (kind, version) in [(Kind::MariaDb10_11, "10.11."), (Kind::MariaDb11_8, "11.8.")] {
        let server = Server::start(Options::source(kind)).unwrap_or_else(|e| panic!("{e}"));
        let told = server.sql("SELECT VERSION()");
        assert!(told.starts_with(version), "{told}");
        let cipher = server.sql_as(APP_READER, "SHOW STATUS LIKE 'Ssl_cipher'");
        assert!(cipher.trim_end().len() > "Ssl_cipher".len(), "{cipher}");
    }
}

#[test]
fn a_mysql_5_6_answers_its_reader_with_and_without_gtids() {
    if Kind::MySql5_6.is_left_out() {
        return;
    }
    for (options, gtids) in [
        (Options::source(Kind::MySql5_6), "ON"),
        (Options::source(Kind::MySql5_6).without_gtid(), "OFF"),
    ] {
        let server = Server::start(options).unwrap_or_else(|e| panic!("{e}"));
        let told = server.sql_as(APP_READER, "SELECT VERSION(), @@gtid_mode, CURRENT_USER()");
        assert_eq!(told, format!("5.6.24-log\t{gtids}\tapp_reader@%\n"));
    }
}

#[test]
#[ignore = "needs a mirror that still carries Debian bullseye"]
fn an_old_mariadb_answers_its_reader() {
    let server =
        Server::start(Options::source(Kind::MariaDb10_5)).unwrap_or_else(|e| panic!("{e}"));
    let told = server.sql_as(APP_READER, "SELECT VERSION()");
    assert!(told.starts_with("10.5."), "{told}");
}
