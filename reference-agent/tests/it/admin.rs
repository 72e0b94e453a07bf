//! The admin address: orders, figures, and who may not reach them.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use insta::assert_snapshot;
use rfq_reference_agent::catalogue::Catalogue;
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;

use super::asking::{Agent, body, call, get, signed};
use super::log::Log;

const UNKNOWN: &str = "0b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c12";

/// The id of an offer for five grinders.
async fn offer(agent: &Agent) -> String {
    let asked = body("rfq-1", "coffee-grinders/baratza-encore-esp", 5, json!("CA-US"), json!(null));
    let (_, _, answer) = call(&agent.public, signed(&asked)).await;
    let offer: Value = serde_json::from_str(&answer).unwrap();
    offer["offer_id"].as_str().unwrap().to_owned()
}

async fn ask(agent: &Agent, method: Method, path: &str) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:8788");
    let (status, headers, body) = call(&agent.admin, request.body(Body::empty()).unwrap()).await;
    assert_eq!(headers["content-type"], "application/json");
    (status, body)
}

#[tokio::test]
async fn an_order_marks_its_offer_sold_once() {
    let agent = Agent::new();
    let id = offer(&agent).await;
    let path = format!("/orders/{id}");
    agent.clock.advance(Duration::from_millis(90_500));
    let sold = |status: &str| {
        let body = format!(
            r#"{{"beyond_stock":false,"offer_id":"{id}","sold_at":"2026-06-01T12:01:30Z","status":"{status}"}}"#
        );
        (StatusCode::OK, body)
    };
    assert_eq!(ask(&agent, Method::POST, &path).await, sold("sold"));
    agent.clock.advance(Duration::from_mins(5));
    assert_eq!(ask(&agent, Method::POST, &path).await, sold("already_sold"));
}

