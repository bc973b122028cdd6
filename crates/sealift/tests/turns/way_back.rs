//! What comes back from a target that is not quite the source: other names, keys of its own.

use super::{Shop, mysql};
use crate::offline::{ends_with, folder};
use sealift_lab::workload::clients;
use sealift_lab::{Pair, unique_schema};

fn rows(server: &sealift_lab::Server, from: &str) -> String {
    server.sql(format!("SELECT * FROM {from} ORDER BY 1, 2"))
}

#[test]
fn a_renamed_schema_and_keys_that_only_the_target_has_come_back() {
    let pair = mysql();
    pair.source.sql("SET GLOBAL read_only = OFF");
    let (here, there) = (unique_schema("named"), unique_schema("renamed"));
    pair.source.sql(format!(
        "CREATE DATABASE {here}; USE {here}; \
         CREATE TABLE item (id INT AUTO_INCREMENT PRIMARY KEY, v INT, w INT NOT NULL DEFAULT 0); \
         CREATE TABLE plain (a INT, b INT); \
         SET sql_generate_invisible_primary_key = ON; CREATE TABLE hidden (a INT, b INT); \
         CREATE DEFINER='app_reader'@'%' TRIGGER counted BEFORE UPDATE ON item FOR EACH ROW SET NEW.w = OLD.w + 1; \
         CREATE DEFINER='app_reader'@'%' EVENT later ON SCHEDULE EVERY 1 DAY DO DELETE FROM plain WHERE a = 99; \
         INSERT INTO item (v) VALUES (1), (2); INSERT INTO plain VALUES (1, 1), (1, 1), (2, 2); \
         INSERT INTO hidden VALUES (1, 1), (2, 2);"
    ));
    let rest = format!("[rewrite]\nrename = {{ {here} = \"{there}\" }}\n");
    let folder = folder(&pair.source, &pair.target, &[&here], &rest);
    ends_with(0, &folder.sealift(&["plan"]));
    // A key of the target's own.
    let script = format!(".sealift/plan/20-tables/{here}/plain.sql");
    let text = std::fs::read_to_string(folder.file(&script)).unwrap();
    let hidden = "`my_row_id` bigint unsigned NOT NULL AUTO_INCREMENT INVISIBLE";
    let last = "`b` int DEFAULT NULL";
    assert!(text.contains(last), "{text}");
    let keyed = text.replacen("`a` int", &format!("{hidden},\n  `a` int"), 1).replacen(
        last,
        &format!("{last},\n  PRIMARY KEY (`my_row_id`)"),
        1,
    );
    folder.write(&script, &keyed);
    let shop = Shop { pair: &pair, schema: here.clone(), folder };
    let running = shop.left_for(format!(
        "USE {there}; INSERT INTO item (v) VALUES (3); UPDATE item SET v = 9 WHERE v = 1; \
         INSERT INTO plain VALUES (3, 3), (3, 3); DELETE FROM plain WHERE a = 1 LIMIT 1; \
         INSERT INTO hidden VALUES (3, 3); UPDATE hidden SET b = 7 WHERE a = 2;"
    ));
    ends_with(0, &shop.folder.sealift(&["rollback", "--yes"]));
    for table in ["item", "plain", "hidden"] {
        let (ours, theirs) = (format!("{here}.{table}"), format!("{there}.{table}"));
        assert_eq!(rows(&pair.source, &ours), rows(&pair.target, &theirs), "{table}");
    }
    let item = format!("SELECT v, w FROM {here}.item WHERE id = 1");
    assert_eq!(pair.source.sql(item), "9\t1\n", "the trigger has fired once");
    pair.source.sql(format!("UPDATE {here}.item SET v = 10 WHERE id = 1"));
    let item = format!("SELECT w FROM {here}.item WHERE id = 1");
    assert_eq!(pair.source.sql(item), "2\n", "it is back with the side");
    ends_with(0, &shop.folder.sealift(&["stop"]));
    drop(running);
    ends_with(0, &shop.folder.sealift(&["run", "--until-caught-up"]));
    for table in ["item", "plain", "hidden"] {
        let (ours, theirs) = (format!("{here}.{table}"), format!("{there}.{table}"));
        assert_eq!(rows(&pair.source, &ours), rows(&pair.target, &theirs), "{table}");
    }
}

/// A MariaDB warns of the value of index 0 of an `ENUM`, which is what a wrong member becomes, where MySQL takes it
/// without a word.
#[test]
fn members_that_are_none_come_back_to_a_mariadb() {
    let pair = Pair::mariadb_10_11();
    pair.source.sql(clients::MARIADB_SOURCE_GRANTS);
    let schema = unique_schema("no_member");
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; SET sql_mode = ''; \
         CREATE TABLE keyed (id INT PRIMARY KEY, k ENUM('a','b'), l ENUM('1','2') NOT NULL, KEY (k)); \
         CREATE TABLE bag (k ENUM('a','b'), n INT); INSERT INTO keyed VALUES (1, 'a', '1'), (2, '', '2'); \
         INSERT INTO bag VALUES ('a', 1), ('', 2), ('b', 3)"
    ));
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    let shop = Shop { pair: &pair, schema: schema.clone(), folder };
    // The last one is so large that it is loaded.
    let running = shop.left_for(format!(
        "USE {schema}; SET sql_mode = ''; INSERT INTO keyed VALUES (3, 'x', '9'), (4, 'b', '2'); \
         UPDATE keyed SET l = '' WHERE id = 1; UPDATE bag SET k = 'x' WHERE n IN (1, 3); \
         INSERT INTO bag VALUES ('', 4); DELETE FROM bag WHERE n = 2; SET cte_max_recursion_depth = 10000; \
         INSERT INTO keyed WITH RECURSIVE n AS (SELECT 10 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 6000) \
         SELECT i, IF(i % 3, 'a', 'x'), IF(i % 2, '1', '') FROM n"
    ));
    ends_with(0, &shop.folder.sealift(&["verify"]));
    ends_with(0, &shop.folder.sealift(&["rollback", "--yes"]));
    for columns in ["id, k + 0, l + 0 FROM keyed", "k + 0, n, n FROM bag"] {
        let sql = format!("USE {schema}; SELECT {columns} ORDER BY 1, 2, 3");
        assert_eq!(pair.source.sql(&sql), pair.target.sql(&sql), "{columns}");
    }
    drop(running);
}
