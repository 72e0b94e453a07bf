//! How a suspended producer comes back.

use std::time::Duration;

use rfq_engine::{CallFailure, EnginePolicy, HealthPolicy, HealthState, Outcome};
use tokio::time::{Instant, sleep, timeout};

use crate::market::{Does, Market, id, outcomes};

/// A quote each second, after which the state of `a` is told.
async fn quotes(market: &Market, count: usize) -> (Vec<HealthState>, usize) {
    let (mut states, mut called) = (Vec::new(), 0);
    for _ in 0..count {
        let quote = market.quote().await;
        called += usize::from(outcomes(&quote)["a"] != Outcome::SkippedSuspended);
        states.push(market.health.standing(&id("a"), Instant::now()).state);
        sleep(Duration::from_secs(1)).await;
    }
    (states, called)
}

fn market(health: HealthPolicy) -> Market {
    let producers = [("a", Does::Fail(CallFailure::Connect)), ("b", Does::Decline(9))];
    Market::with(producers, EnginePolicy::default(), health)
}

#[tokio::test(start_paused = true)]
async fn a_producer_is_suspended_probed_and_back_when_probes_succeed() {
    let market = market(HealthPolicy::default());
    let (states, _) = quotes(&market, 40).await;
    let first = |state| states.iter().position(|one| *one == state).unwrap();
    assert!(first(HealthState::Degraded) < 10);
    assert!(first(HealthState::Suspended) < 25);
    assert!(states.is_sorted(), "it only gets worse: {states:?}");

    let (states, called) = quotes(&market, 1000).await;
    assert!(states.iter().all(|state| *state == HealthState::Suspended));
    assert!((70..150).contains(&called), "about one call in ten: {called}");

    market.tell("a", Does::Offer(10_000, 9));
    let (states, _) = quotes(&market, 200).await;
    let first = |state| states.iter().position(|one| *one == state).unwrap();
    assert!(first(HealthState::Degraded) > 3, "probes are needed");
    assert!(first(HealthState::Healthy) > first(HealthState::Degraded));
    assert!(states.is_sorted_by(|one, other| one >= other), "it only gets better: {states:?}");
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_is_rarely_asked_is_probed_once_a_minute() {
    let market = market(HealthPolicy { probe_share: 0.0, ..HealthPolicy::default() });
    quotes(&market, 40).await;
    let (_, called) = quotes(&market, 600).await;
    assert!((9..=11).contains(&called), "{called} in ten minutes");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_computes_states_and_calls_all_the_same() {
    let market = market(HealthPolicy { dry_run: true, ..HealthPolicy::default() });
    let (states, called) = quotes(&market, 100).await;
    assert_eq!(called, 100);
    assert!(states.iter().all(|state| *state == HealthState::Healthy));
    let standing = market.health.standing(&id("a"), Instant::now());
    assert_eq!(standing.computed, HealthState::Suspended);
    assert!(!standing.probe_due);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_was_never_sent_was_none() {
    let market = market(HealthPolicy { probe_share: 0.0, ..HealthPolicy::default() });
    quotes(&market, 40).await;
    let is_due = || market.health.standing(&id("a"), Instant::now()).probe_due;
    let probe_after = HealthPolicy::default().probe_after;

    sleep(probe_after).await;
    let quote = market.next();
    sleep(Duration::from_secs(6)).await;
    market.engine.quote(quote).await;
    assert!(is_due(), "the quote had no time left");

    market.tell("a", Does::Queue);
    market.tell("b", Does::Hang);
    let waited = Duration::from_millis(100);
    assert!(timeout(waited, market.quote()).await.is_err());
    assert!(is_due(), "its caller left before there was a place");

    market.tell("a", Does::Hang);
    assert!(timeout(waited, market.quote()).await.is_err());
    assert!(!is_due(), "it was asked, though its answer was not waited for");

    sleep(probe_after).await;
    market.tell("a", Does::Fail(CallFailure::Connect));
    market.quote().await;
    assert!(!is_due(), "that it cannot be reached is what a probe shows");
}

#[tokio::test(start_paused = true)]
async fn one_that_was_never_sent_does_not_undo_the_one_before() {
    let market = market(HealthPolicy { probe_share: 1.0, ..HealthPolicy::default() });
    quotes(&market, 40).await;
    let waited = Duration::from_millis(100);
    sleep(HealthPolicy::default().probe_after).await;
    market.tell("b", Does::Hang);
    market.tell("a", Does::Hang);
    assert!(timeout(waited, market.quote()).await.is_err());
    market.tell("a", Does::Queue);
    assert!(timeout(waited, market.quote()).await.is_err());
    assert!(!market.health.standing(&id("a"), Instant::now()).probe_due);
}
