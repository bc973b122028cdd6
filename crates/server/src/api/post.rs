//! The request of a hook: a POST with JSON, answered with a yes or not.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Sends a body to `host:port` and a path. Whoever waits for it sets the time.
///
/// # Errors
/// What went wrong, in words: nobody listens, or the answer is no status of 200 to 299.
pub async fn post(address: String, path: String, body: String) -> Result<(), String> {
    let status = send(&address, &path, body).await;
    let status = status.map_err(|error| format!("http://{address}{path}: {error}"))?;
    if status.is_success() {
        return Ok(());
    }
    Err(format!("http://{address}{path} answered {status}"))
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

async fn send(address: &str, path: &str, body: String) -> Result<StatusCode, Cause> {
    let request = hyper::Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(HOST, address)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))?;
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the sender; its trouble is the request's trouble too.
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await?;
    connection.abort();
    Ok(answer.status())
}
