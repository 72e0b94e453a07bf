//! Replaces a secret without refusing a single request: `cargo run -p rfq-sdk --example
//! rotate_secret`.
//!
//! 1. Write a fresh secret to the first line of the secret file, and the old one below it as
//!    `previous UNTIL OLD`. Restart the agent: it accepts both.
//! 2. Register the fresh secret at the marketplace, which signs with it from then on.
//! 3. Once `UNTIL` has passed, the old one is refused. Remove its line when convenient.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use chrono::{DateTime, Utc};
use rfq_sdk::{KeySlot, Refusal, Secret, SecretFile, Signer, Verifier};

const OLD: &str = "the-old-secret-0123456789";
const FRESH: &str = "the-fresh-secret-9876543210";

fn main() -> Result<(), Box<dyn Error>> {
    let file = SecretFile::parse(&format!("{FRESH}\nprevious 2026-06-02T00:00:00Z {OLD}\n"))?;
    let verifier = file.into_hmac().build()?;

    let during: DateTime<Utc> = "2026-06-01T12:00:00Z".parse()?;
    let after: DateTime<Utc> = "2026-06-03T12:00:00Z".parse()?;
    assert_eq!(key_used(&verifier, OLD, during)?, KeySlot::Previous(0));
    assert_eq!(key_used(&verifier, FRESH, during)?, KeySlot::Current);
    assert_eq!(key_used(&verifier, FRESH, after)?, KeySlot::Current);
    assert_eq!(key_used(&verifier, OLD, after), Err(Refusal::Mismatch));
    println!("until June 2 both secrets are accepted, from then on the fresh one only");
    Ok(())
}

/// The key that a request signed with `secret` at `now` is verified by.
fn key_used(verifier: &Verifier, secret: &str, now: DateTime<Utc>) -> Result<KeySlot, Refusal> {
    let body = br#"{"jsonrpc":"2.0"}"#;
    let secret = Secret::new(secret).map_err(|_| Refusal::Mismatch)?;
    let headers = Signer::hmac(&secret).sign(body, now);
    Ok(verifier.verify(&headers, body, now)?.key())
}
