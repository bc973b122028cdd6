//! Servers that mean harm, or speak nonsense: an error, never a panic, never a wrong row.

use sealift_mysql::endpoint::{Address, Endpoint, TlsMode};
use sealift_mysql::error::{ErrorClass, MysqlError};
use sealift_mysql::session::Session;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio_rustls::TlsAcceptor;

use crate::tcp;

const GREETING: &[u8] = b"\x0a8.0.40\0\x15\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\
    \x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0caching_sha2_password\0";
const OK: &[u8] = b"\0\0\0\x02\0\0\0";
const CLEAR: &[u8] = b"\xfemysql_clear_password\0";

/// A server in our hands.
struct Peer<S> {
    stream: S,
    number: u8,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    async fn say(&mut self, packet: &[u8]) {
        let mut bytes = u32::try_from(packet.len()).unwrap().to_le_bytes().to_vec();
        bytes[3] = self.number;
        bytes.extend_from_slice(packet);
        self.number = self.number.wrapping_add(1);
        self.stream.write_all(&bytes).await.unwrap();
    }

    /// The next packet, or nothing when the client has left.
    async fn hear(&mut self) -> Option<Vec<u8>> {
        let mut header = [0; 4];
        self.stream.read_exact(&mut header).await.ok()?;
        let [a, b, c, number] = header;
        let mut packet = vec![0; u32::from_le_bytes([a, b, c, 0]) as usize];
        self.stream.read_exact(&mut packet).await.ok()?;
        self.number = number.wrapping_add(1);
        Some(packet)
    }

    async fn let_in(&mut self) {
        self.say(GREETING).await;
        self.hear().await.unwrap();
        self.say(OK).await;
    }
}

/// Listens for one client.
async fn meet() -> (TcpListener, Endpoint) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, tcp(port, "anna", "secret"))
}

async fn accept(listener: TcpListener) -> Peer<TcpStream> {
    Peer { stream: listener.accept().await.unwrap().0, number: 0 }
}

#[tokio::test]
async fn a_server_that_asks_for_a_file_gets_nothing() {
    let requests: [&[u8]; 2] = [b"\xfb/etc/passwd", b"\xfbsecret.txt"];
    for request in requests {
        let (listener, endpoint) = meet().await;
        let server = tokio::spawn(async move {
            let mut peer = accept(listener).await;
            peer.let_in().await;
            peer.hear().await.unwrap();
            peer.say(request).await;
            let answer = peer.hear().await.unwrap();
            (answer, peer.hear().await)
        });
        let mut session = Session::connect(&endpoint).await.unwrap();
        let error = session.rows("SELECT 1").await.unwrap_err();
        assert!(matches!(error, MysqlError::Protocol { .. }), "{error:?}");
        assert_eq!(session.ping().await.unwrap_err().class(), ErrorClass::Lost);
        let (answer, more) = server.await.unwrap();
        assert_eq!((answer.as_slice(), more), (&[][..], None));
    }
}

#[tokio::test]
async fn a_password_is_not_told_in_clear_to_who_asks_over_an_open_line() {
    let (listener, endpoint) = meet().await;
    let server = tokio::spawn(async move {
        let mut peer = accept(listener).await;
        peer.say(GREETING).await;
        let login = peer.hear().await.unwrap();
        peer.say(CLEAR).await;
        (login, peer.hear().await)
    });
    let error = Session::connect(&endpoint).await.err().unwrap();
    assert!(matches!(&error, MysqlError::Auth { plugin, .. } if plugin == "mysql_clear_password"));
    assert!(!error.to_string().contains("secret"), "{error}");
    let (login, answer) = server.await.unwrap();
    assert_eq!(answer, None);
    assert!(!login.windows(6).any(|part| part == b"secret"));
}

#[tokio::test]
async fn a_password_goes_in_clear_through_tls_and_a_socket_of_this_machine() {
    let (listener, endpoint) = meet().await;
    let server = tokio::spawn(async move {
        let mut peer = accept(listener).await;
        peer.say(GREETING).await;
        peer.hear().await.unwrap();
        let mut peer = Peer { stream: acceptor().accept(peer.stream).await.unwrap(), number: 2 };
        peer.hear().await.unwrap();
        peer.say(CLEAR).await;
        let answer = peer.hear().await;
        peer.say(OK).await;
        answer
    });
    let endpoint = Endpoint {
        tls: TlsMode::VerifyIdentity,
        tls_ca: Some(include_bytes!("../certificates/authority.pem").to_vec()),
        ..endpoint
    };
    Session::connect(&endpoint).await.unwrap();
    assert_eq!(server.await.unwrap().as_deref(), Some(&b"secret\0"[..]));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = tokio::spawn(async move {
        let mut peer = Peer { stream: listener.accept().await.unwrap().0, number: 0 };
        peer.say(GREETING).await;
        peer.hear().await.unwrap();
        peer.say(CLEAR).await;
        let answer = peer.hear().await;
        peer.say(OK).await;
        answer
    });
    // TLS is asked for, but a socket needs none.
    Session::connect(&Endpoint { address: Address::Socket(path), ..endpoint }).await.unwrap();
    assert_eq!(server.await.unwrap().as_deref(), Some(&b"secret\0"[..]));
}

