//! A configuration that cannot work ends with one sentence that says what, where and what to do.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use rfq_tests::{Agent, GRINDER, rfq, run_to_failure, run_to_failure_with};
use tempfile::TempDir;

fn refuses(arguments: &[&str], expected: &[&str]) {
    let done = run_to_failure(arguments);
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(!done.status.success(), "{arguments:?}: {said}");
    for text in expected {
        assert!(said.contains(text), "{arguments:?}: {text:?} is not in {said:?}");
    }
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("rfq-agent: "), "{arguments:?}: {said}");
    assert!(!said.contains("panicked"), "{said}");
    let (_, cause) = last.rsplit_once(": ").unwrap();
    assert_eq!(last.matches(cause).count(), 1, "each cause is told once: {last}");
    println!("{last}");
}

#[test]
fn what_cannot_work_is_told_in_one_sentence() {
    let dir = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let missing = dir.path().join("missing").display().to_string();

    refuses(&["--feed", &missing], &[&missing, "cannot be read", "No such file"]);
    let no_price = file("no-price.tsv", "id\tavailability\tproduct_slug\n1\tin_stock\ta/b\n");
    refuses(&["--feed", &no_price], &[&no_price, "no column \"price\"", "169.99 USD"]);
    let no_rows = file("no-rows.tsv", "id\tprice\tavailability\tproduct_slug\n");
    refuses(&["--feed", &no_rows], &[&no_rows, "no products in it"]);
    let bad_rows =
        file("bad.tsv", "id\tprice\tavailability\tproduct_slug\n1\tfree\tin_stock\ta/b\n");
    refuses(&["--feed", &bad_rows], &["none of its 1 products", "line 2, price"]);
    let directory = dir.path().display().to_string();
    refuses(&["--feed", &directory], &[&directory]);

    refuses(&["--secret-file", &missing], &[&missing, "No such file"]);
    let short = file("short", "too short\n");
    refuses(&["--secret-file", &short], &[&short, "too short", "at least 16 characters"]);
    let rotated = file("rotated", "0123456789abcdef\nprevious soon fedcba9876543210\n");
    refuses(&["--secret-file", &rotated], &["line 2", "previous RFC3339-TIME SECRET"]);
    let wide = file("wide", "sixteen characters: \u{e4}\u{f6}\u{fc}\n");
    refuses(&["--auth", "bearer", "--secret-file", &wide], &[&wide, "beyond ASCII"]);

    let not_a_dir = format!("{}/data", file("file", ""));
    refuses(&["--data-dir", &not_a_dir], &[&not_a_dir, "--data-dir"]);

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    refuses(&["--bind", &address], &[&address, "Address already in use", "--bind"]);
}

