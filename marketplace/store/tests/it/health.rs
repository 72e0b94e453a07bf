//! Health scores that several servers share.

use std::collections::BTreeMap;

use rfq_engine::HealthDelta;
use rfq_store::{Health, Store};

use crate::on_both;
use crate::place::{Place, at, producer_id, register};

on_both!(
    deltas_apply_one_after_another,
    deltas_of_several_servers_add_up,
    a_bad_second_of_one_server_is_not_lost,
);

async fn apply(store: &Store, producer: u32, factor: f64, term: f64, calls: u32) -> Health {
    let delta = HealthDelta::new(factor, term, calls).unwrap();
    let deltas = BTreeMap::from([(producer_id(producer), delta)]);
    store.apply_health(&deltas, at(0)).await.unwrap()[&producer_id(producer)]
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
    let scores = store.apply_health(&deltas, at(1)).await.unwrap();
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
                let scores = store.apply_health(&deltas, at(0)).await.unwrap();
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
