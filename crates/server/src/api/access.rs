//! Who may ask: whoever brings the token, by a name of this machine.

use std::fmt;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HOST};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sealift_engine::fault::{ErrorCode, Fault};
use serde::{Deserialize, Serialize};

use super::answer::Refusal;

/// What a request must bring. Never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// A token out of 256 bits that nobody can guess.
    #[must_use]
    pub fn random(randomness: fn() -> u64) -> Self {
        let parts: [u64; 4] = std::array::from_fn(|_part| randomness());
        Self(parts.map(|part| format!("{part:016x}")).concat())
    }

    /// The value of `Authorization`.
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Whether it is the same; takes as long wherever it differs.
    fn is(&self, other: &str) -> bool {
        let differing = self.0.bytes().zip(other.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
        self.0.len() == other.len() && differing == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Lets a request pass that names this machine and brings the token.
pub(super) async fn with_token(
    State(token): State<Token>,
    request: Request,
    next: Next,
) -> Response {
    match loopback(request.headers()).and_then(|()| holds(&token, request.headers())) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Lets a request pass that names this machine.
pub(super) async fn by_this_machine(request: Request, next: Next) -> Response {
    match loopback(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// A page whose name was made to lead to this machine still sends its own name.
fn loopback(headers: &HeaderMap) -> Result<(), Refusal> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    if ["127.0.0.1", "localhost", "[::1]"].contains(&name) {
        return Ok(());
    }
    Err(Refusal::forbidden(
        Fault::new(ErrorCode::RequestRefused, "the Host header names another machine")
            .advise("ask by 127.0.0.1 or localhost"),
    ))
}

fn holds(token: &Token, headers: &HeaderMap) -> Result<(), Refusal> {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    match value.and_then(|value| value.strip_prefix("Bearer ")) {
        Some(brought) if token.is(brought) => Ok(()),
        Some(_) | None => Err(Refusal::unauthorized(Fault::new(
            ErrorCode::RequestRefused,
            "the request does not bring the token",
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str) -> HeaderMap {
        HeaderMap::from_iter([(HOST, host.parse().unwrap())])
    }

    #[test]
    fn only_names_of_this_machine_are_let_in() {
        for host in ["127.0.0.1", "127.0.0.1:4711", "localhost:80", "localhost", "[::1]:9", "[::1]"]
        {
            assert!(loopback(&headers(host)).is_ok(), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:80",
            "localhost.evil.example",
            "evil.example:127.0.0.1",
            "10.0.0.5:4711",
            "",
        ] {
            assert!(loopback(&headers(host)).is_err(), "{host}");
        }
        assert!(loopback(&HeaderMap::new()).is_err());
    }

    #[test]
    fn a_token_is_compared_whole_and_never_shown() {
        let token = Token::random(|| 0xabc);
        assert_eq!(format!("{token:?}"), "Token(…)");
        let text = token.bearer().replace("Bearer ", "");
        assert_eq!(text.len(), 64);
        assert!(token.is(&text));
        for other in ["", &text[..63], &format!("{text}0"), &text.replace('c', "d")] {
            assert!(!token.is(other), "{other}");
        }
    }
}
