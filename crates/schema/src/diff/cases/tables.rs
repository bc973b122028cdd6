//! Differences of tables: each planted one is found, and what servers write otherwise is none.

use super::*;

#[test]
fn a_table_differs_from_itself_in_nothing() {
    assert_eq!(table_differences(MYSQL, &[FOUND], &table(FOUND, 7)), [""; 0]);
    assert_eq!(table_differences(MARIADB, &[FOUND], &table(FOUND, 7)), [""; 0]);
}

#[test]
fn keys_added_later_are_keys_of_the_table() {
    let create = FOUND.replace("  UNIQUE KEY `by name` (`name`(10) DESC,`note`),\n", "").replace(
        "  CONSTRAINT `fk` FOREIGN KEY (`id`) REFERENCES `p` (`id`) ON DELETE CASCADE,\n",
        "",
    );
    let indexes = "ALTER TABLE `s`.`t`\n  ADD UNIQUE KEY `by name` (`name`(10) DESC,`note`),\n  ALGORITHM=COPY";
    let keys = "ALTER TABLE `s`.`t`\n  ADD CONSTRAINT `fk` FOREIGN KEY (`id`) REFERENCES `s`.`p` (`id`) ON DELETE CASCADE";
    assert_eq!(table_differences(MYSQL, &[&create, indexes, keys], &table(FOUND, 7)), [""; 0]);
    let without = table_differences(MYSQL, &[&create, indexes], &table(FOUND, 7));
    assert_eq!(without.len(), 1);
    assert!(without[0].starts_with("table `s`.`t`, foreign key `fk`: nothing expected, "));
}

/// What is replaced, by what, and what is said of it.
const PLANTED: &[(&str, &str, &str)] = &[
    ("`id` int unsigned", "`id` int", "column `id`, type: int unsigned expected, int found"),
    (
        "`id` int unsigned NOT NULL AUTO_INCREMENT",
        "`id` int unsigned NOT NULL",
        "column `id`, auto_increment: yes expected, no found",
    ),
    (
        "varchar(40) DEFAULT 'it",
        "varchar(41) DEFAULT 'it",
        "column `name`, type: varchar(40) expected, varchar(41) found",
    ),
    (
        "''s \\\\ a",
        "''s \\\\ b",
        "column `name`, default: 'it's \\ a \"name\"' expected, 'it's \\ b \"name\"' found",
    ),
    ("a\\nb", "a b", "column `name`, comment: a\nb expected, a b found"),
    (
        "NOT NULL DEFAULT '0.50'",
        "DEFAULT '0.50'",
        "column `price`, null: not allowed expected, allowed found",
    ),
    ("'0.50'", "'0.51'", "column `price`, default: 0.5 expected, 0.51 found"),
    ("0x61000000", "0x61000001", "column `code`, default: 0x61 expected, 0x61000001 found"),
    ("b'101'", "b'111'", "column `flags`, default: 5 expected, 7 found"),
    (
        " ON UPDATE CURRENT_TIMESTAMP(3)",
        "",
        "column `changed`, on update: current_timestamp ( 3 ) expected, nothing found",
    ),
    (
        "upper(",
        "lower(",
        "column `upper_name`, generated: virtual as upper ( name ) expected, virtual as lower ( name ) found",
    ),
    (
        "(upper(`name`)) VIRTUAL",
        "(upper(`name`)) STORED",
        "column `upper_name`, generated: virtual as upper ( name ) expected, stored as upper ( name ) found",
    ),
    (
        "((`id` + 1) * 2)",
        "(`id` + (1 * 2))",
        "column `doubled`, generated: stored as ( id + 1 ) * 2 expected, stored as id + ( 1 * 2 ) found",
    ),
    (" /*!80023 INVISIBLE */", "", "column `secret`, invisible: yes expected, no found"),
    ("SRID 4326", "SRID 0", "column `place`, srid: 4326 expected, 0 found"),
    (
        "'b,c','d''e')",
        "'b,c','D''e')",
        "column `kind`, type: enum('a','b,c','d'e') expected, enum('a','b,c','D'e') found",
    ),
    (
        "  PRIMARY KEY (`id`),\n",
        "  PRIMARY KEY (`id`,`name`),\n",
        "key `PRIMARY`, columns: id expected, id, name found",
    ),
    ("UNIQUE KEY", "KEY", "key `by name`, kind: unique expected, plain found"),
    (
        "`name`(10) DESC",
        "`name`(9) DESC",
        "key `by name`, columns: name ( 10 ) desc, note expected, name ( 9 ) desc, note found",
    ),
    (
        "`name`(10) DESC",
        "`name`(10)",
        "key `by name`, columns: name ( 10 ) desc, note expected, name ( 10 ), note found",
    ),
    (" /*!80000 INVISIBLE */", "", "key `lower`, visible: no expected, yes found"),
    ("/*!50100 WITH PARSER `ngram` */ ", "", "key `words`, parser: ngram expected, nothing found"),
    (
        "REFERENCES `p`",
        "REFERENCES `q`",
        "foreign key `fk`, parent: `s`.`p` expected, `s`.`q` found",
    ),
    (
        "REFERENCES `p` (`id`)",
        "REFERENCES `p` (`no`)",
        "foreign key `fk`, parent's columns: id expected, no found",
    ),
    (
        "ON DELETE CASCADE",
        "ON DELETE SET NULL",
        "foreign key `fk`, on delete: cascade expected, set null found",
    ),
    (
        "ON DELETE CASCADE",
        "ON UPDATE CASCADE ON DELETE CASCADE",
        "foreign key `fk`, on update: no action expected, cascade found",
    ),
    (
        "`price` > 0",
        "`price` >= 0",
        "check `positive`, clause: price > 0 expected, price > = 0 found",
    ),
    (" /*!80016 NOT ENFORCED */", "", "check `relaxed`, enforced: no expected, yes found"),
    ("ENGINE=InnoDB", "ENGINE=MyISAM", "options, engine: innodb expected, myisam found"),
    ("STATS_PERSISTENT=1", "STATS_PERSISTENT=0", "options, STATS_PERSISTENT: 1 expected, 0 found"),
    ("COMMENT='it''s'", "COMMENT='its'", "options, comment: it's expected, its found"),
    (
        "PARTITIONS 4",
        "PARTITIONS 5",
        "partitions, clause: partition by hash ( id ) partitions 4 expected, partition by hash ( id ) partitions 5 found",
    ),
];

