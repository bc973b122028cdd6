//! Accounts of a MariaDB on a MySQL that lacks its plugins, roles without hosts and other names.

use sealift_lab::{Kind, Options, Pair};

use super::oracle::{Rights, definition, rights};
use super::{SHOP, carry, folder, logs_in, pass_on, results, told};

#[test]
fn accounts_of_a_mariadb_10_5_go_across() {
    goes_across(Kind::MariaDb10_5);
}

#[test]
fn accounts_of_a_mariadb_10_11_go_across() {
    goes_across(Kind::MariaDb10_11);
}

#[test]
fn accounts_of_a_mariadb_11_8_go_across() {
    goes_across(Kind::MariaDb11_8);
}

fn goes_across(kind: Kind) {
    let pair = Pair::start(Options::source(kind), Options::azure_target()).unwrap();
    pass_on(&pair.target);
    pair.source.sql(SHOP);
    pair.target.sql(SHOP);
    pair.source.sql(
        "CREATE USER app@'%' IDENTIFIED BY 'app-Pw1' REQUIRE SSL
           WITH MAX_USER_CONNECTIONS 5 MAX_STATEMENT_TIME 3 PASSWORD EXPIRE INTERVAL 90 DAY;
         CREATE USER sock@localhost IDENTIFIED VIA unix_socket OR mysql_native_password USING PASSWORD('a');
         CREATE USER open@'%';
         CREATE ROLE reader; CREATE ROLE boss;
         GRANT SELECT ON `my\\_shop`.* TO reader; GRANT SELECT (id), UPDATE (a, `b c`) ON shop.orders TO reader;
         GRANT DELETE HISTORY ON shop.* TO reader; GRANT EXECUTE ON PROCEDURE shop.p TO reader;
         GRANT ALL ON *.* TO boss WITH GRANT OPTION;
         GRANT reader TO boss; GRANT reader TO app@'%'; GRANT boss TO app@'%' WITH ADMIN OPTION;
         SET DEFAULT ROLE reader FOR app@'%';
         GRANT BINLOG MONITOR, READ_ONLY ADMIN, BINLOG REPLAY, SUPER ON *.* TO app@'%';
         GRANT ALL ON shop.* TO app@'%';",
    );
    let folder = folder(&pair, "hosts = { localhost = \"%\" }\n");
    let (planned, _) = carry(&folder);
    let names = ["app@%", "boss", "open@%", "reader", "sock@localhost"];
    assert_eq!(results(&planned), names.map(|name| format!("to-create {name}")));
    assert_eq!(
        rights(&pair.target, "app@%"),
        Rights::of([
            "ADMIN OPTION of `boss`@`%`",
            "ALL PRIVILEGES ON `shop`.*",
            "REPLICATION CLIENT ON *.*",
            "REPLICATION_APPLIER ON *.*",
            "`boss`@`%`",
            "`reader`@`%`",
        ])
    );
    assert_eq!(
        rights(&pair.target, "reader@%"),
        Rights::of([
            "EXECUTE ON PROCEDURE `shop`.`p`",
            "SELECT (`id`) ON `shop`.`orders`",
            "SELECT ON `my_shop`.*",
            "UPDATE (`a`, `b c`) ON `shop`.`orders`",
        ])
    );
    let boss = rights(&pair.target, "boss@%");
    let azadmin = rights(&pair.target, "azadmin@%");
    assert_eq!(azadmin.without(&boss), Rights::of([]), "ALL is what the admin may give");
    let changes = told(&planned, "changes");
    for expected in [
        "MAX_STATEMENT_TIME 3.000000 is left out",
        "logging in by mysql_native_password is not carried",
        "its password is not carried: it is locked, with a random one nobody knows",
        "REPLICATION CLIENT instead of BINLOG MONITOR",
        "READ_ONLY ADMIN on *.* not given",
        "SUPER on *.* not given",
        "DELETE HISTORY on `shop`.* not given",
        "logging in by unix_socket and mysql_native_password is not carried",
        "it has no password",
    ] {
        assert!(changes.contains(&expected.to_owned()), "{expected}: {changes:#?}");
    }
    assert!(definition(&pair.target, "app@%").contains("ACCOUNT LOCK"));
    assert!(logs_in(&pair.target, "app", "app-Pw1").is_err());
    assert_eq!(logs_in(&pair.target, "open", ""), Ok("open@%\n".into()));

    // The operator gives it a password; what is done for it then is not undone.
    pair.target.sql("ALTER USER app@'%' IDENTIFIED BY 'new-Pw1' ACCOUNT UNLOCK");
    let (_, applied) = carry(&folder);
    assert_eq!(results(&applied), names.map(|name| format!("present {name}")));
    assert_eq!(logs_in(&pair.target, "app", "new-Pw1"), Ok("app@%\n".into()));
    let role = "SELECT CURRENT_ROLE()";
    let app = sealift_lab::Account { user: "app", password: "new-Pw1" };
    assert_eq!(pair.target.sql_as(app, role), "`reader`@`%`\n");
}
