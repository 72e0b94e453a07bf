//! What verifying costs over the MAC alone: `cargo bench -p rfq-sdk --bench verify`.
//!
//! The control is the raw keyed HMAC-SHA256 of the same bytes, in the same run. Both take turns for
//! a number of rounds, each in CPU time of this thread; the ratio is the median over the rounds.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops when it cannot go on"
)]

use std::hint::black_box;
use std::time::Duration;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use rfq_sdk::{Refusal, Secret, Signer, Verified, Verifier};
use rustix::time::{ClockId, clock_gettime};
use sha2::Sha256;

const ROUNDS: usize = 15;
const SECRET: &str = "an example of a secret, 64 bytes, as the seed recommends: 0123456";

struct Request {
    headers: HeaderMap,
    body: Vec<u8>,
    now: DateTime<Utc>,
}

fn signed(bytes: usize) -> Request {
    let now = DateTime::from_timestamp(1_780_315_200, 0).unwrap();
    let body = vec![b'x'; bytes];
    let mut headers = HeaderMap::new();
    // What comes along with the signature in practice.
    headers.insert("host", "shop.example".parse().unwrap());
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.insert("content-length", bytes.to_string().parse().unwrap());
    headers.insert("user-agent", "marketplace/1.0".parse().unwrap());
    for (name, value) in Signer::hmac(&Secret::new(SECRET).unwrap()).sign(&body, now).iter() {
        headers.insert(name, value.parse().unwrap());
    }
    Request { headers, body, now }
}

/// CPU time of this thread so far.
fn cpu_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

/// Nanoseconds that one call of `work` takes, over so many calls.
fn cost(calls: u32, mut work: impl FnMut()) -> f64 {
    let start = cpu_time();
    for _ in 0..calls {
        work();
    }
    cpu_time().saturating_sub(start).as_secs_f64() * 1e9 / f64::from(calls)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    *values.get(values.len() / 2).unwrap()
}

/// Measures `ours` against `control`, turn and turn about, and prints the ratio.
fn compare(name: &str, calls: u32, bar: f64, mut ours: impl FnMut(), mut control: impl FnMut()) {
    let (mut own, mut raw, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (a, b) = (cost(calls, &mut ours), cost(calls, &mut control));
        own.push(a);
        raw.push(b);
        ratios.push(a / b);
    }
    let ratio = median(ratios);
    let verdict = if ratio <= bar { "met" } else { "MISSED" };
    println!("{name}: {:.0} ns, control {:.0} ns, bar {bar} {verdict}", median(own), median(raw));
    println!("ratio {name} {ratio:.3}");
}

fn main() {
    let verifier = Verifier::hmac(Secret::new(SECRET).unwrap()).build().unwrap();
    let keyed = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let raw = |timestamp: &[u8], body: &[u8]| {
        let mut mac = keyed.clone();
        mac.update(timestamp);
        mac.update(body);
        black_box(mac.finalize().into_bytes());
    };

    for (name, bytes, calls, bar) in [
        ("verify_600B", 600, 40_000, 1.25),
        ("verify_4KiB", 4096, 10_000, 1.06),
        ("verify_64KiB", 65_536, 800, 1.05),
    ] {
        let request = signed(bytes);
        let verify = || {
            let Request { headers, body, now } = black_box(&request);
            let verified: Result<Verified<'_>, _> = verifier.verify(headers, body, *now);
            assert!(black_box(verified).is_ok());
        };
        let control = || raw(b"1780315200.", black_box(&request.body));
        compare(name, calls, bar, verify, control);
        let allocations = allocation_counter::measure(verify).count_total;
        println!("allocations {name} {allocations}");
        assert_eq!(allocations, 0, "verifying does not allocate");
    }

    let small = signed(600);
    let control = || raw(b"1780315200.", black_box(&small.body));
    for (what, header, value) in [
        ("stale", "x-productindex-timestamp", "1780314000"),
        ("malformed", "x-productindex-signature", "not hex"),
    ] {
        for (size, bytes) in [("600B", 600), ("64KiB", 65_536)] {
            let mut request = signed(bytes);
            request.headers.insert(header, value.parse().unwrap());
            let refuse = || {
                let Request { headers, body, now } = black_box(&request);
                let refusal: Result<Verified<'_>, Refusal> = verifier.verify(headers, body, *now);
                assert!(black_box(refusal).is_err());
            };
            // The control stays at 600 bytes: refusing must not depend on the size of the body.
            compare(&format!("refuse_{what}_{size}"), 40_000, 0.25, refuse, control);
        }
    }
}
