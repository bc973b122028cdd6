//! The client that measures: what it sees of a turn, and that it never stands in the way of one.

use sealift_lab::unique_schema;
use sealift_lab::workload::clients::{self, Clients};
use serde_json::Value;

use super::hooks::proxied;
use super::{Running, Shop, mysql, outcome};
use crate::folder::Ran;
use crate::offline::ends_with;

/// A shop with a row for the client.
fn beating<'p>(pair: &'p sealift_lab::Pair, what: &str, settings: &str) -> Shop<'p> {
    let shop = Shop::new(pair, what, settings);
    let create = "CREATE TABLE heartbeat (id INT NOT NULL PRIMARY KEY, n INT NOT NULL)";
    pair.source.sql(format!("USE {}; {create}; INSERT INTO heartbeat VALUES (1, 0)", shop.schema));
    let (_user, password) = clients::ACCOUNT;
    Shop { folder: shop.folder.env("SEALIFT_CLIENT_PASSWORD", password), ..shop }
}

impl Shop<'_> {
    /// Configures the client.
    fn measured(&self, port: u16, write: &str) {
        let (user, _password) = clients::ACCOUNT;
        let text = std::fs::read_to_string(self.folder.file("sealift.toml")).unwrap();
        let client = format!(
            "[cutover.client]\nurl = 'mysql://{user}@127.0.0.1:{port}'\ntls = 'required'\nwrite = '{write}'\n"
        );
        self.folder.write("sealift.toml", &format!("{text}\n{client}"));
    }

    fn beat(&self) -> String {
        format!("UPDATE {}.heartbeat SET n = n + 1 WHERE id = 1", self.schema)
    }
}

/// What it saw.
fn seen(ran: &Ran) -> Value {
    ran.json()["turn"]["client"].clone()
}

#[test]
fn a_client_behind_the_proxy_sees_for_how_long_it_is_refused_and_by_whom_it_is_accepted() {
    let pair = mysql();
    let shop = beating(&pair, "measured", "");
    let proxy = proxied(&shop);
    shop.measured(proxy.port, &shop.beat());
    let checked = shop.folder.sealift(&["check", "--json"]);
    ends_with(0, &checked);
    assert_eq!(checked.json()["client"]["reaches"], "the source", "{}", checked.screen());
    let clients = Clients::through(&pair.source, &shop.schema, proxy.port, 1);
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    let rehearsed = shop.folder.sealift(&["cutover", "--rehearse", "--json"]);
    ends_with(0, &rehearsed);
    let client = seen(&rehearsed);
    assert_eq!(client["accepted_by"], "source", "{}", rehearsed.screen());
    assert!(client["accepted"].as_u64().unwrap() > 0, "{client}");
    for (command, live, next) in [("cutover", "source", "target"), ("rollback", "target", "source")]
    {
        shop.wait_until_ready(live);
        shop.goes_on(&clients);
        let turned = shop.folder.sealift(&[command, "--yes", "--json"]);
        ends_with(0, &turned);
        let client = seen(&turned);
        assert_eq!(client["accepted_by"], next, "{}", turned.screen());
        let outage = &client["outage"];
        assert!(outage["to"].is_string() && outage["attempts"].as_u64() > Some(0), "{client}");
        let first = outage["first"].as_str().unwrap();
        assert!(first.contains("1290") || first.contains("lost"), "{first}");
        let number = turned.json()["turn"]["turn"].clone();
        for form in ["json", "html"] {
            let record = shop.folder.file(format!(".sealift/{command}-{number}.{form}"));
            let record = std::fs::read_to_string(record).unwrap();
            assert!(record.contains(first.split('(').next().unwrap().trim()), "{record}");
            assert!(!record.contains(clients::ACCOUNT.1), "a secret is told");
        }
    }
    shop.closes(clients, running);
}

