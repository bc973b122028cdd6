//! `sealift check`: can both servers be reached as configured.

use std::fmt::Write as _;

use anstyle::Style;
use sealift_engine::cutover::{Client, ServerId};
use sealift_engine::fault::Fault;
use sealift_engine::report::{Conclusion, FaultReport};
use sealift_engine::run::{Asked, ask};
use sealift_mysql::endpoint::{Endpoint, TlsMode};
use sealift_schema::facts::Side;
use serde_json::json;

use super::{Answer, Context};
use crate::output::text::clean;

/// Log in to both servers and print who and what answered, and how the connection is protected
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {}

const LABEL: Style = Style::new().dimmed();

pub(super) async fn check(_args: &CheckArgs, context: &Context) -> Result<Answer, Fault> {
    let config = context.config()?;
    let (source, target) = context.endpoints(&config)?;
    let (source_asked, target_asked) = match tokio::join!(ask(&source), ask(&target)) {
        (Ok(source), Ok(target)) => (source, target),
        // Both are told of, the source's fault last.
        (Err(fault), Err(other)) => {
            context.output.error(&FaultReport::from(&other));
            return Err(fault);
        }
        (Err(fault), Ok(other)) => {
            context.output.screen.tell(&describe(&target, &other));
            return Err(fault);
        }
        (Ok(other), Err(fault)) => {
            context.output.screen.tell(&describe(&source, &other));
            return Err(fault);
        }
    };
    let mut text = describe(&source, &source_asked) + &describe(&target, &target_asked);
    let mut conclusion = Conclusion::Done;
    let mut definers = Vec::new();
    if let Some(logins) = context.definers(&config, &target)? {
        for (user, account) in logins.accounts().await {
            let (word, said) = match account {
                Ok(account) => ("account", account),
                Err(fault) => {
                    conclusion = Conclusion::Incomplete;
                    ("refused", format!("{fault}; {}", fault.remedy()))
                }
            };
            let line = clean(&format!("{user}: {word} {said}"));
            // Writing to a string cannot fail.
            let _infallible = writeln!(text, "{LABEL}definer{LABEL:#} {line}");
            definers.push(json!({ "user": user, word: said }));
        }
    }
    let mut client = None;
    if let Some(measuring) = context.client(&config)? {
        let ids = [&source_asked, &target_asked].map(|asked| ServerId::of(&asked.facts));
        let (word, said) = match measured_by(&measuring, &ids).await {
            Ok(said) => ("reaches", said),
            Err(said) => {
                conclusion = Conclusion::Incomplete;
                ("refused", said)
            }
        };
        let Endpoint { user, address, .. } = measuring.endpoint();
        let line = clean(&format!("{user} at {address}: {word} {said}"));
        // Writing to a string cannot fail.
        let _infallible = writeln!(text, "{LABEL}client{LABEL:#}  {line}");
        client = Some(json!({ "user": user, "address": address.to_string(), word: said }));
    }
    let mut answer = Answer::new(conclusion, text);
    answer.add("source", json!(source_asked.report));
    answer.add("target", json!(target_asked.report));
    if !definers.is_empty() {
        answer.add("definers", json!(definers));
    }
    if let Some(client) = client {
        answer.add("client", client);
    }
    Ok(answer)
}

/// Which server the client that measures finds at its address, or why it finds none. It writes nothing.
async fn measured_by(client: &Client, [source, target]: &[ServerId; 2]) -> Result<String, String> {
    let asked = ask(client.endpoint()).await.map_err(|mut fault| {
        fault.side = None;
        format!("{fault}; {}", fault.remedy())
    })?;
    let found = ServerId::of(&asked.facts);
    match found {
        found if found == *source => Ok("the source".to_owned()),
        found if found == *target => Ok("the target".to_owned()),
        found => Err(format!("{} is neither source nor target", found.as_str())),
    }
}

fn describe(endpoint: &Endpoint, asked: &Asked) -> String {
    let Asked { facts, report: server } = asked;
    let azure = if server.azure { " (Azure)" } else { "" };
    let mut lines = vec![
        format!("{}{azure} at {}", server.version, server.address),
        format!("logged in as {}", server.user),
        match (&server.tls, endpoint.tls) {
            (None, _) => "not encrypted".to_owned(),
            (Some(tls), TlsMode::VerifyIdentity) => {
                format!("{tls}; certificate and host name verified")
            }
            (Some(tls), TlsMode::VerifyCa) => format!("{tls}; certificate verified, not its name"),
            (Some(tls), TlsMode::Required | TlsMode::Off) => {
                format!("{tls}; certificate not verified")
            }
        },
    ];
    if endpoint.side == Side::Target {
        if facts.is_on("read_only") || facts.is_on("super_read_only") {
            lines.push("read-only: nothing can be written to it now".into());
        }
        if !facts.is_on("local_infile") {
            lines
                .push("local_infile is off: rows are written by INSERT, which takes longer".into());
        }
    }
    let mut label = endpoint.side.to_string();
    let mut text = String::new();
    for line in lines {
        // Writing to a string cannot fail.
        let _infallible = writeln!(text, "{LABEL}{label:<6}{LABEL:#}  {}", clean(&line));
        label.clear();
    }
    text
}
