//! What `/metrics` tells.

use std::time::Duration;

use axum::body::Body;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use insta::assert_snapshot;
use rfq_reference_agent::price_service::PriceService;
use rfq_reference_agent::telemetry::{describe, prometheus, upkeep};
use serde_json::{Value, json};

use super::asking::{Agent, body, call, get, signed};

const GRINDER: &str = "coffee-grinders/baratza-encore-esp";

async fn figures(agent: &Agent) -> String {
    let (status, headers, text) = call(&agent.admin, get("/metrics")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["content-type"], "text/plain; version=0.0.4");
    text
}

fn has(figures: &str, line: &str) -> bool {
    figures.lines().any(|found| found == line)
}

#[tokio::test]
async fn answers_are_counted_by_outcome_and_reason() {
    let agent = Agent::new();
    let before = figures(&agent).await;
    assert!(has(&before, r#"rfq_agent_answers_total{outcome="offer",reason=""} 0"#), "{before}");
    for asked in [
        body("rfq-1", GRINDER, 1, json!("CA-US"), json!(null)),
        body("rfq-1", GRINDER, 1, json!("CA-US"), json!(null)),
        body("rfq-1", GRINDER, 2, json!("CA-US"), json!(null)),
        body("rfq-2", "coffee-grinders/unknown", 1, json!("CA-US"), json!(null)),
        body("rfq-3", GRINDER, 26, json!("CA-US"), json!(null)),
        body("", GRINDER, 26, json!("CA-US"), json!(null)),
        r#"{"message":{}}"#.to_owned(),
    ] {
        call(&agent.public, signed(&asked)).await;
    }
    for (header, value) in [
        ("x-productindex-signature", None),
        ("x-productindex-signature", Some("zz".to_owned())),
        ("x-productindex-signature", Some("0".repeat(64))),
        ("x-productindex-signature", Some("f".repeat(64))),
        // 301 s before noon.
        ("x-productindex-timestamp", Some("1780314899".to_owned())),
    ] {
        let mut request = signed(&body("rfq-4", GRINDER, 1, json!("CA-US"), json!(null)));
        request.headers_mut().remove(header);
        request.headers_mut().extend(value.map(|value| {
            (HeaderName::from_static(header), HeaderValue::from_str(&value).unwrap())
        }));
        assert_eq!(call(&agent.public, request).await.0, StatusCode::UNAUTHORIZED);
    }
    call(&agent.public, signed(&"x".repeat(70_000))).await;
    let after = figures(&agent).await;
    for line in [
        r#"rfq_agent_answers_total{outcome="offer",reason=""} 2"#,
        r#"rfq_agent_answers_total{outcome="refused",reason="rfq_id_reused"} 1"#,
        r#"rfq_agent_answers_total{outcome="decline",reason="not_carried"} 1"#,
        r#"rfq_agent_answers_total{outcome="decline",reason="out_of_stock"} 1"#,
        r#"rfq_agent_answers_total{outcome="refused",reason="not_an_rfq"} 2"#,
        r#"rfq_agent_answers_total{outcome="refused",reason="no_credentials"} 1"#,
        r#"rfq_agent_answers_total{outcome="refused",reason="malformed_credentials"} 1"#,
        r#"rfq_agent_answers_total{outcome="refused",reason="wrong_credentials"} 2"#,
        r#"rfq_agent_answers_total{outcome="refused",reason="outside_window"} 1"#,
        r#"rfq_agent_answers_total{outcome="refused",reason="clock_unset"} 0"#,
        r#"rfq_agent_answers_total{outcome="refused",reason="body_too_large"} 1"#,
        r#"rfq_agent_answers_total{outcome="refused",reason="body_too_slow"} 0"#,
        r#"rfq_agent_answers_total{outcome="refused",reason="body_incomplete"} 0"#,
        "rfq_agent_answer_seconds_count 4",
        r#"rfq_agent_answer_seconds_bucket{le="4"} 4"#,
    ] {
        assert!(has(&after, line), "{line} is among the figures:\n{after}");
    }
}

#[tokio::test]
async fn claims_are_counted_by_outcome() {
    let agent = Agent::new();
    let asked = body("rfq-1", GRINDER, 1, json!("CA-US"), json!(null));
    let (_, _, answer) = call(&agent.public, signed(&asked)).await;
    let offer: Value = serde_json::from_str(&answer).unwrap();
    let id = offer["offer_id"].as_str().unwrap();
    let claim = |id: &str| {
        let form =
            Request::post("/cart").header("content-type", "application/x-www-form-urlencoded");
        form.body(Body::from(format!("offer={id}"))).unwrap()
    };
    call(&agent.public, get(&format!("/cart?offer={id}"))).await;
    call(&agent.public, claim(id)).await;
    call(&agent.public, claim(id)).await;
    call(&agent.public, claim("0b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c12")).await;
    agent.clock.advance(Duration::from_hours(24));
    call(&agent.public, claim(id)).await;
    agent.break_ledger();
    call(&agent.public, claim(id)).await;
    let figures = figures(&agent).await;
    for (outcome, count) in [
        ("held", 1),
        ("already_held", 1),
        ("unknown", 1),
        ("expired", 1),
        ("failed", 1),
        ("sold", 0),
        ("out_of_stock", 0),
        ("not_sold", 0),
        ("too_many_holds", 0),
    ] {
        let line = format!(r#"rfq_agent_claims_total{{outcome="{outcome}"}} {count}"#);
        assert!(has(&figures, &line), "{line} is among the figures:\n{figures}");
    }
}

#[tokio::test]
async fn what_one_alarms_on_is_there_from_the_start() {
    let recorder = prometheus().unwrap().build_recorder();
    metrics::with_local_recorder(&recorder, || {
        describe();
        let config = json!({ "url": "http://127.0.0.1:9/price" });
        PriceService::new(serde_json::from_value(config).unwrap()).unwrap();
    });
    let text = recorder.handle().render();
    let figures = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut figures: Vec<&str> = figures.collect();
    figures.sort_unstable();
    assert_snapshot!(figures.join("\n"), @r#"
    rfq_agent_feed_loads_total{outcome="failed"} 0
    rfq_agent_feed_loads_total{outcome="served"} 0
    rfq_agent_ledger_commits_total 0
    rfq_agent_ledger_errors_total 0
    rfq_agent_ledger_notes_dropped_total 0
    rfq_agent_price_service_calls_total{outcome="answered"} 0
    rfq_agent_price_service_calls_total{outcome="bad_answer"} 0
    rfq_agent_price_service_calls_total{outcome="broke_off"} 0
    rfq_agent_price_service_calls_total{outcome="busy"} 0
    rfq_agent_price_service_calls_total{outcome="cached"} 0
    rfq_agent_price_service_calls_total{outcome="connect"} 0
    rfq_agent_price_service_calls_total{outcome="ended"} 0
    rfq_agent_price_service_calls_total{outcome="not_sold"} 0
    rfq_agent_price_service_calls_total{outcome="resting"} 0
    rfq_agent_price_service_calls_total{outcome="status"} 0
    rfq_agent_price_service_calls_total{outcome="timeout"} 0
    "#);
}

#[test]
fn every_figure_says_what_it_means() {
    let recorder = prometheus().unwrap().build_recorder();
    metrics::with_local_recorder(&recorder, || {
        describe();
        for name in [
            "answers",
            "feed_loads",
            "claims",
            "ledger_commits",
            "ledger_errors",
            "ledger_notes_dropped",
            "price_service_calls",
        ] {
            metrics::counter!(format!("rfq_agent_{name}_total")).increment(1);
        }
        for name in [
            "feed_products",
            "feed_rejected_rows",
            "feed_unmapped_rows",
            "feed_loaded_timestamp_seconds",
        ] {
            metrics::gauge!(format!("rfq_agent_{name}")).set(1.0);
        }
        for name in [
            "answer_seconds",
            "ledger_commit_seconds",
            "ledger_batch_size",
            "price_service_seconds",
        ] {
            metrics::histogram!(format!("rfq_agent_{name}")).record(1.0);
        }
    });
    let text = recorder.handle().render();
    assert_eq!(text.matches("# TYPE rfq_agent_").count(), 15, "{text}");
    assert_eq!(text.matches("# HELP rfq_agent_").count(), 15, "{text}");
    assert_eq!(text.matches(" histogram\n").count(), 4, "none is a summary:\n{text}");
    for bound in ["0.001", "4", "+Inf"] {
        assert!(
            text.contains(&format!("rfq_agent_ledger_commit_seconds_bucket{{le=\"{bound}\"}}")),
            "{text}"
        );
    }
    assert!(text.contains("rfq_agent_ledger_batch_size_bucket{le=\"1024\"} 1"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn upkeep_sums_up_while_nobody_asks() {
    let recorder = prometheus().unwrap().build_recorder();
    let upkeep = tokio::spawn(upkeep(recorder.handle()));
    metrics::with_local_recorder(&recorder, || {
        metrics::histogram!("rfq_agent_answer_seconds").record(0.5);
    });
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(!upkeep.is_finished());
    assert!(recorder.handle().render().contains("rfq_agent_answer_seconds_count 1"));
    upkeep.abort();
}
