//! Where a writer's statements go: to one server, or to the side that is live.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::definitions::BESIDE;
use super::typed::spare;
use crate::server::{Kind, Server};
use crate::workload::clients::{admit, as_application, grant};
use crate::workload::every_type;

/// The sides an application may find its server on.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// Where it begins.
    pub source: &'a Server,
    /// Where it may be moved to.
    pub target: &'a Server,
    /// The file that says which: `source` or `target`.
    pub router: &'a Path,
}

/// Lets an application in on both sides, with an account that no fence lets through. What it takes its values from,
/// and what it changes beside the migrated schema, is on the target, too.
///
/// # Panics
/// When a server refuses a statement.
pub fn admit_to_both(sides: Sides<'_>, schema: &str, types: &[every_type::Table]) {
    let Sides { source, target, .. } = sides;
    // Partitioned tables without a key cannot have the one it would give them.
    target.sql("SET GLOBAL sql_generate_invisible_primary_key = OFF");
    every_type::create(target, &spare(schema), types);
    target.sql("SET GLOBAL sql_generate_invisible_primary_key = ON");
    target.sql(format!("CREATE DATABASE IF NOT EXISTS {BESIDE}"));
    for server in [source, target] {
        for schema in [schema, &spare(schema), BESIDE] {
            admit(server, schema);
        }
        if server.kind() == Kind::MySql {
            // Some of its transactions are compressed.
            grant(server, "SESSION_VARIABLES_ADMIN");
        }
    }
}

/// One of the sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Where it is live now.
    Live,
    /// The other one, if there is one.
    Other,
}

/// The ways of one writer.
pub(super) struct Ways {
    source: Command,
    /// The other one, and the file that says when it is taken.
    target: Option<(Command, PathBuf)>,
}

impl Ways {
    /// To one server, as its administrator.
    pub(super) fn to(server: &Server, schema: &str, goes_on: bool) -> Self {
        Self { source: command(server, schema, goes_on), target: None }
    }

    /// To the side that is live, as an application.
    pub(super) fn of(sides: Sides<'_>, schema: &str) -> Self {
        let [source, target] = [sides.source, sides.target].map(|server| {
            let mut command = command(server, schema, true);
            as_application(&mut command);
            command
        });
        Self { source, target: Some((target, sides.router.to_owned())) }
    }

    /// The client program that reaches a side.
    pub(super) fn reaching(&mut self, side: Side) -> Option<&mut Command> {
        let Some((target, router)) = &mut self.target else {
            return (side == Side::Live).then_some(&mut self.source);
        };
        let target_is_wanted = is_target(router) == (side == Side::Live);
        Some(if target_is_wanted { target } else { &mut self.source })
    }
}

fn is_target(router: &Path) -> bool {
    std::fs::read_to_string(router).is_ok_and(|side| side.trim() == "target")
}

/// `goes_on`: the statements after a refused one are as good as any.
fn command(server: &Server, schema: &str, goes_on: bool) -> Command {
    let client = server.client().schema(schema);
    let client = if goes_on { client.option("--force") } else { client };
    let mut command = client.command();
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    command
}
