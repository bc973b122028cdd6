//! Judges the server's certificate as far as the mode asks.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::version1::Version1;
use crate::endpoint::TlsMode;
use crate::error::MysqlError;

/// What a certificate must be.
///
/// Certificates of X.509 version 1 are judged by [`Version1`]: the recipe in MySQL's manual made
/// them for many years, and webpki reads only version 3. They are trusted only when an authority
/// that the user named signed them directly, and never for a host's name, which they cannot hold.
#[derive(Debug)]
pub(super) struct Verifier {
    demand: Demand,
    algorithms: WebPkiSupportedAlgorithms,
}

#[derive(Debug)]
enum Demand {
    /// Any certificate will do.
    Nothing,
    /// Signed by one of these, directly or not; or one of those the user named itself.
    Chain { roots: Arc<RootCertStore>, named: Option<Vec<CertificateDer<'static>>> },
    /// That, and issued for the host we connect to.
    ChainAndName { roots: Arc<RootCertStore> },
}

impl Verifier {
    /// The verifier of a mode.
    pub(super) fn new(
        mode: TlsMode,
        authorities: Option<&[u8]>,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Result<Self, MysqlError> {
        let named = authorities.map(certificates).transpose()?;
        let roots = || named.as_deref().map_or_else(|| Ok(of_this_machine()), of_certificates);
        let demand = match mode {
            TlsMode::Off | TlsMode::Required => Demand::Nothing,
            TlsMode::VerifyIdentity => Demand::ChainAndName { roots: roots()? },
            TlsMode::VerifyCa => Demand::Chain { roots: roots()?, named },
        };
        Ok(Self { demand, algorithms })
    }

    fn judge(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        match &self.demand {
            Demand::Nothing => Ok(()),
            Demand::ChainAndName { roots } => {
                if Version1::read(certificate).is_some() {
                    return Err(CertificateError::NotValidForName.into());
                }
                let parsed = self.verify_chain(certificate, intermediates, roots, now)?;
                verify_server_name(&parsed, name)
            }
            Demand::Chain { roots, named } => {
                let named = named.as_deref().unwrap_or_default();
                // A self-signed certificate of a server is its own authority.
                if named.contains(certificate) {
                    return Ok(());
                }
                match Version1::read(certificate) {
                    Some(_old) if named.is_empty() => Err(CertificateError::UnknownIssuer.into()),
                    Some(old) => old.verify_signed_by(roots, now, self.algorithms.all),
                    None => self.verify_chain(certificate, intermediates, roots, now).map(|_| ()),
                }
            }
        }
    }

    fn verify_chain<'c>(
        &self,
        certificate: &'c CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        roots: &RootCertStore,
        now: UnixTime,
    ) -> Result<ParsedCertificate<'c>, rustls::Error> {
        let parsed = ParsedCertificate::try_from(certificate)?;
        let algorithms = self.algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&parsed, roots, intermediates, now, algorithms)?;
        Ok(parsed)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.judge(certificate, intermediates, name, now)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match Version1::read(certificate) {
            Some(old) => old.verify_tls12(message, signature, &self.algorithms),
            None => rustls::crypto::verify_tls12_signature(
                message,
                certificate,
                signature,
                &self.algorithms,
            ),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        match Version1::read(certificate) {
            Some(old) => old.verify_tls13(message, signature, &self.algorithms),
            None => rustls::crypto::verify_tls13_signature(
                message,
                certificate,
                signature,
                &self.algorithms,
            ),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The certificates in a PEM file.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, MysqlError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|cause| unreadable(&cause))?;
    if found.is_empty() {
        return Err(MysqlError::Tls("the authority file holds no PEM certificate".to_owned()));
    }
    Ok(found)
}

fn of_certificates(
    certificates: &[CertificateDer<'static>],
) -> Result<Arc<RootCertStore>, MysqlError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate.clone()).map_err(|cause| unreadable(&cause))?;
    }
    Ok(Arc::new(roots))
}

