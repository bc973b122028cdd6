-- Definitions that trip tools which parse and reprint. Every object is carried with the default policy.
SET NAMES utf8mb4;
SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION';
CREATE DATABASE rw_tables CHARACTER SET latin1 COLLATE latin1_german2_ci;
CREATE DATABASE `rw.näme ``x` CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_cs;
CREATE DATABASE rw_code;
CREATE USER IF NOT EXISTS 'left'@'10.0.%', 'o`dd'@'%';

USE rw_tables;
CREATE TABLE t01_types (
  a tinyint(1), b smallint unsigned zerofill, c mediumint, d int(7) zerofill, e bigint unsigned, f decimal(65,30),
  g float(7,3), h double unsigned, i bit(64) DEFAULT b'101', j year, k date DEFAULT '0000-00-00', l time(6) DEFAULT '-838:59:59',
  m datetime(3) DEFAULT '0000-00-00 00:00:00.000', n timestamp(6) NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  o char(0), p varchar(255) CHARACTER SET utf16 COLLATE utf16_turkish_ci, q tinytext, r text CHARACTER SET gbk, s mediumtext CHARACTER SET utf8mb3,
  t longtext COLLATE latin1_bin, u binary(3) DEFAULT 0x00FF41, v varbinary(20), w blob, x json, y vector(7), z bool NOT NULL DEFAULT TRUE,
  aa enum('a','b,c','d''e','f\\g','','é','(',')','--','/*!') CHARACTER SET utf8mb4 NOT NULL DEFAULT 'd''e',
  bb set('x','y','*/') COLLATE latin1_general_cs
);
CREATE TABLE t02_defaults (
  a varchar(60) DEFAULT 'it''s \\ a "q"; -- no /* comment */ # here', b text DEFAULT ('x\\y'), c json DEFAULT (json_array(1,'a''b')),
  d date DEFAULT (curdate() + interval 1 year), e binary(16) DEFAULT (uuid_to_bin(uuid())), f varchar(10) CHARACTER SET utf8mb4 DEFAULT _utf8mb4'日本',
  g int DEFAULT (1 + 2 * 3), h decimal(5,2) DEFAULT -1.50, i varchar(9) DEFAULT 'NULL', j char(3) DEFAULT ' ', k double DEFAULT 1e100
);
CREATE TABLE t03_comments (a int COMMENT 'it''s; \\ "x" `y` \n two lines', b int COMMENT '*/ /*! 50100 -- ', KEY k (a) COMMENT 'key; isn''t') COMMENT='c''est \\ la vie; ENGINE=MyISAM';
CREATE TABLE t04_generated (
  a int NOT NULL, b int GENERATED ALWAYS AS (a * 2) VIRTUAL, c int GENERATED ALWAYS AS (a + 1) STORED NOT NULL COMMENT 'AS (x)',
  d varchar(20) CHARACTER SET utf8mb4 GENERATED ALWAYS AS (concat(a, _utf8mb4'é''', ';')) VIRTUAL INVISIBLE, PRIMARY KEY (c), UNIQUE KEY (b)
);
CREATE TABLE t05_functional (id int PRIMARY KEY, j json, n varchar(40), KEY f1 ((lower(n))), UNIQUE KEY f2 ((n + 1) DESC, id), KEY f3 ((cast(j->'$.a' as unsigned array))), KEY f4 ((json_value(j, '$.b' RETURNING char(10)))));
CREATE TABLE t06_invisible (id int, a int INVISIBLE DEFAULT 7, b int, PRIMARY KEY (id), KEY k (b) INVISIBLE, UNIQUE KEY u (a, b) USING BTREE COMMENT 'x' INVISIBLE);
CREATE TABLE t07_checks (a int CHECK (a > 0), b varchar(20), CONSTRAINT `odd ``name` CHECK (b <> 'it''s' AND b NOT LIKE '%;%'), CONSTRAINT relaxed CHECK (a < 10) NOT ENFORCED);
CREATE TABLE t08_words (`select` int, `from` int, `key` int, `primary` int, `constraint` int, `check` int, `default` int, `table``s` int, `a.b` int, ` lead` int, `1` int, `$x` int, `größe` int, PRIMARY KEY (`primary`), KEY `key` (`key`), KEY `index` (`select` DESC, `from`));
CREATE TABLE `1234567890123456789012345678901234567890123456789012345678901234` (`1234567890123456789012345678901234567890123456789012345678901234` int);
CREATE TABLE `T09_MixedCase` (`Id` int PRIMARY KEY, `ID2` int, UNIQUE KEY `MixedKey` (`ID2`));
CREATE TABLE `t10 with ``ticks``, commas; "quotes" and 'more'` (a int);
CREATE TABLE t11_spatial (g geometry NOT NULL SRID 4326, p point NOT NULL, l linestring, SPATIAL KEY (g), SPATIAL INDEX sp (p));
CREATE TABLE t12_fulltext (id int PRIMARY KEY, a text, b varchar(100) CHARACTER SET utf8mb4, FULLTEXT KEY ft1 (a), FULLTEXT KEY ft2 (b) WITH PARSER ngram, FULLTEXT KEY ft3 (b));
CREATE TABLE t13_range (a int NOT NULL, b date NOT NULL, v varchar(9), PRIMARY KEY (a, b), KEY (v)) PARTITION BY RANGE (year(b)) SUBPARTITION BY HASH (a) SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (2000) COMMENT 'it''s old', PARTITION `p 1` VALUES LESS THAN MAXVALUE);
CREATE TABLE t14_list (a int, b int) PARTITION BY LIST COLUMNS (a, b) (PARTITION p0 VALUES IN ((1,2),(NULL,NULL)), PARTITION p1 VALUES IN ((3,4)));
CREATE TABLE t15_key (a varchar(9) CHARACTER SET utf8mb4, b int) PARTITION BY LINEAR KEY ALGORITHM = 2 (a) PARTITIONS 3;
CREATE TABLE t17_tablespace (a int) TABLESPACE = innodb_system;
CREATE TABLE t18_options (a int PRIMARY KEY, b text) ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8 STATS_PERSISTENT=1 STATS_AUTO_RECALC=0 STATS_SAMPLE_PAGES=30 AVG_ROW_LENGTH=100 MAX_ROWS=1000 MIN_ROWS=5 CHECKSUM=1 PACK_KEYS=1 DELAY_KEY_WRITE=1 AUTOEXTEND_SIZE=4194304 COMMENT='all the options';
CREATE TABLE t19_compression (a int) COMPRESSION='zlib';
CREATE TABLE t20_redundant (a varchar(100), KEY (a)) ROW_FORMAT=REDUNDANT;
CREATE TABLE t21_memory (a int, b varchar(20), KEY h (a) USING HASH, KEY b (b) USING BTREE) ENGINE=MEMORY;
CREATE TABLE t22_myisam (g int NOT NULL, n int NOT NULL AUTO_INCREMENT, PRIMARY KEY (g, n), FULLTEXT KEY (t), t text) ENGINE=MyISAM ROW_FORMAT=FIXED DELAY_KEY_WRITE=1 KEY_BLOCK_SIZE=1024;
CREATE TABLE t23_csv (a int NOT NULL, b varchar(10) NOT NULL) ENGINE=CSV;
CREATE TABLE t24_archive (a int NOT NULL AUTO_INCREMENT, b blob, KEY (a)) ENGINE=ARCHIVE;
CREATE TABLE t25_counter (u varchar(20), a int NOT NULL AUTO_INCREMENT, KEY k1 (u), UNIQUE KEY uq (a), KEY k2 (a, u)) AUTO_INCREMENT=12345678;
CREATE TABLE t26_rowkey (a int, b int NOT NULL, c int NOT NULL, KEY k (a), UNIQUE KEY u1 (a), UNIQUE KEY u2 (b, c), UNIQUE KEY u3 (c));
SET SESSION sql_generate_invisible_primary_key = ON;
CREATE TABLE t27_gipk (a int, b int, KEY (b));
SET SESSION sql_generate_invisible_primary_key = OFF;
CREATE TABLE t28_my_row_id (my_row_id int, a int);
CREATE TABLE t29_parent (id int PRIMARY KEY, code varchar(10) CHARACTER SET utf8mb4, UNIQUE KEY (code));
CREATE TABLE `t30_Child` (id int PRIMARY KEY, p int, code varchar(10) CHARACTER SET utf8mb4, self int, CONSTRAINT `fk it's; ``odd` FOREIGN KEY (p) REFERENCES t29_parent (id) ON DELETE CASCADE ON UPDATE SET NULL, FOREIGN KEY (code) REFERENCES t29_parent (code) ON UPDATE CASCADE, CONSTRAINT selfish FOREIGN KEY (self) REFERENCES `t30_Child` (id));
CREATE TABLE `rw.näme ``x`.`tab.le ``y` (`co``l.ü` int NOT NULL, `select` int, PRIMARY KEY (`co``l.ü`), KEY `k``ey.` (`select`), CONSTRAINT `f``k.ä` FOREIGN KEY (`select`) REFERENCES rw_tables.t29_parent (id), CONSTRAINT `ch``k` CHECK (`select` < 5)) COMMENT='日本 𝄞';
CREATE TABLE t31_attributes (a int COLUMN_FORMAT FIXED STORAGE DISK, b int COLUMN_FORMAT DYNAMIC NOT NULL, KEY (a));
CREATE TABLE t32_collations (a varchar(5) CHARACTER SET utf8mb4, b varchar(5) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, c char(3) CHARACTER SET binary, d varchar(5) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin, e varchar(5)) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE t33_secondary (a int PRIMARY KEY, b int, c varchar(9) NOT SECONDARY, KEY (b)) SECONDARY_ENGINE=rapid;
CREATE TABLE t34_prefix (a text, b blob, c varchar(300), KEY p (a(10) DESC, b(20), c(5)), UNIQUE KEY q (a(100)) KEY_BLOCK_SIZE=4);
CREATE TABLE t35_multi_value (id int NOT NULL, j json, PRIMARY KEY (id), KEY mv ((cast(json_extract(j, '$."a b"[*]') as char(20) array))));
CREATE TABLE t36_system_words (status int, value int, type int, `user` int, `host` int, date date, time time, timestamp timestamp NULL, period int, `system` int, vector int, event int, action int, comment int, engine int, `partition` int, start int, `end` int);
CREATE TABLE t39_blackhole (a int) ENGINE=BLACKHOLE;

