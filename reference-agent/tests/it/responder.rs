//! From an RFQ to an offer or a decline.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rfq_reference_agent::ask::Ask;
use rfq_reference_agent::catalogue::{LiveCatalogue, Product};
use rfq_reference_agent::responder::{CatalogueResponder, Stock};
use rfq_sdk::{Answer, DeclineReason, ManualClock, Responder as _, Rfq};

use super::asking::{noon, rfq, sample};
use super::quote::{rules, usd};

const GRINDER: &str = "coffee-grinders/baratza-encore-esp";

/// So many units are held, of a feed written an hour ago.
struct Held(u32);

impl Stock for Held {
    fn reserved(&self, product: &Product, as_of: DateTime<Utc>, now: DateTime<Utc>) -> u32 {
        assert_eq!(product.slug.as_str(), GRINDER);
        assert_eq!((as_of, now), (noon() - TimeDelta::hours(1), noon()));
        self.0
    }
}

async fn answer(toml: &str, held: u32, rfq: Rfq) -> Answer {
    let catalogue = LiveCatalogue::new(sample().with_as_of(noon() - TimeDelta::hours(1)));
    let clock = Arc::new(ManualClock::at(noon()));
    let cart = "https://shop.example/cart".parse().unwrap();
    let offer_id = || uuid::Uuid::from_u128(7);
    let rules = Arc::new(rules(toml));
    let responder = CatalogueResponder::new(catalogue, rules, Held(held), clock, offer_id, cart);
    responder.respond(rfq).await.unwrap()
}

fn declined(reason: DeclineReason) -> Answer {
    reason.into()
}

#[tokio::test]
async fn an_offer_is_made_by_the_shop_s_rules() {
    let toml = "[offers]\nvalid_minutes = 90\nterms = \"Prepaid.\"";
    let Answer::Offer(offer) = answer(toml, 0, rfq(GRINDER, 5, Some("CA-US"), None)).await else {
        panic!("an offer");
    };
    assert_eq!((offer.price(), offer.list_price()), (usd("849.95"), Some(usd("949.95"))));
    assert_eq!(offer.expires_at(), noon() + TimeDelta::minutes(90));
    assert_eq!(offer.terms().unwrap().as_str(), "Prepaid.");
    assert!(offer.in_stock());
}

#[tokio::test]
async fn units_that_are_held_are_not_offered() {
    // The sample has 25.
    let five = || rfq(GRINDER, 5, Some("CA-US"), None);
    assert!(matches!(answer("", 20, five()).await, Answer::Offer(_)));
    assert_eq!(answer("", 21, five()).await, declined(DeclineReason::OutOfStock));
    let offering = "[offers]\nout_of_stock = \"offer\"\nterms = \"\"";
    let Answer::Offer(offer) = answer(offering, 21, five()).await else {
        panic!("an offer");
    };
    assert!(!offer.in_stock());
    assert_eq!(offer.terms(), None);
}

#[tokio::test]
async fn what_is_asked_for_is_all_that_the_rfq_says() {
    let rfq = rfq(GRINDER, 3, Some("CA-US"), Some("2026-06-09T12:00:00Z"));
    let ask = Ask::from(&rfq);
    assert_eq!((ask.product.as_str(), ask.quantity.get()), (GRINDER, 3));
    assert_eq!(ask.region, "CA-US".parse().ok());
    assert_eq!(ask.deliver_by, "2026-06-09T12:00:00Z".parse().ok());
    let late = self::rfq(GRINDER, 3, Some("CA-US"), Some("2026-06-01T11:59:59Z"));
    assert_eq!(answer("", 0, late).await, declined(DeclineReason::TooLateToDeliver));
}
