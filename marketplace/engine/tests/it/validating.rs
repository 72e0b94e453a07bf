//! Which answers count, and what the others are called.

use rfq_engine::{HealthState, HttpAnswer, Outcome, Verdict, validate};

use crate::offers::{answer, asked, now};

const OFFER: &str = r#"{"price_usd":169.99,"in_stock":true,"claim_url":"https://shop.example/cart","offer_expires_at":"2026-06-01T13:00:00Z"}"#;

fn outcome(body: &str) -> Outcome {
    match validate(&answer(body.to_owned()), &asked("a", HealthState::Healthy), now()) {
        Ok(Verdict::Offer(_)) => Outcome::Offer,
        Ok(Verdict::Decline) => Outcome::Decline,
        Err(outcome) => outcome,
    }
}

#[test]
fn every_fault_has_its_name() {
    let with = |from: &str, to: &str| {
        assert!(OFFER.contains(from), "{from} is in the offer");
        outcome(&OFFER.replace(from, to))
    };
    assert_eq!(outcome(OFFER), Outcome::Offer);
    for decline in [
        r#"{"in_stock":false,"price_usd":0,"claim_url":"","offer_expires_at":""}"#,
        r#"{"in_stock":false}"#,
        r#"{"in_stock":false,"price_usd":"no","claim_url":null}"#,
    ] {
        assert_eq!(outcome(decline), Outcome::Decline, "{decline}");
    }
    for text in ["", "null", "[]", "<html>", &OFFER[..40], "\"offer\""] {
        assert_eq!(outcome(text), Outcome::NotJson, "{text}");
    }
    let enveloped = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{OFFER}}}"#);
    assert_eq!(outcome(&enveloped), Outcome::Enveloped);
    for price in ["\"169.99\"", "1.999", "-1", "1e400", "0", "null", "999999999999999"] {
        assert_eq!(with("169.99", price), Outcome::InvalidField("price_usd"), "{price}");
    }
    assert_eq!(with("169.99", "3.3000000000000003"), Outcome::Offer);
    assert_eq!(with("true", "1"), Outcome::InvalidField("in_stock"));
    assert_eq!(with("https:", "http:"), Outcome::InvalidField("claim_url"));
    for host in ["evil.example", "evilshop.example", "shop.example.evil.example"] {
        assert_eq!(with("shop.example", host), Outcome::ClaimDomain, "{host}");
    }
    assert_eq!(with("shop.example", "www.cart.example"), Outcome::Offer);
    for (end, expected) in [
        ("2026-06-01T11:00:00Z", Outcome::ExpiresTooSoon),
        ("2026-06-01T12:00:59Z", Outcome::ExpiresTooSoon),
        ("2026-06-01T12:01:00Z", Outcome::Offer),
        ("2026-06-02T12:05:00Z", Outcome::Offer),
        ("2026-06-02T12:05:01Z", Outcome::InvalidField("offer_expires_at")),
        ("tomorrow", Outcome::InvalidField("offer_expires_at")),
    ] {
        assert_eq!(with("2026-06-01T13:00:00Z", end), expected, "{end}");
    }
}

#[test]
fn a_status_other_than_200_is_no_answer() {
    for status in [201, 204, 302, 400, 500] {
        let answer = HttpAnswer { status, body: OFFER.into() };
        let outcome = validate(&answer, &asked("a", HealthState::Healthy), now());
        assert_eq!(outcome, Err(Outcome::HttpStatus(status)));
    }
}

#[test]
fn an_accepted_offer_remembers_whose_it_is() {
    let verdict = validate(&answer(OFFER), &asked("a", HealthState::Degraded), now());
    let Ok(Verdict::Offer(offer)) = verdict else { panic!("{verdict:?}") };
    assert_eq!(offer.producer().as_str(), "a");
    assert_eq!(offer.state(), HealthState::Degraded);
    assert_eq!(offer.offer().price().to_string(), "169.99");
}
