//! The operator's own steps: a command or an HTTP request before writes are kept out, and one that moves the
//! traffic.

use std::fmt;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sealift_mysql::endpoint::{Address, Endpoint};
use sealift_schema::facts::Side;
use serde_json::json;
use tokio::process::Command;
use tokio::time::timeout;

use super::ask::TurnWish;
use super::client::CLIENT_VARIABLE;

/// What is shown of what a hook said.
const SAID_CHARS: usize = 300;

/// A step of the operator's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hook {
    /// A command for the shell.
    Command(String),
    /// A POST request with the facts as JSON; any status of 200 to 299 is a yes.
    Http {
        /// Host and port.
        address: String,
        /// Path and query.
        path: String,
    },
}

/// What a hook is told. Never a secret.
#[derive(Clone, Copy, Debug)]
pub struct HookFacts<'a> {
    /// `before` or `after`.
    pub when: &'static str,
    /// Which way the turn goes.
    pub wish: TurnWish,
    /// Its number.
    pub turn: u32,
    /// Whether it is a rehearsal.
    pub rehearsal: bool,
    /// The source.
    pub source: &'a Endpoint,
    /// The target.
    pub target: &'a Endpoint,
}

/// Sends the body of a request to an address and a path; the error is what went wrong, in words.
type Post = dyn Fn(String, String, String) -> BoxFuture<'static, Result<(), String>> + Send + Sync;

/// Who sends the requests of hooks: no part of the engine does. Clones share it.
#[derive(Clone, Default)]
pub struct Poster {
    post: Option<Arc<Post>>,
}

impl Poster {
    /// Sends requests by a function of address (host and port), path and body.
    pub fn new(
        post: impl Fn(String, String, String) -> BoxFuture<'static, Result<(), String>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self { post: Some(Arc::new(post)) }
    }

    async fn post(&self, address: String, path: String, body: String) -> Result<(), String> {
        match &self.post {
            Some(post) => post(address, path, body).await,
            None => Err("nobody sends requests here".to_owned()),
        }
    }
}

impl fmt::Debug for Poster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poster").field("posts", &self.post.is_some()).finish()
    }
}

impl Hook {
    /// Reads a hook: what begins with `http://` is a request, everything else a command.
    ///
    /// # Errors
    /// What is wrong with a URL.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("https://") {
            return Err("requests are sent without TLS: write a command, e.g. curl".to_owned());
        }
        let Some(rest) = text.strip_prefix("http://") else {
            return Ok(Self::Command(text.to_owned()));
        };
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if host.is_empty() || host.contains('@') {
            return Err("a URL is written http://HOST:PORT/PATH, without a password".to_owned());
        }
        let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self::Http { address, path: path.to_owned() })
    }

    /// Calls it.
    ///
    /// # Errors
    /// What went wrong, in words.
    pub async fn call(
        &self,
        facts: HookFacts<'_>,
        time: Duration,
        poster: &Poster,
    ) -> Result<(), String> {
        let called = async {
            match self {
                Self::Command(command) => run(command, facts).await,
                Self::Http { address, path } => {
                    poster.post(address.clone(), path.clone(), facts.json()).await
                }
            }
        };
        match timeout(time, called).await {
            Ok(outcome) => outcome,
            Err(_late) => Err(format!("it took longer than {} s", time.as_secs())),
        }
    }
}

impl HookFacts<'_> {
    fn endpoint(&self, side: Side) -> &Endpoint {
        match side {
            Side::Source => self.source,
            Side::Target => self.target,
        }
    }

    fn json(&self) -> String {
        let variables = self.variables();
        let named = variables.iter().map(|(name, value)| {
            (name.trim_start_matches("SEALIFT_").to_ascii_lowercase(), json!(value))
        });
        serde_json::Value::Object(named.collect()).to_string()
    }

    /// Names and values: of environment variables, or of JSON in lower case without the first word.
    fn variables(&self) -> Vec<(&'static str, String)> {
        let to = self.wish.to();
        let from = crate::stage::opposite(to);
        let (from_host, from_port) = place(self.endpoint(from));
        let (to_host, to_port) = place(self.endpoint(to));
        vec![
            ("SEALIFT_HOOK", self.when.to_owned()),
            ("SEALIFT_TURN", self.wish.word().to_owned()),
            ("SEALIFT_TURN_NUMBER", self.turn.to_string()),
            ("SEALIFT_REHEARSAL", u8::from(self.rehearsal).to_string()),
            ("SEALIFT_FROM", from.to_string()),
            ("SEALIFT_FROM_HOST", from_host),
            ("SEALIFT_FROM_PORT", from_port),
            ("SEALIFT_TO", to.to_string()),
            ("SEALIFT_TO_HOST", to_host),
            ("SEALIFT_TO_PORT", to_port),
        ]
    }
}

fn place(endpoint: &Endpoint) -> (String, String) {
    match &endpoint.address {
        Address::Tcp { host, port } => (host.clone(), port.to_string()),
        Address::Socket(path) => (path.display().to_string(), String::new()),
    }
}

async fn run(command: &str, facts: HookFacts<'_>) -> Result<(), String> {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::null()).kill_on_drop(true);
    // What sealift knows of passwords is none of its business.
    shell.env_remove("SEALIFT_SOURCE_PASSWORD").env_remove("SEALIFT_TARGET_PASSWORD");
    shell.env_remove(CLIENT_VARIABLE);
    shell.envs(facts.variables());
    let output = shell.output().await.map_err(|error| format!("it cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: String = said.trim().chars().take(SAID_CHARS).collect();
    Err(format!("it ended with {}: {said}", output.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_is_a_command_or_a_request() {
        let http = |address: &str, path: &str| {
            Ok(Hook::Http { address: address.into(), path: path.into() })
        };
        assert_eq!(Hook::parse("./switch.sh a"), Ok(Hook::Command("./switch.sh a".into())));
        assert_eq!(Hook::parse("http://proxy:8080/move?x=1"), http("proxy:8080", "/move?x=1"));
        assert_eq!(Hook::parse("http://proxy"), http("proxy:80", "/"));
        for wrong in ["https://proxy/", "http://", "http://user:pw@proxy/"] {
            assert!(Hook::parse(wrong).is_err(), "{wrong}");
        }
    }
}
