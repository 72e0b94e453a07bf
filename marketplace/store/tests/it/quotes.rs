//! Quotes come back as they were kept.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rfq_engine::{
    CallProblem, CancelReason, HealthState, HttpAnswer, Outcome, QuoteRequest, Timings,
};
use rfq_sdk::{Quantity, Usd};
use rfq_store::{
    CallRecord, CallTranscript, OfferRecord, QuoteEnd, QuoteError, QuoteRecord, Store,
};
use serde_json::json;
use uuid::Uuid;

use crate::on_both;
use crate::place::{Place, at, producer_id, public_id, register};

on_both!(
    come_back_as_they_were_kept,
    are_kept_from_their_beginning_on,
    end_once,
    take_no_offers_when_they_are_over,
    take_offers_while_they_end,
    are_kept_once,
    every_call_comes_back,
    keep_a_thousand_calls,
);

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
        took: Some(Duration::from_micros(1_234_567)),
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
    }
}

pub(crate) fn offer(id: u128, producer: u32) -> OfferRecord {
    OfferRecord {
        id: public_id(id),
        claim_id: public_id(!id),
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
        explanation: Some(json!({})),
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
        explanation: Some(
            json!({"total_usd": 1.5, "decided_by": ["price", null], "text": "a\u{0}b"}),
        ),
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
                ..call(1, Outcome::InvalidField("price_usd"))
            },
            call(2, Outcome::Offer),
            CallRecord { health: HealthState::Degraded, ..call(3, Outcome::Offer) },
        ],
        // Ranked otherwise than by any column.
        offers: vec![offer(5, 3), full],
        ..quote(1)
    }
}

fn transcript() -> Vec<CallTranscript> {
    let answer = |status, body: &[u8]| Some(HttpAnswer { status, body: body.to_vec().into() });
    let problem = |problem: CallProblem| Some(problem.to_string());
    let parts = [
        (None, Some(&b"{\"jsonrpc\": \xff\0"[..]), answer(200, b"{\"price_usd\": \xff\0")),
        (problem(CallProblem::CertificateName), Some(&b""[..]), answer(503, b"")),
        (problem(CallProblem::NotPublic("private")), None, None),
    ];
    let calls = whole().calls.into_iter().zip(parts);
    calls
        .map(|(call, (problem, request, answer))| CallTranscript {
            call,
            problem,
            request: request.map(Into::into),
            answer,
        })
        .collect()
}

/// Keeps a quote in its steps, and returns it.
pub(crate) async fn keep_quote(
    store: &Store,
    number: u32,
    calls: Vec<CallRecord>,
    offers: Vec<OfferRecord>,
) -> QuoteRecord {
    let quote = QuoteRecord { calls, offers, ..quote(number) };
    begin(store, &quote).await.unwrap();
    store.finish_quote(quote.id, &end(&quote)).await.unwrap();
    quote
}

async fn begin(store: &Store, quote: &QuoteRecord) -> Result<(), QuoteError> {
    store.begin_quote(quote.id, &quote.request, quote.asked_at).await
}

/// A call of which nothing else is kept.
pub(crate) fn silent(call: CallRecord) -> CallTranscript {
    CallTranscript { call, problem: None, request: None, answer: None }
}

/// Its end, without what was sent and answered.
pub(crate) fn end(quote: &QuoteRecord) -> QuoteEnd {
    QuoteEnd {
        took: quote.took.unwrap(),
        calls: quote.calls.iter().cloned().map(silent).collect(),
        offers: quote.offers.clone(),
    }
}

/// As they are while a quote is not over.
fn unranked(offers: &[OfferRecord]) -> Vec<OfferRecord> {
    let mut offers: Vec<_> =
        offers.iter().map(|offer| OfferRecord { explanation: None, ..offer.clone() }).collect();
    offers.sort_by(|one, other| one.producer.cmp(&other.producer));
    offers
}

