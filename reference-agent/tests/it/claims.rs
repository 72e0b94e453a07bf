//! Where a claim link leads: the page of an offer, and the hold that its button begins.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http::{HeaderMap, Method, Request, StatusCode};
use insta::assert_snapshot;
use rfq_reference_agent::catalogue::{Availability, Catalogue, Product};
use rfq_reference_agent::rules::{OfferRules, OutOfStock, Rules};
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;

use super::asking::{Agent, body, call, get, sample, signed};
use super::log::Log;

const GRINDER: &str = "coffee-grinders/baratza-encore-esp";
const CHECKOUT: &str =
    "https://shop.example/buy?sku={id}&n={quantity}&offer={offer_id}&usd={price_usd}";

/// The id of an offer for so many grinders, made to the RFQ `rfq_id`.
async fn offer(agent: &Agent, rfq_id: &str, quantity: u32) -> String {
    let asked = body(rfq_id, GRINDER, quantity, json!("CA-US"), json!(null));
    let (_, _, answer) = call(&agent.public, signed(&asked)).await;
    let offer: Value = serde_json::from_str(&answer).unwrap();
    let link = offer["claim_url"].as_str().unwrap();
    link.strip_prefix("https://shop.example/cart?offer=").unwrap().to_owned()
}

/// The sample with so many grinders on hand.
fn with_grinders(on_hand: u32) -> Catalogue {
    let mut catalogue = Catalogue::default();
    for product in sample().iter().cloned() {
        let on_hand =
            if product.slug.as_str() == GRINDER { Some(on_hand) } else { product.on_hand };
        catalogue.insert(Product { on_hand, ..product }).unwrap();
    }
    catalogue
}

fn shop() -> Agent {
    Agent::with(sample(), Some(CHECKOUT))
}

fn link(id: &str) -> String {
    format!("/cart?offer={id}")
}

fn form(text: impl Into<Body>) -> Request<Body> {
    let form = Request::post("/cart").header("content-type", "application/x-www-form-urlencoded");
    form.body(text.into()).unwrap()
}

async fn show(agent: &Agent, id: &str) -> (StatusCode, HeaderMap, String) {
    call(&agent.public, get(&link(id))).await
}

async fn claim(agent: &Agent, id: &str) -> (StatusCode, HeaderMap, String) {
    call(&agent.public, form(format!("offer={id}"))).await
}

async fn order(agent: &Agent, id: &str) -> Value {
    let (_, _, body) = call(&agent.admin, get(&format!("/orders/{id}"))).await;
    serde_json::from_str(&body).unwrap()
}

async fn sell(agent: &Agent, id: &str) {
    let sold = Request::post(format!("/orders/{id}")).body(Body::empty()).unwrap();
    assert_eq!(call(&agent.admin, sold).await.0, StatusCode::OK);
}

/// What people read of a page, without its markup.
fn text(page: &str) -> String {
    let (_, main) = page.split_once("<main>").unwrap();
    let pieces = main.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    let text = pieces.collect::<Vec<_>>().join(" ");
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_page_of_an_offer_explains_it() {
    let agent = shop();
    let id = offer(&agent, "rfq-1", 5).await;
    let (status, headers, page) = show(&agent, &id).await;
    assert_eq!(status, StatusCode::OK);
    assert_snapshot!(text(&page).replace(&id, "ID"), @r#"
    Offer
    Baratza Encore ESP Coffee Grinder
    Quantity 5
    Price instead of $949.95 $849.95
    Shipping to CA-US within 4 business days Free
    Total $849.95
    Continue to checkout
    Excl. sales tax and duty.
    Valid until 2 June 2026, 11:55 UTC (in 23 hours).
    Offer number ID
    "#);
    assert_eq!(page.matches("<form").count(), 1);
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["referrer-policy"], "no-referrer");
    assert_eq!(headers["x-robots-tag"], "noindex");
    assert_snapshot!(headers["content-security-policy"].to_str().unwrap(), @"default-src 'none'; style-src 'unsafe-inline'; form-action 'self' https:; base-uri 'none'; frame-ancestors 'none'");
    assert!(!page.contains("<script"));
}

#[tokio::test]
async fn head_is_get_without_the_page() {
    let agent = shop();
    let id = offer(&agent, "rfq-1", 5).await;
    let (status, headers, _) = show(&agent, &id).await;
    let head = Request::head(link(&id)).body(Body::empty()).unwrap();
    assert_eq!(call(&agent.public, head).await, (status, headers, String::new()));
}

#[tokio::test]
async fn other_methods_are_refused_by_name() {
    let agent = shop();
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let request = Request::builder().method(method).uri("/cart").body(Body::empty()).unwrap();
        let (status, headers, _) = call(&agent.public, request).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(headers["allow"], "GET,HEAD,POST");
    }
}

