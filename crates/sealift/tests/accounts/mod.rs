//! Accounts carried by the binary to an Azure-like target: what differs afterwards is what the plan says.

mod oracle;
mod from_mariadb;
mod from_5_6;

use std::fs;
use std::sync::LazyLock;

use sealift_lab::{Account, Pair, Server};
use serde_json::Value;

use crate::folder::{Folder, Ran};
use oracle::{Rights, definition, rights};

/// A pair of these tests alone: accounts belong to a whole server. Each test has accounts of its own.
static PAIR: LazyLock<Pair> = LazyLock::new(|| {
    let pair = Pair::mysql();
    pass_on(&pair.target);
    pair.source.sql(SHOP);
    pair.target.sql(SHOP);
    pair
});

const SHOP: &str = "
    CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY, a INT, `b c` INT);
    CREATE VIEW shop.few AS SELECT id FROM shop.orders;
    CREATE PROCEDURE shop.p() SELECT 1;
    CREATE FUNCTION shop.F() RETURNS INT DETERMINISTIC RETURN 1;
    CREATE DATABASE my_shop; CREATE DATABASE hr; CREATE TABLE hr.pay (id INT PRIMARY KEY);
";

/// Azure's admin may pass on what it holds. A stock server would then let it grant itself more, so only
/// tests of accounts give it that.
fn pass_on(target: &Server) {
    target.sql(
        "GRANT USAGE ON *.* TO azadmin WITH GRANT OPTION;
         GRANT REPLICATION_APPLIER, ROLE_ADMIN, SESSION_VARIABLES_ADMIN, SHOW_ROUTINE, XA_RECOVER_ADMIN
           ON *.* TO azadmin WITH GRANT OPTION;",
    );
}

/// A folder that carries the accounts of one test.
fn folder(pair: &Pair, accounts: &str) -> Folder {
    let rest = format!("[select]\nexclude = [\"hr\"]\n[accounts]\n{accounts}");
    Folder::between(&pair.source, &pair.target, &rest)
}

/// What a run says of each account: `result account`.
fn results(ran: &Ran) -> Vec<String> {
    let told = ran.json();
    let accounts = told["accounts"].as_array().cloned().unwrap_or_default();
    let text = |account: &Value, key: &str| account[key].as_str().unwrap_or_default().to_owned();
    accounts
        .iter()
        .filter(|account| account["result"] != "left-out")
        .map(|account| format!("{} {}", text(account, "result"), text(account, "account")))
        .collect()
}

/// All strings below a key of all accounts.
fn told(ran: &Ran, key: &str) -> Vec<String> {
    let told = ran.json();
    let accounts = told["accounts"].as_array().cloned().unwrap_or_default();
    let of = |account: &Value| account[key].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| {
        let what = value.get("what").unwrap_or(value);
        what.as_str().unwrap_or_default().to_owned()
    };
    accounts.iter().flat_map(of).map(|value| text(&value)).collect()
}

/// Plans, applies, and expects both to succeed.
fn carry(folder: &Folder) -> (Ran, Ran) {
    let planned = folder.sealift(&["accounts", "--json"]);
    assert_eq!(planned.code, Some(0), "{}", planned.screen());
    let applied = folder.sealift(&["accounts", "apply", "--json"]);
    assert_eq!(applied.code, Some(0), "{}", applied.screen());
    (planned, applied)
}

fn logs_in(server: &Server, user: &'static str, password: &'static str) -> Result<String, String> {
    server.client().account(Account { user, password }).try_run("SELECT CURRENT_USER()")
}

/// What the plan says of them.
const CHANGES: [&str; 9] = [
    "its password's age begins anew",
    "grants on `my_shop`.* and `shop`.* instead of `%shop`.*",
    "grants on `hr`.* are left out",
    "grants on `my_shop`.* instead of `my\\_shop`.*",
    "grants on `hr`.`pay` are left out",
    "grants on `mysql`.`user` are left out",
    "FILE, SUPER and BACKUP_ADMIN on *.* not given",
    "PROXY on `go_old`@`%` not given",
    "host % instead of 10.0.%",
];

