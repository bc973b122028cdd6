//! `sealift check`: can both servers be reached as configured.

use std::fmt::Write as _;

use anstyle::Style;
use sealift_engine::fault::{Fault, OnServer};
use sealift_engine::report::{Conclusion, FaultReport, ServerReport};
use sealift_mysql::endpoint::{Endpoint, TlsMode};
use sealift_mysql::error::MysqlError;
use sealift_mysql::gather;
use sealift_mysql::session::Session;
use sealift_schema::facts::{ServerFacts, Side};
use serde_json::json;

use super::{Answer, Context};
use crate::output::text::clean;

/// Log in to both servers and print who and what answered, and how the connection is protected
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {}

const LABEL: Style = Style::new().dimmed();

/// What one server answered.
struct Answered {
    server: ServerReport,
    facts: ServerFacts,
    tls: TlsMode,
}

pub(super) async fn check(_args: &CheckArgs, context: &Context) -> Result<Answer, Fault> {
    let config = context.config()?;
    let (source, target) = context.endpoints(&config)?;
    let (source, target) = tokio::join!(ask(&source), ask(&target));
    let (source, target) = match (source, target) {
        (Ok(source), Ok(target)) => (source, target),
        // Both are told of, the source's fault last.
        (Err(source), Err(target)) => {
            context.output.error(&FaultReport::from(&target));
            return Err(source);
        }
        (Err(fault), Ok(other)) => {
            context.output.screen.tell(&describe(Side::Target, &other));
            return Err(fault);
        }
        (Ok(other), Err(fault)) => {
            context.output.screen.tell(&describe(Side::Source, &other));
            return Err(fault);
        }
    };
    let text = describe(Side::Source, &source) + &describe(Side::Target, &target);
    let mut answer = Answer::new(Conclusion::Done, text);
    answer.add("source", json!(source.server));
    answer.add("target", json!(target.server));
    Ok(answer)
}

async fn ask(endpoint: &Endpoint) -> Result<Answered, Fault> {
    let side = endpoint.side;
    let logging_in = format!("log in to {} as {}", endpoint.address, endpoint.user);
    let mut session = Session::connect(endpoint).await.on(side, &logging_in)?;
    let facts = gather::facts(&mut session).await.map_err(|error| Fault::gather(side, error))?;
    let tls = protection(&mut session).await.on(side, "ask how the connection is protected")?;
    session.close().await;
    let server = ServerReport::new(&endpoint.address, &facts, tls);
    Ok(Answered { server, facts, tls: endpoint.tls })
}

/// `TLSv1.3, TLS_AES_256_GCM_SHA384`, in the server's words
/// (<https://dev.mysql.com/doc/refman/9.7/en/server-status-variables.html#statvar_Ssl_version>).
async fn protection(session: &mut Session) -> Result<Option<String>, MysqlError> {
    let mut said = Vec::new();
    for name in ["Ssl_version", "Ssl_cipher"] {
        let row = session.first(format!("SHOW SESSION STATUS LIKE '{name}'")).await?;
        let value = row.map(|row| row.text(1).map(str::to_owned)).transpose()?;
        said.extend(value.filter(|value| !value.is_empty()));
    }
    Ok((!said.is_empty()).then(|| said.join(", ")))
}

fn describe(side: Side, answered: &Answered) -> String {
    let Answered { server, facts, tls } = answered;
    let azure = if server.azure { " (Azure)" } else { "" };
    let mut lines = vec![
        format!("{}{azure} at {}", server.version, server.address),
        format!("logged in as {}", server.user),
        match (&server.tls, tls) {
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
    if side == Side::Target {
        if facts.is_on("read_only") || facts.is_on("super_read_only") {
            lines.push("read-only: nothing can be written to it now".into());
        }
        if !facts.is_on("local_infile") {
            lines
                .push("local_infile is off: rows are written by INSERT, which takes longer".into());
        }
    }
    let mut label = side.to_string();
    let mut text = String::new();
    for line in lines {
        // Writing to a string cannot fail.
        let _infallible = writeln!(text, "{LABEL}{label:<6}{LABEL:#}  {}", clean(&line));
        label.clear();
    }
    text
}