async fn come_back_as_they_were_kept(place: Place) {
    let store = place.open().await;
    register(&store, 3).await;
    begin(&store, &whole()).await.unwrap();
    let whole_end = QuoteEnd { calls: transcript(), ..end(&whole()) };
    store.finish_quote(public_id(1), &whole_end).await.unwrap();
    assert_eq!(keep_quote(&store, 2, vec![], vec![]).await, quote(2));
    assert_eq!(store.quote(public_id(1)).await, Ok(Some(whole())));
    assert_eq!(store.transcript(public_id(1)).await, Ok(transcript()));
    assert_eq!(store.quote(public_id(2)).await, Ok(Some(quote(2))));
    assert_eq!(store.quote(public_id(3)).await, Ok(None));
    assert_eq!(store.transcript(public_id(3)).await, Ok(vec![]));
    let offers = whole().offers;
    for offer in offers {
        assert_eq!(store.offer(offer.id).await, Ok(Some((public_id(1), offer))));
    }
    assert_eq!(store.offer(public_id(1)).await, Ok(None), "a quote's id is not an offer's");
    // Postgres keeps no NUL in a text.
    let odd = QuoteRequest { product_name: "a\0b".to_owned(), ..request(3) };
    store.begin_quote(public_id(3), &odd, at(3)).await.unwrap();
    let kept = store.quote(public_id(3)).await.unwrap().unwrap();
    assert_eq!(kept.request.product_name, "a\u{fffd}b");
}

/// What a client was shown is found again, whenever the server ends.
async fn are_kept_from_their_beginning_on(place: Place) {
    let store = place.open().await;
    register(&store, 3).await;
    assert_eq!(store.put_offers(public_id(1), &[offer(5, 3)]).await, Err(QuoteError::Unknown));
    let none = end(&quote(1));
    assert_eq!(store.finish_quote(public_id(1), &none).await, Err(QuoteError::Unknown));
    begin(&store, &whole()).await.unwrap();
    let mut so_far = QuoteRecord { took: None, calls: vec![], offers: vec![], ..whole() };
    assert_eq!(store.quote(public_id(1)).await, Ok(Some(so_far.clone())));
    // Twice, as when it is not known whether the first was done.
    for _ in 0..2 {
        store.put_offers(public_id(1), &whole().offers[..1]).await.unwrap();
    }
    so_far.offers = unranked(&whole().offers[..1]);
    store.close().await;
    let store = place.open().await;
    assert_eq!(store.quote(public_id(1)).await, Ok(Some(so_far.clone())), "it never ended");
    let offer = so_far.offers[0].clone();
    assert_eq!(store.offer(offer.id).await, Ok(Some((public_id(1), offer))));
    store.put_offers(public_id(1), &whole().offers[1..]).await.unwrap();
    so_far.offers = unranked(&whole().offers);
    assert_eq!(store.quote(public_id(1)).await, Ok(Some(so_far)));
    store.finish_quote(public_id(1), &end(&whole())).await.unwrap();
    assert_eq!(store.quote(public_id(1)).await, Ok(Some(whole())));
}

async fn end_once(place: Place) {
    let store = place.open().await;
    register(&store, 3).await;
    begin(&store, &whole()).await.unwrap();
    for _ in 0..2 {
        store.finish_quote(public_id(1), &end(&whole())).await.unwrap();
    }
    store.finish_quote(public_id(1), &end(&quote(1))).await.unwrap();
    assert_eq!(store.quote(public_id(1)).await, Ok(Some(whole())), "the first end counts");
}

async fn take_no_offers_when_they_are_over(place: Place) {
    let store = place.open().await;
    register(&store, 3).await;
    begin(&store, &whole()).await.unwrap();
    store.finish_quote(public_id(1), &end(&whole())).await.unwrap();
    // Again, as when it is not known whether that was done.
    assert_eq!(store.put_offers(public_id(1), &whole().offers).await, Ok(()));
    let mut more = whole().offers;
    more.push(offer(9, 1));
    assert_eq!(store.put_offers(public_id(1), &more).await, Err(QuoteError::Over));
    assert_eq!(store.quote(public_id(1)).await, Ok(Some(whole())));
}

/// As when the last offers are kept in a task of their own: in the order of arrival, while the end comes
/// with all of them in that of rank.
async fn take_offers_while_they_end(place: Place) {
    let store = place.open().await;
    register(&store, 200).await;
    for number in 1..=8 {
        let offers: Vec<_> = (1..=200).map(|n| offer(u128::from(number * 1000 + n), n)).collect();
        let ranked =
            QuoteRecord { offers: offers.iter().rev().cloned().collect(), ..quote(number) };
        begin(&store, &ranked).await.unwrap();
        let ended = end(&ranked);
        let (put, finished) = tokio::join!(
            store.put_offers(ranked.id, &offers),
            store.finish_quote(ranked.id, &ended)
        );
        assert_eq!((put, finished), (Ok(()), Ok(())));
        assert_eq!(store.quote(ranked.id).await, Ok(Some(ranked)));
    }
}