/// Accounts with every kind of condition and grant.
const EVERYTHING: &str = r#"
        CREATE ROLE go_reader, go_boss;
        CREATE USER go_app@'10.0.%' IDENTIFIED BY 'go-Pw1' REQUIRE SSL
          WITH MAX_QUERIES_PER_HOUR 500 MAX_USER_CONNECTIONS 5
          PASSWORD EXPIRE INTERVAL 90 DAY PASSWORD HISTORY 3 PASSWORD REUSE INTERVAL 30 DAY
          PASSWORD REQUIRE CURRENT OPTIONAL FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME UNBOUNDED
          ATTRIBUTE '{"comment": "it''s \\"quoted\\"", "team": 7}';
        ALTER USER go_app@'10.0.%' IDENTIFIED BY 'go-Pw2' RETAIN CURRENT PASSWORD;
        CREATE USER go_old@'%' IDENTIFIED WITH sha256_password BY 'go-Pw3'
          REQUIRE SUBJECT '/CN=a' AND ISSUER '/CN=b' ACCOUNT LOCK PASSWORD EXPIRE;
        GRANT SELECT, FILE, SUPER ON *.* TO go_app@'10.0.%' WITH GRANT OPTION;
        GRANT BACKUP_ADMIN, ROLE_ADMIN ON *.* TO go_app@'10.0.%';
        GRANT XA_RECOVER_ADMIN ON *.* TO go_app@'10.0.%' WITH GRANT OPTION;
        GRANT INSERT ON `my\_shop`.* TO go_app@'10.0.%' WITH GRANT OPTION;
        GRANT DELETE ON `%shop`.* TO go_app@'10.0.%';
        GRANT SELECT ON hr.* TO go_app@'10.0.%'; GRANT SELECT ON hr.pay TO go_app@'10.0.%';
        GRANT SELECT ON mysql.user TO go_app@'10.0.%';
        GRANT UPDATE (a, `b c`), INSERT ON shop.orders TO go_reader;
        GRANT SELECT ON shop.few TO go_reader;
        GRANT EXECUTE ON PROCEDURE shop.p TO go_reader;
        GRANT EXECUTE, ALTER ROUTINE ON FUNCTION shop.F TO go_reader WITH GRANT OPTION;
        GRANT ALL ON shop.* TO go_boss;
        GRANT go_reader TO go_app@'10.0.%'; GRANT go_boss TO go_app@'10.0.%' WITH ADMIN OPTION;
        GRANT go_reader TO go_boss; SET DEFAULT ROLE go_reader TO go_app@'10.0.%';
        GRANT PROXY ON go_old TO go_app@'10.0.%';
"#;

#[test]
fn accounts_go_across_and_differ_only_by_what_the_plan_says() {
    let pair = &*PAIR;
    pair.source.sql(EVERYTHING);
    let folder = folder(pair, "include = [\"go_*\"]\nhosts = { \"10.0.%\" = \"%\" }\n");
    let (planned, applied) = carry(&folder);
    let names = ["go_app@10.0.%", "go_boss@%", "go_old@%", "go_reader@%"];
    assert_eq!(results(&planned), names.map(|name| format!("to-create {name}")));
    assert_eq!(results(&applied), names.map(|name| format!("created {name}")));

    for (there, here) in [("go_app@10.0.%", "go_app@%"), ("go_old@%", "go_old@%")] {
        let [source, target] = [(&pair.source, there), (&pair.target, here)];
        assert_eq!(definition(source.0, source.1), definition(target.0, target.1), "{there}");
    }
    let lost = rights(&pair.source, "go_app@10.0.%").without(&rights(&pair.target, "go_app@%"));
    assert_eq!(
        lost,
        Rights::of([
            "BACKUP_ADMIN ON *.*",
            "DELETE ON `%shop`.*",
            "FILE ON *.*",
            "GRANT OPTION ON `my\\_shop`.*",
            "INSERT ON `my\\_shop`.*",
            "PROXY ON `go_old`@`%`",
            "SELECT ON `hr`.*",
            "SELECT ON `hr`.`pay`",
            "SELECT ON `mysql`.`user`",
            "SUPER ON *.*",
        ])
    );
    let gained = rights(&pair.target, "go_app@%").without(&rights(&pair.source, "go_app@10.0.%"));
    assert_eq!(
        gained,
        Rights::of([
            "DELETE ON `my_shop`.*",
            "DELETE ON `shop`.*",
            "GRANT OPTION ON `my_shop`.*",
            "INSERT ON `my_shop`.*",
        ])
    );
    for name in ["go_old@%", "go_reader@%", "go_boss@%"] {
        assert_eq!(rights(&pair.source, name), rights(&pair.target, name), "{name}");
    }
    assert_eq!(told(&planned, "changes"), CHANGES);
    // Both passwords hold, and what was granted on a name with `_` in it is of use.
    for password in ["go-Pw1", "go-Pw2"] {
        assert_eq!(logs_in(&pair.target, "go_app", password), Ok("go_app@%\n".into()));
    }
    let app = Account { user: "go_app", password: "go-Pw2" };
    pair.target.sql_as(app, "USE my_shop; SELECT * FROM shop.few");

    let (planned, applied) = carry(&folder);
    assert_eq!(results(&planned), names.map(|name| format!("present {name}")));
    assert_eq!(results(&applied), names.map(|name| format!("present {name}")));
    let again = [told(&applied, "kept"), told(&applied, "deeds")];
    assert_eq!(again, [const { Vec::<String>::new() }; 2], "nothing is to be done again");
}

