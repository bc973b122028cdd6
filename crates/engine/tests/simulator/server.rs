//! One connection to one of the two servers: reads a command, waits a while, executes it, answers.

use std::time::Duration;

use rand::Rng;
use sealift_schema::facts::Side;
use tokio::io::DuplexStream;

use super::log;
use super::sql::{Change, Condition, Token, Val, Walk, tokens};
use super::store::{Outcome, Row, Sheet, Store, Taken};
use super::wire::{Gone, INT, TEXT, Wire, put_text};
use super::world::{Lie, Shared, World, pass};

/// How long a server may not notice that its client vanished.
const VANISHED: Duration = Duration::from_secs(7_200);
/// `innodb_lock_wait_timeout`.
const LOCK_WAIT: Duration = Duration::from_secs(50);

/// Serves one connection until it ends.
pub(super) async fn serve(shared: Shared, side: Side, stream: DuplexStream) {
    let (id, mut killed) = shared.change(|world| world.connect(side));
    let mut session = Session {
        shared: shared.clone(),
        side,
        id,
        wire: Wire::new(stream),
        autocommit: true,
        in_transaction: false,
        snapshot: None,
        prepared: Vec::new(),
    };
    let is_cut = tokio::select! {
        Err(Gone) = session.run() => true,
        _ended = async { killed.wait_for(|killed| *killed).await.is_ok() } => false,
    };
    drop(session);
    if is_cut && shared.lock().climate.vanishes {
        // The client knows that the connection is lost, if it lives; the server does not yet.
        let patience = shared.lock().random.random_range(Duration::ZERO..VANISHED);
        let ended = killed.wait_for(|killed| *killed);
        let _either = tokio::time::timeout(patience, ended).await.is_ok();
    }
    shared.change(|world| world.disconnect(id));
}

struct Session {
    shared: Shared,
    side: Side,
    id: u32,
    wire: Wire,
    autocommit: bool,
    in_transaction: bool,
    snapshot: Option<Store>,
    prepared: Vec<u8>,
}

type Rows = Vec<Vec<Option<Vec<u8>>>>;

impl Session {
    async fn run(&mut self) -> Result<std::convert::Infallible, Gone> {
        self.wire.greet(self.id).await?;
        loop {
            let packet = self.wire.read().await?;
            let latency = self.shared.lock().latency();
            pass(latency).await;
            // Cut before, or after.
            if self.shared.lock().befalls() {
                return Err(Gone);
            }
            let loses_answer = self.shared.lock().befalls();
            let (command, body) = packet.split_first().ok_or(Gone)?;
            match command {
                0x01 => return Err(Gone),
                0x03 => self.query(body, loses_answer).await?,
                0x0E | 0x15 => self.wire.ok(0, "").await?,
                0x16 => self.prepare(body).await?,
                0x17 => self.execute().await?,
                0x19 => {}
                0x1E => self.dump(body).await?,
                other => panic!("command {other:#04x} is not known"),
            }
        }
    }

    async fn query(&mut self, sql: &[u8], loses_answer: bool) -> Result<(), Gone> {
        let shown = String::from_utf8_lossy(sql).into_owned();
        self.shared.lock().note(self.id, self.side, &shown);
        let answer = match self.side {
            Side::Source => self.on_source(&shown).await,
            Side::Target => self.on_target(sql, &shown).await?,
        };
        if loses_answer {
            return Err(Gone);
        }
        match answer {
            Answer::Ok => self.wire.ok(0, "").await,
            Answer::Wrote(Wrote { affected, is_update: true, .. }) => {
                let info = format!("Rows matched: {affected}  Changed: {affected}  Warnings: 0");
                self.wire.ok(affected, &info).await
            }
            Answer::Wrote(Wrote { rows, affected, deleted, .. }) => {
                let info = if rows > 1 {
                    format!("Records: {rows}  Duplicates: {deleted}  Warnings: 0")
                } else {
                    String::new()
                };
                self.wire.ok(affected, &info).await
            }
            Answer::Loaded(Wrote { affected, deleted, skipped, .. }, records) => {
                let info = format!(
                    "Records: {records}  Deleted: {deleted}  Skipped: {skipped}  Warnings: {skipped}"
                );
                self.wire.ok(affected, &info).await
            }
            Answer::Rows(columns, rows) => self.wire.rows(&columns, &rows).await,
            Answer::Refused(code, why) => self.wire.refuse(code, "HY000", why).await,
        }
    }

