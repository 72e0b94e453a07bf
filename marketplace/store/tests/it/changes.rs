//! The change sequence, and that who follows it misses nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use rfq_store::{ChangeKind, ChangesError, DatabaseError, ProductError, ProductId, Store};

use crate::on_both;
use crate::place::{Place, at, product, product_id};

on_both!(
    numbers_every_change,
    comes_in_batches,
    tells_pruned_history_apart,
    tells_another_store_apart,
    misses_nothing_of_sixteen_writers,
);

/// `n`, product and kind of the changes behind a number.
async fn behind(store: &Store, after: i64) -> Vec<(i64, String, ChangeKind)> {
    let changes = store.changes(after, 1000).await.unwrap().changes;
    changes.into_iter().map(|change| (change.n, change.product.to_string(), change.kind)).collect()
}

async fn numbers_every_change(place: Place) {
    let store = place.open().await;
    let nothing = store.changes(0, 10).await.unwrap();
    assert_eq!((nothing.changes, nothing.newest), (vec![], 0));
    assert_eq!(store.newest_change().await, Ok(0));
    store.put_products(&[product(2), product(1)], at(1)).await.unwrap();
    store.put_products(&[product(1), product(3)], at(2)).await.unwrap();
    store.put_products(&[product(1)], at(3)).await.unwrap();
    store.delete_products(&[product_id(2), product_id(7)], at(4)).await.unwrap();
    let expected = [
        (1, "p000001", ChangeKind::Put),
        (2, "p000002", ChangeKind::Put),
        (3, "p000003", ChangeKind::Put),
        (4, "p000002", ChangeKind::Deleted),
    ]
    .map(|(n, product, kind)| (n, product.to_owned(), kind));
    assert_eq!(behind(&store, 0).await, expected);
    assert_eq!(behind(&store, 3).await, expected[3..]);
    assert_eq!(behind(&store, 4).await, []);
    assert_eq!(store.changes(3, 10).await.unwrap().changes[0].changed_at, at(4));
}

async fn comes_in_batches(place: Place) {
    let store = place.open().await;
    for batch in 0..3 {
        let products: Vec<_> = (0..400).map(|number| product(batch * 400 + number)).collect();
        store.put_products(&products, at(0)).await.unwrap();
    }
    let first = store.changes(0, 7).await.unwrap();
    assert_eq!((first.changes.len(), first.newest), (7, 1200));
    assert_eq!(store.changes(0, u32::MAX).await.unwrap().changes.len(), Store::MAX_CHANGES);
    assert_eq!(store.changes(1000, 1000).await.unwrap().changes.len(), 200);
}

async fn tells_pruned_history_apart(place: Place) {
    let store = place.open().await;
    // The third seems older than the second: by another server's clock.
    for (number, seconds) in [(1, 1), (2, 5), (3, 2), (4, 9)] {
        store.put_products(&[product(number)], at(seconds)).await.unwrap();
    }
    assert_eq!(store.prune_changes(at(3), 10).await, Ok(1));
    assert_eq!(store.changes(0, 10).await, Err(ChangesError::Pruned { pruned: 1 }));
    assert_eq!(behind(&store, 1).await.len(), 3);
    assert_eq!(store.prune_changes(at(100), 2).await, Ok(2));
    assert_eq!(store.prune_changes(at(100), 2).await, Ok(1));
    assert_eq!(store.prune_changes(at(100), 2).await, Ok(0));
    let error = store.changes(3, 10).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "changes up to 4 are no longer kept; begin again from all products"
    );
    assert_eq!(store.newest_change().await, Ok(4));
    assert_eq!(behind(&store, 4).await, []);
    store.put_products(&[product(5)], at(200)).await.unwrap();
    assert_eq!(behind(&store, 4).await.len(), 1);
}

