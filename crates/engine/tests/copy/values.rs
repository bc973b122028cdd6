//! Every type with its edge values, loaded and inserted.

use sealift_engine::fault::ErrorCode;
use sealift_lab::{Options, Pair};
use sealift_schema::facts::Side;

use super::Case;

/// Tables both flavors know.
const TABLES: &str = "
CREATE TABLE ints (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  a TINYINT, b TINYINT UNSIGNED, c SMALLINT, d SMALLINT UNSIGNED, e MEDIUMINT, f MEDIUMINT UNSIGNED,
  g INT, h INT UNSIGNED, i BIGINT, j BIGINT UNSIGNED, k INT(7) ZEROFILL, l DECIMAL(65,30),
  m DECIMAL(10,0) UNSIGNED ZEROFILL, n FLOAT, o DOUBLE, p FLOAT(9,3), q BIT(1), r BIT(13), s BIT(64), t YEAR);
CREATE TABLE times (
  id INT NOT NULL PRIMARY KEY, a DATE, b TIME, c TIME(3), d TIME(6), e DATETIME, f DATETIME(6),
  g TIMESTAMP NULL, h TIMESTAMP(6) NULL,
  i TIMESTAMP(2) NOT NULL DEFAULT CURRENT_TIMESTAMP(2) ON UPDATE CURRENT_TIMESTAMP(2));
CREATE TABLE texts (
  id INT NOT NULL PRIMARY KEY, a CHAR(20) CHARACTER SET latin1, b VARCHAR(20) CHARACTER SET gbk,
  c VARCHAR(30) CHARACTER SET utf16, d TEXT CHARACTER SET utf8mb4, e VARCHAR(20) CHARACTER SET utf8,
  f VARCHAR(20) CHARACTER SET sjis, g VARCHAR(30) CHARACTER SET utf32, h CHAR(9) CHARACTER SET binary,
  i VARBINARY(300), j TINYBLOB, k LONGTEXT CHARACTER SET latin1, l VARCHAR(9) CHARACTER SET ascii,
  m VARCHAR(90) CHARACTER SET big5, n VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT 'x');
CREATE TABLE members (
  id INT NOT NULL PRIMARY KEY, a ENUM('x','y''z','a,b') CHARACTER SET utf8mb4, b ENUM('','q','0'),
  c ENUM('ä','b') CHARACTER SET utf16, d SET('a','b','ü') CHARACTER SET latin1,
  e SET('','b') CHARACTER SET utf8mb4, f ENUM('0','1','2'), g ENUM('','b') CHARACTER SET utf16,
  h SET('01','02','03','04','05','06','07','08','09','10','11','12','13','14','15','16','17','18','19','20',
  '21','22','23','24','25','26','27','28','29','30','31','32','33','34','35','36','37','38','39','40','41',
  '42','43','44','45','46','47','48','49','50','51','52','53','54','55','56','57','58','59','60','61','62',
  '63','64'), i ENUM('a') NOT NULL);
CREATE TABLE shapes (id INT NOT NULL PRIMARY KEY, g GEOMETRY, p POINT, h GEOMETRY NOT NULL);
CREATE TABLE computed (
  id INT NOT NULL PRIMARY KEY, a INT, b INT GENERATED ALWAYS AS (a+1) STORED,
  c INT GENERATED ALWAYS AS (a*2) VIRTUAL, d INT DEFAULT 5);
CREATE TABLE `back``tick ä` (`se``lect` INT NOT NULL PRIMARY KEY, `ü.ö` TEXT CHARACTER SET utf8mb4);
CREATE TABLE nothing (id INT PRIMARY KEY);
";

const ROWS: &str = "
INSERT INTO ints VALUES
 (0,-128,0,-32768,0,-8388608,0,-2147483648,0,-9223372036854775808,0,0,
  -99999999999999999999999999999999999.999999999999999999999999999999,0,-3.4028234663852886e38,
  -1.7976931348623157e308,-999999.999,b'0',b'0',b'0','0000'),
 (1,127,255,32767,65535,8388607,16777215,2147483647,4294967295,9223372036854775807,18446744073709551615,
  9999999,99999999999999999999999999999999999.999999999999999999999999999999,9999999999,1.17549435e-38,
  2.2250738585072014e-308,0.001,b'1',b'1111111111111',b'1000000000000000000000000000000000000000000000000000000000001001',2155),
 (18446744073709551614,0,0,0,0,0,0,0,0,0,0,0,0.000000000000000000000000000001,0,-0e0,-0e0,0,b'1',
  b'0000001011100',b'101110000001001000010100001110000000000000101001011100',1901),
 (7,1,1,1,1,1,1,1,1,1,1,1,1,1,1.1,0.1,1.1,NULL,b'1010',b'100111',2000);
