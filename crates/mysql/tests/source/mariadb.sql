-- Every object kind MariaDB knows, with the oddities a real schema has. Run with multiple statements, as root.
CREATE DATABASE `gather_shop` CHARACTER SET latin1 COLLATE latin1_german1_ci;
CREATE DATABASE `gather ünï``"'.x$` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;

CREATE TABLE `gather_shop`.`customers` (
  `id` INT UNSIGNED NOT NULL AUTO_INCREMENT,
  `name` VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT 'it''s \\ a "name"',
  `empty` VARCHAR(3) NOT NULL DEFAULT '',
  `null_text` VARCHAR(8) DEFAULT 'NULL',
  `legacy` TEXT CHARACTER SET gbk DEFAULT NULL,
  `born` DATE DEFAULT NULL,
  `changed` TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  `spare` JSON DEFAULT (JSON_ARRAY()),
  `computed` INT DEFAULT (1 + 2),
  `code` BINARY(4) DEFAULT 0x00FF0041,
  `flags` BIT(9) DEFAULT b'101',
  `upper_name` VARCHAR(40) CHARACTER SET utf8mb4 GENERATED ALWAYS AS (UPPER(`name`)) VIRTUAL,
  `name_length` INT GENERATED ALWAYS AS (CHAR_LENGTH(`name`)) STORED COMMENT 'kept; with ''quotes''',
  `secret` INT INVISIBLE DEFAULT 7,
  `place` POINT REF_SYSTEM_ID=4326 NOT NULL,
  `positive` INT CHECK (`positive` > 0),
  PRIMARY KEY (`id`),
  UNIQUE KEY `by name` (`name`(10), `born`),
  FULLTEXT KEY `words` (`legacy`),
  SPATIAL KEY `places` (`place`),
  CONSTRAINT `name_filled` CHECK (CHAR_LENGTH(`name`) > 0)
) ENGINE=InnoDB AUTO_INCREMENT=4294967000 ROW_FORMAT=DYNAMIC COMMENT='people; who buy';

CREATE TABLE `gather_shop`.`orders` (
  `customer` INT UNSIGNED NOT NULL,
  `number` BIGINT NOT NULL,
  `parent` BIGINT,
  PRIMARY KEY (`customer`, `number`),
  KEY `parent_key` (`customer`, `parent`),
  CONSTRAINT `to customer` FOREIGN KEY (`customer`) REFERENCES `gather_shop`.`customers` (`id`) ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT `to_parent` FOREIGN KEY (`customer`, `parent`) REFERENCES `gather_shop`.`orders` (`customer`, `number`)
) ENGINE=InnoDB;

CREATE TABLE `gather_shop`.`no_key` (`a` INT, `b` DOUBLE, UNIQUE KEY `nullable` (`a`)) ENGINE=MyISAM;
CREATE TABLE `gather_shop`.`aria` (`a` INT PRIMARY KEY) ENGINE=Aria;
CREATE TABLE `gather_shop`.`parts` (`a` INT NOT NULL, `b` DATE NOT NULL, PRIMARY KEY (`a`, `b`))
  PARTITION BY RANGE (YEAR(`b`)) (PARTITION `p0` VALUES LESS THAN (2000), PARTITION `p1` VALUES LESS THAN MAXVALUE);
CREATE TABLE `gather_shop`.`TeSt` (`Id` INT PRIMARY KEY) COMMENT='case kept';
CREATE SEQUENCE `gather_shop`.`counter` START WITH 10;
CREATE TABLE `gather_shop`.`history` (`a` INT PRIMARY KEY) WITH SYSTEM VERSIONING;
CREATE TABLE `gather_shop`.`long_unique` (`a` TEXT, `b` INET6, UNIQUE KEY `whole` (`a`));

CREATE TABLE `gather ünï``"'.x$`.`tab``le.with 'ev"ery\\thing$ ß` (
  `co``l.umn 'x"\\ 日本` INT NOT NULL COMMENT 'a\nb\\',
  `select` INT,
  PRIMARY KEY (`co``l.umn 'x"\\ 日本`),
  KEY `k``ey.` (`select`),
  CONSTRAINT `ch``eck.ä` CHECK (`select` < 5),
  CONSTRAINT `f``k.ä` FOREIGN KEY (`select`) REFERENCES `gather ünï``"'.x$`.`tab``le.with 'ev"ery\\thing$ ß` (`co``l.umn 'x"\\ 日本`)
) COMMENT='c''est';

USE `gather ünï``"'.x$`;
CREATE VIEW `gather_shop`.`names` AS SELECT `id`, `name`, 'é' AS `accent` FROM `gather_shop`.`customers`;
CREATE ALGORITHM=MERGE DEFINER=`gone`@`nowhere` SQL SECURITY INVOKER VIEW `gather_shop`.`names_again` AS
  SELECT `n`.`name` FROM `gather_shop`.`names` `n` JOIN `gather ünï``"'.x$`.`tab``le.with 'ev"ery\\thing$ ß` `t`;
CREATE TABLE `gather_shop`.`soon_gone` (`a` INT);
CREATE VIEW `gather_shop`.`broken` AS SELECT `a` FROM `gather_shop`.`soon_gone`;
DROP TABLE `gather_shop`.`soon_gone`;
CREATE VIEW `gather ünï``"'.x$`.`vi``ew.ö` AS SELECT `select` FROM `tab``le.with 'ev"ery\\thing$ ß`;

SET SESSION sql_mode='ANSI_QUOTES,NO_BACKSLASH_ESCAPES', SESSION collation_connection='utf8mb4_swedish_ci';
CREATE FUNCTION "gather_shop"."total"("what" INT) RETURNS INT DETERMINISTIC COMMENT 'sums' RETURN "what" + 1;
CREATE PROCEDURE "gather_shop"."total"() COMMENT 'shares its name with a function' BEGIN SELECT 'back\slash'; END;
SET SESSION sql_mode=DEFAULT, SESSION collation_connection=DEFAULT;
CREATE PROCEDURE `gather ünï``"'.x$`.`pro``c.é`(IN `ü` INT) SELECT `ü`, '日本';

CREATE TRIGGER `gather_shop`.`second` BEFORE INSERT ON `gather_shop`.`orders` FOR EACH ROW SET NEW.`number` = NEW.`number` + 1;
CREATE TRIGGER `gather_shop`.`first` BEFORE INSERT ON `gather_shop`.`orders` FOR EACH ROW PRECEDES `second` SET NEW.`parent` = 'ö';
CREATE DEFINER=`gone`@`nowhere` TRIGGER `gather ünï``"'.x$`.`trig``ger.é` AFTER DELETE ON `gather ünï``"'.x$`.`tab``le.with 'ev"ery\\thing$ ß` FOR EACH ROW SET @`ü` = 1;

SET SESSION time_zone='+03:00';
CREATE EVENT `gather_shop`.`nightly` ON SCHEDULE EVERY 1 DAY STARTS '2020-01-01 03:00:00' ON COMPLETION PRESERVE DO DELETE FROM `gather_shop`.`no_key`;
CREATE EVENT `gather ünï``"'.x$`.`ev``ent.é` ON SCHEDULE EVERY 1 HOUR STARTS '2020-01-01 00:00:00' DISABLE COMMENT 'off' DO SELECT '日本';
SET SESSION time_zone=DEFAULT;
