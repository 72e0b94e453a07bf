//! Quotes of a hundred producers, ten of each kind of fault: every outcome has its name, and nothing
//! is left of any call.

use std::sync::Arc;
use std::time::Duration;

use rfq_engine::{
    Candidate, ClosePolicy, DeliveryArea, Engine, EnginePolicy, HealthBoard, HealthPolicy, Outcome,
    Quote,
};
use rfq_marketplace::net::{Limits, Reach};
use rfq_sdk::ManualClock;
use tokio::time::{Instant, timeout};

use crate::faulty::{Faulty, Kind, PRODUCERS};
use crate::market::{Authority, Internet, NOW, call, client, target};

const CONNECT: Duration = Duration::from_secs(3);
const PRODUCER: Duration = Duration::from_secs(2);
/// What a busy machine takes.
const ROOM: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_told_from_every_other() {
    every_outcome_has_its_name(PRODUCER, CONNECT + PRODUCER + ROOM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_silent_until_the_quote_ends_is_not_late() {
    every_outcome_has_its_name(CONNECT + ROOM * 3, CONNECT + ROOM).await;
}

async fn every_outcome_has_its_name(producer_time: Duration, quote_time: Duration) {
    let (authority, internet) = (Authority::new(), Arc::new(Internet::default()));
    let faulty = Faulty::start(&authority).await;
    let candidate = |number: u8| {
        let name = format!("shop{number}.shops.example");
        let address = faulty.addresses[usize::from(number) - 1];
        internet.lead(&name, &format!("93.184.215.{number}"), address);
        Candidate {
            producer: format!("shop{number}").parse().unwrap(),
            product: "coffee-grinders/baratza-encore-esp".parse().unwrap(),
            claim_domains: std::iter::once("shops.example".parse().unwrap()).collect(),
            delivers_to: DeliveryArea::Anywhere,
            target: target(&format!("https://{name}/message:send"), Reach::Public),
            record: None,
        }
    };
    let candidates = (1..=PRODUCERS).map(candidate).collect();
    let limits = Limits { connect: CONNECT, ..Limits::default() };
    let client = Arc::new(client(Reach::Public, internet, &authority, limits));
    let health = Arc::new(HealthBoard::new(HealthPolicy::default()).unwrap());
    let clock = Arc::new(ManualClock::at(NOW.parse().unwrap()));
    let policy = EnginePolicy { producer_time, quote_time, ..EnginePolicy::default() };
    let engine = Engine::new(client, clock, health, policy).unwrap();

    let arrived = Instant::now();
    let request = (*call(producer_time).request).clone();
    let close = ClosePolicy::AllAnswered;
    let quote = engine
        .quote(Quote { request, arrived, candidates, close, transcript: false, provisional: None })
        .await;
    assert!(arrived.elapsed() < quote_time + ROOM);

    assert_eq!((quote.calls.len(), quote.offers.len()), (100, 10));
    for call in quote.calls {
        let number = call.producer.as_str().strip_prefix("shop").unwrap().parse().unwrap();
        let kind = Kind::of(number);
        assert_eq!(call.outcome, kind.outcome(quote_time < producer_time), "{kind:?}");
        // What is wrong is told of each call that failed for it, and of no other.
        if let Some(problem) = call.problem {
            assert!(call.outcome != Outcome::Offer, "{kind:?}: {problem}");
        }
        let connects_badly = matches!(call.outcome, Outcome::ConnectFailed | Outcome::TlsFailed);
        assert!(call.problem.is_some() || !connects_badly, "{kind:?}");
    }
    drop(engine);
    for producer in &faulty.producers {
        timeout(Duration::from_secs(20), producer.idle()).await.unwrap();
    }
}
