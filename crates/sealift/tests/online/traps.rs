//! Traps that other tools fell into, met on real servers: many in one schema, by one run. `docs/concepts/traps.md`
//! says which test keeps us out of which.

use std::fmt::Write as _;

use sealift_lab::oracle::{self, Comparison};
use sealift_lab::{Options, Pair, unique_schema, wait_until};

use super::{Running, stage};
use crate::offline::{allowed, ends_with, folder};
use crate::pairs::mysql;

/// A value, as it is at first and as a change makes it.
struct Trap {
    table: &'static str,
    columns: &'static str,
    options: &'static str,
    /// Rows there are before anything is copied.
    before: &'static [&'static str],
    /// What happens while changes are followed.
    then: &'static str,
}

/// Each table is a trap; what is changed goes by the binary log.
const TRAPS: &[Trap] = &[
    // The log leaves trailing zeros of fixed binary values out: in keys, in parts of keys, in columns.
    Trap {
        table: "zeros_at_the_end_of_a_key",
        columns: "k BINARY(16) PRIMARY KEY, v INT",
        options: "",
        before: &[
            "x'0102030405060708090A0B0C0D0E0000', 1",
            "x'00000000000000000000000000000000', 2",
            "x'01020304050607080900000000000000', 3",
        ],
        then: "UPDATE t SET v = 10 WHERE k = x'0102030405060708090A0B0C0D0E0000'; \
               DELETE FROM t WHERE k = x'00000000000000000000000000000000'; \
               UPDATE t SET k = x'02000000000000000000000000000000' WHERE v = 3; \
               INSERT INTO t VALUES (x'03000000000000000000000000000000', 4)",
    },
    Trap {
        table: "zeros_in_a_part_of_a_key",
        columns: "a INT NOT NULL, b BINARY(8) NOT NULL, v INT, UNIQUE KEY (a, b)",
        options: "",
        before: &[
            "1, x'0100000000000000', 1",
            "1, x'0200000000000000', 2",
            "2, x'0100000000000000', 3",
        ],
        then: "UPDATE t SET v = 9 WHERE a = 1 AND b = x'0100000000000000'; \
               DELETE FROM t WHERE a = 1 AND b = x'0200000000000000'",
    },
    Trap {
        table: "zeros_in_a_row_without_a_key",
        columns: "b BINARY(12), c CHAR(5), v VARBINARY(8)",
        options: "",
        before: &[
            "x'01', 'ab', x'0100'",
            "x'01', 'ab', x'01'",
            "x'0100', 'ab', x'01'",
            "x'', '', x''",
        ],
        then: "DELETE FROM t WHERE v = x'0100'; UPDATE t SET c = 'xy' WHERE b = CAST('' AS BINARY(12))",
    },
    // Neither zeros nor blanks are added to characters.
    Trap {
        table: "letters_that_are_no_bytes",
        columns: "k CHAR(5) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY, c CHAR(5) COLLATE utf8mb4_bin, \
                  u VARCHAR(5) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin",
        options: "",
        before: &["'ab', 'cd', 'e '", "'é', 'ß', '日'"],
        then: "UPDATE t SET c = 'é', u = 'x ' WHERE k = 'ab'; UPDATE t SET k = 'z' WHERE k = 'é'",
    },
    // Unsigned columns after ones that have no sign; the upper halves of all widths.
    Trap {
        table: "signs_after_a_year",
        columns: "id INT PRIMARY KEY, y YEAR, d DECIMAL(5,2) UNSIGNED, f FLOAT, small TINYINT UNSIGNED, s TINYINT, \
                  y2 YEAR, m MEDIUMINT UNSIGNED, i INT UNSIGNED, b BIGINT UNSIGNED",
        options: "",
        before: &["1, 2026, 1.5, 0.1, 255, -1, 1901, 8592090, 4294967295, 18446744073709551615"],
        then: "INSERT INTO t VALUES (2, 0, 0, -0.1, 200, -128, 2155, 16777215, 3000000000, 9223372036854775808); \
               UPDATE t SET m = 8592091, small = 128, b = b - 1 WHERE id = 1",
    },
    Trap {
        table: "members_of_more_than_a_byte",
        columns: "id INT PRIMARY KEY, e ENUM('', '1', '2', '0'), s SET('a','b','c','d','e','f','g','h','i','j')",
        options: "",
        before: &["1, '1', 'j,a'", "2, '', ''", "3, '0', 'i'"],
        then: "UPDATE t SET e = '2', s = 'a,b,c,d,e,f,g,h,i,j' WHERE id = 1; UPDATE t SET e = 3 WHERE id = 2; \
               INSERT IGNORE INTO t VALUES (4, 'none', 'h')",
    },
    Trap {
        table: "documents_with_wide_letters",
        columns: "id INT PRIMARY KEY, j JSON",
        options: "",
        before: &["1, '{\"😀\": \"🏳\"}'", "2, '[\"\\\\u0000\", 1e300]'", "3, 'null'"],
        then: "UPDATE t SET j = JSON_SET(j, '$.x', '😀') WHERE id = 1; DELETE FROM t WHERE id = 3; \
               INSERT INTO t VALUES (4, '\"é\"'), (5, NULL)",
    },
    Trap {
        table: "bytes_in_one_byte_letters",
        columns: "id INT PRIMARY KEY, l VARCHAR(300) CHARACTER SET latin1, g VARCHAR(20) CHARACTER SET gbk",
        options: "",
        before: &["1, x'C3A9', 'a'", "2, x'80818D8F909D', x'815C'"],
        then: "UPDATE t SET l = x'E9F1DF80819D00FF' WHERE id = 1; UPDATE t SET g = x'815C815C' WHERE id = 2",
    },
    // The server must not put a time of its own there.
    Trap {
        table: "times_the_server_fills_in",
        columns: "id INT PRIMARY KEY, v INT, at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) \
                  ON UPDATE CURRENT_TIMESTAMP(6), zero TIMESTAMP NOT NULL DEFAULT '0000-00-00 00:00:00', \
                  d DATE NOT NULL, dt DATETIME(3)",
        options: "",
        before: &[
            "1, 1, '2001-02-03 04:05:06.7', '0000-00-00 00:00:00', '0000-00-00', '2026-00-00'",
        ],
        then: "UPDATE t SET v = 2, at = '2002-02-02 02:02:02' WHERE id = 1; \
               INSERT INTO t VALUES (2, 1, '1999-01-01', '0000-00-00', '2026-02-30', '0000-00-00'); \
               UPDATE t SET v = 3 WHERE id = 2",
    },
    // Within one batch: keys that go round, a value that two rows hand over.
    Trap {
        table: "keys_that_go_round",
        columns: "id INT PRIMARY KEY, u INT UNIQUE, v INT",
        options: "",
        before: &["1, 1, 1", "2, 2, 2", "3, 3, 3"],
        then: "BEGIN; UPDATE t SET id = 100 WHERE id = 1; UPDATE t SET id = 1 WHERE id = 2; \
               UPDATE t SET id = 2 WHERE id = 3; UPDATE t SET id = 3 WHERE id = 100; COMMIT; \
               BEGIN; UPDATE t SET u = NULL WHERE id = 1; UPDATE t SET u = 2 WHERE id = 2; \
               UPDATE t SET u = 3 WHERE id = 1; COMMIT; DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (3, 1, 7)",
    },
    Trap {
        table: "a_column_in_two_keys",
        columns: "id INT PRIMARY KEY, v INT, UNIQUE KEY again (id), UNIQUE KEY and_v (id, v)",
        options: "",
        before: &["1, 1", "2, 2"],
        then: "UPDATE t SET id = 3 WHERE id = 1",
    },
    // Ended by a statement COMMIT in the log, not by the engine's.
    Trap {
        table: "an_engine_without_transactions",
        columns: "id INT PRIMARY KEY, v INT",
        options: "ENGINE = MyISAM",
        before: &["1, 1"],
        then: "INSERT INTO t VALUES (2, 2), (3, 3); UPDATE t SET v = 7 WHERE id < 3; DELETE FROM t WHERE id = 3",
    },
    // A rolled back transaction and a temporary table leave nothing, and nothing waits for them.
    Trap {
        table: "what_is_taken_back",
        columns: "id INT PRIMARY KEY, v INT",
        options: "",
        before: &["1, 1"],
        then: "BEGIN; CREATE TEMPORARY TABLE passing (id INT PRIMARY KEY); INSERT INTO passing VALUES (1); \
               UPDATE t SET v = 2 WHERE id = 1; SAVEPOINT s; UPDATE t SET v = 3 WHERE id = 1; \
               ROLLBACK TO s; INSERT INTO t VALUES (2, 2); COMMIT; \
               BEGIN; DELETE FROM t; DROP TEMPORARY TABLE passing; ROLLBACK",
    },
    Trap {
        table: "compressed_by_one_session",
        columns: "id INT PRIMARY KEY, v VARCHAR(100)",
        options: "",
        before: &["1, 'x'"],
        then: "SET SESSION binlog_transaction_compression = ON; INSERT INTO t VALUES (2, REPEAT('y', 90)); \
               UPDATE t SET v = REPEAT('z', 100) WHERE id = 1; SET SESSION binlog_transaction_compression = OFF",
    },
    // More than is kept in memory of one transaction, in one event of some hundred bytes.
    Trap {
        table: "compressed_and_huge",
        columns: "id INT PRIMARY KEY, v MEDIUMTEXT",
        options: "",
        before: &["1, 'x'"],
        then: "SET SESSION binlog_transaction_compression = ON; BEGIN; \
               INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 50) \
               SELECT i, REPEAT(CHAR(64 + i), 500000) FROM n; DELETE FROM t WHERE id < 3; \
               UPDATE t SET v = 'y' WHERE id = 3; COMMIT; SET SESSION binlog_transaction_compression = OFF",
    },
    Trap {
        table: "tagged",
        columns: "id INT PRIMARY KEY, v INT",
        options: "",
        before: &["1, 1"],
        then: "SET SESSION gtid_next = 'AUTOMATIC:night'; INSERT INTO t VALUES (2, 2); \
               SET SESSION gtid_next = 'AUTOMATIC:day'; UPDATE t SET v = 3 WHERE id = 1; \
               SET SESSION gtid_next = 'AUTOMATIC'; INSERT INTO t VALUES (3, 3)",
    },
    // Packets hold 16 MiB less one byte.
    Trap {
        table: "rows_around_the_size_of_a_packet",
        columns: "id INT PRIMARY KEY, b LONGBLOB",
        options: "",
        before: &["1, REPEAT('a', 16777214)", "2, REPEAT('b', 16777216)"],
        then: "UPDATE t SET b = REPEAT('c', 16777215) WHERE id = 1; INSERT INTO t VALUES (3, REPEAT('d', 16777217))",
    },
];

