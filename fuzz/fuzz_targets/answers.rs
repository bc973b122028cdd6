//! Whatever a server answers: to the login, to statements, to prepared ones.
#![no_main]

use std::io;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use sealift_mysql::endpoint::{Endpoint, TlsMode};
use sealift_mysql::in_process::InProcess;
use sealift_mysql::session::Session;
use sealift_schema::facts::Side;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// What a pipe holds: as much as the client may send before it listens.
const PIPE: usize = 1 << 16;
/// A talk that has not ended by then hangs. Time passes only while nobody has anything to do.
const PATIENCE: Duration = Duration::from_secs(60);
/// A server that is told nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(1);

fuzz_target!(|answers: &[u8]| {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let answers = answers.to_vec();
        let server = InProcess::listen(move || {
            let (ours, theirs) = tokio::io::duplex(PIPE);
            tokio::spawn(answer(theirs, answers.clone()));
            Ok::<_, io::Error>(ours)
        });
        let endpoint = Endpoint {
            side: Side::Source,
            address: server.address(),
            user: "u".to_owned(),
            password: SecretString::from("p").into(),
            tls: TlsMode::Off,
            tls_ca: None,
            compress: false,
            connect_timeout: PATIENCE,
        };
        let talked = tokio::time::timeout(PATIENCE, talk(&endpoint)).await;
        assert!(talked.is_ok(), "the client waits for a server that is gone");
    });
});

/// Says a few things, and takes any answer. Once the connection is lost each call says so.
async fn talk(endpoint: &Endpoint) {
    let Ok(mut session) = Session::connect(endpoint).await else { return };
    let _done = session.execute("SET a = 1").await;
    if let Ok(rows) = session.rows("SELECT 1").await {
        for row in &rows {
            let _texts = (row.optional_text(0).is_ok(), row.parse::<u64>(1).is_ok());
        }
    }
    if let Ok(mut rows) = session.read("SELECT 2").await {
        while let Ok(Some(_row)) = rows.next().await {}
    }
    let _there = session.ping().await;
}

/// Sends packets of the input: a byte says how many, then each has a byte for its length; then it waits for the next
/// packet of the client. Their headers are as they have to be.
async fn answer(mut pipe: DuplexStream, answers: Vec<u8>) {
    let mut rest = answers.as_slice();
    let mut number = 0_u8;
    while let Some((packets, after)) = rest.split_first() {
        rest = after;
        for _ in 0..=(packets % 8) {
            let Some((length, after)) = rest.split_first() else { return };
            let (packet, after) = after.split_at(usize::from(*length).min(after.len()));
            rest = after;
            let length = u8::try_from(packet.len()).expect("a byte said so");
            let sent = [&[length, 0, 0, number], packet].concat();
            number = number.wrapping_add(1);
            if pipe.write_all(&sent).await.is_err() {
                return;
            }
        }
        let Ok(Ok(next)) = tokio::time::timeout(SILENCE, told(&mut pipe)).await else { return };
        number = next;
    }
}

/// Takes a packet of the client; the number that the answer to it has.
async fn told(pipe: &mut DuplexStream) -> io::Result<u8> {
    let mut header = [0; 4];
    pipe.read_exact(&mut header).await?;
    let number = std::mem::take(&mut header[3]);
    let mut packet = vec![0; usize::try_from(u32::from_le_bytes(header)).expect("three bytes")];
    pipe.read_exact(&mut packet).await?;
    Ok(number.wrapping_add(1))
}