#[tokio::test]
async fn the_button_reserves_and_leads_to_the_checkout() {
    let agent = shop();
    let id = offer(&agent, "rfq-1", 5).await;
    for _ in 0..2 {
        let (status, headers, _) = claim(&agent, &id).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let checkout = format!("https://shop.example/buy?sku=CG-1001&n=5&offer={id}&usd=849.95");
        assert_eq!(headers["location"], checkout.as_str());
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        // The second time the first hold stays as it is.
        agent.clock.advance(Duration::from_mins(5));
    }
    assert_eq!(order(&agent, &id).await["held_until"], "2026-06-01T12:15:00Z");
    let (status, _, page) = show(&agent, &id).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Reserved until 1 June 2026, 12:15 UTC (in 5 minutes)"), "{page}");
    assert!(page.contains("<button>Continue to checkout</button>"), "{page}");

    agent.clock.advance(Duration::from_mins(5));
    let (_, _, page) = show(&agent, &id).await;
    assert!(!page.contains("Reserved") && page.contains("Continue to checkout"), "{page}");
}

#[tokio::test]
async fn without_a_checkout_the_page_says_how_it_goes_on() {
    let agent = Agent::new();
    let id = offer(&agent, "rfq-1", 5).await;
    let (_, headers, page) = show(&agent, &id).await;
    assert!(page.contains("<button>Reserve</button>"), "{page}");
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self';"), "{policy}");
    let (status, _, claimed) = claim(&agent, &id).await;
    assert_eq!(status, StatusCode::OK);
    assert_snapshot!(text(&claimed).replace(&id, "ID"), @r#"
    Offer
    Baratza Encore ESP Coffee Grinder
    Reserved until 1 June 2026, 12:15 UTC (in 15 minutes). To buy, give the shop the number of this offer.
    Quantity 5
    Price instead of $949.95 $849.95
    Shipping to CA-US within 4 business days Free
    Total $849.95
    Excl. sales tax and duty.
    Offer number ID
    "#);
    assert!(!claimed.contains("<button"), "nothing is left to do here");
    assert_eq!(show(&agent, &id).await.2, claimed);
}

#[tokio::test]
async fn an_offer_of_what_is_not_in_stock_says_so_and_cannot_be_reserved() {
    let rules = Rules {
        offers: OfferRules { out_of_stock: OutOfStock::Offer, ..OfferRules::default() },
        ..Rules::default()
    };
    let agent = Agent::with_rules(with_grinders(1), Some(CHECKOUT), rules, None);
    let id = offer(&agent, "rfq-1", 2).await;
    let (status, _, page) = show(&agent, &id).await;
    assert_eq!(status, StatusCode::OK);
    assert_snapshot!(text(&page).replace(&id, "ID"), @"
    Offer
    Baratza Encore ESP Coffee Grinder
    This is not in stock now, so it cannot be reserved here. To order it, give the shop the number of this offer.
    Quantity 2
    Price instead of $379.98 $339.98
    Shipping to CA-US Free
    Total $339.98
    Excl. sales tax and duty.
    Valid until 2 June 2026, 11:55 UTC (in 23 hours).
    Offer number ID
    ");
    assert!(!page.contains("<button"), "{page}");
    let (status, _, page) = claim(&agent, &id).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("This is not in stock now"), "{page}");
    assert!(!page.contains("Others were faster"), "{page}");
}

#[tokio::test]
async fn what_has_left_the_feed_has_no_checkout() {
    let agent = shop();
    let held = offer(&agent, "rfq-1", 1).await;
    let open = offer(&agent, "rfq-2", 1).await;
    assert_eq!(claim(&agent, &held).await.0, StatusCode::SEE_OTHER);
    agent.catalogue.replace(Catalogue::default());
    for (status, _, page) in [claim(&agent, &held).await, show(&agent, &held).await] {
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains("To buy, give the shop the number of this offer."), "{page}");
        assert!(!page.contains("<button"), "{page}");
    }
    let (status, _, page) = show(&agent, &open).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("The shop does not sell this product under this name now."), "{page}");
    assert!(!page.contains("<button"), "{page}");
}

