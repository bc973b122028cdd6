-- The shop's rows, made by the server itself. @orders says how many orders; the rest follows.
-- No clock and no chance: the same number gives the same rows.
SET NAMES utf8mb4;
SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES';
SET SESSION time_zone = '+00:00';
USE shop;

CREATE TEMPORARY TABLE numbers (n INT UNSIGNED NOT NULL PRIMARY KEY) ENGINE=InnoDB
WITH digit AS (
  SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
  UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)
SELECT a.d * 1000 + b.d * 100 + c.d * 10 + e.d AS n FROM digit a, digit b, digit c, digit e;
-- Ten thousand by cross join, then doubled until there are enough of them.
CREATE TEMPORARY TABLE doubled LIKE numbers;
@DOUBLE@
DROP TEMPORARY TABLE doubled;

INSERT INTO categories (id, parent_id, name) VALUES (1, NULL, 'Everything');
INSERT INTO categories (id, parent_id, name)
SELECT n + 1, (n + 6) DIV 7, CONCAT('Kategorie ', n, ' / 分类') FROM numbers WHERE n BETWEEN 1 AND 200 ORDER BY n;

INSERT INTO customers (id, email, name, born, country, flags, note, secret, created, changed)
SELECT 1000 + n,
  CONCAT('customer', n, '@example.org'),
  CONCAT(ELT(1 + n % 8, 'Ada', 'Bjørn', 'Chloé', 'Дарья', 'Émile', '福田', 'Gülçin', '😀 Hu'), ' ',
    ELT(1 + n DIV 8 % 6, 'O''Brien', 'Müller', 'Smith; DROP', '"Quoted"', 'Back\\slash', 'Tab\tLine\n2')),
  IF(n % 11 = 0, NULL, DATE '1940-01-01' + INTERVAL (n * 37) % 25000 DAY),
  ELT(1 + n % 5, 'DE', 'FR', 'de', 'CN', 'US'),
  n % 16,
  IF(n % 9 = 0, CONVERT('備註 慢遞' USING gbk), NULL),
  IF(n % 6 = 0, NULL, UNHEX(SHA2(CONCAT(n, 'shop'), 256))),
  TIMESTAMP '2019-01-01 00:00:00' + INTERVAL n * 97 SECOND,
  TIMESTAMP '2024-01-01 00:00:00' + INTERVAL n * 31 SECOND
FROM numbers WHERE n < GREATEST(50, @orders DIV 10) ORDER BY n;

INSERT INTO products (sku, category_id, title, description, price, weight, rating, state, attributes, picture)
SELECT CONCAT(ELT(1 + n % 4, 'A-', 'b-', 'Ü', 'x_'), LPAD(n, 6, '0')),
  1 + n % 201,
  CONCAT('Product ', n, ELT(1 + n % 3, '', ' – größer', ' ✓')),
  IF(n % 10 = 0, NULL, REPEAT(CONCAT('word', n % 97, ' and more of it. '), 1 + n % 40)),
  (n * 7919 % 100000) / 100 + 0.0001 * (n % 100),
  IF(n % 7 = 0, NULL, n / 3),
  IF(n % 5 = 0, NULL, 5 * SIN(n)),
  1 + n % 4,
  IF(n % 6 = 0, NULL, JSON_OBJECT('n', n, 'colour', ELT(1 + n % 3, 'rot', 'grün', '青'), 'sizes', JSON_ARRAY(1, 2.5, NULL))),
  IF(n % 50 = 0, CAST(REPEAT(UNHEX(SHA2(n, 512)), 200) AS BINARY), NULL)
FROM numbers WHERE n < LEAST(5000, GREATEST(100, @orders DIV 50)) ORDER BY n;

INSERT INTO stores (id, name, place, opens, founded)
SELECT n + 1, CONCAT('Store ', n),
  ST_GeomFromText(CONCAT('POINT(', (n * 7) % 90, ' ', (n * 13) % 180, ')'), 4326),
  SEC_TO_TIME(25200 + 900 * (n % 8)), IF(n % 10 = 0, 0, 1950 + n % 70)
FROM numbers WHERE n < 40 ORDER BY n;

INSERT INTO stock (store_id, sku, pieces)
SELECT s.id, p.sku, CAST(CRC32(CONCAT(s.id, p.sku)) % 500 AS SIGNED) - 5 FROM stores s JOIN products p ON s.id % 4 = CRC32(p.sku) % 4;

