//! What can be asked: one function per request.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Router, http};
use sealift_engine::cutover::TurnAsk;
use sealift_engine::fault::{ErrorCode, Fault};
use sealift_engine::order::Order;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::{Running, Token, access, metrics as text};
use crate::status;
use crate::store::{Peek, Reported, Run, StateFolder};

/// Names of tables, and scripts of views and routines.
const BODY_BYTES_MAX: usize = 4 << 20;

/// The form of metrics that Prometheus reads
/// (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
const METRICS_FORM: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything, for those with the token.
pub(super) fn api(running: Running, token: Token) -> Router {
    Router::new()
        .route("/v1/status", get(status))
        .route("/v1/pause", post(pause))
        .route("/v1/resume", post(resume))
        .route("/v1/stop", post(stop))
        .route("/v1/settings", patch(settings))
        .route("/v1/turn", post(turn))
        .route("/v1/order", post(order))
        .route("/metrics", get(metric_lines))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(token, access::with_token))
        .with_state(running)
}

/// Only the metrics, without a token.
pub(super) fn metrics(running: Running, is_loopback: bool) -> Router {
    let routes = Router::new()
        .route("/metrics", get(metric_lines))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .with_state(running);
    if is_loopback { routes.layer(from_fn(access::by_this_machine)) } else { routes }
}

async fn status(State(running): State<Running>) -> Result<Answer, Refusal> {
    let looked = tokio::task::spawn_blocking(move || look(&running)).await;
    let peek = looked
        .unwrap_or_else(|panic| {
            Err(Fault::new(ErrorCode::Internal, "look at the state folder").because(panic))
        })
        .map_err(Refusal::failed)?;
    Ok(Answer(StatusCode::OK, Value::Object(status::keys(&peek))))
}

/// The state folder as others see it, but with the newest progress.
fn look(running: &Running) -> Result<Peek, Fault> {
    let path = running.state.path();
    let peek = StateFolder::peek(path)?.ok_or_else(|| {
        Fault::new(ErrorCode::StateBroken, "state.db is gone").about(path.display())
    })?;
    Ok(Peek {
        run: Run::Alive { pid: Some(std::process::id()) },
        progress: Some(Reported { at: running.clock.now(), snapshot: running.snapshot() }),
        ..peek
    })
}

async fn pause(State(running): State<Running>) -> Answer {
    tracing::info!("paused by request");
    running.control.pause();
    steering(&running)
}

async fn resume(State(running): State<Running>) -> Answer {
    tracing::info!("resumed by request");
    running.control.resume();
    steering(&running)
}

async fn stop(State(running): State<Running>) -> Answer {
    tracing::info!("stopping by request");
    running.control.stop().request();
    Answer(StatusCode::ACCEPTED, json!({ "stopping": true }))
}

async fn settings(State(running): State<Running>, body: Bytes) -> Result<Answer, Refusal> {
    let invalid = |what: String| Refusal::invalid(Fault::new(ErrorCode::UsageInvalid, what));
    let Ok(Value::Object(change)) = serde_json::from_slice(&body) else {
        return Err(invalid("the request is not a JSON object".into()));
    };
    let merged = running.control.settings().merged(change);
    let settings = merged.map_err(|error| invalid(error.to_string()))?;
    tracing::info!(?settings, "settings changed by request");
    running.control.set(settings);
    Ok(steering(&running))
}

/// Answers when the turn has ended, whatever became of it. A turn whose asker hangs up before writes are kept out
/// is not made.
async fn turn(State(running): State<Running>, body: Bytes) -> Result<Answer, Refusal> {
    let ask: TurnAsk = serde_json::from_slice(&body).map_err(|error| {
        let what = "the request does not say which turn is wanted";
        Refusal::invalid(Fault::new(ErrorCode::UsageInvalid, what).because(error))
    })?;
    tracing::info!(?ask, "a turn was asked for");
    // The run makes it: whoever hangs up ends this wait, and nothing once writes are kept out.
    let record = running.desk.ask(ask).await.map_err(Refusal::refused)?;
    Ok(Answer(StatusCode::OK, json!(record)))
}

/// Answers when the order is noted; whoever hangs up before is not obeyed.
async fn order(State(running): State<Running>, body: Bytes) -> Result<Answer, Refusal> {
    let order: Order = serde_json::from_slice(&body).map_err(|error| {
        let what = "the request does not say what is ordered";
        Refusal::invalid(Fault::new(ErrorCode::UsageInvalid, what).because(error))
    })?;
    tracing::info!(?order, "ordered");
    running.orders.place(order).await.map_err(Refusal::refused)?;
    Ok(Answer(StatusCode::ACCEPTED, json!({ "noted": true })))
}

async fn metric_lines(State(running): State<Running>) -> Response {
    ([(CONTENT_TYPE, METRICS_FORM)], text::lines(&running.snapshot())).into_response()
}

async fn unknown(uri: http::Uri) -> Refusal {
    let what = format!("there is nothing at {}", uri.path());
    Refusal::not_found(Fault::new(ErrorCode::RequestRefused, what).advise("see docs/api.md"))
}

async fn wrong_method(method: http::Method, uri: http::Uri) -> Refusal {
    let what = format!("{} does not take {method}", uri.path());
    Refusal::wrong_method(Fault::new(ErrorCode::RequestRefused, what).advise("see docs/api.md"))
}

fn steering(running: &Running) -> Answer {
    Answer(StatusCode::OK, json!(running.control.steering()))
}
