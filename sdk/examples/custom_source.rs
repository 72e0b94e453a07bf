//! Prices from a source of one's own, behind a layer and an answerer of one's own making, tested
//! without a socket and with a clock that stands still: `cargo run -p rfq-sdk --example
//! custom_source`.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use rfq_sdk::axum::{MESSAGE_SEND, router_with};
use rfq_sdk::tower::VerifyLayer;
use rfq_sdk::{
    Answer, Answerer, Budget, Clock, DeclineReason, ManualClock, MemoryStore, Offer, Responder,
    ResponderError, Rfq, Secret, Signer, Usd, Verifier,
};
use tower::ServiceExt as _;

const SECRET: &str = "an example of a secret, 32 bytes";

/// Stands for a database or a pricing service: anything that is asked by `async`.
struct PriceList {
    units: HashMap<&'static str, Usd>,
    clock: Arc<ManualClock>,
}

impl PriceList {
    async fn unit_price(&self, product: &str) -> Option<Usd> {
        // Ask your database here. The budget covers it: no timeout of its own is needed.
        tokio::task::yield_now().await;
        self.units.get(product).copied()
    }
}

impl Responder for PriceList {
    async fn respond(&self, rfq: Rfq) -> Result<Answer, ResponderError> {
        let Some(unit) = self.unit_price(rfq.product().as_str()).await else {
            return Ok(DeclineReason::NotCarried.into());
        };
        let price = unit.checked_mul(rfq.quantity().get()).ok_or("more than any price can be")?;
        let claim_url = format!("https://shop.example/claim/{}", rfq.id()).parse()?;
        Ok(Offer::builder(price, claim_url).build(self.clock.now())?.into())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let clock = Arc::new(ManualClock::at("2026-06-01T12:00:00Z".parse()?));
    let units = HashMap::from([("coffee-grinders/baratza-encore-esp", "169.99".parse()?)]);
    let prices = PriceList { units, clock: Arc::clone(&clock) };

    let verifier = Verifier::hmac(Secret::new(SECRET)?).caller("productindex".parse()?).build()?;
    let budget = Budget::new(Duration::from_secs(2))?;
    let layer = VerifyLayer::with(verifier, budget, Arc::clone(&clock));
    let answerer = Answerer::with(prices, MemoryStore::with_capacity(10_000), Arc::clone(&clock));
    let app = router_with(layer, answerer);

    let body = include_str!("../vectors/rfq.json");
    let first = ask(&app, body, clock.now()).await?;
    assert!(first.contains(r#""price_usd":169.99"#), "{first}");
    clock.advance(Duration::from_hours(1));
    assert_eq!(ask(&app, body, clock.now()).await?, first, "an hour later it still stands");
    let decline = ask(
        &app,
        &body.replace("baratza-encore-esp", "unknown").replace("8b0e", "9b0e"),
        clock.now(),
    )
    .await?;
    println!("{first}\n{decline}");
    Ok(())
}

async fn ask(
    app: &axum::Router,
    body: &str,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<String, Box<dyn Error>> {
    let signed = Signer::hmac(&Secret::new(SECRET)?).sign(body.as_bytes(), now);
    let request = signed
        .iter()
        .fold(Request::post(MESSAGE_SEND), |request, (name, value)| request.header(name, value))
        .body(Body::from(body.to_owned()))?;
    let response = app.clone().oneshot(request).await?;
    assert_eq!(response.status(), StatusCode::OK);
    Ok(String::from_utf8(to_bytes(response.into_body(), 4096).await?.to_vec())?)
}
