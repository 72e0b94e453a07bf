//! What the log says, and what it never does.

use chrono::TimeDelta;
use rfq_sdk::{Secret, Signer};
use rfq_tests::{Agent, GRINDER, now, rfq};
use serde_json::Value;

#[test]
fn the_log_tells_what_happened_and_holds_no_secret_and_no_mac() {
    for arguments in [&[][..], &["--auth", "bearer"], &["--log-format", "json"]] {
        let agent = Agent::start(&[arguments, &["--log", "trace"]].concat());
        let genuine = agent.signed(&rfq("logged", GRINDER, 1).to_string());
        assert_eq!(agent.send(genuine.as_bytes()).status, 200);
        let unsigned = "POST /message:send HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(agent.send(unsigned.as_bytes()).status, 401);
        assert_eq!(agent.ask("{").status, 400);
        agent.wait_for_log("Answered an RFQ with an offer");
        agent.wait_for_log("Refused a genuine request that is no RFQ");
        let log = agent.log();
        let secret = std::fs::read_to_string(agent.secret_file()).unwrap();
        assert!(!log.contains(secret.trim()), "{log}");
        for line in genuine.lines().filter(|line| line.starts_with("x-productindex-signature")) {
            let (_, mac) = line.split_once(": ").unwrap();
            assert!(!log.contains(mac), "{log}");
        }
        if arguments.contains(&"json") {
            for line in log.lines() {
                let line: Value = serde_json::from_str(line).unwrap();
                assert!(line["message"].is_string() && line["level"].is_string(), "{line}");
            }
            let line = log.lines().find(|line| line.contains("Answered an RFQ with an offer"));
            let line: Value = serde_json::from_str(line.unwrap()).unwrap();
            assert_eq!(line["quantity"], 1, "{line}");
            assert!(line["elapsed_ms"].is_u64(), "{line}");
            assert_eq!(line["price_usd"], "169.99", "money is exact, as text");
        }
    }
}

#[test]
fn a_clock_that_differs_by_more_than_a_minute_is_warned_about() {
    let agent = Agent::start(&[]);
    let secret = std::fs::read_to_string(agent.secret_file()).unwrap();
    let signer = Signer::hmac(&Secret::new(secret.trim()).unwrap());
    let ask = |id: &str, age: i64| {
        let body = rfq(id, GRINDER, 1).to_string();
        let headers = signer.sign(body.as_bytes(), now() - TimeDelta::seconds(age));
        let headers: String =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let request = format!(
            "POST /message:send HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        );
        assert_eq!(agent.send(request.as_bytes()).status, 200);
    };
    ask("fresh", 5);
    agent.wait_for_log("rfq_id=fresh");
    assert!(!agent.log().contains("clock differs"), "{}", agent.log());
    ask("late", 90);
    agent.wait_for_log("The caller's clock differs from ours");
    ask("early", -120);
    agent.wait_for_log("skew_s=-1");
}
