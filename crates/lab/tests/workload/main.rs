//! The workloads: every script is accepted, and the rows are the same each time.

use sealift_lab::oracle::Comparison;
use sealift_lab::workload::churn::{self, Appetite, Churn, Definition};
use sealift_lab::workload::{Writer, every_type, shop};
use sealift_lab::{Kind, Options, Server, wait_until};

fn start(options: Options) -> Server {
    Server::start(options).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn the_shop_has_every_object_kind_on_mysql() {
    let server = start(Options::mysql());
    shop::create(&server, 2_000);
    assert_eq!(server.sql("SELECT COUNT(*) FROM shop.orders"), "2000\n");
    assert_eq!(server.sql("SELECT COUNT(*) FROM shop.order_lines"), "5000\n");
    let kinds = "SELECT (SELECT COUNT(*) FROM information_schema.views WHERE table_schema LIKE 'shop%'), \
                 (SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema LIKE 'shop%'), \
                 (SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema LIKE 'shop%'), \
                 (SELECT COUNT(*) FROM information_schema.events WHERE event_schema LIKE 'shop%'), \
                 (SELECT COUNT(*) FROM information_schema.partitions WHERE partition_name IS NOT NULL AND table_schema = 'shop')";
    assert_eq!(server.sql(kinds), "8\t4\t5\t3\t3\n");
    assert!(server.try_sql("SELECT * FROM shop.broken_view").is_err());
}

#[test]
fn the_shop_can_be_made_on_mariadb() {
    let server = start(Options::source(Kind::MariaDb10_11));
    shop::create(&server, 200);
    assert_eq!(server.sql("SELECT COUNT(*) FROM shop.order_lines"), "500\n");
}

#[test]
fn every_type_and_key_can_be_made_on_mysql() {
    let server = start(Options::mysql());
    let tables = every_type::tables(Kind::MySql, 1);
    every_type::create(&server, "types", &tables);
    for table in &tables {
        let rows = server.sql(format!("SELECT COUNT(*) FROM types.`{}`", table.name));
        assert!(rows != "0\n" || table.name == "empty_table", "{} has no rows", table.name);
    }
    let edges = "SELECT HEX(m), i = -2147483648 FROM types.integers WHERE id = 1; \
                 SELECT d LIKE '-0%' FROM types.floats WHERE id = 5; \
                 SELECT e + 0, real_empty + 0 FROM types.enum_empty WHERE id = 3; \
                 SELECT GROUP_CONCAT(JSON_TYPE(j) ORDER BY id) FROM types.json_opaque; \
                 SELECT y FROM types.years WHERE id = 1";
    assert_eq!(
        server.sql(edges),
        "FFFFFFFFFF800000\t1\n1\n0\t0\nDECIMAL,DATE,TIME,DATETIME,BLOB,OBJECT,ARRAY,OBJECT,BIT,UNSIGNED INTEGER\n0000\n"
    );
}

#[test]
fn every_type_and_key_can_be_made_on_mariadb_and_an_old_mysql() {
    for kind in [Kind::MySql5_6, Kind::MariaDb10_11, Kind::MariaDb11_8] {
        if kind.is_left_out() {
            continue;
        }
        let server = start(Options::source(kind));
        every_type::create(&server, "types", &every_type::tables(kind, 1));
        every_type::create(&server, "unmovable", &every_type::unmovable(kind));
        if kind.is_mariadb() {
            let versioned = "SELECT COUNT(*) FROM unmovable.mariadb_versioned";
            assert_eq!(server.sql(versioned), "1\n");
        }
    }
}

#[test]
fn two_servers_with_the_same_tables_are_the_same_to_the_oracle() {
    let (one, other) = (start(Options::mysql()), start(Options::mysql()));
    for server in [&one, &other] {
        every_type::create(server, "types", &every_type::tables(Kind::MySql, 5));
        shop::create(server, 100);
    }
    let comparison =
        Comparison::of(["types", "shop", "shop archive"]).without("shop", "broken_view");
    comparison.assert_same(&one, &other);
    one.sql("UPDATE types.vectors SET v3 = STRING_TO_VECTOR('[1,2,4]') WHERE id = 1");
    assert_eq!(comparison.differences(&one, &other).len(), 1);
}

#[test]
fn the_same_seed_draws_the_same_rows() {
    let scripts = |seed| {
        every_type::tables(Kind::MySql, seed).into_iter().map(|t| t.script).collect::<String>()
    };
    assert_eq!(scripts(7), scripts(7));
    assert_ne!(scripts(7), scripts(8));
}

#[test]
fn a_writer_knows_what_was_acknowledged() {
    let mut server = start(Options::mysql());
    let writer = Writer::start(&server, "w", 3);
    wait_until("it has written", || (writer.acknowledged() > 50).then_some(()));
    let written = writer.stop();
    assert_eq!(written.unknown, 0);
    assert_eq!(
        server.sql("SELECT transactions FROM w.written_total"),
        format!("{}\n", written.acknowledged)
    );
    // Killed in between: what is stored is what was acknowledged, and the one in doubt perhaps.
    let writer = Writer::resume(&server, "w", 4);
    wait_until("it has written", || (writer.acknowledged() > 50).then_some(()));
    server.kill9();
    let more = writer.stop();
    server.start_again().unwrap_or_else(|e| panic!("{e}"));
    let stored: u64 =
        server.sql("SELECT transactions FROM w.written_total").trim().parse().unwrap();
    let sum = written.acknowledged + more.acknowledged;
    assert!((sum..=sum + more.unknown).contains(&stored), "{sum} acknowledged, {stored} stored");
}

#[test]
fn an_application_with_an_appetite_for_everything_is_obeyed() {
    for kind in [Kind::MySql5_6, Kind::MySql, Kind::MariaDb10_11] {
        if kind.is_left_out() {
            continue;
        }
        let server = start(Options::source(kind));
        churn::create_everything(&server, "churned", &every_type::tables(kind, 1));
        let appetite =
            Appetite::everything(1).and_distributed().and_definitions(&Definition::all());
        let churn = Churn::hungry(&server, "churned", 1, &appetite);
        wait_until("it has written", || {
            (churn.rounds() > 12 || churn.failure().is_some()).then_some(())
        });
        assert_eq!(churn.stop(), Ok(()), "{kind}");
    }
}
