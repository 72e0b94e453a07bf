//! A request reads back, at the agent, as what was asked.

use proptest::option;
use proptest::prelude::*;
use rfq_engine::QuoteRequest;
use rfq_sdk::{Quantity, Rfq, Secret, Signer, Verifier};
use uuid::Uuid;

use crate::offers::now;

const REQUESTOR: &str = "https://market.example/.well-known/agent.json";

fn read(request: &QuoteRequest) -> Rfq {
    let secret = || Secret::new("an example of a secret, 32 bytes").unwrap();
    let body = request.to_json(Uuid::from_u128(7), REQUESTOR);
    let headers = Signer::hmac(&secret()).sign(&body, now());
    let verifier = Verifier::hmac(secret()).build().unwrap();
    Rfq::from_verified(&verifier.verify(&headers, &body, now()).unwrap()).unwrap()
}

#[test]
fn a_request_is_the_documented_object() {
    let request = QuoteRequest {
        rfq_id: "8b0e6f0e".parse().unwrap(),
        product: "coffee-grinders/baratza-encore-esp".parse().unwrap(),
        product_name: "Baratza Encore ESP".to_owned(),
        quantity: Quantity::new(2).unwrap(),
        region: Some("CA-US".parse().unwrap()),
        deliver_by: Some("2026-06-10T12:00:00Z".parse().unwrap()),
    };
    let json = request.to_json(Uuid::from_u128(7), REQUESTOR);
    insta::assert_snapshot!(String::from_utf8(json).unwrap(), @r#"{"jsonrpc":"2.0","method":"message/send","id":"8b0e6f0e","params":{"message":{"messageId":"00000000-0000-0000-0000-000000000007","role":"user","parts":[{"kind":"text","text":"Request for quote: Baratza Encore ESP, qty 2, ship to CA-US, price as total for the quantity"}],"metadata":{"skill":"respond-to-rfq","rfq_id":"8b0e6f0e","product_slug":"coffee-grinders/baratza-encore-esp","quantity":2,"price_basis":"total","delivery_region":"CA-US","deadline_iso":"2026-06-10T12:00:00Z","requestor":"https://market.example/.well-known/agent.json"}}}}"#);
}

proptest! {
    #[test]
    fn an_agent_reads_what_was_asked(
        name in "\\PC{0,80}",
        units in 1..=Quantity::MAX,
        region in option::of("[A-Z]{2}-US"),
        deliver_by in option::of(0..4_000_000_000_i64),
    ) {
        let request = QuoteRequest {
            rfq_id: "r-1".parse().unwrap(),
            product: "a/b-1".parse().unwrap(),
            product_name: name,
            quantity: Quantity::new(units).unwrap(),
            region: region.map(|region| region.parse().unwrap()),
            deliver_by: deliver_by.map(|at| chrono::DateTime::from_timestamp(at, 0).unwrap()),
        };
        let rfq = read(&request);
        prop_assert_eq!(rfq.id(), &request.rfq_id);
        prop_assert_eq!(rfq.product(), &request.product);
        prop_assert_eq!(rfq.quantity(), request.quantity);
        prop_assert_eq!(rfq.region(), request.region.as_ref());
        prop_assert_eq!(rfq.deliver_by(), request.deliver_by);
        prop_assert_eq!(rfq.requestor(), Some(REQUESTOR));
    }
}
