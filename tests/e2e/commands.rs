//! `import` and `replay`, beside a running agent.

use std::io::Write as _;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use rfq_tests::{Agent, GRINDER, rfq, run_in};
use serde_json::Value;
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
    let elsewhere = TempDir::new().unwrap();
    let new = dir.path().join("new.tsv");
    let (done, refused) = run(elsewhere.path(), &["import", new.to_str().unwrap()]);
    assert!(!done && refused.contains("--config"), "{refused}");
    assert!(agent.ask(&rfq("old", GRINDER, 1).to_string()).body.contains(r#""price_usd":5,"#));

    std::fs::write(dir.path().join("broken.tsv"), "id\tprice\n1\t").unwrap();
    let (done, refused) = run(dir.path(), &["import", "broken.tsv", "--config", "rfq-agent.toml"]);
    assert!(!done && refused.contains("broken.tsv"), "{refused}");
    let (done, refused) = run(dir.path(), &["import", "postgres://shop:hunter2@db/shop"]);
    assert!(!done && refused.contains("feed.sql") && !refused.contains("hunter2"), "{refused}");

    // By the configuration of this directory.
    let (done, report) = run(dir.path(), &["import", "new.tsv"]);
    assert!(done && report.contains("Replaced"), "{report}");
    agent.wait_for_log("Serving the new feed");
    assert!(agent.ask(&rfq("new", GRINDER, 1).to_string()).body.contains(r#""price_usd":6,"#));
}

#[test]
fn an_imported_feed_is_as_old_as_its_export() {
    let (dir, agent) = shop();
    let new = std::fs::File::create(dir.path().join("new.tsv")).unwrap();
    (&new).write_all(feed("6.00").as_bytes()).unwrap();
    let exported = new.metadata().unwrap().modified().unwrap() - Duration::from_hours(1);
    new.set_modified(exported).unwrap();
    // Sold after the export: of nine on hand, four are left.
    let offer = agent.ask(&rfq("sold", GRINDER, 5).to_string()).body;
    let offer: Value = serde_json::from_str(&offer).unwrap();
    let sold = format!("/orders/{}", offer["offer_id"].as_str().unwrap());
    assert_eq!(agent.admin_post(&sold).status, 200);
    let (done, report) = run(dir.path(), &["import", "new.tsv", "--config", "rfq-agent.toml"]);
    assert!(done, "{report}");
    agent.wait_for_log("Serving the new feed");
    let served = dir.path().join("feed.tsv").metadata().unwrap();
    assert_eq!(served.modified().unwrap(), exported);
    assert!(!agent.ask(&rfq("five", GRINDER, 5).to_string()).body.contains("offer_id"));
    assert!(agent.ask(&rfq("four", GRINDER, 4).to_string()).body.contains("offer_id"));
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap()).collect();
    assert!(left.iter().all(|file| !file.file_name().to_string_lossy().contains("importing")));
}

#[test]
fn import_refuses_what_the_running_agent_would() {
    let dir = TempDir::new().unwrap();
    let rows = |products: usize, price: u32| -> String {
        let row = |n| format!("{n}\t{price}.00 USD\tin_stock\tshop/p-{n}\n");
        (0..products).map(row).collect()
    };
    let write = |name: &str, products, price| {
        let text = format!("id\tprice\tavailability\tproduct_slug\n{}", rows(products, price));
        std::fs::write(dir.path().join(name), text).unwrap();
    };
    write("feed.tsv", 5, 1);
    write("new.tsv", 2, 2);
    std::fs::write(dir.path().join("rfq-agent.toml"), "[feed]\nfile = \"feed.tsv\"\n").unwrap();
    let import = |more: &[&str]| {
        run(dir.path(), &[&["import", "new.tsv", "--config", "rfq-agent.toml"], more].concat())
    };
    let served = || std::fs::read_to_string(dir.path().join("feed.tsv")).unwrap();
    let (done, refused) = import(&[]);
    assert!(!done && served().contains("1.00 USD"), "{refused}");
    for part in ["2 products where there were 5", "feed.max_shrink_percent", "--force"] {
        assert!(refused.contains(part), "{part:?} is in {refused}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3, "nothing is left beside it");
    let (done, refused) = import(&["--dry-run"]);
    assert!(!done && refused.contains("Accepted  2"), "{refused}");
    let (done, report) = import(&["--force"]);
    assert!(done && served().contains("2.00 USD"), "{report}");
    assert!(report.contains("restart the agent to serve it"), "{report}");
    // What cannot be used is no feed to compare with.
    std::fs::write(dir.path().join("feed.tsv"), "broken").unwrap();
    let (done, report) = import(&[]);
    assert!(done && report.contains("logs when it serves it"), "{report}");
}

#[test]
fn replay_shows_what_differs_from_the_answer_given() {
    let (dir, agent) = shop();
    assert!(agent.ask(&rfq("offered", GRINDER, 2).to_string()).body.contains("offer_id"));
    assert!(!agent.ask(&rfq("declined", GRINDER, 10).to_string()).body.contains("offer_id"));
    let replay = |id: &str| run(dir.path(), &["replay", id, "--config", "rfq-agent.toml"]);
    // A decline is answered first, and noted then.
    let replay_noted = |id: &str| {
        for _ in 0..100 {
            let (done, report) = replay(id);
            if done || !report.contains("knows no RFQ") {
                return (done, report);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        replay(id)
    };

    let (done, same) = replay("offered");
    assert!(done && same.contains("Nothing differs."), "{same}");
    let (done, same) = replay_noted("declined");
    assert!(done && same.contains("decline (out_of_stock)"), "{same}");
    assert!(same.contains("Nothing differs."), "{same}");

    let offer = agent.ask(&rfq("sold", GRINDER, 2).to_string()).body;
    let (_, id) = offer.split_once(r#""offer_id":""#).unwrap();
    let sold = agent.admin_post(&format!("/orders/{}", &id[..36]));
    assert!(sold.body.contains(r#""status":"sold""#), "{sold:?}");
    assert!(!agent.ask(&rfq("sold-out", GRINDER, 8).to_string()).body.contains("offer_id"));
    let (done, unknown) = replay_noted("sold-out");
    assert!(done && unknown.contains("decline (out_of_stock)   offer"), "{unknown}");
    assert!(unknown.contains("Whether it would be again is not told here"), "{unknown}");
    assert!(!unknown.contains("would not be the same"), "{unknown}");

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
    let (done, same) = replay_noted("failed");
    assert!(done && same.contains("decline (failed)"), "{same}");
    assert!(same.contains("Nothing differs."), "{same}");
    assert!(same.contains("It fails now because of this: "), "{same}");

    let (done, unknown) = replay("never-asked");
    assert!(!done && unknown.contains("knows no RFQ never-asked"), "{unknown}");
}

#[test]
fn a_shop_that_is_configured_never_sells_the_sample() {
    let (dir, agent) = shop();
    let asked = rfq("asked", GRINDER, 1).to_string();
    assert!(agent.ask(&asked).body.contains(r#""price_usd":5,"#));
    // The products of the configuration that lies here, though none is named.
    let (done, replayed) = run(dir.path(), &["replay", "asked"]);
    assert!(done && replayed.contains("Nothing differs"), "{replayed}");
    drop(agent);
    std::fs::write(dir.path().join("rfq-agent.toml"), "bind = \"127.0.0.1:0\"\n").unwrap();
    for arguments in
        [&["serve"][..], &["serve", "--config", "rfq-agent.toml"], &["replay", "asked"]]
    {
        let (done, refused) = run(dir.path(), arguments);
        assert!(!done && refused.contains("rfq-agent.toml names no feed"), "{refused}");
    }
}
