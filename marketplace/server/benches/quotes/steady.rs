//! Quotes of producers that all offer, one after the other for a long time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rfq_engine::EnginePolicy;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::marketplace::Marketplace;
use crate::producers::{Producers, Role};
use crate::quantile;
use crate::resident::Resident;

pub(super) async fn measure(time: Duration, at_once: u32) {
    let producers = Producers::start(Role::Good);
    let marketplace = Arc::new(Marketplace::new(&producers));
    let engine = Arc::new(marketplace.engine(EnginePolicy::default()));
    let seen = Arc::new(Mutex::new(Seen::default()));
    let ends = Instant::now() + time;
    let resident = Resident::during(async {
        let mut workers = JoinSet::new();
        for _ in 0..at_once {
            let (marketplace, engine) = (Arc::clone(&marketplace), Arc::clone(&engine));
            let seen = Arc::clone(&seen);
            workers.spawn(async move {
                while Instant::now() < ends {
                    let arrived = Instant::now();
                    let made = marketplace.quote(&engine, arrived).await;
                    seen.lock().unwrap().note(arrived.elapsed(), made.offers.len());
                }
            });
        }
        tokio::select! {
            _ = workers.join_all() => {}
            () = marketplace.upkeep() => {}
        }
    })
    .await;
    let mut seen = seen.lock().unwrap();
    seen.took.sort_unstable();
    println!(
        "steady: {} quotes of 100 producers, {at_once} at a time, in {:.0} s; p50 {:.0} ms, p99 {:.0} ms",
        seen.quotes,
        time.as_secs_f64(),
        quantile(&seen.took, 500),
        quantile(&seen.took, 990)
    );
    let calls = seen.quotes * 100;
    println!("offers: {} of {calls} calls", seen.offers);
    resident.report("steady");
}

#[derive(Default)]
struct Seen {
    quotes: usize,
    offers: usize,
    /// Of the first quotes, so that it does not grow for ever.
    took: Vec<Duration>,
}

impl Seen {
    fn note(&mut self, took: Duration, offers: usize) {
        const KEPT: usize = 4_096;
        self.quotes += 1;
        self.offers += offers;
        if self.took.len() < KEPT {
            self.took.push(took);
        }
    }
}
