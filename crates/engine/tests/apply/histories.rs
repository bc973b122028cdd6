//! Random histories, cut anywhere, by any number of lanes: the target ends as the source did.

use sealift_engine::apply::{self, Applier, Mode, Sizes};
use sealift_lab::{Options, Pair};

use super::{Dice, Story, at};

/// Keys of every kind: a table, its key's columns, and the values of key number `n`.
const KEYS: &[(&str, &str, &str)] = &[
    ("k_int", "k INT NOT NULL", "{n}-3"),
    ("k_unsigned", "k BIGINT UNSIGNED NOT NULL", "18446744073709551615-{n}"),
    (
        "k_tenant",
        "t TINYINT NOT NULL, u VARCHAR(9) CHARACTER SET latin1 NOT NULL, k DATE NOT NULL",
        "{n}%2, CONCAT('ü',{n}%3), DATE('2020-01-31') + INTERVAL {n} DAY",
    ),
    (
        "k_ci",
        "k VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL",
        "ELT(1+{n},'a','A','á','b','B','ß','','c ','c')",
    ),
    ("k_gbk", "k CHAR(60) CHARACTER SET gbk NOT NULL", "CONCAT(CONVERT(0x815C USING gbk),{n})"),
    ("k_latin1", "k VARCHAR(60) CHARACTER SET latin1 NOT NULL", "CONCAT('é',{n} DIV 2)"),
    ("k_binary", "k BINARY(4) NOT NULL", "CHAR({n}, 0x27)"),
    ("k_varbinary", "k VARBINARY(9) NOT NULL", "REPEAT(0x00, {n})"),
    ("k_decimal", "k DECIMAL(30,10) NOT NULL", "({n}-3)*1.0000000001"),
    (
        "k_date",
        "k DATE NOT NULL",
        "ELT(1+{n},'0000-00-00','2020-02-31','9999-12-31','2020-00-00','2001-01-01','2001-01-02','2001-01-03','2001-01-04','2001-01-05')",
    ),
    ("k_time", "k TIME(6) NOT NULL", "SEC_TO_TIME(({n}-3)*100000.000001)"),
    ("k_datetime", "k DATETIME(3) NOT NULL", "TIMESTAMP('2020-10-25') + INTERVAL {n} HOUR"),
    ("k_timestamp", "k TIMESTAMP NOT NULL", "TIMESTAMP('2020-10-25') + INTERVAL {n} HOUR"),
    ("k_year", "k YEAR NOT NULL", "IF({n}=0,'0000',2000+{n})"),
    ("k_bit", "k BIT(64) NOT NULL", "18446744073709551615-{n}"),
    ("k_enum", "k ENUM('z','b','','a') NOT NULL, i INT NOT NULL", "1+{n}%4, {n}"),
    ("k_set", "k SET('a','b','c','d') NOT NULL", "{n}"),
];

const FILLER: &str = "f VARCHAR(99), g INT GENERATED ALWAYS AS (LENGTH(f)) STORED";

/// Random statements over the keys of [`KEYS`].
fn statements(dice: &mut Dice) -> String {
    let mut sql = String::new();
    for _ in 0..=dice.below(6) {
        let (table, columns, key) = KEYS[dice.below(KEYS.len())];
        let columns: Vec<&str> =
            columns.split(", ").map(|column| column.split(' ').next().unwrap()).collect();
        let of = |n: usize| key.replace("{n}", &n.to_string());
        let (n, to, filler) = (dice.below(9), dice.below(9), dice.below(1000));
        let list = columns.join(",");
        let text = format!("REPEAT('x\\t\\\\', {filler}%30)");
        let pick = format!("({list}) = ({})", of(n));
        match dice.below(4) {
            0 => sql.push_str(&format!("DELETE FROM {table} WHERE {pick};")),
            1 => {
                let values: Vec<String> = split_values(&of(to));
                let set: Vec<String> =
                    columns.iter().zip(values).map(|(c, v)| format!("{c}={v}")).collect();
                let set = set.join(",");
                sql.push_str(&format!("UPDATE IGNORE {table} SET {set}, f={text} WHERE {pick};"));
            }
            _ => {
                let key = of(n);
                sql.push_str(&format!("REPLACE INTO {table} ({list}, f) SELECT {key}, {text};"));
            }
        }
    }
    sql
}

/// Values between commas that stand outside brackets.
fn split_values(list: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut depth = 0;
    for c in list.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                values.push(String::new());
                continue;
            }
            _ => {}
        }
        values.last_mut().unwrap().push(c);
    }
    values
}

