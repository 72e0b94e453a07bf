//! A marketplace of producers that do as they are told.

use std::collections::HashMap;
use std::future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use rfq_engine::{
    Call, CallFailure, Candidate, ClosePolicy, DeliveryArea, Engine, EnginePolicy, HealthBoard,
    HealthPolicy, HttpAnswer, Outcome, ProducerClient, ProducerId, Quote, QuoteOutcome,
    QuoteRequest, TrackRecord,
};
use rfq_sdk::{ManualClock, Quantity};
use tokio::time::{Instant, sleep, sleep_until};

use crate::offers::{answer, now};

/// What a producer does when it is called.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Does {
    /// Offers for so many cents after so many milliseconds.
    Offer(u64, u64),
    /// Offers what it has not, after so many milliseconds.
    OutOfStock(u64),
    /// Declines after so many milliseconds.
    Decline(u64),
    /// Answers with more bytes than an answer may have, and its client lets them pass.
    Giant,
    /// Answers with a status and no offer.
    Status(u16),
    /// Is silent until its budget is over.
    Late,
    /// Cannot be reached.
    Fail(CallFailure),
    /// Is silent, and its client forgets the time.
    Hang,
    /// Waits for a place that never comes, and its client forgets the time.
    Queue,
    /// Waits for a place that never comes, and its client minds the time.
    QueueUntilTheEnd,
    /// Its client fails.
    Panic,
}

#[derive(Debug, Default)]
pub(crate) struct Scripted {
    /// Calls that have begun and not ended, in whatever way.
    pub(crate) under_way: Arc<AtomicUsize>,
    pub(crate) begun: AtomicUsize,
    /// What was asked for, by its slug, in the order of calls.
    pub(crate) products: Mutex<Vec<String>>,
}

impl ProducerClient for Scripted {
    type Target = Does;

    async fn call(&self, target: Arc<Does>, call: Call) -> Result<HttpAnswer, CallFailure> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.products.lock().unwrap().push(call.request.product.to_string());
        let _ends = UnderWay::begin(&self.under_way);
        match *target {
            Does::Queue => return future::pending().await,
            Does::QueueUntilTheEnd => {
                sleep_until(call.ends).await;
                return Err(CallFailure::NoTime);
            }
            Does::Fail(CallFailure::NoTime) => return Err(CallFailure::NoTime),
            _ => {}
        }
        call.trace.note_request(|| Bytes::from_static(b"asked"));
        call.trace.note_sent();
        match *target {
            Does::Offer(cents, after) => {
                sleep(Duration::from_millis(after)).await;
                Ok(offer(cents, true))
            }
            Does::OutOfStock(after) => {
                sleep(Duration::from_millis(after)).await;
                Ok(offer(10_000 - after, false))
            }
            Does::Decline(after) => {
                sleep(Duration::from_millis(after)).await;
                Ok(answer(r#"{"in_stock":false}"#))
            }
            Does::Giant => {
                let body = vec![b' '; HttpAnswer::MAX_BYTES + 1].into();
                Ok(HttpAnswer { status: 200, body })
            }
            Does::Status(status) => Ok(HttpAnswer { status, body: "busy".into() }),
            Does::Late => {
                sleep(call.budget).await;
                Err(CallFailure::Late)
            }
            Does::Fail(failure) => Err(failure),
            Does::Hang | Does::Queue | Does::QueueUntilTheEnd => future::pending().await,
            Does::Panic => panic!("as told"),
        }
    }
}

fn offer(cents: u64, in_stock: bool) -> HttpAnswer {
    answer(format!(
        r#"{{"price_usd":{}.{:02},"in_stock":{in_stock},"claim_url":"https://shop.example/","offer_expires_at":"2026-06-01T13:00:00Z","shipping_cost_usd":0}}"#,
        cents / 100,
        cents % 100
    ))
}

struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An engine with its scripted producers.
pub(crate) struct Market {
    pub(crate) engine: Engine<Scripted, ManualClock>,
    pub(crate) client: Arc<Scripted>,
    pub(crate) health: Arc<HealthBoard>,
    producers: Mutex<Vec<(String, Does)>>,
    quotes: AtomicUsize,
}

impl Market {
    pub(crate) fn of(producers: impl IntoIterator<Item = (impl Into<String>, Does)>) -> Self {
        Self::with(producers, EnginePolicy::default(), HealthPolicy::default())
    }

    pub(crate) fn with(
        producers: impl IntoIterator<Item = (impl Into<String>, Does)>,
        policy: EnginePolicy,
        health: HealthPolicy,
    ) -> Self {
        let client = Arc::new(Scripted::default());
        let health = Arc::new(HealthBoard::new(health).unwrap());
        let clock = Arc::new(ManualClock::at(now()));
        let engine = Engine::new(Arc::clone(&client), clock, Arc::clone(&health), policy).unwrap();
        let named = |(name, does): (_, Does)| (Into::into(name), does);
        let producers = Mutex::new(producers.into_iter().map(named).collect());
        Self { engine, client, health, producers, quotes: AtomicUsize::new(0) }
    }

    /// From now on, `producer` does something else.
    pub(crate) fn tell(&self, producer: &str, does: Does) {
        let mut producers = self.producers.lock().unwrap();
        producers.iter_mut().find(|(name, _)| name == producer).unwrap().1 = does;
    }

    /// The next request for a quote, for all producers, that arrives now.
    pub(crate) fn next(&self) -> Quote<Does> {
        let number = self.quotes.fetch_add(1, Ordering::Relaxed);
        let candidate = |(name, does): &(String, Does)| Candidate {
            producer: id(name),
            product: request(number).product,
            claim_domains: ["shop.example".parse().unwrap()].into_iter().collect(),
            delivers_to: DeliveryArea::Anywhere,
            target: Arc::new(*does),
            record: Some(TrackRecord { calls: 100, offers: 90, wins: 9 }),
        };
        Quote {
            request: request(number),
            arrived: Instant::now(),
            candidates: self.producers.lock().unwrap().iter().map(candidate).collect(),
            close: ClosePolicy::AllAnswered,
            transcript: false,
            provisional: None,
        }
    }

    /// Makes the next quote.
    pub(crate) async fn quote(&self) -> QuoteOutcome {
        self.engine.quote(self.next()).await
    }
}

pub(crate) fn id(name: &str) -> ProducerId {
    name.parse().unwrap()
}

pub(crate) fn request(number: usize) -> QuoteRequest {
    QuoteRequest {
        rfq_id: format!("rfq-{number}").parse().unwrap(),
        product: "beds/oak-bed".parse().unwrap(),
        product_name: "Oak bed".to_owned(),
        quantity: Quantity::new(1).unwrap(),
        region: None,
        deliver_by: None,
    }
}

/// How each call ended, by producer.
pub(crate) fn outcomes(quote: &QuoteOutcome) -> HashMap<&str, Outcome> {
    quote.calls.iter().map(|call| (call.producer.as_str(), call.outcome)).collect()
}

/// Whose the offers are, best first.
pub(crate) fn places(quote: &QuoteOutcome) -> Vec<&str> {
    quote.offers.iter().map(|offer| offer.accepted.producer().as_str()).collect()
}
