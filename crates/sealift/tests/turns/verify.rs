//! `verify` and `repair` after a cutover and after a rollback: what is live is what the other side is held to.

use sealift_lab::Server;

use super::{CLIENTS, Running, Shop, mysql};
use crate::offline::ends_with;

/// Everything is the same, and everything was compared: triggers and events are there by now.
fn is_equal(shop: &Shop<'_>) {
    let ran = shop.folder.sealift(&["verify", "--json"]);
    ends_with(0, &ran);
    let told = ran.json();
    assert_eq!(told["outcome"], "equal", "{}", ran.screen());
    let left_out = told["verification"]["not_compared"].to_string();
    assert!(!left_out.contains("wait for the cutover"), "{left_out}");
}

/// What differs, in one text.
fn differing(shop: &Shop<'_>) -> String {
    let ran = shop.folder.sealift(&["verify", "--json"]);
    ends_with(3, &ran);
    ran.json()["verification"]["differences"].to_string()
}

/// A row that nobody writes again, gone from a side beside its log and past its fence.
fn plant(server: &Server, schema: &str) {
    let delete = format!("DELETE FROM {schema}.bag WHERE client = 0 AND seq = 1");
    let delete_keyed = format!("DELETE FROM {schema}.acked WHERE client = 0 AND seq = 1");
    server.sql(format!("SET @sealift_passes = 1; SET sql_log_bin = 0; {delete}; {delete_keyed}"));
}

#[test]
fn what_is_compared_goes_by_the_side_that_is_live() {
    let pair = mysql();
    let shop = Shop::new(&pair, "judged", "");
    let clients = shop.clients(CLIENTS);
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    shop.goes_on(&clients);
    ends_with(0, &shop.folder.sealift(&["cutover", "--yes"]));
    shop.goes_on(&clients);
    shop.wait_until_ready("target");
    is_equal(&shop);
    plant(&pair.source, &shop.schema);
    let found = differing(&shop);
    assert!(found.contains("client=0, seq=1"), "{found}");
    assert_eq!(found.matches("are on the target only").count(), 2, "{found}");
    // The row has to be there again before the source is live.
    let row = format!(
        "SET @sealift_passes = 1; SET sql_log_bin = 0; INSERT INTO {0}.bag VALUES (0, 1); \
         INSERT INTO {0}.acked VALUES (0, 1, 'source')",
        shop.schema
    );
    pair.source.sql(&row);
    is_equal(&shop);

    ends_with(0, &shop.folder.sealift(&["rollback", "--yes"]));
    shop.goes_on(&clients);
    shop.wait_until_ready("source");
    is_equal(&shop);
    plant(&pair.target, &shop.schema);
    let found = differing(&shop);
    assert!(found.contains("client=0, seq=1"), "{found}");
    assert_eq!(found.matches("are missing on the target").count(), 2, "{found}");
    ends_with(0, &shop.folder.sealift(&["repair", "--yes"]));
    is_equal(&shop);
    drop(clients);
    ends_with(0, &shop.folder.sealift(&["stop"]));
    drop(running);

    // A cutover in the midst of a comparison, as its looks see it.
    pair.source.sql("UPDATE sealift.fence SET state = 'left'");
    let ran = shop.folder.sealift(&["verify", "--json"]);
    assert_eq!((ran.code, ran.error_code().as_str()), (Some(4), "SL0801"), "{}", ran.screen());
    pair.source.sql("UPDATE sealift.fence SET state = 'open'");
}

#[test]
fn without_a_way_back_there_is_nothing_to_compare_with() {
    let pair = mysql();
    let shop = Shop::new(&pair, "no_return", "way_back = false");
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    ends_with(0, &shop.folder.sealift(&["cutover", "--yes"]));
    drop(running);
    assert_eq!(shop.folder.sealift(&["verify", "--json"]).error_code(), "SL1004");
}
