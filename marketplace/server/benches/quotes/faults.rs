//! Quotes of producers that fail in every way.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rfq_engine::{Engine, EnginePolicy};
use rfq_marketplace::net::RfqClient;
use rfq_sdk::ManualClock;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::faulty::Kind;
use crate::marketplace::Marketplace;
use crate::producers::{Producers, Role};
use crate::quantile;
use crate::resident::Resident;

/// Shorter than a producer's time, so that the quote's own end decides.
const SHORT: Duration = Duration::from_secs(2);

pub(super) async fn measure(quotes: u32, at_once: u32) {
    let producers = Producers::start(Role::Faulty);
    let marketplace = Marketplace::new(&producers);
    let patient = EnginePolicy::default();
    let policies = [patient, EnginePolicy { quote_time: SHORT, ..patient }];
    let engines = policies.map(|policy| (policy, marketplace.engine(policy)));
    let run =
        Arc::new(Run { marketplace, engines, next: AtomicU32::new(0), seen: Mutex::default() });
    let began = Instant::now();
    let resident = Resident::during(async {
        let mut workers = JoinSet::new();
        for number in 0..at_once {
            let run = Arc::clone(&run);
            workers.spawn(async move {
                // Not all at the same moment, as consumers come.
                sleep(SHORT * number / at_once).await;
                run.quote_until(quotes).await;
            });
        }
        tokio::select! {
            _ = workers.join_all() => {}
            () = run.marketplace.upkeep() => {}
        }
    })
    .await;
    let seconds = began.elapsed().as_secs_f64();
    println!("faults: {quotes} quotes of 100 producers, {at_once} at a time, in {seconds:.0} s");
    run.report(quotes);
    resident.report("faults");
}

struct Run {
    marketplace: Marketplace,
    /// Of quotes that outlast their producers, and of those that do not.
    engines: [(EnginePolicy, Engine<RfqClient, ManualClock>); 2],
    next: AtomicU32,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    outcomes: BTreeMap<(Kind, String), u32>,
    misnamed: u32,
    took: [Vec<Duration>; 2],
}

impl Run {
    async fn quote_until(&self, quotes: u32) {
        loop {
            let quote = self.next.fetch_add(1, Ordering::Relaxed);
            if quote >= quotes {
                return;
            }
            let which = usize::from(quote % 2 == 1);
            let (policy, engine) = &self.engines[which];
            let arrived = Instant::now();
            let made = self.marketplace.quote(engine, arrived).await;
            let took = arrived.elapsed();
            let mut seen = self.seen.lock().unwrap();
            seen.took[which].push(took);
            for call in made.calls {
                let number = call.producer.as_str().strip_prefix("shop").unwrap().parse().unwrap();
                let kind = Kind::of(number);
                let expected = kind.outcome(policy.quote_time < policy.producer_time);
                seen.misnamed += u32::from(call.outcome != expected);
                *seen.outcomes.entry((kind, call.outcome.to_string())).or_default() += 1;
            }
        }
    }

    fn report(&self, quotes: u32) {
        let seen = self.seen.lock().unwrap();
        for ((kind, outcome), count) in &seen.outcomes {
            println!("{kind:?}: {outcome}: {count}");
        }
        println!("ratio misnamed {:.5}", f64::from(seen.misnamed) / f64::from(quotes * 100));
        println!("misnamed: bar 0 {}", if seen.misnamed == 0 { "met" } else { "MISSED" });
        for (took, (policy, _)) in seen.took.iter().zip(&self.engines) {
            let mut took = took.clone();
            took.sort_unstable();
            let over: Vec<Duration> =
                took.iter().map(|took| took.saturating_sub(policy.quote_time)).collect();
            println!(
                "quotes of {:.1} s: p50 {:.0} ms, max {:.0} ms; over the deadline: p50 {:.2} ms, \
                 p99 {:.2} ms, max {:.2} ms",
                policy.quote_time.as_secs_f64(),
                quantile(&took, 500),
                quantile(&took, 1_000),
                quantile(&over, 500),
                quantile(&over, 990),
                quantile(&over, 1_000)
            );
        }
    }
}
