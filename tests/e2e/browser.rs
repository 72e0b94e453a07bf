//! The page of an offer, in a real browser.

use std::process::{Command, Stdio};

use rfq_tests::{Agent, GRINDER, rfq};
use serde_json::Value;
use tempfile::TempDir;

/// The document of `url` once a headless browser has loaded it, and a picture of it.
fn load(url: &str) -> (String, Vec<u8>) {
    let run = |action: &str| {
        let profile = TempDir::new().unwrap();
        let done = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update"])
            .args([
                "--disable-sync",
                "--disable-quic",
                "--hide-scrollbars",
                "--window-size=700,600",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args([action, url])
            .current_dir(profile.path())
            .stderr(Stdio::null())
            .output()
            .unwrap();
        assert!(done.status.success(), "chromium failed on {url}");
        (
            String::from_utf8(done.stdout).unwrap(),
            std::fs::read(profile.path().join("screenshot.png")),
        )
    };
    (run("--dump-dom").0, run("--screenshot").1.unwrap())
}

#[test]
fn a_browser_shows_the_offer_that_a_claim_link_names() {
    let agent = Agent::start(&[]);
    let answer = agent.ask(&rfq("seen", GRINDER, 5).to_string());
    let offer: Value = serde_json::from_str(&answer.body).unwrap();
    let (_, query) = offer["claim_url"].as_str().unwrap().split_once('?').unwrap();
    let (page, picture) = load(&format!("http://{}/cart?{query}", agent.address()));
    for text in ["<h1>Baratza Encore ESP", "$849.95", "<s>$949.95</s>", "within 4 business days"] {
        assert!(page.contains(text), "{text} is in the document:\n{page}");
    }
    // A page that is blank makes a picture of almost nothing.
    assert!(picture.len() > 8000, "{} bytes", picture.len());
    if let Some(dir) = std::env::var_os("RFQ_TEST_PICTURES") {
        std::fs::write(std::path::Path::new(&dir).join("offer.png"), picture).unwrap();
    }
    let (page, _) = load(&format!("http://{}/cart?offer=unknown", agent.address()));
    assert!(page.contains("<h1>This link names no offer</h1>"), "{page}");
}
