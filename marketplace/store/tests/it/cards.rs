//! Agent cards and the history of fetching them.

use rfq_store::{CardError, CardFetch, FetchOutcome, StoredCard};

use crate::on_both;
use crate::place::{Place, at, give_agent, producer_id, register};

on_both!(the_last_good_card_counts, the_card_of_another_place_does_not_count, are_of_a_producer);

const URL: &str = "https://shop.example/.well-known/agent.json";

fn fetch(seconds: i64, outcome: FetchOutcome) -> CardFetch {
    CardFetch { url: URL.to_owned(), fetched_at: at(seconds), outcome }
}

fn fetched(etag: Option<&str>, body: &[u8]) -> FetchOutcome {
    FetchOutcome::Fetched { etag: etag.map(str::to_owned), body: body.to_vec() }
}

async fn the_last_good_card_counts(place: Place) {
    let store = place.open().await;
    register(&store, 2).await;
    give_agent(&store, 1, URL).await;
    assert_eq!(store.card(&producer_id(1)).await, Ok(None));
    let reason = "the card has no skill respond-to-rfq".to_owned();
    let fetches = [
        fetch(1, fetched(None, b"{}")),
        // Not UTF-8, which a server may well send, and a NUL.
        fetch(2, fetched(Some("\"v2\""), b"{\"name\":\"\xff\0\"}")),
        fetch(3, FetchOutcome::NotModified),
        fetch(4, FetchOutcome::Failed { reason }),
    ];
    for fetch in &fetches {
        store.record_card_fetch(&producer_id(1), fetch).await.unwrap();
    }
    let card = store.card(&producer_id(1)).await.unwrap().unwrap();
    let FetchOutcome::Fetched { etag, body } = fetches[1].outcome.clone() else { unreachable!() };
    assert_eq!(card, StoredCard { url: URL.to_owned(), fetched_at: at(2), etag, body });
    let mut newest_first = fetches.to_vec();
    newest_first.reverse();
    assert_eq!(store.card_fetches(&producer_id(1), 10).await.unwrap(), newest_first);
    assert_eq!(store.card_fetches(&producer_id(1), 1).await.unwrap(), newest_first[..1]);
    assert_eq!(store.card_fetches(&producer_id(2), 10).await.unwrap(), []);

    let again = fetch(4, FetchOutcome::NotModified);
    store.record_card_fetch(&producer_id(1), &again).await.unwrap();
    assert_eq!(store.card_fetches(&producer_id(1), 1).await.unwrap(), [again]);
}

async fn the_card_of_another_place_does_not_count(place: Place) {
    let store = place.open().await;
    register(&store, 1).await;
    let url = "https://new.example/.well-known/agent.json".to_owned();
    let elsewhere = |seconds, outcome| CardFetch { url: url.clone(), ..fetch(seconds, outcome) };
    store.record_card_fetch(&producer_id(1), &fetch(1, fetched(None, b"{}"))).await.unwrap();
    assert_eq!(store.card(&producer_id(1)).await, Ok(None), "no agent is said to be there");
    give_agent(&store, 1, URL).await;
    assert!(store.card(&producer_id(1)).await.unwrap().is_some());
    give_agent(&store, 1, &url).await;
    let failed = FetchOutcome::Failed { reason: "gone".to_owned() };
    store.record_card_fetch(&producer_id(1), &elsewhere(2, failed)).await.unwrap();
    assert_eq!(store.card(&producer_id(1)).await, Ok(None), "that of the old place is another's");
    store.record_card_fetch(&producer_id(1), &elsewhere(3, fetched(None, b"{}"))).await.unwrap();
    store.record_card_fetch(&producer_id(1), &fetch(4, fetched(None, b"{}"))).await.unwrap();
    let counts = store.card(&producer_id(1)).await.unwrap().unwrap();
    assert_eq!((counts.url, counts.fetched_at), (url.clone(), at(3)));
    // What is old goes, but for the one that counts.
    assert_eq!(store.prune_card_fetches(at(9), 10).await, Ok(3));
    assert_eq!(store.card(&producer_id(1)).await.unwrap().unwrap().fetched_at, at(3));
}

async fn are_of_a_producer(place: Place) {
    let store = place.open().await;
    let noted =
        store.record_card_fetch(&producer_id(1), &fetch(1, FetchOutcome::NotModified)).await;
    assert_eq!(noted, Err(CardError::UnknownProducer(producer_id(1))));
}
