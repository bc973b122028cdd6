-- The shop's tables: ordinary ones first, then what real servers collect over the years.
-- `/*!80000 … */` is read by MySQL only: MariaDB skips the versions 50700 to 99999.
SET NAMES utf8mb4;
SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES';
SET SESSION time_zone = '+00:00';
SET SESSION foreign_key_checks = 1;

CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE `shop archive` CHARACTER SET latin1 COLLATE latin1_german1_ci;
USE shop;

-- A tree: rows that point at rows of the same table.
CREATE TABLE categories (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  parent_id INT UNSIGNED DEFAULT NULL,
  name VARCHAR(80) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY name_in_parent (parent_id, name),
  CONSTRAINT category_parent FOREIGN KEY (parent_id) REFERENCES categories (id)
) ENGINE=InnoDB COMMENT='it''s a tree; "roots" have no parent \\ 根';

CREATE TABLE customers (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  email VARCHAR(120) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  name VARCHAR(100) NOT NULL COMMENT 'as on the invoice; may contain '';'' and `ticks`',
  born DATE DEFAULT NULL,
  country CHAR(2) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'DE',
  flags SET('newsletter','reseller','blocked','tax-free') NOT NULL DEFAULT '',
  note VARCHAR(200) CHARACTER SET gbk DEFAULT NULL,
  secret VARBINARY(32) DEFAULT NULL /*!80023 INVISIBLE *//*M! INVISIBLE */,
  created TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  changed TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  UNIQUE KEY email (email),
  KEY name_start (name(20)),
  KEY country_born (country, born)
) ENGINE=InnoDB AUTO_INCREMENT=1000;

CREATE TABLE products (
  sku VARCHAR(24) COLLATE utf8mb4_bin NOT NULL,
  category_id INT UNSIGNED NOT NULL,
  title VARCHAR(160) NOT NULL,
  description TEXT,
  price DECIMAL(12,4) NOT NULL,
  tax DECIMAL(4,2) NOT NULL DEFAULT 19.00,
  gross DECIMAL(14,4) GENERATED ALWAYS AS (price * (1 + tax / 100)) STORED,
  title_length INT GENERATED ALWAYS AS (CHAR_LENGTH(title)) VIRTUAL,
  weight FLOAT DEFAULT NULL,
  rating DOUBLE DEFAULT NULL,
  state ENUM('draft','on sale','sold out','') NOT NULL DEFAULT 'draft',
  attributes JSON DEFAULT NULL,
  picture MEDIUMBLOB,
  PRIMARY KEY (sku),
  KEY by_category (category_id, price),
  KEY by_length (title_length),
  FULLTEXT KEY words (title, description),
  /*!80013 KEY by_lower_title ((LOWER(title))), */
  CONSTRAINT product_category FOREIGN KEY (category_id) REFERENCES categories (id) ON UPDATE CASCADE,
  CONSTRAINT price_is_positive CHECK (price >= 0)
) ENGINE=InnoDB;

CREATE TABLE stores (
  id SMALLINT NOT NULL AUTO_INCREMENT,
  name VARCHAR(60) NOT NULL,
  place POINT NOT NULL /*!80003 SRID 4326 */,
  opens TIME DEFAULT NULL,
  founded YEAR DEFAULT NULL,
  PRIMARY KEY (id),
  SPATIAL KEY by_place (place)
) ENGINE=InnoDB;

CREATE TABLE stock (
  store_id SMALLINT NOT NULL,
  sku VARCHAR(24) COLLATE utf8mb4_bin NOT NULL,
  pieces INT NOT NULL,
  PRIMARY KEY (store_id, sku),
  KEY by_sku (sku),
  CONSTRAINT stock_store FOREIGN KEY (store_id) REFERENCES stores (id),
  CONSTRAINT stock_product FOREIGN KEY (sku) REFERENCES products (sku)
) ENGINE=InnoDB;

CREATE TABLE orders (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  customer_id INT UNSIGNED NOT NULL,
  store_id SMALLINT DEFAULT NULL,
  placed DATETIME(3) NOT NULL,
  state ENUM('open','paid','shipped','returned') NOT NULL DEFAULT 'open',
  total DECIMAL(14,2) NOT NULL DEFAULT 0,
  remark VARCHAR(255) DEFAULT NULL,
  PRIMARY KEY (id),
  KEY by_customer (customer_id, placed),
  KEY by_state (state, placed),
  CONSTRAINT order_customer FOREIGN KEY (customer_id) REFERENCES customers (id),
  CONSTRAINT order_store FOREIGN KEY (store_id) REFERENCES stores (id) ON DELETE SET NULL
) ENGINE=InnoDB;

