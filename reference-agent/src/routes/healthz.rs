//! `GET /healthz`: whether the process answers.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::catalogue::Catalogue;

pub(crate) async fn healthz(State(catalogue): State<Arc<Catalogue>>) -> Response {
    let body = format!(r#"{{"status":"ok","products":{}}}"#, catalogue.len());
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], body).into_response()
}
