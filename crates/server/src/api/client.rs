//! Asking the process that is at work on a state folder.

use std::path::Path;
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use sealift_engine::cutover::TurnAsk;
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::order::Order;
use sealift_engine::report::FaultReport;
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::door::Door;
use crate::store::{Run, StateFolder};

/// A process on the same machine that takes longer hangs.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// A turn waits for transactions, hooks and servers, each with a limit of its own.
const TURN_WITHIN: Duration = Duration::from_secs(3_600);

/// An order waits for a minute to be taken.
const ORDER_WITHIN: Duration = Duration::from_secs(90);

/// The status of a hundred thousand tables is smaller.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// What can be asked of a running migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Where it stands.
    Status,
    /// Finish what is under way and begin nothing more.
    Pause,
    /// Go on.
    Resume,
    /// Finish what is under way and end.
    Stop,
    /// Change settings; `null` takes a limit away.
    Set(Map<String, Value>),
    /// Cut over, or roll back.
    Turn(TurnAsk),
    /// Copy tables again, or make good what is held.
    Order(Order),
}

impl Request {
    /// How long the answer may take.
    fn within(&self) -> Duration {
        match self {
            Self::Status | Self::Pause | Self::Resume | Self::Stop | Self::Set(_) => ANSWER_WITHIN,
            Self::Turn(_) => TURN_WITHIN,
            Self::Order(_) => ORDER_WITHIN,
        }
    }

    fn parts(self) -> (Method, &'static str, Option<Value>) {
        match self {
            Self::Status => (Method::GET, "/v1/status", None),
            Self::Pause => (Method::POST, "/v1/pause", None),
            Self::Resume => (Method::POST, "/v1/resume", None),
            Self::Stop => (Method::POST, "/v1/stop", None),
            Self::Set(change) => (Method::PATCH, "/v1/settings", Some(Value::Object(change))),
            Self::Turn(ask) => (Method::POST, "/v1/turn", Some(json!(ask))),
            Self::Order(order) => (Method::POST, "/v1/order", Some(json!(order))),
        }
    }
}

/// Asks the process that is at work on a state folder, and returns its answer.
///
/// # Errors
/// [`ErrorCode::NotRunning`] when none is, or it takes no requests; [`ErrorCode::NoAnswer`] when it does not
/// answer; else what it says.
pub async fn call(folder: &Path, request: Request) -> Result<Map<String, Value>, Fault> {
    let door = door(folder)?;
    let address = door.address;
    let answered = match timeout(request.within(), exchange(&door, request)).await {
        Ok(answered) => answered,
        Err(_late) => Err("it took too long".into()),
    };
    let (status, body) = answered.map_err(|cause| {
        Fault::new(ErrorCode::NoAnswer, format!("process {} does not answer", door.pid))
            .about(format!("address {address}"))
            .because(cause)
    })?;
    let unreadable = |what: String| Fault::new(ErrorCode::NoAnswer, what).about(address);
    let Ok(Value::Object(mut answer)) = serde_json::from_slice(&body) else {
        return Err(unreadable(format!("process {} answered {status} without JSON", door.pid)));
    };
    if status.is_success() {
        return Ok(answer);
    }
    let error = answer.remove("error").and_then(|error| serde_json::from_value(error).ok());
    let Some(FaultReport { code, what, object, remedy, .. }) = error else {
        return Err(unreadable(format!("process {} answered {status}", door.pid)));
    };
    Err(Fault { object, ..Fault::new(code, what).advise(remedy) })
}

/// Where the process listens that holds the folder.
fn door(folder: &Path) -> Result<Door, Fault> {
    let about = format!("state folder {}", folder.display());
    let idle =
        || Fault::new(ErrorCode::NotRunning, "no process is at work on it").about(about.clone());
    let peek = StateFolder::peek(folder)?.ok_or_else(idle)?;
    let Run::Alive { pid } = peek.run else { return Err(idle()) };
    // The file of a process that was killed stays; another may hold the folder since.
    match Door::read(folder)? {
        Some(door) if pid.is_none_or(|pid| pid == door.pid) => Ok(door),
        Some(_) | None => {
            let who = pid.map_or_else(|| "the process".into(), |pid| format!("process {pid}"));
            let what = format!("{who} holds it but takes no requests");
            Err(Fault::new(ErrorCode::NotRunning, what)
                .about(about)
                .advise("only sealift run does, once it has begun; ask again in a moment"))
        }
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

async fn exchange(door: &Door, request: Request) -> Result<(StatusCode, Bytes), Cause> {
    let (method, path, body) = request.parts();
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let request = hyper::Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, door.address.to_string())
        .header(AUTHORIZATION, door.token.bearer())
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))?;
    let stream = TcpStream::connect(door.address).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the sender; its trouble is the request's trouble too.
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await?.to_bytes();
    connection.abort();
    Ok((status, body))
}