USE rw_code;
CREATE TABLE orders (id int PRIMARY KEY AUTO_INCREMENT, total decimal(10,2), note varchar(100), kind enum('a','b'));
CREATE TABLE `Lines` (order_id int, n int, text varchar(100));
CREATE TABLE log (at datetime(6), what text);
CREATE VIEW v01 AS SELECT * FROM orders;
CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW v02 AS SELECT id, note FROM orders WHERE total > 0 WITH LOCAL CHECK OPTION;
CREATE ALGORITHM=TEMPTABLE DEFINER=`left`@`10.0.%` VIEW v03 (`a b`, `c``d`) AS SELECT id, concat('it''s; \\ ', note, "dq", _latin1'x', N'n', x'4142', b'01') FROM orders;
CREATE VIEW v04 AS SELECT o.id, l.n, count(*) OVER w AS cnt, sum(o.total) OVER (PARTITION BY o.kind ORDER BY o.id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) s FROM orders o LEFT JOIN `Lines` l ON l.order_id = o.id WINDOW w AS (PARTITION BY o.kind);
CREATE VIEW v05 AS WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT n, (SELECT max(id) FROM orders) m FROM c;
CREATE VIEW v06 AS SELECT note COLLATE utf8mb4_bin AS c, convert(note using latin1) AS l, cast(total AS char(5) CHARACTER SET ascii) x, json_extract(json_object('a', id), '$.a') j FROM orders;
CREATE VIEW v07 AS SELECT * FROM v04 UNION SELECT id, 1, 2, 3 FROM v02 ORDER BY 1 LIMIT 3;
CREATE VIEW v08 AS SELECT orders.id FROM orders JOIN rw_tables.t29_parent p ON p.id = orders.id;
CREATE VIEW v09 AS SELECT 1 AS `select`, 2 AS `a.b`, '/*! 50100 */' AS comment, '--' AS dash, CURRENT_TIMESTAMP AS now, interval(3, 1, 5) i, id DIV 2 d, id % 2 m, NOT id n, id IS NULL u, note REGEXP '^a|b$' r FROM orders;
CREATE DEFINER=`o``dd`@`%` VIEW `v``10 "x" 日本` AS SELECT DISTINCT kind FROM orders GROUP BY kind WITH ROLLUP;
CREATE VIEW v11 AS SELECT jt.* FROM orders, json_table(concat('[', id, ']'), '$[*]' COLUMNS (n FOR ORDINALITY, v int PATH '$' DEFAULT '0' ON EMPTY)) jt;
CREATE VIEW v12 AS SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM `Lines` WHERE order_id = o.id) AND id NOT IN (SELECT n FROM `Lines`) FOR UPDATE;
CREATE VIEW a00_before_its_base AS SELECT * FROM v01;
SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES';
CREATE VIEW v13 AS SELECT 'back\slash' || "note" AS "quo`ted" FROM "orders";
SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION';
SET NAMES latin1;
CREATE VIEW v14 AS SELECT 'plain' AS x, id FROM orders WHERE note = 'abc';
SET NAMES utf8mb4 COLLATE utf8mb4_swedish_ci;
CREATE VIEW v15 AS SELECT 'å' = 'a' AS same, id FROM orders;
SET NAMES utf8mb4;

