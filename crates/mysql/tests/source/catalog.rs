//! Catalogs of real servers.

use std::fmt::Write;
use std::sync::{LazyLock, Mutex};

use sealift_lab::server::APP_READER;
use sealift_lab::{Account, Kind, Options, Server};
use sealift_mysql::endpoint::Endpoint;
use sealift_mysql::gather::{self, GatherError, Gathered, Progress, Request};
use sealift_schema::catalog::{
    Catalog, CreatedUnder, ForeignKey, Key, KeyPart, RoutineKind, Table,
};
use sealift_schema::column::Column;
use sealift_schema::name::{ObjectKind, QualifiedName};

use crate::{MARIADB, MYSQL, account, load, root, start};

/// The servers with the fixtures' schemas, which all begin with `gather`.
static MYSQL_WITH_OBJECTS: LazyLock<&Server> = LazyLock::new(|| {
    load(&MYSQL, include_str!("mysql.sql"));
    &MYSQL
});
static MARIADB_WITH_OBJECTS: LazyLock<&Server> = LazyLock::new(|| {
    load(&MARIADB, include_str!("mariadb.sql"));
    &MARIADB
});

fn is_fixture(_: ObjectKind, name: &QualifiedName) -> bool {
    name.schema.starts_with("gather")
}

async fn gather(endpoint: &Endpoint) -> Result<Gathered, GatherError> {
    gather::catalog(&Request { endpoint, sessions: 3, wanted: &is_fixture, progress: &|_| {} })
        .await
}

async fn gathered(server: &Server) -> Gathered {
    gather(&root(server)).await.unwrap()
}

/// The catalog in words, a line per fact.
fn words(gathered: &Gathered) -> String {
    let Gathered { catalog, vanished, unreadable, foreign, denied } = gathered;
    assert_eq!(denied, &[], "root may read everything");
    let Catalog { schemas, tables, views, routines, triggers, events } = catalog;
    let mut text = String::new();
    for schema in schemas.values() {
        writeln!(text, "schema {:?} {} {}", schema.name, schema.charset, schema.collation).unwrap();
        definition(&mut text, &schema.create_sql);
    }
    for table in tables.values() {
        table_words(&mut text, table);
    }
    for view in views.values() {
        writeln!(
            text,
            "\nview {} by {} reads {:?} broken {:?}",
            view.name,
            view.definer,
            view.reads.iter().map(ToString::to_string).collect::<Vec<_>>(),
            view.broken
        )
        .unwrap();
        made(&mut text, &view.created_under);
        columns(&mut text, &view.columns);
        definition(&mut text, &view.create_sql);
    }
    for routine in routines.values() {
        writeln!(text, "\n{:?} {} by {}", routine.kind, routine.name, routine.definer).unwrap();
        made(&mut text, &routine.created_under);
        definition(&mut text, routine.create_sql.as_deref().unwrap_or("unreadable"));
    }
    for trigger in triggers.values() {
        writeln!(
            text,
            "\ntrigger {} of {} by {}: {} {} {}",
            trigger.name,
            trigger.table,
            trigger.definer,
            trigger.timing,
            trigger.event,
            trigger.action_order
        )
        .unwrap();
        made(&mut text, &trigger.created_under);
        definition(&mut text, &trigger.create_sql);
    }
    for event in events.values() {
        writeln!(text, "\nevent {} by {} enabled {}", event.name, event.definer, event.enabled)
            .unwrap();
        made(&mut text, &event.created_under);
        definition(&mut text, &event.create_sql);
    }
    assert!(unreadable.is_empty());
    writeln!(text, "\nvanished {vanished:?} foreign {foreign:?}").unwrap();
    text
}

fn table_words(text: &mut String, table: &Table) {
    writeln!(
        text,
        "\ntable {} {:?} {} {} options {:?} {} next {:?} comment {:?}{}",
        table.name,
        table.kind,
        table.engine,
        table.row_format,
        table.create_options,
        table.collation,
        table.auto_increment,
        table.comment,
        if table.partitioned { " partitioned" } else { "" }
    )
    .unwrap();
    columns(text, &table.columns);
    for Key { name, kind, parts, visible } in &table.keys {
        writeln!(
            text,
            "  key {name:?} {kind:?} visible {visible} {}",
            parts.iter().map(part).collect::<Vec<_>>().join(", ")
        )
        .unwrap();
    }
    for ForeignKey { name, columns, parent, parent_columns, on_update, on_delete } in
        &table.foreign_keys
    {
        writeln!(text, "  foreign key {name:?} {columns:?} -> {parent} {parent_columns:?} update {on_update} delete {on_delete}").unwrap();
    }
    for (name, check) in &table.checks {
        writeln!(text, "  check {name:?} {} enforced {}", check.clause, check.enforced).unwrap();
    }
    definition(text, &table.create_sql);
}