INSERT INTO ints (id, n, o) VALUES (8, 16777217, 1e22), (9, 0.3, 123456789.123456789), (10, 8388607.5, 5e-324);
INSERT INTO ints (id) VALUES (11);
INSERT INTO times VALUES
 (1,'0000-00-00','-838:59:59','-00:00:00.001','-838:59:58.999999','0000-00-00 00:00:00','0000-00-00 00:00:00',
  '0000-00-00 00:00:00','0000-00-00 00:00:00','0000-00-00 00:00:00'),
 (2,'9999-12-31','838:59:59','838:59:58.999','00:00:00.000001','9999-12-31 23:59:59','9999-12-31 23:59:59.999999',
  '2038-01-19 03:14:07','2038-01-19 03:14:07.999999','1970-01-01 00:00:01'),
 (3,'2020-02-31','00:00:00','00:00:00','-00:00:00.5','2019-02-29 01:00:00','2020-00-00 00:00:00.1',
  '1970-01-01 00:00:01','1970-01-01 00:00:01.000001','2001-01-01 00:00:00.12'),
 (4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'2020-03-29 02:30:00'),
 (5,'0001-01-01','-1:2:3','100:00:00.1','24:00:00','1000-01-01 00:00:00','2020-10-25 02:30:00.000001',
  '2020-10-25 02:30:00','2020-03-29 01:30:00.25','2020-03-29 01:30:00');
