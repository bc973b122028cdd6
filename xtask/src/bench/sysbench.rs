//! sysbench's write-only load, as every peer is measured with it.

use std::process::{Command, Stdio};

use sealift_lab::{Server, packages};

/// The schema it fills and changes.
pub(super) const SCHEMA: &str = "sbtest";
/// Its tables: `sbtest1` and so on.
pub(super) const TABLES: usize = 8;

/// `oltp_write_only` on a server with tables of so many rows; what it is to do is added by the caller.
pub(super) fn command(source: &Server, rows: u64) -> Result<Command, String> {
    let programs = packages::tools("bookworm", &["sysbench"]).map_err(|error| error.to_string())?;
    let script = programs.root().join("usr/share/sysbench/oltp_write_only.lua");
    let mut command = programs.command("sysbench").map_err(|error| error.to_string())?;
    command
        .env("LUA_PATH", programs.root().join("usr/share/sysbench/?.lua"))
        .arg(script)
        .arg(format!("--mysql-socket={}", source.socket().display()))
        .args(["--mysql-user=root", "--db-ps-mode=disable"])
        .arg(format!("--mysql-db={SCHEMA}"))
        .arg(format!("--tables={TABLES}"))
        .arg(format!("--table-size={rows}"))
        .stdin(Stdio::null());
    Ok(command)
}

/// Runs it to its end.
pub(super) fn run(source: &Server, rows: u64, more: &[&str]) -> Result<(), String> {
    let output = command(source, rows)?.args(more).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("sysbench failed: {}", String::from_utf8_lossy(&output.stderr)))
}

/// A copy that lost something is no result: do both servers have the same rows?
pub(super) fn same(source: &Server, target: &Server) -> Result<(), String> {
    let tables: Vec<String> = (1..=TABLES).map(|n| format!("{SCHEMA}.sbtest{n}")).collect();
    let sql = format!("CHECKSUM TABLE {}", tables.join(","));
    let [ours, theirs] = [source, target].map(|server| server.client().option("-N").run(&sql));
    if ours == theirs { Ok(()) } else { Err(format!("rows differ:\n{ours}\n{theirs}")) }
}
