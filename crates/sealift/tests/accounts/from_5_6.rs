//! Accounts of a MySQL 5.6, which cannot print them.

use sealift_lab::{Kind, Pair};

use super::oracle::{Rights, definition, rights};
use super::{SHOP, carry, folder, logs_in, pass_on, results, told};

#[test]
fn accounts_of_a_mysql_5_6_go_across() {
    if Kind::MySql5_6.is_left_out() {
        return;
    }
    let pair = Pair::mysql_5_6();
    pass_on(&pair.target);
    pair.source.sql(SHOP);
    pair.target.sql(SHOP);
    pair.source.sql(
        "CREATE USER app@'%' IDENTIFIED BY 'app-Pw1'; CREATE USER open@'10.%';
         GRANT USAGE ON *.* TO app@'%' REQUIRE SUBJECT '/CN=app' WITH MAX_USER_CONNECTIONS 5 MAX_QUERIES_PER_HOUR 7;
         CREATE USER secret@'%' IDENTIFIED WITH sha256_password;
         CREATE USER aged@'%' IDENTIFIED BY 'aged-Pw1'; ALTER USER aged@'%' PASSWORD EXPIRE;
         CREATE USER old@'%' IDENTIFIED WITH mysql_old_password; SET old_passwords = 1;
         SET PASSWORD FOR old@'%' = PASSWORD('old'); SET old_passwords = 0;
         GRANT ALL ON shop.* TO app@'%'; GRANT SUPER, FILE, REPLICATION CLIENT ON *.* TO app@'%';
         GRANT SELECT (id), UPDATE (a, `b c`) ON shop.orders TO open@'10.%' WITH GRANT OPTION;
         GRANT EXECUTE ON FUNCTION shop.F TO open@'10.%'; GRANT SELECT ON hr.* TO open@'10.%';
         GRANT PROXY ON app@'%' TO open@'10.%';",
    );
    let hash = "SELECT password FROM mysql.user WHERE user = 'old'";
    assert_eq!(pair.source.sql(hash).trim().len(), 16, "a hash of before 4.1");
    let folder = folder(&pair, "hosts = { \"10.%\" = \"%\" }\n");
    let (planned, applied) = carry(&folder);
    let names = ["aged@%", "app@%", "old@%", "open@10.%", "secret@%"];
    let carried: Vec<String> =
        results(&planned).into_iter().filter(|one| one.contains("to-create")).collect();
    assert_eq!(carried, names.map(|name| format!("to-create {name}")), "{}", planned.screen());
    assert_eq!(
        rights(&pair.target, "app@%"),
        Rights::of(["ALL PRIVILEGES ON `shop`.*", "REPLICATION CLIENT ON *.*"])
    );
    assert_eq!(
        rights(&pair.target, "open@%"),
        Rights::of([
            "EXECUTE ON FUNCTION `shop`.`f`",
            "GRANT OPTION ON `shop`.`orders`",
            "SELECT (`id`) ON `shop`.`orders`",
            "UPDATE (`a`, `b c`) ON `shop`.`orders`",
        ]),
        "{}",
        applied.screen()
    );
    let changes = told(&planned, "changes");
    for expected in [
        "logging in by mysql_native_password is not carried",
        "logging in by mysql_old_password is not carried",
        "FILE and SUPER on *.* not given",
    ] {
        assert!(changes.contains(&expected.to_owned()), "{expected}: {changes:#?}");
    }
    let app = definition(&pair.target, "app@%");
    for part in
        ["ACCOUNT LOCK", "SUBJECT '/CN=app'", "MAX_QUERIES_PER_HOUR 7 MAX_USER_CONNECTIONS 5"]
    {
        assert!(app.contains(part), "{part}: {app}");
    }
    assert_eq!(logs_in(&pair.target, "open", ""), Ok("open@%\n".into()));
    let (_, again) = carry(&folder);
    assert!(
        results(&again).iter().all(|one| one.starts_with("present ") || one.contains("refused")),
        "{}",
        again.screen()
    );
}
