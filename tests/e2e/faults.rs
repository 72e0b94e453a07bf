//! What goes wrong around the agent: it declines in time, says why, and goes on without a restart
//! once it is over.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rfq_tests::{Agent, DECLINE, GRINDER, Response, SAMPLE_FEED, rfq};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::time::Instant;

/// Asks for the grinder under a new id; the answer must come inside the marketplace's four seconds.
fn ask(agent: &Agent, id: &str) -> Response {
    let asked = Instant::now();
    let answer = agent.ask(&rfq(id, GRINDER, 1).to_string());
    let took = asked.elapsed();
    assert!(took < Duration::from_millis(3900), "{id}: {took:?}");
    assert_eq!(answer.status, 200, "{id}: {answer:?}");
    answer
}

fn is_offer(answer: &Response) -> bool {
    assert!(answer.body == DECLINE || answer.body.contains("offer_id"), "{answer:?}");
    answer.body != DECLINE
}

/// Asks until there is an offer again, for at most 15 s.
fn recovers(agent: &Agent, what: &str) {
    let begun = Instant::now();
    let mut number = 0;
    while !is_offer(&ask(agent, &format!("{what}-after-{number}"))) {
        number += 1;
        assert!(begun.elapsed() < Duration::from_secs(15), "{what}:\n{}", agent.log());
        thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_full_disk_declines_and_is_no_longer_full_once_there_is_room() {
    // A file system of its own, that only the agent sees; without root the system lends one.
    let root = rustix::process::geteuid().is_root();
    let wrapper: &[&str] = if root {
        &["unshare", "--mount"]
    } else {
        &["unshare", "--user", "--map-root-user", "--mount"]
    };
    let script = "mkdir data && mount -t tmpfs -o size=4m,mode=700 none data && exec \"$@\"";
    let agent = Agent::start_after(wrapper, script, &[]);
    assert!(is_offer(&ask(&agent, "before")));
    // The agent's view of its directory.
    let filler = PathBuf::from(format!("/proc/{}/root", agent.pid()))
        .join(agent.data_dir().strip_prefix("/").unwrap())
        .join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    // What the ledger's own files still have room for goes first.
    let declined = (0..5000).find(|number| !is_offer(&ask(&agent, &format!("full-{number}"))));
    assert!(declined.is_some(), "it ran full");
    agent.wait_for_log("disk is full");
    // Its own look takes less room than an offer does.
    let unhealthy = (0..100).map(|_| agent.admin_get("/healthz")).find(|told| told.status != 200);
    let health = unhealthy.unwrap();
    assert_eq!(health.status, 503, "{health:?}");
    assert!(health.body.contains("the disk is full"), "{health:?}");
    drop(file);
    std::fs::remove_file(&filler).unwrap();
    recovers(&agent, "room");
    assert_eq!(agent.admin_get("/healthz").status, 200);
}

#[test]
fn a_ledger_that_another_program_locks_declines_until_it_is_let_go() {
    let agent = Agent::start(&[]);
    assert!(is_offer(&ask(&agent, "before")));
    let other = Connection::open(agent.data_dir().join("ledger.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(!is_offer(&ask(&agent, "locked")));
    agent.wait_for_log("locked");
    other.execute_batch("ROLLBACK").unwrap();
    recovers(&agent, "unlocked");
}

#[test]
fn a_feed_cut_off_while_it_is_written_leaves_the_last_good_one() {
    let dir = TempDir::new().unwrap();
    let feed = dir.path().join("feed.tsv");
    let whole = |price: &str| {
        let rows: String =
            (0..500).map(|n| format!("{n}\t{price} USD\tin_stock\tcut/product-{n}\n")).collect();
        format!("id\tprice\tavailability\tproduct_slug\n{rows}")
    };
    std::fs::write(&feed, whole("5.00")).unwrap();
    let config = dir.path().join("rfq-agent.toml");
    std::fs::write(&config, "[feed]\nfile = \"feed.tsv\"\ncheck_seconds = 1\n").unwrap();
    let agent = Agent::start(&["--config", config.to_str().unwrap()]);
    let price = |id: &str, n: usize| {
        let answer = agent.ask(&rfq(id, &format!("cut/product-{n}"), 1).to_string());
        answer.body.split(['{', ',']).nth(1).unwrap().to_owned()
    };
    assert_eq!(price("whole", 499), r#""price_usd":5"#);
    let cut = whole("6.00");
    // In the middle of a row, of which less than half of the rows are there.
    std::fs::write(&feed, &cut[..cut.len() * 2 / 5]).unwrap();
    agent.wait_for_log("the last good feed stays");
    assert_eq!(price("cut-first", 0), r#""price_usd":5"#);
    assert_eq!(price("cut-last", 499), r#""price_usd":5"#);
    let metrics = agent.admin_get("/metrics").body;
    assert!(metrics.contains(r#"rfq_agent_feed_loads_total{outcome="failed"} 1"#), "{metrics}");
    std::fs::write(&feed, &cut).unwrap();
    agent.wait_for_log("Serving the new feed");
    assert_eq!(price("mended", 499), r#""price_usd":6"#);
}

/// A price service on loopback that keeps its callers waiting until it is told to answer.
fn hanging_price_service(answers: &Arc<AtomicBool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answers = Arc::clone(answers);
    thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if !answers.load(Ordering::Relaxed) {
                held.push(stream);
                continue;
            }
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let body = r#"{"unit_price_usd":123.45,"in_stock":true}"#;
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            );
        }
    });
    format!("http://{address}/price")
}

#[test]
fn a_price_service_that_hangs_declines_in_time_and_is_asked_again_later() {
    let answers = Arc::new(AtomicBool::new(false));
    let url = hanging_price_service(&answers);
    let dir = TempDir::new().unwrap();
    let config = dir.path().join("rfq-agent.toml");
    let text = format!(
        "{SAMPLE_FEED}[price_service]\nurl = \"{url}\"\ntimeout_ms = 800\nbreaker_seconds = 2\n"
    );
    std::fs::write(&config, text).unwrap();
    let agent = Agent::start(&["--config", config.to_str().unwrap()]);
    // It is given up after five failures in a row, so that the next ones decline at once.
    for number in 0..7 {
        assert!(!is_offer(&ask(&agent, &format!("hangs-{number}"))));
    }
    agent.wait_for_log("price service");
    answers.store(true, Ordering::Relaxed);
    recovers(&agent, "service");
    let live = ask(&agent, "live");
    assert!(live.body.contains(r#""price_usd":123.45"#), "{live:?}");
}

#[test]
fn a_second_agent_on_the_same_ledger_says_who_has_it_and_touches_nothing() {
    let dir = TempDir::new().unwrap();
    let feed = dir.path().join("feed.tsv");
    let rows = "1\t5.00 USD\tin_stock\tshop/one\n2\tfree\tin_stock\tshop/two\n";
    std::fs::write(&feed, format!("id\tprice\tavailability\tproduct_slug\n{rows}")).unwrap();
    let agent = Agent::start(&["--feed", feed.to_str().unwrap()]);
    let list = agent.data_dir().join("rejected-rows.tsv");
    assert!(list.exists());
    let data_dir = agent.data_dir().display().to_string();
    let done = rfq_tests::run_to_failure(&["--data-dir", &data_dir]);
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(!done.status.success(), "{said}");
    let process = format!("process {}", agent.pid());
    assert!(said.contains(&process) && said.contains("--data-dir"), "{said}");
    assert!(!said.contains("Loaded the feed"), "{said}");
    assert!(list.exists(), "the list is that of the agent which runs");
}
