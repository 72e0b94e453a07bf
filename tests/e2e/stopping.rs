//! Stopping: requests in flight are answered, and nothing else is waited for.

use std::io::{BufRead as _, BufReader, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use rfq_tests::{Agent, GRINDER, command, rfq};
use tempfile::TempDir;
use tokio::time::Instant;

#[test]
fn a_request_in_flight_is_answered_before_the_agent_ends() {
    let mut agent = Agent::start(&[]);
    let signed = agent.signed(&rfq("in-flight", GRINDER, 1).to_string());
    let mut connection = agent.connect();
    let (first, last) = signed.as_bytes().split_at(signed.len() - 50);
    connection.send(first);
    thread::sleep(Duration::from_millis(300));
    agent.terminate();
    agent.wait_for_log("Shutting down");
    connection.send(last);
    assert_eq!(connection.response().unwrap().status, 200);
    assert!(agent.wait(), "it ends of itself, without an error");
    agent.wait_for_log("Stopped");
    let log = agent.log();
    assert_eq!(log.matches("Shutting down").count(), 1, "{log}");
    assert!(log.trim_end().ends_with("Stopped, with every request answered"), "{log}");
}

/// Never gives a row, and never ends.
const ENDLESS: &str = "\
[feed.sql]
url = \"sqlite:shop.db\"
query = \"WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT id FROM n WHERE id < 0\"
timeout_seconds = 60
";

#[test]
fn an_agent_that_still_loads_its_feed_refuses_callers_and_ends_when_told() {
    for signal in ["-TERM", "-INT"] {
        let dir = TempDir::new().unwrap();
        rusqlite::Connection::open(dir.path().join("shop.db"))
            .unwrap()
            .execute_batch("CREATE TABLE products (id)")
            .unwrap();
        std::fs::write(dir.path().join("rfq-agent.toml"), ENDLESS).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let bind = address.to_string();
        let mut agent = command(dir.path(), &["--config", "rfq-agent.toml", "--bind", &bind])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(agent.stderr.take().unwrap()).lines().map(Result::unwrap);
        assert!(log.any(|line| line.contains("Loading the feed")));
        // The query has begun.
        thread::sleep(Duration::from_millis(500));
        let refused = TcpStream::connect(address).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let told = Instant::now();
        let id = agent.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let status = loop {
            if let Some(status) = agent.try_wait().unwrap() {
                break Some(status);
            }
            if told.elapsed() > Duration::from_secs(10) {
                agent.kill().unwrap();
                break None;
            }
            thread::sleep(Duration::from_millis(50));
        };
        assert!(status.is_some_and(|status| status.success()), "{signal}: {status:?}");
        assert!(log.any(|line| line.contains("Told to stop while loading the feed")));
        assert!(log.any(|line| line.contains("Stopped")));
    }
}
