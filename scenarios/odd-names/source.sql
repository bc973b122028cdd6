-- Any name MySQL allows: keywords, spaces, dots, backticks, `$`, quotes, non-ASCII letters, 64 characters.
SET NAMES utf8mb4;
CREATE DATABASE `odd names.$` CHARACTER SET utf8mb4;
USE `odd names.$`;
CREATE TABLE `select` (`from` INT PRIMARY KEY, `where ``x``` INT, `ä.ö` VARCHAR(10), KEY `key` (`where ``x```)) COMMENT='it''s a "comment" \\ with /* signs */ -- and #';
INSERT INTO `select` VALUES (1, 2, 'ß'), (2, NULL, '日本語');
CREATE TABLE `a``b` (`$` INT PRIMARY KEY, `1a` INT COMMENT 'tab\there') ;
INSERT INTO `a``b` VALUES (1, 1);
CREATE TABLE `таблица` (`ключ` INT PRIMARY KEY, `select` ENUM('a,b','it''s','') DEFAULT 'it''s');
INSERT INTO `таблица` VALUES (1, 'a,b'), (2, ''), (3, DEFAULT);
CREATE TABLE `x234567890123456789012345678901234567890123456789012345678901234` (id INT PRIMARY KEY, CONSTRAINT `fk ``1` FOREIGN KEY (id) REFERENCES `select` (`from`));
INSERT INTO `x234567890123456789012345678901234567890123456789012345678901234` VALUES (1);
CREATE VIEW `a view.` AS SELECT `from` AS `a ``col```, `ä.ö` FROM `select`;
CREATE PROCEDURE `a proc``` () COMMENT 'it''s' SELECT 'a;b' AS `x;y` FROM `a view.`;
CREATE TRIGGER `trig ger` BEFORE INSERT ON `a``b` FOR EACH ROW SET NEW.`1a` = 7;
CREATE EVENT `e v` ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1;
