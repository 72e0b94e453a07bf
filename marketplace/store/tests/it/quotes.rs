//! Quotes come back as they were kept.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rfq_engine::{CancelReason, HealthState, Outcome, QuoteRequest, Timings};
use rfq_sdk::{Quantity, Usd};
use rfq_store::{CallRecord, OfferRecord, QuoteError, QuoteRecord, Store};
use serde_json::json;
use uuid::Uuid;

use crate::on_both;
use crate::place::{Place, at, producer_id, public_id, register};

on_both!(come_back_as_they_were_kept, are_kept_once, every_call_comes_back, keep_a_thousand_calls);

fn request(number: u32) -> QuoteRequest {
    QuoteRequest {
        rfq_id: format!("rfq-{number}").parse().unwrap(),
        product: "grinders/model-1".parse().unwrap(),
        product_name: "Model 1".to_owned(),
        quantity: Quantity::ONE,
        region: None,
        deliver_by: None,
    }
}

pub(crate) fn quote(number: u32) -> QuoteRecord {
    QuoteRecord {
        id: public_id(number.into()),
        request: request(number),
        asked_at: at(number.into()),
        took: Duration::from_micros(1_234_567),
        calls: Vec::new(),
        offers: Vec::new(),
    }
}

pub(crate) fn call(producer: u32, outcome: Outcome) -> CallRecord {
    CallRecord {
        producer: producer_id(producer),
        health: HealthState::Healthy,
        outcome: outcome.into(),
        latency: None,
        timings: Timings::default(),
        answer: None,
    }
}

pub(crate) fn offer(id: u128, producer: u32) -> OfferRecord {
    OfferRecord {
        id: public_id(id),
        producer: producer_id(producer),
        price: Usd::from_cents(16_999).unwrap(),
        shipping_cost: None,
        list_price: None,
        in_stock: true,
        shipping_days: None,
        expires_at: at(3600),
        claim_url: "https://shop.example/cart?offer=1".parse().unwrap(),
        producer_offer_id: None,
        terms: None,
        explanation: json!({}),
    }
}

fn whole() -> QuoteRecord {
    let micros = |n| Some(Duration::from_micros(n));
    let timings = Timings {
        queue: micros(0),
        dns: micros(1),
        connect: micros(2),
        tls: micros(3),
        first_byte: micros(4),
        body: micros(5),
    };
    let full = OfferRecord {
        price: Usd::MAX,
        shipping_cost: Some(Usd::ZERO),
        list_price: Some(Usd::MAX),
        in_stock: false,
        shipping_days: Some(365),
        producer_offer_id: Some(Uuid::from_u128(7)),
        terms: Some("Free returns: 30 days \u{1f600}".parse().unwrap()),
        explanation: json!({"total_usd": 1.5, "decided_by": ["price", null], "text": "a\u{0}b"}),
        ..offer(u128::MAX, 2)
    };
    QuoteRecord {
        request: QuoteRequest {
            quantity: Quantity::new(1_000_000).unwrap(),
            region: Some("CA-US".parse().unwrap()),
            deliver_by: Some(at(86_400)),
            ..request(1)
        },
        calls: vec![
            CallRecord {
                latency: micros(9),
                timings,
                answer: Some(b"{\"price_usd\": \xff\0".to_vec()),
                ..call(1, Outcome::InvalidField("price_usd"))
            },
            CallRecord { answer: Some(Vec::new()), ..call(2, Outcome::Offer) },
            CallRecord { health: HealthState::Degraded, ..call(3, Outcome::Offer) },
        ],
        // Ranked otherwise than by any column.
        offers: vec![offer(5, 3), full],
        ..quote(1)
    }
}

async fn come_back_as_they_were_kept(place: Place) {
    let store = place.open().await;
    register(&store, 3).await;
    store.put_quote(&whole()).await.unwrap();
    store.put_quote(&quote(2)).await.unwrap();
    assert_eq!(store.quote(public_id(1)).await, Ok(Some(whole())));
    assert_eq!(store.quote(public_id(2)).await, Ok(Some(quote(2))));
    assert_eq!(store.quote(public_id(3)).await, Ok(None));
    let offers = whole().offers;
    for offer in offers {
        assert_eq!(store.offer(offer.id).await, Ok(Some((public_id(1), offer))));
    }
    assert_eq!(store.offer(public_id(1)).await, Ok(None), "a quote's id is not an offer's");
    // Postgres keeps no NUL in a text.
    let odd = QuoteRecord {
        request: QuoteRequest { product_name: "a\0b".to_owned(), ..request(3) },
        ..quote(3)
    };
    store.put_quote(&odd).await.unwrap();
    let kept = store.quote(public_id(3)).await.unwrap().unwrap();
    assert_eq!(kept.request.product_name, "a\u{fffd}b");
}

