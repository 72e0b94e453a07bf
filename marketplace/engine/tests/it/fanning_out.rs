//! Calls at once, and their end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rfq_engine::{CallFailure, CancelReason, EnginePolicy, HealthPolicy, HealthState, Outcome};
use tokio::time::{Instant, sleep, timeout};

use crate::market::{Does, Market, id, outcomes, places};

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
    let cancelled = Outcome::Cancelled(CancelReason::QuoteDeadline);
    assert_eq!(outcomes["queue"], cancelled, "it was never asked, which is our fault");
    sleep(ms(1)).await;
    assert_eq!(market.client.under_way.load(Ordering::Relaxed), 0, "the calls were ended");
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
