//! The path of a shop that begins: `init` on its feed, `serve`, and a signed request answered.

use rfq_tests::{Agent, rfq, run_in};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::time::Instant;

use super::products::{ROWS, feed, priced_products, slug};

#[test]
fn from_a_feed_of_100_000_rows_to_the_first_offer() {
    let products = priced_products();
    let dir = Arc::new(TempDir::new().unwrap());
    std::fs::write(dir.path().join("feed.tsv"), feed(&products)).unwrap();
    Agent::build();

    let begun = Instant::now();
    let done = run_in(dir.path(), &["init", "feed.tsv"]);
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    let made = begun.elapsed();
    println!("{said}");

    let begun_serving = Instant::now();
    let agent = Agent::start_configured(&dir, "rfq-agent.toml");
    let ready = begun_serving.elapsed();
    let resident = agent.resident_memory() / 1_000_000;

    let asked = Instant::now();
    let answer = agent.ask(&rfq("first", &slug(8), 1).to_string());
    let answered = asked.elapsed();
    assert!(answer.body.contains("offer_id"), "{answer:?}");
    println!(
        "{ROWS} rows: init {made:?}, ready after {ready:?}, a signed RFQ answered in {answered:?}, \
         the whole path {:?}; resident {resident} MB, peak {} MB",
        begun.elapsed(),
        agent.peak_memory() / 1_000_000
    );
    assert!(ready.as_secs_f64() < 3.0, "ready after {ready:?}");
    assert!(resident < 150, "{resident} MB resident");
}
