//! An application with several connections that keeps a ledger of what was acknowledged, and follows its traffic
//! from one server to the other.
//!
//! Where the traffic goes stands in a file (`source` or `target`), which a cutover's hook writes. A client whose
//! write is refused looks there again and writes on, as applications with a pool do.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::server::{Account, Kind, Server};

/// The application's account, user and password: it holds no privilege that a fence would let through.
pub const ACCOUNT: (&str, &str) = ("shop_app", "shop-pw1");

/// What the migration's login needs on a MySQL source for a cutover, beyond what following takes.
pub const SOURCE_GRANTS: &str = "
GRANT SYSTEM_VARIABLES_ADMIN, CONNECTION_ADMIN, SET_ANY_DEFINER, XA_RECOVER_ADMIN ON *.* TO app_reader;
GRANT CREATE, DROP, SELECT, INSERT, UPDATE, DELETE, EVENT ON sealift.* TO app_reader;
GRANT INSERT, UPDATE, DELETE, ALTER ON *.* TO app_reader;
SET GLOBAL log_bin_trust_function_creators = ON;
";

/// The same on a MySQL 5.6 source.
pub const MYSQL_5_6_SOURCE_GRANTS: &str = "
GRANT SUPER, INSERT, UPDATE, DELETE, ALTER ON *.* TO app_reader;
GRANT CREATE, DROP, SELECT, INSERT, UPDATE, DELETE, EVENT ON sealift.* TO app_reader;
SET GLOBAL log_bin_trust_function_creators = ON;
SET GLOBAL event_scheduler = ON;
";

/// The same on a MariaDB source.
pub const MARIADB_SOURCE_GRANTS: &str = "
GRANT READ_ONLY ADMIN, SET USER ON *.* TO app_reader;
GRANT CREATE, DROP, SELECT, INSERT, UPDATE, DELETE, EVENT ON sealift.* TO app_reader;
GRANT INSERT, UPDATE, DELETE, ALTER ON *.* TO app_reader;
SET GLOBAL log_bin_trust_function_creators = ON;
SET GLOBAL event_scheduler = ON;
";

/// The tables it writes to.
const TABLES: &str = "
CREATE TABLE acked (client INT NOT NULL, seq INT NOT NULL, side CHAR(6), PRIMARY KEY (client, seq));
CREATE TABLE tally (client INT NOT NULL PRIMARY KEY, n INT NOT NULL, seen INT NOT NULL DEFAULT 0);
CREATE TABLE item (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, client INT, seq INT, UNIQUE KEY once (client, seq));
CREATE TABLE bag (client INT, seq INT);
CREATE TABLE audit (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, client INT, seq INT);
CREATE TABLE clock (id INT NOT NULL PRIMARY KEY, ticks INT NOT NULL);
INSERT INTO clock VALUES (1, 0);
";

/// What only newer servers know, and what made MySQL refuse new rows beside a `BEFORE INSERT` trigger.
const COMPUTED: &str =
    "ALTER TABLE item ADD COLUMN twice INT GENERATED ALWAYS AS (seq * 2) STORED NOT NULL;";

/// What acts by itself: what a trigger writes is written once, wherever the application is.
const ACTING: &str = "
CREATE DEFINER='shop_app'@'%' TRIGGER audited AFTER INSERT ON acked FOR EACH ROW
  INSERT INTO audit (client, seq) VALUES (NEW.client, NEW.seq);
CREATE DEFINER='shop_app'@'%' TRIGGER seen BEFORE UPDATE ON tally FOR EACH ROW SET NEW.seen = NEW.seen + 1;
CREATE DEFINER='shop_app'@'%' EVENT tick ON SCHEDULE EVERY 1 SECOND DO UPDATE clock SET ticks = ticks + 1;
";

/// How an application works.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Statements of each transaction besides; `{client}` and `{seq}` stand for its numbers. The account has to be
    /// [admitted](admit) to what they touch.
    pub besides: &'static str,
    /// How long a client rests between two transactions, and after one that is refused.
    pub rest: Duration,
}

/// What clients have seen.
#[derive(Debug, Default)]
struct Seen {
    acknowledged: Vec<(usize, u64)>,
    /// For each time a client was refused: how long until a write of its went through again.
    refused: Vec<Duration>,
}

/// A running application. Dropping it stops it.
#[derive(Debug)]
pub struct Clients {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    seen: Arc<Mutex<Seen>>,
    threads: Vec<JoinHandle<()>>,
}

