//! Claim links: looking changes nothing, and the last unit is held once.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use rfq_tests::{Agent, GRINDER, rfq};
use serde_json::Value;
use tempfile::TempDir;

/// A feed with `units` of the grinder on hand.
fn feed(dir: &TempDir, units: u32) -> PathBuf {
    let path = dir.path().join("feed.tsv");
    let row = format!("1\t5.00 USD\tin_stock\t{units}\t{GRINDER}\n");
    std::fs::write(&path, format!("id\tprice\tavailability\tquantity\tproduct_slug\n{row}"))
        .unwrap();
    path
}

fn offer_id(agent: &Agent, rfq_id: &str) -> String {
    let answer = agent.ask(&rfq(rfq_id, GRINDER, 1).to_string());
    let offer: Value = serde_json::from_str(&answer.body).unwrap();
    offer["offer_id"].as_str().unwrap().to_owned()
}

#[test]
fn link_previews_change_nothing_and_the_last_unit_is_held_once() {
    let dir = TempDir::new().unwrap();
    let feed = feed(&dir, 1);
    let agent = Agent::start(&["--feed", feed.to_str().unwrap()]);
    let (first, second) = (offer_id(&agent, "first"), offer_id(&agent, "second"));
    let mut connection = agent.connect();
    for number in 0..1000 {
        let id = if number % 2 == 0 { &first } else { &second };
        let method = if number % 10 == 3 { "HEAD" } else { "GET" };
        if method == "HEAD" {
            // A response to HEAD has the length of a body it does not carry, so it gets a connection.
            let request =
                format!("HEAD /cart?offer={id} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
            let mut head = agent.connect();
            head.send(request.as_bytes());
            assert!(head.rest().starts_with("HTTP/1.1 200"));
        } else {
            connection.send(format!("GET /cart?offer={id} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes());
            assert_eq!(connection.response().unwrap().status, 200);
        }
    }
    // The unit is still there for whoever asks, and nothing is held.
    let third = offer_id(&agent, "third");
    for id in [&first, &second, &third] {
        let order: Value =
            serde_json::from_str(&agent.admin_get(&format!("/orders/{id}")).body).unwrap();
        assert_eq!(order["status"], "open", "{order}");
    }
    let agent = Arc::new(agent);
    let claims: Vec<_> = [first, second]
        .map(|id| {
            let agent = Arc::clone(&agent);
            thread::spawn(move || agent.claim(&id))
        })
        .into_iter()
        .map(|claim| claim.join().unwrap())
        .collect();
    let mut statuses: Vec<u16> = claims.iter().map(|claim| claim.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{claims:?}");
    let refusal = claims.iter().find(|claim| claim.status == 409).unwrap();
    assert!(refusal.body.contains("too few are left"), "{}", refusal.body);
    // What is held is not offered to the next one.
    let held = agent.ask(&rfq("fourth", GRINDER, 1).to_string());
    assert!(!held.body.contains("offer_id"), "{held:?}");
}

#[test]
fn an_order_marks_its_offer_sold_for_good() {
    let dir = TempDir::new().unwrap();
    let feed = feed(&dir, 2);
    let agent = Agent::start(&["--feed", feed.to_str().unwrap()]);
    let id = offer_id(&agent, "sold");
    let sold = agent.admin_post(&format!("/orders/{id}"));
    assert_eq!(sold.status, 200, "{sold:?}");
    assert_eq!(agent.admin_post(&format!("/orders/{id}")).status, 200, "told twice, sold once");
    assert_eq!(agent.get(&format!("/cart?offer={id}")).status, 410);
    assert_eq!(agent.claim(&id).status, 410);
    // The feed still says two on hand, but was written before the sale.
    assert!(!agent.ask(&rfq("two", GRINDER, 2).to_string()).body.contains("offer_id"));
    assert!(agent.ask(&rfq("one", GRINDER, 1).to_string()).body.contains("offer_id"));
    assert_eq!(agent.admin_post("/orders/00000000-0000-0000-0000-000000000000").status, 404);
}
