//! Every single bit flip of a valid request, one after the other.

use chrono::DateTime;
use proptest::prelude::*;
use rfq_sdk::{Secret, Signer, Verifier};

/// Flips every bit of signature, timestamp and body of a request signed with `secret`.
pub(crate) fn run(secret: &str, now_ms: i64, body: &[u8]) {
    let now = DateTime::from_timestamp_millis(now_ms).unwrap();
    let verifier = Verifier::hmac(Secret::new(secret).unwrap()).build().unwrap();
    let headers = Signer::hmac(&Secret::new(secret).unwrap()).sign(body, now);
    let [timestamp, signature]: [Vec<u8>; 2] = headers
        .iter()
        .map(|(_, value)| value.as_bytes().to_vec())
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    let accepts = |timestamp: &[u8], signature: &[u8], body: &[u8]| {
        let headers =
            [("X-ProductIndex-Timestamp", timestamp), ("X-ProductIndex-Signature", signature)];
        verifier.verify(&headers, body, now).is_ok()
    };
    assert!(accepts(&timestamp, &signature, body), "the request itself is genuine");

    let mut refused = 0;
    for (position, bit) in bits(timestamp.len()) {
        assert!(
            !accepts(&flipped(&timestamp, position, bit), &signature, body),
            "timestamp {position}.{bit}"
        );
        refused += 1;
    }
    for (position, bit) in bits(body.len()) {
        assert!(
            !accepts(&timestamp, &signature, &flipped(body, position, bit)),
            "body {position}.{bit}"
        );
        refused += 1;
    }
    // The signature as the bytes it stands for ...
    let mac: Vec<u8> = signature
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    for (position, bit) in bits(mac.len()) {
        let text = hex(&flipped(&mac, position, bit));
        assert!(!accepts(&timestamp, text.as_bytes(), body), "MAC {position}.{bit}");
        refused += 1;
    }
    // ... and as text. Bit 5 of a letter is its case, and either case spells the same MAC.
    for (position, bit) in bits(signature.len()) {
        let case_only = bit == 5 && signature[position].is_ascii_alphabetic();
        let text = flipped(&signature, position, bit);
        assert_eq!(accepts(&timestamp, &text, body), case_only, "signature {position}.{bit}");
        refused += u32::from(!case_only);
    }
    println!("refused {refused} single bit flips");
}

fn bits(bytes: usize) -> impl Iterator<Item = (usize, u8)> {
    (0..bytes).flat_map(|position| (0..8).map(move |bit| (position, bit)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn flipped(bytes: &[u8], position: usize, bit: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[position] ^= 1 << bit;
    bytes
}

#[test]
fn every_single_bit_flip_of_a_whole_rfq_is_refused() {
    let body = include_bytes!("../../vectors/rfq.json");
    run("an example of a secret, 32 bytes", 1_780_315_200_000, body);
}

proptest! {
    #[test]
    fn what_is_signed_verifies_and_what_is_changed_does_not(
        secret in "[ -~äß]{16,100}".prop_filter("fit", |text| Secret::new(text).is_ok()),
        seconds in 1_i64..999_999_999_999,
        age_ms in -300_000_i64..=300_000,
        body in proptest::collection::vec(any::<u8>(), 0..2000),
        change in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let signed_at = DateTime::from_timestamp(seconds, 0).unwrap();
        let now = DateTime::from_timestamp_millis((seconds * 1000 + age_ms).max(0)).unwrap();
        let headers = Signer::hmac(&Secret::new(&secret).unwrap()).sign(&body, signed_at);
        let verifier = Verifier::hmac(Secret::new(&secret).unwrap()).build().unwrap();
        let verified = verifier.verify(&headers, &body, now);
        prop_assert!(verified.is_ok(), "{verified:?}");
        prop_assert_eq!(verified.unwrap().signed_at(), Some(signed_at));
        if !body.is_empty() {
            let changed = flipped(&body, change.index(body.len()), bit);
            prop_assert!(verifier.verify(&headers, &changed, now).is_err());
        }
        let other = Verifier::hmac(Secret::new(&format!("{secret}.")).unwrap()).build().unwrap();
        prop_assert!(other.verify(&headers, &body, now).is_err());
    }

    #[test]
    fn whatever_the_headers_hold_there_is_a_verdict(
        headers in proptest::collection::vec(
            ("(?i)(authorization|x-productindex-(timestamp|signature)|other)", proptest::collection::vec(any::<u8>(), 0..80)),
            0..5,
        ),
        now_ms in any::<i32>(),
    ) {
        let now = DateTime::from_timestamp_millis(i64::from(now_ms) * 1000).unwrap();
        for verifier in [Verifier::hmac, Verifier::bearer] {
            let verifier = verifier(Secret::new("an example of a secret").unwrap()).build().unwrap();
            let verdict = verifier.verify(&headers, b"{}", now);
            prop_assert!(verdict.is_err());
        }
    }
}