#[test]
fn arguments_that_make_no_sense_are_named() {
    for (arguments, expected) in [
        (&["--bind", "here"][..], "on the command line: bind is \"here\""),
        (&["--auth", "none"], "on the command line: auth is \"none\""),
        (&["--public-url", "http://shop.example"], "expected https://"),
        (&["--public-url", "https://shop.example/agent"], "expected https://"),
        (&["--log", "a=b=c"], "--log"),
        (&["--colour"], "--colour"),
    ] {
        let done = run_to_failure(arguments);
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(!done.status.success(), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn every_option_can_stand_in_the_environment() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("secret"), "0123456789abcdef\n").unwrap();
    let value = |name: &str| dir.path().join(name).display().to_string();
    let feed = value("feed.tsv");
    let said = |name: &str, value: &str| {
        let done = run_to_failure_with(&[("RFQ_AGENT_FEED_FILE", &feed), (name, value)]);
        assert!(!done.status.success(), "{name}");
        String::from_utf8(done.stderr).unwrap()
    };
    assert!(said("RFQ_AGENT_BIND", "here").contains("RFQ_AGENT_BIND is \"here\""));
    assert!(said("RFQ_AGENT_FEED_FILE", &value("no-feed")).contains("no-feed"));
    assert!(said("RFQ_AGENT_AUTH", "none").contains("RFQ_AGENT_AUTH is \"none\""));
    assert!(said("RFQ_AGENT_SECRET_FILE", &value("no-secret")).contains("no-secret"));
    assert!(said("RFQ_AGENT_PUBLIC_URL", "shop").contains("RFQ_AGENT_PUBLIC_URL"));
    assert!(said("RFQ_AGENT_DATA_DIR", &value("secret/data")).contains("secret/data"));
    assert!(said("RFQ_AGENT_ADMIN_BIND", "127.0.0.1:8787").contains("another address"));
    let unknown = said("RFQ_AGENT_FEED_FIEL", "x");
    assert!(
        unknown.contains("RFQ_AGENT_FEED_FIEL")
            && unknown.contains("nearest is RFQ_AGENT_FEED_FILE")
    );
    assert!(said("RFQ_AGENT_LOG_FORMAT", "xml").contains("--log-format"));
    assert!(said("RFQ_AGENT_LOG", "a=b=c").contains("--log"));
}

#[test]
fn a_public_url_is_where_claim_links_lead() {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../reference-agent/sample/catalogue.tsv");
    let agent = Agent::start(&["--public-url", "https://shop.example", "--feed", sample]);
    assert!(agent.printed().contains("https://shop.example/.well-known/agent.json"));
    assert!(agent.printed().contains("https://shop.example/message:send"));
    let answer = agent.ask(&rfq("public", GRINDER, 1).to_string());
    assert!(answer.body.contains(r#""claim_url":"https://shop.example/cart?offer="#), "{answer:?}");
    assert!(!agent.log().contains("public_url"), "nothing to warn about");
}

#[test]
fn without_a_public_url_claim_links_lead_nowhere_and_the_page_is_shown_another_way() {
    let agent = Agent::start(&[]);
    agent
        .wait_for_log("Claim links can be opened nowhere until public_url names the https address");
    let offer = agent.ask(&rfq("tried", GRINDER, 1).to_string()).body;
    let offer: serde_json::Value = serde_json::from_str(&offer).unwrap();
    let page = format!("  http://{}/cart?offer=OFFER_ID\n", agent.address());
    assert!(agent.printed().contains(&page), "{}", agent.printed());
    let page = agent.get(&format!("/cart?offer={}", offer["offer_id"].as_str().unwrap()));
    assert_eq!(page.status, 200, "{page:?}");
}

#[test]
fn a_feed_of_ones_own_is_served_and_its_broken_rows_are_listed() {
    let dir = TempDir::new().unwrap();
    let feed = dir.path().join("feed.tsv");
    let rows = "1\t5.00 USD\tin_stock\tshop/one\n2\tfree\tin_stock\tshop/two\n";
    std::fs::write(&feed, format!("id\tprice\tavailability\tproduct_slug\n{rows}")).unwrap();
    let agent = Agent::start(&["--feed", feed.to_str().unwrap()]);
    let answer = agent.ask(&rfq("own", "shop/one", 3).to_string());
    assert!(answer.body.starts_with(r#"{"price_usd":15,"#), "{answer:?}");
    let list = std::fs::read_to_string(agent.data_dir().join("rejected-rows.tsv")).unwrap();
    assert!(list.contains("3\t2\tprice\tfree\texpected an amount"), "{list}");
    assert!(
        agent.log().contains("line=3 id=\"2\" field=\"price\" value=\"free\""),
        "{}",
        agent.log()
    );
}

#[test]
fn the_data_directory_is_the_owners_only_wherever_the_secret_is() {
    let dir = TempDir::new().unwrap();
    let (feed, secret) = (dir.path().join("feed.tsv"), dir.path().join("secret"));
    let rows = "1\t5.00 USD\tin_stock\tshop/one\n2\tfree\tin_stock\tshop/two\n";
    std::fs::write(&feed, format!("id\tprice\tavailability\tproduct_slug\n{rows}")).unwrap();
    std::fs::write(&secret, "0123456789abcdef\n").unwrap();
    let [feed, secret] = [&feed, &secret].map(|path| path.to_str().unwrap());
    let agent = Agent::start(&["--feed", feed, "--secret-file", secret]);
    let data = agent.data_dir();
    assert!(data.join("rejected-rows.tsv").exists());
    assert_eq!(data.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(std::fs::read_to_string(data.join(".gitignore")).unwrap(), "*\n");
}