fn columns(text: &mut String, columns: &[Column]) {
    for Column {
        name,
        kind,
        type_text,
        nullable,
        default,
        extra,
        generated,
        invisible,
        charset,
        collation,
        srid,
        comment,
    } in columns
    {
        writeln!(text, "  column {name:?} {kind:?} {type_text} null {nullable} default {default:?} extra {extra:?} generated {generated:?} invisible {invisible} {charset:?} {collation:?} srid {srid:?} comment {comment:?}").unwrap();
    }
}

fn part(part: &KeyPart) -> String {
    let (text, descending) = match part {
        KeyPart::Column { name, prefix, descending } => {
            (format!("{name:?} {prefix:?}"), descending)
        }
        KeyPart::Expression { text, descending } => (format!("expression {text}"), descending),
    };
    if *descending { format!("{text} descending") } else { text }
}

fn made(
    text: &mut String,
    CreatedUnder { sql_mode, charset_client, collation_connection, time_zone }: &CreatedUnder,
) {
    writeln!(
        text,
        "  made under {sql_mode:?} {charset_client} {collation_connection} {time_zone:?}"
    )
    .unwrap();
}

fn definition(text: &mut String, sql: &str) {
    for line in sql.lines() {
        writeln!(text, "  | {line}").unwrap();
    }
}

#[tokio::test]
async fn every_kind_of_object_of_a_mysql_is_gathered() {
    insta::assert_snapshot!(words(&gathered(&MYSQL_WITH_OBJECTS).await));
}

#[tokio::test]
async fn every_kind_of_object_of_a_mariadb_is_gathered() {
    insta::assert_snapshot!(words(&gathered(&MARIADB_WITH_OBJECTS).await));
}

