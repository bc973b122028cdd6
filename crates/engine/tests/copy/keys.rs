//! Tables with every kind of key: each row exactly once, whatever lanes and chunks they are cut into.

use sealift_engine::copy::Sizes;
use sealift_engine::copy::lane::lane_key;
use sealift_lab::Pair;
use sealift_schema::facts::Side;

use super::{Case, online};

/// Keys both flavors know. Every table has a filler column `f`, so that chunks are many.
const TABLES: &str = "
CREATE TABLE k_int (k INT NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_unsigned (k BIGINT UNSIGNED NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_signed (k BIGINT NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_tenant (t TINYINT NOT NULL, u VARCHAR(9) CHARACTER SET latin1 NOT NULL, d DATE NOT NULL, f CHAR(99),
  PRIMARY KEY (t, u, d));
CREATE TABLE k_utf8_ci (k VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_utf8_bin (k VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_gbk (k CHAR(60) CHARACTER SET gbk NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_utf16 (k VARCHAR(60) CHARACTER SET utf16 NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_binary (k BINARY(16) NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_varbinary (k VARBINARY(16) NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_decimal (k DECIMAL(30,10) NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_date (k DATE NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_time (k TIME(6) NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_datetime (k DATETIME(3) NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_timestamp (k TIMESTAMP NOT NULL DEFAULT '2000-01-01 00:00:00' PRIMARY KEY, f CHAR(99));
CREATE TABLE k_year (k YEAR NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_bit (k BIT(64) NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_enum (k ENUM('z','b','','a') NOT NULL, i INT NOT NULL, f CHAR(99), PRIMARY KEY (k, i));
CREATE TABLE k_enum_second (i INT NOT NULL, k ENUM('z','b','a') NOT NULL, f CHAR(99), PRIMARY KEY (i, k));
CREATE TABLE k_set (k SET('a','b','c','d','e','f','g') NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_unique (f CHAR(99), k INT NOT NULL, n INT, UNIQUE KEY other (n), UNIQUE KEY u (k));
CREATE TABLE k_none (n INT, f CHAR(99));
CREATE TABLE k_memory (k INT NOT NULL PRIMARY KEY, f CHAR(99)) ENGINE=MEMORY;
CREATE TABLE k_myisam (k VARCHAR(9) NOT NULL PRIMARY KEY, f CHAR(99)) ENGINE=MyISAM;
CREATE TABLE k_names (`a``b` INT NOT NULL, `c d` INT NOT NULL, f CHAR(99), PRIMARY KEY (`a``b`, `c d`));
";

/// `n` counts from 0 to 999.
const ROWS: &str = "
CREATE TEMPORARY TABLE n AS SELECT a.i*100+b.i*10+c.i AS n FROM
 (SELECT 0 i UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7
  UNION SELECT 8 UNION SELECT 9) a,
 (SELECT 0 i UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7
  UNION SELECT 8 UNION SELECT 9) b,
 (SELECT 0 i UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7
  UNION SELECT 8 UNION SELECT 9) c;
INSERT INTO k_int SELECT n*n-1000, REPEAT('x', n%99) FROM n;
INSERT INTO k_int VALUES (-2147483648, 'min'), (2147483647, 'max');
INSERT INTO k_unsigned SELECT CAST(9223372036854775000 AS UNSIGNED)+n*3, REPEAT('x', n%99) FROM n;
INSERT INTO k_unsigned VALUES (0,'min'), (18446744073709551615,'max'), (18446744073709551614,'max-1');
INSERT INTO k_signed SELECT n-500, REPEAT('x', n%99) FROM n;
INSERT INTO k_signed VALUES (-9223372036854775808,'min'), (9223372036854775807,'max');
INSERT INTO k_tenant SELECT n%3, CONCAT('u', n%7), DATE('2020-01-31') + INTERVAL n DAY, REPEAT('x', n%99) FROM n;
INSERT INTO k_tenant VALUES (1, '', '0000-00-00', 'zero'), (1, '\\'', '2020-02-31', 'invalid');
INSERT INTO k_utf8_ci SELECT CONCAT(CHAR(97+n%26), 'É', n, 'ß'), REPEAT('x', n%99) FROM n;
INSERT INTO k_utf8_ci VALUES ('', 'empty'), ('\\\\', 'backslash'), ('''', 'quote'), ('😀', 'emoji'), ('a\\0b', 'nul');
INSERT INTO k_utf8_bin SELECT CONCAT(CHAR(65+n%58), n), REPEAT('x', n%99) FROM n;
INSERT INTO k_utf8_bin VALUES ('A', 'case'), ('a', 'case');
INSERT INTO k_gbk SELECT CONCAT(CONVERT(CHAR(0x81+n%100, 0x5C) USING gbk), n), REPEAT('x', n%99) FROM n;
INSERT INTO k_utf16 SELECT CONCAT('ü', n), REPEAT('x', n%99) FROM n;
INSERT INTO k_binary SELECT CONCAT(UNHEX(LPAD(HEX(n*7919), 8, '0')), REPEAT(CHAR(0), n%12)), REPEAT('x', n%99) FROM n;
INSERT INTO k_varbinary SELECT CONCAT(CHAR(n%256), CHAR(0x27), CHAR(0), CHAR(n DIV 256), 0xFF), REPEAT('x', n%99) FROM n;
INSERT INTO k_varbinary VALUES ('', 'empty'), (0x00, 'nul'), (0x0000, 'two nuls'), (0xFF, 'ff');
INSERT INTO k_decimal SELECT (n-500)*1.0000000001, REPEAT('x', n%99) FROM n;
INSERT INTO k_decimal VALUES (99999999999999999999.9999999999,'max'), (-99999999999999999999.9999999999,'min');
INSERT INTO k_date SELECT DATE('1000-01-01') + INTERVAL n*100 DAY, REPEAT('x', n%99) FROM n;
INSERT INTO k_date VALUES ('0000-00-00','zero'), ('2020-02-31','invalid'), ('2020-00-00','no month'), ('9999-12-31','max');
INSERT INTO k_time SELECT SEC_TO_TIME((n-500)*100) + INTERVAL n MICROSECOND, REPEAT('x', n%99) FROM n;
INSERT INTO k_time VALUES ('-838:59:59','min'), ('838:59:59','max'), ('-00:00:00.000001','before zero');
INSERT INTO k_datetime SELECT TIMESTAMP('2020-10-25 00:00:00') + INTERVAL n*60001 SECOND_MICROSECOND + INTERVAL n HOUR, REPEAT('x', n%99) FROM n;
INSERT INTO k_datetime VALUES ('0000-00-00 00:00:00','zero'), ('9999-12-31 23:59:59.999','max');
INSERT INTO k_timestamp SELECT TIMESTAMP('2020-10-25 00:00:00') + INTERVAL n*5 MINUTE, REPEAT('x', n%99) FROM n;
INSERT INTO k_timestamp VALUES ('0000-00-00 00:00:00','zero'), ('2038-01-19 03:14:07','max');
INSERT INTO k_year SELECT 1901+n, REPEAT('x', n%99) FROM n WHERE n < 255;
INSERT INTO k_year VALUES ('0000', 'zero');
INSERT INTO k_bit SELECT CAST(n AS UNSIGNED)*18446744073709551, REPEAT('x', n%99) FROM n;
INSERT INTO k_bit VALUES (18446744073709551615, 'max');
INSERT INTO k_enum SELECT 1+n%4, n, REPEAT('x', n%99) FROM n;
INSERT IGNORE INTO k_enum VALUES ('wrong', 5, 'index 0'), ('wrong', 6, 'index 0');
INSERT INTO k_enum_second SELECT n DIV 3, 1+n%3, REPEAT('x', n%99) FROM n;
INSERT INTO k_set SELECT n, REPEAT('x', n%99) FROM n WHERE n < 128;
INSERT INTO k_unique SELECT REPEAT('x', n%99), n*5, NULLIF(n, 7) FROM n;
INSERT INTO k_none SELECT n%50, IF(n%3=0, NULL, REPEAT('x', n%99)) FROM n;
INSERT INTO k_memory SELECT n, REPEAT('x', n%99) FROM n;
INSERT INTO k_myisam SELECT CONCAT('m', n), REPEAT('x', n%99) FROM n;
INSERT INTO k_names SELECT n%5, n, REPEAT('x', n%99) FROM n;
DROP TEMPORARY TABLE n;
";

const MYSQL_TABLES: &str = "
CREATE TABLE k_0900 (k VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_0900_cs (k CHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_cs NOT NULL PRIMARY KEY, f CHAR(99));
CREATE TABLE k_descending (a INT NOT NULL, b VARCHAR(9) NOT NULL, f CHAR(99), PRIMARY KEY (a DESC, b));
CREATE TABLE k_mixed (a VARCHAR(9) NOT NULL, b INT NOT NULL, f CHAR(99), UNIQUE KEY u (a, b DESC));
";

const MYSQL_ROWS: &str = "
INSERT INTO k_0900 SELECT CONCAT(CHAR(97+n%26), 'É ', n, ' '), REPEAT('x', n%99) FROM n;
INSERT INTO k_0900 VALUES ('a', 'no pad'), ('a ', 'no pad'), ('a\\t', 'tab');
INSERT INTO k_0900_cs SELECT CONCAT(CHAR(65+n%58), n), REPEAT('x', n%99) FROM n;
INSERT INTO k_descending SELECT n%40, n, REPEAT('x', n%99) FROM n;
INSERT INTO k_mixed SELECT n%40, n, REPEAT('x', n%99) FROM n;
";

/// Chunks of a few rows, lanes of a page.
const TINY: Sizes = Sizes { chunk_bytes: 3_000, lane_bytes: 2_000 };

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_every_key_arrives_exactly_once() {
    let pair = Pair::shared();
    let rows = ROWS.replace("DROP TEMPORARY", &format!("{MYSQL_ROWS} DROP TEMPORARY"));
    let mut case = Case::new(pair, &format!("{TABLES}{MYSQL_TABLES}"), &rows);
    (case.sizes, case.workers) = (TINY, 3);
    for (name, table) in case.tables(Side::Source).await {
        let keyless = ["k_set", "k_none", "k_memory"].contains(&name.name.as_str());
        assert_eq!(lane_key(&table).is_none(), keyless, "{name}");
    }
    case.carry().await;
    assert_eq!(case.checksums(Side::Source), case.checksums(Side::Target));
    let lanes = pair.target.sql(format!(
        "SELECT COUNT(DISTINCT table_name), COUNT(*) > 200, MIN(done) FROM sealift.lane \
         WHERE migration='{}' AND table_name<>''",
        case.schema
    ));
    assert_eq!(lanes, "29\t1\t1\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_every_key_arrives_by_chunks_behind_gates() {
    let rows = ROWS.replace("DROP TEMPORARY", &format!("{MYSQL_ROWS} DROP TEMPORARY"));
    let mut case = Case::new(Pair::shared(), &format!("{TABLES}{MYSQL_TABLES}"), &rows);
    (case.sizes, case.workers) = (TINY, 3);
    online::carry(&case).await;
    assert_eq!(case.checksums(Side::Source), case.checksums(Side::Target));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_every_key_of_mariadb_arrives_by_chunks_behind_gates() {
    let mut case = Case::new(Pair::shared_mariadb(), TABLES, ROWS);
    (case.sizes, case.workers) = (TINY, 3);
    online::carry(&case).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_every_key_of_mariadb_arrives_exactly_once() {
    let mut case = Case::new(Pair::shared_mariadb(), TABLES, ROWS);
    (case.sizes, case.workers) = (TINY, 3);
    case.carry().await;
}
