//! Every file in `tests/auctions` is a quote: what is asked, what each producer does on a real socket,
//! and what must come of it. To add a case, add a file; `tests/auctions/README.md` says what it holds.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rfq_engine::{
    Call, CallFailure, Candidate, ClosePolicy, DeliveryArea, Engine, EnginePolicy, HealthBoard,
    HealthPolicy, HttpAnswer, Outcome, ProducerClient, ProducerId, Quote, QuoteOutcome,
    QuoteRequest,
};
use rfq_marketplace::net::{Limits, Reach, RfqClient, Target};
use rfq_sdk::{ManualClock, Quantity};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep, timeout};

use crate::market::{NOW, dev_client, target};
use crate::producer::Producer;
use crate::scripts::Script;

const PRODUCT: &str = "coffee-grinders/baratza-encore-esp";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Auction {
    /// What the case shows.
    about: String,
    #[serde(default)]
    request: Asked,
    /// How long each producer has. Far more than a busy machine needs, where nobody is late.
    #[serde(default = "twenty_seconds")]
    producer_ms: u64,
    quote_ms: Option<u64>,
    close_after_offers: Option<NonZeroUsize>,
    caller_leaves_ms: Option<u64>,
    producers: BTreeMap<String, Script>,
    expect: Expected,
}

