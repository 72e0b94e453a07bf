//! A router that answers RFQs, and an extractor to answer them in a handler of your own (feature
//! `axum`).

use ::axum::Router;
use ::axum::extract::{FromRequestParts, Request, State};
use ::axum::response::{IntoResponse, Response};
use ::axum::routing::post;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use tracing::field::display;
use tracing::{error, warn};

use crate::answer::Answer;
use crate::answers::AnswerStore;
use crate::deadline::Deadline;
use crate::respond::{Answerer, Responder, RfqIdReused};
use crate::rfq::{MessageIds, Rfq, RfqError};
use crate::tower::{VerifiedBody, VerifyLayer};
use crate::verify::{Verified, Verifier};

/// The path the marketplace calls: the root of the domain, then this (seed, "Agent Card
/// Requirement").
pub const MESSAGE_SEND: &str = "/message:send";

/// A router with the one route `POST /message:send`: verifies, parses, answers by `responder`.
///
/// Budget, body limit, clock and memory are the defaults; [`router_with`] takes your own.
pub fn router(verifier: Verifier, responder: impl Responder) -> Router {
    router_with(VerifyLayer::new(verifier), Answerer::new(responder))
}

/// As [`router`], with a layer and an answerer of your own.
pub fn router_with<R: Responder, S: AnswerStore>(
    layer: VerifyLayer,
    answerer: Answerer<R, S>,
) -> Router {
    Router::new().route(MESSAGE_SEND, post(answer_rfq::<R, S>)).with_state((layer, answerer))
}

async fn answer_rfq<R: Responder, S: AnswerStore>(
    State((layer, answerer)): State<(VerifyLayer, Answerer<R, S>)>,
    request: Request,
) -> Response {
    let (body, deadline) = match layer.verify(request).await {
        Ok(genuine) => genuine,
        Err(refused) => return refused.into_response(),
    };
    match Rfq::from_verified(&body.verified()) {
        Ok(rfq) => answerer.answer(rfq, deadline).await.into_response(),
        Err(reason) => RfqRejection::not_an_rfq(&body.verified(), reason).into_response(),
    }
}

/// Extracts the RFQ of a request that [`VerifyLayer`] let through, and the deadline of its answer.
///
/// A body that is no RFQ is answered with status 400 and the reason. Without the layer every
/// request is refused, with status 500 and a line in the log.
#[derive(Debug, Clone)]
pub struct RfqRequest {
    /// What is asked for.
    pub rfq: Rfq,
    /// When the answer is due.
    pub deadline: Deadline,
}

/// Why there is no [`RfqRequest`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RfqRejection {
    /// The body is genuine, but no RFQ.
    #[error("{reason}")]
    NotAnRfq {
        /// Why not.
        reason: RfqError,
        /// What it can be found in the log by.
        ids: MessageIds,
    },
    /// The route lacks [`VerifyLayer`].
    #[error("the route is not behind VerifyLayer, so nothing verified the request")]
    Unverified,
}

impl RfqRejection {
    /// The body is genuine, but no RFQ for `reason`.
    #[must_use]
    pub fn not_an_rfq(verified: &Verified<'_>, reason: RfqError) -> Self {
        Self::NotAnRfq { reason, ids: MessageIds::of(verified) }
    }
}

impl<S: Sync> FromRequestParts<S> for RfqRequest {
    type Rejection = RfqRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, RfqRejection> {
        let body = parts.extensions.get::<VerifiedBody>().ok_or(RfqRejection::Unverified)?;
        let deadline = parts.extensions.get::<Deadline>().ok_or(RfqRejection::Unverified)?;
        let verified = body.verified();
        let rfq = Rfq::from_verified(&verified)
            .map_err(|reason| RfqRejection::not_an_rfq(&verified, reason))?;
        Ok(Self { rfq, deadline: *deadline })
    }
}

impl IntoResponse for RfqRejection {
    fn into_response(self) -> Response {
        match self {
            Self::NotAnRfq { reason, ids } => {
                let MessageIds { rfq_id, message_id, call_id } = ids;
                let [rfq_id, message_id, call_id] =
                    [rfq_id, message_id, call_id].map(|id| id.map(display));
                warn!(
                    rfq_id,
                    message_id,
                    call_id,
                    reason = reason.reason(),
                    error = %reason,
                    "Refused a genuine request that is no RFQ"
                );
                json(StatusCode::BAD_REQUEST, reason.to_json())
            }
            Self::Unverified => {
                error!(error = %self, "Refused a request");
                json(StatusCode::INTERNAL_SERVER_ERROR, r#"{"error":"internal"}"#)
            }
        }
    }
}

impl IntoResponse for RfqIdReused {
    fn into_response(self) -> Response {
        json(StatusCode::BAD_REQUEST, self.to_json())
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        json(StatusCode::OK, self.to_json())
    }
}

fn json(status: StatusCode, body: impl Into<::axum::body::Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
