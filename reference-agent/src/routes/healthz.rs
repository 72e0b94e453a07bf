//! `GET /healthz`: whether the agent can make offers.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use crate::admin::json;
use crate::catalogue::LiveCatalogue;
use crate::ledger::Ledger;

pub(crate) struct Health {
    pub(crate) ledger: Ledger,
    pub(crate) catalogue: LiveCatalogue,
    /// Where only the shop reads it: the reason may name files.
    pub(crate) tells_reason: bool,
}

pub(crate) async fn healthz(State(health): State<Arc<Health>>) -> Response {
    let products = health.catalogue.now().len();
    match health.ledger.check().await {
        Ok(()) => json(StatusCode::OK, &json!({ "status": "ok", "products": products })),
        Err(error) => {
            let reason = health.tells_reason.then(|| error.to_string());
            let mut body = json!({ "status": "failing", "products": products });
            if let (Some(body), Some(reason)) = (body.as_object_mut(), reason) {
                body.insert("reason".to_owned(), reason.into());
            }
            json(StatusCode::SERVICE_UNAVAILABLE, &body)
        }
    }
}