fn twenty_seconds() -> u64 {
    20_000
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Asked {
    quantity: u32,
    region: Option<String>,
}

impl Default for Asked {
    fn default() -> Self {
        Self { quantity: 1, region: Some("CA-US".to_owned()) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// Whose offers there are, best first.
    #[serde(default)]
    places: Vec<String>,
    /// How each call ended; for producers that are many, how often.
    #[serde(default)]
    outcomes: BTreeMap<String, Value>,
    /// What explanations say, in part.
    #[serde(default)]
    explanations: BTreeMap<String, Map<String, Value>>,
    /// What producers are sent, in part.
    #[serde(default)]
    sent: Map<String, Value>,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_auction_ends_as_its_file_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/auctions");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    assert!(files.len() >= 40, "{} auctions", files.len());
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let auction: Auction = serde_json::from_str(&fs::read_to_string(&file).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        println!("{name}: {}", auction.about);
        timeout(Duration::from_mins(1), hold(&name, auction)).await.unwrap();
    }
}

async fn hold(name: &str, auction: Auction) {
    let mut market = Market::default();
    for (producer, script) in &auction.producers {
        market.open(producer, script).await;
    }
    let Asked { quantity, region } = &auction.request;
    let request = QuoteRequest {
        rfq_id: name.parse().unwrap(),
        product: PRODUCT.parse().unwrap(),
        product_name: "Baratza Encore ESP".to_owned(),
        quantity: Quantity::new(*quantity).unwrap(),
        region: region.as_ref().map(|region| region.parse().unwrap()),
        deliver_by: None,
    };
    let producer_time = Duration::from_millis(auction.producer_ms);
    let quote_ms = auction.quote_ms.unwrap_or(auction.producer_ms + 5_000);
    let policy = EnginePolicy {
        producer_time,
        quote_time: Duration::from_millis(quote_ms),
        ..EnginePolicy::default()
    };
    let close = auction.close_after_offers.map_or(ClosePolicy::AllAnswered, |count| {
        ClosePolicy::Offers { count, after: Duration::ZERO }
    });
    // A thousand connections at once take a busy machine more than a second.
    let limits = Limits { connect: Duration::from_secs(20), ..Limits::default() };
    let client = Arc::new(Client { rfq: dev_client(limits) });
    let clock = Arc::new(ManualClock::at(NOW.parse().unwrap()));
    let engine = Engine::new(Arc::clone(&client), clock, Arc::new(market.health), policy).unwrap();
    let quote = Quote {
        request,
        arrived: Instant::now(),
        candidates: market.candidates,
        close,
        transcript: false,
        provisional: None,
    };
    let quote = match auction.caller_leaves_ms {
        None => engine.quote(quote).await,
        Some(after) => engine.quote_until(quote, sleep(Duration::from_millis(after))).await,
    };
    check(name, &quote, &auction.expect);
    // Nothing goes on once the quote is over, but for connections that are held.
    drop((engine, client));
    for producer in market.producers.values() {
        producer.idle().await;
        for request in producer.requests() {
            assert!(request.is_signed(), "{name}: {request:?}");
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            let metadata = &body["params"]["message"]["metadata"];
            assert_eq!(metadata["quantity"], auction.request.quantity, "{name}");
            for (key, value) in &auction.expect.sent {
                assert_eq!(&metadata[key], value, "{name}: {key}");
            }
        }
    }
}

fn check(name: &str, quote: &QuoteOutcome, expect: &Expected) {
    let producer = |offer: &rfq_engine::RankedOffer| offer.accepted.producer().to_string();
    let ended: HashMap<&str, Outcome> =
        quote.calls.iter().map(|call| (call.producer.as_str(), call.outcome)).collect();
    let places: Vec<String> = quote.offers.iter().map(producer).collect();
    if !expect.places.is_empty() || quote.offers.len() < 20 {
        assert_eq!(places, expect.places, "{name}: {ended:?}");
    }
    let mut seen = BTreeMap::<String, BTreeMap<String, u64>>::new();
    for (producer, outcome) in &ended {
        // `many-7` is one of `many`.
        let of = producer.split_once('-').map_or(*producer, |(many, _)| many);
        *seen.entry(of.to_owned()).or_default().entry(outcome.to_string()).or_default() += 1;
    }
    let seen: BTreeMap<String, Value> = seen
        .into_iter()
        .map(|(producer, outcomes)| match outcomes.iter().next() {
            Some((outcome, 1)) if outcomes.len() == 1 => (producer, outcome.as_str().into()),
            _ => (producer, serde_json::to_value(outcomes).unwrap()),
        })
        .collect();
    assert_eq!(seen, expect.outcomes, "{name}");
    for (of, expected) in &expect.explanations {
        let offer = quote.offers.iter().find(|offer| producer(offer) == *of).unwrap();
        let explanation = serde_json::to_value(&offer.explanation).unwrap();
        for (key, value) in expected {
            assert_eq!(&explanation[key], value, "{name}: {of}: {key} of {explanation}");
        }
    }
}

/// The producers of one case.
struct Market {
    producers: BTreeMap<String, Producer>,
    candidates: Vec<Candidate<Scripted>>,
    health: HealthBoard,
}

impl Default for Market {
    fn default() -> Self {
        let health = HealthBoard::new(HealthPolicy::default()).unwrap();
        Self { producers: BTreeMap::new(), candidates: Vec::new(), health }
    }
}

impl Market {
    async fn open(&mut self, name: &str, script: &Script) {
        let producer = script.start(name).await;
        let port = producer.address.port();
        let names = match script.count {
            None => vec![name.to_owned()],
            Some(count) => (0..count).map(|number| format!("{name}-{number}")).collect(),
        };
        for one in names {
            let id: ProducerId = one.parse().unwrap();
            let past = script.late_before.unwrap_or_default();
            // One at a time, as quotes would: no outage of all.
            for _ in 0..past {
                self.health.record([(&id, Outcome::Late, None)], Instant::now());
            }
            let url = format!("http://{one}.localhost:{port}/message:send");
            let domain = format!("{name}.example").parse().unwrap();
            self.candidates.push(Candidate {
                producer: id,
                product: PRODUCT.parse().unwrap(),
                claim_domains: std::iter::once(domain).collect(),
                delivers_to: DeliveryArea::Anywhere,
                target: Arc::new(Scripted {
                    target: target(&url, Reach::DevLoopback),
                    panics: script.panics(),
                }),
                record: None,
            });
        }
        self.producers.insert(name.to_owned(), producer);
    }
}

/// Our client, and a way to see what a fault of our own does.
struct Client {
    rfq: RfqClient,
}

struct Scripted {
    target: Arc<Target>,
    panics: bool,
}

impl ProducerClient for Client {
    type Target = Scripted;

    async fn call(&self, target: Arc<Scripted>, call: Call) -> Result<HttpAnswer, CallFailure> {
        assert!(!target.panics, "as the script says");
        self.rfq.call(Arc::clone(&target.target), call).await
    }
}
