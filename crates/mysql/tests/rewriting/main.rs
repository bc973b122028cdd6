//! Definitions of real servers, rewritten, made on the Azure-like target, and read again.
//!
//! What the target then prints must be what the source printed, but for the changes that were told. The
//! snapshots hold every difference and every note, so that a new one is seen.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a broken expectation should stop the test"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use sealift_lab::server::AZADMIN;
use sealift_lab::{Options, Pair, Server};
use sealift_mysql::endpoint::{Address, Endpoint, TlsMode};
use sealift_mysql::gather::{self, Gathered, Request};
use sealift_mysql::session::Session;
use sealift_schema::catalog::{Catalog, CreatedUnder, RoutineKind};
use sealift_schema::facts::{ServerFacts, Side};
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName, literal, quote};
use sealift_schema::rewrite::{self, Change, Context, Policy, Refusal};
use sealift_schema::sql::stored::StoredText;
use sealift_schema::sql::{Dialect, Edit, Sql};

fn endpoint(server: &Server, side: Side) -> Endpoint {
    let (address, user, password, tls) = match side {
        Side::Source => (Address::Socket(server.socket()), "root", "", TlsMode::Off),
        Side::Target => {
            let (host, port) = (server.host().to_owned(), server.port());
            (Address::Tcp { host, port }, AZADMIN.user, AZADMIN.password, TlsMode::Required)
        }
    };
    Endpoint {
        side,
        address,
        user: user.to_owned(),
        password: password.to_owned().into(),
        tls,
        tls_ca: None,
        compress: false,
        connect_timeout: Duration::from_secs(20),
    }
}

async fn gathered(endpoint: &Endpoint) -> (ServerFacts, Catalog) {
    let mut session = Session::connect(endpoint).await.unwrap();
    let facts = gather::facts(&mut session).await.unwrap();
    let wanted = |_: ObjectKind, name: &QualifiedName| name.schema.to_lowercase().starts_with("rw");
    let request = Request { endpoint, sessions: 4, wanted: &wanted, progress: &|_| {} };
    let Gathered { catalog, .. } = gather::catalog(&request).await.unwrap();
    (facts, catalog)
}

/// One rewritten object.
struct Made {
    source_text: String,
    scripts: Vec<String>,
    under: Option<CreatedUnder>,
    changes: Vec<Change>,
    refusals: Vec<Refusal>,
}

/// All objects in the order a target needs them, but for views.
fn rewritten(catalog: &Catalog, context: &Context<'_>) -> Vec<(ObjectId, Made)> {
    let mut made = Vec::new();
    for schema in catalog.schemas.values() {
        let script = rewrite::schema(schema, context);
        let id = ObjectId::schema(&schema.name);
        made.push((id, object(&schema.create_sql, script, None)));
    }
    for table in catalog.tables.values() {
        let s = rewrite::table(table, context);
        let scripts = [Some(s.create), s.indexes, s.foreign_keys].into_iter().flatten().collect();
        let (changes, refusals) = (s.changes, s.refusals);
        let source_text = table.create_sql.clone();
        let id = ObjectId::new(ObjectKind::Table, table.name.clone());
        made.push((id, Made { source_text, scripts, under: None, changes, refusals }));
    }
    for routine in catalog.routines.values() {
        let kind = match routine.kind {
            RoutineKind::Function => ObjectKind::Function,
            RoutineKind::Procedure => ObjectKind::Procedure,
        };
        let id = ObjectId::new(kind, routine.name.clone());
        let text = routine.create_sql.clone().unwrap();
        made.push((
            id,
            object(&text, rewrite::routine(routine, context), Some(&routine.created_under)),
        ));
    }
    for view in catalog.views.values() {
        let id = ObjectId::new(ObjectKind::View, view.name.clone());
        let script = rewrite::view(view, context);
        made.push((id, object(&view.create_sql, script, Some(&view.created_under))));
    }
    let mut triggers: Vec<_> = catalog.triggers.values().collect();
    triggers.sort_by_key(|t| (&t.table, &t.timing, &t.event, t.action_order));
    for trigger in triggers {
        let id = ObjectId::new(ObjectKind::Trigger, trigger.name.clone());
        let script = rewrite::trigger(trigger, context);
        made.push((id, object(&trigger.create_sql, script, Some(&trigger.created_under))));
    }
    for event in catalog.events.values() {
        let id = ObjectId::new(ObjectKind::Event, event.name.clone());
        let script = rewrite::event(event, context);
        made.push((id, object(&event.create_sql, script, Some(&event.created_under))));
    }
    for (_, made) in &mut made {
        let Some(under) = &mut made.under else { continue };
        let (on_target, mut changes) = rewrite::created_under(under, context);
        *under = on_target;
        made.changes.append(&mut changes);
    }
    made
}

fn object(source_text: &str, script: rewrite::ObjectScript, under: Option<&CreatedUnder>) -> Made {
    Made {
        source_text: source_text.to_owned(),
        scripts: vec![script.create],
        under: under.cloned(),
        changes: script.changes,
        refusals: script.refusals,
    }
}

