//! Catching up on tables whose foreign keys change rows in silence, beside the same tables without such keys.

use std::path::Path;

use clap::Args;
use sealift_lab::{Options, Server};
use tempfile::TempDir;

use super::contender::configuration;
use super::dataset::{SCHEMA, sequence_sql};
use super::measure;
use crate::build;

/// Options of `cargo x bench family`.
#[derive(Debug, Args)]
pub(crate) struct FamilyArgs {
    /// Transactions of each load, a statement each
    #[arg(long, default_value_t = 20_000)]
    transactions: u32,
}

/// Rows of `orders` for each customer, and of `line` for each of these.
const CHILDREN: u32 = 2;

/// What the application does, in one transaction after the other, with row `i`.
const LOADS: [(&str, &str); 3] = [
    ("rows nothing refers to", "UPDATE bench.line SET v = v + 1 WHERE id = i"),
    ("rows others refer to, not their key", "UPDATE bench.customer SET v = v + 1 WHERE id = i"),
    ("rows others refer to, deleted", "DELETE FROM bench.customer WHERE id = i"),
];

/// Measures each load where foreign keys act, and where there are none.
///
/// # Errors
/// What failed, in words.
pub(super) fn run(args: &FamilyArgs) -> Result<(), String> {
    let sealift = build::sealift()?;
    println!("{:>9}  {:>10}  foreign keys  load", "s", "per second");
    for keys in ["cascade", "none"] {
        let family = Family::start(&sealift, keys == "cascade", args.transactions)?;
        let idle = family.follow()?;
        println!("{idle:>9.2}  {:>10}  {keys:>12}  nothing", "-");
        for (what, statement) in LOADS {
            family.load(statement, args.transactions)?;
            let seconds = family.follow()?;
            family.same()?;
            let rate = f64::from(args.transactions) / seconds;
            println!("{seconds:>9.2}  {rate:>10.0}  {keys:>12}  {what}");
        }
    }
    Ok(())
}

/// Two servers with three tables, each the child of the one before, and a migration between them.
struct Family<'a> {
    sealift: &'a Path,
    folder: TempDir,
    source: Server,
    target: Server,
}

impl<'a> Family<'a> {
    /// Starts servers of which the source's log does not tell what foreign keys do, and copies the tables.
    fn start(sealift: &'a Path, with_keys: bool, customers: u32) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        // Only the target need be durable: nobody waits for what the source writes.
        let source = Options::mysql().arg("--innodb-native-foreign-keys=ON");
        let source = Server::start(source).map_err(|error| error.to_string())?;
        let target = Options::azure_target().durable().buffer_pool_mib(1024).redo_mib(1024);
        let target = Server::start(target).map_err(|error| error.to_string())?;
        source.try_sql(tables_sql(with_keys, customers))?;
        let family = Self { sealift, folder, source, target };
        family.follow().map(|_copied| family)
    }

    /// Lets the application do it for each customer.
    fn load(&self, statement: &str, transactions: u32) -> Result<(), String> {
        let script = format!(
            "DROP PROCEDURE IF EXISTS {SCHEMA}_seq.work;
             DELIMITER //
             CREATE PROCEDURE {SCHEMA}_seq.work() BEGIN
               DECLARE i INT DEFAULT 1;
               WHILE i <= {transactions} DO {statement}; SET i = i + 1; END WHILE;
             END //
             DELIMITER ;
             CALL {SCHEMA}_seq.work()"
        );
        self.source.try_sql(script).map(drop)
    }

    /// Follows the log to its end; says how many seconds that took.
    fn follow(&self) -> Result<f64, String> {
        let pair = (&self.source, &self.target);
        let mut command = configuration(self.sealift, self.folder.path(), pair, SCHEMA)?;
        command.args(["--quiet", "run", "--until-caught-up"]);
        measure::run(command).map(|cost| cost.wall.as_secs_f64())
    }

    /// A load that lost something is no result.
    fn same(&self) -> Result<(), String> {
        let sums = format!("CHECKSUM TABLE {SCHEMA}.customer, {SCHEMA}.orders, {SCHEMA}.line");
        let [ours, theirs] = [&self.source, &self.target].map(|server| server.sql(&sums));
        if ours == theirs { Ok(()) } else { Err(format!("rows differ:\n{ours}\n{theirs}")) }
    }
}

/// Makes and fills the tables.
fn tables_sql(with_keys: bool, customers: u32) -> String {
    let (orders, lines) = (customers * CHILDREN, customers * CHILDREN * CHILDREN);
    let key = |column: &str| {
        let parent = format!("{SCHEMA}.{column}");
        let acts = "ON DELETE CASCADE ON UPDATE CASCADE";
        with_keys.then(|| format!(", FOREIGN KEY ({column}) REFERENCES {parent} (id) {acts}"))
    };
    let [to_customer, to_orders] =
        ["customer", "orders"].map(|column| key(column).unwrap_or_default());
    let sequence = sequence_sql(lines.into());
    let from = format!("FROM {SCHEMA}_seq.seq WHERE n <=");
    format!(
        "SET sql_log_bin = 0; {sequence}; USE {SCHEMA};
         CREATE TABLE customer (id INT NOT NULL PRIMARY KEY, v INT NOT NULL);
         CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, customer INT NOT NULL, v INT NOT NULL,
           KEY (customer){to_customer});
         CREATE TABLE line (id INT NOT NULL PRIMARY KEY, orders INT NOT NULL, v INT NOT NULL,
           KEY (orders){to_orders});
         INSERT INTO customer SELECT n, n {from} {customers};
         INSERT INTO orders SELECT n, 1 + n % {customers}, n {from} {orders};
         INSERT INTO line SELECT n, 1 + n % {orders}, n {from} {lines}"
    )
}