#[test]
fn every_planted_change_of_a_table_is_found_and_only_it() {
    for &(from, to, said) in PLANTED {
        let found = FOUND.replacen(from, to, 1);
        assert_ne!(found, FOUND, "{from}");
        let differences = table_differences(MYSQL, &[FOUND], &table(&found, 7));
        assert_eq!(differences, [format!("table `s`.`t`, {said}")], "{from}");
    }
}

#[test]
fn parts_that_are_missing_or_too_many_are_found() {
    for (line, said) in [
        ("  `secret` int DEFAULT '7' /*!80023 INVISIBLE */,\n", "column `secret`"),
        ("  KEY `lower` ((lower(`name`)),`id`) /*!80000 INVISIBLE */,\n", "key `lower`"),
        (
            "  CONSTRAINT `fk` FOREIGN KEY (`id`) REFERENCES `p` (`id`) ON DELETE CASCADE,\n",
            "foreign key `fk`",
        ),
        ("  CONSTRAINT `positive` CHECK ((`price` > 0)),\n", "check `positive`"),
        ("\n/*!50100 PARTITION BY HASH (`id`)\nPARTITIONS 4 */", "partitions"),
    ] {
        let less = FOUND.replacen(line, "", 1);
        assert_ne!(less, FOUND);
        let missing = table_differences(MYSQL, &[FOUND], &table(&less, 7));
        let is = |text: &String, end: &str| {
            text.starts_with(&format!("table `s`.`t`, {said}: ")) && text.ends_with(end)
        };
        assert!(missing.iter().any(|text| is(text, "nothing found")), "{missing:?}");
        let extra = table_differences(MYSQL, &[&less], &table(FOUND, 7));
        assert!(
            extra.iter().any(|text| is(text, "found") && text.contains("nothing expected")),
            "{extra:?}"
        );
    }
}

#[test]
fn collations_counters_and_the_order_of_columns_are_compared() {
    let mut found = table(FOUND, 8);
    found.collation = "utf8mb4_0900_ai_ci".to_owned();
    found.columns = vec![column("name", "utf8mb4_0900_bin"), column("note", "latin1_bin")];
    let differences = table_differences(MYSQL, &[FOUND], &found);
    for said in [
        "column `name`, collation: utf8mb4_bin expected, utf8mb4_0900_bin found",
        "column `note`, collation: latin1_swedish_ci expected, latin1_bin found",
        "options, collation: utf8mb4_bin expected, utf8mb4_0900_ai_ci found",
        "AUTO_INCREMENT, next: 7 expected, 8 found",
    ] {
        assert!(differences.contains(&format!("table `s`.`t`, {said}")), "{differences:?}");
    }
    let swapped =
        "CREATE TABLE `t` (\n  `b` int DEFAULT NULL,\n  `a` int DEFAULT NULL\n) ENGINE=InnoDB";
    let script =
        "CREATE TABLE `t` (\n  `a` int DEFAULT NULL,\n  `b` int DEFAULT NULL\n) ENGINE=InnoDB";
    assert_eq!(
        table_differences(MYSQL, &[script], &table(swapped, 7)),
        ["table `s`.`t`, order of columns, names: a, b expected, b, a found"]
    );
}

