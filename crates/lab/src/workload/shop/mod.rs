//! A shop: every object kind, a million rows in seconds, and the trouble real servers collect.

use crate::server::Server;

/// The schemas of the shop.
pub const SCHEMAS: &[&str] = &["shop", "shop archive"];

/// The account that some objects name as their definer and that no server has.
pub const MISSING_DEFINER: &str = "left_the_company@10.0.%";

/// The view that refers to a table which is gone.
pub const BROKEN_VIEW: &str = "shop.broken_view";

/// A sale, as a transaction of [clients](super::clients::Manner::besides) has it: an order with a line, stock, a log
/// without a key; triggers add to it.
pub const SALE: &str = "
INSERT INTO shop.orders (customer_id, store_id, placed, remark)
  VALUES (1000 + {seq} % 50, 1 + {client}, NOW(3), 'till {client} sale {seq}');
INSERT INTO shop.order_lines (order_id, line, sku, pieces, price)
  SELECT LAST_INSERT_ID(), 1, sku, 1, price FROM shop.products WHERE sku = 'A-000000';
UPDATE shop.orders SET state = 'paid' WHERE id = LAST_INSERT_ID();
UPDATE shop.stock SET pieces = pieces - 1 WHERE store_id = 1 + {client} ORDER BY sku LIMIT 1;
INSERT INTO shop.import_log (at, line) VALUES (NOW(), 'till {client}');
";

/// The query for client and number of each sale.
pub const SOLD: &str = "SELECT SUBSTRING_INDEX(SUBSTRING_INDEX(remark, ' ', 2), ' ', -1), \
     SUBSTRING_INDEX(remark, ' ', -1) FROM shop.orders WHERE remark LIKE 'till % sale %'";

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