INSERT INTO texts (id,a,b,c,d,e,f,g,h,i,j,k,l,m) VALUES
 (1,'','','','','','','','','','','','',''),
 (2,'a\\\\b\tc\nd\\0e\\Z','\\\\N','\\\\N\t\n','tab\tnewline\ncr\rnul\0quote\\'\"back\\\\slash','é','ｱ','𝄞',
  'a\\0\\0',0x000102090A0D1A5C27FF,0xFF00,'ÿ','~',''),
 (3,' x ','許功蓋','é𝄞','😀','€','ソ表','😀',0x00,0x5C,0x0A,'é','a','許功蓋'),
 (4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO texts (id,a,b,i,d,k) SELECT 10+n, CHAR(n USING latin1), CONVERT(CHAR(0x81+(n%120), 0x40+(n%60)) USING gbk),
  CHAR(n), REPEAT(CHAR(64+n%60), 1000*n), REPEAT(CHAR(n USING latin1), 300) FROM
  (SELECT a.i*16+b.i AS n FROM (SELECT 0 i UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5
   UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9 UNION SELECT 10 UNION SELECT 11 UNION SELECT 12
   UNION SELECT 13 UNION SELECT 14 UNION SELECT 15) a, (SELECT 0 i UNION SELECT 1 UNION SELECT 2 UNION SELECT 3
   UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9 UNION SELECT 10
   UNION SELECT 11 UNION SELECT 12 UNION SELECT 13 UNION SELECT 14 UNION SELECT 15) b) bytes;
INSERT INTO members VALUES (1,1,1,1,1,1,1,1,1,1), (2,3,3,2,7,2,3,2,18446744073709551615,1),
 (3,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1), (4,'y''z','q','b','a,ü',3,'2','b','01,64',1),
 (5,1,2,1,0,0,2,1,9223372036854775808,1), (6,2,1,2,4,3,1,2,9007199254740993,1);
INSERT IGNORE INTO members VALUES (7,'wrong','wrong','wrong','wrong','','wrong','wrong','wrong','wrong');
INSERT INTO shapes VALUES (1,NULL,NULL,ST_GeomFromText('POINT(1 2)')),
 (2,ST_GeomFromText('POLYGON((0 0,10 0,10 10,0 10,0 0),(1 1,2 1,2 2,1 1))'),ST_GeomFromText('POINT(-1.5 2e10)'),
  ST_GeomFromText('GEOMETRYCOLLECTION(POINT(9 10),LINESTRING(92 39,13 9.5))'));
INSERT INTO computed (id, a, d) VALUES (1, 1, NULL), (2, NULL, 0);
INSERT INTO `back``tick ä` VALUES (1, 'ä'), (2, NULL);
";

/// What only MySQL has.
const MYSQL_TABLES: &str = "
CREATE TABLE docs (id INT NOT NULL PRIMARY KEY, j JSON, n JSON NOT NULL);
CREATE TABLE places (id INT NOT NULL PRIMARY KEY, p POINT NOT NULL SRID 4326, g GEOMETRY);
CREATE TABLE vectors (id INT NOT NULL PRIMARY KEY, v VECTOR(3), w VECTOR(2048));
CREATE TABLE hidden (id INT NOT NULL PRIMARY KEY, a INT INVISIBLE, b TEXT DEFAULT ('x') INVISIBLE,
  c VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_cs);
";

const MYSQL_ROWS: &str = r#"
INSERT INTO docs VALUES (1, NULL, 'null'), (2, '{"a": [1, -0.0, 1.5e300, 18446744073709551615, "\\"\\\\\\n\\t\\u0000😀"]}', '[]'),
 (3, '"plain"', '1'), (4, 'true', '{"": ""}');
INSERT INTO docs SELECT 5, JSON_ARRAYAGG(REPEAT('x\\y', 100)), JSON_OBJECT('k', REPEAT('é', 70000)) FROM information_schema.columns LIMIT 1;
INSERT INTO places VALUES (1, ST_GeomFromText('POINT(52.5 13.4)', 4326), ST_GeomFromText('POINT(1 2)', 3857)),
 (2, ST_GeomFromText('POINT(-90 180)', 4326), ST_GeomFromText('MULTIPOINT(1 2, 3 4)'));
INSERT INTO vectors VALUES (1, STRING_TO_VECTOR('[1,2.5,-3e10]'), NULL), (2, NULL, STRING_TO_VECTOR(CONCAT('[', REPEAT('9.2,',2047), '1]')));
INSERT INTO hidden (id, a, b, c) VALUES (1, 5, 'y', 'Ä '), (2, NULL, NULL, '');
"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_type_arrives_bit_by_bit() {
    let case = Case::new(
        Pair::shared(),
        &format!("{TABLES}{MYSQL_TABLES}"),
        &format!("{ROWS}{MYSQL_ROWS}"),
    );
    let copied = case.carry().await;
    assert_eq!(copied.rows.values().sum::<u64>(), 297);
    assert_eq!(case.checksums(Side::Source), case.checksums(Side::Target));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_is_inserted_bit_by_bit_where_load_is_off() {
    let target = Options::azure_target().without_local_infile();
    let pair = Pair::start(Options::mysql(), target).unwrap();
    let case = Case::new(&pair, &format!("{TABLES}{MYSQL_TABLES}"), &format!("{ROWS}{MYSQL_ROWS}"));
    case.carry().await;
    assert_eq!(case.checksums(Side::Source), case.checksums(Side::Target));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_mariadb_arrives() {
    let case = Case::new(Pair::shared_mariadb(), TABLES, ROWS);
    case.carry().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_goes_into_a_column_of_another_character_set_as_the_same_characters() {
    let pair = Pair::shared();
    let case = Case::new(
        pair,
        "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20) CHARACTER SET latin1, b JSON);",
        "INSERT INTO t VALUES (1, 'é', '[1]'), (2, 'ÿ\\\\', NULL);",
    );
    let alter =
        "MODIFY a VARCHAR(20) CHARACTER SET utf8mb4, MODIFY b LONGTEXT CHARACTER SET utf8mb4";
    pair.target.sql(format!("ALTER TABLE {}.t {alter}", case.schema));
    case.copy().await.unwrap();
    let text = pair.target.sql(format!("SELECT HEX(a), b FROM {}.t ORDER BY id", case.schema));
    assert_eq!(text, "C3A9\t[1]\nC3BF5C\tNULL\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_the_target_would_change_is_refused_and_nothing_of_its_chunk_stays() {
    let pair = Pair::shared();
    for (rows, words) in [
        ("(1,'ok'),(2,'far too long')", "Data truncated for column 'a'"),
        ("(1,'ok'),(3,NULL)", "NULL supplied to NOT NULL column 'a'"),
    ] {
        let case = Case::new(
            pair,
            "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20));",
            &format!("INSERT INTO t VALUES {rows};"),
        );
        pair.target.sql(format!("ALTER TABLE {}.t MODIFY a VARCHAR(5) NOT NULL", case.schema));
        let fault = case.copy().await.unwrap_err();
        assert_eq!(fault.code, ErrorCode::RowsRefused, "{fault}");
        assert!(fault.to_string().contains(words), "{fault}");
        assert!(fault.to_string().contains(&format!("table `{}`.`t`", case.schema)), "{fault}");
        assert_eq!(pair.target.sql(format!("SELECT COUNT(*) FROM {}.t", case.schema)), "0\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_there_already_is_not_dropped_in_silence() {
    let pair = Pair::shared();
    let case =
        Case::new(pair, "CREATE TABLE t (id INT PRIMARY KEY);", "INSERT INTO t VALUES (1),(2);");
    pair.target.sql(format!("INSERT INTO {}.t VALUES (2)", case.schema));
    let fault = case.copy().await.unwrap_err();
    assert_eq!(fault.code, ErrorCode::RowsRefused, "{fault}");
    assert!(fault.to_string().contains("Duplicate entry '2'"), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_rows_arrive_whole() {
    let case = Case::new(
        Pair::shared(),
        "CREATE TABLE blobs (id INT PRIMARY KEY, b LONGBLOB, t LONGTEXT CHARACTER SET latin1);",
        "INSERT INTO blobs VALUES
          (1, REPEAT(0x5C0A09, 6000000), 'x'), (2, REPEAT('ab', 8388607), NULL),
          (3, REPEAT('c', 16777216), REPEAT('\\n', 1000000)), (4, 'small', ''),
          (5, REPEAT(0x00FF, 20000000), 'y');",
    );
    let copied = case.copy().await.unwrap();
    assert_eq!(copied.rows.values().sum::<u64>(), 5);
    assert_eq!(case.checksums(Side::Source), case.checksums(Side::Target));
}