CREATE TABLE order_lines (
  order_id BIGINT UNSIGNED NOT NULL,
  line TINYINT UNSIGNED NOT NULL,
  sku VARCHAR(24) COLLATE utf8mb4_bin NOT NULL,
  pieces SMALLINT UNSIGNED NOT NULL,
  price DECIMAL(12,4) NOT NULL,
  PRIMARY KEY (order_id, line),
  KEY by_sku (sku),
  CONSTRAINT line_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
  CONSTRAINT line_product FOREIGN KEY (sku) REFERENCES products (sku)
) ENGINE=InnoDB;

CREATE TABLE payments (
  reference BINARY(16) NOT NULL,
  order_id BIGINT UNSIGNED NOT NULL,
  amount DECIMAL(14,2) NOT NULL,
  paid DATETIME(6) NOT NULL,
  PRIMARY KEY (reference),
  UNIQUE KEY one_per_order (order_id),
  CONSTRAINT payment_order FOREIGN KEY (order_id) REFERENCES orders (id)
) ENGINE=InnoDB;

CREATE TABLE page_views (
  day DATE NOT NULL,
  id BIGINT NOT NULL,
  customer_id INT UNSIGNED DEFAULT NULL,
  path VARCHAR(200) CHARACTER SET latin1 NOT NULL,
  PRIMARY KEY (day, id)
) ENGINE=InnoDB
PARTITION BY RANGE COLUMNS (day) (
  PARTITION y2024 VALUES LESS THAN ('2025-01-01'),
  PARTITION y2025 VALUES LESS THAN ('2026-01-01'),
  PARTITION later VALUES LESS THAN (MAXVALUE)
);

CREATE TABLE audit (
  id BIGINT NOT NULL AUTO_INCREMENT,
  at DATETIME(6) NOT NULL,
  what VARCHAR(40) NOT NULL,
  subject VARCHAR(80) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB;

-- Trouble: no key at all, and rows that are equal.
CREATE TABLE import_log (
  at DATETIME DEFAULT NULL,
  line TEXT
) ENGINE=InnoDB;

-- Trouble: an engine Azure does not have, zero and impossible dates.
CREATE TABLE legacy_prices (
  sku CHAR(24) CHARACTER SET latin1 NOT NULL,
  valid_from DATE NOT NULL DEFAULT '0000-00-00',
  valid_to DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00',
  price DOUBLE NOT NULL,
  UNIQUE KEY sku_from (sku, valid_from)
) ENGINE=MyISAM DEFAULT CHARSET=latin1 PACK_KEYS=1 CHECKSUM=1;

-- Trouble: rows that live in memory only.
CREATE TABLE carts (
  token CHAR(32) CHARACTER SET ascii NOT NULL,
  customer_id INT UNSIGNED DEFAULT NULL,
  PRIMARY KEY (token) USING HASH
) ENGINE=MEMORY;

-- Trouble: names. A keyword, a dollar, a dot and a backtick, another script, 64 characters, capitals.
CREATE TABLE `order` (`select` INT NOT NULL, `from` VARCHAR(10) NOT NULL DEFAULT 'a''b', PRIMARY KEY (`select`));
CREATE TABLE `$cash` (`$id` INT NOT NULL AUTO_INCREMENT, `a$b` INT DEFAULT NULL, PRIMARY KEY (`$id`));
CREATE TABLE `odd.``name` (`col``umn` INT NOT NULL, `a b` INT DEFAULT NULL, `c.d` INT DEFAULT NULL,
  PRIMARY KEY (`col``umn`), KEY `in``dex` (`a b`), CONSTRAINT `che``ck` CHECK (`a b` > 0));
CREATE TABLE `größen_尺寸` (`größe` INT NOT NULL, `名前` VARCHAR(20) DEFAULT NULL, PRIMARY KEY (`größe`));
CREATE TABLE a123456789_123456789_123456789_123456789_123456789_123456789_123 (
  b123456789_123456789_123456789_123456789_123456789_123456789_123 INT NOT NULL,
  PRIMARY KEY (b123456789_123456789_123456789_123456789_123456789_123456789_123));
CREATE TABLE `OrderNotes` (`Id` INT NOT NULL, `Note` VARCHAR(60) DEFAULT NULL, PRIMARY KEY (`Id`));

CREATE TABLE `shop archive`.`orders 2019` (
  id BIGINT UNSIGNED NOT NULL,
  who VARCHAR(100) DEFAULT NULL,
  memo TEXT,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_german1_ci ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8;
