//! Health scores that several servers share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use rfq_engine::HealthDelta;
use rfq_store::{Health, HealthFlush, Store};
use uuid::Uuid;

use crate::on_both;
use crate::place::{Place, at, producer_id, register};

on_both!(
    deltas_apply_one_after_another,
    deltas_of_several_servers_add_up,
    a_bad_second_of_one_server_is_not_lost,
    a_producer_may_be_dead_for_ever,
    a_flush_is_applied_once,
    many_producers_are_flushed_at_once,
);

static FLUSHES: AtomicU32 = AtomicU32::new(1);

/// A flush that was never tried.
pub(crate) fn new_flush() -> HealthFlush {
    let number = FLUSHES.fetch_add(1, Ordering::Relaxed);
    HealthFlush { server: Uuid::from_u128(number.into()), number: 1 }
}

async fn apply(store: &Store, producer: u32, factor: f64, term: f64, calls: u32) -> Health {
    let delta = HealthDelta::new(factor, term, calls).unwrap();
    let deltas = BTreeMap::from([(producer_id(producer), delta)]);
    store.apply_health(new_flush(), &deltas, at(0)).await.unwrap()[&producer_id(producer)]
}

async fn deltas_apply_one_after_another(place: Place) {
    let store = place.open().await;
    register(&store, 2).await;
    assert_eq!(store.health().await.unwrap(), BTreeMap::new());
    let first = apply(&store, 1, 0.5, 0.0, 3).await;
    assert_eq!(first, Health { score: 0.5, calls: 3 });
    let second = apply(&store, 1, 0.5, 0.5, 1).await;
    assert_eq!(second, Health { score: 0.75, calls: 4 });
    let delta = HealthDelta::new(0.0, 0.0, 1).unwrap();
    let deltas = [1, 2, 9].map(|number| (producer_id(number), delta)).into();
    let scores = store.apply_health(new_flush(), &deltas, at(1)).await.unwrap();
    let expected = [(1, 5), (2, 1)]
        .map(|(number, calls)| (producer_id(number), Health { score: 0.0, calls }))
        .into();
    assert_eq!(scores, expected, "who is not registered is left out");
    assert_eq!(store.health().await.unwrap(), expected);
}

async fn deltas_of_several_servers_add_up(place: Place) {
    let stores = [place.open().await, place.open().await, place.open().await, place.open().await];
    register(&stores[0], 8).await;
    let servers = stores.clone().into_iter().zip(0_u32..).map(|(store, server)| {
        tokio::spawn(async move {
            for round in 0..25 {
                // Each with its own weights, some of them at the edge of what floats can tell.
                let factor = 1.0 - f64::from(server * 25 + round) / 100.0;
                let term = if round % 2 == 0 { 1.0 - factor } else { 0.0 };
                let delta = HealthDelta::new(factor, term, 1).unwrap();
                let deltas = (1..=8).map(|number| (producer_id(number), delta)).collect();
                let scores = store.apply_health(new_flush(), &deltas, at(0)).await.unwrap();
                assert_eq!(scores.len(), 8);
                for (producer, health) in scores {
                    assert!((0.0..=1.0).contains(&health.score), "{producer}: {health:?}");
                }
            }
        })
    });
    for server in servers.collect::<Vec<_>>() {
        server.await.unwrap();
    }
    for (producer, health) in stores[0].health().await.unwrap() {
        assert_eq!(health.calls, 100, "{producer}");
    }
}

/// Halvings commute, so that whatever the order, all of them must be in the score.
async fn a_bad_second_of_one_server_is_not_lost(place: Place) {
    let stores = [place.open().await, place.open().await];
    register(&stores[0], 1).await;
    let halve = |store: Store| async move {
        for _ in 0..10 {
            apply(&store, 1, 0.5, 0.0, 1).await;
        }
    };
    let [one, two] = stores.clone();
    tokio::join!(halve(one), halve(two));
    let health = stores[0].health().await.unwrap()[&producer_id(1)];
    assert_eq!(health, Health { score: 0.5_f64.powi(20), calls: 20 });
}

/// With a weight of 0.2, and one to four calls in a flush.
async fn a_producer_may_be_dead_for_ever(place: Place) {
    let store = place.open().await;
    register(&store, 1).await;
    let bad = |calls| HealthDelta::new(0.8_f64.powi(calls), 0.0, calls.unsigned_abs()).unwrap();
    let delta = |delta| BTreeMap::from([(producer_id(1), delta)]);
    store.apply_health(new_flush(), &delta(bad(3000)), at(0)).await.unwrap();
    let mut calls = 3000;
    while calls < 3500 {
        let next = 1 + calls % 4;
        store.apply_health(new_flush(), &delta(bad(next)), at(0)).await.unwrap();
        calls += next;
    }
    // Merged to something that is next to nothing, too.
    store.apply_health(new_flush(), &delta(bad(3340)), at(0)).await.unwrap();
    assert!(store.health().await.unwrap()[&producer_id(1)].score < 1e-300);
    let good = apply(&store, 1, 0.8, 0.2, 1).await;
    assert!((good.score - 0.2).abs() < 1e-9, "{good:?}");
}

async fn a_flush_is_applied_once(place: Place) {
    let store = place.open().await;
    register(&store, 2).await;
    let halve = |producer| {
        BTreeMap::from([(producer_id(producer), HealthDelta::new(0.5, 0.0, 1).unwrap())])
    };
    let flush = |server, number| HealthFlush { server: Uuid::from_u128(server), number };
    let first = store.apply_health(flush(1, 1), &halve(1), at(0)).await.unwrap();
    assert_eq!(store.apply_health(flush(1, 1), &halve(1), at(1)).await.unwrap(), first);
    assert_eq!(first[&producer_id(1)], Health { score: 0.5, calls: 1 });
    let next = store.apply_health(flush(1, 2), &halve(1), at(1)).await.unwrap();
    assert_eq!(next[&producer_id(1)], Health { score: 0.25, calls: 2 });
    let other = store.apply_health(flush(2, 1), &halve(1), at(1)).await.unwrap();
    assert_eq!(other[&producer_id(1)], Health { score: 0.125, calls: 3 });
    // A late one of before, such as one whose connection hung.
    let late = store.apply_health(flush(1, 1), &halve(1), at(2)).await.unwrap();
    assert_eq!(late, other);
    // Of a producer that had no score.
    assert_eq!(store.apply_health(flush(1, 1), &halve(2), at(2)).await.unwrap().len(), 1);
    assert_eq!(store.health().await.unwrap().len(), 1);
}

/// Also those that meet in another order.
async fn many_producers_are_flushed_at_once(place: Place) {
    let stores = [place.open().await, place.open().await, place.open().await];
    register(&stores[0], 600).await;
    let delta = HealthDelta::new(0.5, 0.0, 1).unwrap();
    let deltas: BTreeMap<_, _> = (1..=600).map(|number| (producer_id(number), delta)).collect();
    let flush = |store: Store| {
        let deltas = deltas.clone();
        async move {
            for _ in 0..3 {
                assert_eq!(
                    store.apply_health(new_flush(), &deltas, at(0)).await.unwrap().len(),
                    600
                );
            }
        }
    };
    let [one, two, three] = stores.clone();
    tokio::join!(flush(one), flush(two), flush(three));
    let expected = Health { score: 0.5_f64.powi(9), calls: 9 };
    assert!(stores[0].health().await.unwrap().values().all(|health| *health == expected));
}
