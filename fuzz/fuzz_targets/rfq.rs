//! `Rfq::from_verified`: what is read is what any JSON reader sees, and survives being written.
//!
//! Input that begins with `@` is seven lines, put as they are in place of the values of an
//! otherwise valid request; other input is the body itself.

#![no_main]

use std::sync::LazyLock;

use chrono::{DateTime, SecondsFormat, Utc};
use libfuzzer_sys::fuzz_target;
use rfq_sdk::{Rfq, RfqError, Secret, Signer, Verifier};
use serde_json::{Value, json};

const SECRET: &str = "an example of a secret, 32 bytes";
static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::hmac(&Secret::new(SECRET).unwrap()));
static VERIFIER: LazyLock<Verifier> =
    LazyLock::new(|| Verifier::hmac(Secret::new(SECRET).unwrap()).build().unwrap());

/// Each field of a request that counts, as it is written.
const KEYS: [&str; 16] = [
    r#""jsonrpc":"#,
    r#""method":"#,
    r#""id":"#,
    r#""params":"#,
    r#""message":"#,
    r#""messageId":"#,
    r#""role":"#,
    r#""kind":"#,
    r#""metadata":"#,
    r#""skill":"#,
    r#""rfq_id":"#,
    r#""product_slug":"#,
    r#""quantity":"#,
    r#""delivery_region":"#,
    r#""deadline_iso":"#,
    r#""requestor":"#,
];

fuzz_target!(|data: &[u8]| {
    let body = match data.strip_prefix(b"@") {
        Some(values) => with_values(values),
        None => data.to_vec(),
    };
    match read(&body) {
        Ok(rfq) => {
            is_what_others_see(&rfq, &body);
            let written = written(&rfq);
            let again = read(written.as_bytes()).unwrap();
            assert_eq!(again, rfq);
            assert_eq!(again.fingerprint(), rfq.fingerprint());
            let key = KEYS[body.len() % KEYS.len()];
            let twice = written.replacen(key, &format!("{key}{{}},{key}"), 1);
            assert!(read(twice.as_bytes()).is_err(), "{key} comes twice");
        }
        Err(error) => is_told(error, &body),
    }
});

fn read(body: &[u8]) -> Result<Rfq, RfqError> {
    let now = DateTime::<Utc>::from_timestamp(1_780_315_200, 0).unwrap();
    let headers = SIGNER.sign(body, now);
    Rfq::from_verified(&VERIFIER.verify(&headers, body, now).unwrap())
}

fn with_values(values: &[u8]) -> Vec<u8> {
    const FIELDS: [&str; 7] = [
        r#"{"jsonrpc":"2.0","method":"message/send","id":"#,
        r#","params":{"message":{"metadata":{"skill":"respond-to-rfq","rfq_id":"#,
        r#","product_slug":"#,
        r#","quantity":"#,
        r#","delivery_region":"#,
        r#","deadline_iso":"#,
        r#","requestor":"#,
    ];
    const DEFAULTS: [&[u8]; 7] =
        [b"1", br#""r""#, br#""a/b""#, b"1", br#""CA-US""#, b"null", b"null"];
    let mut lines = values.split(|byte| *byte == b'\n');
    let mut body = Vec::new();
    for (field, default) in FIELDS.into_iter().zip(DEFAULTS) {
        body.extend(field.bytes());
        body.extend(lines.next().filter(|line| !line.is_empty()).unwrap_or(default));
    }
    body.extend(b"}}}}");
    body
}

/// The RFQ as the marketplace would write it.
fn written(rfq: &Rfq) -> String {
    let deliver_by = rfq.deliver_by().map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    let body = json!({
        "jsonrpc": "2.0",
        "method": "message/send",
        "id": rfq.id().as_str(),
        "params": { "message": { "messageId": 1, "role": 1, "parts": [{ "kind": 1 }], "metadata": {
            "skill": "respond-to-rfq",
            "rfq_id": rfq.id().as_str(),
            "product_slug": rfq.product().as_str(),
            "quantity": rfq.quantity().get(),
            "delivery_region": rfq.region().map(ToString::to_string),
            "deadline_iso": deliver_by,
            "requestor": rfq.requestor(),
        } } },
    });
    body.to_string()
}

fn is_what_others_see(rfq: &Rfq, body: &[u8]) {
    let seen: Value = match serde_json::from_slice(body) {
        Ok(seen) => seen,
        // JSON all the same: what no field of ours holds may be deeper, larger or stranger than
        // `Value` takes.
        Err(error) => {
            let limits = ["recursion limit", "number out of range", "surrogate", "hex escape"];
            let error = error.to_string();
            return assert!(limits.iter().any(|limit| error.contains(limit)), "{error}");
        }
    };
    assert_eq!(seen["jsonrpc"], "2.0");
    assert_eq!(seen["method"], "message/send");
    assert!(seen["id"].is_string() || seen["id"].is_number());
    let seen = &seen["params"]["message"]["metadata"];
    assert_eq!(seen["skill"], "respond-to-rfq");
    assert_eq!(seen["rfq_id"], rfq.id().as_str());
    assert_eq!(seen["product_slug"], rfq.product().as_str());
    assert!((1..=1_000_000).contains(&rfq.quantity().get()));
    match &seen["quantity"] {
        Value::Null => assert_eq!(rfq.quantity().get(), 1),
        quantity => assert_eq!(*quantity, rfq.quantity().get()),
    }
    // One longer than any URL is passed over.
    let requestor = seen["requestor"].as_str().filter(|text| text.len() <= 2048);
    assert_eq!(requestor, rfq.requestor());
    let region = seen["delivery_region"].as_str().map(str::to_ascii_uppercase);
    assert_eq!(region, rfq.region().map(ToString::to_string));
    let deliver_by = seen["deadline_iso"].as_str();
    assert_eq!(deliver_by.is_some(), rfq.deliver_by().is_some());
    if let Some(Ok(at)) = deliver_by.map(DateTime::parse_from_rfc3339) {
        assert_eq!(rfq.deliver_by(), Some(at.to_utc()));
    }
    // Absent and null say "unknown"; nothing else is taken for it.
    for key in ["requestor", "delivery_region", "deadline_iso"] {
        assert!(seen[key].is_null() || seen[key].is_string(), "{key}");
    }
}

fn is_told(error: RfqError, body: &[u8]) {
    let told: Value = serde_json::from_str(&error.to_json()).unwrap();
    assert_eq!(told, json!({ "error": error.reason(), "detail": error.to_string() }));
    if let RfqError::NotJson { line, column } = error {
        assert!(serde_json::from_slice::<Value>(body).is_err(), "{error}");
        let at = body.split(|byte| *byte == b'\n').nth(line - 1).expect("a line of the body");
        // One behind the end: that is where an unfinished document lacks something.
        assert!(column <= at.len() + 1, "{error}");
    }
}
