//! When a quote is closed.

use std::num::NonZeroUsize;
use std::time::Duration;

use rfq_engine::{CallFailure, CancelReason, ClosePolicy, HealthState, Outcome, Quote};
use tokio::time::Instant;

use crate::market::{Does, Market, id, outcomes, places};

const CLOSED_EARLY: Outcome = Outcome::Cancelled(CancelReason::ClosedEarly);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn market() -> Market {
    Market::of([
        ("fast", Does::Offer(30_000, 100)),
        ("no", Does::Decline(150)),
        ("medium", Does::Offer(20_000, 500)),
        ("slow", Does::Offer(10_000, 2000)),
        ("late", Does::Late),
    ])
}

#[tokio::test(start_paused = true)]
async fn enough_offers_close_a_quote_once_its_least_time_is_over() {
    for (count, after, took, expected) in [
        (1, 0, 100, &["fast"][..]),
        (1, 300, 300, &["fast"]),
        (2, 300, 500, &["medium", "fast"]),
        (3, 300, 2000, &["slow", "medium", "fast"]),
        (4, 300, 4000, &["slow", "medium", "fast"]),
    ] {
        let market = market();
        let start = Instant::now();
        let mut quote = market.next();
        let count = NonZeroUsize::new(count).unwrap();
        quote.close = ClosePolicy::Offers { count, after: ms(after) };
        let quote = market.engine.quote(quote).await;
        assert_eq!(start.elapsed(), ms(took), "{count} offers after {after} ms");
        assert_eq!(places(&quote), expected, "{count} offers after {after} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_bought_is_not_enough() {
    let market = Market::of([
        ("gone", Does::OutOfStock(10)),
        ("gone-too", Does::OutOfStock(20)),
        ("there", Does::Offer(10_000, 100)),
        ("late", Does::Late),
    ]);
    for close in [
        ClosePolicy::Offers { count: NonZeroUsize::MIN, after: ms(0) },
        ClosePolicy::HealthyAnswered { after: ms(0) },
    ] {
        // Of those that are healthy, only one has something to sell.
        for _ in 0..5 {
            market.quote().await;
        }
        let start = Instant::now();
        let quote = market.engine.quote(Quote { close, ..market.next() }).await;
        assert_eq!(start.elapsed(), ms(100), "{close:?}");
        assert_eq!(places(&quote), ["there", "gone-too", "gone"], "{close:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_cut_short_is_nobody_s_fault() {
    let market = market();
    let mut quote = market.next();
    quote.close = ClosePolicy::Offers { count: NonZeroUsize::new(2).unwrap(), after: ms(0) };
    let quote = market.engine.quote(quote).await;
    let outcomes = outcomes(&quote);
    assert_eq!(outcomes["no"], Outcome::Decline);
    assert_eq!((outcomes["slow"], outcomes["late"]), (CLOSED_EARLY, CLOSED_EARLY));
    let standing = market.health.standing(&id("late"), Instant::now());
    assert!(standing.score.get() >= 1.0, "{standing:?}");
}

#[tokio::test(start_paused = true)]
async fn who_had_its_whole_time_is_late_even_if_we_close() {
    let market = Market::of([("hang", Does::Hang), ("good", Does::Offer(10_000, 100))]);
    let mut quote = market.next();
    quote.close = ClosePolicy::Offers { count: NonZeroUsize::MIN, after: ms(4500) };
    let quote = market.engine.quote(quote).await;
    assert_eq!(outcomes(&quote)["hang"], Outcome::Late);
}

#[tokio::test(start_paused = true)]
async fn a_close_policy_never_prolongs_a_quote() {
    for after in [ms(60_000), Duration::MAX] {
        let market = Market::of([("hang", Does::Hang), ("good", Does::Offer(10_000, 100))]);
        let start = Instant::now();
        let mut quote = market.next();
        quote.close = ClosePolicy::Offers { count: NonZeroUsize::MIN, after };
        let quote = market.engine.quote(quote).await;
        assert_eq!(start.elapsed(), ms(5500));
        assert_eq!(places(&quote), ["good"]);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_known_to_be_slow_is_waited_for_while_nobody_else_offers() {
    let close = ClosePolicy::HealthyAnswered { after: ms(0) };
    for others in [
        vec![],
        vec![("no", Does::Decline(10)), ("broken", Does::Fail(CallFailure::Connect))],
        vec![("no", Does::Decline(10)), ("gone", Does::OutOfStock(10))],
    ] {
        let market = Market::of([vec![("slow", Does::Late)], others.clone()].concat());
        for _ in 0..5 {
            // It is alone in this, so that nobody else is degraded.
            market.health.record([(&id("slow"), Outcome::Late, None)], Instant::now());
        }
        market.tell("slow", Does::Offer(10_000, 500));
        let start = Instant::now();
        let quote = market.engine.quote(Quote { close, ..market.next() }).await;
        assert_eq!(quote.calls.last().unwrap().state, HealthState::Degraded);
        assert_eq!(places(&quote)[..1], ["slow"], "{others:?}");
        assert_eq!(start.elapsed(), ms(500), "{others:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_known_to_be_slow_is_not_waited_for() {
    let market = market();
    let close = ClosePolicy::HealthyAnswered { after: ms(1000) };
    let quote = async || {
        let start = Instant::now();
        let quote = Quote { close, ..market.next() };
        let quote = market.engine.quote(quote).await;
        (start.elapsed(), outcomes(&quote)["late"])
    };
    for _ in 0..5 {
        assert_eq!(quote().await, (ms(4000), Outcome::Late));
    }
    assert_eq!(quote().await, (ms(2000), CLOSED_EARLY), "all healthy ones have answered");
    market.tell("slow", Does::Offer(10_000, 10));
    assert_eq!(quote().await, (ms(1000), CLOSED_EARLY), "its least time is over");
}
