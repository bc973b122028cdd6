//! The operator's own steps: commands, requests, a real proxy; and what becomes of a turn whose hook fails.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};

use sealift_lab::packages::{self, Programs};
use sealift_lab::wait_until;
use sealift_lab::workload::clients::Clients;
use serde_json::Value;

use super::{ROUTED, Running, Shop, mysql, outcome};
use crate::offline::ends_with;

/// The other side is live all the same, what comes after the switch is done, and it is told.
#[test]
fn a_failing_hook_after_the_switch_is_told_and_one_can_go_back() {
    let pair = mysql();
    let shop = Shop::new(&pair, "unmoved", "");
    let clients = shop.clients(1);
    shop.folder.reconfigure(ROUTED, "after = 'echo no way >&2; exit 7'");
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    let cut = shop.folder.sealift(&["cutover", "--yes", "--json"]);
    ends_with(1, &cut);
    assert_eq!((cut.error_code().as_str(), outcome(&cut).as_str()), ("SL1007", "unfinished"));
    assert!(cut.stdout.contains("no way"), "{}", cut.screen());
    assert_eq!(shop.live(), "target");
    // The operator does what the hook did not.
    shop.folder.write("router", "target\n");
    shop.goes_on(&clients);
    ends_with(0, &shop.folder.sealift(&["stop"]));
    drop(running);
    shop.folder.reconfigure("after = 'echo no way >&2; exit 7'", ROUTED);
    let running = Running::start(&shop);
    shop.wait_until_ready("target");
    ends_with(0, &shop.folder.sealift(&["rollback", "--yes"]));
    shop.goes_on(&clients);
    shop.closes(clients, running);
}

/// Answers each request with the status of its path (`/503` with 503), and tells what was posted.
fn listener() -> (u16, Receiver<(String, Value)>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            if tell.send(answer(stream.unwrap())).is_err() {
                return;
            }
        }
    });
    (port, told)
}

fn answer(stream: TcpStream) -> (String, Value) {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_ascii_lowercase());
    }
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let path = lines[0].strip_prefix("post /").unwrap().split(' ').next().unwrap().to_owned();
    let head = format!("HTTP/1.1 {path} said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    reader.get_mut().write_all(head.as_bytes()).unwrap();
    (path, serde_json::from_slice(&body).unwrap())
}

#[test]
fn a_hook_may_be_a_request_and_its_status_is_the_answer() {
    let pair = mysql();
    let shop = Shop::new(&pair, "posted", "");
    let (port, told) = listener();
    let hooks = |before: u16, after: u16| {
        format!(
            "before = 'http://127.0.0.1:{port}/{before}'\nafter = 'http://127.0.0.1:{port}/{after}'"
        )
    };
    shop.folder.reconfigure(ROUTED, &hooks(503, 200));
    let refused = shop.folder.sealift(&["cutover", "--yes", "--json"]);
    ends_with(3, &refused);
    assert_eq!(refused.error_code(), "SL1006", "{}", refused.screen());
    assert_eq!(told.recv().unwrap().0, "503");
    assert_eq!(shop.live(), "source");

    shop.folder.reconfigure(&hooks(503, 200), &hooks(204, 200));
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    ends_with(0, &shop.folder.sealift(&["cutover", "--rehearse"]));
    ends_with(0, &shop.folder.sealift(&["cutover", "--yes"]));
    let expected = [("204", "before", "1"), ("204", "before", "0"), ("200", "after", "0")];
    for (path, hook, rehearsal) in expected {
        let (asked, facts) = told.recv().unwrap();
        assert_eq!(asked, path);
        let port = |server: &sealift_lab::Server| Value::from(server.port().to_string());
        for (key, value) in [
            ("hook", hook.into()),
            ("rehearsal", rehearsal.into()),
            ("turn", "cutover".into()),
            ("from", "source".into()),
            ("from_port", port(&shop.pair.source)),
            ("to", "target".into()),
            ("to_host", "127.0.0.1".into()),
            ("to_port", port(&shop.pair.target)),
        ] {
            assert_eq!(facts[key], value, "{key}: {facts}");
        }
        let password = shop.pair.source.account().password;
        assert!(!facts.to_string().contains(password), "{facts}");
    }
    ends_with(0, &shop.folder.sealift(&["stop"]));
    drop(running);
}

/// HAProxy as `examples/haproxy` has it, between the application and both servers.
pub(super) struct Proxy {
    process: Child,
    pub(super) port: u16,
}

impl Proxy {
    fn start(shop: &Shop<'_>, tools: &Programs, example: &Path) -> Self {
        let port = free_port();
        let mut config = std::fs::read_to_string(example.join("haproxy.cfg")).unwrap();
        let at = |port: u16| format!("127.0.0.1:{port}");
        for (written, ours) in [
            ("/run/haproxy.sock", shop.folder.file("haproxy.sock").display().to_string()),
            ("127.0.0.1:3307", at(port)),
            ("10.0.0.5:3306", at(shop.pair.source.port())),
            ("contoso.mysql.database.azure.com:3306", at(shop.pair.target.port())),
        ] {
            assert!(config.contains(written), "{written} is not in the example");
            config = config.replace(written, &ours);
        }
        shop.folder.write("haproxy.cfg", &config);
        let mut command = tools.command("haproxy").unwrap();
        command.args(["-db", "-f", "haproxy.cfg"]).current_dir(shop.folder.file(""));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let socket = shop.folder.file("haproxy.sock");
        wait_until("HAProxy listens", || {
            assert_eq!(process.try_wait().unwrap(), None, "HAProxy has ended");
            (socket.exists() && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())
                .then_some(())
        });
        Self { process, port }
    }
}

/// A port nobody listens on any more.
pub(super) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if self.process.kill().is_ok() {
            let _ended = self.process.wait();
        }
    }
}

/// The unpacked socat, as the script looks for it on PATH.
fn put_on_path(shop: &Shop<'_>, tools: &Programs) {
    let words = tools.command_line("socat").unwrap();
    let words: Vec<String> =
        words.iter().map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    std::fs::create_dir(shop.folder.file("bin")).unwrap();
    shop.folder.write("bin/socat", &format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" ")));
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(shop.folder.file("bin/socat"), executable).unwrap();
}

/// Puts the HAProxy of the example before both servers, and the example's script in the place of the hook.
pub(super) fn proxied(shop: &Shop<'_>) -> Proxy {
    let tools = packages::tools("bookworm", &["haproxy", "socat"]).unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/haproxy");
    let proxy = Proxy::start(shop, &tools, &example);
    put_on_path(shop, &tools);
    let script = example.canonicalize().unwrap().join("move.sh");
    let hook =
        format!("after = 'PATH=$PWD/bin:$PATH HAPROXY_SOCKET=./haproxy.sock {}'", script.display());
    shop.folder.reconfigure(ROUTED, &hook);
    proxy
}

#[test]
fn a_haproxy_is_moved_there_and_back_by_the_example() {
    let pair = mysql();
    let shop = Shop::new(&pair, "proxied", "");
    let proxy = proxied(&shop);
    let clients = Clients::through(&shop.pair.source, &shop.schema, proxy.port, 2);
    let running = Running::start(&shop);
    for (command, live) in [("cutover", "source"), ("rollback", "target"), ("cutover", "source")] {
        shop.wait_until_ready(live);
        shop.goes_on(&clients);
        ends_with(0, &shop.folder.sealift(&[command, "--yes"]));
        shop.goes_on(&clients);
    }
    shop.comes_to_rest(clients, running);
}
