//! The agent card, the page of an offer, health.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, Method, Request, StatusCode};
use rfq_agent_card::{ForeignCard, RESPOND_TO_RFQ};
use rfq_sdk::ManualClock;
use serde_json::json;
use tower::ServiceExt as _;

use super::asking::{agent, body, noon, signed};

async fn call(app: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let response = app.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = to_bytes(response.into_body(), 100_000).await.unwrap();
    (status, headers, String::from_utf8(body.to_vec()).unwrap())
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(noon()))
}

#[tokio::test]
async fn the_card_is_at_both_paths_and_can_be_revalidated() {
    let app = agent(&clock());
    for path in ["/.well-known/agent.json", "/.well-known/agent-card.json"] {
        let (status, headers, body) = call(&app, get(path)).await;
        assert_eq!(
            (status, &headers["content-type"]),
            (StatusCode::OK, &"application/json".parse().unwrap())
        );
        assert!(ForeignCard::from_slice(body.as_bytes()).unwrap().declares(RESPOND_TO_RFQ));
        let mut again = get(path);
        again.headers_mut().insert("if-none-match", headers["etag"].clone());
        let (status, _, body) = call(&app, again).await;
        assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    }
}

#[tokio::test]
async fn the_page_of_an_offer_explains_it() {
    let clock = clock();
    let app = agent(&clock);
    let asked = body("rfq-1", "coffee-grinders/baratza-encore-esp", 5, json!("CA-US"), json!(null));
    let (_, _, answer) = call(&app, signed(&asked)).await;
    let offer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let link = offer["claim_url"].as_str().unwrap().strip_prefix("https://shop.example").unwrap();

    let (status, headers, page) = call(&app, get(link)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["referrer-policy"], "no-referrer");
    for text in
        ["Baratza Encore ESP", "$849.95", "$949.95", "CA-US", "free", "2 June 2026, 11:55 UTC"]
    {
        assert!(page.contains(text), "{text} is on the page:\n{page}");
    }
    let head = Request::builder().method(Method::HEAD).uri(link).body(Body::empty()).unwrap();
    assert_eq!(call(&app, head).await.0, StatusCode::OK);
    let post = Request::post(link).body(Body::empty()).unwrap();
    assert_eq!(call(&app, post).await.0, StatusCode::METHOD_NOT_ALLOWED);

    clock.advance(Duration::from_hours(24));
    let (status, _, page) = call(&app, get(link)).await;
    assert_eq!(status, StatusCode::GONE);
    assert!(page.contains("This offer ended on 2 June 2026, 11:55 UTC"), "{page}");
}

#[tokio::test]
async fn a_link_without_an_offer_says_so() {
    let app = agent(&clock());
    for (path, expected, text) in [
        ("/cart", StatusCode::BAD_REQUEST, "names no offer"),
        ("/cart?offer=", StatusCode::BAD_REQUEST, "names no offer"),
        ("/cart?offer=%3Cscript%3E", StatusCode::BAD_REQUEST, "names no offer"),
        ("/cart?offer=0b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c12", StatusCode::NOT_FOUND, "do not know"),
    ] {
        let (status, headers, page) = call(&app, get(path)).await;
        assert_eq!(status, expected, "{path}");
        assert_eq!(headers["cache-control"], "no-store");
        assert!(page.contains(text) && !page.contains("script"), "{page}");
    }
}

#[tokio::test]
async fn health_is_told_and_other_paths_are_not_there() {
    let app = agent(&clock());
    let (status, _, body) = call(&app, get("/healthz")).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, r#"{"status":"ok","products":41}"#));
    assert_eq!(call(&app, get("/")).await.0, StatusCode::NOT_FOUND);
}
