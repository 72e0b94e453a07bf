//! `POST /message:send` through the whole router.

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use insta::assert_snapshot;
use rfq_reference_agent::ledger::StoredOutcome;
use serde_json::json;

use super::asking::{Agent, body, call, signed};

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
