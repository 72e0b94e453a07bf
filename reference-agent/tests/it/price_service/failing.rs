//! Every way in which the endpoint can fail, and what is left alone after that.

use std::time::Duration;

use insta::assert_snapshot;
use rfq_reference_agent::catalogue::Product;
use rfq_reference_agent::price_service::PriceServiceError;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tracing_subscriber::filter::LevelFilter;

use super::super::log::Log;
use super::{Reply, Shop, ask, asked, good, grinder, response, service};

const GOOD: &str = r#"{"unit_price_usd":9.99}"#;

#[tokio::test]
async fn every_failure_says_which_it_is() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let mut replies = vec![
        Reply::Closed,
        Reply::Stuck(Vec::new()),
        Reply::Stuck(format!("{head}content-length: 100\r\n\r\n{{").into_bytes()),
        Reply::Bytes(format!("{head}content-length: 100\r\n\r\n{{").into_bytes(), Duration::ZERO),
        Reply::Bytes(b"SMTP ready\r\n\r\n".to_vec(), Duration::ZERO),
        Reply::Stuck(
            format!("{head}content-length: 99999999\r\n\r\n{}", " ".repeat(20_000)).into_bytes(),
        ),
        good(&format!("{GOOD}{}", " ".repeat(16 * 1024))),
        response("302 Found", "application/json", GOOD),
        response("308 Permanent Redirect", "application/json", GOOD),
        response("500 Internal Server Error", "application/json", GOOD),
        response("401 Unauthorized", "application/json", GOOD),
        response("200 OK", "text/html", "<p>Hello"),
        response("200 OK", "", GOOD),
        response("201 Created", "application/json", GOOD),
        response("204 No Content", "application/json", ""),
    ];
    let answers = [
        "",
        "{",
        "9.99",
        "{}",
        r#"{"unit_price_usd":"9.99"}"#,
        r#"{"unit_price_usd":9.999}"#,
        r#"{"unit_price_usd":0}"#,
        r#"{"unit_price_usd":-1}"#,
        r#"{"unit_price_usd":1e99}"#,
        r#"{"unit_price_usd":9.99,"regular_unit_price_usd":"12"}"#,
        r#"{"unit_price_usd":9.99,"on_hand":-1}"#,
        r#"{"unit_price_usd":9.99,"on_hand":1.5}"#,
        r#"{"unit_price_usd":9.99,"in_stock":"yes"}"#,
        r#"{"unit_price_usd":9.99,"unit_price_usd":1}"#,
        r#"{"unit_price_usd":9.99} and more"#,
        r#"{"unit_price_usd":0,"regular_unit_price_usd":-1,"on_hand":-1,"in_stock":"yes"}"#,
    ];
    replies.extend(answers.map(good));
    let number = replies.len();
    let shop = Shop::start(move |call| replies[call].clone()).await;
    let service = service(&shop.url(), json!({ "timeout_ms": 1000, "breaker_failures": 1000 }));
    let mut told = Vec::new();
    for _ in 0..number {
        told.push(asked(&service).await.unwrap_err().to_string());
    }
    assert_snapshot!(told.join("\n"), @r#"
    the price service broke off: connection closed before message completed
    the price service gave no whole answer within 1000 ms
    the price service gave no whole answer within 1000 ms
    the price service broke off: end of file before message length reached
    the price service broke off: invalid HTTP version parsed
    the price service answered with more than 16384 bytes
    the price service answered with more than 16384 bytes
    the price service answered with status 302, expected 200, or 404 for what is not sold now; redirects are not followed
    the price service answered with status 308, expected 200, or 404 for what is not sold now; redirects are not followed
    the price service answered with status 500, expected 200, or 404 for what is not sold now; redirects are not followed
    the price service answered with status 401, expected 200, or 404 for what is not sold now; redirects are not followed
    the price service answered with content-type "text/html", expected application/json
    the price service answered with content-type "", expected application/json
    the price service answered with status 201, expected 200, or 404 for what is not sold now; redirects are not followed
    the price service answered with status 204, expected 200, or 404 for what is not sold now; redirects are not followed
    the price service's answer cannot be used: EOF while parsing a value at line 1 column 0
    the price service's answer cannot be used: EOF while parsing an object at line 1 column 1
    the price service's answer cannot be used: invalid type: floating point `9.99`, expected an object with unit_price_usd at line 1 column 4
    the price service's answer cannot be used: unit_price_usd: missing, expected an amount in US dollars such as 169.99
    the price service's answer cannot be used: unit_price_usd: expected an amount in US dollars such as 169.99, a number without quotes
    the price service's answer cannot be used: unit_price_usd: expected whole cents, so at most two decimals
    the price service's answer cannot be used: unit_price_usd: expected more than 0
    the price service's answer cannot be used: unit_price_usd: expected an amount of at least 0 US dollars
    the price service's answer cannot be used: unit_price_usd: expected at most 999999999999.99 US dollars
    the price service's answer cannot be used: regular_unit_price_usd: expected an amount in US dollars such as 169.99, a number without quotes
    the price service's answer cannot be used: on_hand: expected a whole number of units from 0 to 4294967295
    the price service's answer cannot be used: on_hand: expected a whole number of units from 0 to 4294967295
    the price service's answer cannot be used: in_stock: invalid type: string "yes", expected a boolean
    the price service's answer cannot be used: duplicate field `unit_price_usd` at line 1 column 39
    the price service's answer cannot be used: trailing characters at line 1 column 25
    the price service's answer cannot be used: unit_price_usd: expected more than 0; regular_unit_price_usd: expected an amount of at least 0 US dollars; on_hand: expected a whole number of units from 0 to 4294967295; in_stock: invalid type: string "yes", expected a boolean
    "#);
    assert_eq!(shop.calls(), number, "no failure is kept, none is asked again by itself");
}