#[tokio::test]
async fn a_claim_of_what_has_left_the_feed_is_refused_for_that_reason() {
    let log = Log::default();
    let _kept = log.keep(LevelFilter::INFO);
    let agent = shop();
    let id = offer(&agent, "rfq-1", 1).await;
    let mut drafts = Catalogue::default();
    for product in sample().iter().cloned() {
        drafts.insert(Product { availability: Availability::NotSold, ..product }).unwrap();
    }
    let cases = [
        (Catalogue::default(), "the shop does not carry it"),
        (drafts, "the feed has it as a draft, archived or not published"),
    ];
    for (catalogue, reason) in cases {
        agent.catalogue.replace(catalogue);
        let (status, _, page) = claim(&agent, &id).await;
        assert_eq!(status, StatusCode::CONFLICT);
        let page = text(&page);
        assert!(
            page.contains("The shop does not sell this product under this name now."),
            "{page}"
        );
        assert!(!page.contains("Others were faster"), "{page}");
        let line =
            format!("Refused a claim: its product is not sold now rfq_id=rfq-1 offer_id={id}");
        let told = log.text();
        let told = told.lines().find(|told| told.contains(&line) && told.contains(reason));
        assert!(told.is_some(), "{reason}: {}", log.text());
    }
    agent.catalogue.replace(sample());
    assert_eq!(claim(&agent, &id).await.0, StatusCode::SEE_OTHER, "it is back");
    let (_, _, figures) = call(&agent.admin, get("/metrics")).await;
    assert!(figures.contains("rfq_agent_claims_total{outcome=\"not_sold\"} 2"), "{figures}");
}