/// Makes everything on the target: tables before their foreign keys, and views again and again until
/// those they read are there.
async fn make(target: &Endpoint, context: &Context<'_>, made: &[(ObjectId, Made)]) -> String {
    let mut session = Session::connect(target).await.unwrap();
    let pins = "SET SESSION sql_generate_invisible_primary_key = OFF, foreign_key_checks = OFF, \
                time_zone = '+00:00'";
    session.execute(pins).await.unwrap();
    let mut errors = BTreeMap::new();
    let mut waiting: Vec<(&ObjectId, &CreatedUnder, &str)> = Vec::new();
    let neutral = CreatedUnder {
        sql_mode: Some("NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES".to_owned()),
        charset_client: "utf8mb4".to_owned(),
        collation_connection: "utf8mb4_0900_ai_ci".to_owned(),
        time_zone: None,
    };
    let creatable = made.iter().filter(|(_, made)| made.refusals.is_empty());
    for step in 0..3 {
        for (id, made) in creatable.clone() {
            if let Some(script) = made.scripts.get(step) {
                waiting.push((id, made.under.as_ref().unwrap_or(&neutral), script));
            }
        }
    }
    let mut progress = true;
    while progress {
        progress = false;
        let mut failed = Vec::new();
        for (id, under, script) in waiting {
            match run(&mut session, id, under, script, context).await {
                Ok(()) => {
                    errors.remove(&id.to_string());
                    progress = true;
                }
                Err(error) => {
                    errors.insert(id.to_string(), format!("{id}: {error}\n  {script}\n"));
                    failed.push((id, under, script));
                }
            }
        }
        waiting = failed;
    }
    errors.into_values().collect()
}

async fn run(
    session: &mut Session,
    id: &ObjectId,
    under: &CreatedUnder,
    script: &str,
    context: &Context<'_>,
) -> Result<(), String> {
    let CreatedUnder { sql_mode, charset_client, collation_connection, time_zone } = under;
    let mode = sql_mode.as_deref().unwrap_or("");
    let zone = time_zone.as_deref().unwrap_or("+00:00");
    // The text is UTF-8 whatever the object's client spoke: its own setting is what is remembered.
    let set = format!(
        "SET SESSION sql_mode = {}, time_zone = {}, collation_connection = {collation_connection}",
        literal(mode),
        literal(zone),
    );
    let _ = charset_client;
    session.execute(&set).await.map_err(|error| format!("{error}: {set}"))?;
    if id.kind != ObjectKind::Schema {
        let schema = quote(&rewrite::target_schema(&id.name.schema, context));
        session.execute(&format!("USE {schema}")).await.map_err(|error| error.to_string())?;
    }
    session.execute(script).await.map_err(|error| error.to_string())?;
    Ok(())
}

/// What each object of a catalog is printed as, by its name on the target.
fn printed(catalog: &Catalog) -> BTreeMap<String, String> {
    let mut printed = BTreeMap::new();
    let mut put = |kind, name: &QualifiedName, text: &str| {
        printed.insert(ObjectId::new(kind, name.clone()).to_string(), text.to_owned());
    };
    for (name, schema) in &catalog.schemas {
        put(ObjectKind::Schema, &QualifiedName::new(name, ""), &schema.create_sql);
    }
    for (name, table) in &catalog.tables {
        put(ObjectKind::Table, name, &table.create_sql);
    }
    for (name, view) in &catalog.views {
        put(ObjectKind::View, name, &view.create_sql);
    }
    for ((kind, name), routine) in &catalog.routines {
        let kind = match kind {
            RoutineKind::Function => ObjectKind::Function,
            RoutineKind::Procedure => ObjectKind::Procedure,
        };
        put(kind, name, routine.create_sql.as_deref().unwrap());
    }
    for (name, trigger) in &catalog.triggers {
        put(ObjectKind::Trigger, name, &trigger.create_sql);
    }
    for (name, event) in &catalog.events {
        put(ObjectKind::Event, name, &event.create_sql);
    }
    printed
}

/// Every difference between what the two servers print, with what was told of the object. An object that
/// only has another definer takes one line.
fn differences(
    made: &[(ObjectId, Made)],
    target: &BTreeMap<String, String>,
    context: &Context<'_>,
) -> String {
    let mut report = String::new();
    for (id, made) in made {
        let mut lines = Vec::new();
        for Refusal { rewrite, what, why, remedy } in &made.refusals {
            lines.push(format!("! {rewrite}: {what}: {why}; {remedy}"));
        }
        let is_definer = |change: &&Change| {
            change.rewrite == "definer" && change.what.starts_with("definer azadmin@% instead of")
        };
        let owner = made.changes.iter().find(is_definer);
        for Change { rewrite, what, why } in made.changes.iter().filter(|c| !is_definer(c)) {
            lines.push(format!("* {rewrite}: {what} ({why})"));
        }
        let on_target = rewrite::target_id(id, context).to_string();
        match target.get(&on_target) {
            None if made.refusals.is_empty() => lines.push("NOT THERE".to_owned()),
            None => {}
            Some(text) => {
                let source = if owner.is_some() {
                    owned_by_the_admin(&made.source_text)
                } else {
                    explicit_charset(&made.source_text, text)
                };
                lines.extend(changed_lines(&source, text));
            }
        }
        let owner = owner.map_or(String::new(), |change| format!(": {}", change.what));
        if !lines.is_empty() || !owner.is_empty() {
            lines.insert(0, format!("{id}{owner}"));
            writeln!(report, "{}", lines.join("\n  ")).unwrap();
        }
    }
    report
}

