//! `Answer::parse` and `Offer::builder`: no offer breaks a rule, and each survives the wire.
//!
//! Input that begins with `{` is an answer's body; other input makes an offer with the builder.

#![no_main]

mod built;

use chrono::{DateTime, TimeDelta, Utc};
use libfuzzer_sys::fuzz_target;
use rfq_sdk::{Answer, ClaimUrl, DeclineReason, Offer, Terms, Usd};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use url::Url;

const DECLINE: &[u8] = br#"{"in_stock":false,"price_usd":0,"claim_url":"","offer_expires_at":""}"#;

fuzz_target!(|data: &[u8]| {
    if data.starts_with(b"{") {
        let now = DateTime::from_timestamp(1_780_315_200, 0).unwrap();
        if let Ok(answer) = Answer::parse(data, now) {
            is_what_was_sent(&answer, data);
            survives(&answer, now);
            let Answer::Offer(offer) = answer else { return };
            keeps_the_rules(&offer, now, TimeDelta::hours(24) + Answer::CLOCK_SKEW);
        }
    } else if let Some((offer, now)) = built::offer(data) {
        keeps_the_rules(&offer, now, TimeDelta::hours(24));
        survives(&offer.into(), now);
    }
});

/// The fields as any reader sees them, each with its exact text.
#[derive(Deserialize)]
struct Sent<'a> {
    #[serde(borrow)]
    price_usd: Option<&'a RawValue>,
    list_price_usd: Option<&'a RawValue>,
    shipping_cost_usd: Option<&'a RawValue>,
    in_stock: Option<&'a RawValue>,
    estimated_shipping_days: Option<&'a RawValue>,
    claim_url: Option<&'a RawValue>,
    offer_expires_at: Option<&'a RawValue>,
    offer_id: Option<&'a RawValue>,
}

fn is_what_was_sent(answer: &Answer, body: &[u8]) {
    let sent: Sent<'_> = serde_json::from_slice(body).unwrap();
    let text = |field: Option<&RawValue>| field.map(|value| value.get().to_owned());
    // Through a binary float, on another path than the exact one.
    let cents = |field: Option<&RawValue>| {
        let cents = field?.get().parse::<f64>().unwrap() * 100.0;
        // A millionth of a cent may be missing; above, the float itself is not as exact.
        assert!(cents > 1e9 || (cents - cents.round()).abs() < 1.3e-6, "{cents}");
        Some(cents.round())
    };
    #[expect(clippy::cast_precision_loss, reason = "amounts stay far below 2^53 cents")]
    let read = |amount: Option<Usd>| amount.map(|usd| usd.cents() as f64);
    match answer {
        Answer::Decline(decline) => {
            assert_eq!(decline.reason(), DeclineReason::Unspecified);
            assert_eq!(text(sent.in_stock).as_deref(), Some("false"));
            let url = sent.claim_url.map_or(r#""""#, RawValue::get);
            assert_eq!(url, r#""""#, "declined with a claim URL");
        }
        Answer::Offer(offer) => {
            assert_eq!(text(sent.in_stock), Some(offer.in_stock().to_string()));
            assert_eq!(cents(sent.price_usd), read(Some(offer.price())));
            assert_eq!(cents(sent.shipping_cost_usd), read(offer.shipping_cost()));
            let list =
                cents(sent.list_price_usd).filter(|list| Some(*list) > cents(sent.price_usd));
            assert_eq!(list, read(offer.list_price()));
            let days = offer.shipping_days().map(|days| days.to_string());
            assert_eq!(text(sent.estimated_shipping_days), days);
            let [url, expires_at, id] = [sent.claim_url, sent.offer_expires_at, sent.offer_id]
                .map(|field| field.map(|text| serde_json::from_str::<String>(text.get()).unwrap()));
            assert_eq!(Url::parse(&url.unwrap()).unwrap().as_str(), offer.claim_url().as_str());
            assert_eq!(id.map(|id| id.parse().unwrap()), offer.offer_id());
            if let Ok(at) = DateTime::parse_from_rfc3339(&expires_at.unwrap()) {
                assert_eq!(at.timestamp(), offer.expires_at().timestamp());
            }
        }
    }
}

fn survives(answer: &Answer, now: DateTime<Utc>) {
    let json = answer.to_json();
    assert_eq!(Answer::parse(&json, now).as_ref(), Ok(answer), "{}", json.escape_ascii());
    let Answer::Offer(offer) = answer else { return assert_eq!(json, DECLINE) };
    let fields: Value = serde_json::from_slice(&json).unwrap();
    let mut expected = vec!["price_usd", "in_stock", "offer_expires_at", "claim_url"];
    for (name, is_there) in [
        ("list_price_usd", offer.list_price().is_some()),
        ("estimated_shipping_days", offer.shipping_days().is_some()),
        ("shipping_cost_usd", offer.shipping_cost().is_some()),
        ("offer_id", offer.offer_id().is_some()),
        ("terms", offer.terms().is_some()),
    ] {
        expected.extend(is_there.then_some(name));
    }
    expected.sort_unstable();
    let fields: Vec<&String> = fields.as_object().unwrap().keys().collect();
    assert_eq!(fields, expected);
}

fn keeps_the_rules(offer: &Offer, now: DateTime<Utc>, longest: TimeDelta) {
    assert!(!offer.in_stock() || offer.price() > Usd::ZERO);
    assert!(offer.list_price().is_none_or(|list| list > offer.price()));
    assert!(offer.shipping_cost().is_none() || offer.total().is_some());
    assert!(offer.total().is_none_or(|total| total >= offer.price() && total <= Usd::MAX));
    assert!(offer.shipping_days().is_none_or(|days| days <= 365));
    assert!(offer.expires_at() > now && offer.expires_at() - now <= longest);
    if let Some(terms) = offer.terms().map(Terms::as_str) {
        assert!((1..=500).contains(&terms.chars().count()));
        assert!(!terms.contains(char::is_control) && terms.trim() == terms);
    }
    let url = Url::parse(offer.claim_url().as_str()).unwrap();
    assert!(offer.claim_url().as_str().starts_with("https://"));
    assert!(offer.claim_url().as_str().len() <= ClaimUrl::MAX_BYTES);
    assert!(url.username().is_empty() && url.password().is_none() && url.has_host());
    assert_eq!(url.host_str(), Some(offer.claim_url().host()));
}
