//! TLS as a migration needs it: how far the server's certificate is checked.

mod verifier;
mod version1;

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use self::verifier::Verifier;
use crate::endpoint::TlsMode;
use crate::error::MysqlError;

/// Puts TLS (1.2 or 1.3) around a connection. `authorities` is PEM; without it the machine's own
/// authorities are trusted.
pub(crate) async fn wrap(
    stream: TcpStream,
    host: &str,
    mode: TlsMode,
    authorities: Option<&[u8]>,
) -> Result<TlsStream<TcpStream>, MysqlError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new(mode, authorities, provider.signature_verification_algorithms)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| MysqlError::Tls(cause.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let name = match (ServerName::try_from(host.to_owned()), mode) {
        (Ok(name), _) => name,
        (Err(_no_name), TlsMode::VerifyIdentity) => {
            return Err(MysqlError::CertificateName { expected: host.to_owned() });
        }
        // No certificate can be for such a name (`127.1`, `fe80::1%eth0`), and none needs to be.
        (Err(_no_name), TlsMode::VerifyCa | TlsMode::Required | TlsMode::Off) => {
            ServerName::from(IpAddr::from(Ipv4Addr::UNSPECIFIED))
        }
    };
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.map_err(|cause| {
        if cause.get_ref().is_none_or(|inner| !inner.is::<rustls::Error>()) && is_cut(cause.kind())
        {
            // Not about TLS: a server that restarts, or a network that broke.
            return MysqlError::Lost { doing: "setting up TLS", cause };
        }
        explain(&cause, host)
    })
}

/// Whether an I/O error means that the other side went away.
fn is_cut(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}

/// The error of a failed handshake.
fn explain(cause: &io::Error, host: &str) -> MysqlError {
    let inner = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(why)) = inner else {
        return MysqlError::Tls(cause.to_string());
    };
    if matches!(
        why,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
    ) {
        return MysqlError::CertificateName { expected: host.to_owned() };
    }
    MysqlError::CertificateNotTrusted(in_words(why))
}

fn in_words(why: &CertificateError) -> String {
    if matches!(why, CertificateError::UnknownIssuer | CertificateError::BadSignature) {
        return "no authority we trust has signed it".to_owned();
    }
    let is_early =
        matches!(why, CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. });
    if is_early {
        return "it is not valid yet by this machine's clock".to_owned();
    }
    if matches!(why, CertificateError::Expired | CertificateError::ExpiredContext { .. }) {
        return "it has expired".to_owned();
    }
    why.to_string()
}
