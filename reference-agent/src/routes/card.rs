//! The agent card, at both of its well-known paths.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use rfq_agent_card::ServedCard;

pub(crate) async fn card(State(card): State<Arc<ServedCard>>, request: HeaderMap) -> Response {
    let headers =
        [(ETAG, card.etag().to_owned()), (CACHE_CONTROL, card.cache_control().to_owned())];
    let known = request.get_all(IF_NONE_MATCH).iter().any(|tags| card.matches(tags.as_bytes()));
    if known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, [(CONTENT_TYPE, card.content_type())], card.body().to_vec()).into_response()
}
