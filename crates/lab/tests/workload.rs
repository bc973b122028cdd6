//! The workloads: every script is accepted, and the rows are the same each time.

use sealift_lab::workload::shop;
use sealift_lab::{Kind, Options, Server};

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
