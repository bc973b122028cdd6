//! `AUTO_INCREMENT` counters after the rows.

use sealift_engine::plan::folder::Folder;
use sealift_engine::stage::Part;
use sealift_lab::{Pair, unique_schema};

use super::planned::{apply, gathered, with_applier};

#[tokio::test]
async fn a_counter_ahead_of_its_rows_is_carried() {
    let pair = Pair::shared();
    let schema = unique_schema("counters");
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema};
         CREATE TABLE never (id int PRIMARY KEY AUTO_INCREMENT);
         CREATE TABLE emptied (id int PRIMARY KEY AUTO_INCREMENT);
         CREATE TABLE ahead (id int PRIMARY KEY AUTO_INCREMENT);
         CREATE TABLE level (id int PRIMARY KEY AUTO_INCREMENT);
         CREATE TABLE edited (id int PRIMARY KEY AUTO_INCREMENT);
         CREATE TABLE plain (id int PRIMARY KEY)"
    ));
    let home = tempfile::tempdir().unwrap();
    let folder = Folder::new(home.path().join("plan"));
    gathered(pair, &[&schema]).await.plan(&folder);
    let edited = folder.path(&format!("20-tables/{schema}/edited.sql"));
    let text = std::fs::read_to_string(&edited).unwrap();
    std::fs::write(&edited, text.replace(" AUTO_INCREMENT", "")).unwrap();
    apply(pair, &folder, &[Part::Schemas, Part::Tables]).await;
    // The source's ids go on after the plan was made; the last ones are deleted again.
    let source = pair.source.client().schema(&schema);
    source.run(
        "INSERT INTO emptied VALUES (7); DELETE FROM emptied;
         INSERT INTO ahead VALUES (3), (9); DELETE FROM ahead WHERE id = 9;
         INSERT INTO level VALUES (4); INSERT INTO edited VALUES (5); INSERT INTO plain VALUES (6)",
    );
    let target = pair.target.client().schema(&schema);
    target.run(
        "INSERT INTO ahead VALUES (3); INSERT INTO level VALUES (4); INSERT INTO edited VALUES (5)",
    );
    let catalog = gathered(pair, &[&schema]).await.catalog;
    let set = async || {
        let set = with_applier(pair, &folder, async |a| a.counters(&catalog).await.unwrap()).await;
        set.into_iter().map(|table| table.name).collect::<Vec<_>>()
    };
    assert_eq!(set().await, ["ahead", "emptied"]);
    assert!(set().await.is_empty(), "what agrees is not touched");
    let next = "INSERT INTO ahead () VALUES (); INSERT INTO emptied () VALUES (); \
                INSERT INTO level () VALUES (); INSERT INTO never () VALUES (); \
                SELECT (SELECT MAX(id) FROM ahead), (SELECT MAX(id) FROM emptied), \
                (SELECT MAX(id) FROM level), (SELECT MAX(id) FROM never)";
    assert_eq!(target.run(next).trim(), "10\t8\t5\t1");
}
