//! The fault proxy, before a real server.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "the helpers of a test are a test too")]

use std::process::Command;

use sealift_lab::proxy::{Direction, FaultProxy};
use sealift_lab::server::APP_READER;
use sealift_lab::{Pair, Server, wait_until};

/// Runs a script through the proxy, without TLS so that the proxy can read it.
fn through(proxy: &FaultProxy, server: &Server, script: &str) -> Result<String, String> {
    let mut command: Command = server.programs().command("mysql").unwrap();
    let output = command
        .args([
            "--no-defaults",
            "--batch",
            "--skip-column-names",
            "--protocol=TCP",
            "--host=127.0.0.1",
        ])
        .args(["--ssl-mode=DISABLED", "--get-server-public-key", "--connect-timeout=10"])
        .arg(format!("--port={}", proxy.port()))
        .arg(format!("--user={}", APP_READER.user))
        .args(["--execute", script])
        .env("MYSQL_PWD", APP_READER.password)
        .output()
        .unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

/// A schema in which the reader may write.
fn writable(server: &Server) -> String {
    let schema = sealift_lab::unique_schema("proxy");
    server.sql(format!(
        "CREATE DATABASE {schema}; CREATE TABLE {schema}.t (a INT PRIMARY KEY); \
         GRANT INSERT ON {schema}.* TO app_reader@'%'"
    ));
    schema
}

#[test]
fn bytes_pass_until_connections_are_refused_and_again_after() {
    let server = &Pair::shared().source;
    let proxy = FaultProxy::before(server);
    assert_eq!(through(&proxy, server, "SELECT 1"), Ok("1\n".to_owned()));
    proxy.refuse();
    assert!(through(&proxy, server, "SELECT 1").is_err());
    proxy.accept_again();
    assert_eq!(through(&proxy, server, "SELECT 2"), Ok("2\n".to_owned()));
    wait_until("the connections are gone", || (proxy.connections() == 0).then_some(()));
}

#[test]
fn a_lost_answer_leaves_the_commit_done_and_the_client_in_doubt() {
    let server = &Pair::shared().source;
    let schema = writable(server);
    let proxy = FaultProxy::before(server);
    proxy.lose_answer_to_next_commit();
    let script = format!("START TRANSACTION; INSERT INTO {schema}.t VALUES (1); COMMIT");
    let error = through(&proxy, server, &script).expect_err("the answer is lost");
    assert!(error.contains("Lost connection") || error.contains("gone away"), "{error}");
    assert_eq!(proxy.faults(), 1);
    assert_eq!(server.sql(format!("SELECT COUNT(*) FROM {schema}.t")), "1\n");
}

#[test]
fn a_cut_before_the_commit_leaves_nothing() {
    let server = &Pair::shared().source;
    let schema = writable(server);
    let proxy = FaultProxy::before(server);
    proxy.cut_before_next_commit();
    let script = format!("START TRANSACTION; INSERT INTO {schema}.t VALUES (1); COMMIT");
    assert!(through(&proxy, server, &script).is_err());
    assert_eq!(proxy.faults(), 1);
    assert_eq!(server.sql(format!("SELECT COUNT(*) FROM {schema}.t")), "0\n");
}

#[test]
fn a_connection_is_cut_after_so_many_bytes() {
    let server = &Pair::shared().source;
    let proxy = FaultProxy::before(server);
    proxy.cut_after(Direction::ToClient, 100_000);
    let long = "SELECT REPEAT('x', 1000000)";
    assert!(through(&proxy, server, long).is_err());
    assert_eq!(proxy.faults(), 1);
    assert_eq!(through(&proxy, server, long).map(|answer| answer.len()), Ok(1_000_001));
}

#[test]
fn a_frozen_connection_goes_on_after_the_thaw() {
    let server = &Pair::shared().source;
    let proxy = FaultProxy::before(server);
    proxy.freeze();
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| through(&proxy, server, "SELECT 3"));
        wait_until("it has connected", || (proxy.connections() == 1).then_some(()));
        proxy.thaw();
        assert_eq!(asking.join().unwrap(), Ok("3\n".to_owned()));
    });
}

#[test]
fn a_stranded_connection_leaves_a_session_that_knows_of_nothing() {
    let server = &Pair::shared().source;
    let proxy = FaultProxy::before(server);
    let sessions = |sql: &str| {
        let count = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE";
        server.sql(format!("{count} '{sql}%'"))
    };
    let asks = "SELECT SLEEP(61)";
    std::thread::scope(|scope| {
        scope.spawn(|| through(&proxy, server, asks));
        wait_until("it asks", || (sessions(asks) == "1\n").then_some(()));
        proxy.strand_all();
        assert_eq!(proxy.stranded(), 1);
        assert_eq!(through(&proxy, server, "SELECT 4"), Ok("4\n".to_owned()));
        server.sql(format!(
            "SELECT id INTO @session FROM information_schema.processlist WHERE info = '{asks}'; KILL @session"
        ));
        wait_until("the server is rid of it", || (sessions(asks) == "0\n").then_some(()));
        assert_eq!(proxy.stranded(), 1, "the client does not know");
        proxy.cut_all();
        wait_until("both know", || (proxy.connections() == 0).then_some(()));
    });
}