#[tokio::test]
async fn another_mariadb_is_gathered_alike() {
    let newer = start(Options::source(Kind::MariaDb11_8));
    load(&newer, include_str!("mariadb.sql"));
    let newer = gathered(&newer).await;
    let known = gathered(&MARIADB_WITH_OBJECTS).await;
    let tables = |gathered: &Gathered| {
        gathered
            .catalog
            .tables
            .values()
            .map(|table| (table.name.clone(), table.kind, table.columns.len(), table.keys.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(tables(&newer), tables(&known));
    let others = |Gathered { catalog, .. }: &Gathered| {
        let Catalog { views, routines, triggers, events, .. } = catalog;
        (views.len(), routines.len(), triggers.len(), events.len())
    };
    assert_eq!(others(&newer), others(&known));
}

#[tokio::test]
async fn the_reader_of_a_source_sees_what_root_sees() {
    for server in [*MYSQL_WITH_OBJECTS, *MARIADB_WITH_OBJECTS] {
        let reader = gather(&account(server, APP_READER)).await.unwrap();
        assert_eq!(words(&reader), words(&gathered(server).await), "{}", server.kind());
    }
}

#[tokio::test]
async fn a_server_without_performance_schema_is_gathered() {
    let server = start(Options::mysql().arg("--performance-schema=OFF"));
    load(&server, include_str!("mysql.sql"));
    assert_eq!(words(&gathered(&server).await), words(&gathered(&MYSQL_WITH_OBJECTS).await));
}

#[tokio::test]
async fn a_missing_privilege_is_named_with_its_object() {
    let server = *MYSQL_WITH_OBJECTS;
    server.sql("CREATE USER narrow IDENTIFIED BY 'pw'; GRANT SELECT ON gather_shop.* TO narrow");
    let narrow = account(server, Account { user: "narrow", password: "pw" });
    let wanted = |kind, name: &QualifiedName| kind != ObjectKind::View || name.name == "names";
    let request = Request { endpoint: &narrow, sessions: 1, wanted: &wanted, progress: &|_| {} };
    let error = gather::catalog(&request).await.unwrap_err().to_string();
    assert!(
        error.starts_with("read view `gather_shop`.`names`: the login lacks SHOW VIEW on it: "),
        "{error}"
    );
}

#[tokio::test]
async fn a_login_that_sees_some_columns_only_is_told_so() {
    let server = *MYSQL_WITH_OBJECTS;
    server.sql(
        "CREATE SCHEMA some_columns; CREATE TABLE some_columns.t (a INT, b INT);
         CREATE USER narrower IDENTIFIED BY 'pw'; GRANT SELECT (a) ON some_columns.t TO narrower",
    );
    let narrower = account(server, Account { user: "narrower", password: "pw" });
    let request = Request {
        endpoint: &narrower,
        sessions: 1,
        wanted: &|_, name| name.schema == "some_columns",
        progress: &|_| {},
    };
    let error = gather::catalog(&request).await.unwrap_err();
    assert!(
        matches!(error, GatherError::Unsettled { .. } | GatherError::Privilege { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_body_the_login_may_not_read_is_absent() {
    for server in [*MYSQL_WITH_OBJECTS, *MARIADB_WITH_OBJECTS] {
        server.sql(
            "CREATE USER caller IDENTIFIED BY 'pw';
             GRANT SELECT, EXECUTE, SHOW VIEW ON gather_shop.* TO caller",
        );
        let caller = account(server, Account { user: "caller", password: "pw" });
        let catalog = gather(&caller).await.unwrap().catalog;
        let total = QualifiedName::new("gather_shop", "total");
        let routine = &catalog.routines[&(RoutineKind::Function, total)];
        assert_eq!(routine.create_sql, None, "{}", server.kind());
        assert!(catalog.triggers.is_empty() && catalog.events.is_empty());
    }
}

/// Does something to the server after all objects are listed, before any definition is read.
async fn gather_while(server: &Server, schema: &str, sql: &str) -> Gathered {
    let done = Mutex::new(false);
    let interfere = |progress: Progress| {
        let mut done = done.lock().unwrap();
        if progress.schemas_listed == progress.schemas && progress.schemas > 0 && !*done {
            server.sql(sql);
            *done = true;
        }
    };
    let wanted = |_, name: &QualifiedName| name.schema == schema;
    let request =
        Request { endpoint: &root(server), sessions: 2, wanted: &wanted, progress: &interfere };
    gather::catalog(&request).await.unwrap()
}

#[tokio::test]
async fn what_vanishes_between_listing_and_definition_is_left_out_and_named() {
    for server in [&*MYSQL, &*MARIADB] {
        server.sql(
            "CREATE SCHEMA vanish; USE vanish; CREATE TABLE kept (a INT); CREATE TABLE gone (a INT);
             CREATE VIEW gone_view AS SELECT 1; CREATE PROCEDURE gone_procedure() SELECT 1;
             CREATE FUNCTION gone_function() RETURNS INT DETERMINISTIC RETURN 1;
             CREATE TRIGGER gone_trigger BEFORE INSERT ON kept FOR EACH ROW SET @a = 1;
             CREATE EVENT gone_event ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1;",
        );
        let gathered = gather_while(
            server,
            "vanish",
            "USE vanish; DROP TABLE gone; DROP VIEW gone_view; DROP PROCEDURE gone_procedure;
             DROP FUNCTION gone_function; DROP TRIGGER gone_trigger; DROP EVENT gone_event",
        )
        .await;
        let vanished = gathered.vanished.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            vanished,
            [
                "table `vanish`.`gone`",
                "view `vanish`.`gone_view`",
                "function `vanish`.`gone_function`",
                "procedure `vanish`.`gone_procedure`",
                "trigger `vanish`.`gone_trigger`",
                "event `vanish`.`gone_event`",
            ],
            "{}",
            server.kind()
        );
        assert_eq!(gathered.catalog.tables.len(), 1);
    }
}

#[tokio::test]
async fn a_table_altered_between_listing_and_definition_is_read_again() {
    let server = &*MYSQL;
    server.sql("CREATE SCHEMA moving; CREATE TABLE moving.t (a INT PRIMARY KEY, b INT)");
    let gathered = gather_while(
        server,
        "moving",
        "ALTER TABLE moving.t DROP COLUMN b, ADD COLUMN c INT, ADD UNIQUE KEY k (c)",
    )
    .await;
    let table = &gathered.catalog.tables[&QualifiedName::new("moving", "t")];
    let columns = table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>();
    assert_eq!(columns, ["a", "c"]);
    assert_eq!(table.keys.len(), 2);
    assert!(table.create_sql.contains("UNIQUE KEY `k` (`c`)"));
}

#[tokio::test]
async fn a_table_the_server_cannot_open_is_named_and_the_others_are_gathered() {
    for server in [&*MYSQL, &*MARIADB] {
        server.sql(
            "CREATE SCHEMA damaged; USE damaged; CREATE TABLE whole (a INT); CREATE TABLE part (a INT) ENGINE=MyISAM;
             CREATE TABLE together (a INT) ENGINE=MERGE UNION=(part); DROP TABLE part;",
        );
        let endpoint = root(server);
        let wanted = |_, name: &QualifiedName| name.schema == "damaged";
        let request =
            Request { endpoint: &endpoint, sessions: 1, wanted: &wanted, progress: &|_| {} };
        let gathered = gather::catalog(&request).await.unwrap();
        let tables = gathered.catalog.tables.keys().map(QualifiedName::plain).collect::<Vec<_>>();
        let (object, why) = &gathered.unreadable[0];
        assert_eq!(tables, ["damaged.whole"], "{}", server.kind());
        assert_eq!(object.to_string(), "table `damaged`.`together`");
        assert!(why.contains("1168"), "{why}");
    }
}
