//! `GET /metrics`: the agent's figures, as Prometheus reads them.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use metrics_exporter_prometheus::PrometheusHandle;

pub(crate) async fn metrics(State(figures): State<PrometheusHandle>) -> Response {
    let text = [(CONTENT_TYPE, "text/plain; version=0.0.4"), (CACHE_CONTROL, "no-store")];
    (text, figures.render()).into_response()
}
