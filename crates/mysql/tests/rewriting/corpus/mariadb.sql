-- What MariaDB prints and MySQL does not read.
SET NAMES utf8mb4;
CREATE DATABASE rw_maria CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci COMMENT 'it''s; here';
CREATE DATABASE rw_uca CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_ai_ci;
USE rw_maria;
CREATE TABLE m01_types (a int(11) NOT NULL DEFAULT 0, b uuid DEFAULT uuid(), c inet6 DEFAULT '::1', d inet4 DEFAULT '10.0.0.1', e json, f bigint(20) unsigned zerofill, g year(4), h longtext COMPRESSED, i varchar(100) COMPRESSED DEFAULT 'x', j bit(3) DEFAULT b'101', k boolean DEFAULT true, PRIMARY KEY (a));
CREATE TABLE m02_defaults (a text DEFAULT 'it''s \\ x', b blob DEFAULT 'b', c date DEFAULT curdate(), d datetime(6) DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6), e timestamp DEFAULT current_timestamp(), f int DEFAULT (1 + 2), g varchar(40) DEFAULT concat('a', 'b'), h json DEFAULT json_object('a', 1), i double DEFAULT rand(), j text DEFAULT NULL, k int DEFAULT -5, l varchar(9) DEFAULT 'NULL', m char(36) DEFAULT uuid(), n varchar(20) DEFAULT user(), o date DEFAULT (curdate() + interval 1 year), p time DEFAULT curtime(), q int DEFAULT (`f` + 1));
CREATE TABLE m03_generated (a int, b int AS (a * 2) PERSISTENT, c int GENERATED ALWAYS AS (a + 1) VIRTUAL, d varchar(20) AS (concat(a, 'é;')) STORED, e int INVISIBLE DEFAULT 7, KEY (b));
CREATE TABLE m04_checks (a int CHECK (a > 0), b int, CHECK (b > 1), CHECK (a < b), CONSTRAINT named CHECK (b <> 3));
CREATE TABLE m05_checks_again (a int, CHECK (a > 5), CONSTRAINT named CHECK (a <> 7));
CREATE TABLE m06_aria (a int AUTO_INCREMENT PRIMARY KEY, b text, FULLTEXT KEY (b)) ENGINE=Aria TRANSACTIONAL=1 PAGE_CHECKSUM=1 ROW_FORMAT=PAGE;
CREATE TABLE m07_options (a int PRIMARY KEY, b varchar(9)) PAGE_COMPRESSED=1 PAGE_COMPRESSION_LEVEL=5 STATS_PERSISTENT=1;
CREATE TABLE m08_keys (id int PRIMARY KEY, a int, b varchar(20), KEY i (a) IGNORED, KEY d (a, b DESC), UNIQUE KEY u (b) USING BTREE COMMENT 'c''est', KEY h (b) USING HASH);
CREATE TABLE m09_spatial (g point REF_SYSTEM_ID=4326 NOT NULL, h geometry DEFAULT NULL, SPATIAL KEY (g));
CREATE TABLE m10_range (a int NOT NULL, b date NOT NULL, PRIMARY KEY (a, b)) PARTITION BY RANGE (year(b)) (PARTITION p0 VALUES LESS THAN (2000) COMMENT 'old', PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE TABLE m11_list (a int) ENGINE=MyISAM PARTITION BY LIST (a) (PARTITION p0 VALUES IN (1,2), PARTITION p1 VALUES IN (3));
CREATE TABLE m12_charsets (a varchar(5) CHARACTER SET utf8, b varchar(5) CHARACTER SET utf8 COLLATE utf8_bin, c varchar(5) CHARACTER SET latin1, d varchar(5) CHARACTER SET utf8mb4, e varchar(5) COLLATE utf8mb4_general_ci, f enum('a','ü') CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin, g text CHARACTER SET utf16);
CREATE TABLE m13_parent (id int PRIMARY KEY, code varchar(10), UNIQUE KEY (code));
CREATE TABLE `M14_Child` (id int PRIMARY KEY, p int, c varchar(10), CONSTRAINT fk FOREIGN KEY (p) REFERENCES m13_parent (id) ON DELETE SET NULL, FOREIGN KEY (c) REFERENCES m13_parent (code) ON UPDATE CASCADE);
CREATE TABLE m15_groups (g int NOT NULL, n int NOT NULL AUTO_INCREMENT, PRIMARY KEY (g, n)) ENGINE=MyISAM;
CREATE TABLE m16_versioned (a int PRIMARY KEY) WITH SYSTEM VERSIONING;
CREATE TABLE m17_period (a int, s date, e date, PERIOD FOR p (s, e), UNIQUE KEY (a, p WITHOUT OVERLAPS));
CREATE SEQUENCE m18_sequence START WITH 5;
CREATE TABLE m19_nextval (a int DEFAULT nextval(m18_sequence), b int);
CREATE TABLE m20_long_unique (a text, b int, UNIQUE KEY whole (a));
CREATE TABLE `m21 ``odd. name` (`co``l` int COMMENT 'it''s \\ x', `select` int, KEY `k``y` (`select`)) COMMENT='c''est';
CREATE TABLE m22_memory (a int, b varchar(9), KEY (a) USING HASH) ENGINE=MEMORY;
CREATE TABLE m23_old_charset (a varchar(9)) DEFAULT CHARSET=utf8;
CREATE TABLE m24_zero_dates (a timestamp NOT NULL DEFAULT '0000-00-00 00:00:00', b date NOT NULL DEFAULT '0000-00-00', c datetime NOT NULL DEFAULT '0000-00-00 00:00:00');
CREATE TABLE rw_uca.m25_uca (a varchar(9), b varchar(9) COLLATE utf8mb4_uca1400_swedish_as_cs, c varchar(9) COLLATE utf8mb4_bin, UNIQUE KEY (a));

CREATE VIEW w01 AS SELECT a, b, c FROM m01_types WHERE a > 0;
CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW w02 AS SELECT id, code COLLATE utf8mb4_bin AS c FROM m13_parent WITH CASCADED CHECK OPTION;
CREATE VIEW w03 AS SELECT concat('it''s ', a) AS x, current_timestamp() AS now, cast(a AS char(5)) AS s, a || b AS o FROM m12_charsets;
CREATE VIEW rw_uca.w04 AS SELECT a FROM rw_uca.m25_uca WHERE a = 'x' COLLATE utf8mb4_uca1400_as_ci;
DELIMITER $$
CREATE FUNCTION g01(a int(11), b varchar(10)) RETURNS varchar(20) CHARSET utf8mb4 DETERMINISTIC NO SQL BEGIN IF a > 1 THEN RETURN 'a;b\'c'; ELSE RETURN b; END IF; END$$
CREATE PROCEDURE q01(IN a int) BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION ROLLBACK; START TRANSACTION; INSERT INTO m13_parent VALUES (a, 'x'); COMMIT; END$$
CREATE AGGREGATE FUNCTION g02(x int) RETURNS int DETERMINISTIC BEGIN DECLARE s int DEFAULT 0; DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN s; LOOP FETCH GROUP NEXT ROW; SET s = s + x; END LOOP; END$$
SET SESSION sql_mode = 'ORACLE'$$
CREATE PROCEDURE q02(a IN int) AS BEGIN SELECT a; END$$
SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_AUTO_CREATE_USER,EMPTY_STRING_IS_NULL,TIME_ROUND_FRACTIONAL'$$
CREATE PROCEDURE q03() SELECT '' IS NULL$$
CREATE TRIGGER x01 BEFORE INSERT ON m13_parent FOR EACH ROW SET NEW.code = upper(NEW.code)$$
CREATE TRIGGER x02 BEFORE INSERT ON rw_maria . m13_parent FOR EACH ROW PRECEDES x01 /* it's; */ SET NEW.code = trim(NEW.code)$$
CREATE EVENT y01 ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' ON COMPLETION PRESERVE COMMENT 'it''s' DO DELETE FROM m22_memory$$
CREATE EVENT y02 ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DISABLE ON SLAVE DO SELECT 1$$
DELIMITER ;