fn acceptor() -> TlsAcceptor {
    let certificate =
        CertificateDer::from_pem_slice(include_bytes!("../certificates/named.pem")).unwrap();
    let key =
        PrivateKeyDer::from_pem_slice(include_bytes!("../certificates/named-key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn a_server_without_tls_gets_no_login() {
    let (listener, endpoint) = meet().await;
    let server = tokio::spawn(async move {
        let mut peer = accept(listener).await;
        let mut greeting = GREETING.to_vec();
        // CLIENT_SSL, in the lower half of the capabilities.
        greeting[22] &= !0x08;
        peer.say(&greeting).await;
        peer.hear().await
    });
    let endpoint = Endpoint { tls: TlsMode::Required, ..endpoint };
    let error = Session::connect(&endpoint).await.err().unwrap();
    assert!(matches!(error, MysqlError::TlsNotOffered), "{error:?}");
    assert_eq!(server.await.unwrap(), None);
}

#[tokio::test]
async fn bytes_slipped_in_before_the_tls_handshake_are_noticed() {
    let (listener, endpoint) = meet().await;
    tokio::spawn(async move {
        let mut peer = accept(listener).await;
        // In one piece, so that both are there when the client goes on.
        let mut bytes = vec![u8::try_from(GREETING.len()).unwrap(), 0, 0, 0];
        bytes.extend(GREETING);
        bytes.extend([7, 0, 0, 2]);
        bytes.extend(OK);
        peer.stream.write_all(&bytes).await.unwrap();
        while peer.hear().await.is_some() {}
    });
    let endpoint = Endpoint { tls: TlsMode::Required, ..endpoint };
    let error = Session::connect(&endpoint).await.err().unwrap();
    assert!(error.to_string().contains("before the TLS handshake"), "{error}");
}

#[tokio::test]
async fn logins_that_lead_nowhere_end_with_a_reason() {
    let cases: [(&[u8], &str); 5] = [
        (b"\xfeclient_ed25519\0abcdefghijklmnopqrstuvwxyzabcdef\0", "method client_ed25519"),
        (b"\xfe", "method mysql_old_password"),
        (b"\x01\x07", "method caching_sha2_password"),
        (b"\x01\x03", "goes on asking"),
        (b"\x77", "protocol error while logging in"),
    ];
    for (question, expected) in cases {
        let (listener, endpoint) = meet().await;
        tokio::spawn(async move {
            let mut peer = accept(listener).await;
            peer.say(GREETING).await;
            peer.hear().await.unwrap();
            for _time in 0..20 {
                peer.say(question).await;
            }
            while peer.hear().await.is_some() {}
        });
        let error = Session::connect(&endpoint).await.err().unwrap();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_full_server_is_quoted() {
    let (listener, endpoint) = meet().await;
    tokio::spawn(async move {
        accept(listener).await.say(b"\xff\x10\x04Too many connections").await;
    });
    let error = Session::connect(&endpoint).await.err().unwrap();
    assert_eq!(error.class(), ErrorClass::TooManyConnections, "{error}");
}

#[tokio::test]
async fn answers_that_break_the_protocol_are_errors_and_end_the_session() {
    let cases: [&[&[u8]]; 7] = [
        &[b""],
        &[b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff"],
        &[b"\x01", b"\x03def"],
        &[
            b"\x01",
            b"\x03def\0\0\0\x01a\0\x0c\x3f\0\0\0\0\0\x03\0\0\0\0\0",
            b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",
        ],
        &[b"\x01", b"\x03def\0\0\0\x01a\0\x0c\x3f\0\0\0\0\0\x03\0\0\0\0\0", b"\x05a"],
        &[b"\0\xff"],
        &[b"\xff"],
    ];
    for packets in cases {
        let (listener, endpoint) = meet().await;
        tokio::spawn(async move {
            let mut peer = accept(listener).await;
            peer.let_in().await;
            peer.hear().await.unwrap();
            for packet in packets {
                peer.say(packet).await;
            }
            while peer.hear().await.is_some() {}
        });
        let mut session = Session::connect(&endpoint).await.unwrap();
        let error = session.rows("SELECT 1").await.unwrap_err();
        assert!(matches!(error, MysqlError::Protocol { .. }), "{packets:?}: {error:?}");
        assert_eq!(session.ping().await.unwrap_err().class(), ErrorClass::Lost);
    }
}

#[tokio::test]
async fn a_packet_out_of_turn_is_an_error() {
    let (listener, endpoint) = meet().await;
    tokio::spawn(async move {
        let mut peer = accept(listener).await;
        peer.let_in().await;
        peer.hear().await.unwrap();
        peer.number = 5;
        peer.say(OK).await;
        while peer.hear().await.is_some() {}
    });
    let mut session = Session::connect(&endpoint).await.unwrap();
    let error = session.execute("DO 1").await.unwrap_err();
    assert!(error.to_string().contains("packet number 5 instead of 1"), "{error}");
}

#[tokio::test]
async fn an_error_of_a_load_that_comes_early_stops_it() {
    let (listener, endpoint) = meet().await;
    tokio::spawn(async move {
        let mut peer = accept(listener).await;
        peer.let_in().await;
        peer.hear().await.unwrap();
        peer.say(b"\xfbrows").await;
        peer.hear().await.unwrap();
        peer.say(b"\xff\x5a\x04#HY000The table 't' is full").await;
        while peer.hear().await.is_some() {}
    });
    let mut session = Session::connect(&endpoint).await.unwrap();
    let mut load = session.load("LOAD DATA LOCAL INFILE 'rows' INTO TABLE t").await.unwrap();
    let data = vec![b'x'; 1 << 20];
    let error = loop {
        if let Err(error) = load.send(&data).await {
            break error;
        }
    };
    assert_eq!(error.class(), ErrorClass::DiskFull, "{error}");
    drop(load);
    assert_eq!(session.ping().await.unwrap_err().class(), ErrorClass::Lost);
}

/// Packets that begin like those of a result and go on at random.
struct Nonsense(u64);

impl Nonsense {
    fn byte(&mut self) -> u8 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0.to_be_bytes()[0]
    }

    fn packet(&mut self) -> Vec<u8> {
        const COLUMN: &[u8] = b"\x03def\0\0\0\x01a\0\x0c\x3f\0\0\0\0\0\x03\0\0\0\0\0";
        let beginnings: [&[u8]; 9] =
            [COLUMN, COLUMN, OK, b"\x01", b"\x02", b"\xfe\0\0\x02\0\0\0", b"\xff", b"\xfb", b""];
        let mut packet = beginnings[usize::from(self.byte()) % beginnings.len()].to_vec();
        for _byte in 0..self.byte().saturating_sub(200) {
            packet.push(self.byte());
        }
        packet
    }
}

#[tokio::test]
async fn nonsense_never_panics_nor_hangs() {
    for seed in 0..300 {
        let (listener, endpoint) = meet().await;
        tokio::spawn(async move {
            let mut nonsense = Nonsense(seed);
            let mut peer = accept(listener).await;
            peer.let_in().await;
            peer.hear().await;
            for _packet in 0..8 {
                peer.say(&nonsense.packet()).await;
            }
            peer.stream.shutdown().await.unwrap();
            while peer.hear().await.is_some() {}
        });
        let mut session = Session::connect(&endpoint).await.unwrap();
        let outcome = match seed % 4 {
            0 => session.execute("CALL p()").await.err(),
            1 => session.rows("SELECT 1").await.err(),
            2 => match session.read("SELECT 1").await {
                Ok(rows) => rows.finish().await.err(),
                Err(error) => Some(error),
            },
            _ => match session.load("LOAD DATA LOCAL INFILE 'x' INTO TABLE t").await {
                Ok(mut load) => match load.send(b"1\n").await {
                    Ok(()) => load.finish().await.err(),
                    Err(error) => Some(error),
                },
                Err(error) => Some(error),
            },
        };
        // What is left unread must never be taken for the next statement's answer as a success
        // after an error that ended the session.
        if matches!(outcome, Some(MysqlError::Lost { .. } | MysqlError::Protocol { .. })) {
            assert_eq!(session.ping().await.unwrap_err().class(), ErrorClass::Lost, "{seed}");
        }
    }
}