async fn tells_another_store_apart(place: Place) {
    let store = place.open().await;
    store.put_products(&[product(1)], at(0)).await.unwrap();
    assert_eq!(store.changes(2, 10).await, Err(ChangesError::Ahead { newest: 1 }));
    assert_eq!(place.open().await.id(), store.id());
    assert_eq!(store.id().len(), 32);
    assert_ne!(Place::sqlite().open().await.id(), store.id());
}

const WRITERS: u32 = 16;
const ROUNDS: u32 = 30;

/// Several servers, each with writers of which every third attempt is given up somewhere on its way,
/// and beside them one that numbers changes and then thinks better of it.
async fn misses_nothing_of_sixteen_writers(place: Place) {
    let stores = [place.open().await, place.open().await, place.open().await, place.open().await];
    let given_up = Arc::new(AtomicU32::new(0));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = stores[usize::try_from(writer).unwrap() % stores.len()].clone();
            tokio::spawn(write(store, writer, Arc::clone(&given_up)))
        })
        .collect();
    let done = Arc::new(AtomicBool::new(false));
    let follower = tokio::spawn(follow(stores[0].clone(), Arc::clone(&done)));
    for _ in 0..20 {
        roll_back(&place).await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    done.store(true, Ordering::Release);
    let followed = follower.await.unwrap();
    let there = stores[1].products(None, 100_000).await.unwrap();
    let there: BTreeSet<ProductId> = there.into_iter().map(|product| product.id).collect();
    assert_eq!(followed, there);
    let given_up = given_up.load(Ordering::Relaxed);
    assert!(given_up > 0, "some attempts were given up");
    let kept = WRITERS * ROUNDS - given_up;
    assert!(there.len() >= usize::try_from(kept).unwrap(), "{kept} attempts succeeded");
}

async fn write(store: Store, writer: u32, given_up: Arc<AtomicU32>) {
    for round in 0..ROUNDS {
        let first = (writer * ROUNDS + round) * 5;
        let products: Vec<_> = (first..first + 1 + round % 5).map(product).collect();
        // After so long it may be anywhere: waiting, writing, numbering, committing.
        let patience = match round % 3 {
            0 => Duration::from_micros(u64::from((writer * 7919 + round * 104_729) % 20_000)),
            _ => Duration::from_mins(1),
        };
        loop {
            match tokio::time::timeout(patience, store.put_products(&products, at(0))).await {
                Ok(Ok(done)) => assert!(done.slug_taken.is_empty()),
                // Four processes at one SQLite file poll for its lock.
                Ok(Err(ProductError::Database(DatabaseError::Busy { .. }))) => continue,
                Ok(Err(error)) => panic!("{error}"),
                Err(_) => {
                    given_up.fetch_add(1, Ordering::Relaxed);
                }
            }
            break;
        }
    }
}

/// Takes numbers, as a writer does in its last step, and then rolls back.
async fn roll_back(place: &Place) {
    let begin = match place {
        Place::Sqlite(_) => "PRAGMA busy_timeout = 60000; BEGIN IMMEDIATE",
        Place::Postgres(..) => "BEGIN",
    };
    let statements = format!(
        "{begin};
        UPDATE change_counter SET n = n + 1;
        INSERT INTO changes (n, product_id, kind, changed_at)
            SELECT n, 'rolled-back', 'put', 0 FROM change_counter;
        ROLLBACK"
    );
    place.run(&statements).await;
}

/// The products of all changes, each of which must have the number after the one before.
async fn follow(store: Store, done: Arc<AtomicBool>) -> BTreeSet<ProductId> {
    let mut products = BTreeSet::new();
    let mut last = 0;
    loop {
        // Before reading, so that what comes last is read.
        let is_last = done.load(Ordering::Acquire);
        let batch = store.changes(last, 7).await.unwrap();
        for change in &batch.changes {
            assert_eq!(change.n, last + 1, "a change came late");
            last = change.n;
            assert!(products.insert(change.product.clone()), "{change:?} came twice");
        }
        if is_last && last == batch.newest {
            return products;
        }
        tokio::task::yield_now().await;
    }
}
