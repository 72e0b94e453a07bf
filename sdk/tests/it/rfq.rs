//! Parsing what was verified.

use proptest::prelude::*;
use rfq_sdk::{Caller, Origin, Rfq, RfqError, Secret, Signer, Verifier};

/// Parses `body` the only way there is: signed, verified, then read.
pub(crate) fn read(body: &[u8], caller: &str) -> Result<Rfq, RfqError> {
    let text = "an example of a secret, 32 bytes";
    let now = "2026-06-01T12:00:00Z".parse().unwrap();
    let caller: Caller = caller.parse().unwrap();
    let verifier = Verifier::hmac(Secret::new(text).unwrap()).caller(caller).build().unwrap();
    let headers = Signer::hmac(&Secret::new(text).unwrap()).sign(body, now);
    Rfq::from_verified(&verifier.verify(&headers, body, now).unwrap())
}

pub(crate) const BODY: &str = include_str!("../../vectors/rfq.json");

#[test]
fn an_rfq_remembers_who_asked() {
    let rfq = read(BODY.as_bytes(), "productindex").unwrap();
    assert_eq!(rfq.origin(), &Origin::Verified("productindex".parse().unwrap()));
    assert_eq!(rfq.origin().to_string(), "verified:productindex");
}

proptest! {
    #[test]
    fn what_is_well_formed_is_read_as_it_is(
        id in "[!-~]{1,128}",
        product in "[a-z0-9-]{1,20}/[a-z0-9-]{1,20}",
        quantity in 1_u32..=1_000_000,
        region in "[A-Z0-9]{1,3}-[A-Z]{2}",
        seconds in 0_i64..4_000_000_000,
        text in "\\PC{0,100}",
    ) {
        let deadline = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
        let body = serde_json::json!({
            "jsonrpc": "2.0", "method": "message/send", "id": 1,
            "params": { "message": {
                "parts": [{ "kind": "text", "text": text }],
                "metadata": {
                    "skill": "respond-to-rfq", "rfq_id": id, "product_slug": product,
                    "quantity": quantity, "delivery_region": region,
                    "deadline_iso": deadline.to_rfc3339(),
                }
            } }
        });
        let rfq = read(body.to_string().as_bytes(), "m").unwrap();
        prop_assert_eq!(rfq.id().as_str(), id);
        prop_assert_eq!(rfq.product().as_str(), product);
        prop_assert_eq!(rfq.quantity().get(), quantity);
        prop_assert_eq!(rfq.region().unwrap().to_string(), region);
        prop_assert_eq!(rfq.deliver_by(), Some(deadline));
    }

    #[test]
    fn a_damaged_body_is_read_or_refused_but_never_a_panic(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut body = BODY.as_bytes().to_vec();
        let position = at.index(body.len());
        body[position] = byte;
        let _ = read(&body, "m");
        prop_assert!(read(&BODY.as_bytes()[..cut.index(BODY.len())], "m").is_err());
    }
}
