//! From an RFQ to an offer or a decline.

use std::sync::Arc;

use chrono::TimeDelta;
use rfq_reference_agent::ask::Ask;
use rfq_reference_agent::catalogue::{Availability, Catalogue, LiveCatalogue, Product};
use rfq_reference_agent::ledger::{Claim, Ledger, LedgerOptions};
use rfq_reference_agent::responder::CatalogueResponder;
use rfq_reference_agent::stock::Stock;
use rfq_sdk::{Answer, AnswerStore as _, DeclineReason, ManualClock, Offer, Responder as _, Rfq};
use tempfile::TempDir;

use super::asking::{noon, rfq, sample};
use super::quote::{rules, usd};

const GRINDER: &str = "coffee-grinders/baratza-encore-esp";

struct Shop {
    responder: CatalogueResponder<Arc<ManualClock>>,
    ledger: Ledger,
    _dir: TempDir,
}

impl Shop {
    /// With the sample, of a feed written an hour ago, and the rules in `toml`.
    fn new(toml: &str) -> Self {
        let catalogue = LiveCatalogue::new(sample().with_as_of(noon() - TimeDelta::hours(1)));
        let dir = TempDir::new().unwrap();
        let ledger = Ledger::open(dir.path(), LedgerOptions::default()).unwrap();
        let responder = CatalogueResponder {
            catalogue,
            rules: Arc::new(rules(toml)),
            ledger: Some(ledger.clone()),
            price_service: None,
            clock: Arc::new(ManualClock::at(noon())),
            offer_id: || uuid::Uuid::from_u128(7),
            cart: "https://shop.example/cart".parse().unwrap(),
        };
        Self { responder, ledger, _dir: dir }
    }

    async fn answer(&self, rfq: Rfq) -> Answer {
        self.responder.respond(rfq).await.unwrap()
    }

    /// So many units are offered to someone, and claimed.
    async fn hold(&self, units: u32) {
        let rfq = rfq(GRINDER, units, Some("CA-US"), None);
        let answer = self.answer(rfq.clone()).await;
        let offer = offered(&answer);
        self.ledger.remember(&rfq, offer, noon()).await.unwrap();
        let stock = Stock { units: None, as_of: noon() };
        let claimed = self.ledger.claim(offer.offer_id().unwrap(), stock, noon()).await.unwrap();
        assert!(matches!(claimed, Claim::Held { .. }), "{claimed:?}");
    }
}

fn offered(answer: &Answer) -> &Offer {
    match answer {
        Answer::Offer(offer) => Some(offer),
        Answer::Decline(_) => None,
    }
    .unwrap()
}

async fn answer(toml: &str, rfq: Rfq) -> Answer {
    Shop::new(toml).answer(rfq).await
}

fn declined(reason: DeclineReason) -> Answer {
    reason.into()
}

#[tokio::test]
async fn an_offer_is_made_by_the_shop_s_rules() {
    let toml = "[offers]\nvalid_minutes = 90\nterms = \"Prepaid.\"";
    let Answer::Offer(offer) = answer(toml, rfq(GRINDER, 5, Some("CA-US"), None)).await else {
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
    let shop = Shop::new("");
    shop.hold(20).await;
    assert!(matches!(shop.answer(five()).await, Answer::Offer(_)));
    let shop = Shop::new("");
    shop.hold(21).await;
    assert_eq!(shop.answer(five()).await, declined(DeclineReason::OutOfStock));
    let offering = "[offers]\nout_of_stock = \"offer\"\nterms = \"\"";
    let shop = Shop::new(offering);
    shop.hold(21).await;
    let Answer::Offer(offer) = shop.answer(five()).await else { panic!("an offer") };
    assert!(!offer.in_stock());
    assert_eq!(offer.terms(), None);
}

#[tokio::test]
async fn the_price_of_a_draft_is_told_to_nobody() {
    for toml in ["", "[offers]\nout_of_stock = \"offer\""] {
        let shop = Shop::new(toml);
        let mut drafts = Catalogue::default();
        for product in sample().iter().cloned() {
            drafts.insert(Product { availability: Availability::NotSold, ..product }).unwrap();
        }
        shop.responder.catalogue.replace(drafts);
        let answer = shop.answer(rfq(GRINDER, 5, Some("CA-US"), None)).await;
        assert_eq!(answer, declined(DeclineReason::OutOfStock), "{toml}");
    }
}

#[tokio::test]
async fn what_is_asked_for_is_all_that_the_rfq_says() {
    let rfq = rfq(GRINDER, 3, Some("CA-US"), Some("2026-06-09T12:00:00Z"));
    let ask = Ask::from(&rfq);
    assert_eq!((ask.product.as_str(), ask.quantity.get()), (GRINDER, 3));
    assert_eq!(ask.region, "CA-US".parse().ok());
    assert_eq!(ask.deliver_by, "2026-06-09T12:00:00Z".parse().ok());
    let late = self::rfq(GRINDER, 3, Some("CA-US"), Some("2026-06-01T11:59:59Z"));
    assert_eq!(answer("", late).await, declined(DeclineReason::TooLateToDeliver));
}