impl Trap {
    fn create(&self) -> String {
        let Self { table, columns, options, before, .. } = self;
        let rows: Vec<String> = before.iter().map(|row| format!("({row})")).collect();
        format!(
            "CREATE TABLE {table} ({columns}) {options};\nINSERT INTO {table} VALUES {};\n",
            rows.join(", ")
        )
    }

    fn change(&self) -> String {
        let then = format!(" {} ", self.then);
        let named = [" t ", " t;"]
            .iter()
            .fold(then, |text, word| text.replace(word, &word.replace('t', self.table)));
        format!("{named};\n")
    }
}

const SESSION: &str = "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES';\n";

#[test]
fn what_others_lost_arrives_by_copy_and_by_the_log() {
    let pair = mysql();
    let schema = unique_schema("traps");
    let mut script = format!("CREATE DATABASE {schema}; USE {schema};\n{SESSION}");
    TRAPS.iter().for_each(|trap| script.push_str(&trap.create()));
    pair.source.sql(script);
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    // Killed before anything happened: it begins where it began.
    let killed = folder.command(&["run"]).env("SEALIFT_PROBE", "copied=kill").output().unwrap();
    assert_eq!(killed.status.code(), None, "{killed:?}");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    let running = Running::start(&folder);
    wait_until("everything is copied", || (stage(&folder) == "following").then_some(()));
    let mut script = format!("USE {schema};\n{SESSION}");
    TRAPS.iter().for_each(|trap| script.push_str(&trap.change()));
    pair.source.sql(script);
    wait_until("the changes are there", || {
        let sql = format!("SELECT COUNT(*) FROM {schema}.rows_around_the_size_of_a_packet");
        (pair.target.sql(sql) == "3\n").then_some(())
    });
    // In the middle of nothing.
    running.kill();
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    allowed(Comparison::of([&schema])).assert_same(&pair.source, &pair.target);
    let tables: Vec<&str> = TRAPS.iter().map(|trap| trap.table).collect();
    let keyed: Vec<&&str> =
        tables.iter().filter(|table| !table.contains("without_a_key")).collect();
    let [ours, theirs] =
        [&pair.source, &pair.target].map(|server| oracle::checksums(server, &schema, &keyed));
    assert_eq!(ours, theirs);
    ends_with(0, &folder.sealift(&["verify"]));
}

