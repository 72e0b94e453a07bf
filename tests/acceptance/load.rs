//! Load for a while: no error, and memory stays flat, while the feed is exchanged again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rfq_tests::{Agent, rfq};
use tempfile::TempDir;
use tokio::time::Instant;

use super::products::{ROWS, feed, is_unsellable, on_hand, priced_products, shipping, slug};

const CLIENTS: usize = 8;

/// How long, in seconds: 20, or as long as the environment says.
fn seconds() -> u64 {
    std::env::var("RFQ_TEST_LOAD_SECONDS").map_or(20, |seconds| seconds.parse().unwrap())
}

#[test]
fn load_makes_no_error_and_memory_stays_flat() {
    let products = Arc::new(priced_products());
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("feed.tsv");
    let text = feed(&products);
    std::fs::write(&path, &text).unwrap();
    Agent::build();
    let agent =
        Arc::new(Agent::start(&["--feed", path.to_str().unwrap(), "--log", "info,rfq_sdk=warn"]));
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (agent, stop, products) =
                (Arc::clone(&agent), Arc::clone(&stop), Arc::clone(&products));
            thread::spawn(move || {
                let (mut offers, mut declines, mut slowest) = (0_u64, 0_u64, Duration::ZERO);
                let mut connection = agent.connect();
                for number in 0_usize.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let n = (number * 61_001 + client * 7919) % ROWS;
                    let body = rfq(&format!("load-{client}-{number}"), &slug(n), 1).to_string();
                    let asked = Instant::now();
                    connection.send(agent.signed(&body).as_bytes());
                    let answer = connection.response().unwrap();
                    slowest = slowest.max(asked.elapsed());
                    assert_eq!(answer.status, 200);
                    let sold =
                        !is_unsellable(&products, n) && on_hand(n) >= 1 && shipping(n).is_some();
                    if answer.body.contains("offer_id") {
                        assert!(sold, "row {n}");
                        offers += 1;
                    } else {
                        // Soft holds may take the last units for a while.
                        assert!(!sold || on_hand(n) <= 6, "row {n}: {answer:?}");
                        declines += 1;
                    }
                }
                (offers, declines, slowest)
            })
        })
        .collect();
    let begun = Instant::now();
    let mut resident = Vec::new();
    while begun.elapsed().as_secs() < seconds() {
        thread::sleep(Duration::from_millis(seconds() * 1000 / 20));
        resident.push(agent.resident_memory() / 1_000_000);
        // A new feed under way again and again, as a shop publishes it.
        if resident.len().is_multiple_of(5) {
            let aside = dir.path().join("feed.new");
            std::fs::write(&aside, &text).unwrap();
            std::fs::rename(&aside, &path).unwrap();
            agent.hang_up();
        }
    }
    stop.store(true, Ordering::Relaxed);
    let (mut offers, mut declines, mut slowest) = (0, 0, Duration::ZERO);
    for client in clients {
        let (some, others, longest) = client.join().unwrap();
        (offers, declines, slowest) = (offers + some, declines + others, slowest.max(longest));
    }
    println!(
        "{} s of load: {offers} offers and {declines} declines, the slowest in {slowest:?}; resident \
         memory over time, in MB: {resident:?}",
        seconds()
    );
    let log = agent.log();
    assert!(log.contains("Serving the new feed"), "{log}");
    assert!(!log.contains("ERROR"), "{log}");
    // The first readings are of a process that is still warming up.
    let (middle, last) = (resident[resident.len() / 2], resident[resident.len() - 1]);
    assert!(last <= middle + middle / 5 + 5, "memory grows: {resident:?}");
    assert!(resident.iter().all(|mb| *mb < 150), "{resident:?}");
}
