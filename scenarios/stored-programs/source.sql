-- Bodies with DELIMITERs, quotes and comments; sql_mode, character set and time zone each was made under.
SET NAMES utf8mb4;
CREATE DATABASE programs;
USE programs;
CREATE TABLE log (id INT PRIMARY KEY AUTO_INCREMENT, t VARCHAR(50));
INSERT INTO log (t) VALUES ('before');
DELIMITER //
CREATE PROCEDURE many (IN n INT)
BEGIN
  -- a comment; with a semicolon
  DECLARE i INT DEFAULT 0; /* and ' one */
  WHILE i < n DO
    INSERT INTO log (t) VALUES (CONCAT('it''s; ', i, "\"é"));
    SET i = i + 1;
  END WHILE;
END//
SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'//
CREATE PROCEDURE ansi () SELECT 'a' || 'b' AS "x"//
SET sql_mode = DEFAULT//
CREATE TRIGGER first_ BEFORE INSERT ON log FOR EACH ROW SET NEW.t = CONCAT(NEW.t, '1')//
CREATE TRIGGER a_second BEFORE INSERT ON log FOR EACH ROW FOLLOWS first_ SET NEW.t = CONCAT(NEW.t, '2')//
SET time_zone = '+03:00'//
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' ON COMPLETION PRESERVE ENABLE COMMENT 'é' DO INSERT INTO log (t) VALUES ('event')//
DELIMITER ;
