//! Claims of offers, by the name in their link.

use rfq_store::{Claim, Store};

use crate::place::{Place, at, public_id, register};
use crate::{on_both, quotes};

on_both!(a_link_leads_to_its_offer, one_of_many_is_the_first);

async fn kept(store: &Store, first_at: i64, is_first: bool) -> Claim {
    let (quote, offer) = store.offer(public_id(1001)).await.unwrap().unwrap();
    Claim { quote, offer, first_at: at(first_at), is_first }
}

async fn a_link_leads_to_its_offer(place: Place) {
    let store = place.open().await;
    register(&store, 1).await;
    quotes::keep(&store, 1..=2).await;
    let link = public_id(!1001);
    assert_eq!(store.claim(public_id(1001), at(5)).await, Ok(None), "an offer's id is no link");
    assert_eq!(store.claim(link, at(5)).await, Ok(Some(kept(&store, 5, true).await)));
    for again in [6, 4] {
        assert_eq!(store.claim(link, at(again)).await, Ok(Some(kept(&store, 5, false).await)));
    }
    // However often it is followed, nothing more is kept.
    let noted = "SELECT CAST(COUNT(*) AS TEXT) FROM offers WHERE claimed_at IS NOT NULL";
    assert_eq!(place.texts(noted).await, ["1"]);
    assert_eq!(store.prune_quotes(at(2), 9).await, Ok(1));
    assert_eq!(store.claim(link, at(7)).await, Ok(None), "it is no longer kept");
}

/// An offer may be claimed while its quote is under way, and stays claimed when it ends.
async fn one_of_many_is_the_first(place: Place) {
    let store = place.open().await;
    register(&store, 1).await;
    let quote = quotes::quote(1);
    store.begin_quote(quote.id, &quote.request, quote.asked_at).await.unwrap();
    store.put_offers(quote.id, &[quotes::offer(1001, 1)]).await.unwrap();
    let links = (0..8).map(|seconds| {
        let store = store.clone();
        tokio::spawn(async move { store.claim(public_id(!1001), at(seconds)).await })
    });
    let mut claims = Vec::new();
    for link in links.collect::<Vec<_>>() {
        claims.push(link.await.unwrap().unwrap().unwrap());
    }
    assert_eq!(claims.iter().filter(|claim| claim.is_first).count(), 1);
    assert!(claims.iter().all(|claim| claim.first_at == claims[0].first_at));
    let end =
        quotes::end(&rfq_store::QuoteRecord { offers: vec![quotes::offer(1001, 1)], ..quote });
    store.finish_quote(public_id(1), &end).await.unwrap();
    let after = store.claim(public_id(!1001), at(99)).await.unwrap().unwrap();
    assert!(!after.is_first && after.first_at == claims[0].first_at);
    assert!(after.offer.explanation.is_some());
}