CREATE TEMPORARY TABLE sold (n INT UNSIGNED NOT NULL PRIMARY KEY, sku VARCHAR(24) COLLATE utf8mb4_bin NOT NULL, price DECIMAL(12,4) NOT NULL);
INSERT INTO sold SELECT ROW_NUMBER() OVER (ORDER BY sku) - 1, sku, price FROM products;
SET @sold = (SELECT COUNT(*) FROM sold);
SET @customers = (SELECT COUNT(*) FROM customers);

INSERT INTO orders (id, customer_id, store_id, placed, state, total, remark)
SELECT n + 1, 1000 + n * 7 % @customers, IF(n % 3 = 0, NULL, 1 + n % 40),
  TIMESTAMP '2024-01-01 00:00:00' + INTERVAL n * 61 SECOND + INTERVAL (n % 1000) * 1000 MICROSECOND,
  IF(n % 20 = 0, 1, 2 + n % 3), 0, IF(n % 25 = 0, 'bitte klingeln 🔔', NULL)
FROM numbers WHERE n < @orders ORDER BY n;

INSERT INTO order_lines (order_id, line, sku, pieces, price)
SELECT n.n + 1, k.k, s.sku, 1 + (n.n + k.k) % 5, s.price
FROM numbers n JOIN (SELECT 1 AS k UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4) k ON k.k <= 1 + n.n % 4
  JOIN sold s ON s.n = (n.n * 31 + k.k * 17) % @sold
WHERE n.n < @orders ORDER BY n.n, k.k;

INSERT INTO payments (reference, order_id, amount, paid)
SELECT CAST(UNHEX(CONCAT(LPAD(HEX(n), 8, '0'), REPEAT('0', 24))) AS BINARY(16)), n + 1, n % 900 + 0.99,
  TIMESTAMP '2024-01-02 00:00:00.000001' + INTERVAL n * 61 SECOND
FROM numbers WHERE n < @orders AND n % 3 <> 0 ORDER BY n;

INSERT INTO page_views (day, id, customer_id, path)
SELECT DATE '2024-06-01' + INTERVAL n % 900 DAY, n, IF(n % 2 = 0, NULL, 1000 + n % @customers), CONCAT('/products/', n % 997, '?q=caf\é')
FROM numbers WHERE n < @orders DIV 2 ORDER BY n;

INSERT INTO import_log (at, line)
SELECT IF(n % 4 = 0, NULL, TIMESTAMP '2025-03-30 02:30:00' + INTERVAL n MINUTE), ELT(1 + n % 5, 'ok', 'ok', '', NULL, 'failed: \\N\t"x"')
FROM numbers WHERE n < LEAST(20000, @orders) ORDER BY n;

INSERT INTO legacy_prices (sku, valid_from, valid_to, price)
SELECT CONCAT('old', n), ELT(1 + n % 4, '0000-00-00', '2010-00-00', '2011-02-31', '2012-12-31'),
  IF(n % 2 = 0, '0000-00-00 00:00:00', '2015-06-31 10:00:00'), n / 7
FROM numbers WHERE n < LEAST(20000, @orders) ORDER BY n;

INSERT INTO carts SELECT LOWER(LEFT(SHA2(n, 256), 32)), IF(n % 2 = 0, NULL, n) FROM numbers WHERE n < 500;
INSERT INTO `order` VALUES (-1, 'x'), (0, ''), (1, 'a''b');
INSERT INTO `$cash` VALUES (1, 10), (2, NULL);
INSERT INTO `odd.``name` VALUES (1, 2, 3), (2, 9, NULL);
INSERT INTO `größen_尺寸` VALUES (38, '三十八'), (40, 'vierzig');
INSERT INTO a123456789_123456789_123456789_123456789_123456789_123456789_123 VALUES (-2147483648), (2147483647);
INSERT INTO `OrderNotes` VALUES (1, 'first'), (2, NULL);
INSERT INTO `shop archive`.`orders 2019` SELECT n, CONCAT('M', CHAR(252 USING latin1), 'ller ', n), REPEAT('memo ', n % 50) FROM numbers WHERE n < LEAST(5000, @orders);

UPDATE orders o JOIN (SELECT order_id, SUM(pieces * price) AS total FROM order_lines WHERE order_id <= 1000 GROUP BY order_id) t
  ON t.order_id = o.id SET o.total = t.total;
DROP TEMPORARY TABLE sold;
DROP TEMPORARY TABLE numbers;
