-- MyISAM, MEMORY and ARCHIVE: not in any snapshot, read under locks, InnoDB on the target.
CREATE DATABASE engines;
USE engines;
CREATE TABLE my (id INT PRIMARY KEY AUTO_INCREMENT, t TEXT, FULLTEXT (t)) ENGINE=MyISAM;
INSERT INTO my (t) VALUES ('one'), ('two');
CREATE TABLE mem (id INT PRIMARY KEY, a VARCHAR(10), KEY (a) USING HASH) ENGINE=MEMORY;
INSERT INTO mem VALUES (1, 'x'), (2, 'y');
CREATE TABLE arch (id INT) ENGINE=ARCHIVE;
INSERT INTO arch VALUES (1), (2), (2);
