//! What is old goes, in batches, and nothing else does.

use std::collections::BTreeMap;

use rfq_store::{CardFetch, FetchOutcome, HealthFlush};
use uuid::Uuid;

use crate::place::{Place, at, give_agent, producer_id, public_id, register};
use crate::{on_both, quotes};

on_both!(
    quotes_go_with_all_that_belongs_to_them,
    the_card_that_counts_stays,
    servers_that_are_gone_are_forgotten,
);

async fn quotes_go_with_all_that_belongs_to_them(place: Place) {
    let store = place.open().await;
    register(&store, 1).await;
    quotes::keep(&store, 1..=5).await;
    // Each has one call.
    assert_eq!(store.prune_quotes(at(5), 5).await, Ok(2));
    assert_eq!(store.quote(public_id(2)).await, Ok(None));
    assert!(store.quote(public_id(3)).await.unwrap().is_some(), "the oldest go first");
    assert_eq!(store.prune_quotes(at(5), 1).await, Ok(1), "one goes, however many calls it has");
    assert_eq!(store.prune_quotes(at(5), 5).await, Ok(1));
    assert_eq!(store.prune_quotes(at(5), 5).await, Ok(0));
    for (table, rows) in [("quotes", 1), ("calls", 1), ("offers", 1)] {
        let ids = format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}");
        assert_eq!(place.texts(&ids).await, [rows.to_string()], "{table}");
    }
}

async fn the_card_that_counts_stays(place: Place) {
    let store = place.open().await;
    register(&store, 2).await;
    let url = "https://shop.example/.well-known/agent.json";
    give_agent(&store, 1, url).await;
    let fetched = || FetchOutcome::Fetched { etag: None, body: b"{}".to_vec() };
    for (producer, seconds, outcome) in [
        (1, 1, fetched()),
        (1, 2, fetched()),
        (1, 3, FetchOutcome::NotModified),
        (1, 8, FetchOutcome::NotModified),
        (2, 1, FetchOutcome::Failed { reason: "gone".to_owned() }),
    ] {
        let fetch = CardFetch { url: url.to_owned(), fetched_at: at(seconds), outcome };
        store.record_card_fetch(&producer_id(producer), &fetch).await.unwrap();
    }
    assert_eq!(store.prune_card_fetches(at(5), 2).await, Ok(2));
    assert_eq!(store.prune_card_fetches(at(5), 2).await, Ok(1));
    assert_eq!(store.prune_card_fetches(at(5), 2).await, Ok(0));
    let left = store.card_fetches(&producer_id(1), 10).await.unwrap();
    let times: Vec<_> = left.iter().map(|fetch| fetch.fetched_at).collect();
    assert_eq!(times, [at(8), at(2)]);
    assert_eq!(store.card_fetches(&producer_id(2), 10).await, Ok(vec![]));
}

/// A server draws a new id whenever it starts.
async fn servers_that_are_gone_are_forgotten(place: Place) {
    let store = place.open().await;
    let flush = async |server: u8, number, seconds| {
        let flush = HealthFlush { server: Uuid::from_u128(server.into()), number };
        store.apply_health(flush, &BTreeMap::new(), at(seconds)).await.unwrap();
    };
    for (server, seconds) in [(1, 3), (2, 1), (3, 2), (4, 1)] {
        flush(server, 1, seconds).await;
    }
    flush(4, 2, 9).await;
    let left = async || {
        let sql = "SELECT server FROM health_flushes ORDER BY server";
        let last = |id: String| id.chars().last().unwrap();
        place.texts(sql).await.into_iter().map(last).collect::<String>()
    };
    assert_eq!(store.prune_health_flushes(at(3), 1).await, Ok(1));
    assert_eq!(left().await, "134", "the longest silent goes first");
    assert_eq!(store.prune_health_flushes(at(3), 9).await, Ok(1));
    assert_eq!(store.prune_health_flushes(at(3), 9).await, Ok(0));
    assert_eq!(left().await, "14");
}
