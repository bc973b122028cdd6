//! A pair of servers for a person to try things on: `cargo x lab up`.

use std::fmt::Write as _;

use crate::error::LabError;
use crate::pair::Pair;
use crate::server::{Options, Server};
use crate::workload::shop;

/// What `up` is asked for.
#[derive(Clone, Debug)]
pub struct UpOptions {
    /// The source.
    pub source: Options,
    /// The target.
    pub target: Options,
    /// How many orders the source's shop gets; none without a shop.
    pub orders: Option<u64>,
}

impl Default for UpOptions {
    fn default() -> Self {
        Self { source: Options::mysql(), target: Options::azure_target(), orders: None }
    }
}

/// Starts a pair, with a shop on the source if wanted. The servers end when the pair is dropped or the process ends.
pub fn up(options: UpOptions) -> Result<Pair, LabError> {
    let pair = Pair::start(options.source, options.target)?;
    if let Some(orders) = options.orders {
        shop::create(&pair.source, orders);
    }
    Ok(pair)
}

/// Says how to connect to both servers.
pub fn how_to_connect(pair: &Pair) -> String {
    let mut text = String::new();
    for (name, server) in [("source", &pair.source), ("target", &pair.target)] {
        text.push_str(&describe(name, server));
    }
    text
}

fn describe(name: &str, server: &Server) -> String {
    let account = server.account();
    let client = server.kind().client_program();
    let words = server.programs().command_line(client).unwrap_or_default();
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let mut text = String::new();
    let mut line = |what: &str, value: String| {
        writeln!(text, "  {what:<9} {value}").expect("writing to a string does not fail");
    };
    line("host", format!("{}, port {}", server.host(), server.port()));
    line("login", format!("{}, password {}", account.user, account.password));
    line("CA", server.ca().display().to_string());
    line("as root", format!("{} -uroot -S {}", words.join(" "), server.socket().display()));
    format!("{name}: {}\n{text}", server.kind())
}
