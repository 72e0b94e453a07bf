//! `import` and `replay`, beside a running agent.

use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use rfq_tests::{Agent, GRINDER, rfq, run_in};
use tempfile::TempDir;

fn feed(price: &str) -> String {
    let header = "id\tprice\tavailability\tproduct_slug\tquantity\n";
    format!("{header}1\t{price} USD\tin_stock\t{GRINDER}\t9\n2\tfree\tin_stock\tshop/two\t1\n")
}

fn said(done: &Output) -> String {
    String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr)
}

fn shop() -> (Arc<TempDir>, Agent) {
    let dir = Arc::new(TempDir::new().unwrap());
    std::fs::write(dir.path().join("feed.tsv"), feed("5.00")).unwrap();
    let config = "[feed]\nfile = \"feed.tsv\"\ncheck_seconds = 1\n";
    std::fs::write(dir.path().join("rfq-agent.toml"), config).unwrap();
    let agent = Agent::start_configured(&dir, "rfq-agent.toml");
    (dir, agent)
}

fn run(dir: &Path, arguments: &[&str]) -> (bool, String) {
    let done = run_in(dir, arguments);
    (done.status.success(), said(&done))
}

#[test]
fn import_checks_a_feed_and_puts_it_in_place_of_the_one_served() {
    let (dir, agent) = shop();
    std::fs::write(dir.path().join("new.tsv"), feed("6.00")).unwrap();
    let (done, report) = run(dir.path(), &["import", "new.tsv", "--dry-run"]);
    assert!(done, "{report}");
    for line in ["google-tsv", "Read      2 rows", "Accepted  1", "line 3, id 2, price \"free\""] {
        assert!(report.contains(line), "{line:?} is in {report}");
    }
    let (done, refused) = run(dir.path(), &["import", "new.tsv"]);
    assert!(!done && refused.contains("--config"), "{refused}");
    assert!(agent.ask(&rfq("old", GRINDER, 1).to_string()).body.contains(r#""price_usd":5,"#));

    std::fs::write(dir.path().join("broken.tsv"), "id\tprice\n1\t").unwrap();
    let (done, refused) = run(dir.path(), &["import", "broken.tsv", "--config", "rfq-agent.toml"]);
    assert!(!done && refused.contains("broken.tsv"), "{refused}");

    let (done, report) = run(dir.path(), &["import", "new.tsv", "--config", "rfq-agent.toml"]);
    assert!(done && report.contains("Replaced"), "{report}");
    agent.wait_for_log("Serving the new feed");
    assert!(agent.ask(&rfq("new", GRINDER, 1).to_string()).body.contains(r#""price_usd":6,"#));
}

#[test]
fn replay_shows_what_differs_from_the_answer_given() {
    let (dir, agent) = shop();
    assert!(agent.ask(&rfq("offered", GRINDER, 2).to_string()).body.contains("offer_id"));
    assert!(!agent.ask(&rfq("declined", GRINDER, 10).to_string()).body.contains("offer_id"));
    let replay = |id: &str| run(dir.path(), &["replay", id, "--config", "rfq-agent.toml"]);

    let (done, same) = replay("offered");
    assert!(done && same.contains("Nothing differs."), "{same}");
    let (done, same) = replay("declined");
    assert!(done && same.contains("decline (out_of_stock)"), "{same}");
    assert!(same.contains("Nothing differs."), "{same}");

    std::fs::write(dir.path().join("feed.tsv"), feed("7.50")).unwrap();
    let (done, differs) = replay("offered");
    assert!(done, "{differs}");
    let price = differs.lines().find(|line| line.trim().starts_with("price_usd")).unwrap();
    assert!(price.contains("10.00") && price.contains("15.00") && price.ends_with("differs"));

    // Nobody listens there, then and now.
    let config =
        "[feed]\nfile = \"feed.tsv\"\n[price_service]\nurl = \"http://127.0.0.1:1/price\"\n";
    std::fs::write(dir.path().join("rfq-agent.toml"), config).unwrap();
    drop(agent);
    let agent = Agent::start_configured(&dir, "rfq-agent.toml");
    assert!(!agent.ask(&rfq("failed", GRINDER, 2).to_string()).body.contains("offer_id"));
    let (done, same) = replay("failed");
    assert!(done && same.contains("decline (failed)"), "{same}");
    assert!(same.contains("Nothing differs."), "{same}");
    assert!(same.contains("It fails now because of this: "), "{same}");

    let (done, unknown) = replay("never-asked");
    assert!(!done && unknown.contains("knows no RFQ never-asked"), "{unknown}");
}
