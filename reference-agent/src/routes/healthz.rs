//! `GET /healthz`: whether the process answers.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::catalogue::LiveCatalogue;

pub(crate) async fn healthz(State(catalogue): State<LiveCatalogue>) -> Response {
    let body = format!(r#"{{"status":"ok","products":{}}}"#, catalogue.now().len());
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], body).into_response()
}
