//! What a target holds after the scripts of a source were run on it differs in nothing from what they make.

use sealift_lab::{Kind, Options, Server};
use sealift_mysql::gather::{self, Request};
use sealift_mysql::session::Session;
use sealift_schema::catalog::{Catalog, CreatedUnder};
use sealift_schema::diff::{self, Expected, Origin, Servers};
use sealift_schema::facts::ServerFacts;
use sealift_schema::name::{ObjectId, ObjectKind, QualifiedName, literal, quote};
use sealift_schema::rewrite::{self, Context, Policy};

use crate::{load, root, start};

async fn catalog_of(server: &Server) -> Catalog {
    let endpoint = root(server);
    let wanted = |_: ObjectKind, name: &QualifiedName| name.schema.starts_with("gather");
    let request = Request { endpoint: &endpoint, sessions: 2, wanted: &wanted, progress: &|_| {} };
    gather::catalog(&request).await.unwrap().catalog
}

async fn facts_of(server: &Server) -> ServerFacts {
    let mut session = Session::connect(&root(server)).await.unwrap();
    gather::facts(&mut session).await.unwrap()
}

/// An object's scripts; none for one that cannot go to the target.
struct Made<'a> {
    object: ObjectId,
    origin: Origin<'a>,
    scripts: Vec<String>,
    made_under: Option<CreatedUnder>,
}

fn made<'a>(catalog: &'a Catalog, context: &Context<'_>) -> Vec<Made<'a>> {
    let mut all = Vec::new();
    let target = |kind, name: &QualifiedName| {
        rewrite::target_id(&ObjectId::new(kind, name.clone()), context)
    };
    for schema in catalog.schemas.values() {
        let script = rewrite::schema(schema, context);
        let object = ObjectId::schema(rewrite::target_schema(&schema.name, context));
        let scripts = vec![script.create];
        all.push(Made { object, origin: Origin::Schema(schema), scripts, made_under: None });
    }
    for table in catalog.tables.values() {
        let script = rewrite::table(table, context);
        if script.refusals.is_empty() {
            let scripts = [Some(script.create), script.indexes, script.foreign_keys];
            all.push(Made {
                object: target(ObjectKind::Table, &table.name),
                origin: Origin::Table(table),
                scripts: scripts.into_iter().flatten().collect(),
                made_under: None,
            });
        }
    }
    let mut add = |object, origin, script: rewrite::ObjectScript, settings: &CreatedUnder| {
        if script.refusals.is_empty() {
            let made_under = Some(rewrite::created_under(settings, context).0);
            all.push(Made { object, origin, scripts: vec![script.create], made_under });
        }
    };
    for routine in catalog.routines.values() {
        let kind = match routine.kind {
            sealift_schema::catalog::RoutineKind::Function => ObjectKind::Function,
            sealift_schema::catalog::RoutineKind::Procedure => ObjectKind::Procedure,
        };
        let script = rewrite::routine(routine, context);
        add(target(kind, &routine.name), Origin::Routine(routine), script, &routine.created_under);
    }
    for view in catalog.views.values().filter(|view| view.broken.is_none()) {
        let object = target(ObjectKind::View, &view.name);
        add(object, Origin::View(view), rewrite::view(view, context), &view.created_under);
    }
    let mut triggers = catalog.triggers.values().collect::<Vec<_>>();
    triggers.sort_by_key(|trigger| trigger.action_order);
    for trigger in triggers {
        let object = target(ObjectKind::Trigger, &trigger.name);
        add(
            object,
            Origin::Trigger(trigger),
            rewrite::trigger(trigger, context),
            &trigger.created_under,
        );
    }
    for event in catalog.events.values() {
        let object = target(ObjectKind::Event, &event.name);
        add(object, Origin::Event(event), rewrite::event(event, context), &event.created_under);
    }
    all
}

/// Runs all scripts; tables first without, then with their foreign keys.
async fn apply(server: &Server, all: &[Made<'_>]) {
    let mut session = Session::connect(&root(server)).await.unwrap();
    session.execute("SET SESSION sql_generate_invisible_primary_key = OFF").await.unwrap();
    let mut waiting = Vec::new();
    for made in all {
        waiting.extend(made.scripts.iter().map(|script| (made, script)));
    }
    // What needs another object is tried again after it.
    while !waiting.is_empty() {
        let count = waiting.len();
        let mut failed = Vec::new();
        let mut errors = Vec::new();
        for (made, script) in waiting {
            let under = made.made_under.clone().unwrap_or_default();
            let mode = under.sql_mode.unwrap_or_default();
            let zone = under.time_zone.unwrap_or_else(|| "SYSTEM".to_owned());
            let mut set = format!(
                "SET NAMES utf8mb4, sql_mode = {}, time_zone = {}",
                literal(&mode),
                literal(&zone)
            );
            if !under.collation_connection.is_empty() {
                set.push_str(&format!(", collation_connection = {}", under.collation_connection));
            }
            session.execute(&set).await.unwrap();
            if made.object.kind != ObjectKind::Schema {
                session.execute(format!("USE {}", quote(&made.object.name.schema))).await.unwrap();
            }
            if let Err(error) = session.execute(script).await {
                errors.push(format!("{script}: {error}"));
                failed.push((made, script));
            }
        }
        assert!(failed.len() < count, "{errors:#?}");
        waiting = failed;
    }
}

async fn arrives_unchanged(source: Options, target: Options, fixture: &str) {
    let (source, target) = (start(source), start(target));
    load(&source, fixture);
    let (from, to) = (facts_of(&source).await, facts_of(&target).await);
    let catalog = catalog_of(&source).await;
    let policy = Policy::default();
    let context = Context { source: &from, target: &to, policy: &policy, catalog: &catalog };
    let all = made(&catalog, &context);
    assert!(all.len() > 15, "only {}", all.len());
    apply(&target, &all).await;
    let expected = all.iter().map(|made| Expected {
        object: made.object.clone(),
        origin: made.origin,
        scripts: made.scripts.iter().map(String::as_str).collect(),
        made_under: made.made_under.clone(),
    });
    let expected = expected.collect::<Vec<_>>();
    let servers = Servers { source: &from, target: &to };
    let found = catalog_of(&target).await;
    let differences = diff::objects(&expected, &found, &servers);
    let words = differences.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(words, [""; 0]);
}

#[tokio::test]
async fn a_mysql_arrives_unchanged() {
    arrives_unchanged(Options::mysql(), Options::azure_target(), include_str!("mysql.sql")).await;
}

#[tokio::test]
async fn a_mariadb_arrives_unchanged() {
    let source = Options::source(Kind::MariaDb10_11);
    arrives_unchanged(source, Options::azure_target(), include_str!("mariadb.sql")).await;
}
