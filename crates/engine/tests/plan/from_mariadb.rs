//! MariaDB's own kinds of object: converted where exact, refused by name where not, the rest goes on.

use sealift_engine::plan::apply::Outcome;
use sealift_engine::plan::folder::Folder;
use sealift_engine::stage::Part;
use sealift_lab::{Pair, unique_schema};

use super::planned::{apply, gathered};

#[tokio::test]
async fn what_mysql_knows_arrives_and_the_rest_is_skipped_by_name() {
    let pair = Pair::shared_mariadb();
    let schema = unique_schema("maria");
    pair.source.sql(format!(
        "CREATE DATABASE {schema} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_nopad_ci; USE {schema};
         CREATE TABLE a (id int PRIMARY KEY AUTO_INCREMENT, n varchar(20) DEFAULT 'é', j json, d datetime DEFAULT NOW(),
           t text DEFAULT 'x', KEY k (n) IGNORED) ENGINE=Aria TRANSACTIONAL=1 PAGE_CHECKSUM=1;
         CREATE TABLE u (id uuid PRIMARY KEY, ip inet6);
         CREATE TABLE v (id int PRIMARY KEY) WITH SYSTEM VERSIONING;
         CREATE SEQUENCE s;
         CREATE VIEW w AS SELECT id, n FROM a;
         CREATE FUNCTION f(x int) RETURNS int DETERMINISTIC RETURN x + 1;
         DELIMITER //
         CREATE TRIGGER tr BEFORE INSERT ON a FOR EACH ROW SET NEW.n = UPPER(NEW.n)//
         CREATE EVENT e ON SCHEDULE EVERY 1 HOUR DO DELETE FROM a WHERE id < 0//
         DELIMITER ;"
    ));
    let home = tempfile::tempdir().unwrap();
    let folder = Folder::new(home.path().join("plan"));
    gathered(pair, &[&schema]).await.plan(&folder);
    let results = apply(pair, &folder, &Part::ALL).await;
    let mut skipped = Vec::new();
    for result in &results {
        match &result.outcome {
            Outcome::Created => {}
            Outcome::Skipped(why) => {
                let object = &result.step.object;
                skipped.push(format!(
                    "{} {}: {}",
                    object.kind,
                    object.name.name,
                    why.split(':').next().unwrap_or("")
                ));
            }
            Outcome::AlreadyThere => panic!("{} was there", result.file),
            Outcome::Failed(fault) => panic!("{}: {fault}", result.file),
        }
    }
    skipped.sort_unstable();
    insta::assert_snapshot!(skipped.join("\n"), @r"
    table s: refused sequence
    table v: refused versioning
    ");
    let target = pair.target.client().schema(&schema);
    target.run("INSERT INTO a (n) VALUES ('b')");
    assert_eq!(target.run("SELECT n, f(id) FROM w").trim(), "B\t2");
}
