//! A feed of 100,000 rows is read, its broken rows are listed, and what it says is answered.

use std::time::Duration;

use rfq_sdk::Usd;
use rfq_tests::{Agent, DECLINE, rfq};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use super::products::{
    BROKEN_EVERY, ROWS, feed, is_unsellable, on_hand, priced_products, shipping, slug,
};

const QUESTIONS: usize = 1000;

#[test]
fn a_feed_of_100_000_rows_with_stock_and_shipping_made_up_is_served() {
    let products = priced_products();
    assert!(products.len() > 40_000, "{} priced products", products.len());
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("feed.tsv");
    std::fs::write(&path, feed(&products)).unwrap();

    Agent::build();
    let start = Instant::now();
    let agent = Agent::start(&["--feed", path.to_str().unwrap()]);
    println!(
        "ready with {ROWS} rows in {:?}, peak memory {} MB",
        start.elapsed(),
        agent.peak_memory() / 1_000_000
    );
    let log = agent.log();
    assert!(log.contains("Loading the feed rows=50000"), "progress is shown:\n{log}");

    let list = std::fs::read_to_string(agent.data_dir().join("rejected-rows.tsv")).unwrap();
    let rejected: Vec<&str> = list.lines().skip(1).collect();
    let expected: Vec<usize> = (0..ROWS).filter(|n| is_unsellable(&products, *n)).collect();
    assert_eq!(rejected.len(), expected.len());
    for (line, n) in rejected.iter().zip(&expected) {
        assert!(line.starts_with(&format!("{}\t{n}\tprice\t", n + 2)), "row {n}: {line}");
    }
    println!("{} rows rejected and listed, {} on purpose", rejected.len(), ROWS / BROKEN_EVERY);

    let (mut offers, mut declines, mut slowest) = (0, 0, Duration::ZERO);
    let mut connection = agent.connect();
    // A fixed walk through the rows that looks random: the step has no factor in common with ROWS.
    for n in (0..QUESTIONS).map(|question| question * 61_001 % ROWS) {
        let quantity = u32::try_from(n % 3).unwrap() + 1;
        let asked = Instant::now();
        connection.send(
            agent.signed(&rfq(&format!("rfq-{n}"), &slug(n), quantity).to_string()).as_bytes(),
        );
        let answer = connection.response().unwrap();
        slowest = slowest.max(asked.elapsed());
        assert_eq!(answer.status, 200);
        let sold = !is_unsellable(&products, n) && on_hand(n) >= quantity;
        match shipping(n).filter(|_| sold) {
            None => {
                assert_eq!(answer.body, DECLINE, "row {n}");
                declines += 1;
            }
            Some(cost) => {
                let offer: Value = serde_json::from_str(&answer.body).unwrap();
                let unit: Usd = products[n % products.len()].1.parse().unwrap();
                let price = serde_json::to_value(unit.checked_mul(quantity).unwrap()).unwrap();
                assert_eq!(offer["price_usd"], price, "row {n}");
                let cost: Usd = cost.parse().unwrap();
                assert_eq!(
                    offer["shipping_cost_usd"],
                    serde_json::to_value(cost).unwrap(),
                    "row {n}"
                );
                offers += 1;
            }
        }
    }
    assert!(offers > 100 && declines > 100);
    println!(
        "{QUESTIONS} RFQs: {offers} offers and {declines} declines, all as expected, the slowest in {slowest:?}"
    );
}
