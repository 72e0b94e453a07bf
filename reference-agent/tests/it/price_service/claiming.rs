//! Offers and claims go by the stock that the endpoint tells, whatever the feed says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use rfq_reference_agent::catalogue::{Availability, Catalogue, Product};
use rfq_reference_agent::rules::Rules;
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;

use super::super::asking::{Agent, body, call, get, signed};
use super::super::log::Log;
use super::{Reply, Shop, good, grinder, response, service};

/// A shop whose feed has the grinder with this stock, and whose endpoint answers with `told`.
struct Live {
    agent: Agent,
    told: Arc<Mutex<Reply>>,
    shop: Shop,
}

fn on_hand(units: u32) -> Reply {
    good(&format!(r#"{{"unit_price_usd":149.99,"on_hand":{units}}}"#))
}

impl Live {
    async fn new(feed: Product, told: Reply, settings: Value) -> Self {
        let told = Arc::new(Mutex::new(told));
        let reply = Arc::clone(&told);
        let shop = Shop::start(move |_| reply.lock().unwrap().clone()).await;
        let mut catalogue = Catalogue::default();
        catalogue.insert(feed).unwrap();
        let service = service(&shop.url(), settings);
        let agent = Agent::with_rules(catalogue, None, Rules::default(), Some(service));
        Self { agent, told, shop }
    }

    fn tell(&self, reply: Reply) {
        *self.told.lock().unwrap() = reply;
    }

    /// The id of an offer for so many grinders, if there is one.
    async fn offer(&self, rfq_id: &str, quantity: u32) -> Option<String> {
        let slug = grinder().slug;
        let asked = body(rfq_id, slug.as_str(), quantity, json!("CA-US"), json!(null));
        let (_, _, answer) = call(&self.agent.public, signed(&asked)).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        Some(answer["offer_id"].as_str()?.to_owned())
    }

    async fn claim(&self, id: &str) -> (StatusCode, String) {
        let form = Request::post("/cart")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(format!("offer={id}")));
        let (status, _, page) = call(&self.agent.public, form.unwrap()).await;
        (status, page)
    }

    async fn sell(&self, id: &str) {
        let sold = Request::post(format!("/orders/{id}")).body(Body::empty()).unwrap();
        assert_eq!(call(&self.agent.admin, sold).await.0, StatusCode::OK);
    }
}

fn sold_out() -> Product {
    Product { availability: Availability::OutOfStock, on_hand: Some(0), ..grinder() }
}

fn not_counted() -> Product {
    Product { on_hand: None, ..grinder() }
}

/// Every answer as it is at the moment.
fn fresh() -> Value {
    json!({ "cache_seconds": 0 })
}

#[tokio::test]
async fn what_the_feed_thinks_is_sold_out_can_be_claimed_while_the_endpoint_has_it() {
    let live = Live::new(sold_out(), on_hand(50), fresh()).await;
    let id = live.offer("rfq-1", 5).await.unwrap();
    assert_eq!(live.claim(&id).await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_last_unit_of_the_endpoint_is_held_once_though_the_feed_does_not_count() {
    let live = Live::new(not_counted(), on_hand(1), fresh()).await;
    let first = live.offer("rfq-1", 1).await.unwrap();
    let second = live.offer("rfq-2", 1).await.unwrap();
    assert_eq!(live.claim(&first).await.0, StatusCode::OK);
    assert_eq!(live.claim(&second).await.0, StatusCode::CONFLICT);
    assert_eq!(live.offer("rfq-3", 1).await, None);
}

#[tokio::test]
async fn an_offer_takes_a_soft_hold_of_the_stock_that_the_endpoint_told() {
    let live = Live::new(not_counted(), on_hand(10), fresh()).await;
    live.offer("rfq-1", 2).await.unwrap();
    assert_eq!(live.offer("rfq-2", 9).await, None, "a fifth of ten is held");
    assert!(live.offer("rfq-3", 8).await.is_some());
}

#[tokio::test]
async fn the_log_says_how_many_are_on_hand_and_held_and_names_rfq_and_offer() {
    let log = Log::default();
    let _kept = log.keep(LevelFilter::INFO);
    let live = Live::new(not_counted(), on_hand(10), fresh()).await;
    let id = live.offer("rfq-1", 2).await.unwrap();
    assert_eq!(live.offer("rfq-2", 9).await, None);
    assert_eq!(live.claim(&id).await.0, StatusCode::OK);
    live.sell(&id).await;
    let text = log.text();
    let line = |about: &str| text.lines().find(|line| line.contains(about)).unwrap_or_default();
    let declined = line("Too few units are left");
    for field in ["rfq-2", "quantity=9", "on_hand=10", "held=2"] {
        assert!(declined.contains(field), "{field}: {declined}");
    }
    for about in ["Answered an RFQ", "Reserved what", "Marked an offer sold"] {
        let line = line(about);
        assert!(line.contains(&format!("offer_id={id}")), "{about}: {text}");
    }
    for about in ["Answered an RFQ", "Reserved what"] {
        assert!(line(about).contains("rfq_id=rfq-1"), "{about}: {text}");
    }
    assert!(line("Reserved what").contains("held_until=\"2026-06-01T12:15:00Z\""), "{text}");
}

#[tokio::test]
async fn a_claim_goes_by_the_stock_of_its_own_time() {
    let live = Live::new(grinder(), on_hand(5), fresh()).await;
    let [first, second, third] =
        [live.offer("rfq-1", 5).await, live.offer("rfq-2", 1).await, live.offer("rfq-3", 1).await]
            .map(Option::unwrap);
    live.tell(on_hand(1));
    assert_eq!(live.claim(&first).await.0, StatusCode::CONFLICT);
    live.tell(response("404 Not Found", "text/plain", ""));
    assert_eq!(live.claim(&second).await.0, StatusCode::CONFLICT);
    live.tell(good(r#"{"unit_price_usd":1}"#));
    assert_eq!(live.claim(&second).await.0, StatusCode::OK, "the stock is the feed's");

    live.tell(response("500 Internal Server Error", "text/plain", ""));
    let (status, page) = live.claim(&third).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.contains("Please try again in a moment"), "{page}");
    assert_eq!(live.claim(&second).await.0, StatusCode::OK, "what is held needs no stock");
    let (_, _, page) = call(&live.agent.public, get(&format!("/cart?offer={third}"))).await;
    assert!(page.contains("<button>Reserve</button>"), "{page}");
}

#[tokio::test]
async fn what_was_sold_since_an_answer_was_kept_is_taken_off_it() {
    let live = Live::new(grinder(), on_hand(2), json!({ "cache_seconds": 60 })).await;
    let first = live.offer("rfq-1", 1).await.unwrap();
    assert_eq!(live.claim(&first).await.0, StatusCode::OK);
    live.sell(&first).await;
    // The endpoint knows, but what it said before is still kept.
    live.tell(on_hand(1));
    live.agent.clock.advance(Duration::from_secs(10));
    assert!(live.offer("rfq-2", 1).await.is_some());
    let other = live.offer("rfq-3", 1).await.unwrap();
    assert_eq!(live.claim(&other).await.0, StatusCode::OK);
    assert_eq!(live.offer("rfq-4", 1).await, None, "the other of the two is held");
}

#[tokio::test]
async fn a_claim_asks_past_what_is_kept_and_its_answer_is_kept() {
    let live = Live::new(grinder(), on_hand(7), json!({ "cache_seconds": 3600 })).await;
    let [first, second] =
        [live.offer("rfq-1", 1).await, live.offer("rfq-2", 1).await].map(Option::unwrap);
    assert_eq!(live.shop.calls(), 1, "the second quote goes by what is kept");
    live.tell(response("404 Not Found", "text/plain", ""));
    let (status, page) = live.claim(&first).await;
    assert_eq!((status, live.shop.calls()), (StatusCode::CONFLICT, 2), "{page}");
    assert!(page.contains("does not sell this product"), "{page}");
    assert_eq!(live.offer("rfq-3", 1).await, None);
    assert_eq!(live.shop.calls(), 2, "what the claim was told is kept");

    // What the endpoint says now is without what was sold before it was asked.
    live.tell(on_hand(2));
    assert_eq!(live.claim(&first).await.0, StatusCode::OK);
    live.sell(&first).await;
    live.tell(on_hand(1));
    live.agent.clock.advance(Duration::from_secs(10));
    assert_eq!(live.claim(&second).await.0, StatusCode::OK, "nothing is taken off twice");
}