#[tokio::test]
async fn a_thousand_looks_at_a_link_change_nothing() {
    let agent = Agent::with(with_grinders(5), Some(CHECKOUT));
    let id = offer(&agent, "rfq-1", 5).await;
    let before = order(&agent, &id).await;
    for n in 0..1000 {
        let request = if n % 10 == 0 { Request::head(link(&id)) } else { Request::get(link(&id)) };
        let request = request.header("user-agent", "preview").body(Body::empty()).unwrap();
        assert_eq!(call(&agent.public, request).await.0, StatusCode::OK);
    }
    assert_eq!(order(&agent, &id).await, before);
    assert_eq!(before["status"], "open");
    // All five are still there for another to claim.
    let other = offer(&agent, "rfq-2", 5).await;
    assert_eq!(claim(&agent, &other).await.0, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn of_two_claims_of_the_last_unit_one_is_held_and_one_clearly_refused() {
    let agent = Agent::with(with_grinders(1), Some(CHECKOUT));
    let (first, second) = (offer(&agent, "rfq-1", 1).await, offer(&agent, "rfq-2", 1).await);
    let (one, two) = tokio::join!(claim(&agent, &first), claim(&agent, &second));
    let mut statuses = [one.0, two.0];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::SEE_OTHER, StatusCode::CONFLICT]);
    let (id, refusal) =
        if one.0 == StatusCode::CONFLICT { (&first, one.2) } else { (&second, two.2) };
    assert!(text(&refusal).contains("Others were faster: too few are left. Nothing was reserved"));
    assert!(!refusal.contains("<button"), "{refusal}");
    assert_eq!(order(&agent, id).await["status"], "open");

    // Once the hold has ended, the unit is there again.
    agent.clock.advance(Duration::from_mins(15));
    assert_eq!(claim(&agent, id).await.0, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_offer_that_has_ended_is_gone() {
    let agent = shop();
    let id = offer(&agent, "rfq-1", 5).await;
    agent.clock.advance(Duration::from_hours(24));
    for (status, _, page) in [show(&agent, &id).await, claim(&agent, &id).await] {
        assert_eq!(status, StatusCode::GONE);
        assert!(page.contains("This offer ended on 2 June 2026, 11:55 UTC. Please ask"), "{page}");
        assert!(!page.contains("<button"), "{page}");
    }
    assert_eq!(order(&agent, &id).await["status"], "expired");
}

#[tokio::test]
async fn an_offer_that_has_been_bought_is_gone() {
    let agent = shop();
    let id = offer(&agent, "rfq-1", 5).await;
    claim(&agent, &id).await;
    sell(&agent, &id).await;
    for (status, _, page) in [show(&agent, &id).await, claim(&agent, &id).await] {
        assert_eq!(status, StatusCode::GONE);
        assert!(page.contains("This offer has been bought."), "{page}");
        assert!(!page.contains("<button"), "{page}");
    }
}

#[tokio::test]
async fn a_caller_cannot_reserve_without_limit() {
    let agent = Agent::with(with_grinders(30), Some(CHECKOUT));
    for n in 0..20 {
        let id = offer(&agent, &format!("rfq-{n}"), 1).await;
        assert_eq!(claim(&agent, &id).await.0, StatusCode::SEE_OTHER, "{n}");
    }
    let id = offer(&agent, "one-more", 1).await;
    let (status, headers, page) = claim(&agent, &id).await;
    assert_eq!(
        (status, &headers["retry-after"]),
        (StatusCode::TOO_MANY_REQUESTS, &"60".parse().unwrap())
    );
    assert!(text(&page).contains("Please try again in a few minutes."), "{page}");
    assert!(page.contains("<button>Try again</button>"), "{page}");
}

#[tokio::test]
async fn a_link_without_an_offer_says_so() {
    let agent = shop();
    let unknown = "0b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c12";
    for (query, expected, heading) in [
        ("", StatusCode::BAD_REQUEST, "This link names no offer"),
        ("offer=", StatusCode::BAD_REQUEST, "This link names no offer"),
        ("offer=%3Cscript%3E", StatusCode::BAD_REQUEST, "This link names no offer"),
        (&format!("offer={unknown}"), StatusCode::NOT_FOUND, "We do not know this offer"),
    ] {
        let link = format!("/cart?{query}");
        for request in [get(&link), form(query.to_owned())] {
            let (status, headers, page) = call(&agent.public, request).await;
            assert_eq!(status, expected, "{query}");
            assert_eq!(headers["cache-control"], "no-store");
            assert!(page.contains(&format!("<h1>{heading}</h1>")), "{page}");
            assert!(!page.contains("script"), "{page}");
        }
    }
}

#[tokio::test]
async fn only_the_form_counts_not_the_link_it_is_sent_to() {
    let agent = shop();
    let (named, meant) = (offer(&agent, "rfq-1", 1).await, offer(&agent, "rfq-2", 2).await);
    let mut request = form(format!("offer={meant}&n=1&usd=0.01&checkout=https://evil.example"));
    *request.uri_mut() = link(&named).parse().unwrap();
    let (_, headers, _) = call(&agent.public, request).await;
    let checkout = format!("https://shop.example/buy?sku=CG-1001&n=2&offer={meant}&usd=339.98");
    assert_eq!(headers["location"], checkout.as_str());
    assert_eq!(order(&agent, &named).await["status"], "open");
}

#[tokio::test]
async fn what_is_not_our_form_is_refused() {
    let agent = shop();
    let id = offer(&agent, "rfq-1", 1).await;
    let with = |name: &'static str, value: &str| {
        let mut request = form(format!("offer={id}"));
        *request.uri_mut() = link(&id).parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let long = format!("offer={id}&x={}", "x".repeat(1024));
    let untyped = Request::post("/cart").body(Body::from(format!("offer={id}"))).unwrap();
    for (request, expected) in [
        (with("sec-fetch-site", "cross-site"), StatusCode::FORBIDDEN),
        (with("sec-fetch-site", "same-site"), StatusCode::FORBIDDEN),
        (with("content-type", "text/plain"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (with("content-type", "application/json"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (untyped, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (form(long), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        assert_eq!(call(&agent.public, request).await.0, expected);
        assert_eq!(order(&agent, &id).await["status"], "open", "{expected}");
    }
    let (_, _, page) = call(&agent.public, with("sec-fetch-site", "cross-site")).await;
    assert!(page.contains(&format!("<a href=\"?offer={id}\">Show the offer</a>")), "{page}");

    let spelled = with("content-type", "Application/X-WWW-Form-URLEncoded; charset=UTF-8");
    assert_eq!(call(&agent.public, spelled).await.0, StatusCode::SEE_OTHER);
    let own = with("sec-fetch-site", "same-origin");
    assert_eq!(call(&agent.public, own).await.0, StatusCode::SEE_OTHER);
}

#[tokio::test(start_paused = true)]
async fn a_form_that_does_not_arrive_is_given_up() {
    let (status, _, _) = call(&shop().public, form(Body::new(NeverArrives))).await;
    assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
}

struct NeverArrives;

impl http_body::Body for NeverArrives {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[tokio::test]
async fn a_ledger_that_fails_says_try_again() {
    let agent = shop();
    let id = offer(&agent, "rfq-1", 1).await;
    agent.break_ledger();
    for (status, headers, page) in [show(&agent, &id).await, claim(&agent, &id).await] {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(headers["retry-after"], "5");
        assert!(page.contains("Please try again in a moment"), "{page}");
        assert!(page.contains(&format!("href=\"?offer={id}\"")), "{page}");
    }
}
