//! What a producer of an auction does with each request.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use crate::market::NOW;
use crate::producer::Producer;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Script {
    /// How many producers do the same.
    pub(crate) count: Option<usize>,
    /// How many of its calls before were late, one after the other.
    pub(crate) late_before: Option<usize>,
    /// What is waited before the answer.
    after_ms: u64,
    /// An offer of 100 US dollars that is valid for an hour, with these fields in place of its own;
    /// `null` takes one away, and a time may be seconds from now, as in `"+30"`.
    offers: Option<Map<String, Value>>,
    /// JSON as it is.
    answers: Option<Value>,
    /// Text as it is.
    body: Option<String>,
    status: Option<String>,
    headers: Map<String, Value>,
    gzip: bool,
    /// What no answer can say.
    does: Option<Does>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Does {
    /// Never answers.
    Hang,
    /// Answers with a head, and then nothing.
    HangInBody,
    /// Closes in the middle of its answer.
    HalfBody,
    /// Closes without an answer.
    Close,
    /// Ten megabytes of JSON.
    TenMegabytes,
    /// As much, in ten kilobytes.
    GzipBomb,
    /// Speaks, but not HTTP.
    Garbage,
    /// Our own code fails.
    Panic,
}

impl Script {
    pub(crate) fn panics(&self) -> bool {
        self.does == Some(Does::Panic)
    }

    pub(crate) async fn start(&self, name: &str) -> Producer {
        let script = Arc::new(self.clone());
        let name: Arc<str> = name.into();
        Producer::start(move |mut peer| {
            let (script, name) = (Arc::clone(&script), Arc::clone(&name));
            async move {
                while peer.request().await.is_some() {
                    sleep(Duration::from_millis(script.after_ms)).await;
                    match script.does {
                        Some(Does::Hang) => return peer.gone().await,
                        Some(Does::HangInBody) => {
                            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n{").await;
                            return peer.gone().await;
                        }
                        Some(Does::Close | Does::Panic) => return,
                        Some(Does::HalfBody) => {
                            let whole = script.answer(&name);
                            peer.send(&whole[..whole.len() - 20]).await;
                            return;
                        }
                        Some(Does::Garbage) => {
                            peer.send("220 mail.example ESMTP\r\n").await;
                            return;
                        }
                        Some(Does::TenMegabytes | Does::GzipBomb) | None => {
                            if !peer.send(script.answer(&name)).await {
                                return;
                            }
                        }
                    }
                }
            }
        })
        .await
    }

    /// The answer to one request, as it goes over the wire.
    fn answer(&self, name: &str) -> Vec<u8> {
        let huge = || format!(r#"{{"padding":"{}"}}"#, "0".repeat(10_000_000)).into_bytes();
        let (body, gzip) = match self.does {
            Some(Does::TenMegabytes) => (huge(), false),
            Some(Does::GzipBomb) => (huge(), true),
            _ => (self.body(name).into_bytes(), self.gzip),
        };
        let body = if gzip { compressed(&body) } else { body };
        let mut head = format!(
            "HTTP/1.1 {}\r\ncontent-length: {}\r\n",
            self.status.as_deref().unwrap_or("200 OK"),
            body.len()
        );
        if gzip {
            head.push_str("content-encoding: gzip\r\n");
        }
        for (header, value) in &self.headers {
            write!(head, "{header}: {}\r\n", value.as_str().unwrap()).unwrap();
        }
        [head.as_bytes(), b"\r\n", &body].concat()
    }

    fn body(&self, name: &str) -> String {
        match (&self.offers, &self.answers, &self.body) {
            (None, Some(answer), None) => answer.to_string(),
            (None, None, Some(text)) => text.clone(),
            (offers, None, None) => offer(name, offers.as_ref()),
            _ => unreachable!("{name}: one of offers, answers and body"),
        }
    }
}

fn offer(name: &str, changes: Option<&Map<String, Value>>) -> String {
    let mut offer = json!({
        "price_usd": 100,
        "in_stock": true,
        "shipping_cost_usd": 0,
        "claim_url": format!("https://{name}.example/cart?offer=7"),
        "offer_expires_at": "+3600",
    });
    let offer = offer.as_object_mut().unwrap();
    for (field, value) in changes.into_iter().flatten() {
        match value {
            Value::Null => offer.remove(field),
            value => offer.insert(field.clone(), value.clone()),
        };
    }
    let now: DateTime<Utc> = NOW.parse().unwrap();
    if let Some(seconds) = offer.get("offer_expires_at").and_then(Value::as_str)
        && let Ok(seconds) = seconds.parse()
    {
        let expires_at = now + TimeDelta::seconds(seconds);
        offer.insert("offer_expires_at".to_owned(), expires_at.to_rfc3339().into());
    }
    // Digits that a number of this language could not keep are written as `"#1e400"`.
    serde_json::to_string(&offer).unwrap().replace("\"#", "").replace("#\"", "")
}

fn compressed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}
