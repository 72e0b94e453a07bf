//! What the agent prints at its start, and its command run by a shell.

use std::process::Command;

use rfq_tests::Agent;
use serde_json::{Map, Value};

/// The printed command, run somewhere else than the agent.
fn printed_command(agent: &Agent) -> String {
    agent.printed().lines().find(|line| line.starts_with("T=")).unwrap().to_owned()
}

fn run(command: &str) -> String {
    let done = Command::new("sh").args(["-c", command]).current_dir("/").output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn the_printed_command_gets_a_bare_offer_of_documented_fields_at_any_time() {
    for arguments in [&[][..], &["--auth", "bearer"]] {
        let agent = Agent::start(arguments);
        let command = printed_command(&agent);
        for _ in 0..2 {
            let offer: Map<String, Value> = serde_json::from_str(&run(&command)).unwrap();
            assert_eq!(offer["price_usd"].to_string(), "169.99");
            assert_eq!(offer["list_price_usd"].to_string(), "189.99");
            assert_eq!(offer["in_stock"], true);
            let documented = [
                "price_usd",
                "list_price_usd",
                "in_stock",
                "estimated_shipping_days",
                "shipping_cost_usd",
                "offer_id",
                "offer_expires_at",
                "claim_url",
                "terms",
            ];
            assert!(offer.keys().all(|key| documented.contains(&key.as_str())), "{offer:?}");
        }
    }
}

#[test]
fn behind_a_public_url_it_still_says_where_it_listens() {
    let feed = concat!(env!("CARGO_MANIFEST_DIR"), "/../reference-agent/sample/catalogue.tsv");
    let agent = Agent::start(&["--public-url", "https://shop.example", "--feed", feed]);
    let printed = agent.printed();
    let listens = format!("  Listens on    http://{}\n", agent.address());
    assert!(printed.contains(&listens), "{printed}");
    assert!(printed.contains("RFQ endpoint  https://shop.example/message:send\n"), "{printed}");
}

#[test]
fn a_changed_byte_in_body_timestamp_or_signature_is_the_same_401() {
    let agent = Agent::start(&[]);
    let command = printed_command(&agent).replace("curl -sS", "curl -sS -i");
    let refused = [
        // The body changes after it was signed.
        command.replace("--data-binary \"$B\"", "--data-binary \"$B \""),
        // So does the timestamp, within the window.
        command.replace("X-ProductIndex-Timestamp: $T", "X-ProductIndex-Timestamp: $((T - 1))"),
        // And one digit of the signature.
        command
            .replace("cut -d' ' -f1)", "cut -d' ' -f1 | tr '0123456789abcdef' '1234567890abcdef')"),
        // A signature that is none at all, or absent.
        command.replace("cut -d' ' -f1)", "cut -c 1-63)"),
        command.replace("X-ProductIndex-Signature", "X-Other"),
        // Long ago.
        command.replace("T=$(date +%s);", "T=$(($(date +%s) - 301));"),
    ];
    let answers: Vec<String> = refused
        .iter()
        .map(|changed| {
            assert_ne!(changed, &command);
            let answer = run(changed);
            let lines = answer.lines().filter(|line| !line.starts_with("date:"));
            lines.collect::<Vec<_>>().join("\n")
        })
        .collect();
    assert!(answers[0].starts_with("HTTP/1.1 401 "), "{}", answers[0]);
    assert!(answers[0].ends_with(r#"{"error":"unauthorized"}"#), "{}", answers[0]);
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
    assert!(run(&command).starts_with("HTTP/1.1 200 "), "unchanged, it is still genuine");
}

#[test]
fn the_secret_is_for_its_owner_only_and_stays_the_same() {
    use std::os::unix::fs::PermissionsExt as _;
    let agent = Agent::start(&[]);
    let path = agent.secret_file();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let secret = std::fs::read_to_string(&path).unwrap();
    let dir = agent.dir();
    drop(agent);
    let again = Agent::start_in(dir, &[]);
    assert!(!again.printed().contains("new: register"), "{}", again.printed());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), secret);
}