#[test]
fn what_moves_on_the_source_is_altered_and_what_moves_on_the_target_is_kept() {
    let pair = &*PAIR;
    pair.source.sql(
        "CREATE USER mv_a@'%' IDENTIFIED BY 'mv-Pw1'; GRANT SELECT, INSERT ON shop.* TO mv_a@'%';
         CREATE USER mv_b@'%' IDENTIFIED BY 'mv-Pw1'; GRANT SELECT, INSERT ON shop.* TO mv_b@'%';
         CREATE USER mv_theirs@'%' IDENTIFIED BY 'mv-Pw1';",
    );
    pair.target.sql("CREATE USER mv_theirs@'%' IDENTIFIED BY 'other-Pw1'");
    let folder = folder(pair, "include = [\"mv_*\"]\nexisting = \"keep\"\n");
    assert_eq!(folder.sealift(&["accounts"]).code, Some(3));
    let applied = folder.sealift(&["accounts", "apply", "--json"]);
    assert_eq!(applied.code, Some(3), "{}", applied.screen());
    assert_eq!(results(&applied), ["created mv_a@%", "created mv_b@%", "foreign mv_theirs@%"]);
    assert_eq!(told(&applied, "kept"), ["alter password"]);

    pair.source.sql(
        "ALTER USER mv_a@'%' IDENTIFIED BY 'mv-Pw2' ACCOUNT LOCK; ALTER USER mv_a@'%' ACCOUNT UNLOCK;
         ALTER USER mv_a@'%' WITH MAX_USER_CONNECTIONS 9;
         REVOKE INSERT ON shop.* FROM mv_a@'%'; GRANT UPDATE ON shop.* TO mv_a@'%';",
    );
    pair.target.sql(
        "ALTER USER mv_b@'%' IDENTIFIED BY 'mv-Pw9';
         REVOKE INSERT ON shop.* FROM mv_b@'%'; GRANT DROP ON shop.* TO mv_b@'%';
         GRANT DELETE ON shop.* TO mv_a@'%';",
    );
    folder.sealift(&["accounts"]);
    let applied = folder.sealift(&["accounts", "apply", "--json"]);
    assert_eq!(results(&applied), ["altered mv_a@%", "present mv_b@%", "foreign mv_theirs@%"]);
    assert_eq!(
        told(&applied, "deeds"),
        [
            "alter password",
            "alter resource limits",
            "revoke INSERT ON `shop`.*",
            "grant UPDATE ON `shop`.*"
        ]
    );
    assert_eq!(logs_in(&pair.target, "mv_a", "mv-Pw2"), Ok("mv_a@%\n".into()));
    assert_eq!(
        rights(&pair.target, "mv_a@%"),
        Rights::of(["DELETE ON `shop`.*", "SELECT ON `shop`.*", "UPDATE ON `shop`.*"])
    );
    assert_eq!(logs_in(&pair.target, "mv_b", "mv-Pw9"), Ok("mv_b@%\n".into()));
    assert_eq!(
        rights(&pair.target, "mv_b@%"),
        Rights::of(["DROP ON `shop`.*", "SELECT ON `shop`.*"])
    );
    assert_eq!(
        told(&applied, "kept"),
        [
            "DELETE ON `shop`.*: not in the plan",
            "its password",
            "INSERT ON `shop`.*: taken away there",
            "DROP ON `shop`.*: not in the plan",
            "alter password",
        ]
    );

    folder.reconfigure("\"keep\"", "\"alter\"");
    let (_, applied) = carry(&folder);
    assert_eq!(results(&applied), ["present mv_a@%", "altered mv_b@%", "altered mv_theirs@%"]);
    for user in ["mv_b", "mv_theirs"] {
        assert_eq!(logs_in(&pair.target, user, "mv-Pw1"), Ok(format!("{user}@%\n")));
    }
}

