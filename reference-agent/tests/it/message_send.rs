//! `POST /message:send` through the whole router.

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use insta::assert_snapshot;
use rfq_reference_agent::ledger::StoredOutcome;
use serde_json::json;
use tracing_subscriber::filter::LevelFilter;

use super::asking::{Agent, body, call, signed};
use super::log::Log;

const GRINDER: &str = "coffee-grinders/baratza-encore-esp";

async fn ask(request: Request<Body>) -> (StatusCode, String) {
    let agent = Agent::new();
    // A second on the wire.
    agent.clock.advance(Duration::from_secs(1));
    let (status, _, body) = call(&agent.public, request).await;
    (status, body)
}

#[tokio::test]
async fn the_grinder_is_offered() {
    let asked = body("rfq-1", GRINDER, 5, json!("CA-US"), json!(null));
    let (status, answer) = ask(signed(&asked)).await;
    assert_eq!(status, StatusCode::OK);
    let (_, id) = answer.split_once(r#""offer_id":""#).unwrap();
    let answer = answer.replace(&id[..36], "ID");
    assert_snapshot!(answer, @r#"{"price_usd":849.95,"list_price_usd":949.95,"in_stock":true,"estimated_shipping_days":4,"shipping_cost_usd":0,"offer_id":"ID","offer_expires_at":"2026-06-02T11:55:01Z","claim_url":"https://shop.example/cart?offer=ID","terms":"Excl. sales tax and duty."}"#);
}

#[tokio::test]
async fn what_cannot_be_sold_is_declined() {
    let decline = r#"{"in_stock":false,"price_usd":0,"claim_url":"","offer_expires_at":""}"#;
    for asked in [
        body("rfq-1", "coffee-grinders/unknown", 1, json!("CA-US"), json!(null)),
        body("rfq-1", GRINDER, 26, json!("CA-US"), json!(null)),
        body("rfq-1", GRINDER, 1, json!("BY-DE"), json!(null)),
        body("rfq-1", GRINDER, 1, json!("CA-US"), json!("2026-05-31T12:00:00Z")),
    ] {
        assert_eq!(ask(signed(&asked)).await, (StatusCode::OK, decline.to_owned()), "{asked}");
    }
}

#[tokio::test]
async fn every_decline_is_noted_also_that_of_a_store_that_fails() {
    let agent = Agent::new();
    for (id, quantity) in [("offered", 1), ("declined", 26)] {
        let asked = body(id, GRINDER, quantity, json!("CA-US"), json!(null));
        call(&agent.public, signed(&asked)).await;
    }
    let declined = |reason: &str| StoredOutcome::Decline { reason: reason.to_owned() };
    // Notes are written some time; what waits for its turn is behind them.
    call(&agent.public, signed(&body("last", GRINDER, 1, json!("CA-US"), json!(null)))).await;
    assert_eq!(agent.answers("declined"), [declined("out_of_stock")]);
    assert!(matches!(*agent.answers("offered"), [StoredOutcome::Offer(_)]));

    agent.break_table("offers");
    call(&agent.public, signed(&body("failed", GRINDER, 1, json!("CA-US"), json!(null)))).await;
    agent.mend_table("offers");
    call(&agent.public, signed(&body("mended", GRINDER, 1, json!("CA-US"), json!(null)))).await;
    assert_eq!(agent.answers("failed"), [declined("failed")]);
}

#[tokio::test]
async fn genuine_a2a_bodies_get_a_clear_error() {
    let v03 =
        r#"{"jsonrpc":"2.0","id":7,"method":"message/send","params":{"message":{"parts":[]}}}"#;
    let v10 = r#"{"jsonrpc":"2.0","id":"a","method":"SendMessage","params":{"message":{}}}"#;
    let http = r#"{"message":{"role":"ROLE_USER","parts":[{"text":"hello"}]}}"#;
    for body in [v03, v10, http] {
        assert_eq!(ask(signed(body)).await.0, StatusCode::BAD_REQUEST, "{body}");
    }
    assert_snapshot!(ask(signed(v03)).await.1, @r#"{"error":{"code":-32004,"data":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"a2a-protocol.org","reason":"UNSUPPORTED_OPERATION"}],"message":"This agent answers requests for quotes only: JSON-RPC method message/send with params.message.metadata.skill respond-to-rfq. A2A is off."},"id":7,"jsonrpc":"2.0"}"#);
    assert_snapshot!(ask(signed(http)).await.1, @r#"{"error":{"code":400,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"a2a-protocol.org","reason":"UNSUPPORTED_OPERATION"}],"message":"This agent answers requests for quotes only: JSON-RPC method message/send with params.message.metadata.skill respond-to-rfq. A2A is off.","status":"UNIMPLEMENTED"}}"#);
}

#[tokio::test]
async fn an_a2a_body_is_authenticated_before_it_is_looked_at() {
    let mut request: Request<Body> = signed(r#"{"message":{}}"#);
    request.headers_mut().remove("x-productindex-signature");
    assert_eq!(ask(request).await.0, StatusCode::UNAUTHORIZED);
}

/// With this instead of the header's value, or without the header.
fn with_header(header: &'static str, value: Option<&str>) -> Request<Body> {
    let mut request = signed(&body("rfq-1", GRINDER, 1, json!("CA-US"), json!(null)));
    request.headers_mut().remove(header);
    if let Some(value) = value {
        request.headers_mut().insert(header, value.parse().unwrap());
    }
    request
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_know_the_secret_cannot_fill_the_log() {
    let agent = Agent::new();
    let log = Log::default();
    let _log = log.keep(LevelFilter::INFO);
    let wrong = "0".repeat(64);
    for _ in 0..100 {
        for request in [
            with_header("x-productindex-signature", None),
            with_header("x-productindex-signature", Some("zz")),
            with_header("x-productindex-signature", Some(&wrong)),
            with_header("x-productindex-timestamp", Some("1780314899")),
            signed(&"x".repeat(70_000)),
        ] {
            call(&agent.public, request).await;
        }
    }
    assert_snapshot!(log.text(), @r#"
    INFO Refused a request that is not authenticated reason="no_credentials" error=an authentication header is missing
    WARN Refused a request that is not authenticated reason="malformed_credentials" error=the signature is not 64 hex digits
    WARN Refused a request that is not authenticated reason="wrong_credentials" error=the signature or token matches no configured secret
    WARN Refused a request that is not authenticated reason="outside_window" error=signed 301000 ms ago, outside the window; compare the clocks
    WARN Refused a request whose body did not come as it should reason="body_too_large" error=the body is larger than the limit
    "#);
    tokio::time::advance(Duration::from_secs(10)).await;
    call(&agent.public, with_header("x-productindex-signature", Some(&wrong))).await;
    let text = log.text();
    assert_snapshot!(text.lines().last().unwrap(), @r#" WARN Refused a request that is not authenticated reason="wrong_credentials" error=the signature or token matches no configured secret not_logged=99"#);
}

#[tokio::test(start_paused = true)]
async fn requests_without_credentials_are_no_warning() {
    let agent = Agent::new();
    let log = Log::default();
    let _log = log.keep(LevelFilter::INFO);
    for _ in 0..2 {
        call(&agent.public, with_header("x-productindex-signature", None)).await;
    }
    assert_snapshot!(log.text(), @r#" INFO Refused a request that is not authenticated reason="no_credentials" error=an authentication header is missing"#);
}

#[tokio::test]
async fn what_is_no_rfq_is_logged_with_the_ids_it_bears() {
    let agent = Agent::new();
    let log = Log::default();
    let _log = log.keep(LevelFilter::WARN);
    let wrong_quantity = body("rfq-1", GRINDER, 0, json!("CA-US"), json!(null));
    let foreign_skill = wrong_quantity.replace("respond-to-rfq", "other");
    let a2a = r#"{"message":{"messageId":"m-1","role":"ROLE_USER","parts":[{"text":"hello"}]}}"#;
    let no_id = r#"{"jsonrpc":"2.0","id":{},"method":"message/send","params":[]}"#;
    for asked in [&wrong_quantity, &foreign_skill, a2a, no_id, "{"] {
        call(&agent.public, signed(asked)).await;
    }
    assert_snapshot!(log.text(), @r#"
    WARN Refused a genuine request that is no RFQ rfq_id=rfq-1 message_id=rfq-1 call_id=rfq-1 reason="invalid_field" error=params.message.metadata.quantity: expected an integer from 1 to 1000000
    WARN Refused a genuine request that is A2A, not a request for a quote rfq_id=rfq-1 message_id=rfq-1 call_id=rfq-1
    WARN Refused a genuine request that is A2A, not a request for a quote message_id=m-1
    WARN Refused a genuine request that is no RFQ reason="invalid_field" error=params: expected an object
    WARN Refused a genuine request that is no RFQ reason="not_json" error=not JSON at line 1, column 1
    "#);
}
