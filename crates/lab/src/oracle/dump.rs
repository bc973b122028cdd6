//! One server's `mysqldump` of a schema: its definitions as text, its rows as lines.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use crate::server::Server;

/// The definitions of a schema: tables, views, triggers, routines, events, and the schema's own defaults.
pub(super) fn schema(server: &Server, schema: &str, left_out: &[String]) -> String {
    let mut command = dump(server, schema, left_out);
    command.args(["--no-data", "--routines", "--events", "--triggers", "--skip-add-drop-table"]);
    command.args(["--default-character-set=utf8mb4", schema]);
    let output = command.output().expect("mysqldump runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "mysqldump of {schema} from {}: {said}", server.kind());
    let own = server.sql(format!("SHOW CREATE DATABASE `{}`", schema.replace('`', "``")));
    let options = own.split_once("/*!").map_or("", |(_, options)| options);
    format!("schema options: {options}{}", String::from_utf8_lossy(&output.stdout))
}

/// The rows of a schema, a line each. `head` edits the part of a line before the values: table and columns.
pub(super) fn rows(
    server: &Server,
    schema: &str,
    left_out: &[String],
    head: impl Fn(&str) -> String,
) -> Vec<Vec<u8>> {
    let mut command = dump(server, schema, left_out);
    command.args([
        "--no-create-info",
        "--skip-triggers",
        "--skip-extended-insert",
        "--complete-insert",
    ]);
    // Values in each column's own bytes: a conversion could hide a difference.
    command.args([
        "--hex-blob",
        "--order-by-primary",
        "--tz-utc",
        "--default-character-set=binary",
    ]);
    command.args(["--max-allowed-packet=1G", schema]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("mysqldump runs");
    let mut errors = child.stderr.take().expect("it is piped");
    let listening = std::thread::spawn(move || {
        let mut said = String::new();
        let _ = errors.read_to_string(&mut said);
        said
    });
    let mut rows = Vec::new();
    // Many lines share a head; editing it once is enough.
    let mut last: (Vec<u8>, Vec<u8>) = Default::default();
    for line in BufReader::new(child.stdout.take().expect("it is piped")).split(b'\n') {
        let line = line.expect("mysqldump's output can be read");
        if !line.starts_with(b"INSERT INTO") {
            continue;
        }
        let values = find(&line, b" VALUES (").unwrap_or(line.len());
        if line[..values] != last.0 {
            last = (
                line[..values].to_vec(),
                head(&String::from_utf8_lossy(&line[..values])).into_bytes(),
            );
        }
        rows.push([last.1.as_slice(), &without_introducers(&line[values..])].concat());
    }
    let status = child.wait().expect("mysqldump ends");
    let said = listening.join().expect("reading does not panic");
    assert!(status.success(), "mysqldump of {schema} from {}: {said}", server.kind());
    rows
}

/// MySQL's program marks strings as binary (`_binary 'x'`), MariaDB's does not; the words go, inside strings they stay.
fn without_introducers(values: &[u8]) -> Vec<u8> {
    const INTRODUCER: &[u8] = b"_binary ";
    let mut result = Vec::with_capacity(values.len());
    let (mut inside, mut escaped) = (false, false);
    let mut rest = values;
    while let Some((&byte, after)) = rest.split_first() {
        if !inside && rest.starts_with(INTRODUCER) {
            rest = &rest[INTRODUCER.len()..];
            continue;
        }
        if inside && !escaped && byte == b'\\' {
            escaped = true;
        } else {
            // A doubled quote leaves and enters again.
            inside ^= byte == b'\'' && !escaped;
            escaped = false;
        }
        result.push(byte);
        rest = after;
    }
    result
}

fn find(line: &[u8], word: &[u8]) -> Option<usize> {
    line.windows(word.len()).position(|window| window == word)
}

/// What both dumps have in common.
fn dump(server: &Server, schema: &str, left_out: &[String]) -> Command {
    let program = server.kind().dump_program();
    let mut command = server.programs().command(program).expect("a server has its mysqldump");
    command.args([
        "--no-defaults",
        "--user=root",
        "--compact",
        "--skip-comments",
        "--no-tablespaces",
    ]);
    command.args(["--single-transaction", "--quick"]);
    command.arg(format!("--socket={}", server.socket().display()));
    if !server.kind().has_clients_of_mariadb() {
        // The target has keys of its own making on tables without one.
        command.args(["--set-gtid-purged=OFF", "--skip-generated-invisible-primary-key"]);
    }
    command.args(left_out.iter().map(|table| format!("--ignore-table={schema}.{table}")));
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_introducers_outside_of_strings_go() {
        let line = br"(1,_binary 'a _binary \' x',_binary '\\',0x00,_binary 'it''s _binary ')";
        let bare = br"(1,'a _binary \' x','\\',0x00,'it''s _binary ')";
        assert_eq!(without_introducers(line), bare);
    }
}
