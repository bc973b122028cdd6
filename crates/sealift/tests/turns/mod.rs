//! `cutover` and `rollback` under an application that keeps a ledger of what was acknowledged: nothing of it is lost,
//! and at any time one side is live.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use sealift_lab::oracle::Comparison;
use sealift_lab::workload::clients::{self, Clients};
use sealift_lab::{Pair, Server, unique_schema, wait_until};
use serde_json::Value;

use crate::folder::{Folder, Ran};
use crate::offline::{ends_with, folder};
use crate::pairs::{Alone, Pool};

mod by_login;
mod client;
mod crashes;
mod definitions;
mod fences;
mod from_5_6;
mod hooks;
mod ledger;
mod lost;
mod mysql_router;
mod refusals;
mod restarts;
mod verify;
mod waits;
mod way_back;

/// The hook that moves the application's traffic.
const ROUTED: &str = "after = 'echo $SEALIFT_TO > router'";

/// Clients of the application, in tests that turn once or twice.
const CLIENTS: usize = 2;

/// A fence holds for a whole server, and the source's reader may raise one.
static PAIRS: Pool = Pool::new(&STARTED);
static STARTED: [LazyLock<Pair>; 2] = [LazyLock::new(with_grants), LazyLock::new(with_grants)];

fn with_grants() -> Pair {
    let pair = Pair::mysql();
    pair.source.sql(clients::SOURCE_GRANTS);
    pair
}

/// A pair for this test alone.
fn mysql() -> Alone {
    PAIRS.take()
}

/// An application's schema, its migration, and where its traffic goes.
struct Shop<'p> {
    pair: &'p Pair,
    schema: String,
    folder: Folder,
}

impl<'p> Shop<'p> {
    /// `settings` are lines of `[cutover]`; the traffic is moved by the hook.
    fn new(pair: &'p Pair, what: &str, settings: &str) -> Self {
        let schema = unique_schema(what);
        // The test before may have left it so.
        pair.source.sql("SET GLOBAL read_only = OFF");
        clients::create(&pair.source, &pair.target, &schema);
        let rest = format!("[cutover]\n{ROUTED}\n{settings}\n");
        let folder = folder(&pair.source, &pair.target, &[&schema], &rest);
        folder.write("router", "source\n");
        Self { pair, schema, folder }
    }

    /// Runs, cuts over, executes a script on the target, and waits until that can be taken back.
    fn left_for(&self, script: impl AsRef<[u8]>) -> Running {
        let running = Running::start(self);
        self.wait_until_ready("source");
        ends_with(0, &self.folder.sealift(&["cutover", "--yes"]));
        self.pair.target.sql(script);
        self.wait_until_ready("target");
        running
    }

    fn clients(&self, count: usize) -> Clients {
        let Self { pair, schema, .. } = self;
        Clients::start(&pair.source, &pair.target, schema, &self.router(), count)
    }

    /// The application without what writes by itself: no account and no word of the operator's keeps that out.
    fn without_event(&self) {
        self.pair.source.sql(format!("DROP EVENT {}.tick", self.schema));
    }

    fn router(&self) -> PathBuf {
        self.folder.file("router")
    }

    fn side(&self, side: &str) -> &Server {
        if side == "target" { &self.pair.target } else { &self.pair.source }
    }

    fn status(&self) -> Value {
        self.folder.sealift(&["status", "--json"]).json()
    }

