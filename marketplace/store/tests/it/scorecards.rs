//! How producers did.

use std::num::NonZeroU32;
use std::time::Duration;

use rfq_engine::{CancelReason, HealthEffect, Outcome, TrackRecord};
use rfq_store::{CallRecord, Scorecard, Store, Window};

use crate::on_both;
use crate::place::{Place, at, producer_id, register};
use crate::quotes::{call, keep_quote, offer};

on_both!(count_what_a_producer_did, count_every_outcome_as_health_does, count_within_the_window);

const ALWAYS: fn() -> Window = || Window { from: at(0), until: at(10_000) };

async fn keep(store: &Store, number: u32, outcome: Outcome, latency_ms: Option<u64>, rank: u32) {
    let latency = latency_ms.map(Duration::from_millis);
    let first = offer(u128::from(number) + 1_000_000, 2);
    let own = offer(u128::from(number) + 2_000_000, 1);
    let own_call = CallRecord { latency, ..call(1, outcome) };
    let offers = match rank {
        0 => vec![first],
        1 => vec![own, first],
        _ => vec![first, own],
    };
    keep_quote(store, number, vec![own_call, call(2, Outcome::Offer)], offers).await;
}

async fn count_what_a_producer_did(place: Place) {
    let store = place.open().await;
    register(&store, 3).await;
    // Twenty answers of 1 to 190 ms, in no order: four offers, one of them the best.
    for number in 1..=20 {
        let latency = u64::from(number * 7 % 20 + 1) * 10;
        let (outcome, latency, rank) = match number {
            1 => (Outcome::Offer, latency, 1),
            2..=4 => (Outcome::Offer, latency, 2),
            5..=15 => (Outcome::Decline, latency, 0),
            // Failing fast is not answering fast.
            _ => (Outcome::NotJson, 1, 0),
        };
        keep(&store, number, outcome, Some(latency), rank).await;
    }
    for number in 21..=28 {
        keep(&store, number, Outcome::Late, Some(4000), 0).await;
    }
    keep(&store, 29, Outcome::ConnectFailed, None, 0).await;
    keep(&store, 30, Outcome::IoFailed, Some(1), 0).await;
    keep(&store, 31, Outcome::Cancelled(CancelReason::QuoteDeadline), Some(1), 0).await;
    let cards = store.scorecards(ALWAYS()).await.unwrap();
    let card = &cards[&producer_id(1)];
    let expected = Scorecard {
        calls: 30,
        answered: 20,
        valid: 15,
        late: 8,
        offers: 4,
        wins: 1,
        p50: Some(Duration::from_millis(160)),
        p95: Some(Duration::from_secs(4)),
    };
    assert_eq!(card, &expected);
    let rates = [
        card.response_rate(),
        card.offer_rate(),
        card.valid_rate(),
        card.late_rate(),
        card.win_rate(),
    ]
    .map(|rate| format!("{:.4}", rate.unwrap()));
    assert_eq!(rates, ["0.6667", "0.1333", "0.7500", "0.2667", "0.2500"]);
    assert_eq!(cards[&producer_id(2)].wins, 30);
    assert_eq!(cards[&producer_id(2)].p50, None, "no latency is known");
    assert!(!cards.contains_key(&producer_id(3)), "never called");
    for number in 1..=3 {
        let alone = store.scorecard(&producer_id(number), ALWAYS()).await.unwrap();
        assert_eq!(alone.as_ref(), cards.get(&producer_id(number)));
    }
    let calls = |number| NonZeroU32::new(number).unwrap();
    let record = card.track_record(calls(30)).unwrap();
    assert_eq!(record, TrackRecord { calls: 30, offers: 4, wins: 1 });
    assert_eq!(card.track_record(calls(31)), None, "too few calls to tell");
}

