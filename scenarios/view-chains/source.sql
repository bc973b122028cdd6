-- Views on views in an order no name tells, one on a function, one that is broken, one with a foreign definer.
CREATE DATABASE chains;
USE chains;
CREATE TABLE t (id INT PRIMARY KEY, a INT);
INSERT INTO t VALUES (1, 10), (2, 20);
SET @trust = @@GLOBAL.log_bin_trust_function_creators;
SET GLOBAL log_bin_trust_function_creators = 1;
CREATE FUNCTION twice (n INT) RETURNS INT DETERMINISTIC RETURN n * 2;
SET GLOBAL log_bin_trust_function_creators = @trust;
CREATE VIEW z_first AS SELECT id, twice(a) AS a FROM t;
CREATE VIEW m_second AS SELECT id, a FROM z_first WHERE a > 0 WITH CASCADED CHECK OPTION;
CREATE ALGORITHM=TEMPTABLE SQL SECURITY INVOKER VIEW a_third AS SELECT SUM(a) AS total FROM m_second;
CREATE DEFINER=`gone`@`10.%` VIEW foreign_definer AS SELECT * FROM t;
CREATE TABLE lost (id INT);
CREATE VIEW broken AS SELECT * FROM lost;
DROP TABLE lost;