    fn live(&self) -> String {
        self.status()["live"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the run that was just begun follows the live side and can be asked to turn.
    fn wait_until_ready(&self, live: &str) {
        self.wait_until_doing(match live {
            "source" => "following: ready to cut over",
            _ => "following the target back: ready to roll back",
        });
    }

    /// Waits until the run says that it does this.
    fn wait_until_doing(&self, what: &str) {
        wait_until(what, || (self.status()["progress"]["stage"] == what).then_some(()));
    }

    /// A command that is not waited for.
    fn in_background(&self, args: &[&str]) -> Child {
        let mut command = self.folder.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Waits until the application goes on writing.
    fn goes_on(&self, clients: &Clients) {
        let so_far = clients.acknowledged();
        wait_until("the application goes on", || {
            (clients.acknowledged() > so_far + 20).then_some(())
        });
    }

    /// Clients and run end, the rest is carried, and nothing acknowledged is lost.
    fn closes(&self, clients: Clients, running: Running) {
        let (acknowledged, _refused) = clients.finish();
        ends_with(0, &self.folder.sealift(&["stop"]));
        drop(running);
        ends_with(0, &self.folder.sealift(&["run", "--until-caught-up"]));
        self.assert_nothing_lost(&acknowledged);
    }

    /// The application ends, then the run; the target catches up, and nothing that was acknowledged is missing. The
    /// turns refused some of it.
    fn comes_to_rest(&self, clients: Clients, running: Running) {
        let (acknowledged, refused) = clients.finish();
        assert!(!refused.is_empty(), "nobody was refused");
        ends_with(0, &self.folder.sealift(&["stop"]));
        drop(running);
        ends_with(0, &self.folder.sealift(&["run", "--until-caught-up"]));
        self.assert_nothing_lost(&acknowledged);
    }

    /// Everything acknowledged is on both sides, once, and both sides are equal.
    fn assert_nothing_lost(&self, acknowledged: &[(usize, u64)]) {
        for side in ["source", "target"] {
            let lost = clients::lost(self.side(side), &self.schema, acknowledged);
            assert!(lost.is_empty(), "on the {side}:\n{}", lost.join("\n"));
        }
        // An event moves the clock on while it is looked at.
        let differing = Comparison::of([&self.schema])
            .without(&self.schema, "clock")
            .row_differences(&self.pair.source, &self.pair.target);
        assert!(differing.is_empty(), "{}", differing.join("\n"));
    }
}

/// A run in the background.
struct Running(Child);

impl Running {
    /// Begins, and waits until what `status` says is of this run.
    fn start(shop: &Shop<'_>) -> Self {
        let mut command = shop.folder.command(&["run"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
        let before = shop.status()["progress"]["at"].clone();
        let running = Self(command.spawn().unwrap());
        wait_until("the run has begun", || {
            let status = shop.status();
            (status["pid"] == running.0.id() && status["progress"]["at"] != before).then_some(())
        });
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended before.
        if self.0.kill().is_ok() {
            let _ended = self.0.wait();
        }
    }
}

/// A command as a shell reads it.
fn shell(command: &Command) -> String {
    let quoted = |word: &OsStr| format!("'{}'", word.to_str().unwrap());
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

fn outcome(ran: &Ran) -> String {
    ran.json()["turn"]["outcome"].as_str().unwrap_or("none").to_owned()
}

/// There and back, by command, while a run is at work.
fn there_and_back(pair: &Pair, settings: &str, fence: &str) {
    let shop = Shop::new(pair, "turned", settings);
    let clients = shop.clients(CLIENTS);
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    let rehearsed = shop.folder.sealift(&["cutover", "--rehearse", "--json"]);
    ends_with(0, &rehearsed);
    assert_eq!(outcome(&rehearsed), "rehearsed");
    assert_eq!(rehearsed.json()["turn"]["fence"], fence);
    assert_eq!(shop.live(), "source");
    // The events it has made on the target are disabled, and no difference.
    ends_with(0, &shop.folder.sealift(&["verify"]));
    shop.goes_on(&clients);

    let cut = shop.folder.sealift(&["cutover", "--yes", "--json"]);
    ends_with(0, &cut);
    assert_eq!((outcome(&cut).as_str(), cut.json()["live"].as_str()), ("switched", Some("target")));
    assert_eq!(shop.live(), "target");
    shop.goes_on(&clients);
    // Its rows are the application's now.
    assert_eq!(shop.folder.sealift(&["repair", "--yes", "--json"]).error_code(), "SL1001");
    let by = cut.json()["turn"]["ask"]["by"].as_str().unwrap().to_owned();
    assert!(by.contains("sealift cutover"), "{by}");
    for file in ["cutover-2.json", "cutover-2.html"] {
        let record = std::fs::read_to_string(shop.folder.file(".sealift").join(file)).unwrap();
        assert!(
            record.contains("takes no writes") || record.contains("writes are kept out"),
            "{file}"
        );
    }
    // What is left takes no writes of the application's.
    let stray = format!("INSERT INTO {}.bag VALUES (99, 1)", shop.schema);
    let (user, password) = ("shop_app", "shop-pw1");
    let refused = pair
        .source
        .client()
        .option(format!("--user={user}"))
        .option(format!("--password={password}"));
    assert!(refused.try_run(&stray).is_err(), "the source takes writes");

    shop.wait_until_ready("target");
    names_the_live_target(&shop);
    verify::is_equal(&shop);
    let back = shop.folder.sealift(&["rollback", "--yes", "--json"]);
    ends_with(0, &back);
    assert_eq!((outcome(&back).as_str(), shop.live().as_str()), ("switched", "source"));
    shop.goes_on(&clients);
    // And again: there is nothing that only works once.
    shop.wait_until_ready("source");
    ends_with(0, &shop.folder.sealift(&["cutover", "--yes"]));
    shop.goes_on(&clients);
    let (acknowledged, refused) = clients.finish();
    assert!(refused.len() >= 3, "every turn was noticed: {refused:?}");
    ends_with(0, &shop.folder.sealift(&["stop"]));
    drop(running);
    let events = |server: &Server| {
        server.sql(format!(
            "SELECT status FROM information_schema.events WHERE event_schema = '{}'",
            shop.schema
        ))
    };
    assert_eq!((events(&pair.source).trim(), events(&pair.target).trim()), ("DISABLED", "ENABLED"));
    ends_with(0, &shop.folder.sealift(&["run", "--until-caught-up"]));
    shop.assert_nothing_lost(&acknowledged);

    ends_with(0, &shop.folder.sealift(&["finish", "--yes"]));
    for server in [&pair.source, &pair.target] {
        assert_eq!(server.sql("SHOW DATABASES LIKE 'sealift'"), "", "{}", server.kind());
        let ours =
            "SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_name LIKE 'sealift%'";
        assert_eq!(server.sql(ours), "0\n");
    }
}

/// What `status` says of following is said of the side that is live.
fn names_the_live_target(shop: &Shop<'_>) {
    wait_until("the source is level and can be rolled back to", || {
        (shop.status()["following"]["ready"] == true).then_some(())
    });
    assert_eq!(shop.status()["following"]["live"], "target");
    let words = shop.folder.sealift(&["status"]).stdout;
    for wrong in ["ready to cut over", "level with the source", "the source keeps"] {
        assert!(!words.contains(wrong), "{wrong}: {words}");
    }
    assert!(words.contains("following the target back: ready to roll back"), "{words}");
}

#[test]
fn an_application_is_moved_there_and_back_and_no_acknowledged_write_is_lost() {
    let pair = mysql();
    there_and_back(&pair, "", "read-only");
}

#[test]
fn a_mariadb_is_left_and_taken_back_with_triggers_for_a_fence() {
    let pair = Pair::mariadb_10_11();
    pair.source.sql(clients::MARIADB_SOURCE_GRANTS);
    there_and_back(&pair, "fence = 'tables'", "tables");
}
