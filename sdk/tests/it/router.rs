//! The tower layer and the axum router, without a socket.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::{Router, routing::post};
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use insta::assert_snapshot;
use rfq_sdk::axum::{MESSAGE_SEND, RfqRequest, router_with};
use rfq_sdk::tower::{RefusedReason, VerifiedBody, VerifyLayer};
use rfq_sdk::{
    Answerer, Budget, DeclineReason, ManualClock, Offer, ReceivedAt, Secret, Signer, Verifier,
};
use tokio::time::Instant;
use tower::ServiceExt as _;

use super::rfq::BODY;

const SECRET: &str = "an example of a secret, 32 bytes";

fn noon() -> chrono::DateTime<chrono::Utc> {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn layer() -> VerifyLayer {
    let verifier = Verifier::hmac(Secret::new(SECRET).unwrap()).build().unwrap();
    VerifyLayer::with(verifier, Budget::default(), ManualClock::at(noon()))
}

fn app() -> Router {
    let answerer = Answerer::new(|rfq: rfq_sdk::Rfq| async move {
        if rfq.product().slug() != "baratza-encore-esp" {
            return Ok(DeclineReason::NotCarried.into());
        }
        let offer = Offer::builder("169.99".parse()?, "https://shop.example/".parse()?);
        // Remembered by the machine's clock, so it must not have expired by that.
        Ok(offer.build(rfq_sdk::Clock::now(&rfq_sdk::SystemClock))?.into())
    });
    router_with(layer(), answerer)
}

fn signed(body: &str) -> http::request::Builder {
    let headers = Signer::hmac(&Secret::new(SECRET).unwrap()).sign(body.as_bytes(), noon());
    headers
        .iter()
        .fold(Request::post(MESSAGE_SEND), |request, (name, value)| request.header(name, value))
}

async fn ask(request: Request<Body>) -> (StatusCode, String) {
    shown(app().oneshot(request).await.unwrap()).await
}

async fn shown(response: Response<Body>) -> (StatusCode, String) {
    let status = response.status();
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_genuine_rfq_gets_a_bare_offer() {
    let (status, body) = ask(signed(BODY).body(BODY.into()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        body.starts_with(r#"{"price_usd":169.99,"in_stock":true,"offer_expires_at":""#),
        "{body}"
    );
}

#[tokio::test]
async fn a_product_not_carried_is_the_documented_decline() {
    let body = BODY.replace("baratza-encore-esp", "other");
    let (status, answer) = ask(signed(&body).body(body.into()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert_snapshot!(answer, @r#"{"in_stock":false,"price_usd":0,"claim_url":"","offer_expires_at":""}"#);
}

#[tokio::test]
async fn what_is_no_rfq_is_400_with_the_reason() {
    for (body, reason) in [
        ("{", r#"{"error":"not_json","detail":"not JSON at line 1, column 1"}"#),
        ("[]", r#"{"error":"invalid_field","detail":"the body: expected an object"}"#),
    ] {
        let answer = ask(signed(body).body(body.into()).unwrap()).await;
        assert_eq!(answer, (StatusCode::BAD_REQUEST, reason.to_owned()));
    }
}

#[tokio::test]
async fn every_refusal_is_the_same_401() {
    let mut answers = Vec::new();
    let good = || signed(BODY).body(Body::from(BODY)).unwrap();
    let mut missing = good();
    missing.headers_mut().clear();
    let mut changed = good();
    *changed.body_mut() = Body::from(BODY.replace("CA-US", "NY-US"));
    let mut stale = good();
    stale.headers_mut().insert("x-productindex-timestamp", "1780314000".parse().unwrap());
    let mut malformed = good();
    malformed.headers_mut().insert("x-productindex-signature", "zz".parse().unwrap());
    let mut twice = good();
    twice.headers_mut().append("x-productindex-timestamp", "1780315200".parse().unwrap());
    for request in [missing, changed, stale, malformed, twice] {
        let response = app().oneshot(request).await.unwrap();
        let headers = format!("{:?}", response.headers());
        answers.push((headers, shown(response).await));
    }
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:#?}");
    assert_snapshot!(format!("{:?}", answers[0]), @r#"("{\"content-type\": \"application/json\", \"connection\": \"close\", \"www-authenticate\": \"ProductIndex-HMAC-SHA256\", \"content-length\": \"24\"}", (401, "{\"error\":\"unauthorized\"}"))"#);
}

#[tokio::test]
async fn a_refusal_knows_its_reason() {
    let reason = async |request: Request<Body>| {
        layer().verify(request).await.map(|_| ()).unwrap_err().reason()
    };
    let with = |header: &'static str, value: &str| {
        let mut request = signed(BODY).body(Body::from(BODY)).unwrap();
        request.headers_mut().insert(header, value.parse().unwrap());
        request
    };
    let unsigned = Request::post(MESSAGE_SEND).body(Body::from(BODY)).unwrap();
    assert_eq!(reason(unsigned).await, RefusedReason::NoCredentials);
    for (header, value, expected) in [
        ("x-productindex-signature", "zz", RefusedReason::MalformedCredentials),
        ("x-productindex-timestamp", "noon", RefusedReason::MalformedCredentials),
        ("x-productindex-timestamp", "1780314899", RefusedReason::OutsideWindow),
        ("x-productindex-timestamp", "1780315501", RefusedReason::OutsideWindow),
        ("x-productindex-timestamp", "1780315201", RefusedReason::WrongCredentials),
    ] {
        assert_eq!(reason(with(header, value)).await, expected, "{value}");
    }
    let mut twice = signed(BODY).body(Body::from(BODY)).unwrap();
    twice.headers_mut().append("x-productindex-timestamp", "1780315200".parse().unwrap());
    assert_eq!(reason(twice).await, RefusedReason::MalformedCredentials);
    let large = signed(BODY).body(Body::from(" ".repeat(64 * 1024 + 1))).unwrap();
    assert_eq!(reason(large).await, RefusedReason::BodyTooLarge);
    let broken =
        signed(BODY).body(Body::new(Chunks { chunks: vec![], then: Then::Break })).unwrap();
    assert_eq!(reason(broken).await, RefusedReason::BodyIncomplete);
}

#[tokio::test]
async fn other_methods_are_405() {
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let request =
            Request::builder().method(method).uri(MESSAGE_SEND).body(Body::empty()).unwrap();
        assert_eq!(ask(request).await.0, StatusCode::METHOD_NOT_ALLOWED);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_whether_or_not_it_says_so() {
    let body = " ".repeat(64 * 1024 + 1);
    let sized = signed(&body).body(Body::from(body.clone())).unwrap();
    assert_eq!(ask(sized).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    let chunks = body.as_bytes().chunks(1000).map(Bytes::copy_from_slice).collect();
    let chunked = signed(&body).body(Body::new(Chunks { chunks, then: Then::End })).unwrap();
    assert_eq!(ask(chunked).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_body_in_pieces_is_put_together() {
    let chunks = BODY.as_bytes().chunks(7).map(Bytes::copy_from_slice).collect();
    let request = signed(BODY).body(Body::new(Chunks { chunks, then: Then::End })).unwrap();
    assert_eq!(ask(request).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_400() {
    let request =
        signed(BODY).body(Body::new(Chunks { chunks: vec![], then: Then::Break })).unwrap();
    let answer = ask(request).await;
    assert_eq!(answer, (StatusCode::BAD_REQUEST, r#"{"error":"body_incomplete"}"#.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_is_408_at_the_budget_from_the_first_byte() {
    let stalled = Body::new(Chunks { chunks: vec![], then: Then::Stall });
    let mut request = signed(BODY).body(stalled).unwrap();
    let start = Instant::now();
    let first_byte = start.checked_sub(Duration::from_secs(1)).unwrap();
    request.extensions_mut().insert(ReceivedAt(first_byte));
    assert_eq!(ask(request).await.0, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(start.elapsed().as_millis() / 10, 250, "3.5 s less the second before");
}

#[tokio::test]
async fn nothing_of_the_body_is_read_when_the_headers_are_wrong() {
    let polls = Arc::new(AtomicUsize::new(0));
    let body = Body::new(Chunks { chunks: vec![], then: Then::Count(Arc::clone(&polls)) });
    let request = Request::post(MESSAGE_SEND).body(body).unwrap();
    let refused = app().oneshot(request).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(refused.extensions().get(), Some(&RefusedReason::NoCredentials));
    assert_eq!(polls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn extensions_that_were_there_stay_there() {
    #[derive(Clone)]
    struct PeerAddress(&'static str);
    async fn handler(request: axum::extract::Request) -> String {
        let body = request.extensions().get::<VerifiedBody>().unwrap();
        let peer = request.extensions().get::<PeerAddress>().unwrap();
        format!("{} {}", peer.0, body.verified().caller())
    }
    let app = Router::new().route(MESSAGE_SEND, post(handler).layer(layer()));
    let mut request = signed(BODY).body(Body::from(BODY)).unwrap();
    request.extensions_mut().insert(PeerAddress("peer"));
    assert_eq!(shown(app.oneshot(request).await.unwrap()).await.1, "peer marketplace");
}

#[tokio::test]
async fn without_the_layer_nothing_is_answered() {
    let app = Router::new().route(MESSAGE_SEND, post(|_: RfqRequest| async { "answered" }));
    let request = signed(BODY).body(Body::from(BODY)).unwrap();
    let answer = shown(app.oneshot(request).await.unwrap()).await;
    assert_eq!(answer, (StatusCode::INTERNAL_SERVER_ERROR, r#"{"error":"internal"}"#.to_owned()));
}

/// A body in pieces.
struct Chunks {
    chunks: Vec<Bytes>,
    then: Then,
}

enum Then {
    End,
    Break,
    Stall,
    Count(Arc<AtomicUsize>),
}

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if !self.chunks.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(self.chunks.remove(0)))));
        }
        match &self.then {
            Then::End => Poll::Ready(None),
            Then::Break => Poll::Ready(Some(Err("connection reset".into()))),
            Then::Stall => Poll::Pending,
            Then::Count(polls) => {
                polls.fetch_add(1, Ordering::SeqCst);
                Poll::Ready(None)
            }
        }
    }
}

#[tokio::test]
async fn the_layer_serves_any_tower_service() {
    let service = tower::service_fn(|request: Request<http_body_util::Full<Bytes>>| async move {
        let caller =
            request.extensions().get::<VerifiedBody>().unwrap().verified().caller().clone();
        Ok::<_, Infallible>(Response::new(http_body_util::Full::<Bytes>::from(caller.to_string())))
    });
    let service = tower::Layer::layer(&layer(), service);
    let request = signed(BODY).body(http_body_util::Full::<Bytes>::from(BODY)).unwrap();
    assert_eq!(service.oneshot(request).await.unwrap().status(), StatusCode::OK);
}
