//! TLS against real servers, as far as each mode checks.

use std::path::Path;

use sealift_lab::{Options, Server};
use sealift_mysql::endpoint::{Address, Endpoint, TlsMode};
use sealift_mysql::error::MysqlError;
use sealift_mysql::session::Session;

use crate::{MYSQL, connect, start, value, writer};

fn certificates() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certificates"))
}

fn read(name: &str) -> Option<Vec<u8>> {
    Some(std::fs::read(certificates().join(name)).unwrap())
}

/// A server that shows one of our certificates.
fn showing(name: &str) -> Server {
    let folder = certificates().display();
    let server = start(
        Options::mysql()
            .arg("--bind-address=127.0.0.1,127.0.0.2")
            .arg(format!("--ssl-ca={folder}/authority.pem"))
            .arg(format!("--ssl-cert={folder}/{name}.pem"))
            .arg(format!("--ssl-key={folder}/{name}-key.pem")),
    );
    server.sql("CREATE USER writer IDENTIFIED BY 'pw-writer'");
    server
}

fn at(host: &str, server: &Server, tls: TlsMode, tls_ca: Option<Vec<u8>>) -> Endpoint {
    let address = Address::Tcp { host: host.to_owned(), port: server.port() };
    Endpoint { address, tls, tls_ca, ..writer(server) }
}

async fn outcome(endpoint: &Endpoint) -> Result<String, MysqlError> {
    let mut session = Session::connect(endpoint).await?;
    let row = session.first("SHOW SESSION STATUS LIKE 'Ssl_version'").await?;
    Ok(row.unwrap().text(1).unwrap().to_owned())
}

#[tokio::test]
async fn the_servers_own_certificate_is_judged_as_far_as_asked() {
    let own = Some(std::fs::read(MYSQL.ca()).unwrap());
    let at = |tls, ca: &Option<Vec<u8>>| at("localhost", &MYSQL, tls, ca.clone());
    assert_eq!(outcome(&at(TlsMode::Off, &None)).await.unwrap(), "");
    assert_eq!(outcome(&at(TlsMode::Required, &None)).await.unwrap(), "TLSv1.3");
    assert_eq!(outcome(&at(TlsMode::VerifyCa, &own)).await.unwrap(), "TLSv1.3");
    let error = outcome(&at(TlsMode::VerifyIdentity, &own)).await.unwrap_err();
    assert!(matches!(error, MysqlError::CertificateName { .. }), "{error:?}");
    for (mode, ca) in [
        (TlsMode::VerifyCa, read("authority.pem")),
        (TlsMode::VerifyCa, None),
        (TlsMode::VerifyIdentity, read("authority.pem")),
        (TlsMode::VerifyIdentity, None),
    ] {
        let error = outcome(&at(mode, &ca)).await.unwrap_err();
        assert!(matches!(error, MysqlError::CertificateNotTrusted(_)), "{mode:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_certificate_with_a_name_is_verified_wholly() {
    let server = showing("named");
    let authority = read("authority.pem");
    for host in ["localhost", "127.0.0.1"] {
        let endpoint = at(host, &server, TlsMode::VerifyIdentity, authority.clone());
        assert_eq!(outcome(&endpoint).await.unwrap(), "TLSv1.3", "{host}");
    }
    // No name a certificate could be for.
    let endpoint = at("127.1", &server, TlsMode::VerifyCa, authority.clone());
    assert_eq!(outcome(&endpoint).await.unwrap(), "TLSv1.3");
    let endpoint = Endpoint { tls: TlsMode::VerifyIdentity, ..endpoint };
    let error = outcome(&endpoint).await.unwrap_err();
    assert!(matches!(error, MysqlError::CertificateName { .. }), "{error:?}");
    // Resolved to the same machine, but not in the certificate.
    let endpoint = at("127.0.0.2", &server, TlsMode::VerifyIdentity, authority.clone());
    let error = outcome(&endpoint).await.unwrap_err();
    assert_eq!(error.to_string(), "the server's certificate is not for \"127.0.0.2\"");
    assert!(outcome(&at("127.0.0.2", &server, TlsMode::VerifyCa, authority)).await.is_ok());
}

#[tokio::test]
async fn certificates_of_the_manuals_recipe_work_with_both_versions_of_tls() {
    let server = showing("version1");
    for (version, shown) in [("TLSv1.2", "TLSv1.2"), ("TLSv1.3", "TLSv1.3")] {
        server.sql(format!("SET GLOBAL tls_version = '{version}'; ALTER INSTANCE RELOAD TLS"));
        for (mode, ca) in [(TlsMode::Required, None), (TlsMode::VerifyCa, read("authority.pem"))] {
            assert_eq!(outcome(&at("127.0.0.1", &server, mode, ca)).await.unwrap(), shown);
        }
        let endpoint = at("127.0.0.1", &server, TlsMode::VerifyCa, read("named.pem"));
        let error = outcome(&endpoint).await.unwrap_err();
        assert!(matches!(error, MysqlError::CertificateNotTrusted(_)), "{error:?}");
    }
}

#[tokio::test]
async fn tls_with_compression_carries_statements() {
    let endpoint = Endpoint { tls: TlsMode::Required, compress: true, ..writer(&MYSQL) };
    let mut session = connect(&endpoint).await;
    assert_eq!(value(&mut session, "SELECT LENGTH(REPEAT('x', 100000))").await, "100000");
    let method = "SELECT VARIABLE_VALUE FROM performance_schema.session_status
        WHERE VARIABLE_NAME = 'Compression_algorithm'";
    assert_eq!(value(&mut session, method).await, "zstd");
}
