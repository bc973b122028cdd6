//! Facts of real servers.

use sealift_lab::server::APP_READER;
use sealift_mysql::gather;
use sealift_mysql::session::Session;
use sealift_schema::facts::Flavor;

use crate::{MARIADB, MYSQL, account, connect};

#[tokio::test]
async fn a_mysql_says_what_it_is() {
    let facts = gather::facts(&mut connect(&MYSQL).await).await.unwrap();
    assert_eq!(facts.version.flavor, Flavor::MySql);
    assert_eq!(facts.current_user, "root@localhost");
    assert!(facts.is_on("log_bin"));
    assert_eq!(facts.collations.get("utf8mb4_0900_ai_ci").map(String::as_str), Some("utf8mb4"));
    assert!(facts.engines.contains("InnoDB") && !facts.engines.contains("FEDERATED"));
    assert!(facts.accounts.unwrap().contains("app_reader@%"));
    assert!(facts.grants.iter().any(|grant| grant.starts_with("GRANT SELECT, INSERT")));
}

#[tokio::test]
async fn a_mariadb_says_what_it_is() {
    let facts = gather::facts(&mut connect(&MARIADB).await).await.unwrap();
    assert_eq!(facts.version.flavor, Flavor::MariaDb);
    assert_eq!(facts.collations.get("utf8mb4_uca1400_ai_ci").map(String::as_str), Some("utf8mb4"));
    assert_eq!(facts.collations.get("latin1_swedish_ci").map(String::as_str), Some("latin1"));
    assert!(facts.engines.contains("Aria"));
}

#[tokio::test]
async fn grants_come_with_those_of_roles_that_are_not_active_by_default() {
    MYSQL.sql(
        "CREATE ROLE `a,role`; CREATE SCHEMA facts_roles; GRANT INSERT ON facts_roles.* TO `a,role`;
         CREATE USER roled IDENTIFIED BY 'pw'; GRANT `a,role` TO roled;",
    );
    let roled = sealift_lab::Account { user: "roled", password: "pw" };
    let mut session = Session::connect(&account(&MYSQL, roled)).await.unwrap();
    let facts = gather::facts(&mut session).await.unwrap();
    assert!(
        facts.grants.contains(&"GRANT INSERT ON `facts_roles`.* TO `roled`@`%`".to_owned()),
        "{:?}",
        facts.grants
    );
    assert_eq!(facts.accounts, None, "mysql.user is not readable");
}

#[tokio::test]
async fn the_reader_of_a_source_can_list_accounts() {
    for server in [&*MYSQL, &*MARIADB] {
        let mut session = Session::connect(&account(server, APP_READER)).await.unwrap();
        let facts = gather::facts(&mut session).await.unwrap();
        assert_eq!(facts.current_user, "app_reader@%");
        assert!(facts.accounts.unwrap().contains("app_reader@%"));
    }
}