async fn are_kept_once(place: Place) {
    let store = place.open().await;
    register(&store, 1).await;
    begin(&store, &quote(1)).await.unwrap();
    let twice = Err(QuoteError::Twice("rfq-1".parse().unwrap()));
    assert_eq!(begin(&store, &quote(1)).await, twice);
    assert_eq!(begin(&store, &QuoteRecord { id: public_id(2), ..quote(1) }).await, twice);
    // Two offers of one producer: nothing of the end is kept.
    let (calls, offers) = (vec![call(1, Outcome::Offer)], vec![offer(1, 1), offer(2, 1)]);
    let broken = QuoteRecord { calls, offers, ..quote(1) };
    let refused = store.finish_quote(public_id(1), &end(&broken)).await;
    assert!(matches!(refused, Err(QuoteError::Database(_))));
    let begun = QuoteRecord { took: None, ..quote(1) };
    assert_eq!(store.quote(public_id(1)).await, Ok(Some(begun)));
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

fn any_call() -> impl Strategy<Value = CallTranscript> {
    let states = [HealthState::Healthy, HealthState::Degraded, HealthState::Suspended];
    let micros = || proptest::option::of((0..=u64::MAX / 2).prop_map(Duration::from_micros));
    let timings = (micros(), micros(), micros(), micros(), micros(), micros());
    let answer = (any::<u16>(), proptest::collection::vec(any::<u8>(), 0..64));
    let answer = proptest::option::of(answer);
    let request = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..64));
    let problem = proptest::option::of("[^\0]{0,8}");
    let parts = (
        proptest::sample::select(&OUTCOMES[..]),
        proptest::sample::select(states.to_vec()),
        micros(),
        timings,
        (problem, request, answer),
    );
    parts.prop_map(|(outcome, health, latency, timings, (problem, request, answer))| {
        let (queue, dns, connect, tls, first_byte, body) = timings;
        let timings = Timings { queue, dns, connect, tls, first_byte, body };
        let call = CallRecord { health, latency, timings, ..call(0, outcome) };
        let answer = answer.map(|(status, body)| HttpAnswer { status, body: body.into() });
        CallTranscript { call, problem, request: request.map(Into::into), answer }
    })
}

async fn every_call_comes_back(place: Place) {
    let store = place.open().await;
    register(&store, 8).await;
    let kept = std::sync::atomic::AtomicU32::new(0);
    let calls = proptest::collection::vec(any_call(), 0..8);
    let runtime = tokio::runtime::Handle::current();
    let test = move |mut calls: Vec<CallTranscript>| {
        let number = kept.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        for (call, producer) in calls.iter_mut().zip(1..) {
            call.call.producer = producer_id(producer);
        }
        let quote = quote(number);
        let end = QuoteEnd { calls, ..end(&quote) };
        let (came_back, transcript) = runtime.block_on(async {
            begin(&store, &quote).await.unwrap();
            store.finish_quote(quote.id, &end).await.unwrap();
            (store.quote(quote.id).await.unwrap(), store.transcript(quote.id).await.unwrap())
        });
        let calls = end.calls.iter().map(|one| one.call.clone()).collect();
        prop_assert_eq!(came_back, Some(QuoteRecord { calls, ..quote }));
        prop_assert_eq!(transcript, end.calls);
        Ok(())
    };
    let run = move || TestRunner::new(Config::with_cases(40)).run(&calls, test);
    tokio::task::spawn_blocking(run).await.unwrap().unwrap();
}

async fn keep_a_thousand_calls(place: Place) {
    let store = place.open().await;
    register(&store, 1000).await;
    let calls = (1..=1000).map(|producer| call(producer, Outcome::Decline)).collect();
    keep_quote(&store, 1, calls, vec![]).await;
    let kept = store.quote(public_id(1)).await.unwrap().unwrap();
    assert_eq!(kept.calls.len(), 1000);
}

/// Keeps quotes of one call each, of producer 1.
pub(crate) async fn keep(store: &Store, numbers: std::ops::RangeInclusive<u32>) {
    for number in numbers {
        let offers = vec![offer(u128::from(number) + 1000, 1)];
        keep_quote(store, number, vec![call(1, Outcome::Offer)], offers).await;
    }
}