DELIMITER $$
CREATE FUNCTION f01(a int, `b ``c` varchar(10) CHARSET latin1) RETURNS varchar(20) CHARSET utf8mb4 COLLATE utf8mb4_bin DETERMINISTIC NO SQL SQL SECURITY INVOKER COMMENT 'it''s; SQL SECURITY DEFINER'
BEGIN
  -- comment with ; and 'quote and BEGIN
  # another; "
  /* block ; ' */
  IF a > 1 THEN RETURN 'a;b\'c'; ELSE RETURN "x"; END IF;
END$$
CREATE FUNCTION f02() RETURNS enum('a','b)') READS SQL DATA RETURN (SELECT kind FROM orders LIMIT 1)$$
CREATE FUNCTION f03(x decimal(10,2) unsigned) RETURNS double DETERMINISTIC RETURN x * 2$$
CREATE DEFINER=`left`@`10.0.%` FUNCTION `f``04 ü`() RETURNS json NO SQL NOT DETERMINISTIC RETURN json_array('日本', now())$$
CREATE PROCEDURE p01() BEGIN END$$
CREATE PROCEDURE p02(IN a int, OUT b varchar(10), INOUT `c.d` date) MODIFIES SQL DATA
label: BEGIN
  DECLARE done int DEFAULT 0;
  DECLARE cur CURSOR FOR SELECT id FROM orders;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = 1;
  OPEN cur;
  l: LOOP FETCH cur INTO a; IF done THEN LEAVE l; END IF; CALL rw_code.p01(); END LOOP l;
  CLOSE cur;
  INSERT INTO log VALUES (now(6), concat(@x, @`y z`, @'w', @@sql_mode, @@session.sort_buffer_size));
  SELECT `orders`.`id` AS i, rw_code.f03(1) FROM rw_code.orders, `Lines` WHERE orders.id = 0x1F;
