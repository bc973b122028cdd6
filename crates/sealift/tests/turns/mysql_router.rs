//! The application behind a MySQL Router, as `examples/mysql-router` has it.

use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use sealift_lab::packages;
use sealift_lab::wait_until;
use sealift_lab::workload::clients::Clients;

use super::hooks::free_port;
use super::{ROUTED, Running, Shop, mysql, shell};
use crate::offline::ends_with;

/// Begins the router again whenever it ends, as an init does.
struct Router<'s> {
    init: Child,
    shop: &'s Shop<'s>,
    port: u16,
}

/// Ends the router, and lets the init begin it anew.
const RESTART: &str = "#!/bin/sh\nkill \"$(cat router.pid)\"\necho again >> restarts\n";

impl<'s> Router<'s> {
    /// Puts the router of the example before both servers, and the example's script in the place of the hook.
    fn start(shop: &'s Shop<'s>) -> Self {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/mysql-router");
        let example = example.canonicalize().unwrap();
        let tools = packages::tools("sid", &["mysql-router"]).unwrap();
        let port = free_port();
        let mut config = std::fs::read_to_string(example.join("mysqlrouter.conf")).unwrap();
        for (written, ours) in [
            ("bind_port = 3307", format!("bind_port = {port}")),
            ("10.0.0.5:3306", format!("127.0.0.1:{}", shop.pair.source.port())),
        ] {
            assert!(config.contains(written), "{written} is not in the example");
            config = config.replace(written, &ours);
        }
        // Where the packages are unpacked.
        let plugins = tools.root().join("usr/lib/mysqlrouter/plugin");
        let plugins = format!("[DEFAULT]\nplugin_folder = {}\n", plugins.display());
        shop.folder.write("router.conf", &format!("{plugins}{config}"));
        shop.folder.write("restart", RESTART);
        let settings = "ROUTER_CONF=router.conf ROUTER_RESTART=\"sh restart\"";
        let script = example.join("move.sh");
        shop.folder.reconfigure(ROUTED, &format!("after = '{settings} {}'", script.display()));

        let mut router = tools.command("mysqlrouter").unwrap();
        router.args(["-c", "router.conf"]);
        let again = format!("while :; do {} & echo $! > router.pid; wait $!; done", shell(&router));
        let mut init = Command::new("sh");
        init.args(["-c", &again]).current_dir(shop.folder.file(""));
        init.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let router = Self { init: init.spawn().unwrap(), shop, port };
        wait_until("MySQL Router listens", || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok().map(drop)
        });
        router
    }
}

impl Drop for Router<'_> {
    fn drop(&mut self) {
        if self.init.kill().is_ok() {
            let _ended = self.init.wait();
        }
        if let Ok(pid) = std::fs::read_to_string(self.shop.folder.file("router.pid")) {
            let _killed = Command::new("kill").args(["-9", pid.trim()]).status();
        }
    }
}

#[test]
fn a_mysql_router_is_moved_there_and_back_by_the_example() {
    let pair = mysql();
    let shop = Shop::new(&pair, "routed", "");
    let router = Router::start(&shop);
    let clients = Clients::through(&shop.pair.source, &shop.schema, router.port, 2);
    let running = Running::start(&shop);
    for (command, live) in [("cutover", "source"), ("rollback", "target")] {
        shop.wait_until_ready(live);
        shop.goes_on(&clients);
        ends_with(0, &shop.folder.sealift(&[command, "--yes"]));
        shop.goes_on(&clients);
        let to = shop.side(if live == "source" { "target" } else { "source" }).port();
        let config = std::fs::read_to_string(shop.folder.file("router.conf")).unwrap();
        assert!(config.contains(&format!("destinations = 127.0.0.1:{to}\n")), "{config}");
    }
    let restarts = std::fs::read_to_string(shop.folder.file("restarts")).unwrap();
    assert_eq!(restarts.lines().count(), 2, "once a turn");
    shop.comes_to_rest(clients, running);
}
