//! How a table is laid out: generated and invisible columns, partitions, other engines, very many columns.

use super::Table;
use crate::server::Kind;

pub(super) fn tables(kind: Kind) -> Vec<Table> {
    let mut all = vec![
        partitioned_by_range(),
        partitioned_by_hash(),
        partitioned_by_list(),
        memory(),
        myisam(),
        wide(),
        empty(),
        without_columns_shown(),
    ];
    match kind {
        Kind::MySql5_6 => {}
        Kind::MySql => {
            all.extend([generated(), invisible(), generated_key(), expression_defaults()]);
        }
        Kind::MariaDb10_5 | Kind::MariaDb10_11 | Kind::MariaDb11_8 => {
            all.extend([generated(), invisible()]);
        }
    }
    all
}

fn generated() -> Table {
    Table::new(
        "generated_columns",
        "columns that must not be written, between columns that must",
        "id INT NOT NULL PRIMARY KEY, a INT, s INT GENERATED ALWAYS AS (a * 2) STORED, b VARCHAR(20), \
         v VARCHAR(50) GENERATED ALWAYS AS (CONCAT(b, '-', a)) VIRTUAL, c INT, KEY by_v (v), KEY by_s (s)",
        ["1, 10, DEFAULT, 'x', DEFAULT, 100", "2, NULL, DEFAULT, NULL, DEFAULT, NULL"],
    )
}

fn generated_key() -> Table {
    Table::new(
        "generated_key",
        "a primary key the server computes",
        "a INT NOT NULL, k INT GENERATED ALWAYS AS (a * 10) STORED NOT NULL PRIMARY KEY, b VARCHAR(10)",
        (0..50).map(|n| format!("{}, DEFAULT, 'row {n}'", n * 3)),
    )
}

fn expression_defaults() -> Table {
    Table::new(
        "expression_defaults",
        "defaults that are expressions, also of types that had none before 8.0.13",
        "id INT NOT NULL PRIMARY KEY, u BINARY(16) DEFAULT (UUID_TO_BIN(UUID())), j JSON DEFAULT (JSON_ARRAY()), \
         t TEXT DEFAULT ('it''s'), d DATE DEFAULT (CURRENT_DATE + INTERVAL 1 YEAR), KEY by_expression ((id % 7), (LOWER(CAST(t AS CHAR(20)))))",
        ["1, x'00', '[1]', NULL, '2020-01-01'", "2, NULL, NULL, '', NULL"],
    )
}

fn invisible() -> Table {
    Table::with_options(
        "invisible_columns",
        "SELECT * does not show them; their values must arrive all the same",
        "id INT NOT NULL PRIMARY KEY, a INT, hidden VARCHAR(20) DEFAULT 'h' INVISIBLE, z INT",
        "",
        Vec::<String>::new(),
    )
    .then(
        "INSERT INTO invisible_columns (id, a, hidden, z) VALUES (1, 1, 'one', 1), (2, 2, NULL, 2), (3, 3, DEFAULT, 3);\n",
    )
}

fn partitioned_by_range() -> Table {
    Table::with_options(
        "partitioned_range",
        "partitions, one of them empty",
        "id INT NOT NULL, at DATE NOT NULL, PRIMARY KEY (id, at)",
        "PARTITION BY RANGE (YEAR(at)) (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN (2010), \
         PARTITION p2 VALUES LESS THAN (2020), PARTITION p3 VALUES LESS THAN MAXVALUE)",
        (0..60).map(|n| format!("{n}, '{}-01-01'", 1990 + n % 15)),
    )
}

fn partitioned_by_hash() -> Table {
    Table::with_options(
        "partitioned_hash",
        "subpartitions",
        "id INT NOT NULL, n INT NOT NULL, PRIMARY KEY (id, n)",
        "PARTITION BY RANGE (n) SUBPARTITION BY HASH (id) SUBPARTITIONS 3 \
         (PARTITION low VALUES LESS THAN (10), PARTITION high VALUES LESS THAN (100))",
        (0..60).map(|n| format!("{n}, {}", n % 20)),
    )
}

fn partitioned_by_list() -> Table {
    Table::with_options(
        "partitioned_list",
        "list columns of text, and NULL",
        "id INT NOT NULL, land VARCHAR(2) DEFAULT NULL, KEY (id)",
        "PARTITION BY LIST COLUMNS (land) (PARTITION eu VALUES IN ('DE','FR'), PARTITION rest VALUES IN ('US', NULL))",
        ["1, 'DE'", "2, 'FR'", "3, 'US'", "4, NULL", "4, NULL"],
    )
}

fn memory() -> Table {
    Table::with_options(
        "engine_memory",
        "an engine without snapshots, whose rows end with the server",
        "id INT NOT NULL, v VARCHAR(50), PRIMARY KEY USING HASH (id), KEY by_v (v) USING BTREE",
        "ENGINE=MEMORY MAX_ROWS=1000",
        (0..100).map(|n| format!("{n}, 'value {n}'")),
    )
}

fn myisam() -> Table {
    Table::with_options(
        "engine_myisam",
        "no transactions; a counter that is the second part of the key exists only there",
        "kind CHAR(3) NOT NULL, id INT NOT NULL AUTO_INCREMENT, t TEXT, PRIMARY KEY (kind, id), FULLTEXT KEY (t)",
        "ENGINE=MyISAM CHARSET=latin1 DELAY_KEY_WRITE=1 ROW_FORMAT=DYNAMIC",
        (0..100).map(|n| format!("'k{}', {}, 'text {n}'", n % 3, n / 3 + 1)),
    )
}

fn wide() -> Table {
    let columns: Vec<String> = (1..1017).map(|n| format!("c{n} SMALLINT")).collect();
    let row = |id: u32| {
        let values: Vec<String> =
            (1..1017)
                .map(|n| {
                    if (n + id).is_multiple_of(9) {
                        "NULL".to_owned()
                    } else {
                        (n * id).to_string()
                    }
                })
                .collect();
        format!("{id}, {}", values.join(","))
    };
    Table::new(
        "wide_1017_columns",
        "as many columns as InnoDB allows",
        format!("id INT NOT NULL PRIMARY KEY, {}", columns.join(", ")),
        (1..4).map(row),
    )
}

fn empty() -> Table {
    Table::with_options(
        "empty_table",
        "no rows, but a counter",
        "id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, v INT",
        "AUTO_INCREMENT=12345678901 COMMENT='nothing; \"yet\" \\\\ it''s 空'",
        Vec::<String>::new(),
    )
}

fn without_columns_shown() -> Table {
    Table::new(
        "names_that_need_care",
        "columns named like keywords, operators, ledger columns and one another",
        "`key` INT NOT NULL, `rows` INT, `a.b` INT, `a``b` INT, `done` INT, `last_key` INT, `名` INT, `$1` INT, PRIMARY KEY (`key`)",
        ["1, 2, 3, 4, 5, 6, 7, 8", "2, NULL, NULL, NULL, NULL, NULL, NULL, NULL"],
    )
}
