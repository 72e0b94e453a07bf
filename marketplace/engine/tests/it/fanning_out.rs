//! Calls at once, and their end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rfq_engine::{
    CallFailure, CallRecord, CancelReason, Engine, EnginePolicy, EnginePolicyError, HealthBoard,
    HealthPolicy, HealthState, Outcome, Quote,
};
use rfq_sdk::ManualClock;
use tokio::time::{Instant, sleep, timeout};

use crate::market::{Does, Market, Scripted, id, outcomes, places};
use crate::offers::now;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[tokio::test(start_paused = true)]
async fn the_answer_is_ranked_and_every_call_has_its_outcome() {
    let market = Market::of([
        ("dear", Does::Offer(20_000, 10)),
        ("cheap", Does::Offer(10_000, 300)),
        ("no", Does::Decline(20)),
        ("busy", Does::Status(503)),
        ("late", Does::Late),
        ("gone", Does::Fail(CallFailure::Connect)),
        ("plain", Does::Fail(CallFailure::Tls)),
        ("giant", Does::Fail(CallFailure::TooLarge)),
        ("reset", Does::Fail(CallFailure::Io)),
        ("queued", Does::Fail(CallFailure::NoTime)),
        ("bug", Does::Panic),
    ]);
    let start = Instant::now();
    let quote = market.quote().await;
    assert_eq!(start.elapsed(), ms(4000), "the late one has its 4 s, and nobody waits longer");
    assert_eq!(places(&quote), ["cheap", "dear"]);
    let outcomes = outcomes(&quote);
    for (producer, outcome) in [
        ("dear", Outcome::Offer),
        ("cheap", Outcome::Offer),
        ("no", Outcome::Decline),
        ("busy", Outcome::HttpStatus(503)),
        ("late", Outcome::Late),
        ("gone", Outcome::ConnectFailed),
        ("plain", Outcome::TlsFailed),
        ("giant", Outcome::TooLarge),
        ("reset", Outcome::IoFailed),
        ("queued", Outcome::SkippedNoTime),
        ("bug", Outcome::Panicked),
    ] {
        assert_eq!(outcomes[producer], outcome, "{producer}");
    }
    let call = |producer: &str| quote.calls.iter().find(|call| call.producer == id(producer));
    assert_eq!(call("cheap").unwrap().latency, Some(ms(300)));
    assert_eq!(call("late").unwrap().latency, Some(ms(4000)));
    assert_eq!(call("gone").unwrap().latency, None);
    assert_eq!(call("busy").unwrap().answer.as_ref().unwrap().status, 503);
}