/// Makes the application's account on a server, and lets it into a schema.
pub fn admit(server: &Server, schema: &str) {
    let (user, password) = ACCOUNT;
    let quiet = if server.kind().is_mariadb() { "" } else { "SET sql_log_bin = 0;" };
    let make = if server.kind() == Kind::MySql5_6 {
        "GRANT USAGE ON *.* TO"
    } else {
        "CREATE USER IF NOT EXISTS"
    };
    server.sql(format!(
        "{quiet} {make} '{user}'@'%' IDENTIFIED BY '{password}'; \
         GRANT ALL ON `{schema}`.* TO '{user}'@'%'"
    ));
}

/// Gives the application's account a privilege on all of a server.
pub(super) fn grant(server: &Server, privilege: &str) {
    server.sql(format!("GRANT {privilege} ON *.* TO '{}'@'%'", ACCOUNT.0));
}

/// Makes the application's schema on the source, and its account on both servers.
pub fn create(source: &Server, target: &Server, schema: &str) {
    admit(source, schema);
    admit(target, schema);
    let computed = if source.kind() == Kind::MySql { COMPUTED } else { "" };
    source.sql(format!("CREATE DATABASE {schema}; USE {schema}; {TABLES} {computed} {ACTING}"));
}

impl Clients {
    /// Starts clients that write to the side named in the file `router`, as fast as it takes it.
    pub fn start(
        source: &Server,
        target: &Server,
        schema: &str,
        router: &Path,
        clients: usize,
    ) -> Self {
        Self::start_in((source, target), schema, router, clients, Manner::default())
    }

    /// Starts clients that work in a manner of their own.
    pub fn start_in(
        (source, target): (&Server, &Server),
        schema: &str,
        router: &Path,
        clients: usize,
        manner: Manner,
    ) -> Self {
        prepare(source, schema, clients);
        let ways = || Ways {
            source: way(source, schema),
            target: way(target, schema),
            router: Some(router.to_owned()),
        };
        Self::writing(ways, clients, manner)
    }

    /// Starts clients that know one address, a port of 127.0.0.1: a proxy leads them to one server or the other.
    /// They use the programs of `source`, which is live when they start.
    pub fn through(source: &Server, schema: &str, port: u16, clients: usize) -> Self {
        prepare(source, schema, clients);
        let ways = || {
            let way = || way_through(source, schema, port);
            Ways { source: way(), target: way(), router: None }
        };
        Self::writing(ways, clients, Manner::default())
    }

    fn writing(ways: impl Fn() -> Ways, clients: usize, manner: Manner) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(AtomicU64::new(0));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let threads = (0..clients).map(|number| {
            let client = Client {
                number,
                ways: ways(),
                manner,
                stop: Arc::clone(&stop),
                acknowledged: Arc::clone(&acknowledged),
                seen: Arc::clone(&seen),
            };
            std::thread::spawn(move || client.work())
        });
        let threads = threads.collect();
        Self { stop, acknowledged, seen, threads }
    }

    /// Writes that were acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// Stops, and tells each acknowledged write (client, number), and how long clients were refused each time.
    pub fn finish(mut self) -> (Vec<(usize, u64)>, Vec<Duration>) {
        self.stop();
        let mut seen = self.seen.lock().expect("no client panics");
        let Seen { acknowledged, refused } = std::mem::take(&mut *seen);
        (acknowledged, refused)
    }

    /// How long clients were refused since this was last asked.
    pub fn refused(&self) -> Vec<Duration> {
        std::mem::take(&mut self.seen.lock().expect("no client panics").refused)
    }

    fn stop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            let joined = thread.join();
            assert!(std::thread::panicking() || joined.is_ok(), "a client failed");
        }
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Which of some acknowledged writes a server lacks, in any table they belong to; and what it has twice.
pub fn lost(server: &Server, schema: &str, acknowledged: &[(usize, u64)]) -> Vec<String> {
    let tables = ["acked", "item", "bag", "audit"].iter();
    let asked = tables.map(|table| (table, format!("SELECT client, seq FROM {schema}.{table}")));
    asked.flat_map(|(table, query)| lost_of(server, table, &query, acknowledged)).collect()
}

