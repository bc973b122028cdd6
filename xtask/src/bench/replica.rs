//! MySQL's own replication between two of the lab's servers.

use sealift_lab::Server;

/// Makes the account by which replicas log in.
pub(super) fn allow(source: &Server) -> Result<(), String> {
    let sql = "CREATE USER follower IDENTIFIED BY 'pw'; GRANT REPLICATION SLAVE ON *.* TO follower";
    source.try_sql(sql).map(drop)
}

/// Makes a server the source's replica, which is not started.
pub(super) fn attach(replica: &Server, source: &Server) -> Result<(), String> {
    let sql = format!(
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT={}, \
         SOURCE_USER='follower', SOURCE_PASSWORD='pw', SOURCE_AUTO_POSITION=1, \
         GET_SOURCE_PUBLIC_KEY=1",
        source.port()
    );
    replica.try_sql(sql).map(drop)
}

/// Starts a replica.
pub(super) fn start(replica: &Server) -> Result<(), String> {
    replica.try_sql("START REPLICA").map(drop)
}

/// Waits until a replica that is started has everything the source has by now.
pub(super) fn level(replica: &Server, source: &Server) -> Result<(), String> {
    let set = source.client().option("-N").run("SELECT @@gtid_executed");
    let set: String = set.replace("\\n", "").split_whitespace().collect();
    replica.try_sql(format!("SELECT WAIT_FOR_EXECUTED_GTID_SET('{set}')")).map(drop)
}
