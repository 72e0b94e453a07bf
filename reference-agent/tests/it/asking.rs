//! Makes verified RFQs the way the marketplace does.

use std::sync::Arc;

use axum::Router;
use chrono::{DateTime, Utc};
use http::Request;
use rfq_agent_card::{AgentCard, ServedCard};
use rfq_reference_agent::app::{App, app};
use rfq_reference_agent::catalogue::{Catalogue, LiveCatalogue};
use rfq_reference_agent::feed::{SAMPLE, SlugMapping, load};
use rfq_reference_agent::responder::{CatalogueResponder, Unreserved};
use rfq_sdk::tower::VerifyLayer;
use rfq_sdk::{Answerer, Budget, ManualClock, MemoryStore, Rfq, Secret, Signer, Verifier};
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "an example of a secret, 32 bytes";

pub(crate) fn noon() -> DateTime<Utc> {
    // A Monday.
    "2026-06-01T12:00:00Z".parse().unwrap()
}

/// An RFQ of these terms; a `null` leaves its field out.
pub(crate) fn body(
    id: &str,
    product: &str,
    quantity: u32,
    region: Value,
    deadline: Value,
) -> String {
    json!({
        "jsonrpc": "2.0", "method": "message/send", "id": id,
        "params": { "message": { "messageId": id, "role": "user", "parts": [], "metadata": {
            "skill": "respond-to-rfq", "rfq_id": id, "product_slug": product, "quantity": quantity,
            "delivery_region": region, "deadline_iso": deadline,
        } } }
    })
    .to_string()
}

pub(crate) fn rfq(
    product: &str,
    quantity: u32,
    region: Option<&str>,
    deadline: Option<&str>,
) -> Rfq {
    let body = body("rfq-1", product, quantity, json!(region), json!(deadline));
    let headers = Signer::hmac(&Secret::new(SECRET).unwrap()).sign(body.as_bytes(), noon());
    let verifier = Verifier::hmac(Secret::new(SECRET).unwrap()).build().unwrap();
    Rfq::from_verified(&verifier.verify(&headers, body.as_bytes(), noon()).unwrap()).unwrap()
}

pub(crate) fn sample() -> Catalogue {
    load(SAMPLE.as_bytes(), None, &SlugMapping::default(), |_, _| {}).unwrap().catalogue
}

/// The agent with the sample catalogue, at noon until `clock` says otherwise.
pub(crate) fn agent(clock: &Arc<ManualClock>) -> Router {
    let catalogue = LiveCatalogue::new(sample());
    let offers = Arc::new(MemoryStore::default());
    let cart = "https://shop.example/cart".parse().unwrap();
    let offer_id = || uuid::Uuid::from_u128(7);
    let responder = CatalogueResponder::new(
        catalogue.clone(),
        Arc::default(),
        Unreserved,
        Arc::clone(clock),
        offer_id,
        cart,
    );
    let verifier = Verifier::hmac(Secret::new(SECRET).unwrap()).build().unwrap();
    let card = AgentCard::builder("Test", "An agent under test.", "1").build().unwrap();
    app(App {
        answerer: Answerer::with(responder, Arc::clone(&offers), Arc::clone(clock)),
        verify: VerifyLayer::with(verifier, Budget::default(), Arc::clone(clock)),
        offers,
        catalogue,
        card: ServedCard::new(&card),
        clock: Arc::<ManualClock>::clone(clock),
    })
}

/// `body` as a request signed at noon.
pub(crate) fn signed<B: From<String>>(body: &str) -> Request<B> {
    let headers = Signer::hmac(&Secret::new(SECRET).unwrap()).sign(body.as_bytes(), noon());
    let request = Request::post("/message:send").header("content-type", "application/json");
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    request.body(B::from(body.to_owned())).unwrap()
}
