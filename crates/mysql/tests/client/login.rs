//! Logging in by every method, to real servers.

use std::time::Duration;

use sealift_mysql::endpoint::{Address, Endpoint, TlsMode};
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::{self, Session};
use sealift_schema::facts::Flavor;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::{MARIADB, MYSQL, connect, endpoint, tcp, value, writer};

const ACCOUNTS: [(&str, &str); 4] = [
    ("sha2", "pw-sha2"),
    ("sha256", "pw-sha256"),
    ("long_one", "Grüße aus dem langen Passwort, das länger ist als jedes Salz 🐳"),
    ("empty_one", ""),
];

fn over(mode: TlsMode, endpoint: Endpoint) -> Endpoint {
    Endpoint { tls: mode, ..endpoint }
}

fn over_socket(endpoint: Endpoint) -> Endpoint {
    Endpoint { address: Address::Socket(MYSQL.socket()), ..endpoint }
}

#[tokio::test]
async fn every_account_logs_in_with_tls_without_and_over_the_socket() {
    for (user, password) in ACCOUNTS {
        let account = endpoint(&MYSQL, user, password);
        let ways = [
            over(TlsMode::Off, account.clone()),
            over(TlsMode::Required, account.clone()),
            over_socket(account),
        ];
        for way in ways {
            // Twice: caching_sha2_password asks for the password itself only the first time.
            MYSQL.sql("FLUSH PRIVILEGES");
            for _time in 0..2 {
                let mut session = connect(&way).await;
                let who = value(&mut session, "SELECT CURRENT_USER()").await;
                assert_eq!(who, format!("{user}@%"), "{way:?}");
                session.close().await;
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_whatever_the_way() {
    for (user, _password) in ACCOUNTS {
        for mode in [TlsMode::Off, TlsMode::Required] {
            for password in ["wrong", ""] {
                let account = over(mode, endpoint(&MYSQL, user, password));
                match Session::connect(&account).await {
                    Ok(_session) => assert_eq!((user, password), ("empty_one", "")),
                    Err(error) => {
                        assert_eq!(error.code(), Some(1045), "{user} {mode:?}: {error}");
                        assert_eq!(error.class(), ErrorClass::AccessDenied);
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn mariadb_takes_its_native_password() {
    for (user, password) in [("native", "pw-native"), ("empty_one", "")] {
        for mode in [TlsMode::Off, TlsMode::Required] {
            let mut session = connect(&over(mode, endpoint(&MARIADB, user, password))).await;
            assert_eq!(value(&mut session, "SELECT CURRENT_USER()").await, format!("{user}@%"));
        }
    }
    let wrong = Session::connect(&endpoint(&MARIADB, "native", "wrong")).await;
    assert_eq!(wrong.err().unwrap().class(), ErrorClass::AccessDenied);
}

#[tokio::test]
async fn an_account_of_the_operating_system_logs_in_over_the_socket() {
    MYSQL.sql(format!(
        "INSTALL PLUGIN auth_socket SONAME 'auth_socket.so';
         CREATE USER of_system IDENTIFIED WITH auth_socket AS '{}'",
        whoami()
    ));
    let account = endpoint(&MYSQL, "of_system", "");
    let mut session = connect(&over_socket(account.clone())).await;
    assert_eq!(value(&mut session, "SELECT CURRENT_USER()").await, "of_system@%");
    assert_eq!(failure(&account).await.class(), ErrorClass::AccessDenied);
}

/// The operating system's name for who runs the tests.
fn whoami() -> String {
    let output = std::process::Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_session_knows_its_server_and_its_number() {
    let mut session = connect(&writer(&MARIADB)).await;
    assert_eq!(session.version().flavor, Flavor::MariaDb);
    assert_eq!((session.version().number.0, session.version().number.1), (10, 11));
    let number = session.connection_id().to_string();
    assert_eq!(value(&mut session, "SELECT CONNECTION_ID()").await, number);
    let mut session = connect(&writer(&MYSQL)).await;
    assert_eq!(session.version().flavor, Flavor::MySql);
    let text = session.version_text().to_owned();
    assert_eq!(value(&mut session, "SELECT VERSION()").await, text);
    let program = "SELECT ATTR_VALUE FROM performance_schema.session_connect_attrs
        WHERE PROCESSLIST_ID = CONNECTION_ID() AND ATTR_NAME = 'program_name'";
    assert_eq!(value(&mut session, program).await, "sealift");
    let charset = value(&mut session, "SELECT @@character_set_client").await;
    assert_eq!(charset, "utf8mb4");
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let free = listener.local_addr().unwrap().port();
    drop(listener);
    let error = failure(&tcp(free, "root", "")).await;
    assert!(matches!(error, MysqlError::Connect { .. }), "{error:?}");
    assert!(error.to_string().contains(&format!("127.0.0.1:{free}")), "{error}");

    let host = "no-such-host.invalid".to_owned();
    let address = Address::Tcp { host, port: 3306 };
    let error = failure(&Endpoint { address, ..tcp(free, "root", "") }).await;
    assert!(matches!(error, MysqlError::Resolve { .. }), "{error:?}");

    let address = Address::Socket("/no/such/socket".into());
    let error = failure(&Endpoint { address, ..tcp(free, "root", "") }).await;
    assert!(error.to_string().contains("/no/such/socket"), "{error}");
    assert_eq!(error.class(), ErrorClass::Unreachable);
}

#[tokio::test]
async fn a_port_of_something_else_is_told_from_mysql() {
    let cases: [(&[u8], &str); 3] = [
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "protocol error while reading the greeting"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "protocol error while reading the greeting"),
        (b"", "closed the connection while reading the greeting"),
    ];
    for (greeting, expected) in cases {
        let port = speak(greeting).await;
        let error = failure(&tcp(port, "root", "")).await;
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let patience = Duration::from_millis(200);
    let error = failure(&Endpoint { connect_timeout: patience, ..tcp(port, "root", "") }).await;
    assert!(error.to_string().contains("no answer within 200ms"), "{error}");
    assert_eq!(error.class(), ErrorClass::Unreachable);
}

#[tokio::test]
async fn a_connection_can_be_killed_from_another() {
    let mut session = connect(&writer(&MYSQL)).await;
    session::kill(&writer(&MYSQL), session.connection_id()).await.unwrap();
    let error = session.ping().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Lost, "{error}");
}

async fn failure(endpoint: &Endpoint) -> MysqlError {
    Session::connect(endpoint).await.err().unwrap()
}

/// A port that says something to the first who comes, and closes.
async fn speak(words: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _peer) = listener.accept().await.unwrap();
        stream.write_all(words).await.unwrap();
        stream.shutdown().await.unwrap();
    });
    port
}