END label$$
CREATE PROCEDURE p03() COMMENT 'prepared' BEGIN SET @s = 'SELECT ''a;b'' /* c */'; PREPARE s FROM @s; EXECUTE s; DEALLOCATE PREPARE s; END$$
CREATE PROCEDURE p04() /*!50003 BEGIN /* inner */ SELECT 1; END */$$
CREATE PROCEDURE p05() BEGIN CREATE TEMPORARY TABLE tmp (a int) ENGINE=MyISAM; /*!99999 never read */ SELECT 1; END$$
SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'$$
CREATE PROCEDURE "p``06 ""q"""(IN "a b" int) BEGIN SELECT "a b" || 'back\', "orders"."id" FROM "orders"; END$$
CREATE FUNCTION "f05"("x" int) RETURNS text NO SQL DETERMINISTIC RETURN 'C:\dir\'$$
SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'$$
CREATE PROCEDURE f01() SELECT 'shares its name with a function'$$

CREATE TRIGGER tr01 BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = concat('it''s; ', NEW.note)$$
CREATE TRIGGER tr02 BEFORE INSERT ON orders FOR EACH ROW PRECEDES tr01 BEGIN IF NEW.total < 0 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no; "way"'; END IF; END$$
CREATE DEFINER=`left`@`10.0.%` TRIGGER `tr``03 ü` AFTER UPDATE ON orders FOR EACH ROW INSERT INTO rw_code.log VALUES (now(6), concat(OLD.note, '→', NEW.note))$$
CREATE TRIGGER `Tr04` AFTER DELETE ON `Lines` FOR EACH ROW INSERT INTO log VALUES (now(6), OLD.text)$$
SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'$$
CREATE TRIGGER "tr05" BEFORE UPDATE ON "Lines" FOR EACH ROW SET NEW."text" = 'C:\'$$
SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION', time_zone = '+03:00'$$
CREATE EVENT e01 ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2030-01-01 00:00:00' ENDS '2040-01-01 00:00:00' ON COMPLETION PRESERVE ENABLE COMMENT 'it''s; DISABLE' DO BEGIN DELETE FROM log; END$$
CREATE EVENT e02 ON SCHEDULE AT '2037-12-31 23:59:59' DO INSERT INTO log VALUES (now(6), 'once; only')$$
CREATE DEFINER=`left`@`10.0.%` EVENT `e``03 ü` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DISABLE DO CALL p01()$$
CREATE EVENT `E04` ON SCHEDULE EVERY 3 MONTH STARTS '2030-01-01 00:00:00' DISABLE ON REPLICA DO SELECT 'ENABLE'$$
SET SESSION time_zone = DEFAULT$$
DELIMITER ;