#[test]
fn killed_at_every_point_it_goes_on() {
    let pair = &*PAIR;
    for (at, probe) in [
        "accounts-begun=kill",
        "account-changed=kill",
        "account-changed:3=kill",
        "account-changed:5=kill",
        "account-changed:3=interrupt",
        "accounts-done=kill",
    ]
    .into_iter()
    .enumerate()
    {
        let (user, role) = (format!("kl{at}_user"), format!("kl{at}_role"));
        pair.source.sql(format!(
            "CREATE ROLE {role}; GRANT SELECT ON shop.* TO {role};
             CREATE USER {user}@'%' IDENTIFIED BY 'kl-Pw1'; GRANT INSERT ON shop.* TO {user}@'%';
             GRANT {role} TO {user}@'%'; SET DEFAULT ROLE {role} TO {user}@'%';"
        ));
        let folder = folder(pair, &format!("include = [\"kl{at}_*\"]\n"));
        assert_eq!(folder.sealift(&["accounts"]).code, Some(0));
        let mut command = folder.command(&["accounts", "apply"]);
        let stopped = command.env("SEALIFT_PROBE", probe).output().unwrap();
        let code = if probe.ends_with("kill") { None } else { Some(4) };
        assert_eq!(stopped.status.code(), code, "{probe}: {stopped:?}");
        let applied = folder.sealift(&["accounts", "apply", "--json"]);
        assert_eq!(applied.code, Some(0), "{probe}: {}", applied.screen());
        let kept = told(&applied, "kept");
        assert!(kept.is_empty(), "{probe}: {kept:?}");
        for name in [format!("{user}@%"), format!("{role}@%")] {
            assert_eq!(rights(&pair.source, &name), rights(&pair.target, &name), "{probe}");
            assert_eq!(definition(&pair.source, &name), definition(&pair.target, &name), "{probe}");
        }
        // What it did is remembered: a grant taken away on the source is taken away on the target.
        pair.source.sql(format!("REVOKE INSERT ON shop.* FROM {user}@'%'"));
        carry(&folder);
        let name = format!("{user}@%");
        assert_eq!(rights(&pair.source, &name), rights(&pair.target, &name), "{probe}");
    }
}

