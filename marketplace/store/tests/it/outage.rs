//! A Postgres that goes away under a running store, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use rfq_engine::Outcome;
use rfq_store::{DatabaseError, QuoteEnd, QuoteError, QuoteRecord, Store};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{Instant, sleep};

use crate::place::{product_id, public_id, register};
use crate::postgres::{PASSWORD, Postgres};
use crate::quotes::{call, quote, silent};

/// A call waits ten seconds for a connection; the rest is what a busy machine takes.
const DEADLINE: Duration = Duration::from_secs(20);
const PRODUCERS: u32 = 100;

async fn put(store: &Store, number: u32) -> Result<(), QuoteError> {
    let QuoteRecord { id, request, asked_at, .. } = quote(number);
    store.begin_quote(id, &request, asked_at).await?;
    let call = |producer| silent(call(producer, Outcome::Decline));
    let calls = (1..=PRODUCERS).map(call).collect();
    let end = QuoteEnd { took: Duration::from_secs(1), calls, offers: Vec::new() };
    store.finish_quote(id, &end).await
}

/// What became of quotes that were put by many while the server stopped.
#[derive(Default)]
struct Written {
    next: AtomicU32,
    stopped: AtomicBool,
}

impl Written {
    /// Puts quotes until one fails after the server has stopped; returns those that were kept.
    async fn put_until_stopped(&self, store: Store) -> (Vec<u32>, DatabaseError) {
        let mut kept = Vec::new();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let began = Instant::now();
            match put(&store, number).await {
                Ok(()) => kept.push(number),
                Err(QuoteError::Database(error)) => {
                    assert!(began.elapsed() < DEADLINE, "{:?}: {error}", began.elapsed());
                    // The one that was under way may have failed just before.
                    if self.stopped.load(Ordering::Relaxed) {
                        return (kept, error);
                    }
                }
                Err(error @ (QuoteError::Twice(_) | QuoteError::Unknown | QuoteError::Over)) => {
                    panic!("{error}")
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_is_told_and_back_in_use_when_it_returns() {
    let mut server = block_in_place(Postgres::start);
    let store = Store::open(&server.url(PASSWORD, "postgres")).await.unwrap();
    register(&store, PRODUCERS).await;

    let written = Arc::new(Written::default());
    let mut writers = JoinSet::new();
    for _ in 0..8 {
        let (written, store) = (Arc::clone(&written), store.clone());
        writers.spawn(async move { written.put_until_stopped(store).await });
    }
    while written.next.load(Ordering::Relaxed) < 50 {
        sleep(Duration::from_millis(5)).await;
    }
    block_in_place(|| server.stop());
    written.stopped.store(true, Ordering::Relaxed);
    let mut kept = Vec::new();
    while let Some(ended) = writers.join_next().await {
        let (numbers, error) = ended.unwrap();
        let told = matches!(error, DatabaseError::NoConnection | DatabaseError::Unreachable { .. });
        assert!(told, "{error:?}");
        kept.extend(numbers);
    }
    let began = Instant::now();
    let error = store.product(&product_id(1)).await.unwrap_err();
    assert!(began.elapsed() < DEADLINE, "{:?}", began.elapsed());
    insta::assert_snapshot!(error, @"no connection to the database in time; see whether its server runs, and whether it has too much to do");

    block_in_place(|| server.start_again());
    // The same store, and its first call.
    put(&store, u32::MAX).await.unwrap();
    kept.push(u32::MAX);
    for number in 0..written.next.load(Ordering::Relaxed) {
        match store.quote(public_id(number.into())).await.unwrap() {
            // Of one that failed nobody can say how far it was kept, but no step is half there.
            Some(found) => {
                assert!(found.took.is_some() || !kept.contains(&number), "{number} is not over");
                assert_eq!(found.calls.len(), if found.took.is_some() { 100 } else { 0 });
            }
            None => assert!(!kept.contains(&number), "{number} of {} is lost", kept.len()),
        }
    }
    assert!(kept.len() > 20, "{}", kept.len());
}
