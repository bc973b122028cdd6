//! What is copied in a benchmark: schemas made by the server itself, the same bytes every time.

/// A schema to be copied, and how to make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Dataset {
    /// 8 narrow tables of 500,000 rows each, as sysbench makes them.
    Narrow,
    /// One table of 4,000,000 rows.
    One,
    /// 2,000 tables of 50 rows.
    Small,
    /// Wide rows: text, JSON and a BLOB of 2 to 40 KiB.
    Wide,
}

/// The schema every data set lies in.
pub(crate) const SCHEMA: &str = "bench";

/// One table of a data set.
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) rows: u64,
    /// Its columns and primary key, as in `CREATE TABLE`.
    pub(crate) columns: &'static str,
    /// Its secondary indexes, as in `ALTER TABLE`.
    pub(crate) indexes: &'static str,
    /// The select list that makes row `n` from a sequence.
    values: &'static str,
}

const NARROW: &str = "id INT NOT NULL AUTO_INCREMENT, k INT NOT NULL DEFAULT 0, c CHAR(120) NOT NULL \
     DEFAULT '', pad CHAR(60) NOT NULL DEFAULT '', PRIMARY KEY (id)";
/// Digits in groups, as sysbench's own generator prints them; `RAND(n)` makes every run alike.
const NARROW_VALUES: &str = "n, 1 + FLOOR(RAND(n) * 500000), \
     CONCAT_WS('-', LPAD(FLOOR(RAND(n)*1e11),11,'0'), LPAD(FLOOR(RAND(n+1)*1e11),11,'0'), \
       LPAD(FLOOR(RAND(n+2)*1e11),11,'0'), LPAD(FLOOR(RAND(n+3)*1e11),11,'0'), \
       LPAD(FLOOR(RAND(n+4)*1e11),11,'0'), LPAD(FLOOR(RAND(n+5)*1e11),11,'0'), \
       LPAD(FLOOR(RAND(n+6)*1e11),11,'0'), LPAD(FLOOR(RAND(n+7)*1e11),11,'0'), \
       LPAD(FLOOR(RAND(n+8)*1e11),11,'0'), LPAD(FLOOR(RAND(n+9)*1e11),11,'0')), \
     CONCAT_WS('-', LPAD(FLOOR(RAND(n+10)*1e11),11,'0'), LPAD(FLOOR(RAND(n+11)*1e11),11,'0'), \
       LPAD(FLOOR(RAND(n+12)*1e11),11,'0'), LPAD(FLOOR(RAND(n+13)*1e11),11,'0'), \
       LPAD(FLOOR(RAND(n+14)*1e11),11,'0'))";
const NARROW_INDEXES: &str = "ADD KEY k_1 (k)";

const WIDE: &str = "id BIGINT NOT NULL, title VARCHAR(200) NOT NULL, body TEXT, doc JSON, pic BLOB, \
     price DECIMAL(12,2), seen DATETIME(6), PRIMARY KEY (id)";
const WIDE_VALUES: &str = "n, CONCAT('title ', n, ' ', REPEAT('é', n % 40)), \
     REPEAT(CONCAT('line ', n, '\\n'), 20 + n % 200), \
     JSON_OBJECT('id', n, 'tags', JSON_ARRAY('a', n % 7, NULL), 'price', RAND(n)), \
     REPEAT(UNHEX(SHA2(n, 256)), 64 + n % 1216), n * 1.25, '2020-01-01' + INTERVAL n SECOND";
const WIDE_INDEXES: &str = "ADD KEY title (title), ADD KEY seen (seen, price)";

impl Dataset {
    /// Its tables.
    pub(crate) fn tables(self) -> Vec<Table> {
        let (count, rows) = match self {
            Self::Narrow => (8, 500_000),
            Self::One => (1, 4_000_000),
            Self::Small => (2_000, 50),
            Self::Wide => (2, 20_000),
        };
        (1..=count).map(|number| self.table(number, rows)).collect()
    }

    fn table(self, number: u32, rows: u64) -> Table {
        let name = format!("t{number}");
        match self {
            Self::Narrow | Self::One | Self::Small => Table {
                name,
                rows,
                columns: NARROW,
                indexes: NARROW_INDEXES,
                values: NARROW_VALUES,
            },
            Self::Wide => {
                Table { name, rows, columns: WIDE, indexes: WIDE_INDEXES, values: WIDE_VALUES }
            }
        }
    }

    /// The word for it in results.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Narrow => "8 tables x 500,000 narrow rows",
            Self::One => "1 table x 4,000,000 narrow rows",
            Self::Small => "2,000 tables x 50 rows",
            Self::Wide => "2 tables x 20,000 wide rows (TEXT, JSON, BLOB)",
        }
    }
}

impl Table {
    /// The table, by its quoted name.
    pub(crate) fn qualified(&self) -> String {
        format!("`{SCHEMA}`.`{}`", self.name)
    }

    /// Statements that make and fill it; a sequence of a million is made by joining digits.
    pub(crate) fn fill_sql(&self) -> String {
        let name = self.qualified();
        format!(
            "CREATE TABLE {name} ({}); INSERT INTO {name} SELECT {} FROM {SCHEMA}_seq.seq WHERE n <= {}; \
             ALTER TABLE {name} {}; ANALYZE TABLE {name};\n",
            self.columns, self.values, self.rows, self.indexes
        )
    }

    /// The statement that makes it without secondary indexes.
    pub(crate) fn create_sql(&self) -> String {
        format!("CREATE TABLE {} ({});\n", self.qualified(), self.columns)
    }

    /// The statement that adds its secondary indexes.
    pub(crate) fn index_sql(&self) -> String {
        format!("ALTER TABLE {} {};\n", self.qualified(), self.indexes)
    }
}

/// Statements that make the sequence the tables are filled from.
pub(crate) fn sequence_sql(rows: u64) -> String {
    format!(
        "CREATE DATABASE {SCHEMA}_seq; CREATE TABLE {SCHEMA}_seq.seq (n INT PRIMARY KEY); \
         SET SESSION cte_max_recursion_depth = {rows}; \
         INSERT INTO {SCHEMA}_seq.seq WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s \
         WHERE n < {rows}) SELECT n FROM s; CREATE DATABASE {SCHEMA};\n"
    )
}
