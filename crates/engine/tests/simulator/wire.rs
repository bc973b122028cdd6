//! Packets as a server reads and writes them.
//!
//! <https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html>

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// The client is gone.
#[derive(Debug)]
pub(super) struct Gone;

impl From<std::io::Error> for Gone {
    fn from(_gone: std::io::Error) -> Self {
        Self
    }
}

/// A server's end of a connection.
pub(super) struct Wire {
    stream: DuplexStream,
    sequence: u8,
}

/// `VAR_STRING` and `INT` among the types of columns.
pub(super) const TEXT: u8 = 253;
pub(super) const INT: u8 = 3;

impl Wire {
    pub(super) fn new(stream: DuplexStream) -> Self {
        Self { stream, sequence: 0 }
    }

    pub(super) async fn read(&mut self) -> Result<Vec<u8>, Gone> {
        let mut packet = Vec::new();
        loop {
            let mut header = [0; 4];
            self.stream.read_exact(&mut header).await?;
            let length =
                usize::from(header[0]) | usize::from(header[1]) << 8 | usize::from(header[2]) << 16;
            self.sequence = header[3].wrapping_add(1);
            let begin = packet.len();
            packet.resize(begin + length, 0);
            self.stream.read_exact(&mut packet[begin..]).await?;
            if length < 0xFF_FFFF {
                return Ok(packet);
            }
        }
    }

    pub(super) async fn write(&mut self, payload: &[u8]) -> Result<(), Gone> {
        let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
        let mut packet = vec![length[0], length[1], length[2], self.sequence];
        self.sequence = self.sequence.wrapping_add(1);
        packet.extend_from_slice(payload);
        self.stream.write_all(&packet).await?;
        Ok(())
    }

    pub(super) async fn greet(&mut self, connection: u32) -> Result<(), Gone> {
        // PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH, TRANSACTIONS, LOCAL_FILES, MULTI_RESULTS.
        const CAPABILITIES: u32 = 1 << 9 | 1 << 15 | 1 << 19 | 1 << 13 | 1 << 7 | 1 << 17 | 1 << 2;
        let capabilities = CAPABILITIES.to_le_bytes();
        let mut packet = b"\x0a9.7.4\0".to_vec();
        packet.extend(connection.to_le_bytes());
        packet.extend(b"abcdefgh\0");
        packet.extend(&capabilities[..2]);
        packet.extend([45, 2, 0]);
        packet.extend(&capabilities[2..]);
        packet.push(21);
        packet.extend([0; 10]);
        packet.extend(b"ijklmnopqrst\0mysql_native_password\0");
        self.sequence = 0;
        self.write(&packet).await?;
        self.read().await?;
        self.ok(0, "").await
    }

    pub(super) async fn ok(&mut self, affected: u64, info: &str) -> Result<(), Gone> {
        let mut packet = vec![0];
        put_length(&mut packet, affected);
        packet.extend([0, 2, 0, 0, 0]);
        if !info.is_empty() {
            put_text(&mut packet, info.as_bytes());
        }
        self.write(&packet).await
    }

    pub(super) async fn refuse(&mut self, code: u16, state: &str, why: &str) -> Result<(), Gone> {
        let mut packet = vec![0xFF];
        packet.extend(code.to_le_bytes());
        packet.extend(format!("#{state}{why}").as_bytes());
        self.write(&packet).await
    }

    pub(super) async fn columns(&mut self, columns: &[(&str, u8)]) -> Result<(), Gone> {
        for (name, kind) in columns {
            let mut packet = Vec::new();
            for text in ["def", "", "", "", name, ""] {
                put_text(&mut packet, text.as_bytes());
            }
            packet.push(0x0C);
            packet.extend(if *kind == TEXT { 45_u16 } else { 63 }.to_le_bytes());
            packet.extend(80_u32.to_le_bytes());
            packet.extend([*kind, 0, 0, 0, 0, 0]);
            self.write(&packet).await?;
        }
        self.end().await
    }

    /// An EOF packet.
    pub(super) async fn end(&mut self) -> Result<(), Gone> {
        self.write(&[0xFE, 0, 0, 2, 0]).await
    }

    /// A whole result by the text protocol.
    pub(super) async fn rows(
        &mut self,
        columns: &[&str],
        rows: &[Vec<Option<Vec<u8>>>],
    ) -> Result<(), Gone> {
        let mut count = Vec::new();
        put_length(&mut count, columns.len() as u64);
        self.write(&count).await?;
        let columns: Vec<(&str, u8)> = columns.iter().map(|name| (*name, TEXT)).collect();
        self.columns(&columns).await?;
        for row in rows {
            let mut packet = Vec::new();
            for value in row {
                match value {
                    Some(text) => put_text(&mut packet, text),
                    None => packet.push(0xFB),
                }
            }
            self.write(&packet).await?;
        }
        self.end().await
    }
}

/// Appends a length-encoded number.
pub(super) fn put_length(out: &mut Vec<u8>, length: u64) {
    match length {
        0..251 => out.push(u8::try_from(length).unwrap()),
        251..65_536 => {
            out.push(0xFC);
            out.extend(u16::try_from(length).unwrap().to_le_bytes());
        }
        _ => {
            out.push(0xFD);
            out.extend(&u32::try_from(length).unwrap().to_le_bytes()[..3]);
        }
    }
}

/// Appends a text with its length.
pub(super) fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    put_length(out, text.len() as u64);
    out.extend_from_slice(text);
}