    async fn on_source(&mut self, sql: &str) -> Answer {
        let text = |text: &str| Some(text.as_bytes().to_vec());
        let shared = self.shared.clone();
        match sql {
            _ if sql.starts_with("SET ") => Answer::Ok,
            _ if sql.starts_with("SHOW SESSION VARIABLES") => {
                Answer::Rows(vec!["Variable_name", "Value"], Vec::new())
            }
            "SHOW GLOBAL VARIABLES LIKE 'gtid_mode'" => Answer::Rows(
                vec!["Variable_name", "Value"],
                vec![vec![text("gtid_mode"), text("ON")]],
            ),
            _ if sql.starts_with("SHOW GLOBAL VARIABLES WHERE variable_name IN ('server_uuid'") => {
                let row = vec![text("server_uuid"), text(log::UUID)];
                Answer::Rows(vec!["Variable_name", "Value"], vec![row])
            }
            "SELECT @@GLOBAL.gtid_executed" => {
                let world = shared.lock();
                let early = world.lie == Lie::VisibleTooEarly;
                let source = &world.source;
                let count = if early { source.log.len() } else { source.visible_count };
                Answer::Rows(vec!["set"], vec![vec![text(&source.gtids(count))]])
            }
            "SHOW BINARY LOG STATUS" => {
                let world = shared.lock();
                let source = &world.source;
                let columns = vec!["File", "Position", "Do", "Ignore", "Executed_Gtid_Set"];
                let set = source.gtids(source.visible_count);
                let place = source.end().to_string();
                let row = [log::FILE, &place, "", "", &set].map(text);
                Answer::Rows(columns, vec![row.to_vec()])
            }
            _ if sql.starts_with("LOCK TABLES") => {
                let id = self.id;
                shared
                    .until(|world| {
                        if world.source.bag_is_being_written() {
                            return None;
                        }
                        world.source.readers.push(id);
                        Some(())
                    })
                    .await;
                Answer::Ok
            }
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY" => {
                self.snapshot = Some(shared.lock().source.visible.clone());
                Answer::Ok
            }
            "COMMIT" => {
                self.snapshot = None;
                Answer::Ok
            }
            _ if sql.contains("MIN(`id`)") => {
                let world = shared.lock();
                let mut ids: Vec<Val> =
                    world.source.visible.sheet("t").rows().map(|row| row[0].clone()).collect();
                ids.sort();
                let end = |id: Option<&Val>| id.and_then(Val::text);
                Answer::Rows(vec!["min", "max"], vec![vec![end(ids.first()), end(ids.last())]])
            }
            other => panic!("the source does not know: {other}"),
        }
    }

    async fn prepare(&mut self, sql: &[u8]) -> Result<(), Gone> {
        self.prepared = sql.to_vec();
        self.shared.lock().note(self.id, self.side, &String::from_utf8_lossy(sql));
        let columns = select(sql).columns;
        let count = u8::try_from(columns.len()).unwrap();
        self.wire.write(&[0, 1, 0, 0, 0, count, 0, 0, 0, 0, 0, 0]).await?;
        self.wire.columns(&typed(&columns)).await
    }

    /// Reads rows as one statement sees them, however long it takes to send them.
    async fn execute(&mut self) -> Result<(), Gone> {
        let Select { table, columns, conditions, limit } = select(&self.prepared);
        let (rows, cut) = {
            let mut world = self.shared.lock();
            let store = self.snapshot.as_ref().unwrap_or(&world.source.visible);
            let sheet = store.sheet(&table);
            let rows = sheet.rows().filter(|row| sheet.matches(row, &conditions)).take(limit);
            let rows: Vec<Row> = rows.cloned().collect();
            (rows, world.befalls())
        };
        self.wire.write(&[u8::try_from(columns.len()).unwrap()]).await?;
        self.wire.columns(&typed(&columns)).await?;
        let torn = self.shared.lock().random.random_range(0..=rows.len());
        for (at, row) in rows.iter().enumerate() {
            if cut && at == torn {
                return Err(Gone);
            }
            let latency = self.shared.lock().latency() / 20;
            pass(latency).await;
            self.wire.write(&binary(row)).await?;
        }
        self.wire.end().await
    }

    async fn dump(&mut self, body: &[u8]) -> Result<(), Gone> {
        let known = log::known(body);
        for event in log::head() {
            self.event(&event).await?;
        }
        let mut next = 0;
        loop {
            let more = self.shared.until(|world| world.source.log.get(next).cloned());
            match tokio::time::timeout(Duration::from_secs(1), more).await {
                Ok(logged) => {
                    next += 1;
                    if known.iter().any(|range| range.contains(&(next as u64))) {
                        continue;
                    }
                    for event in &logged.events {
                        self.event(event).await?;
                    }
                }
                Err(_idle) => {
                    let end = self.shared.lock().source.end();
                    self.event(&log::heartbeat(end)).await?;
                }
            }
        }
    }

    async fn event(&mut self, event: &[u8]) -> Result<(), Gone> {
        let (cut, latency) = {
            let mut world = self.shared.lock();
            (world.befalls(), world.latency() / 10)
        };
        pass(latency).await;
        if cut {
            return Err(Gone);
        }
        self.wire.write(&[&[0], event].concat()).await
    }

    async fn on_target(&mut self, sql: &[u8], shown: &str) -> Result<Answer, Gone> {
        let id = self.id;
        let fault = self.shared.lock().befalls();
        if shown.starts_with("SET ") {
            if shown.contains("autocommit=0") {
                self.autocommit = false;
            }
            return Ok(Answer::Ok);
        }
        Ok(match shown {
            "COMMIT" => {
                self.shared.change(|world| world.commit(id));
                self.in_transaction = false;
                Answer::Ok
            }
            "ROLLBACK" => {
                self.shared.change(|world| world.roll_back(id));
                self.in_transaction = false;
                Answer::Ok
            }
            "START TRANSACTION" => {
                self.shared.change(|world| world.commit(id));
                self.in_transaction = true;
                Answer::Ok
            }
            "SHOW WARNINGS" => Answer::Rows(vec!["Level", "Code", "Message"], Vec::new()),
            "SELECT @@local_infile, @@max_allowed_packet" => {
                let loads = if self.shared.lock().climate.loads { "1" } else { "0" };
                let row = [loads, "67108864"].map(|text| Some(text.as_bytes().to_vec()));
                Answer::Rows(vec!["a", "b"], vec![row.to_vec()])
            }
            _ if shown.starts_with("CREATE SCHEMA") || shown.starts_with("USE ") => Answer::Ok,
            _ if shown.starts_with("CREATE TABLE IF NOT EXISTS sealift.") => {
                self.shared.change(|world| create(&mut world.target.store, shown));
                Answer::Ok
            }
            _ if shown.contains("_LOCK('") => self.named_lock(shown).await,
            _ if shown.starts_with("KILL ") => {
                let victim = shown["KILL ".len()..].trim().parse().unwrap();
                if self.shared.lock().lie != Lie::NobodyIsKilled {
                    self.shared.change(|world| world.kill(victim));
                }
                Answer::Ok
            }
            _ if shown.starts_with("LOAD DATA") => self.load(sql).await?,
            _ if shown.starts_with("SELECT") && !shown.ends_with("FOR UPDATE") => {
                let world = self.shared.lock();
                seen(&world, id, &tokens(sql))
            }
            // A deadlock with somebody we do not see takes the whole transaction.
            _ if fault => {
                self.shared.change(|world| world.roll_back(id));
                self.in_transaction = false;
                Answer::Refused(1213, "Deadlock found when trying to get lock")
            }
            _ => self.write(&Statement::read(&tokens(sql))).await,
        })
    }

    async fn named_lock(&mut self, shown: &str) -> Answer {
        let id = self.id;
        let names: Vec<&str> = shown.split('\'').skip(1).step_by(2).collect();
        let spares = self.shared.lock().lie == Lie::NobodyIsKilled;
        if shown.starts_with("DO RELEASE_LOCK") {
            self.shared.change(|world| world.target.names.remove(names[0]));
            return Answer::Ok;
        }
        if shown.starts_with("SELECT IS_USED_LOCK") {
            let world = self.shared.lock();
            let holder = |name: &&str| {
                let holder = world.target.names.get(*name).filter(|_| !spares)?;
                Some(holder.to_string().into_bytes())
            };
            return Answer::Rows(
                vec!["holder"; names.len()],
                vec![names.iter().map(holder).collect()],
            );
        }
        let seconds = shown.rsplit(',').next().unwrap().trim_matches([' ', ')']);
        let patience = Duration::from_secs(seconds.parse().unwrap());
        let got = self.shared.until(|world| {
            let holder = world.target.names.entry(names[0].to_owned()).or_insert(id);
            (*holder == id || spares).then_some(())
        });
        let got = tokio::time::timeout(patience, got).await.is_ok();
        let number = if got { b"1" } else { b"0" };
        Answer::Rows(vec!["got"], vec![vec![Some(number.to_vec())]])
    }

    async fn load(&mut self, sql: &[u8]) -> Result<Answer, Gone> {
        let all = tokens(sql);
        let mut walk = Walk { rest: &all };
        let is_replacing = all.contains(&Token::Word("REPLACE".to_owned()));
        while !walk.words("INTO TABLE") {
            walk.rest = walk.rest.get(1..).expect("INTO TABLE is there");
        }
        let table = walk.table();
        self.wire.write(b"\xFBsealift").await?;
        let mut stream = Vec::new();
        loop {
            let packet = self.wire.read().await?;
            if packet.is_empty() {
                break;
            }
            stream.extend(packet);
        }
        // LOCAL leaves out what it cannot store.
        let taken = if is_replacing { Taken::Replace } else { Taken::Ignore };
        let rows = lines(&table, &stream);
        let records = rows.len() as u64;
        let answer = self.write(&Statement::Insert { table, rows, taken }).await;
        Ok(match answer {
            Answer::Wrote(done) => Answer::Loaded(done, records),
            other @ (Answer::Ok | Answer::Loaded(..) | Answer::Rows(..) | Answer::Refused(..)) => {
                other
            }
        })
    }

    /// Executes a statement, waiting for locks.
    async fn write(&mut self, statement: &Statement) -> Answer {
        let id = self.id;
        let shared = self.shared.clone();
        let executed = shared.until(|world| {
            world.target.waits.remove(&id);
            match statement.execute(&mut world.target.store, id) {
                Executed::Wrote(Outcome::Blocked(holder)) | Executed::Waits(holder) => {
                    world.target.waits.insert(id, holder);
                    if closes_a_circle(world, id) {
                        world.target.waits.remove(&id);
                        world.roll_back(id);
                        return Some(Executed::Deadlock);
                    }
                    None
                }
                executed @ (Executed::Wrote(_) | Executed::Read(..) | Executed::Deadlock) => {
                    Some(executed)
                }
            }
        });
        let Ok(executed) = tokio::time::timeout(LOCK_WAIT, executed).await else {
            shared.change(|world| world.target.waits.remove(&id));
            return Answer::Refused(1205, "Lock wait timeout exceeded");
        };
        let answer = match executed {
            Executed::Deadlock => {
                self.in_transaction = false;
                Answer::Refused(1213, "Deadlock found when trying to get lock")
            }
            Executed::Wrote(Outcome::Duplicate) => Answer::Refused(1062, "Duplicate entry"),
            Executed::Wrote(Outcome::Done { affected, deleted, skipped }) => {
                let is_update = matches!(statement, Statement::Update { .. });
                Answer::Wrote(Wrote {
                    is_update,
                    rows: statement.rows(),
                    affected,
                    deleted,
                    skipped,
                })
            }
            Executed::Read(columns, rows) => Answer::Rows(columns, rows),
            Executed::Wrote(Outcome::Blocked(_)) | Executed::Waits(_) => unreachable!("it waits"),
        };
        if self.autocommit && !self.in_transaction {
            shared.change(|world| world.commit(id));
        } else {
            self.in_transaction = true;
        }
        answer
    }
}

