//! What is kept, and what is asked once for many.

use std::time::Duration;

use insta::assert_snapshot;
use metrics_exporter_prometheus::PrometheusBuilder;
use rfq_reference_agent::ask::Ask;
use rfq_reference_agent::price_service::PriceServiceError;
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::{Reply, Shop, after, ask, asked, good, grinder, response, service};

/// The number of the call is the price.
fn numbered(call: usize) -> Reply {
    good(&format!(r#"{{"unit_price_usd":{}}}"#, call + 1))
}

#[tokio::test]
async fn an_answer_is_kept_for_its_time_for_who_asks_the_same() {
    let shop = Shop::start(numbered).await;
    let service = service(&shop.url(), json!({ "cache_seconds": 1 }));
    let first = asked(&service).await.unwrap();
    assert_eq!(asked(&service.clone()).await.unwrap(), first);
    assert_eq!(shop.calls(), 1);
    let product = grinder();
    let elsewhere = Ask { region: Some("NY-US".parse().unwrap()), ..ask(5) };
    let other = [
        service.ask(&product, &ask(6)).await.unwrap(),
        service.ask(&product, &elsewhere).await.unwrap(),
    ];
    assert!(!other.contains(&first), "another quantity, another region");
    assert_eq!(shop.calls(), 3);
    sleep(Duration::from_millis(1200)).await;
    assert_ne!(asked(&service).await.unwrap(), first);
    assert_eq!(shop.calls(), 4);
}

#[tokio::test]
async fn that_a_product_is_not_sold_is_kept_but_no_failure_is() {
    let shop = Shop::start(|call| match call {
        0 => response("503 Service Unavailable", "text/plain", ""),
        _ => response("404 Not Found", "text/plain", ""),
    })
    .await;
    let service = service(&shop.url(), json!({}));
    assert_eq!(asked(&service).await.unwrap_err(), PriceServiceError::Status { status: 503 });
    assert!(!asked(&service).await.unwrap().is_sold());
    assert!(!asked(&service).await.unwrap().is_sold());
    assert_eq!(shop.calls(), 2);
}

#[tokio::test]
async fn without_a_cache_each_asks_for_itself() {
    let shop = Shop::start(numbered).await;
    let service = service(&shop.url(), json!({ "cache_seconds": 0 }));
    assert_ne!(asked(&service).await.unwrap(), asked(&service).await.unwrap());
    assert_eq!(shop.calls(), 2);
}

#[tokio::test]
async fn no_more_answers_are_kept_than_are_allowed() {
    let shop = Shop::start(numbered).await;
    let service = service(&shop.url(), json!({ "cache_entries": 1, "cache_seconds": 60 }));
    let product = grinder();
    for _ in 0..2 {
        for quantity in 1..=150 {
            service.ask(&product, &ask(quantity)).await.unwrap();
        }
    }
    // What is too much is put out now and then, not at once.
    assert!(shop.calls() > 200, "{} calls of 300 questions", shop.calls());
}

#[tokio::test]
async fn of_many_at_once_one_asks_and_all_have_its_answer() {
    for cache_seconds in [0, 30] {
        let shop = Shop::start(|call| after(300, numbered(call))).await;
        let service = service(&shop.url(), json!({ "cache_seconds": cache_seconds }));
        let many = (0..50).map(|_| {
            let service = service.clone();
            tokio::spawn(async move { asked(&service).await.unwrap() })
        });
        let many: Vec<_> = many.collect();
        let mut prices = Vec::new();
        for one in many {
            prices.push(one.await.unwrap());
        }
        assert_eq!((shop.calls(), prices.len()), (1, 50));
        assert!(prices.iter().all(|price| *price == prices[0]));
    }
}

#[tokio::test]
async fn of_many_at_once_all_have_the_one_failure() {
    let shop =
        Shop::start(|_| after(300, response("500 Internal Server Error", "text/plain", ""))).await;
    let service = service(&shop.url(), json!({ "breaker_failures": 2 }));
    let (one, two) = tokio::join!(asked(&service), asked(&service));
    assert_eq!(one, Err(PriceServiceError::Status { status: 500 }));
    assert_eq!(one, two);
    assert_eq!(asked(&service).await.unwrap_err(), PriceServiceError::Status { status: 500 });
    assert_eq!(shop.calls(), 2, "the one failure counted once");
}

#[tokio::test]
async fn who_gives_up_takes_the_answer_from_nobody() {
    let shop = Shop::start(|call| after(1000, numbered(call))).await;
    let service = service(&shop.url(), json!({}));
    let patient = tokio::spawn({
        let service = service.clone();
        async move {
            sleep(Duration::from_millis(50)).await;
            asked(&service).await
        }
    });
    assert!(timeout(Duration::from_millis(150), asked(&service)).await.is_err());
    let price = patient.await.unwrap().unwrap();
    assert_eq!(asked(&service).await.unwrap(), price, "it is kept, too");
    assert_eq!(shop.calls(), 1);
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_is_kept_for_the_next() {
    let shop = Shop::start(|call| after(500, numbered(call))).await;
    let service = service(&shop.url(), json!({ "max_concurrent": 1 }));
    assert!(timeout(Duration::from_millis(50), asked(&service)).await.is_err());
    sleep(Duration::from_millis(1500)).await;
    assert!(timeout(Duration::from_millis(50), asked(&service)).await.unwrap().is_ok());
    assert_eq!(shop.calls(), 1);
    assert!(service.ask(&grinder(), &ask(6)).await.is_ok(), "its room is free again");
}

#[test]
fn calls_are_counted_by_what_became_of_them() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let shop = Shop::start(|call| match call {
                0 => numbered(call),
                1 => response("404 Not Found", "text/plain", ""),
                2 => good("{}"),
                _ => response("503 Service Unavailable", "text/plain", ""),
            })
            .await;
            let service = service(&shop.url(), json!({ "breaker_failures": 1 }));
            for quantity in [1, 1, 2, 3, 4, 5] {
                let _ = service.ask(&grinder(), &ask(quantity)).await;
            }
        });
    });
    let metrics = recorder.handle().render();
    let calls = metrics.lines().filter(|line| {
        line.starts_with("rfq_agent_price_service_calls_total")
            || line.starts_with("rfq_agent_price_service_seconds_count")
    });
    let mut calls: Vec<_> = calls.collect();
    calls.sort_unstable();
    assert_snapshot!(calls.join("\n"), @r#"
    rfq_agent_price_service_calls_total{outcome="answered"} 1
    rfq_agent_price_service_calls_total{outcome="bad_answer"} 1
    rfq_agent_price_service_calls_total{outcome="broke_off"} 0
    rfq_agent_price_service_calls_total{outcome="busy"} 0
    rfq_agent_price_service_calls_total{outcome="cached"} 1
    rfq_agent_price_service_calls_total{outcome="connect"} 0
    rfq_agent_price_service_calls_total{outcome="ended"} 0
    rfq_agent_price_service_calls_total{outcome="not_sold"} 1
    rfq_agent_price_service_calls_total{outcome="resting"} 1
    rfq_agent_price_service_calls_total{outcome="status"} 1
    rfq_agent_price_service_calls_total{outcome="timeout"} 0
    rfq_agent_price_service_seconds_count 4
    "#);
}