fn tables(change: impl Fn(&str) -> String) -> String {
    KEYS.iter()
        .map(|(table, columns, _)| {
            let names: Vec<&str> =
                columns.split(", ").map(|column| column.split(' ').next().unwrap()).collect();
            let columns = change(columns);
            format!(
                "CREATE TABLE {table} ({FILLER}, {columns}, PRIMARY KEY ({}));",
                names.join(",")
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn histories_of_every_kind_of_key_end_the_same_with_any_number_of_lanes() {
    let there = tables(|columns| columns.replace("latin1", "utf8mb4 COLLATE utf8mb4_general_ci"));
    let mut story = Story::new(Pair::shared(), &tables(str::to_owned), &there).await;
    let mut dice = Dice::new(7);
    for _ in 0..60 {
        let sql = statements(&mut dice);
        story.happens(&sql).await;
    }
    let changes: usize = story.transactions.iter().map(|t| t.changes.len()).sum();
    assert!(changes > 100, "only {changes} changes");
    for (number, mode) in [Mode::Atomic, Mode::Lanes(2), Mode::Lanes(4)].into_iter().enumerate() {
        let migration = format!("{}.{number}", story.schema);
        story.begin(&migration).await;
        story.apply(story.job(&migration, mode), &mut dice).await.unwrap_or_else(|f| panic!("{f}"));
        story.assert_same(&format!("{mode:?}"));
        apply::close_ledger(&story.target(), &migration).await.unwrap();
    }
}

const UNIQUE: &str = "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, u INT, w VARCHAR(9) COLLATE utf8mb4_general_ci, \
     UNIQUE KEY (u), UNIQUE KEY (w));";

/// Swaps and chains of secondary unique keys.
fn swaps(dice: &mut Dice) -> String {
    let (a, b) = (dice.below(8), dice.below(8));
    let text = |n: usize| ["a", "B", "c", "D", "e", "F", "g", "H"][n];
    match dice.below(4) {
        0 => format!("REPLACE INTO t VALUES ({a},{b},'{}');", text(b)),
        1 => format!("DELETE FROM t WHERE id={a};"),
        2 => format!(
            "SET @a=(SELECT u FROM t WHERE id={a}), @b=(SELECT u FROM t WHERE id={b}); \
             UPDATE t SET u=NULL WHERE id={a}; UPDATE t SET u=@a WHERE id={b}; UPDATE t SET u=@b WHERE id={a} AND id<>{b};"
        ),
        _ => format!("UPDATE IGNORE t SET w=UPPER(w), u=(u+1)%8 WHERE id IN ({a},{b});"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_may_swap_their_secondary_unique_keys() {
    let mut story = Story::new(Pair::shared(), UNIQUE, UNIQUE).await;
    let mut dice = Dice::new(3);
    for _ in 0..60 {
        let sql: String = (0..=dice.below(3)).map(|_| swaps(&mut dice)).collect();
        story.happens(&sql).await;
    }
    for lanes in [1, 2, 4] {
        let migration = format!("{}.{lanes}", story.schema);
        story.begin(&migration).await;
        let mode = Mode::Lanes(lanes);
        story.apply(story.job(&migration, mode), &mut dice).await.unwrap_or_else(|f| panic!("{f}"));
        story.assert_same(&format!("{lanes} lanes"));
    }
}

/// Every type in a table without a key: rows are found by their values.
const KEYLESS: &str = "CREATE TABLE t (i INT, u BIGINT UNSIGNED, d DECIMAL(20,5), fl FLOAT, db DOUBLE, b BIT(9), y YEAR,
  da DATE, ti TIME(2), dt DATETIME(6), ts TIMESTAMP NULL, c CHAR(5), v VARCHAR(20) CHARACTER SET latin1, x TEXT,
  bi BINARY(3), vb VARBINARY(9), bl BLOB, e ENUM('a','','c'), s SET('x','y'), j JSON, g GEOMETRY, vec VECTOR(3),
  n INT GENERATED ALWAYS AS (i+1) VIRTUAL);
CREATE TABLE nullable (k INT, f VARCHAR(9), UNIQUE KEY (k));";

const KEYLESS_ROWS: [&str; 4] = [
    "INSERT INTO t (i) VALUES (1),(1),(1);",
    "INSERT INTO t (i,u,d,fl,db,b,y,da,ti,dt,ts,c,v,x,bi,vb,bl,e,s,j,g,vec) VALUES
       (2,18446744073709551615,-0.5,1.1,1.1,b'100000001',2024,'2020-02-31','-838:59:59','2020-01-01 00:00:00.000001',
        '2020-01-01','a ','é','ü\\\\\\'',0x0100,0x00,'x\\ty',2,3,'{\"a\": [1, 2.5, \"é\"]}',
        ST_GeomFromText('POINT(1 2)'),STRING_TO_VECTOR('[1,2,3]')),
       (2,18446744073709551615,-0.5,1.1,1.1,b'100000001',2024,'2020-02-31','-838:59:59','2020-01-01 00:00:00.000001',
        '2020-01-01','A ','E','Ü\\\\\\'',0x0101,0x0000,'x\\tY',3,2,'{\"a\": [1, 2.5, \"e\"]}',
        ST_GeomFromText('POINT(1 3)'),STRING_TO_VECTOR('[1,2,4]'));",
    "INSERT INTO nullable VALUES (1,'a'),(2,'b'),(NULL,'c'),(NULL,'c'); UPDATE nullable SET k=k+1 ORDER BY k DESC;",
    "INSERT INTO t (fl,db) VALUES (0.1,0.1),(3.4e38,-1e-308),(16777216,1e22); UPDATE t SET fl=0.3 WHERE fl>1e30;",
];

fn keyless(dice: &mut Dice) -> String {
    match dice.below(6) {
        0 => "DELETE FROM t WHERE i=1 LIMIT 1;".to_owned(),
        1 => "DELETE FROM t ORDER BY i DESC LIMIT 1;".to_owned(),
        2 => format!("UPDATE t SET x=CONCAT(x,'{}'), i=i+1 LIMIT 2;", dice.below(9)),
        3 => "UPDATE t SET e=e+1, fl=fl*1.7, db=db/3 WHERE e<3 LIMIT 1;".to_owned(),
        4 => "DELETE FROM nullable LIMIT 1;".to_owned(),
        _ => KEYLESS_ROWS[dice.below(4)].to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_without_a_key_get_each_change_exactly_once() {
    let mut story = Story::new(Pair::shared(), KEYLESS, KEYLESS).await;
    let mut dice = Dice::new(11);
    for sql in KEYLESS_ROWS {
        story.happens(sql).await;
    }
    for _ in 0..30 {
        let sql = keyless(&mut dice).replace("INSERT INTO nullable", "REPLACE INTO nullable");
        story.happens(&sql).await;
    }
    let migration = story.schema.clone();
    story.begin(&migration).await;
    let job = story.job(&migration, Mode::Lanes(3));
    story.apply(job, &mut dice).await.unwrap_or_else(|fault| panic!("{fault}"));
    story.assert_same("keyless");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_without_local_infile_gets_the_same() {
    let target = Options::azure_target().without_local_infile();
    let pair = Pair::start(Options::mysql(), target).unwrap();
    let mut story = Story::new(&pair, &tables(str::to_owned), &tables(str::to_owned)).await;
    let mut dice = Dice::new(5);
    for _ in 0..30 {
        let sql = statements(&mut dice);
        story.happens(&sql).await;
    }
    story.begin("m").await;
    story.apply(story.job("m", Mode::Lanes(2)), &mut dice).await.unwrap_or_else(|f| panic!("{f}"));
    story.assert_same("without local_infile");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_transaction_comes_in_pieces_and_shows_at_once() {
    let both = format!("{UNIQUE} CREATE TABLE keyless (a INT);");
    let mut story = Story::new(Pair::shared(), &both, &both).await;
    let migration = story.schema.clone();
    story
        .happens("INSERT INTO t VALUES (1,1,'a'),(2,2,'b'); INSERT INTO keyless VALUES (1),(2);")
        .await;
    let many: String =
        (10..200).map(|n| format!("REPLACE INTO t VALUES ({n},{n},'{n}');")).collect();
    story.happens(&format!("{many} DELETE FROM t WHERE id=1; UPDATE keyless SET a=a+1;")).await;
    story.happens("UPDATE t SET u=NULL WHERE id=50;").await;
    story.begin(&migration).await;
    let mut job = story.job(&migration, Mode::Lanes(2));
    job.sizes = Sizes { batch_changes: 20, ..job.sizes };
    let mut applier = Applier::open(job).await.unwrap();
    let [first, huge, last] = story.transactions.clone().try_into().unwrap();
    applier.apply(first).await.unwrap();
    applier.begin_huge(huge.id.clone()).await.unwrap();
    for changes in huge.changes.chunks(50).take(2) {
        applier.piece(changes.to_vec()).await.unwrap();
    }
    applier.abandon_huge().await.unwrap();
    applier.begin_huge(huge.id.clone()).await.unwrap();
    for changes in huge.changes.chunks(7) {
        applier.piece(changes.to_vec()).await.unwrap();
    }
    let count = format!("SELECT COUNT(*) FROM {}.t", story.schema);
    assert_eq!(story.pair.target.sql(&count), "2\n");
    assert_eq!(*applier.applied().borrow(), at(1));
    applier.commit_huge(huge.end).await.unwrap();
    applier.apply(last).await.unwrap();
    // The log goes on, and what it goes on with is none of ours.
    applier.reach(at(9)).await.unwrap();
    applier.reach(at(8)).await.unwrap();
    assert_eq!(applier.close().await.unwrap(), at(9));
    let found = apply::standing(&story.target(), &migration).await.unwrap().unwrap();
    assert_eq!((found.oldest(), found.newest()), (Some(&at(9)), Some(&at(9))));
    story.assert_same("huge");
}