#[test]
fn a_row_the_target_refuses_leaves_the_position_before_it() {
    let pair = mysql();
    let schema = unique_schema("refused");
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; CREATE TABLE t (id INT PRIMARY KEY, v INT); \
         INSERT INTO t VALUES (1, 1)"
    ));
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    pair.target.sql(format!("ALTER TABLE {schema}.t ADD CONSTRAINT small CHECK (v < 10)"));
    pair.source
        .sql(format!("USE {schema}; INSERT INTO t VALUES (2, 2); INSERT INTO t VALUES (3, 30)"));
    let all = pair.source.sql("SELECT REPLACE(@@GLOBAL.gtid_executed, '\n', '')");
    for _attempt in 0..2 {
        // However often: it is not gone past. What was before it may be there, or be refused with it.
        let stopped = folder.sealift(&["run", "--until-caught-up", "--json"]);
        ends_with(1, &stopped);
        assert!(stopped.stdout.contains("small"), "{}", stopped.screen());
        let past = format!(
            "SELECT COUNT(*), SUM(GTID_SUBSET('{}', position->>'$.gtids')) FROM sealift.applied \
             WHERE position->>'$.server' = '{}'",
            all.trim(),
            pair.source.sql("SELECT @@server_uuid").trim()
        );
        let past = pair.target.sql(past);
        let (lanes, past) = past.trim().split_once('\t').unwrap();
        assert!(lanes != "0" && past == "0", "{lanes} lanes, {past} past it");
        let there = pair.target.sql(format!("SELECT * FROM {schema}.t ORDER BY id"));
        assert!(["1\t1\n", "1\t1\n2\t2\n"].contains(&there.as_str()), "{there}");
    }
    pair.target.sql(format!("ALTER TABLE {schema}.t DROP CHECK small"));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_eq!(pair.target.sql(format!("SELECT * FROM {schema}.t")), "1\t1\n2\t2\n3\t30\n");
}

