//! Runs the conformance vectors of `sdk/vectors/verify.json`.

use std::collections::BTreeSet;

use chrono::DateTime;
use rfq_sdk::{BuildError, KeySlot, Refusal, Secret, SecretError, Verifier};
use serde::Deserialize;

#[derive(Deserialize)]
struct VectorFile {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    tc_id: String,
    row: u32,
    comment: String,
    flags: Vec<String>,
    config: Config,
    input: Input,
    expected: Expected,
}

#[derive(Deserialize)]
struct Config {
    scheme: String,
    secret: Option<String>,
    previous: Vec<Previous>,
    tolerance_s: u64,
    body_limit: usize,
}

#[derive(Deserialize)]
struct Previous {
    secret: String,
    not_after_ms: i64,
}

#[derive(Deserialize)]
struct Input {
    now_ms: i64,
    headers: Vec<(String, Value)>,
    body: Option<Body>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Hex { hex: String },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    Text { text: String },
    Hex { hex: String },
    Repeat { repeat: String, count: usize },
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(tag = "verdict", rename_all = "snake_case")]
enum Expected {
    Ok { key: String },
    Refused { cause: String },
    BuildError { cause: String },
    NotRepresentable,
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

impl Value {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Hex { hex } => unhex(hex),
        }
    }
}

impl Body {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text { text } => text.clone().into_bytes(),
            Self::Hex { hex } => unhex(hex),
            Self::Repeat { repeat, count } => unhex(repeat).repeat(*count),
        }
    }
}

fn secret_cause(error: SecretError) -> String {
    format!("{error:?}")
}

fn build_cause(error: BuildError) -> String {
    match error {
        BuildError::NonAscii(_) => "NonAscii".into(),
        BuildError::ControlCharacter(_) => "ControlCharacter".into(),
        BuildError::EdgeWhitespace(_) => "EdgeWhitespace".into(),
        other => format!("{other:?}"),
    }
}

fn refusal_cause(refusal: Refusal) -> String {
    match refusal {
        Refusal::BadTimestamp { .. } => "BadTimestamp".into(),
        Refusal::Stale { .. } => "Stale".into(),
        Refusal::Future { .. } => "Future".into(),
        plain => format!("{plain:?}"),
    }
}

fn build(config: &Config) -> Result<Verifier, String> {
    let secret = Secret::new(config.secret.as_deref().unwrap()).map_err(secret_cause)?;
    let mut builder = match config.scheme.as_str() {
        "hmac" => Verifier::hmac(secret),
        "bearer" => Verifier::bearer(secret),
        other => panic!("unknown scheme {other}"),
    };
    for previous in &config.previous {
        let secret = Secret::new(&previous.secret).map_err(secret_cause)?;
        let not_after = DateTime::from_timestamp_millis(previous.not_after_ms).unwrap();
        builder = builder.previous(secret, not_after);
    }
    let tolerance = std::time::Duration::from_secs(config.tolerance_s);
    builder.tolerance(tolerance).body_limit(config.body_limit).build().map_err(build_cause)
}

fn run(vector: &Vector) -> Expected {
    let verifier = match build(&vector.config) {
        Ok(verifier) => verifier,
        Err(cause) => return Expected::BuildError { cause },
    };
    let headers: Vec<(&str, Vec<u8>)> =
        vector.input.headers.iter().map(|(name, value)| (name.as_str(), value.bytes())).collect();
    let body = vector.input.body.as_ref().unwrap().bytes();
    let now = DateTime::from_timestamp_millis(vector.input.now_ms).unwrap();
    let verdict = verifier.verify(&headers, &body, now);
    agrees_with_header_map(&verifier, &headers, &body, now, verdict.as_ref().err());
    match verdict {
        Ok(genuine) => {
            assert_eq!(genuine.body(), body);
            let key = match genuine.key() {
                KeySlot::Current => "current".to_owned(),
                KeySlot::Previous(index) => format!("previous:{index}"),
            };
            Expected::Ok { key }
        }
        Err(refusal) => {
            if vector.flags.iter().any(|flag| flag == "milliseconds_hint") {
                assert_eq!(refusal, Refusal::BadTimestamp { looks_like_milliseconds: true });
            }
            Expected::Refused { cause: refusal_cause(refusal) }
        }
    }
}

/// The same through `http::HeaderMap`, where it can hold the headers at all.
fn agrees_with_header_map(
    verifier: &Verifier,
    headers: &[(&str, Vec<u8>)],
    body: &[u8],
    now: DateTime<chrono::Utc>,
    expected: Option<&Refusal>,
) {
    let mut map = http::HeaderMap::new();
    for (name, value) in headers {
        let Ok(value) = http::HeaderValue::from_bytes(value) else { return };
        map.append(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
    }
    assert_eq!(verifier.verify(&map, body, now).as_ref().err(), expected);
}

#[test]
fn every_vector_gets_its_verdict() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/verify.json");
    let file: VectorFile = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let rows: BTreeSet<u32> = file.vectors.iter().map(|vector| vector.row).collect();
    assert_eq!(rows, (1..=73).collect(), "every row of the contract is there");

    let (mut ran, mut not_applicable, mut failed) = (0, Vec::new(), Vec::new());
    for vector in &file.vectors {
        if vector.config.secret.is_none() {
            not_applicable.push((&vector.tc_id, "a Verifier cannot be built without a Secret"));
        } else if vector.expected == Expected::NotRepresentable {
            not_applicable.push((&vector.tc_id, "the API takes bytes, this body is not bytes"));
        } else if vector.flags.iter().any(|flag| flag == "every_single_bit_flip") {
            super::bit_flips::run(
                &vector.config.secret.clone().unwrap(),
                vector.input.now_ms,
                &vector.input.body.as_ref().unwrap().bytes(),
            );
            ran += 1;
        } else {
            ran += 1;
            let got = run(vector);
            if got != vector.expected {
                failed.push(format!(
                    "{} ({}): expected {:?}, got {got:?}",
                    vector.tc_id, vector.comment, vector.expected
                ));
            }
        }
    }
    println!("ran {ran} of {} vectors, {} rows", file.vectors.len(), rows.len());
    for (tc_id, reason) in &not_applicable {
        println!("not applicable: tcId {tc_id}: {reason}");
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
    let left_out: Vec<&str> = not_applicable.iter().map(|(tc_id, _)| tc_id.as_str()).collect();
    assert_eq!(left_out, ["53", "54", "56"]);
}
