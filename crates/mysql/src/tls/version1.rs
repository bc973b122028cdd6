//! Certificates of X.509 version 1, which webpki does not read: what `openssl x509 -req` made by
//! the recipe of MySQL's manual.
//!
//! <https://dev.mysql.com/doc/refman/8.4/en/creating-ssl-files-using-openssl.html>

use std::time::Duration;

use der::asn1::{AnyRef, BitStringRef, GeneralizedTime, UtcTime};
use der::{Decode, Reader, SliceReader, Tag};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{
    CertificateDer, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, UnixTime,
};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore};

/// The parts of a certificate that are needed to check it.
pub(super) struct Version1<'a> {
    /// What the authority signed.
    signed: &'a [u8],
    /// The signature's algorithm: the contents of its `AlgorithmIdentifier`.
    algorithm: &'a [u8],
    signature: &'a [u8],
    not_before: Duration,
    not_after: Duration,
    /// The public key with its algorithm, as a whole `SubjectPublicKeyInfo`.
    key_info: &'a [u8],
    key: Key<'a>,
}

/// A public key and the contents of its `AlgorithmIdentifier`.
#[derive(Clone, Copy)]
struct Key<'a> {
    algorithm: &'a [u8],
    bits: &'a [u8],
}

impl<'a> Version1<'a> {
    /// Reads a certificate; `None` if it is of a later version or none at all.
    pub(super) fn read(certificate: &'a CertificateDer<'_>) -> Option<Self> {
        AnyRef::from_der(certificate).ok()?.sequence(read_certificate).ok()
    }

    /// Checks that one of the authorities signed it and that it is valid now.
    pub(super) fn verify_signed_by(
        &self,
        roots: &RootCertStore,
        now: UnixTime,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> Result<(), rustls::Error> {
        let is_signed = roots.roots.iter().any(|root| {
            read_key(&root.subject_public_key_info).is_ok_and(|key| {
                algorithms
                    .iter()
                    .filter(|known| known.signature_alg_id().as_ref() == self.algorithm)
                    .any(|known| key.has_signed(self.signed, self.signature, *known))
            })
        });
        let now = Duration::from_secs(now.as_secs());
        if !is_signed {
            Err(CertificateError::UnknownIssuer.into())
        } else if now < self.not_before {
            Err(CertificateError::NotValidYet.into())
        } else if now > self.not_after {
            Err(CertificateError::Expired.into())
        } else {
            Ok(())
        }
    }

    /// Checks a signature of a TLS 1.2 handshake.
    pub(super) fn verify_tls12(
        &self,
        message: &[u8],
        signature: &DigitallySignedStruct,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let is_signed = algorithms
            .mapping
            .iter()
            .filter(|(scheme, _)| *scheme == signature.scheme)
            .flat_map(|(_, known)| known.iter())
            .any(|known| self.key.has_signed(message, signature.signature(), *known));
        if is_signed {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(CertificateError::BadSignature.into())
        }
    }

    /// Checks a signature of a TLS 1.3 handshake.
    pub(super) fn verify_tls13(
        &self,
        message: &[u8],
        signature: &DigitallySignedStruct,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let key_info = SubjectPublicKeyInfoDer::from(self.key_info);
        verify_tls13_signature_with_raw_key(message, &key_info, signature, algorithms)
    }
}

impl Key<'_> {
    fn has_signed(
        self,
        message: &[u8],
        signature: &[u8],
        by: &dyn SignatureVerificationAlgorithm,
    ) -> bool {
        by.public_key_alg_id().as_ref() == self.algorithm
            && by.verify_signature(self.bits, message, signature).is_ok()
    }
}

/// `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature }` (RFC 5280, 4.1).
fn read_certificate<'a>(reader: &mut SliceReader<'a>) -> der::Result<Version1<'a>> {
    let signed = reader.tlv_bytes()?;
    let algorithm = sequence(reader)?.value();
    let signature = bits(reader)?;
    let mut certificate = AnyRef::from_der(signed)?.sequence(read_signed)?;
    if certificate.algorithm != algorithm {
        return Err(Tag::Sequence.value_error());
    }
    certificate.signed = signed;
    certificate.signature = signature;
    Ok(certificate)
}

/// `TBSCertificate` of version 1: no version, no extensions.
fn read_signed<'a>(reader: &mut SliceReader<'a>) -> der::Result<Version1<'a>> {
    let serial = AnyRef::decode(reader)?;
    if der::Tagged::tag(&serial) != Tag::Integer {
        // The version, which only later ones have.
        return Err(Tag::Integer.value_error());
    }
    let algorithm = sequence(reader)?.value();
    let _issuer = sequence(reader)?;
    let (not_before, not_after) =
        sequence(reader)?.sequence(|reader| Ok((time(reader)?, time(reader)?)))?;
    let _subject = sequence(reader)?;
    let key_info = reader.tlv_bytes()?;
    let key = read_key(AnyRef::from_der(key_info)?.value())?;
    let (signed, signature) = (&[][..], &[][..]);
    Ok(Version1 { signed, algorithm, signature, not_before, not_after, key_info, key })
}

