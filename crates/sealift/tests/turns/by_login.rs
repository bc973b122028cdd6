//! Triggers and events that keep their definers by login: they come, go and come again in their names.

use sealift_lab::{Server, unique_schema, wait_until};

use super::{Running, Shop, mysql, outcome};
use crate::offline::{ends_with, folder};

/// Triggers with their definers, events with theirs and their states.
fn acting(server: &Server, schema: &str) -> String {
    server.sql(format!(
        "SELECT CONCAT(trigger_name, ' ', definer) FROM information_schema.triggers \
         WHERE trigger_schema = '{schema}' AND trigger_name NOT LIKE 'sealift%' UNION ALL \
         SELECT CONCAT(event_name, ' ', definer, ' ', status) FROM information_schema.events \
         WHERE event_schema = '{schema}' ORDER BY 1"
    ))
}

#[test]
fn a_definer_makes_its_triggers_at_each_cutover_and_its_views_meanwhile() {
    let pair = mysql();
    pair.source.sql("SET GLOBAL read_only = OFF");
    let schema = unique_schema("by_login");
    let user = format!("{schema}_app");
    for server in [&pair.source, &pair.target] {
        server.sql(format!("CREATE USER {user} IDENTIFIED BY 'App-pw1'"));
    }
    pair.target.sql(format!("GRANT SELECT, CREATE VIEW, EVENT ON {schema}.* TO {user}"));
    pair.source.sql(format!(
        "GRANT ALL ON {schema}.* TO {user}; CREATE DATABASE {schema}; USE {schema};
         CREATE TABLE item (id INT PRIMARY KEY, w INT NOT NULL DEFAULT 0);
         INSERT INTO item (id) VALUES (1);
         CREATE DEFINER={user}@'%' TRIGGER counted BEFORE UPDATE ON item FOR EACH ROW SET NEW.w = OLD.w + 1;
         CREATE DEFINER={user}@'%' EVENT later ON SCHEDULE EVERY 1 DAY DO DELETE FROM item WHERE id = 99;"
    ));
    let rest = format!("[rewrite]\ndefiner = \"keep-by-login\"\n[definers.{user}]\n");
    let variable = format!("SEALIFT_DEFINER_{}_PASSWORD", user.to_uppercase());
    let folder = folder(&pair.source, &pair.target, &[&schema], &rest).env(&variable, "App-pw1");
    let shop = Shop { pair: &pair, schema: schema.clone(), folder };
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    pair.source
        .sql(format!("CREATE DEFINER={user}@'%' VIEW {schema}.v AS SELECT id FROM {schema}.item"));
    let view = format!(
        "SELECT definer FROM information_schema.views WHERE table_schema = '{schema}' AND table_name = 'v'"
    );
    wait_until("the view is carried", || {
        (pair.target.sql(&view).trim() == format!("{user}@%")).then_some(())
    });

    let grant = format!("GRANT TRIGGER ON `{schema}`.* TO `{user}`@`%`");
    // The view's statement may pass once more meanwhile, which refuses a turn, too.
    let refused = wait_until("the trigger is refused", || {
        let refused = shop.folder.sealift(&["cutover", "--yes", "--json"]);
        (!refused.stdout.contains("a definition was changed")).then_some(refused)
    });
    ends_with(3, &refused);
    assert!(refused.stdout.contains(&grant), "{}", refused.screen());
    let untouched = "refused before anything was touched";
    assert!(
        refused.stdout.contains(untouched),
        "no write was kept out for it: {}",
        refused.screen()
    );
    assert_eq!((outcome(&refused).as_str(), shop.live().as_str()), ("refused", "source"));
    pair.target.sql(grant);

    let (on, off) = (
        format!("counted {user}@%\nlater {user}@% ENABLED\n"),
        format!("later {user}@% DISABLED\n"),
    );
    let turned = |command: &str, live: &str| {
        ends_with(0, &shop.folder.sealift(&[command, "--yes"]));
        shop.wait_until_ready(live);
        let (target, source) = if live == "target" { (&on, &off) } else { (&off, &on) };
        assert_eq!(&acting(&pair.target, &schema), target, "{command}");
        assert_eq!(&acting(&pair.source, &schema), source, "{command}");
    };
    turned("cutover", "target");
    turned("rollback", "source");
    turned("cutover", "target");
    // What the definer could not make again is not taken off.
    pair.target.sql(format!("REVOKE TRIGGER ON `{schema}`.* FROM `{user}`@`%`"));
    let refused = shop.folder.sealift(&["rollback", "--yes", "--json"]);
    ends_with(3, &refused);
    assert_eq!(shop.live(), "target");
    assert!(refused.stdout.contains("could not make it again"), "{}", refused.screen());
    ends_with(0, &shop.folder.sealift(&["stop"]));
    drop(running);
}
