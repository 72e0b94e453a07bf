//! What the end-to-end tests stand on: the real agent as a process, and a client that can be as
//! rude as a test needs.

#![expect(
    missing_debug_implementations,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "only tests use it, and a test that panics has failed"
)]

mod agent;
mod http;
mod webdriver;

pub use agent::{Agent, command, run_in, run_to_failure, run_to_failure_with};
pub use http::{Connection, Response};
pub use webdriver::Browser;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// The product that the sample catalogue offers at 169.99.
pub const GRINDER: &str = "coffee-grinders/baratza-encore-esp";

/// The part of a configuration that names the sample as the feed of the shop.
pub const SAMPLE_FEED: &str = concat!(
    "[feed]\nfile = \"",
    env!("CARGO_MANIFEST_DIR"),
    "/../reference-agent/sample/catalogue.tsv\"\n"
);

/// The documented decline, to the byte.
pub const DECLINE: &str =
    r#"{"in_stock":false,"price_usd":0,"claim_url":"","offer_expires_at":""}"#;

/// An RFQ for `quantity` of `product` to California.
#[must_use]
pub fn rfq(id: &str, product: &str, quantity: u32) -> Value {
    json!({
        "jsonrpc": "2.0", "method": "message/send", "id": id,
        "params": { "message": {
            "messageId": format!("message-of-{id}"), "role": "user",
            "parts": [{ "kind": "text", "text": "Request for quote" }],
            "metadata": {
                "skill": "respond-to-rfq", "rfq_id": id, "product_slug": product,
                "quantity": quantity, "delivery_region": "CA-US",
                "requestor": "https://market.example/.well-known/agent.json"
            }
        } }
    })
}

/// The machine's time: the agent under test lives by it too.
#[must_use]
pub fn now() -> DateTime<Utc> {
    rfq_sdk::Clock::now(&rfq_sdk::SystemClock)
}