#[test]
fn what_mariadb_writes_otherwise_is_no_difference() {
    for (script, found) in [
        ("`a` int(11) DEFAULT NULL", "`a` int DEFAULT NULL"),
        ("`a` bigint(20) unsigned NOT NULL DEFAULT 7", "`a` bigint unsigned NOT NULL DEFAULT '7'"),
        ("`a` int(5) unsigned zerofill DEFAULT NULL", "`a` int(5) unsigned zerofill DEFAULT NULL"),
        ("`a` year(4) DEFAULT NULL", "`a` year DEFAULT NULL"),
        ("`a` text DEFAULT NULL", "`a` text"),
        ("`a` decimal(10,2) DEFAULT 0.00", "`a` decimal(10,2) DEFAULT '0.00'"),
        (
            "`a` timestamp NULL DEFAULT current_timestamp() ON UPDATE current_timestamp()",
            "`a` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
        ),
        (
            "`a` datetime(6) DEFAULT current_timestamp(6)",
            "`a` datetime(6) DEFAULT CURRENT_TIMESTAMP(6)",
        ),
        ("`a` binary(4) DEFAULT 'a'", "`a` binary(4) DEFAULT 0x61000000"),
        ("`a` varbinary(9) DEFAULT 0x00FF", "`a` varbinary(9) DEFAULT 0x00FF"),
        ("`a` json DEFAULT (json_array())", "`a` json DEFAULT (json_array())"),
        ("`a` text DEFAULT ('x')", "`a` text DEFAULT (_utf8mb4'x')"),
        (
            "`a` int GENERATED ALWAYS AS (char_length(ucase(`b`)) + 1) VIRTUAL",
            "`a` int GENERATED ALWAYS AS ((char_length(upper(`b`)) + 1)) VIRTUAL",
        ),
        (
            "`a` varchar(3) CHARACTER SET utf8 COLLATE utf8_bin DEFAULT NULL",
            "`a` varchar(3) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin DEFAULT NULL",
        ),
        (
            "`a` int DEFAULT 1 CHECK (`a` > 0)",
            "`a` int DEFAULT '1',\n  CONSTRAINT `t_chk_1` CHECK ((`a` > 0))",
        ),
        (
            "`a` int, CONSTRAINT `c` CHECK (`a` <> 'x')",
            "`a` int DEFAULT NULL, CONSTRAINT `c` CHECK ((`a` <> _utf8mb4'x'))",
        ),
        (
            "`a` int, CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`a`) ON DELETE NO ACTION",
            "`a` int DEFAULT NULL, CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`a`) ON DELETE RESTRICT",
        ),
        ("`a` geometrycollection", "`a` geomcollection DEFAULT NULL"),
        ("`a` int, KEY `k` (`a` ASC) USING BTREE", "`a` int DEFAULT NULL, KEY `k` (`a`)"),
    ] {
        let whole = |columns: &str| format!("CREATE TABLE `t` (\n  {columns}\n) ENGINE=InnoDB");
        let mut found_table = table(&whole(found), 7);
        let collation = if found.contains("utf8mb3") { "utf8mb3_bin" } else { "utf8mb4_bin" };
        found_table.columns.push(column("a", collation));
        assert_eq!(
            table_differences(MARIADB, &[&whole(script)], &found_table),
            [""; 0],
            "{script}"
        );
    }
    let partition = |names: &str, frame: (&str, &str)| {
        let (open, close) = frame;
        format!(
            "CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB\n{open} PARTITION BY RANGE (year(`a`))\n\
             (PARTITION {names} VALUES LESS THAN (2000) ENGINE = InnoDB){close}"
        )
    };
    let found = partition("p0", ("/*!50100", " */"));
    let script = partition("`p0`", ("", ""));
    assert_eq!(table_differences(MARIADB, &[&script], &table(&found, 7)), [""; 0]);
}