#[test]
fn what_a_person_does_to_a_script_is_kept_and_secrets_stay_in_it() {
    let pair = &*PAIR;
    pair.source.sql(
        "CREATE USER pe_edited@'%' IDENTIFIED BY 'pe-Pw1'; CREATE USER pe_locked@'%' ACCOUNT LOCK;
         CREATE USER pe_skipped@'%' ACCOUNT LOCK; CREATE USER pe_broken@'%' ACCOUNT LOCK;
         CREATE USER pe_wrong@'%' IDENTIFIED BY 'pe-Pw1';",
    );
    let folder = folder(pair, "include = [\"pe_*\"]\n").env("SEALIFT_LOG", "trace");
    let planned = folder.sealift(&["accounts"]);
    assert_eq!(planned.code, Some(0), "{}", planned.screen());
    let script = |name: &str| folder.file(format!(".sealift/plan/90-accounts/pe_{name}@%25.sql"));
    let edit = |name: &str, from: &str, to: &str| {
        let text = fs::read_to_string(script(name)).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(script(name), text.replace(from, to)).unwrap();
    };
    edit("edited", ";\n", ";\nGRANT SELECT ON my_shop.* TO pe_edited;\n");
    edit("locked", "state generated", "state locked");
    edit("skipped", "state generated", "state skip");
    edit("broken", "ACCOUNT LOCK;", "ACCOUNT LOCK;\nDROP USER root;");
    // As a hash that was cut off when it was pasted.
    edit("wrong", "AS 0x24412430", "AS 0xQ24412430");
    pair.source.sql("GRANT INSERT ON shop.* TO pe_edited@'%', pe_locked@'%', pe_skipped@'%'");
    let planned = folder.sealift(&["accounts", "--json"]);
    let notes = planned.json()["notes"].to_string();
    for moved in [
        "`pe_edited`@`%` moved on the source beneath your",
        "+GRANT INSERT ON `shop`.* TO `pe_locked`",
    ] {
        assert!(notes.contains(moved), "{notes}");
    }
    let applied = folder.sealift(&["accounts", "apply", "--json"]);
    assert_eq!(applied.code, Some(3), "{}", applied.screen());
    assert_eq!(
        results(&applied),
        [
            "failed pe_broken@%",
            "created pe_edited@%",
            "created pe_locked@%",
            "skipped pe_skipped@%",
            "failed pe_wrong@%"
        ]
    );
    assert_eq!(rights(&pair.target, "pe_edited@%"), Rights::of(["SELECT ON `my_shop`.*"]));
    assert_eq!(rights(&pair.target, "pe_locked@%"), Rights::of([]));
    let digits = hash_of(&pair.source, "pe_edited");
    let report =
        fs::read_to_string(folder.file(".sealift/accounts-apply.json")).unwrap_or_default();
    for ran in [&planned, &applied] {
        let all = format!("{}{}{report}", ran.stdout, ran.stderr).to_uppercase();
        assert!(!all.contains(&digits[40..70]), "a hash was shown");
        assert!(!all.contains("Q2441"), "a piece of a hash was shown");
    }
    let manifest =
        fs::read_to_string(folder.file(".sealift/plan/90-accounts/accounts.json")).unwrap();
    assert!(!manifest.to_uppercase().contains(&digits[40..70]), "{manifest}");
    assert!(fs::read_to_string(script("edited")).unwrap().contains(&digits));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode =
            |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let parent = script("edited").parent().unwrap().to_owned();
        assert_eq!(mode(&parent), 0o700);
        for file in fs::read_dir(&parent).unwrap() {
            assert_eq!(mode(&file.unwrap().path()), 0o600);
        }
    }
}

/// An account's hash as the source prints it, in hexadecimal digits.
fn hash_of(server: &Server, user: &str) -> String {
    let sql = format!("SELECT HEX(authentication_string) FROM mysql.user WHERE user = '{user}'");
    server.sql(sql).trim().to_owned()
}

#[test]
fn an_account_that_may_not_read_accounts_is_told_the_grant() {
    let pair = &*PAIR;
    pair.source
        .sql("CREATE USER few@'%' IDENTIFIED BY 'few-Pw1'; GRANT SELECT ON shop.* TO few@'%'");
    let folder = folder(pair, "").env("SEALIFT_SOURCE_PASSWORD", "few-Pw1");
    folder.reconfigure("app_reader@", "few@");
    let refused = folder.sealift(&["accounts", "--json"]);
    assert_eq!(
        (refused.code, refused.error_code()),
        (Some(1), "SL0403".into()),
        "{}",
        refused.screen()
    );
    let remedy = refused.json()["error"]["remedy"].to_string();
    assert!(remedy.contains("GRANT SELECT ON `mysql`.* TO"), "{remedy}");
    pair.source.sql("GRANT SELECT ON mysql.* TO few@'%'");
    folder.reconfigure("[accounts]\n", "[accounts]\ninclude = [\"few\"]\n");
    let planned = folder.sealift(&["accounts", "--json"]);
    assert_eq!(planned.code, Some(0), "{}", planned.screen());
}

#[test]
fn of_two_accounts_that_would_become_one_the_later_is_refused() {
    let pair = &*PAIR;
    pair.source.sql(
        "CREATE USER co_a@'10.0.%' ACCOUNT LOCK; CREATE USER co_a@'10.1.%' ACCOUNT LOCK;
         GRANT SELECT ON shop.* TO co_a@'10.1.%';",
    );
    let hosts = "hosts = { \"10.0.%\" = \"%\", \"10.1.%\" = \"%\" }\n";
    let folder = folder(pair, &format!("include = [\"co_*\"]\n{hosts}"));
    let planned = folder.sealift(&["accounts", "--json"]);
    assert_eq!(planned.code, Some(3), "{}", planned.screen());
    assert_eq!(results(&planned), ["to-create co_a@10.0.%", "refused co_a@10.1.%"]);
    assert!(told(&planned, "why")[0].contains("SELECT ON `shop`.*"), "{}", planned.screen());
    folder.sealift(&["accounts", "apply"]);
    assert_eq!(rights(&pair.target, "co_a@%"), Rights::of([]));
    // A person who says that it is to go, too, is told that it cannot.
    let script = folder.file(".sealift/plan/90-accounts/co_a@10.1.%25.sql");
    let text = fs::read_to_string(&script).unwrap().replace("state skip", "state locked");
    fs::write(&script, text).unwrap();
    let applied = folder.sealift(&["accounts", "apply", "--json"]);
    assert_eq!(results(&applied), ["present co_a@10.0.%", "failed co_a@10.1.%"]);
}