async fn count_every_outcome_as_health_does(place: Place) {
    let store = place.open().await;
    register(&store, 2).await;
    let outcomes = [
        (Outcome::Offer, [1, 1, 0]),
        (Outcome::Decline, [1, 1, 0]),
        (Outcome::Late, [0, 0, 1]),
        (Outcome::ConnectFailed, [0, 0, 0]),
        (Outcome::TlsFailed, [0, 0, 0]),
        (Outcome::HttpStatus(500), [1, 0, 0]),
        (Outcome::TooLarge, [1, 0, 0]),
        (Outcome::NotJson, [1, 0, 0]),
        (Outcome::Enveloped, [1, 0, 0]),
        (Outcome::InvalidField("price_usd"), [1, 0, 0]),
        (Outcome::ClaimDomain, [1, 0, 0]),
        (Outcome::ExpiresTooSoon, [1, 0, 0]),
        (Outcome::IoFailed, [0, 0, 0]),
        (Outcome::Cancelled(CancelReason::ClosedEarly), [0, 0, 0]),
        (Outcome::SkippedNoTime, [0, 0, 0]),
        (Outcome::SkippedSuspended, [0, 0, 0]),
        (Outcome::Panicked, [0, 0, 0]),
    ];
    for ((outcome, [answered, valid, late]), number) in outcomes.into_iter().zip(1..) {
        keep(&store, number, outcome, None, 0).await;
        let second = Window { from: at(number.into()), until: at(i64::from(number) + 1) };
        let cards = store.scorecards(second).await.unwrap();
        let card = cards.get(&producer_id(1)).cloned();
        let offers = u32::from(outcome == Outcome::Offer);
        let counts = outcome.health_effect() != HealthEffect::Neutral;
        let expected = counts.then(|| Scorecard {
            calls: 1,
            answered,
            valid,
            late,
            offers,
            ..Scorecard::default()
        });
        assert_eq!(card, expected, "{outcome}");
    }
}

/// A month of quotes with 20 calls each. What 100,000 take is printed by
/// `RFQ_TEST_QUOTES=100000 cargo test --release -p rfq-store --test it a_month -- --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_of_quotes_is_counted_whole() {
    let quotes: u32 = std::env::var("RFQ_TEST_QUOTES").map_or(2_000, |n| n.parse().unwrap());
    let place = Place::sqlite();
    let store = place.open().await;
    register(&store, 20).await;
    place
        .run(&format!(
            "PRAGMA synchronous = OFF;
            CREATE TEMP TABLE numbers AS WITH RECURSIVE numbers (n) AS (
                SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {quotes}
            ) SELECT n, lower(hex(randomblob(16))) AS id FROM numbers;
            INSERT INTO quotes (id, rfq_id, product_slug, product_name, quantity, asked_at)
                SELECT id, 'rfq-' || n, 'mills/one', 'One', 1, n * 26000000 FROM numbers;
            INSERT INTO calls (quote_id, producer_id, asked_at, health_state, outcome_code, outcome,
                    latency_us, offer_rank)
                SELECT numbers.id, producers.id, n * 26000000, 'healthy',
                    CASE WHEN n % 10 = 0 THEN 10 ELSE 1 END,
                    CASE WHEN n % 10 = 0 THEN 'late' ELSE 'offer' END,
                    abs(random()) % 4000000, CASE WHEN n % 10 > 0 THEN n % 20 END
                FROM numbers CROSS JOIN producers"
        ))
        .await;
    let window = Window { from: at(-1_795_500_000), until: at(1_000_000_000) };
    for _ in 0..3 {
        let start = tokio::time::Instant::now();
        let card = store.scorecard(&producer_id(1), window).await.unwrap().unwrap();
        println!("one producer, {} calls: {:?}", card.calls, start.elapsed());
        assert_eq!((card.calls, card.late, card.wins), (quotes, quotes / 10, quotes / 20));
    }
    let start = tokio::time::Instant::now();
    let cards = store.scorecards(window).await.unwrap();
    println!("{} producers, {} calls: {:?}", cards.len(), 20 * quotes, start.elapsed());
    assert_eq!(cards.len(), 20);
}

async fn count_within_the_window(place: Place) {
    let store = place.open().await;
    register(&store, 2).await;
    for number in [1, 2, 3] {
        keep(&store, number, Outcome::Decline, None, 0).await;
    }
    let calls = async |from, until| {
        let window = Window { from: at(from), until: at(until) };
        let card = store.scorecard(&producer_id(1), window).await.unwrap();
        assert_eq!(store.scorecards(window).await.unwrap().remove(&producer_id(1)), card);
        card.map_or(0, |card| card.calls)
    };
    assert_eq!(calls(1, 3).await, 2);
    assert_eq!(calls(4, 9).await, 0);
    let none = Scorecard::default();
    assert_eq!((none.response_rate(), none.win_rate()), (None, None));
    assert_eq!(none.track_record(NonZeroU32::MIN), None);
    let declines = Scorecard { calls: 9, answered: 9, valid: 9, ..none };
    let record = declines.track_record(NonZeroU32::MIN).unwrap();
    assert_eq!(record, TrackRecord { calls: 9, offers: 0, wins: 0 });
}
