//! What is asked, and what an answer makes of a product.

use insta::assert_snapshot;
use proptest::prelude::*;
use rfq_reference_agent::catalogue::{Availability, OrderQuantities, Product};
use rfq_reference_agent::pricing::{PriceBreak, UnitPrices};
use rfq_sdk::Usd;
use serde_json::json;

use super::super::asking::noon;
use super::{Shop, after, ask, asked, configured, good, grinder, response, service};

#[tokio::test]
async fn the_question_names_product_quantity_and_region_and_carries_the_token() {
    let mut shop = Shop::start(|_| good(r#"{"unit_price_usd":9.99}"#)).await;
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("token");
    std::fs::write(&token, "a-bearer-token\nnot this\n").unwrap();
    let service = service(&shop.url(), json!({ "token_file": token }));
    asked(&service).await.unwrap();
    let nowhere = rfq_reference_agent::ask::Ask { region: None, ..ask(1) };
    service.ask(&grinder(), &nowhere).await.unwrap();
    let mut requests = Vec::new();
    for _ in 0..2 {
        let request = shop.requests.recv().await.unwrap();
        let kept = request.lines().filter(|line| !line.starts_with("host:"));
        requests.push(kept.collect::<Vec<_>>().join("\n"));
    }
    assert_snapshot!(requests.join("\n\n"), @r#"
    POST /price?shop=7 HTTP/1.1
    content-type: application/json
    accept: application/json
    authorization: Bearer a-bearer-token
    user-agent: rfq-agent/0.1.0
    content-length: 98

    {"id":"CG-1001","product_slug":"coffee-grinders/baratza-encore-esp","quantity":5,"region":"CA-US"}

    POST /price?shop=7 HTTP/1.1
    content-type: application/json
    accept: application/json
    authorization: Bearer a-bearer-token
    user-agent: rfq-agent/0.1.0
    content-length: 95

    {"id":"CG-1001","product_slug":"coffee-grinders/baratza-encore-esp","quantity":1,"region":null}
    "#);
    assert!(!format!("{service:?}").contains("bearer"), "{service:?}");
}

/// The grinder as this answer makes it, and its price each; `None` when it is not sold.
async fn answered(product: &Product, json: &str) -> Option<(Product, String)> {
    let json = json.to_owned();
    let shop = Shop::start(move |_| good(&json)).await;
    let price = asked(&service(&shop.url(), json!({}))).await.unwrap();
    let product = price.apply(product).unwrap()?;
    let each = product.prices.each(5, noon());
    let list = product.prices.list();
    Some((product, format!("{each} of {list}")))
}

#[tokio::test]
async fn the_live_price_takes_the_place_of_sale_and_breaks_but_not_of_the_floor() {
    let usd = |text: &str| text.parse::<Usd>().unwrap();
    let steps = vec![PriceBreak { min_quantity: 5, unit_price: usd("50.00") }];
    let prices = UnitPrices::new(usd("80.00"), None, steps, Some(usd("40.00"))).unwrap();
    let product = Product { prices, quantities: OrderQuantities::ANY, ..grinder() };
    let mut told = Vec::new();
    for json in [
        r#"{"unit_price_usd":60}"#,
        r#"{"unit_price_usd":60.5,"regular_unit_price_usd":70.50}"#,
        r#"{"unit_price_usd":60.50,"regular_unit_price_usd":60.49}"#,
        r#"{"unit_price_usd":90}"#,
        r#"{"unit_price_usd":39.99}"#,
        r#"{"unit_price_usd":20.00,"regular_unit_price_usd":30.00}"#,
        r#"{"unit_price_usd":20.00,"regular_unit_price_usd":50.00}"#,
        r#"{"unit_price_usd":1e2,"regular_unit_price_usd":null}"#,
    ] {
        let (changed, prices) = answered(&product, json).await.unwrap();
        assert_eq!(changed.prices.floor(), Some(usd("40.00")));
        told.push(format!("{json}: {prices}"));
    }
    assert_snapshot!(told.join("\n"), @r#"
    {"unit_price_usd":60}: 60.00 of 60.00
    {"unit_price_usd":60.5,"regular_unit_price_usd":70.50}: 60.50 of 70.50
    {"unit_price_usd":60.50,"regular_unit_price_usd":60.49}: 60.50 of 60.50
    {"unit_price_usd":90}: 90.00 of 90.00
    {"unit_price_usd":39.99}: 40.00 of 40.00
    {"unit_price_usd":20.00,"regular_unit_price_usd":30.00}: 40.00 of 40.00
    {"unit_price_usd":20.00,"regular_unit_price_usd":50.00}: 40.00 of 50.00
    {"unit_price_usd":1e2,"regular_unit_price_usd":null}: 100.00 of 100.00
    "#);
}

#[tokio::test]
async fn the_stock_is_the_live_one_if_it_says_anything_of_it() {
    use Availability::{InStock, OutOfStock};
    let of_the_feed = (InStock, Some(25));
    for (json, stock) in [
        ("", of_the_feed),
        (r#","on_hand":7"#, (InStock, Some(7))),
        (r#","on_hand":0"#, (OutOfStock, Some(0))),
        (r#","on_hand":null"#, (InStock, None)),
        (r#","in_stock":true"#, (InStock, None)),
        (r#","in_stock":false"#, (OutOfStock, None)),
        (r#","in_stock":null"#, of_the_feed),
        (r#","on_hand":7,"in_stock":false"#, (OutOfStock, Some(7))),
        (r#","on_hand":null,"in_stock":false,"more":{"unit_price_usd":1}"#, (OutOfStock, None)),
    ] {
        let json = format!(r#"{{"unit_price_usd":9.99{json}}}"#);
        let (product, _) = answered(&grinder(), &json).await.unwrap();
        assert_eq!((product.availability, product.on_hand), stock, "{json}");
        let rest =
            |product: Product| (product.slug, product.id, product.shipping, product.handling);
        assert_eq!(rest(product), rest(grinder()));
    }
}

#[tokio::test]
async fn what_is_not_found_is_not_sold() {
    let shop = Shop::start(|_| response("404 Not Found", "text/plain", "no such thing")).await;
    let price = asked(&service(&shop.url(), json!({}))).await.unwrap();
    assert_eq!((price.is_sold(), price.apply(&grinder()).unwrap()), (false, None));
}

#[tokio::test]
async fn the_examples_of_the_readme_are_what_is_asked_and_answered() {
    const README: &str = include_str!("../../../README.md");
    let answer = README.lines().find(|line| line.starts_with(r#"{"unit_price_usd""#)).unwrap();
    let mut shop = Shop::start(move |_| good(answer)).await;
    let price = asked(&service(&shop.url(), json!({}))).await.unwrap();
    let product = price.apply(&grinder()).unwrap().unwrap();
    let prices = (product.prices.each(5, noon()), product.prices.list());
    assert_eq!(prices, ("149.99".parse().unwrap(), "169.99".parse().unwrap()));
    assert_eq!(product.on_hand, Some(7));
    let request = shop.requests.recv().await.unwrap();
    let question = request.lines().last().unwrap();
    assert!(README.lines().any(|line| line == question), "{question}");
}

#[tokio::test]
async fn an_answer_just_in_time_counts() {
    let shop = Shop::start(|_| after(300, good(r#"{"unit_price_usd":9.99}"#))).await;
    assert!(asked(&service(&shop.url(), json!({ "timeout_ms": 3000 }))).await.unwrap().is_sold());
}

#[test]
fn a_section_that_cannot_be_used_says_what_it_expects_and_shows_no_secret() {
    let url = "https://shop.example/price";
    let errors: Vec<String> = [
        json!({}),
        json!({ "url": "shop.example/price" }),
        json!({ "url": "ftp://shop.example/price" }),
        json!({ "url": "https://me:open-sesame@shop.example/price" }),
        json!({ "url": "https://shop.example/price#top" }),
        json!({ "url": url, "timeout_ms": 0 }),
        json!({ "url": url, "timeout_ms": 3001 }),
        json!({ "url": url, "cache_entries": 0 }),
        json!({ "url": url, "breaker_failures": 0 }),
        json!({ "url": url, "max_concurrent": 0 }),
        json!({ "url": url, "token": "open-sesame" }),
    ]
    .into_iter()
    .map(|section| configured(section).unwrap_err())
    .collect();
    assert_snapshot!(errors.join("\n"), @"
    missing field `url`
    expected a url such as https://shop.example/price
    expected a url such as https://shop.example/price
    expected a url without user and password; use token_file for what is secret
    expected a url such as https://shop.example/price
    expected 1 to 3000 milliseconds
    expected 1 to 3000 milliseconds
    invalid value: integer `0`, expected a nonzero u32
    invalid value: integer `0`, expected a nonzero u32
    invalid value: integer `0`, expected a nonzero u16
    unknown field `token`, expected one of `url`, `timeout_ms`, `cache_entries`, `cache_seconds`, `breaker_failures`, `breaker_seconds`, `max_concurrent`, `token_file`
    ");
    let config =
        configured(json!({ "url": "https://shop.example/price?key=open-sesame" })).unwrap();
    assert_snapshot!(format!("{config:?}"), @"PriceServiceConfig { url: https://shop.example/price?.., timeout_ms: TimeoutMs(1500), cache_entries: 10000, cache_seconds: 30, breaker_failures: 5, breaker_seconds: 10, max_concurrent: 64, token_file: None }");
}

#[test]
fn a_token_file_that_cannot_be_used_is_named() {
    use rfq_reference_agent::price_service::{PriceService, PriceServiceSetupError};
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    let new = || {
        let section = json!({ "url": "https://shop.example/", "token_file": file });
        PriceService::new(configured(section).unwrap()).unwrap_err()
    };
    assert!(matches!(new(), PriceServiceSetupError::TokenFile { .. }));
    for text in ["", "\nsecond-line", "two words", "caf\u{e9}", "\u{7f}"] {
        std::fs::write(&file, text).unwrap();
        let error = new();
        assert!(matches!(error, PriceServiceSetupError::Token { .. }), "{text:?}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_the_answer_no_price_goes_below_the_floor(
        unit in 1..20_000_u64, regular in proptest::option::of(0..20_000_u64), floor in 1..8_000_u64,
    ) {
        let usd = |cents| Usd::from_cents(cents).unwrap();
        let prices = UnitPrices::new(usd(8_000), None, Vec::new(), Some(usd(floor))).unwrap();
        let product = Product { prices, ..grinder() };
        let json = json!({
            "unit_price_usd": usd(unit), "regular_unit_price_usd": regular.map(usd),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (product, _) =
            runtime.block_on(answered(&product, &json.to_string())).unwrap();
        let each = product.prices.each(5, noon());
        prop_assert_eq!(each, usd(unit.max(floor)));
        prop_assert!(product.prices.list() >= each);
    }
}
