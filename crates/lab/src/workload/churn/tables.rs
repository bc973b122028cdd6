//! The tables the application writes to, and the rows there are from the beginning.

use super::{definitions, typed};
use crate::server::{Kind, Server};
use crate::workload::every_type;

/// Keys come from this range: small enough for rows to change often.
pub(super) const KEYS: i64 = 20_000;
/// Rows of the table that huge transactions change.
pub(super) const WIDE_ROWS: u32 = 1_200;

/// The tables that are always written to.
pub const EVERYDAY: [&str; 6] = ["hot", "worded", "bag", "parent", "child", "leaf"];

const TABLES: &str = "
CREATE TABLE hot (id INT NOT NULL PRIMARY KEY, u INT NOT NULL, v VARCHAR(40), d DECIMAL(10,2), j JSON,
  at TIMESTAMP(3) NULL, UNIQUE KEY by_u (u), KEY by_v (v));
CREATE TABLE worded (w VARCHAR(30) COLLATE utf8mb4_0900_ai_ci NOT NULL PRIMARY KEY, n INT NOT NULL);
CREATE TABLE bag (a INT, b VARCHAR(40), f FLOAT);
CREATE TABLE parent (id INT NOT NULL PRIMARY KEY, v INT);
CREATE TABLE child (id INT NOT NULL PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parent (id)
  ON DELETE CASCADE);
CREATE TABLE leaf (id INT NOT NULL PRIMARY KEY, child INT, v INT, FOREIGN KEY (child) REFERENCES child (id)
  ON DELETE SET NULL ON UPDATE CASCADE);
CREATE TABLE wide (id INT NOT NULL PRIMARY KEY, n INT NOT NULL, pad MEDIUMTEXT);
";

const ROWS_BY_RECURSION: &str = "
SET cte_max_recursion_depth = 100000;
INSERT INTO hot WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM s WHERE n < 20000)
  SELECT n, n, REPEAT('v', n % 40), n / 4, JSON_OBJECT('n', n), '2026-01-01' FROM s;
";

/// The same for a server that knows no recursion.
const ROWS_BY_DOUBLING: &str = "
CREATE TABLE digit (d INT NOT NULL PRIMARY KEY);
INSERT INTO digit VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
INSERT INTO hot SELECT n, n, REPEAT('v', n % 40), n / 4, CONCAT('{\"n\": ', n, '}'), '2026-01-01' FROM
  (SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d AS n
   FROM digit a, digit b, digit c, digit d, digit e WHERE e.d < 2) numbers;
DROP TABLE digit;
";

/// The rows of the other tables, out of those.
const ROWS: &str = "
INSERT INTO worded SELECT CONCAT('Word', id), id FROM hot WHERE id <= 3000;
INSERT INTO bag SELECT id % 500, v, id / 3 FROM hot WHERE id <= 3000;
INSERT INTO parent SELECT id, id FROM hot WHERE id <= 500;
INSERT INTO child SELECT id, 1 + id % 500 FROM hot WHERE id <= 2000;
INSERT INTO leaf SELECT id, 1 + id % 2000, id FROM hot WHERE id <= 4000;
";

/// Creates a schema with the tables and rows the application begins with. A source that logs no cascades gets
/// foreign keys without.
///
/// # Panics
/// When the server refuses a statement.
pub fn create(server: &Server, schema: &str) {
    let kind = server.kind();
    let (tables, rows) = if kind == Kind::MySql5_6 {
        (TABLES.replace(" JSON,", " TEXT,"), ROWS_BY_DOUBLING)
    } else {
        (TABLES.to_owned(), ROWS_BY_RECURSION)
    };
    let mut script = format!("CREATE DATABASE {schema}; USE {schema}; {tables} {rows} {ROWS}");
    if kind != Kind::MySql {
        script = script
            .replace("\n  ON DELETE CASCADE", "")
            .replace("\n  ON DELETE SET NULL ON UPDATE CASCADE", "")
            .replace("utf8mb4_0900_ai_ci", "utf8mb4_general_ci")
            .replace("cte_max_recursion_depth", "max_recursive_iterations");
    }
    server.sql(script);
}

/// Adds what an application writes that has an appetite for everything: rows for huge transactions, tables of
/// all types, and beside the schema one for definitions and one the values are taken from.
///
/// # Panics
/// When the server refuses a statement.
pub fn create_everything(server: &Server, schema: &str, types: &[every_type::Table]) {
    create(server, schema);
    server.sql(format!(
        "USE {schema}; INSERT INTO wide SELECT id, 0, REPEAT('w', 200) FROM hot WHERE id <= {WIDE_ROWS};"
    ));
    if server.kind().is_mariadb() {
        // JSON is text there and gets another form on its way, which no dump can compare.
        server.sql(format!("ALTER TABLE {schema}.hot MODIFY j TEXT"));
    }
    every_type::create(server, schema, types);
    every_type::create(server, &typed::spare(schema), types);
    server.sql(format!("CREATE DATABASE IF NOT EXISTS {}", definitions::BESIDE));
}
