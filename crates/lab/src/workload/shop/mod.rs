//! A shop: every object kind, a million rows in seconds, and the trouble real servers collect.

use crate::server::Server;

/// The schemas of the shop.
pub const SCHEMAS: &[&str] = &["shop", "shop archive"];

/// The account that some objects name as their definer and that no server has.
pub const MISSING_DEFINER: &str = "left_the_company@10.0.%";

/// The view that refers to a table which is gone.
pub const BROKEN_VIEW: &str = "shop.broken_view";

/// Creates the shop with so many orders; about four rows come with each. The same number gives the same rows.
///
/// # Panics
/// When the server refuses a statement, or has a shop already.
pub fn create(server: &Server, orders: u64) {
    server.sql(include_str!("tables.sql"));
    server.sql(rows(orders));
    server.sql(include_str!("code.sql"));
}

/// The script that makes the rows.
fn rows(orders: u64) -> String {
    let mut doubling = String::new();
    let mut numbers = 10_000;
    while numbers < orders {
        doubling.push_str(&format!(
            "INSERT INTO doubled SELECT n + {numbers} FROM numbers;\n\
             INSERT INTO numbers SELECT n FROM doubled;\nTRUNCATE TABLE doubled;\n"
        ));
        numbers *= 2;
    }
    let script = include_str!("rows.sql").replace("@DOUBLE@", &doubling);
    format!("SET @orders = {orders};\n{script}")
}
