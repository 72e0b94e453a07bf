//! The agent card and health.

use http::StatusCode;
use rfq_agent_card::{ForeignCard, RESPOND_TO_RFQ};

use super::asking::{Agent, call, get};

#[tokio::test]
async fn the_card_is_at_both_paths_and_can_be_revalidated() {
    let app = Agent::new().public;
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
async fn health_is_told_and_other_paths_are_not_there() {
    let agent = Agent::new();
    let app = &agent.public;
    let (status, _, body) = call(app, get("/healthz")).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, r#"{"products":41,"status":"ok"}"#));
    assert_eq!(call(app, get("/")).await.0, StatusCode::NOT_FOUND);
}
