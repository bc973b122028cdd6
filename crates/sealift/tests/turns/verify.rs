//! `verify` and `repair` after a cutover and after a rollback: what is live is what the other side is held to.

use sealift_lab::{Server, wait_until};
use serde_json::Value;

use super::{CLIENTS, Running, Shop, mysql};
use crate::offline::ends_with;

/// Everything is the same, and everything was compared: triggers and events are there by now.
pub(super) fn is_equal(shop: &Shop<'_>) {
    let ran = shop.folder.sealift(&["verify", "--json"]);
    ends_with(0, &ran);
    let told = ran.json();
    assert_eq!(told["outcome"], "equal", "{}", ran.screen());
    let left_out = told["verification"]["not_compared"].to_string();
    assert!(!left_out.contains("wait for the cutover"), "{left_out}");
}

/// What differs, in one text, and who else wrote: side, table and number of transactions.
fn differing(shop: &Shop<'_>) -> (String, Vec<String>) {
    let ran = shop.folder.sealift(&["verify", "--json"]);
    ends_with(3, &ran);
    let found = ran.json()["verification"].clone();
    let told = |one: &Value| {
        let (side, name) = (&one["side"], &one["table"]["name"]);
        format!("{} {} {}", side.as_str().unwrap(), name.as_str().unwrap(), one["transactions"])
    };
    let strangers = found["strangers"].as_array().map(|all| all.iter().map(told).collect());
    (found["differences"].to_string(), strangers.unwrap_or_default())
}

/// Somebody who passes every fence changes a row that nobody writes again.
fn rogue(server: &Server, schema: &str, side: &str) {
    let update = format!("UPDATE {schema}.acked SET side = '{side}' WHERE client = 0 AND seq = 2");
    server.sql(format!("SET @sealift_passes = 1; {update}"));
}

/// Waits until rows were compared once more by the run itself, and tells the tables that differ.
fn compared_again(shop: &Shop<'_>, passes: u64) -> Vec<String> {
    let comparing = wait_until("all rows were compared", || {
        let comparing = shop.status()["comparing"].clone();
        (comparing["passes"].as_u64() > Some(passes)).then_some(comparing)
    });
    let tables = comparing["differing"].as_array().unwrap().iter();
    tables.map(|table| table["name"].as_str().unwrap().to_owned()).collect()
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
    let (found, strangers) = differing(&shop);
    assert!(found.contains("client=0, seq=1"), "{found}");
    assert_eq!(found.matches("are on the target only").count(), 2, "{found}");
    // The application wrote there until the cutover; it is none.
    assert_eq!(strangers, Vec::<String>::new());
    rogue(&pair.source, &shop.schema, "rogue");
    assert_eq!(differing(&shop).1, ["source acked 1"]);
    rogue(&pair.source, &shop.schema, "source");

    // The run itself compares, this way too.
    ends_with(0, &shop.folder.sealift(&["stop"]));
    drop(running);
    shop.folder.reconfigure(
        "[cutover]",
        "[verify]\ncontinuous = true\nrows_per_second = 1000000\n[cutover]",
    );
    let running = Running::start(&shop);
    shop.wait_until_ready("target");
    assert_eq!(compared_again(&shop, 0), ["acked", "bag"]);
    // The row has to be there again before the source is live.
    let row = format!(
        "SET @sealift_passes = 1; SET sql_log_bin = 0; INSERT INTO {0}.bag VALUES (0, 1); \
         INSERT INTO {0}.acked VALUES (0, 1, 'source')",
        shop.schema
    );
    pair.source.sql(&row);
    is_equal(&shop);

    let passes = shop.status()["comparing"]["passes"].as_u64().unwrap();
    ends_with(0, &shop.folder.sealift(&["rollback", "--yes"]));
    shop.goes_on(&clients);
    shop.wait_until_ready("source");
    assert_eq!(compared_again(&shop, passes), Vec::<String>::new());
    is_equal(&shop);
    plant(&pair.target, &shop.schema);
    rogue(&pair.target, &shop.schema, "rogue");
    let (found, strangers) = differing(&shop);
    assert!(found.contains("client=0, seq=1"), "{found}");
    assert_eq!(found.matches("are missing on the target").count(), 2, "{found}");
    assert_eq!(strangers, ["target acked 1"]);
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
