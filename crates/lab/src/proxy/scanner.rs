//! Finds statements among the packets a client sends.

/// How much of a packet's start is kept: a command byte, perhaps empty query attributes, and the first words.
const KEPT: usize = 96;

/// Follows the packets of one connection, client to server.
/// <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html>
#[derive(Debug, Default)]
pub(super) struct Scanner {
    header: Vec<u8>,
    start: Vec<u8>,
    left: usize,
}

impl Scanner {
    /// How the statements begin that end in this piece. What is encrypted or compressed is never taken for one.
    pub(super) fn statements(&mut self, piece: &[u8]) -> Vec<String> {
        let mut rest = piece;
        let mut found = Vec::new();
        while !rest.is_empty() {
            if self.left == 0 {
                let (header, after) = rest.split_at(rest.len().min(4 - self.header.len()));
                self.header.extend_from_slice(header);
                rest = after;
                if self.header.len() < 4 {
                    break;
                }
                self.left = usize::from(self.header[0])
                    | usize::from(self.header[1]) << 8
                    | usize::from(self.header[2]) << 16;
                self.start.clear();
                if self.left == 0 {
                    self.header.clear();
                }
                continue;
            }
            let (payload, after) = rest.split_at(rest.len().min(self.left));
            let kept = payload.len().min(KEPT - self.start.len());
            self.start.extend_from_slice(&payload[..kept]);
            self.left -= payload.len();
            rest = after;
            if self.left == 0 {
                if self.header[3] == 0 {
                    found.extend(statement(&self.start));
                }
                self.header.clear();
            }
        }
        found
    }
}

/// The statement of a packet that starts with `COM_QUERY`. Clients with query attributes put two bytes (none, one
/// set) before it.
fn statement(start: &[u8]) -> Option<String> {
    const COM_QUERY: u8 = 3;
    let (&COM_QUERY, statement) = start.split_first()? else { return None };
    let statement = statement.strip_prefix(&[0, 1]).unwrap_or(statement);
    Some(String::from_utf8_lossy(statement).into_owned())
}

/// Whether a statement begins like this, in small letters or large ones.
pub(super) fn begins_with(statement: &str, beginning: &str) -> bool {
    statement.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(sequence: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        [&[length, 0, 0, sequence], payload].concat()
    }

    fn commits(found: &[String]) -> bool {
        found.iter().any(|statement| begins_with(statement, "COMMIT"))
    }

    #[test]
    fn a_commit_is_found_wherever_the_pieces_are_cut() {
        let stream =
            [packet(1, b"login"), packet(0, b"\x03SELECT 1"), packet(0, b"\x03commit")].concat();
        for cut in 0..=stream.len() {
            let mut scanner = Scanner::default();
            let first = commits(&scanner.statements(&stream[..cut]));
            let second = commits(&scanner.statements(&stream[cut..]));
            assert_eq!((first, second), (cut == stream.len(), cut != stream.len()), "cut at {cut}");
        }
    }

    #[test]
    fn what_only_looks_like_a_commit_is_none() {
        let mut scanner = Scanner::default();
        let mut sees = |packet: &[u8]| commits(&scanner.statements(packet));
        // Rows of a LOAD DATA stream have a sequence above 0; other commands have another first byte.
        assert!(!sees(&packet(3, b"\x03COMMIT")));
        assert!(!sees(&packet(0, b"\x16COMMIT")));
        assert!(!sees(&packet(0, b"\x03SELECT 'COMMIT'")));
        assert!(sees(&packet(0, b"\x03\x00\x01COMMIT")));
    }
}