/// A producer that named the product before it was renamed knows no other name.
#[tokio::test(start_paused = true)]
async fn each_is_asked_for_what_it_said_it_carries() {
    let market = Market::of([("old", Does::Offer(10_000, 10)), ("new", Does::Offer(9_000, 10))]);
    let mut quote = market.next();
    quote.candidates[0].product = "furniture/bed-1".parse().unwrap();
    let outcome = market.engine.quote(quote).await;
    assert_eq!(places(&outcome), ["new", "old"]);
    let mut products = market.client.products.lock().unwrap().clone();
    products.sort();
    assert_eq!(products, ["beds/oak-bed", "furniture/bed-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_forgets_the_time_does_not_hold_the_quote() {
    let market = Market::of([
        ("good", Does::Offer(10_000, 10)),
        ("hang", Does::Hang),
        ("queue", Does::Queue),
    ]);
    let start = Instant::now();
    let quote = market.quote().await;
    assert_eq!(start.elapsed(), ms(5500));
    assert_eq!(places(&quote), ["good"]);
    let outcomes = outcomes(&quote);
    assert_eq!(outcomes["hang"], Outcome::Late, "it had more than its 4 s");
    assert_eq!(outcomes["queue"], Outcome::SkippedNoTime, "it was never asked");
    sleep(ms(1)).await;
    assert_eq!(market.client.under_way.load(Ordering::Relaxed), 0, "the calls were ended");
}

#[tokio::test(start_paused = true)]
async fn what_was_never_sent_has_one_name_whoever_notices_first() {
    // The client gives up at the very moment at which the engine does.
    let names = (0..50).map(|n| (format!("p{n}"), Does::QueueUntilTheEnd));
    let market = Market::of(names.chain([("queue".to_owned(), Does::Queue)]));
    let quote = market.quote().await;
    let skipped = |outcome: &Outcome| *outcome == Outcome::SkippedNoTime;
    assert!(outcomes(&quote).values().all(skipped), "{:?}", outcomes(&quote));
}

#[tokio::test(start_paused = true)]
async fn an_answer_after_the_producer_s_time_is_late_whatever_its_client_says() {
    let market = Market::of([
        ("in_time", Does::Offer(20_000, 4000)),
        ("after", Does::Offer(10_000, 4001)),
        ("no", Does::Decline(4001)),
    ]);
    let quote = market.quote().await;
    assert_eq!(places(&quote), ["in_time"]);
    assert_eq!((outcomes(&quote)["after"], outcomes(&quote)["no"]), (Outcome::Late, Outcome::Late));
    let after = quote.calls.iter().find(|call| call.producer == id("after")).unwrap();
    assert_eq!(after.latency, Some(ms(4001)));
    assert!(after.answer.is_some(), "it can be shown what came");
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_had_less_than_its_time_is_not_late() {
    let market = Market::of([("late", Does::Late), ("hang", Does::Hang)]);
    let start = Instant::now();
    let mut quote = market.next();
    sleep(ms(2500)).await;
    quote.arrived = start;
    let quote = market.engine.quote(quote).await;
    assert_eq!(start.elapsed(), ms(5500), "from the arrival, not from when it was begun");
    let cancelled = Outcome::Cancelled(CancelReason::QuoteDeadline);
    assert_eq!(outcomes(&quote)["late"], cancelled);
    assert_eq!(outcomes(&quote)["hang"], cancelled);
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_is_kept_for_a_transcript_alone() {
    for transcript in [true, false] {
        let market = Market::of([("good", Does::Offer(10_000, 10)), ("hang", Does::Hang)]);
        let quote = market.engine.quote(Quote { transcript, ..market.next() }).await;
        let kept = |call: &CallRecord| call.request.as_deref() == Some(b"asked".as_slice());
        assert_eq!(
            quote.calls.iter().filter(|call| kept(call)).count(),
            2 * usize::from(transcript)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_quote_whose_time_is_over_calls_nobody() {
    let market = Market::of([("good", Does::Offer(10_000, 10))]);
    let quote = market.next();
    sleep(ms(5500)).await;
    let quote = market.engine.quote(quote).await;
    assert_eq!(outcomes(&quote)["good"], Outcome::SkippedNoTime);
    assert_eq!(market.client.begun.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn calls_end_when_the_caller_is_gone() {
    let market = Market::of((0..50).map(|n| (format!("p{n}"), Does::Hang)));
    assert!(timeout(ms(100), market.quote()).await.is_err());
    assert_eq!(market.client.begun.load(Ordering::Relaxed), 50);
    sleep(ms(1)).await;
    assert_eq!(market.client.under_way.load(Ordering::Relaxed), 0);
    let standing = market.health.standing(&id("p0"), Instant::now());
    assert!(standing.score.get() >= 1.0, "nothing is held against anybody");
}

#[tokio::test(start_paused = true)]
async fn what_ended_before_the_caller_left_is_held_against_it() {
    let market = Market::of([
        ("good", Does::Offer(10_000, 10)),
        ("busy", Does::Status(503)),
        ("hang", Does::Hang),
        ("slow", Does::Offer(10_000, 500)),
        ("queue", Does::Queue),
    ]);
    let score = |name| market.health.standing(&id(name), Instant::now()).score.get();
    assert!(timeout(ms(100), market.quote()).await.is_err());
    assert!(score("busy") < 1.0);
    assert_eq!(market.health.take_deltas().len(), 2, "it and the good one");
    assert!(timeout(ms(4200), market.quote()).await.is_err());
    assert!(score("hang") < 1.0, "it had its whole time");
    assert!(score("queue") >= 1.0);
    let deltas = market.health.take_deltas();
    assert!(deltas.values().all(|delta| delta.calls() == 1), "each once: {deltas:?}");
    market.quote().await;
    let deltas = market.health.take_deltas();
    assert!(deltas.values().all(|delta| delta.calls() == 1), "each once: {deltas:?}");
}

#[tokio::test(start_paused = true)]
async fn a_quote_ends_when_its_caller_says_that_it_is_gone() {
    let market = Market::of([
        ("good", Does::Offer(10_000, 10)),
        ("hang", Does::Hang),
        ("queue", Does::Queue),
    ]);
    let start = Instant::now();
    let quote = market.engine.quote_until(market.next(), sleep(ms(100))).await;
    assert_eq!(start.elapsed(), ms(100));
    assert_eq!(places(&quote), ["good"]);
    let gone = Outcome::Cancelled(CancelReason::CallerGone);
    let outcomes = outcomes(&quote);
    assert_eq!(
        [outcomes["good"], outcomes["hang"], outcomes["queue"]],
        [Outcome::Offer, gone, gone]
    );
    sleep(ms(1)).await;
    assert_eq!(market.client.under_way.load(Ordering::Relaxed), 0, "the calls were ended");
}

#[tokio::test(start_paused = true)]
async fn nobody_carries_the_product() {
    let market = Market::of(Vec::<(String, Does)>::new());
    let start = Instant::now();
    let quote = market.quote().await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(quote.offers.is_empty() && quote.calls.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_thousand_carry_the_product() {
    let offers = |n: u64| (format!("p{n}"), Does::Offer(10_000 + n, n));
    let market = Market::of((0..1000).map(offers));
    let quote = market.quote().await;
    assert_eq!(quote.offers.len(), 200, "no more than max_fanout are asked");
    assert_eq!(market.client.begun.load(Ordering::Relaxed), 200);

    let policy = EnginePolicy { max_fanout: 1000, ..EnginePolicy::default() };
    let market = Market::with((0..1000).map(offers), policy, HealthPolicy::default());
    let quote = market.quote().await;
    assert_eq!(quote.offers.len(), 1000);
    assert_eq!(places(&quote)[..3], ["p0", "p1", "p2"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_so_whatever_the_client_lets_pass() {
    let market = Market::of([("a", Does::Giant), ("b", Does::Offer(100, 5))]);
    let quote = market.quote().await;
    assert_eq!(outcomes(&quote)["a"], Outcome::TooLarge);
    assert!(quote.calls.iter().all(|call| call.producer != id("a") || call.answer.is_none()));
}

#[test]
fn limits_that_make_no_sense_are_refused() {
    let good = EnginePolicy::default();
    let refused = |policy| {
        let health = Arc::new(HealthBoard::new(HealthPolicy::default()).unwrap());
        let (client, clock) = (Arc::new(Scripted::default()), Arc::new(ManualClock::at(now())));
        Engine::new(client, clock, health, policy).err()
    };
    for time in [Duration::ZERO, Duration::from_secs(3601), Duration::MAX] {
        let policy = EnginePolicy { producer_time: time, ..good };
        assert_eq!(refused(policy), Some(EnginePolicyError::ProducerTime), "{time:?}");
        let policy = EnginePolicy { quote_time: time, ..good };
        assert_eq!(refused(policy), Some(EnginePolicyError::QuoteTime), "{time:?}");
    }
    for max_fanout in [0, 1] {
        let policy = EnginePolicy { max_fanout, ..good };
        assert_eq!(refused(policy), Some(EnginePolicyError::MaxFanout));
    }
    let hour = Duration::from_hours(1);
    let policy = EnginePolicy { producer_time: hour, quote_time: hour, max_fanout: 2, ..good };
    assert_eq!(refused(policy), None);
    insta::assert_snapshot!(EnginePolicyError::MaxFanout, @"max_fanout: expected 2 producers or more");
}

#[tokio::test(start_paused = true)]
async fn half_of_all_calls_fail() {
    let does = |n: u64| if n.is_multiple_of(2) { Does::Offer(10_000 + n, n) } else { Does::Late };
    let market = Market::of((0..100).map(|n| (format!("p{n}"), does(n))));
    for _ in 0..5 {
        assert_eq!(market.quote().await.offers.len(), 50);
    }
    let state = |producer: &str| market.health.standing(&id(producer), Instant::now()).state;
    assert_eq!(state("p0"), HealthState::Healthy);
    assert_eq!(state("p1"), HealthState::Degraded, "half is not more than half");
}

#[tokio::test(start_paused = true)]
async fn offers_of_degraded_producers_rank_with_their_handicap() {
    let market = Market::of([("a", Does::Late), ("b", Does::Offer(10_100, 10))]);
    for _ in 0..5 {
        market.quote().await;
    }
    market.tell("a", Does::Offer(10_000, 10));
    let quote = market.quote().await;
    assert_eq!(places(&quote), ["b", "a"], "1 % less, but 2 % handicap");
    assert_eq!(quote.offers[1].explanation.handicap_basis_points, 200);
    assert_eq!(quote.calls[1].state, HealthState::Degraded, "called after the healthy ones");
}