#[tokio::test]
async fn a_refused_connection_and_a_name_that_is_none_are_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refused = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let error = asked(&service(&refused, json!({}))).await.unwrap_err();
    assert_snapshot!(error, @"the price service cannot be reached: Connection refused (os error 111); check that it runs, and its url");
    let error = asked(&service("http://shop.invalid/", json!({ "timeout_ms": 3000 }))).await;
    let error = error.unwrap_err();
    // Where names are not answered at all, the time is up first.
    let expected =
        matches!(error, PriceServiceError::Connect { .. } | PriceServiceError::Timeout { .. });
    assert!(expected, "{error}");
}

#[tokio::test]
async fn a_failing_endpoint_is_left_alone_and_asked_once_whether_it_answers_again() {
    let log = Log::default();
    let _guard = log.keep(LevelFilter::INFO);
    let shop = Shop::start(|call| match call {
        0..4 => response("503 Service Unavailable", "text/plain", ""),
        _ => good(GOOD),
    })
    .await;
    let settings = json!({ "breaker_failures": 3, "breaker_seconds": 1, "cache_seconds": 0 });
    let service = service(&shop.url(), settings);
    for _ in 0..3 {
        let error = asked(&service).await.unwrap_err();
        assert_eq!(error, PriceServiceError::Status { status: 503 });
    }
    for _ in 0..10 {
        assert_eq!(asked(&service).await.unwrap_err(), PriceServiceError::Resting);
    }
    assert_eq!(shop.calls(), 3, "left alone");
    sleep(Duration::from_millis(1100)).await;
    assert_eq!(asked(&service).await.unwrap_err(), PriceServiceError::Status { status: 503 });
    assert_eq!(asked(&service).await.unwrap_err(), PriceServiceError::Resting);
    sleep(Duration::from_millis(1100)).await;
    for _ in 0..3 {
        assert!(asked(&service).await.unwrap().is_sold());
    }
    assert_eq!(shop.calls(), 7);
    assert_snapshot!(log.text(), @"
    WARN The price service fails, so it is not asked for a while failures=3 rest_seconds=1
    INFO The price service answers again
    ");
}

/// What becomes of a second product's question after a first one's was answered so.
async fn next_after(reply: Reply) -> Result<bool, PriceServiceError> {
    let shop = Shop::start(move |call| if call == 0 { reply.clone() } else { good(GOOD) }).await;
    let settings = json!({ "breaker_failures": 1, "timeout_ms": 1000 });
    let service = service(&shop.url(), settings);
    asked(&service).await.unwrap_err();
    let other = Product { id: "CG-1002".into(), ..grinder() };
    service.ask(&other, &ask(1)).await.map(|price| price.is_sold())
}

#[tokio::test]
async fn one_products_useless_answer_leaves_the_others_their_endpoint() {
    for reply in [
        good(r#"{"unit_price_usd":9.99,"on_hand":-1}"#),
        good("{"),
        good(&format!("{GOOD}{}", " ".repeat(16 * 1024))),
        response("200 OK", "text/html", "<p>Hello"),
        response("302 Found", "text/plain", ""),
        response("422 Unprocessable Content", "text/plain", ""),
        response("500 Internal Server Error", "text/plain", ""),
    ] {
        assert_eq!(next_after(reply).await, Ok(true));
    }
    for reply in [
        Reply::Closed,
        Reply::Stuck(Vec::new()),
        response("429 Too Many Requests", "text/plain", ""),
        response("502 Bad Gateway", "text/plain", ""),
        response("503 Service Unavailable", "text/plain", ""),
        response("504 Gateway Timeout", "text/plain", ""),
    ] {
        assert_eq!(next_after(reply).await, Err(PriceServiceError::Resting));
    }
}

#[tokio::test]
async fn a_caller_that_gives_up_on_the_probe_leaves_the_endpoint_to_be_asked_again() {
    let shop = Shop::start(|call| match call {
        0 => Reply::Closed,
        1 => Reply::Stuck(Vec::new()),
        _ => good(GOOD),
    })
    .await;
    let settings = json!({
        "breaker_failures": 1, "breaker_seconds": 1, "timeout_ms": 1000, "cache_seconds": 0,
    });
    let service = service(&shop.url(), settings);
    asked(&service).await.unwrap_err();
    sleep(Duration::from_millis(1100)).await;
    let gave_up = tokio::time::timeout(Duration::from_millis(100), asked(&service)).await;
    assert!(gave_up.is_err(), "{gave_up:?}");
    // The probe goes on to its own end, a failure; after another rest the next one finds out.
    sleep(Duration::from_millis(2500)).await;
    assert!(asked(&service).await.unwrap().is_sold());
    assert_eq!(shop.calls(), 3);
}

#[tokio::test]
async fn calls_beyond_the_most_at_once_fail_and_do_not_count_against_the_endpoint() {
    let shop = Shop::start(|_| super::after(500, good(GOOD))).await;
    let service = service(&shop.url(), json!({ "max_concurrent": 2, "breaker_failures": 1 }));
    let product = grinder();
    let asks: Vec<_> = (1..=2).map(ask).collect();
    let (one, two, beyond) =
        tokio::join!(service.ask(&product, &asks[0]), service.ask(&product, &asks[1]), async {
            let beyond = ask(3);
            let error = service.ask(&grinder(), &beyond).await.unwrap_err();
            assert_eq!(error, PriceServiceError::Busy { max_concurrent: 2 });
            service.ask(&grinder(), &ask(2)).await
        },);
    assert!(one.is_ok() && two.is_ok() && beyond.is_ok(), "{one:?} {two:?} {beyond:?}");
    assert!(service.ask(&product, &ask(3)).await.is_ok(), "there is room again");
    assert_eq!(shop.calls(), 3);
}
