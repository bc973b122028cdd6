-- The shop's views, routines, triggers and events, some of them of people who have left.
SET NAMES utf8mb4;
SET SESSION sql_mode = 'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';
USE shop;

-- A chain whose alphabetical order is the wrong one.
CREATE VIEW z_line_totals AS SELECT order_id, SUM(pieces * price) AS total, COUNT(*) AS lines_sold FROM order_lines GROUP BY order_id;
CREATE VIEW m_order_totals AS SELECT o.id, o.customer_id, o.state, t.total FROM orders o JOIN z_line_totals t ON t.order_id = o.id;
CREATE VIEW a_best_customers AS SELECT c.id, c.name, SUM(m.total) AS spent FROM customers c JOIN m_order_totals m ON m.customer_id = c.id GROUP BY c.id, c.name;
CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW open_orders AS SELECT id, customer_id, placed FROM orders WHERE state = 'open' WITH CASCADED CHECK OPTION;
CREATE VIEW `view ``with`` ticks.and dots` AS SELECT `select` AS `a b`, `from` AS `it's` FROM `order`;
CREATE VIEW `shop archive`.`all orders` AS SELECT id, who FROM `shop archive`.`orders 2019` UNION ALL SELECT id, CAST(customer_id AS CHAR) FROM shop.orders;

-- Trouble: definers that do not exist, and a view that lost its table.
CREATE DEFINER=`left_the_company`@`10.0.%` VIEW old_report AS SELECT country, COUNT(*) AS customers FROM customers GROUP BY country;
CREATE TABLE gone (a INT PRIMARY KEY);
CREATE VIEW broken_view AS SELECT a FROM gone;
DROP TABLE gone;

DELIMITER //
CREATE FUNCTION order_total(wanted BIGINT UNSIGNED) RETURNS DECIMAL(14,2) READS SQL DATA
COMMENT 'sum of an order''s lines'
BEGIN
  DECLARE result DECIMAL(14,2) DEFAULT 0;
  -- a comment with ; and 'quotes' and DELIMITER in it
  SELECT COALESCE(SUM(pieces * price), 0) INTO result FROM order_lines WHERE order_id = wanted;
  RETURN result;
END//

CREATE PROCEDURE recount(IN first_order BIGINT UNSIGNED, INOUT counted INT)
MODIFIES SQL DATA SQL SECURITY INVOKER
BEGIN
  DECLARE finished INT DEFAULT 0;
  DECLARE wanted BIGINT UNSIGNED;
  DECLARE each_order CURSOR FOR SELECT id FROM orders WHERE id >= first_order ORDER BY id LIMIT 10;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET finished = 1;
  OPEN each_order;
  every: LOOP
    FETCH each_order INTO wanted;
    IF finished THEN LEAVE every; END IF;
    UPDATE orders SET total = order_total(wanted) WHERE id = wanted;
    SET counted = counted + 1;
  END LOOP every;
  CLOSE each_order;
END//

CREATE DEFINER=`left_the_company`@`10.0.%` PROCEDURE `nightly ``clean-up`` 夜`()
BEGIN
  DELETE FROM audit WHERE at < NOW() - INTERVAL 1 YEAR;
END//

CREATE FUNCTION `shop archive`.shout(what VARCHAR(100) CHARSET latin1) RETURNS VARCHAR(101) CHARSET latin1 DETERMINISTIC NO SQL
RETURN CONCAT(UPPER(what), '!')//

CREATE TRIGGER orders_before_insert BEFORE INSERT ON orders FOR EACH ROW
BEGIN
  IF NEW.remark = '' THEN SET NEW.remark = NULL; END IF;
END//
CREATE TRIGGER orders_before_insert_later BEFORE INSERT ON orders FOR EACH ROW FOLLOWS orders_before_insert
SET NEW.total = COALESCE(NEW.total, 0)//
CREATE TRIGGER orders_after_update AFTER UPDATE ON orders FOR EACH ROW
  INSERT INTO audit (at, what, subject) VALUES (NOW(6), 'order changed', CONCAT(OLD.state, ' → ', NEW.state))//
CREATE DEFINER=`left_the_company`@`10.0.%` TRIGGER customers_after_delete AFTER DELETE ON customers FOR EACH ROW
  INSERT INTO audit (at, what, subject) VALUES (NOW(6), 'customer deleted', OLD.email)//
SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'//
CREATE TRIGGER "products `after` insert" AFTER INSERT ON products FOR EACH ROW
  INSERT INTO audit (at, what, subject) VALUES (NOW(6), 'C:\new', NEW."sku")//
SET SESSION sql_mode = 'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'//

CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 03:00:00' ON COMPLETION PRESERVE
COMMENT 'runs at three; isn''t quick'
DO BEGIN
  DELETE FROM audit WHERE what = 'nothing';
END//
CREATE DEFINER=`left_the_company`@`10.0.%` EVENT `monthly report` ON SCHEDULE EVERY 1 MONTH STARTS '2031-01-01 00:00:00' ENDS '2032-01-01 00:00:00'
DISABLE DO DELETE FROM shop.audit WHERE subject = '→ nobody'//
CREATE EVENT once ON SCHEDULE AT '2035-05-05 05:05:05' DO DELETE FROM shop.import_log WHERE line = ''//
DELIMITER ;