/// It is begun by whoever turns alone, too. Nothing was touched.
#[test]
fn a_client_that_cannot_measure_refuses_the_turn_and_says_what_to_do() {
    let pair = mysql();
    let shop = beating(&pair, "unmeasured", "");
    shop.measured(pair.source.port(), &shop.beat());
    let beat = shop.beat();
    let at = |port: u16| format!("@127.0.0.1:{port}'\ntls = 'required'");
    let (source, target) = (at(pair.source.port()), at(pair.target.port()));
    // Nobody has been there before a cutover.
    clients::admit(&pair.target, &shop.schema);
    for (from, to, why) in [
        (&*beat, "UPDATE nowhere.nothing SET n = 1", "error 1142"),
        (&*beat, &*beat.replace("id = 1", "id = 2"), "changes no row"),
        (&*beat, "SELECT 1", "changes no row"),
        (&*beat, "UPDATE here", "error 1064"),
        (&*source, &*target, "leads to the target, and the source is live"),
        ("shop_app@", "nobody@", "error 1045"),
    ] {
        shop.folder.reconfigure(from, to);
        let refused = shop.folder.sealift(&["cutover", "--yes", "--json"]);
        ends_with(3, &refused);
        assert_eq!(refused.error_code(), "SL1009", "{}", refused.screen());
        assert!(refused.stdout.contains(why), "{why}: {}", refused.screen());
        assert_eq!(shop.live(), "source");
        shop.folder.reconfigure(to, from);
    }
    pair.source.sql("GRANT CONNECTION_ADMIN ON *.* TO shop_app");
    let refused = shop.folder.sealift(&["cutover", "--yes", "--json"]);
    pair.source.sql("REVOKE CONNECTION_ADMIN ON *.* FROM shop_app");
    ends_with(3, &refused);
    assert!(refused.stdout.contains("shop_app@% has CONNECTION_ADMIN"), "{}", refused.screen());
}

#[test]
fn a_client_that_is_never_accepted_again_or_never_kept_out_holds_no_turn_up() {
    let pair = mysql();
    let shop = beating(&pair, "astray", "fence = 'tables'\nhook_time = 1\n");
    let other = unique_schema("elsewhere");
    clients::admit(&pair.source, &other);
    pair.source.sql(format!("CREATE DATABASE {other}; CREATE TABLE {other}.t (n INT)"));
    let elsewhere = format!("INSERT INTO {other}.t VALUES (1)");
    shop.measured(pair.source.port(), &elsewhere);
    let rehearsed = shop.folder.sealift(&["cutover", "--rehearse", "--json"]);
    ends_with(0, &rehearsed);
    assert_eq!(seen(&rehearsed)["passed_fence"], true, "{}", rehearsed.screen());
    // Its address is that of the source, wherever the traffic goes.
    shop.folder.reconfigure(&elsewhere, &shop.beat());
    let running = Running::start(&shop);
    shop.wait_until_ready("source");
    let cut = shop.folder.sealift(&["cutover", "--yes", "--json"]);
    ends_with(0, &cut);
    assert_eq!(outcome(&cut), "switched");
    let client = seen(&cut);
    assert_eq!((&client["accepted_by"], &client["outage"]["to"]), (&Value::Null, &Value::Null));
    assert!(client["outage"]["first"].as_str().unwrap().contains("1290"), "{client}");
    shop.wait_until_ready("target");
    // Who goes back is not kept from it.
    let back = shop.folder.sealift(&["rollback", "--yes", "--json"]);
    ends_with(0, &back);
    assert_eq!((outcome(&back).as_str(), seen(&back)), ("switched", Value::Null));
    let note = back.json()["turn"]["notes"].to_string();
    assert!(note.contains("No client measured") && note.contains("leads to the source"), "{note}");
    shop.wait_until_ready("source");
    ends_with(0, &shop.folder.sealift(&["stop"]));
    drop(running);
    ends_with(0, &shop.folder.sealift(&["run", "--until-caught-up"]));
    shop.assert_nothing_lost(&[]);
}
