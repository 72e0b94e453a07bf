//! A domain belongs to one producer, as long as its proof counts.

use chrono::TimeDelta;
use rfq_engine::ClaimDomain;
use rfq_store::{DomainError, ProducerUpdate, Store, VerifiedDomain};

use crate::on_both;
use crate::place::{Place, at, disable, name, producer_id, register};

on_both!(
    belong_to_one_producer,
    change_hands_when_the_proof_no_longer_counts,
    take_the_place_of_the_one_before,
    are_due_after_thirty_days,
);

const DAY: i64 = 24 * 60 * 60;

fn domain(text: &str) -> ClaimDomain {
    text.parse().unwrap()
}

async fn of(store: &Store, number: u32) -> Option<VerifiedDomain> {
    store.producer(&producer_id(number)).await.unwrap().unwrap().domain
}

async fn belong_to_one_producer(place: Place) {
    let store = place.open().await;
    let shop = domain("shop.example");
    let unknown = store.verify_domain(&producer_id(1), &shop, at(0)).await;
    assert_eq!(unknown, Err(DomainError::UnknownProducer(producer_id(1))));
    register(&store, 2).await;
    store.verify_domain(&producer_id(1), &shop, at(0)).await.unwrap();
    let taken = store.verify_domain(&producer_id(2), &shop, at(30 * DAY - 1)).await.unwrap_err();
    assert_eq!(taken, DomainError::Taken(shop.clone()));
    assert_eq!(
        taken.to_string(),
        "the domain shop.example belongs to another producer, whose proof is less than 30 days old"
    );
    assert_eq!(of(&store, 1).await, Some(VerifiedDomain { domain: shop, verified_at: at(0) }));
    assert_eq!(of(&store, 2).await, None);
}

async fn change_hands_when_the_proof_no_longer_counts(place: Place) {
    let store = place.open().await;
    register(&store, 2).await;
    let shop = domain("shop.example");
    store.verify_domain(&producer_id(1), &shop, at(0)).await.unwrap();
    store.verify_domain(&producer_id(1), &shop, at(DAY)).await.unwrap();
    let taken = store.verify_domain(&producer_id(2), &shop, at(30 * DAY)).await;
    assert_eq!(taken, Err(DomainError::Taken(shop.clone())), "it was proved again meanwhile");
    store.verify_domain(&producer_id(2), &shop, at(31 * DAY)).await.unwrap();
    assert_eq!(of(&store, 1).await, None);
    let verified_at = at(31 * DAY);
    assert_eq!(of(&store, 2).await, Some(VerifiedDomain { domain: shop, verified_at }));
}

async fn take_the_place_of_the_one_before(place: Place) {
    let store = place.open().await;
    register(&store, 2).await;
    for text in ["old.example", "new.example"] {
        store.verify_domain(&producer_id(1), &domain(text), at(0)).await.unwrap();
    }
    let new = VerifiedDomain { domain: domain("new.example"), verified_at: at(0) };
    assert_eq!(of(&store, 1).await, Some(new.clone()));
    let update = ProducerUpdate { name: Some(name("Other")), ..Default::default() };
    store.update_producer(&producer_id(1), &update).await.unwrap();
    assert_eq!(of(&store, 1).await, Some(new), "a change of something else leaves it");
    store.verify_domain(&producer_id(2), &domain("old.example"), at(1)).await.unwrap();
    let taken = store.verify_domain(&producer_id(1), &domain("old.example"), at(1)).await;
    assert_eq!(taken, Err(DomainError::Taken(domain("old.example"))));
    assert!(of(&store, 1).await.is_some(), "what failed has changed nothing");
}

async fn are_due_after_thirty_days(place: Place) {
    let store = place.open().await;
    register(&store, 4).await;
    for (number, days) in [(1, 2), (2, 1), (3, 3), (4, 0)] {
        let domain = domain(&format!("shop-{number}.example"));
        store.verify_domain(&producer_id(number), &domain, at(days * DAY)).await.unwrap();
    }
    disable(&store, 4).await;
    let due = store.domains_due(at(32 * DAY), 10).await.unwrap();
    let ids: Vec<_> = due.iter().map(|producer| &producer.id).collect();
    assert_eq!(ids, [&producer_id(2), &producer_id(1)]);
    assert_eq!(store.domains_due(at(32 * DAY), 1).await.unwrap().len(), 1);
    // One that cannot be proved any more does not hold up the others.
    store.note_domain_unproved(&producer_id(2), at(32 * DAY)).await.unwrap();
    let next = store.domains_due(at(32 * DAY), 1).await.unwrap();
    assert_eq!(next[0].id, producer_id(1));
    let unknown = store.note_domain_unproved(&producer_id(9), at(0)).await;
    assert_eq!(unknown, Err(DomainError::UnknownProducer(producer_id(9))));
    let domain = due[0].domain.as_ref().unwrap();
    assert!(domain.is_due(at(31 * DAY)));
    assert!(!domain.is_due(at(31 * DAY) - TimeDelta::microseconds(1)));
}
