//! What is answered: JSON, also where something is wrong.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sealift_engine::fault::Fault;
use sealift_engine::report::FaultReport;
use serde_json::{Value, json};

/// A JSON answer.
pub(super) struct Answer(pub(super) StatusCode, pub(super) Value);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let Self(status, value) = self;
        let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
        (status, headers, format!("{value}\n")).into_response()
    }
}

/// A request that was not done, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    fault: Fault,
}

impl Refusal {
    pub(super) fn unauthorized(fault: Fault) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, fault }
    }

    pub(super) fn forbidden(fault: Fault) -> Self {
        Self { status: StatusCode::FORBIDDEN, fault }
    }

    pub(super) fn not_found(fault: Fault) -> Self {
        Self { status: StatusCode::NOT_FOUND, fault }
    }

    pub(super) fn wrong_method(fault: Fault) -> Self {
        Self { status: StatusCode::METHOD_NOT_ALLOWED, fault }
    }

    pub(super) fn invalid(fault: Fault) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, fault }
    }

    pub(super) fn refused(fault: Fault) -> Self {
        Self { status: StatusCode::CONFLICT, fault }
    }

    pub(super) fn failed(fault: Fault) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, fault }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let report = FaultReport::from(&self.fault);
        Answer(self.status, json!({ "error": report })).into_response()
    }
}