fn unreadable(cause: &dyn std::error::Error) -> MysqlError {
    MysqlError::Tls(format!("unreadable authority file: {cause}"))
}

/// Read once: it does not change while we run. Unreadable ones are left out; with none at all no
/// certificate is trusted.
fn of_this_machine() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let read = || {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    };
    Arc::clone(ROOTS.get_or_init(read))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::crypto::ring;

    use super::super::explain;
    use super::*;

    const AUTHORITY: &[u8] = include_bytes!("../../tests/certificates/authority.pem");
    const NAMED: &[u8] = include_bytes!("../../tests/certificates/named.pem");
    const VERSION1: &[u8] = include_bytes!("../../tests/certificates/version1.pem");
    /// Some day in 2030.
    const THEN: u64 = 1_900_000_000;

    fn judge(mode: TlsMode, authorities: Option<&[u8]>, pem: &[u8], at: u64) -> String {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        let verifier = Verifier::new(mode, authorities, algorithms).unwrap();
        let certificate = CertificateDer::from_pem_slice(pem).unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(at));
        let name = ServerName::try_from("db.example").unwrap();
        match verifier.judge(&certificate, &[], &name, now) {
            Ok(()) => "trusted".to_owned(),
            Err(error) => explain(&std::io::Error::other(error), "db.example").to_string(),
        }
    }

    #[test]
    fn certificates_are_judged_as_far_as_the_mode_asks() {
        use TlsMode::{Required, VerifyCa, VerifyIdentity};
        let theirs = Some(AUTHORITY);
        // An authority that signed neither.
        let other = Some(NAMED);
        let cases = [
            (Required, None, NAMED, THEN, "trusted"),
            (Required, None, VERSION1, THEN, "trusted"),
            (VerifyCa, theirs, NAMED, THEN, "trusted"),
            (VerifyCa, theirs, VERSION1, THEN, "trusted"),
            (VerifyCa, other, VERSION1, THEN, "no authority we trust"),
            (VerifyCa, other, NAMED, THEN, "trusted"),
            (VerifyIdentity, other, NAMED, THEN, "no authority we trust"),
            (VerifyCa, None, NAMED, THEN, "no authority we trust"),
            (VerifyCa, None, VERSION1, THEN, "no authority we trust"),
            (VerifyCa, theirs, VERSION1, 1, "not valid yet"),
            (VerifyCa, theirs, NAMED, 1, "not valid yet"),
            (VerifyCa, theirs, VERSION1, 9_000_000_000, "expired"),
            (VerifyCa, theirs, NAMED, 9_000_000_000, "expired"),
            (VerifyIdentity, theirs, NAMED, THEN, "trusted"),
            (VerifyIdentity, theirs, VERSION1, THEN, "is not for"),
            (VerifyIdentity, None, NAMED, THEN, "no authority we trust"),
        ];
        for (mode, authorities, pem, at, expected) in cases {
            let verdict = judge(mode, authorities, pem, at);
            assert!(verdict.contains(expected), "{mode:?} at {at}: {verdict} is not {expected}");
        }
    }

    #[test]
    fn one_changed_bit_of_a_version_1_certificate_is_noticed() {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        let verifier = Verifier::new(TlsMode::VerifyCa, Some(AUTHORITY), algorithms).unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(THEN));
        let name = ServerName::try_from("db.example").unwrap();
        let good = CertificateDer::from_pem_slice(VERSION1).unwrap().to_vec();
        for at in (0..good.len()).step_by(7) {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let verdict = verifier.judge(&CertificateDer::from(bad), &[], &name, now);
            assert!(verdict.is_err(), "byte {at}");
        }
    }

    #[test]
    fn an_authority_file_without_certificates_is_refused() {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        for pem in
            [&b""[..], b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
        {
            assert!(Verifier::new(TlsMode::VerifyCa, Some(pem), algorithms).is_err());
        }
    }
}