/// What a statement is answered with.
enum Answer {
    Ok,
    Wrote(Wrote),
    /// A load stream of so many rows.
    Loaded(Wrote, u64),
    Rows(Vec<&'static str>, Rows),
    Refused(u16, &'static str),
}

/// What a statement did.
struct Wrote {
    is_update: bool,
    rows: usize,
    affected: u64,
    deleted: u64,
    skipped: u64,
}

fn closes_a_circle(world: &World, id: u32) -> bool {
    let mut at = id;
    for _step in 0..world.target.waits.len() {
        let Some(next) = world.target.waits.get(&at) else { return false };
        if *next == id {
            return true;
        }
        at = *next;
    }
    false
}

fn create(store: &mut Store, sql: &str) {
    let (name, sheet) = if sql.contains("sealift.lane") {
        let columns = "migration schema_name table_name lane after_key up_to_key last_key row_count \
                       byte_count done emptying read_at";
        ("lane", Sheet::new(columns, 4))
    } else {
        ("applied", Sheet::new("migration lane batch position", 2))
    };
    store.sheets.entry(name.to_owned()).or_insert(sheet);
}

/// A select that locks nothing.
fn seen(world: &World, id: u32, all: &[Token]) -> Answer {
    let mut walk = Walk { rest: all };
    assert!(walk.word("SELECT"));
    let columns = select_list(&mut walk);
    let table = walk.table();
    let store = &world.target.store;
    let Some(sheet) = store.sheets.get(&table) else {
        return Answer::Refused(1146, "Table doesn't exist");
    };
    let conditions = walk.conditions();
    let rows: Vec<Row> = store.seen(&table, id).into_values().collect();
    let rows = rows.iter().filter(|row| sheet.matches(row, &conditions));
    let (columns, rows) = result(sheet, &columns, &rows.collect::<Vec<_>>());
    Answer::Rows(columns, rows)
}

fn select_list(walk: &mut Walk<'_>) -> Vec<String> {
    let mut columns = Vec::new();
    while !walk.word("FROM") {
        if walk.word("COUNT") {
            assert!(walk.symbol(b'(') && walk.symbol(b'*') && walk.symbol(b')'));
            columns.push("COUNT".to_owned());
        } else {
            columns.push(walk.name());
        }
        walk.symbol(b',');
    }
    columns
}

fn result(sheet: &Sheet, columns: &[String], rows: &[&Row]) -> (Vec<&'static str>, Rows) {
    if columns == ["COUNT"] {
        return (vec!["count"], vec![vec![Some(rows.len().to_string().into_bytes())]]);
    }
    let pick = |row: &&Row| columns.iter().map(|name| row[sheet.column(name)].text()).collect();
    (vec!["value"; columns.len()], rows.iter().map(pick).collect())
}

/// A statement of the target that writes or locks.
enum Statement {
    Insert {
        table: String,
        rows: Vec<Row>,
        taken: Taken,
    },
    Update {
        table: String,
        changes: Vec<(String, Change)>,
        conditions: Vec<Condition>,
        limit: usize,
    },
    Delete {
        table: String,
        conditions: Vec<Condition>,
        limit: usize,
    },
    Lock {
        table: String,
        columns: Vec<String>,
        conditions: Vec<Condition>,
    },
    Truncate {
        table: String,
    },
    /// What follows makes the table anew as it was, without its unique key.
    Drop {
        table: String,
    },
}

enum Executed {
    Wrote(Outcome),
    Read(Vec<&'static str>, Rows),
    Waits(u32),
    Deadlock,
}

impl Statement {
    fn read(all: &[Token]) -> Self {
        let mut walk = Walk { rest: all };
        if walk.word("SELECT") {
            let columns = select_list(&mut walk);
            let table = walk.table();
            Self::Lock { table, columns, conditions: walk.conditions() }
        } else if walk.word("UPDATE") {
            let table = walk.table();
            assert!(walk.word("SET"));
            let changes = walk.changes();
            let conditions = walk.conditions();
            let limit = if walk.word("LIMIT") { 1 } else { usize::MAX };
            Self::Update { table, changes, conditions, limit }
        } else if walk.words("DELETE FROM") {
            let table = walk.table();
            let conditions = walk.conditions();
            let limit = if walk.word("LIMIT") { 1 } else { usize::MAX };
            Self::Delete { table, conditions, limit }
        } else if walk.words("TRUNCATE TABLE") {
            Self::Truncate { table: walk.table() }
        } else if walk.words("DROP TABLE IF EXISTS") {
            Self::Drop { table: walk.table() }
        } else {
            let taken = if walk.words("INSERT IGNORE INTO") {
                Taken::Ignore
            } else if walk.words("REPLACE INTO") {
                Taken::Replace
            } else {
                assert!(walk.words("INSERT INTO"), "the target does not know: {all:?}");
                Taken::Refuse
            };
            let table = walk.table();
            if walk.rest.first() == Some(&Token::Symbol(b'(')) {
                // All columns in their order, always.
                walk.names();
            }
            assert!(walk.word("VALUES"));
            let mut rows = Vec::new();
            while !walk.rest.is_empty() {
                rows.push(walk.list());
                walk.symbol(b',');
            }
            Self::Insert { table, rows, taken }
        }
    }

    fn execute(&self, store: &mut Store, session: u32) -> Executed {
        match self {
            Self::Insert { table, rows, taken } => {
                Executed::Wrote(store.insert(session, table, rows.clone(), *taken))
            }
            Self::Update { table, changes, conditions, limit } => {
                Executed::Wrote(store.update(session, table, changes, conditions, *limit))
            }
            Self::Delete { table, conditions, limit } => {
                Executed::Wrote(store.delete(session, table, conditions, *limit))
            }
            Self::Lock { table, columns, conditions } => {
                match store.lock_matching(session, table, conditions) {
                    Ok(found) => {
                        let rows: Vec<&Row> = found.iter().map(|(_, row)| row).collect();
                        let (columns, rows) = result(store.sheet(table), columns, &rows);
                        Executed::Read(columns, rows)
                    }
                    Err(holder) => Executed::Waits(holder),
                }
            }
            Self::Truncate { table } | Self::Drop { table } => {
                store.commit(session);
                if let Some(holder) = store.used_by_others(table, session) {
                    return Executed::Waits(holder);
                }
                let emptied = store.delete(session, table, &[], usize::MAX);
                store.commit(session);
                if let Self::Drop { table } = self {
                    store.sheets.get_mut(table).unwrap().unique = None;
                }
                Executed::Wrote(emptied)
            }
        }
    }

    /// How many rows it brings.
    fn rows(&self) -> usize {
        match self {
            Self::Insert { rows, .. } => rows.len(),
            Self::Update { .. }
            | Self::Delete { .. }
            | Self::Lock { .. }
            | Self::Truncate { .. }
            | Self::Drop { .. } => 0,
        }
    }
}

/// The rows of a load stream.
fn lines(table: &str, stream: &[u8]) -> Vec<Row> {
    let mut rows = Vec::new();
    let (mut row, mut field) = (Vec::new(), Vec::new());
    let mut bytes = stream.iter();
    let mut is_null = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next().unwrap() {
                b'N' => is_null = true,
                b't' => field.push(b'\t'),
                b'n' => field.push(b'\n'),
                other => field.push(*other),
            },
            b'\t' | b'\n' => {
                let is_number = row.len() < if table == "t" { 2 } else { 1 };
                let text = std::mem::take(&mut field);
                row.push(match (std::mem::take(&mut is_null), is_number) {
                    (true, _) => Val::Null,
                    (false, true) => Val::Int(String::from_utf8(text).unwrap().parse().unwrap()),
                    (false, false) => Val::Text(text),
                });
                if *byte == b'\n' {
                    rows.push(std::mem::take(&mut row));
                }
            }
            other => field.push(*other),
        }
    }
    rows
}

/// A read of the source's rows.
struct Select {
    table: String,
    columns: Vec<String>,
    conditions: Vec<Condition>,
    limit: usize,
}

fn select(sql: &[u8]) -> Select {
    let all = tokens(sql);
    let mut walk = Walk { rest: &all };
    assert!(walk.words("SELECT HIGH_PRIORITY"), "the source does not know: {all:?}");
    let columns = select_list(&mut walk);
    let table = walk.table();
    if walk.words("FORCE INDEX") {
        walk.names();
    }
    let conditions = walk.conditions();
    if walk.words("ORDER BY") {
        walk.name();
    }
    let limit = if walk.word("LIMIT") { walk.value() } else { Val::Null };
    let limit = match limit {
        Val::Int(rows) => usize::try_from(rows).unwrap(),
        Val::Null | Val::Text(_) => usize::MAX,
    };
    Select { table, columns, conditions, limit }
}

fn typed(columns: &[String]) -> Vec<(&str, u8)> {
    let kind = |name: &String| if matches!(name.as_str(), "v" | "b") { TEXT } else { INT };
    columns.iter().map(|name| (name.as_str(), kind(name))).collect()
}

/// A row by the binary protocol.
fn binary(row: &Row) -> Vec<u8> {
    let nulls = row.iter().enumerate().filter(|(_, value)| **value == Val::Null);
    let mut packet = vec![0, nulls.fold(0, |bits, (at, _)| bits | 1 << (at + 2))];
    for value in row {
        match value {
            Val::Null => {}
            Val::Int(number) => packet.extend(i32::try_from(*number).unwrap().to_le_bytes()),
            Val::Text(text) => put_text(&mut packet, text),
        }
    }
    packet
}
