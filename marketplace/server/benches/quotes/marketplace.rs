//! The marketplace: its engine over its client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rfq_engine::{
    Candidate, ClosePolicy, DeliveryArea, Engine, EnginePolicy, HealthBoard, HealthPolicy, Quote,
    QuoteOutcome, QuoteRequest,
};
use rfq_marketplace::net::{Limits, Reach, RfqClient, Setup, Target};
use rfq_sdk::{ManualClock, Quantity};
use tokio::time::Instant;
use uuid::Uuid;

use crate::faulty::PRODUCERS;
use crate::market::{NOW, target};
use crate::producers::Producers;

/// The names of the producers, and what of them does not change.
pub(super) struct Marketplace {
    client: Arc<RfqClient>,
    targets: Vec<Arc<Target>>,
    quotes: AtomicU64,
}

impl Marketplace {
    pub(super) fn new(producers: &Producers) -> Self {
        let messages = AtomicU64::new(1);
        let next = move || Uuid::from_u64_pair(0, messages.fetch_add(1, Ordering::Relaxed));
        let client = RfqClient::new(Setup {
            network: producers.network(),
            reach: Reach::Public,
            roots: producers.roots(),
            clock: clock(),
            message_id: Arc::new(next),
            requestor: "https://market.example/.well-known/agent.json".to_owned(),
            limits: Limits::default(),
        });
        let url = |number| format!("https://shop{number}.shops.example/message:send");
        let targets = (1..=PRODUCERS).map(|number| target(&url(number), Reach::Public)).collect();
        Self { client: Arc::new(client.unwrap()), targets, quotes: AtomicU64::new(0) }
    }

    /// An engine whose quotes and producers have so much time. It does not act on health, so that all
    /// producers are called by every quote.
    pub(super) fn engine(&self, policy: EnginePolicy) -> Engine<RfqClient, ManualClock> {
        let health = HealthPolicy { dry_run: true, ..HealthPolicy::default() };
        let health = Arc::new(HealthBoard::new(health).unwrap());
        Engine::new(Arc::clone(&self.client), clock(), health, policy).unwrap()
    }

    /// Closes connections whose time is over, for as long as it is polled.
    pub(super) async fn upkeep(&self) {
        self.client.upkeep().await;
    }

    /// One quote of all producers.
    pub(super) async fn quote(
        &self,
        engine: &Engine<RfqClient, ManualClock>,
        arrived: Instant,
    ) -> QuoteOutcome {
        let number = self.quotes.fetch_add(1, Ordering::Relaxed);
        let request = QuoteRequest {
            rfq_id: format!("rfq-{number}").parse().unwrap(),
            product: "coffee-grinders/baratza-encore-esp".parse().unwrap(),
            product_name: "Baratza Encore ESP".to_owned(),
            quantity: Quantity::new(2).unwrap(),
            region: Some("CA-US".parse().unwrap()),
            deliver_by: None,
        };
        let candidates = (1..=PRODUCERS).zip(&self.targets).map(|(number, target)| Candidate {
            producer: format!("shop{number}").parse().unwrap(),
            product: "coffee-grinders/baratza-encore-esp".parse().unwrap(),
            claim_domains: std::iter::once("shops.example".parse().unwrap()).collect(),
            delivers_to: DeliveryArea::Anywhere,
            target: Arc::clone(target),
            record: None,
        });
        let candidates = candidates.collect();
        let close = ClosePolicy::AllAnswered;
        engine
            .quote(Quote {
                request,
                arrived,
                candidates,
                close,
                transcript: false,
                provisional: None,
            })
            .await
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(NOW.parse().unwrap()))
}
