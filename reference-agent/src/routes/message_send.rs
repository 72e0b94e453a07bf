//! `POST /message:send`: requests for quotes.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use rfq_sdk::axum::RfqRejection;
use rfq_sdk::tower::VerifyLayer;
use rfq_sdk::{
    Answer, AnswerStore, Answerer, Clock, MessageIds, Responder, Rfq, RfqError, RfqIdReused,
    Verified,
};
use serde_json::{Value, json};
use tracing::field::display;
use tracing::warn;

use crate::ledger::Ledger;
use crate::telemetry::AnswerFigures;

pub(crate) struct MessageSend<R, S> {
    pub(crate) verify: VerifyLayer,
    pub(crate) answerer: Answerer<R, S>,
    pub(crate) declines: Option<Declines>,
    pub(crate) figures: AnswerFigures,
}

/// Where declines are noted: all of them, also those that the answerer itself made of a responder or a
/// ledger that was late or failed.
pub(crate) struct Declines {
    pub(crate) ledger: Ledger,
    pub(crate) clock: Arc<dyn Clock>,
}

pub(crate) async fn message_send<R: Responder, S: AnswerStore>(
    State(state): State<Arc<MessageSend<R, S>>>,
    request: Request,
) -> Response {
    let figures = &state.figures;
    let (body, deadline) = match state.verify.verify(request).await {
        Ok(genuine) => genuine,
        Err(refused) => {
            figures.refused(refused.reason());
            return refused.into_response();
        }
    };
    match Rfq::from_verified(&body.verified()) {
        Ok(rfq) => {
            let answer = state.answerer.answer(rfq.clone(), deadline).await;
            match &answer {
                Ok(Answer::Offer(_)) => figures.offer(deadline.elapsed()),
                Ok(Answer::Decline(decline)) => {
                    figures.decline(decline.reason(), deadline.elapsed());
                    if let Some(Declines { ledger, clock }) = &state.declines {
                        ledger.note_decline(&rfq, decline.reason(), clock.now());
                    }
                }
                Err(RfqIdReused) => figures.rfq_id_reused.increment(1),
            }
            answer.into_response()
        }
        Err(reason) => {
            figures.not_an_rfq.increment(1);
            match reason {
                RfqError::NotAnRfq { .. } => no_a2a(&body.verified()),
                other => RfqRejection::not_an_rfq(&body.verified(), other).into_response(),
            }
        }
    }
}

/// Anything but an RFQ is A2A of some version, which this agent does not speak: with `jsonrpc` the
/// JSON-RPC binding, else the HTTP binding (A2A 1.0, sections 9.5 and 11.6).
fn no_a2a(request: &Verified<'_>) -> Response {
    const MESSAGE: &str = "This agent answers requests for quotes only: JSON-RPC method message/send \
                           with params.message.metadata.skill respond-to-rfq. A2A is off.";
    let MessageIds { rfq_id, message_id, call_id, .. } = MessageIds::of(request);
    let [rfq_id, message_id, call_id] = [rfq_id, message_id, call_id].map(|id| id.map(display));
    warn!(
        rfq_id,
        message_id, call_id, "Refused a genuine request that is A2A, not a request for a quote"
    );
    let detail = json!([{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "UNSUPPORTED_OPERATION",
        "domain": "a2a-protocol.org",
    }]);
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let answer = if body.get("jsonrpc").is_some() {
        let id = body.get("id").filter(|id| id.is_string() || id.is_number());
        let error = json!({ "code": -32004, "message": MESSAGE, "data": detail });
        json!({ "jsonrpc": "2.0", "id": id, "error": error })
    } else {
        let error = json!({ "code": 400, "status": "UNIMPLEMENTED", "message": MESSAGE, "details": detail });
        json!({ "error": error })
    };
    let headers = [(CONTENT_TYPE, "application/json")];
    (StatusCode::BAD_REQUEST, headers, answer.to_string()).into_response()
}
