//! A replica takes the source's place in the middle of an online run.

use sealift_lab::proxy::FaultProxy;
use sealift_lab::{Options, Pair, Server, unique_schema, wait_until};

use super::away::is_following;
use super::{Running, assert_same};
use crate::offline::{ends_with, folder};

const TABLE: &str = "CREATE TABLE t (id INT PRIMARY KEY, v INT)";

/// A replica that has all its source has.
fn replica(source: &Server) -> Server {
    source
        .sql("CREATE USER follower IDENTIFIED BY 'pw'; GRANT REPLICATION SLAVE ON *.* TO follower");
    let options = Options::mysql().arg("--server-id=2").arg("--skip-replica-start");
    let replica = Server::start(options).unwrap();
    replica.sql(format!(
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT={}, SOURCE_USER='follower', \
         SOURCE_PASSWORD='pw', SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1; START REPLICA",
        source.port()
    ));
    replica
}

fn has_row(server: &Server, schema: &str, id: u32) -> Option<()> {
    let count = server.try_sql(format!("SELECT COUNT(*) FROM {schema}.t WHERE id = {id}"));
    (count.as_deref() == Ok("1\n")).then_some(())
}

#[test]
fn a_replica_that_takes_over_is_followed_on_and_one_that_lacks_something_is_refused() {
    let mut pair = Pair::start(Options::mysql(), Options::azure_target()).unwrap();
    let schema = unique_schema("failover");
    pair.source.sql(format!(
        "CREATE DATABASE {schema}; USE {schema}; {TABLE}; INSERT INTO t VALUES (1, 1)"
    ));
    let replica = replica(&pair.source);
    let network = FaultProxy::before(&pair.source);
    let folder = folder(&pair.source, &pair.target, &[&schema], "");
    folder.reconfigure(&format!(":{}\"", pair.source.port()), &format!(":{}\"", network.port()));
    let running = Running::start(&folder);
    wait_until("everything is copied", || is_following(&folder));
    pair.source.sql(format!("INSERT INTO {schema}.t VALUES (2, 2)"));
    wait_until("the replica has it", || has_row(&replica, &schema, 2));
    wait_until("the target has it", || has_row(&pair.target, &schema, 2));
    // The name leads to the replica.
    replica.sql("STOP REPLICA; RESET REPLICA ALL");
    network.lead_to(&replica);
    network.cut_all();
    replica
        .sql(format!("INSERT INTO {schema}.t VALUES (3, 3); DELETE FROM {schema}.t WHERE id = 1"));
    wait_until("the target has what the replica was given", || has_row(&pair.target, &schema, 3));
    assert_eq!(running.interrupt(), Some(4), "it is still the same process");
    // Back to the old source: it lacks what the target has.
    network.lead_to(&pair.source);
    network.cut_all();
    let refused = folder.sealift(&["run", "--until-caught-up", "--json"]);
    ends_with(1, &refused);
    assert_eq!(refused.error_code(), "SL0406", "{}", refused.screen());
    network.lead_to(&replica);
    ends_with(0, &folder.sealift(&["run", "--until-caught-up"]));
    pair.source.kill9();
    let pair = Pair { source: replica, target: pair.target };
    assert_same(&pair, &schema);
}
