//! The offer ledger, on real files and with the test's own time.

mod claims;
mod failing;
mod model;
mod offers;
mod opening;
mod prune;

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rfq_reference_agent::catalogue::{
    Availability, Catalogue, LiveCatalogue, OrderQuantities, Product,
};
use rfq_reference_agent::ledger::{Claim, Ledger, LedgerOptions};
use rfq_reference_agent::pricing::UnitPrices;
use rfq_reference_agent::shipping::ShippingTable;
use rfq_reference_agent::stock::Stock;
use rfq_sdk::{AnswerStore as _, Offer, Remembered, Rfq, Secret, Signer, Verifier};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use super::asking::{SECRET, body, noon};

const GRINDER: &str = "coffee-grinders/baratza-encore-esp";

/// A shop that sells grinders, and its ledger.
struct Shop {
    directory: TempDir,
    catalogue: LiveCatalogue,
    ledger: Ledger,
}

impl Shop {
    /// With so many grinders on hand, counted at noon.
    fn with(on_hand: Option<u32>) -> Self {
        Self::with_options(on_hand, LedgerOptions::default())
    }

    fn with_options(on_hand: Option<u32>, options: LedgerOptions) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let catalogue = LiveCatalogue::new(counted(on_hand, noon()));
        let ledger = Ledger::open(directory.path(), options).unwrap();
        Self { directory, catalogue, ledger }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The same shop after a restart.
    fn reopened(self) -> Self {
        drop(self.ledger);
        let options = LedgerOptions::default();
        let ledger = Ledger::open(self.directory.path(), options).unwrap();
        Self { ledger, ..self }
    }

    /// Has the offer of a quote remembered.
    async fn remember(&self, rfq: &Rfq, offer: &Offer, now: DateTime<Utc>) -> Remembered {
        self.reserved(now);
        self.ledger.remember(rfq, offer, now).await.unwrap()
    }

    /// Has an offer of this number made at `now`.
    async fn offered(&self, number: u128, quantity: u32, now: DateTime<Utc>) -> Uuid {
        let offer = offer(number, now);
        let remembered = self.remember(&rfq(&format!("rfq-{number}"), quantity), &offer, now).await;
        assert_eq!(remembered, Remembered::Offer(offer));
        Uuid::from_u128(number)
    }

    async fn claim(&self, offer_id: Uuid, now: DateTime<Utc>) -> Claim {
        self.ledger.claim(offer_id, self.stock(), now).await.unwrap()
    }

    /// Of the grinder, as the catalogue tells it.
    fn stock(&self) -> Stock {
        stock(&self.catalogue)
    }

    /// What is reserved of the grinder.
    fn reserved(&self, now: DateTime<Utc>) -> u32 {
        self.ledger.reserved(&GRINDER.parse().unwrap(), self.stock(), now).units()
    }
}

fn stock(catalogue: &LiveCatalogue) -> Stock {
    let catalogue = catalogue.now();
    let grinder = catalogue.find(&GRINDER.parse().unwrap());
    grinder.map_or(Stock::none(noon()), |grinder| Stock::of(grinder, catalogue.as_of()))
}

/// A catalogue of the grinder alone.
fn counted(on_hand: Option<u32>, as_of: DateTime<Utc>) -> Catalogue {
    let mut catalogue = Catalogue::default().with_as_of(as_of);
    catalogue.insert(grinder(on_hand)).unwrap();
    catalogue
}

fn grinder(on_hand: Option<u32>) -> Product {
    Product {
        slug: GRINDER.parse().unwrap(),
        id: "ESP".into(),
        title: "Encore ESP".into(),
        prices: UnitPrices::regular("169.99".parse().unwrap()).unwrap(),
        quantities: OrderQuantities::ANY,
        availability: Availability::InStock,
        on_hand,
        shipping: Arc::new(ShippingTable::new(vec![])),
        handling: None,
        weight_milligrams: None,
    }
}

/// An RFQ for grinders.
fn rfq(id: &str, quantity: u32) -> Rfq {
    rfq_of("marketplace", id, quantity)
}

fn rfq_of(caller: &str, id: &str, quantity: u32) -> Rfq {
    let body = body(id, GRINDER, quantity, json!("CA-US"), json!("2026-06-20T12:00:00.5Z"));
    let headers = Signer::hmac(&Secret::new(SECRET).unwrap()).sign(body.as_bytes(), noon());
    let verifier = Verifier::hmac(Secret::new(SECRET).unwrap()).caller(caller.parse().unwrap());
    let verifier = verifier.build().unwrap();
    Rfq::from_verified(&verifier.verify(&headers, body.as_bytes(), noon()).unwrap()).unwrap()
}

/// An offer of this number, made at `now` for the default time.
fn offer(number: u128, now: DateTime<Utc>) -> Offer {
    offer_for(number, now, Offer::DEFAULT_VALIDITY)
}

fn offer_for(number: u128, now: DateTime<Utc>, validity: TimeDelta) -> Offer {
    let id = Uuid::from_u128(number);
    let claim_url = format!("https://shop.example/cart?offer={id}").parse().unwrap();
    Offer::builder("169.99".parse().unwrap(), claim_url)
        .list_price("189.99".parse().unwrap())
        .shipping_cost("6.90".parse().unwrap())
        .shipping_days(4)
        .offer_id(id)
        .terms("Excl. sales tax \"and\" duty: 10 % ü.".parse().unwrap())
        .valid_for(validity)
        .build(now)
        .unwrap()
}

fn seconds(count: i64) -> TimeDelta {
    TimeDelta::seconds(count)
}