/// The same of one table, by a query for client and number of each write it holds.
///
/// # Panics
/// When the query has other columns.
pub fn lost_of(
    server: &Server,
    table: &str,
    query: &str,
    acknowledged: &[(usize, u64)],
) -> Vec<String> {
    let mut there = BTreeMap::new();
    for line in server.sql(query).lines() {
        let (client, seq) = line.split_once('\t').expect("two columns");
        let key: (usize, u64) = (client.parse().expect("a number"), seq.parse().expect("one"));
        *there.entry(key).or_insert(0) += 1;
    }
    let lost = acknowledged.iter().filter_map(|(client, seq)| match there.get(&(*client, *seq)) {
        Some(1) => None,
        Some(times) => Some(format!("{table}: {client}/{seq} is there {times} times")),
        None => Some(format!("{table}: {client}/{seq} is missing")),
    });
    lost.collect()
}

fn prepare(source: &Server, schema: &str, clients: usize) {
    source.sql(format!(
        "USE {schema}; INSERT IGNORE INTO tally (client, n) VALUES {}",
        (0..clients).map(|client| format!("({client}, 0)")).collect::<Vec<_>>().join(",")
    ));
}

/// How a client reaches the servers.
struct Ways {
    source: Command,
    target: Command,
    /// The file that says which one; without it there is one address.
    router: Option<PathBuf>,
}

impl Ways {
    fn side(&self) -> String {
        let Some(router) = &self.router else { return "proxy".to_owned() };
        std::fs::read_to_string(router).unwrap_or_default().trim().to_owned()
    }

    fn to(&mut self, side: &str) -> &mut Command {
        if side == "target" { &mut self.target } else { &mut self.source }
    }
}

/// The same over TCP with TLS, by a port that is not the server's own.
fn way_through(server: &Server, schema: &str, port: u16) -> Command {
    let (user, password) = ACCOUNT;
    let mut command = server.client().account(Account { user, password }).schema(schema).command();
    command.arg(format!("--port={port}"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Has the server's client program log in as the application.
pub(super) fn as_application(command: &mut Command) {
    command.arg(format!("--user={}", ACCOUNT.0)).env("MYSQL_PWD", ACCOUNT.1);
}

/// The server's own client program, logged in as the application over the socket.
fn way(server: &Server, schema: &str) -> Command {
    let mut command = server.client().schema(schema).command();
    as_application(&mut command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

struct Client {
    number: usize,
    ways: Ways,
    manner: Manner,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    seen: Arc<Mutex<Seen>>,
}

/// A connection: the program ends with the first statement that is refused.
struct Connection {
    side: String,
    program: Child,
    statements: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Client {
    fn work(mut self) {
        let mut connection: Option<Connection> = None;
        let mut refused_since: Option<Instant> = None;
        let mut seq = 0;
        while !self.stop.load(Ordering::SeqCst) {
            let side = self.ways.side();
            if connection.as_ref().is_none_or(|open| open.side != side) {
                connection = Some(self.connect(&side));
            }
            seq += 1;
            let begun = Instant::now();
            let open = connection.as_mut().expect("it was just opened");
            if open.write(self.number, seq, self.manner.besides) {
                let mut seen = self.seen.lock().expect("no client panics");
                seen.acknowledged.push((self.number, seq));
                seen.refused.extend(refused_since.take().map(|since| since.elapsed()));
                drop(seen);
                self.acknowledged.fetch_add(1, Ordering::SeqCst);
            } else {
                refused_since.get_or_insert(begun);
                connection = None;
            }
            if !self.manner.rest.is_zero() {
                std::thread::park_timeout(self.manner.rest);
            }
        }
    }

    fn connect(&mut self, side: &str) -> Connection {
        let mut program = self.ways.to(side).spawn().expect("the client program starts");
        let statements = program.stdin.take().expect("it is piped");
        let answers = BufReader::new(program.stdout.take().expect("it is piped"));
        Connection { side: side.to_owned(), program, statements, answers }
    }
}

impl Connection {
    /// Writes one transaction; true when its commit was acknowledged.
    fn write(&mut self, client: usize, seq: u64, besides: &str) -> bool {
        let Self { side, statements, answers, .. } = self;
        let besides =
            besides.replace("{client}", &client.to_string()).replace("{seq}", &seq.to_string());
        let script = format!(
            "BEGIN; INSERT INTO acked VALUES ({client},{seq},'{side}'); \
             UPDATE tally SET n = n + 1 WHERE client = {client}; \
             INSERT INTO item (client, seq) VALUES ({client},{seq}); \
             INSERT INTO bag VALUES ({client},{seq}); {besides} COMMIT; SELECT 'done {seq}';\n"
        );
        if statements.write_all(script.as_bytes()).is_err() {
            return false;
        }
        let mut answer = String::new();
        answers.read_line(&mut answer).is_ok_and(|_| answer == format!("done {seq}\n"))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
