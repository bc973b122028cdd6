-- A schema and a table under other names on the target; references follow.
CREATE DATABASE old_shop;
USE old_shop;
CREATE TABLE parent (id INT PRIMARY KEY);
CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent (id));
INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1);
CREATE VIEW v AS SELECT c.id FROM child c JOIN parent p ON p.id = c.p;
CREATE TRIGGER tr BEFORE INSERT ON child FOR EACH ROW SET NEW.p = 1;