#[test]
fn grants_on_what_is_not_there_yet_are_given_when_it_is() {
    let pair = &*PAIR;
    pair.source.sql(
        "CREATE TABLE shop.late (id INT PRIMARY KEY); CREATE USER lt_a@'%' ACCOUNT LOCK;
         GRANT SELECT ON shop.late TO lt_a@'%'; GRANT INSERT ON shop.* TO lt_a@'%';",
    );
    let folder = folder(pair, "include = [\"lt_*\"]\n");
    assert_eq!(folder.sealift(&["accounts"]).code, Some(0));
    let applied = folder.sealift(&["accounts", "apply", "--json"]);
    assert_eq!((applied.code, results(&applied)), (Some(3), vec!["failed lt_a@%".to_owned()]));
    assert!(told(&applied, "why")[0].contains("SL0509"), "{}", applied.screen());
    assert_eq!(rights(&pair.target, "lt_a@%"), Rights::of(["INSERT ON `shop`.*"]));
    pair.target.sql("CREATE TABLE shop.late (id INT PRIMARY KEY)");
    let applied = folder.sealift(&["accounts", "apply", "--json"]);
    assert_eq!((applied.code, results(&applied)), (Some(0), vec!["altered lt_a@%".to_owned()]));
    assert_eq!(rights(&pair.source, "lt_a@%"), rights(&pair.target, "lt_a@%"));
}

#[test]
fn a_comparison_names_the_accounts_that_are_not_as_planned() {
    let pair = &*PAIR;
    pair.source.sql(
        "CREATE USER ve_app IDENTIFIED BY 've-Pw1'; GRANT SELECT ON shop.* TO ve_app;
         CREATE USER ve_other IDENTIFIED BY 've-Pw1'; CREATE USER ve_moves IDENTIFIED BY 've-Pw1';
         CREATE DATABASE ve; CREATE TABLE ve.t (id INT PRIMARY KEY);",
    );
    let rest = "[select]\nschemas = [\"ve\"]\n[accounts]\ninclude = [\"ve_*\"]\n";
    let folder = Folder::between(&pair.source, &pair.target, rest);
    let carried = folder.sealift(&["run", "--offline"]);
    assert_eq!(carried.code, Some(0), "{}", carried.screen());
    let verify = || folder.sealift(&["verify", "--json"]);
    let none = verify();
    assert!(none.json()["verification"]["not_compared"].to_string().contains("none are planned"));
    carry(&folder);
    let equal = verify();
    assert_eq!(equal.code, Some(0), "{}", equal.screen());
    assert_eq!(equal.json()["verification"]["accounts"], 3);

    pair.target.sql(
        "ALTER USER ve_app IDENTIFIED BY 've-Pw2'; GRANT DELETE ON ve.* TO ve_app;
         DROP USER ve_other;",
    );
    pair.source.sql("ALTER USER ve_moves ACCOUNT LOCK; CREATE USER ve_new IDENTIFIED BY 've-Pw1';");
    let differs = verify();
    assert_eq!(differs.code, Some(3), "{}", differs.screen());
    let found = differs.json()["verification"]["accounts_differing"].clone();
    let of = |account: &str| -> String {
        let all = found.as_array().cloned().unwrap_or_default();
        let own = all.into_iter().filter(|one| one["account"] == account);
        own.map(|one| one["what"].to_string()).collect()
    };
    for (account, what) in [
        ("ve_app@%", "password"),
        ("ve_app@%", "DELETE"),
        ("ve_other@%", "missing on the target"),
        ("ve_moves@%", "moved on the source"),
        ("ve_new@%", "is new on the source"),
    ] {
        assert!(of(account).contains(what), "{account}: {found}");
    }
    assert!(!differs.stdout.contains("$A$"), "a hash is shown: {}", differs.stdout);
}
