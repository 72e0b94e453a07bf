//! A new feed under load: no request is dropped, and no answer mixes two feeds.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rfq_tests::{Agent, rfq};
use serde_json::Value;
use tempfile::TempDir;

const PRODUCTS: usize = 2000;
const CLIENTS: usize = 4;

/// Prices and shipping of one feed go together: 10 with 1, or 20 with 2.
fn feed(factor: u64) -> String {
    let rows: String = (0..PRODUCTS)
        .map(|n| {
            format!(
                "{n}\t{0}.00 USD\tin_stock\tUS:::{1}.00 USD\tmixed/product-{n}\n",
                10 * factor,
                factor
            )
        })
        .collect();
    format!("id\tprice\tavailability\tshipping\tproduct_slug\n{rows}")
}

/// Exchanges the feed as a careful shop does: written aside, then renamed.
fn publish(dir: &Path, factor: u64) {
    let aside = dir.join("feed.new");
    std::fs::write(&aside, feed(factor)).unwrap();
    std::fs::rename(&aside, dir.join("feed.tsv")).unwrap();
}

#[test]
fn a_new_feed_under_load_drops_no_request_and_is_never_mixed_with_the_old_one() {
    let dir = TempDir::new().unwrap();
    publish(dir.path(), 1);
    let feed = dir.path().join("feed.tsv").display().to_string();
    let agent = Arc::new(Agent::start(&["--feed", &feed, "--log", "info,rfq_sdk=warn"]));
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (agent, stop) = (Arc::clone(&agent), Arc::clone(&stop));
            thread::spawn(move || {
                let mut connection = agent.connect();
                let mut seen: BTreeMap<(String, String), u64> = BTreeMap::new();
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let product = format!("mixed/product-{}", (number * 37 + client) % PRODUCTS);
                    let body = rfq(&format!("mixed-{client}-{number}"), &product, 3).to_string();
                    connection.send(agent.signed(&body).as_bytes());
                    let answer = connection.response().unwrap();
                    assert_eq!(answer.status, 200);
                    let offer: Value = serde_json::from_str(&answer.body).unwrap();
                    let pair =
                        (offer["price_usd"].to_string(), offer["shipping_cost_usd"].to_string());
                    *seen.entry(pair).or_default() += 1;
                }
                seen
            })
        })
        .collect();
    for change in 0..6_usize {
        let served = agent.log().matches("Serving the new feed").count();
        assert_eq!(served, change);
        publish(dir.path(), if change % 2 == 0 { 2 } else { 1 });
        agent.hang_up();
        while agent.log().matches("Serving the new feed").count() == served {
            thread::sleep(Duration::from_millis(20));
        }
        thread::sleep(Duration::from_millis(100));
    }
    stop.store(true, Ordering::Relaxed);
    let mut seen: BTreeMap<(String, String), u64> = BTreeMap::new();
    for client in clients {
        for (pair, count) in client.join().unwrap() {
            *seen.entry(pair).or_default() += count;
        }
    }
    println!("{seen:?}");
    let pairs: Vec<_> = seen.keys().map(|(price, cost)| (price.as_str(), cost.as_str())).collect();
    assert_eq!(
        pairs,
        [("30", "1"), ("60", "2")],
        "both feeds were served, and nothing between them"
    );
    let last = agent.ask(&rfq("last", "mixed/product-7", 3).to_string());
    assert!(last.body.starts_with(r#"{"price_usd":30,"#), "the last feed published: {last:?}");
}