/// The contents of a `SubjectPublicKeyInfo`.
fn read_key(contents: &[u8]) -> der::Result<Key<'_>> {
    let mut reader = SliceReader::new(contents)?;
    let algorithm = sequence(&mut reader)?.value();
    Ok(Key { algorithm, bits: bits(&mut reader)? })
}

fn sequence<'a>(reader: &mut SliceReader<'a>) -> der::Result<AnyRef<'a>> {
    let any = AnyRef::decode(reader)?;
    der::Tagged::tag(&any).assert_eq(Tag::Sequence)?;
    Ok(any)
}

fn bits<'a>(reader: &mut SliceReader<'a>) -> der::Result<&'a [u8]> {
    BitStringRef::decode(reader)?.as_bytes().ok_or_else(|| Tag::BitString.value_error())
}

/// A time since 1970: of two digits of the year up to 2049, of four after.
fn time(reader: &mut SliceReader<'_>) -> der::Result<Duration> {
    if reader.peek_tag()? == Tag::UtcTime {
        Ok(UtcTime::decode(reader)?.to_unix_duration())
    } else {
        Ok(GeneralizedTime::decode(reader)?.to_unix_duration())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::sync::Arc;

    use proptest::prelude::*;
    use rustls::crypto::ring;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject;
    use rustls::server::{ClientHello, ResolvesServerCert};
    use rustls::sign::CertifiedKey;
    use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};

    use super::super::verifier::Verifier;
    use super::*;
    use crate::endpoint::TlsMode;

    const AUTHORITY: &[u8] = include_bytes!("../../tests/certificates/authority.pem");
    const VERSION1: &[u8] = include_bytes!("../../tests/certificates/version1.pem");
    const NAMED: &[u8] = include_bytes!("../../tests/certificates/named.pem");
    const KEY: &[u8] = include_bytes!("../../tests/certificates/version1-key.pem");
    const OTHER_KEY: &[u8] = include_bytes!("../../tests/certificates/named-key.pem");

    #[derive(Debug)]
    struct Fixed(Arc<CertifiedKey>);

    impl ResolvesServerCert for Fixed {
        fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            Some(Arc::clone(&self.0))
        }
    }

    /// A handshake in memory with a server that shows the version 1 certificate and signs with a key.
    fn shake_hands(
        version: &'static rustls::SupportedProtocolVersion,
        key: &[u8],
    ) -> Result<(), rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let certificate = CertificateDer::from_pem_slice(VERSION1).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key).unwrap();
        let key = provider.key_provider.load_private_key(key).unwrap();
        let shown = Fixed(Arc::new(CertifiedKey::new(vec![certificate], key)));
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[version])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shown));
        let algorithms = provider.signature_verification_algorithms;
        let verifier = Verifier::new(TlsMode::VerifyCa, Some(AUTHORITY), algorithms).unwrap();
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        let name = "db.example".try_into().unwrap();
        let mut client = ClientConnection::new(Arc::new(client), name)?;
        let mut server = ServerConnection::new(Arc::new(server))?;
        let mut bytes = Vec::new();
        while client.is_handshaking() || server.is_handshaking() {
            bytes.clear();
            while client.wants_write() {
                client.write_tls(&mut bytes).unwrap();
            }
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                server.read_tls(&mut rest).unwrap();
                server.process_new_packets()?;
            }
            bytes.clear();
            while server.wants_write() {
                server.write_tls(&mut bytes).unwrap();
            }
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                client.read_tls(&mut rest).unwrap();
                client.process_new_packets()?;
            }
        }
        server.writer().write_all(b"x").unwrap();
        bytes.clear();
        server.write_tls(&mut bytes).unwrap();
        client.read_tls(&mut bytes.as_slice()).unwrap();
        client.process_new_packets()?;
        let mut byte = [0];
        client.reader().read_exact(&mut byte).unwrap();
        Ok(())
    }

    #[test]
    fn handshakes_with_a_version_1_certificate_succeed_only_with_its_key() {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            assert_eq!(shake_hands(version, KEY), Ok(()), "{version:?}");
            let error = shake_hands(version, OTHER_KEY).unwrap_err();
            assert!(error.to_string().contains("BadSignature"), "{error}");
        }
    }

    #[test]
    fn a_later_version_is_left_to_webpki() {
        assert!(Version1::read(&CertificateDer::from_pem_slice(NAMED).unwrap()).is_none());
        assert!(Version1::read(&CertificateDer::from_pem_slice(VERSION1).unwrap()).is_some());
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _outcome = Version1::read(&CertificateDer::from(bytes)).is_some();
        }

        #[test]
        fn damaged_certificates_never_panic(at in 0usize..700, byte in any::<u8>()) {
            let mut bytes = CertificateDer::from_pem_slice(VERSION1).unwrap().to_vec();
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            let _outcome = Version1::read(&CertificateDer::from(bytes)).is_some();
        }
    }
}
