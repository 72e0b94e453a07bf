//! `kill -9` under load: every offer that a client has received is in the ledger afterwards, can be
//! claimed, and is the only one of its request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rfq_reference_agent::ledger::{LedgerReader, StoredOutcome};
use rfq_tests::{Agent, GRINDER, rfq};
use serde_json::Value;
use tempfile::TempDir;

const CLIENTS: usize = 4;

/// An offer as a client received it.
struct Received {
    rfq_id: String,
    body: String,
}

impl Received {
    fn offer_id(&self) -> String {
        let offer: Value = serde_json::from_str(&self.body).unwrap();
        offer["offer_id"].as_str().unwrap().to_owned()
    }
}

/// The kills: 50, or as many as the environment says.
fn kills() -> u64 {
    std::env::var("RFQ_TEST_KILLS").map_or(50, |kills| kills.parse().unwrap())
}

/// A number below `limit` that looks random and is the same in every run.
fn scatter(seed: u64, limit: u64) -> u64 {
    // The steps of splitmix64.
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (z ^ (z >> 27)) % limit
}

/// Asks until the agent is gone. Every second request is sent by two clients at once.
fn load(agent: &Arc<Agent>, round: u64) -> Vec<thread::JoinHandle<Vec<Received>>> {
    let next = Arc::new(AtomicU64::new(0));
    (0..CLIENTS)
        .map(|_| {
            let (agent, next) = (Arc::clone(agent), Arc::clone(&next));
            thread::spawn(move || {
                let mut received = Vec::new();
                let Some(mut connection) = agent.try_connect() else { return received };
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let rfq_id = format!(
                        "crash-{round}-{}",
                        if number % 4 == 1 { number - 1 } else { number }
                    );
                    let request = agent.signed(&rfq(&rfq_id, GRINDER, 1).to_string());
                    if connection.try_send(request.as_bytes()).is_err() {
                        return received;
                    }
                    // A response cut off half-way was not received.
                    let Ok(Some(answer)) = connection.try_response() else { return received };
                    assert_eq!(answer.status, 200);
                    if answer.body.contains("offer_id") {
                        received.push(Received { rfq_id, body: answer.body });
                    }
                }
            })
        })
        .collect()
}

#[test]
fn every_offer_received_before_a_kill_is_there_after_it_and_once() {
    let dir = Arc::new(TempDir::new().unwrap());
    // A product without a count of units, so that no hold stands in the way of a claim.
    let feed = dir.path().join("feed.tsv");
    let row = format!("1\t5.00 USD\tin_stock\t{GRINDER}\n");
    std::fs::write(&feed, format!("id\tprice\tavailability\tproduct_slug\n{row}")).unwrap();
    // Each kill is followed by a claim.
    let config = dir.path().join("rfq-agent.toml");
    std::fs::write(&config, "[stock]\nhard_holds_per_product = 10000\n").unwrap();
    let (config, feed) = (config.to_str().unwrap(), feed.to_str().unwrap());
    let arguments = ["--config", config, "--feed", feed, "--log", "warn"];

    let (kills, mut checked, mut killed_under_load) = (kills(), 0, 0);
    let mut before: Vec<Received> = Vec::new();
    for round in 0..=kills {
        let agent = Arc::new(Agent::start_in(Arc::clone(&dir), &arguments));
        let reader = LedgerReader::open(&agent.data_dir()).unwrap();
        for received in &before {
            let id = received.offer_id();
            let page = agent.get(&format!("/cart?offer={id}"));
            assert_eq!(page.status, 200, "round {round}: {page:?}");
            let again = agent.ask(&rfq(&received.rfq_id, GRINDER, 1).to_string());
            assert_eq!(again.body, received.body, "round {round}: the same offer again");
            let stored = reader.answers(&received.rfq_id.parse().unwrap()).unwrap();
            assert_eq!(stored.len(), 1, "round {round}: one offer for {}", received.rfq_id);
            assert!(matches!(stored[0].outcome, StoredOutcome::Offer(_)));
        }
        if let Some(received) = before.first() {
            let claimed = agent.claim(&received.offer_id());
            assert!([200, 303].contains(&claimed.status), "round {round}: {claimed:?}");
        }
        checked += before.len();
        if round == kills {
            break;
        }
        let clients = load(&agent, round);
        thread::sleep(Duration::from_millis(30 + scatter(round, 120)));
        agent.kill();
        before = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
        killed_under_load += u64::from(!before.is_empty());
    }
    println!(
        "{kills} kills, {killed_under_load} of them under load; {checked} offers received, each found, the same again, and once"
    );
    assert!(killed_under_load * 10 >= kills * 9, "most kills came while offers were made");
}