/// The text with the definer's clause as the target prints it.
fn owned_by_the_admin(text: &str) -> String {
    let sql = Sql::new(text, Dialect { ansi_quotes: true, ..Dialect::default() });
    let stored = StoredText::read(&sql).unwrap();
    let Some(definer) = stored.definer else { return text.to_owned() };
    let quote = if sql.slice(definer.span).contains('"') { '"' } else { '`' };
    let clause = format!("DEFINER={quote}azadmin{quote}@{quote}%{quote}");
    sealift_schema::sql::apply(text, vec![Edit::replace(definer.span, clause)])
}

/// MySQL prints `COLLATE x` for a column that took the table's collation, and `CHARACTER SET c COLLATE x`
/// once that text was run again: a dump and restore by the server's own tools does the same.
fn explicit_charset(source: &str, target: &str) -> String {
    let target_lines: Vec<&str> = target.lines().collect();
    let same_but_for_charset = |line: &str| {
        let (before, after) = line.split_once(" COLLATE ")?;
        let charset = after.split('_').next()?;
        let explicit = format!("{before} CHARACTER SET {charset} COLLATE {after}");
        target_lines.contains(&explicit.as_str()).then_some(explicit)
    };
    let lines = source.lines().map(|line| same_but_for_charset(line).unwrap_or(line.to_owned()));
    lines.collect::<Vec<_>>().join("\n")
}

fn changed_lines(before: &str, after: &str) -> Vec<String> {
    let diff = similar::TextDiff::from_lines(before.trim_end(), after.trim_end());
    let changes = diff.iter_all_changes().filter(|c| c.tag() != similar::ChangeTag::Equal);
    changes.map(|change| format!("{}{}", change.tag(), change.value().trim_end())).collect()
}

/// Carries all schemas of the source whose names begin with `rw`; gives errors, and the report.
async fn carry(pair: &Pair, policy: &Policy) -> (String, String) {
    let source = endpoint(&pair.source, Side::Source);
    let target = endpoint(&pair.target, Side::Target);
    let (source_facts, catalog) = gathered(&source).await;
    let (target_facts, _) = gathered(&target).await;
    let context =
        Context { source: &source_facts, target: &target_facts, policy, catalog: &catalog };
    let made = rewritten(&catalog, &context);
    let errors = make(&target, &context, &made).await;
    let (_, on_target) = gathered(&target).await;
    (errors, differences(&made, &printed(&on_target), &context))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_mysql_prints_comes_back_but_for_what_was_told() {
    let pair = Pair::mysql();
    pair.source.sql(include_str!("corpus/mysql.sql"));
    let (errors, report) = carry(&pair, &Policy::default()).await;
    assert_eq!(errors, "");
    insta::assert_snapshot!("mysql", report);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_mariadb_prints_is_made_on_mysql() {
    let pair = Pair::mariadb_11_8();
    pair.source.sql(include_str!("corpus/mariadb.sql"));
    let (errors, report) = carry(&pair, &Policy::default()).await;
    assert_eq!(errors, "");
    insta::assert_snapshot!("mariadb", report);
}

/// The largest body of views and programs every server has: a hundred views, fifty routines.
#[tokio::test(flavor = "multi_thread")]
async fn the_sys_schema_comes_back_as_it_was() {
    // Names of the same case on both sides: MySQL prints those of information_schema as the server folds.
    let target = Options::azure_target().arg("--lower-case-table-names=0");
    let pair = Pair::start(Options::mysql(), target).unwrap();
    let mut dump = pair.source.programs().command("mysqldump").unwrap();
    dump.args(["--no-defaults", "--user=root", "--routines", "--triggers", "--skip-lock-tables"]);
    dump.args(["--set-gtid-purged=OFF", "--no-data", "sys"]);
    dump.arg(format!("--socket={}", pair.source.socket().display()));
    let dump = dump.output().unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    pair.source.sql("CREATE DATABASE rw_sys CHARACTER SET utf8mb4");
    pair.source.client().schema("rw_sys").run(dump.stdout);
    let (errors, report) = carry(&pair, &Policy::default()).await;
    assert_eq!(errors, "");
    assert!(report.lines().count() > 140, "{report}");
    let differing: Vec<_> = report.lines().filter(|line| !line.contains("`: definer ")).collect();
    assert_eq!(differing, [""; 0]);
}