async fn are_kept_once(place: Place) {
    let store = place.open().await;
    register(&store, 1).await;
    store.put_quote(&quote(1)).await.unwrap();
    let twice = Err(QuoteError::Twice("rfq-1".parse().unwrap()));
    assert_eq!(store.put_quote(&quote(1)).await, twice);
    assert_eq!(store.put_quote(&QuoteRecord { id: public_id(2), ..quote(1) }).await, twice);
    // Two offers of one id: nothing of the quote is kept.
    let calls = vec![call(1, Outcome::Offer)];
    let offers = vec![offer(1, 1), offer(1, 1)];
    let broken = QuoteRecord { calls, offers, ..quote(3) };
    assert!(matches!(store.put_quote(&broken).await, Err(QuoteError::Database(_))));
    assert_eq!(store.quote(public_id(3)).await, Ok(None));
}

const OUTCOMES: [Outcome; 17] = [
    Outcome::Offer,
    Outcome::Decline,
    Outcome::Late,
    Outcome::ConnectFailed,
    Outcome::TlsFailed,
    Outcome::HttpStatus(503),
    Outcome::TooLarge,
    Outcome::NotJson,
    Outcome::Enveloped,
    Outcome::InvalidField("claim_url"),
    Outcome::ClaimDomain,
    Outcome::ExpiresTooSoon,
    Outcome::IoFailed,
    Outcome::Cancelled(CancelReason::ClosedEarly),
    Outcome::SkippedNoTime,
    Outcome::SkippedSuspended,
    Outcome::Panicked,
];

fn any_call() -> impl Strategy<Value = CallRecord> {
    let states = [HealthState::Healthy, HealthState::Degraded, HealthState::Suspended];
    let micros = || proptest::option::of((0..=u64::MAX / 2).prop_map(Duration::from_micros));
    let timings = (micros(), micros(), micros(), micros(), micros(), micros());
    let answer = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..64));
    let parts = (
        proptest::sample::select(&OUTCOMES[..]),
        proptest::sample::select(states.to_vec()),
        micros(),
        timings,
        answer,
    );
    parts.prop_map(|(outcome, health, latency, timings, answer)| {
        let (queue, dns, connect, tls, first_byte, body) = timings;
        let timings = Timings { queue, dns, connect, tls, first_byte, body };
        CallRecord { health, latency, timings, answer, ..call(0, outcome) }
    })
}

async fn every_call_comes_back(place: Place) {
    let store = place.open().await;
    register(&store, 8).await;
    let kept = std::sync::atomic::AtomicU32::new(0);
    let calls = proptest::collection::vec(any_call(), 0..8);
    let runtime = tokio::runtime::Handle::current();
    let test = move |mut calls: Vec<CallRecord>| {
        let number = kept.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        for (call, producer) in calls.iter_mut().zip(1..) {
            call.producer = producer_id(producer);
        }
        let quote = QuoteRecord { calls, ..quote(number) };
        let came_back = runtime.block_on(async {
            store.put_quote(&quote).await.unwrap();
            store.quote(quote.id).await.unwrap()
        });
        prop_assert_eq!(came_back, Some(quote));
        Ok(())
    };
    let run = move || TestRunner::new(Config::with_cases(40)).run(&calls, test);
    tokio::task::spawn_blocking(run).await.unwrap().unwrap();
}

async fn keep_a_thousand_calls(place: Place) {
    let store = place.open().await;
    register(&store, 1000).await;
    let calls = (1..=1000).map(|producer| call(producer, Outcome::Decline)).collect();
    store.put_quote(&QuoteRecord { calls, ..quote(1) }).await.unwrap();
    let kept = store.quote(public_id(1)).await.unwrap().unwrap();
    assert_eq!(kept.calls.len(), 1000);
}

/// Keeps quotes of one call each, of producer 1.
pub(crate) async fn keep(store: &Store, numbers: std::ops::RangeInclusive<u32>) {
    for number in numbers {
        let quote = QuoteRecord {
            calls: vec![call(1, Outcome::Offer)],
            offers: vec![offer(u128::from(number) + 1000, 1)],
            ..quote(number)
        };
        store.put_quote(&quote).await.unwrap();
    }
}