/// What of a log cannot be carried stops the run before it, with the place; nothing is skipped.
#[test]
fn rows_logged_as_statements_or_in_part_stop_the_run_before_them() {
    let pair = mysql();
    for (what, setting) in
        [("as_statements", "binlog_format = STATEMENT"), ("in_part", "binlog_row_image = MINIMAL")]
    {
        let schema = unique_schema(what);
        pair.source.sql(format!(
            "CREATE DATABASE {schema}; USE {schema}; CREATE TABLE t (id INT PRIMARY KEY, v INT, w INT); \
             INSERT INTO t VALUES (1, 1, 1)"
        ));
        let folder = folder(&pair.source, &pair.target, &[&schema], "");
        ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
        pair.source.sql(format!(
            "USE {schema}; INSERT INTO t VALUES (2, 2, 2); SET SESSION {setting}; \
             UPDATE t SET v = 3 WHERE id = 1; SET SESSION binlog_format = ROW; INSERT INTO t VALUES (3, 3, 3)"
        ));
        let stopped = folder.sealift(&["run", "--until-caught-up", "--json"]);
        ends_with(1, &stopped);
        assert_eq!(stopped.error_code(), "SL0607", "{}", stopped.screen());
        assert!(stopped.stdout.contains("binlog."), "no position:\n{}", stopped.screen());
        let there = pair.target.sql(format!("SELECT * FROM {schema}.t ORDER BY id"));
        assert!(["1\t1\t1\n", "1\t1\t1\n2\t2\t2\n"].contains(&there.as_str()), "{what}: {there}");
    }
}

/// 2,000 servers in a source's history, each with gaps, and one whose memory tables a restart empties.
#[test]
fn a_long_history_of_gtids_is_kept_whole() {
    let mut pair = Pair::start(Options::mysql(), Options::azure_target()).unwrap();
    let mut history = String::new();
    for server in 0..2_000 {
        // Writing to a string cannot fail.
        let _infallible =
            write!(history, "{server:08x}-0000-0000-0000-000000000001:1-5:7-9:{},", 11 + server);
    }
    pair.source.sql(format!("SET GLOBAL gtid_purged = '+{}'", history.trim_end_matches(',')));
    let schema = unique_schema("history");
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; CREATE TABLE t (id INT PRIMARY KEY, v INT); \
         INSERT INTO t VALUES (1, 1)"
    ));
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    pair.source.sql(format!("INSERT INTO {schema}.t VALUES (2, 2)"));
    pair.source.restart().unwrap();
    pair.source.sql(format!("INSERT INTO {schema}.t VALUES (3, 3)"));
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    assert_eq!(pair.target.sql(format!("SELECT * FROM {schema}.t")), "1\t1\n2\t2\n3\t3\n");
}