#[tokio::test]
async fn a_sale_of_more_than_there_is_says_so() {
    let log = Log::default();
    let _kept = log.keep(LevelFilter::INFO);
    // The sample has 25 of them.
    let agent = Agent::new();
    let mut ids = Vec::new();
    for rfq_id in ["rfq-1", "rfq-2", "rfq-3"] {
        let asked =
            body(rfq_id, "coffee-grinders/baratza-encore-esp", 10, json!(null), json!(null));
        let (_, _, answer) = call(&agent.public, signed(&asked)).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        ids.extend(answer["offer_id"].as_str().map(str::to_owned));
    }
    let mut told = Vec::new();
    for id in &ids {
        let (_, answer) = ask(&agent, Method::POST, &format!("/orders/{id}")).await;
        told.push(serde_json::from_str::<Value>(&answer).unwrap()["beyond_stock"].clone());
    }
    assert_eq!(told, [json!(false), json!(false), json!(true)]);
    let warned: Vec<String> =
        log.text().lines().filter(|line| line.contains("WARN")).map(str::to_owned).collect();
    assert_eq!(warned.len(), 1, "{warned:?}");
    let [first, .., last] = &ids[..] else { panic!("three offers") };
    let line = format!("more is sold and claimed now than there is rfq_id=rfq-3 offer_id={last}");
    assert!(warned[0].contains(&line), "{warned:?}");

    // Claimed and sold are told apart.
    let asked = body("rfq-4", "coffee-grinders/baratza-encore-esp", 1, json!(null), json!(null));
    call(&agent.public, signed(&asked)).await;
    let text = log.text();
    let declined = text.lines().find(|line| line.contains("Too few units")).unwrap();
    assert!(declined.contains("on_hand=25 held=0 sold=30"), "{declined}");

    agent.catalogue.replace(Catalogue::default());
    let (_, answer) = ask(&agent, Method::POST, &format!("/orders/{first}")).await;
    assert!(answer.contains(r#""beyond_stock":null"#), "nobody knows: {answer}");
}

#[tokio::test]
async fn an_order_tells_a_checkout_what_was_offered() {
    let agent = Agent::new();
    let id = offer(&agent).await;
    let (status, body) = ask(&agent, Method::GET, &format!("/orders/{id}")).await;
    assert_eq!(status, StatusCode::OK);
    assert_snapshot!(body.replace(&id, "ID"), @r#"{"expires_at":"2026-06-02T11:55:00Z","held_until":null,"made_at":"2026-06-01T12:00:00Z","offer_id":"ID","price_usd":849.95,"product":"coffee-grinders/baratza-encore-esp","quantity":5,"region":"CA-US","requestor":null,"rfq_id":"rfq-1","shipping_cost_usd":0,"sku":"CG-1001","sold_at":null,"status":"open","terms":"Excl. sales tax and duty.","total_usd":849.95}"#);
}

#[tokio::test]
async fn an_order_that_cannot_be_says_why() {
    let agent = Agent::new();
    let id = offer(&agent).await;
    for method in [Method::GET, Method::POST] {
        let (status, body) = ask(&agent, method.clone(), &format!("/orders/{UNKNOWN}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(
            body,
            r#"{"error":"unknown_offer","message":"no such offer was made, or it is older than the ledger keeps"}"#
        );
        let (status, body) = ask(&agent, method, "/orders/7").await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(
            body,
            r#"{"error":"not_an_offer_id","message":"expected /orders/ and the offer's id, a uuid such as 0b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c12"}"#
        );
    }
    agent.break_ledger();
    for method in [Method::GET, Method::POST] {
        let (status, body) = ask(&agent, method, &format!("/orders/{id}")).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (status, &body["error"]),
            (StatusCode::SERVICE_UNAVAILABLE, &json!("ledger_failed"))
        );
        let message = body["message"].as_str().unwrap();
        assert!(message.ends_with("; nothing was changed, please try again"), "{message}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_get_errors_of_the_same_shape() {
    let agent = Agent::new();
    let (status, body) = ask(&agent, Method::GET, "/").await;
    assert_eq!(
        (status, body.as_str()),
        (
            StatusCode::NOT_FOUND,
            r#"{"error":"not_found","message":"expected /orders/{offer_id}, /metrics or /healthz"}"#
        )
    );
    let put = Request::put(format!("/orders/{UNKNOWN}")).body(Body::empty()).unwrap();
    let (status, headers, body) = call(&agent.admin, put).await;
    assert_eq!(
        (status, body.as_str()),
        (
            StatusCode::METHOD_NOT_ALLOWED,
            r#"{"error":"method_not_allowed","message":"expected one of the methods in the header Allow"}"#
        )
    );
    assert_eq!(headers["allow"], "GET,HEAD,POST");
    let (status, body) = ask(&agent, Method::GET, "/healthz").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, r#"{"products":41,"status":"ok"}"#));
}

#[tokio::test]
async fn health_tells_when_the_ledger_cannot_be_used_and_when_it_can_again() {
    const OK: (StatusCode, &str) = (StatusCode::OK, r#"{"products":41,"status":"ok"}"#);
    let agent = Agent::new();
    offer(&agent).await;
    // Offers cannot be kept, while all can be read.
    let other = agent.database();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (status, told) = ask(&agent, Method::GET, "/healthz").await;
    assert_eq!((status, told.as_str()), OK, "nothing is written to look, and nobody has noticed");
    let asked = body("rfq-2", "coffee-grinders/baratza-encore-esp", 1, json!(null), json!(null));
    call(&agent.public, signed(&asked)).await;
    let (status, told) = ask(&agent, Method::GET, "/healthz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_snapshot!(told, @r#"{"products":41,"reason":"the ledger's file is locked by another program; end what writes to it","status":"failing"}"#);
    let (status, _, told) = call(&agent.public, get("/healthz")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(told, r#"{"products":41,"status":"failing"}"#, "reasons are the shop's own");
    other.execute_batch("ROLLBACK").unwrap();
    let (status, told) = ask(&agent, Method::GET, "/healthz").await;
    assert_eq!((status, told.as_str()), OK, "without an RFQ in between");

    agent.remove_ledger();
    let (status, body) = ask(&agent, Method::GET, "/healthz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("the ledger's file was replaced or removed"), "{body}");
}

#[tokio::test]
async fn the_public_routes_know_nothing_of_orders_or_figures() {
    let agent = Agent::new();
    let id = offer(&agent).await;
    for path in [format!("/orders/{id}"), "/metrics".to_owned()] {
        for method in [Method::GET, Method::POST] {
            let request = Request::builder().method(method).uri(&path).body(Body::empty()).unwrap();
            assert_eq!(call(&agent.public, request).await.0, StatusCode::NOT_FOUND);
        }
    }
}

#[tokio::test]
async fn web_pages_do_not_reach_it() {
    let agent = Agent::new();
    let id = offer(&agent).await;
    for origin in ["https://evil.example", "http://127.0.0.1:8788", "null", ""] {
        let request = Request::post(format!("/orders/{id}"))
            .header("host", "127.0.0.1:8788")
            .header("origin", origin);
        let (status, _, body) = call(&agent.admin, request.body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{origin}");
        assert_eq!(
            body,
            r#"{"error":"web_page","message":"requests of web pages are refused: expected no header Origin"}"#
        );
    }
    let (_, order) = ask(&agent, Method::GET, &format!("/orders/{id}")).await;
    assert!(order.contains(r#""status":"open""#), "{order}");
}

#[tokio::test]
async fn what_was_refused_is_logged_as_it_was_written() {
    let log = Log::default();
    let _kept = log.keep_json(LevelFilter::WARN);
    let agent = Agent::new();
    for (name, value) in [("origin", "http://evil.example"), ("host", "evil.example")] {
        let request = Request::get("/healthz").header(name, value).body(Body::empty()).unwrap();
        assert_eq!(call(&agent.admin, request).await.0, StatusCode::FORBIDDEN);
    }
    assert_snapshot!(log.text(), @r#"
    {"level":"WARN","message":"Refused an admin request of a web page","origin":"http://evil.example"}
    {"level":"WARN","message":"Refused an admin request to a host name that is not ours","host":"evil.example"}
    "#);
}

#[tokio::test]
async fn a_foreign_host_name_is_refused() {
    let agent = Agent::new();
    for (host, expected) in [
        ("127.0.0.1", StatusCode::OK),
        ("127.0.0.1:8788", StatusCode::OK),
        ("10.1.2.3:8788", StatusCode::OK),
        ("[::1]:8788", StatusCode::OK),
        ("localhost", StatusCode::OK),
        ("LocalHost:8788", StatusCode::OK),
        ("agent.internal:8788", StatusCode::OK),
        ("evil.example", StatusCode::FORBIDDEN),
        ("evil.example:8788", StatusCode::FORBIDDEN),
        ("localhost.evil.example", StatusCode::FORBIDDEN),
        ("127.0.0.1.evil.example", StatusCode::FORBIDDEN),
        ("127.0.0.1@evil.example", StatusCode::FORBIDDEN),
        ("agent.internal.", StatusCode::FORBIDDEN),
        ("", StatusCode::FORBIDDEN),
        ("a b", StatusCode::FORBIDDEN),
    ] {
        let mut request = get("/healthz");
        request.headers_mut().insert("host", host.parse().unwrap());
        assert_eq!(call(&agent.admin, request).await.0, expected, "{host:?}");
    }
    // A request without the header, as HTTP/1.0 allows, comes from no browser.
    assert_eq!(call(&agent.admin, get("/healthz")).await.0, StatusCode::OK);
    let absolute = get("http://evil.example/healthz");
    let (status, _, body) = call(&agent.admin, absolute).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_snapshot!(body, @r#"{"error":"unknown_host","message":"expected the header Host to be an IP address, localhost or a name in admin_hosts of the agent's configuration"}"#);
    let mut twice = get("/healthz");
    twice.headers_mut().append("host", "localhost".parse().unwrap());
    twice.headers_mut().append("host", "evil.example".parse().unwrap());
    assert_eq!(call(&agent.admin, twice).await.0, StatusCode::FORBIDDEN);
}
