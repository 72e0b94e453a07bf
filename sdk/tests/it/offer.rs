//! Offers that cannot be wrong, and answers read as the marketplace reads them.

use chrono::{DateTime, TimeDelta, Utc};
use insta::assert_snapshot;
use proptest::prelude::*;
use rfq_sdk::{Answer, Decline, DeclineReason, Offer, OfferBuilder, OfferError, Usd};

fn now() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

fn builder() -> OfferBuilder {
    Offer::builder(usd("169.99"), "https://shop.example/cart?offer=7".parse().unwrap())
}

fn text(answer: impl Into<Answer>) -> String {
    String::from_utf8(answer.into().to_json()).unwrap()
}

#[test]
fn a_decline_is_exactly_the_documented_object() {
    let documented = r#"{"in_stock":false,"price_usd":0,"claim_url":"","offer_expires_at":""}"#;
    for reason in [DeclineReason::NotCarried, DeclineReason::Failed, DeclineReason::Busy] {
        assert_eq!(text(Decline::new(reason)), documented);
        assert_eq!(serde_json::to_string(&Decline::new(reason)).unwrap(), documented);
    }
}

#[test]
fn an_offer_is_the_documented_object() {
    let offer = builder()
        .list_price(usd("189.99"))
        .shipping_days(3)
        .shipping_cost(Usd::ZERO)
        .offer_id("0b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c12".parse().unwrap())
        .terms("Free returns within 30 days".parse().unwrap())
        .expires_at(
            "2026-06-02T12:00:00.999Z".parse::<DateTime<Utc>>().unwrap() - TimeDelta::seconds(1),
        )
        .build(now())
        .unwrap();
    assert_snapshot!(text(offer), @r#"{"price_usd":169.99,"list_price_usd":189.99,"in_stock":true,"estimated_shipping_days":3,"shipping_cost_usd":0,"offer_id":"0b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c12","offer_expires_at":"2026-06-02T11:59:59Z","claim_url":"https://shop.example/cart?offer=7","terms":"Free returns within 30 days"}"#);
    assert_snapshot!(text(builder().build(now()).unwrap()), @r#"{"price_usd":169.99,"in_stock":true,"offer_expires_at":"2026-06-02T11:55:00Z","claim_url":"https://shop.example/cart?offer=7"}"#);
}

#[test]
fn an_invalid_offer_is_not_built() {
    let cases = [
        (
            Offer::builder(Usd::ZERO, builder().build(now()).unwrap().claim_url().clone()),
            OfferError::PriceZero,
        ),
        (builder().shipping_cost(Usd::MAX), OfferError::TotalTooLarge),
        (builder().shipping_days(366), OfferError::TooManyShippingDays { given: 366 }),
        (builder().expires_at(now()), OfferError::Expired { expires_at: now() }),
        (
            builder().expires_at(now() + TimeDelta::milliseconds(999)),
            OfferError::Expired { expires_at: now() + TimeDelta::milliseconds(999) },
        ),
        (
            builder().valid_for(TimeDelta::hours(24) + TimeDelta::seconds(1)),
            OfferError::TooLongValid { expires_at: now() + TimeDelta::seconds(86_401) },
        ),
    ];
    for (builder, expected) in cases {
        assert_eq!(builder.build(now()), Err(expected));
    }
    assert!(builder().valid_for(TimeDelta::MAX).build(now()).is_err());
    assert!(builder().valid_for(TimeDelta::MIN).build(now()).is_err());
    assert!(builder().valid_for(TimeDelta::hours(24)).build(now()).is_ok());
}

#[test]
fn a_list_price_that_is_no_discount_is_left_out() {
    for regular in ["169.99", "100"] {
        assert_eq!(builder().list_price(usd(regular)).build(now()).unwrap().list_price(), None);
    }
}

#[test]
fn out_of_stock_goods_may_have_no_price() {
    let offer = Offer::builder(Usd::ZERO, "https://shop.example/".parse().unwrap());
    assert!(!offer.out_of_stock().build(now()).unwrap().in_stock());
}

#[test]
fn declines_are_recognised_first_and_leniently() {
    for body in [
        r#"{"in_stock":false,"price_usd":0,"claim_url":"","offer_expires_at":""}"#,
        r#"{"in_stock":false}"#,
        r#"{"in_stock":false,"claim_url":null,"price_usd":"none"}"#,
    ] {
        let answer = Answer::parse(body.as_bytes(), now()).unwrap();
        assert_eq!(answer, DeclineReason::Unspecified.into(), "{body}");
    }
}

#[test]
fn a_claim_url_that_is_there_but_broken_is_no_decline() {
    for url in [r#""https://x/\ud800""#, r#""\ud800""#, "7", "[]", "false"] {
        let body = format!(
            r#"{{"in_stock":false,"price_usd":1,"claim_url":{url},"offer_expires_at":"2026-06-01T13:00:00Z"}}"#
        );
        let error = Answer::parse(body.as_bytes(), now()).unwrap_err();
        assert_eq!(error.to_string(), "claim_url: expected an absolute https:// URL", "{body}");
    }
}

#[test]
fn what_is_wrong_with_an_answer_is_named() {
    let good = r#"{"price_usd":1,"in_stock":true,"claim_url":"https://s.example/","offer_expires_at":"2026-06-01T13:00:00Z"}"#;
    assert!(Answer::parse(good.as_bytes(), now()).is_ok());
    let changes = [
        ("{", "["),
        (r#""price_usd":1,"#, ""),
        (r#""price_usd":1"#, r#""price_usd":"1""#),
        (r#""price_usd":1"#, r#""price_usd":1e400"#),
        (r#""price_usd":1"#, r#""price_usd":-1"#),
        (r#""price_usd":1"#, r#""price_usd":1.005"#),
        (r#""price_usd":1"#, r#""price_usd":0"#),
        (r#""price_usd":1"#, r#""price_usd":1,"price_usd":2"#),
        (r#""price_usd":1,"#, r#""jsonrpc":"2.0","result":{},"#),
        (r#""in_stock":true,"#, ""),
        (r#""in_stock":true"#, r#""in_stock":"true""#),
        (r#""in_stock":true"#, r#""in_stock":false,"claim_url":1,"x":1"#),
        (r#""claim_url":"https://s.example/","#, ""),
        ("https://s", "http://s"),
        ("13:00:00Z", "13:00:00"),
        ("13:00:00Z", "12:00:00Z"),
        ("2026-06-01T13:00:00Z", "2026-06-02T12:05:01Z"),
        (r#""price_usd":1"#, r#""price_usd":1,"shipping_cost_usd":-0.01"#),
        (r#""price_usd":1"#, r#""price_usd":1,"estimated_shipping_days":1.5"#),
        (r#""price_usd":1"#, r#""price_usd":1,"estimated_shipping_days":366"#),
        (r#""price_usd":1"#, r#""price_usd":1,"offer_id":"seven""#),
        (r#""price_usd":1"#, r#""price_usd":1,"terms":7"#),
    ];
    let errors: Vec<String> = changes
        .into_iter()
        .map(|(from, to)| {
            let body = good.replacen(from, to, 1);
            assert_ne!(body, good, "{from} stands in the answer");
            Answer::parse(body.as_bytes(), now()).unwrap_err().to_string()
        })
        .collect();
    assert_snapshot!(errors.join("\n"), @"
    expected a JSON object
    price_usd: missing, expected a number of US dollars, at least 0 and in whole cents
    price_usd: expected a number of US dollars, at least 0 and in whole cents
    price_usd: expected a number of US dollars, at least 0 and in whole cents
    price_usd: expected a number of US dollars, at least 0 and in whole cents
    price_usd: expected a number of US dollars, at least 0 and in whole cents
    price_usd: expected more than 0 for goods in stock
    price_usd: comes more than once
    expected a bare object, not a JSON-RPC envelope
    in_stock: missing, expected true or false
    in_stock: expected true or false
    claim_url: comes more than once
    claim_url: missing, expected an absolute https:// URL
    claim_url: expected an absolute https:// URL
    offer_expires_at: expected a date and time with offset, such as 2026-06-01T12:00:00Z
    offer_expires_at: 2026-06-01 12:00:00 UTC is not in the future
    offer_expires_at: 2026-06-02 12:05:01 UTC is more than 24 hours away
    shipping_cost_usd: expected a number of US dollars, at least 0 and in whole cents
    estimated_shipping_days: expected an integer from 0 to 365
    estimated_shipping_days: expected an integer from 0 to 365
    offer_id: expected a uuid
    terms: expected text
    ");
}

#[test]
fn an_answer_may_come_from_a_clock_five_minutes_ahead() {
    let body = r#"{"price_usd":1,"in_stock":true,"claim_url":"https://s.example/","offer_expires_at":"2026-06-02T12:05:00Z"}"#;
    assert!(Answer::parse(body.as_bytes(), now()).is_ok());
}

#[test]
fn terms_of_others_are_cut_and_cleaned() {
    let body = format!(
        r#"{{"price_usd":1,"in_stock":true,"claim_url":"https://s.example/","offer_expires_at":"2026-06-01T13:00:00Z","terms":"a\u0007{}"}}"#,
        "b".repeat(600)
    );
    let Ok(Answer::Offer(offer)) = Answer::parse(body.as_bytes(), now()) else { panic!() };
    assert_eq!(offer.terms().unwrap().as_str(), format!("a{}", "b".repeat(499)));
}

fn any_offer() -> impl Strategy<Value = Offer> {
    let amount = || (0_u64..2_000_000_000).prop_map(|cents| Usd::from_cents(cents).unwrap());
    (
        (
            amount(),
            proptest::option::of(amount()),
            any::<bool>(),
            proptest::option::of(0_u16..=365),
        ),
        (proptest::option::of(amount()), proptest::option::of(any::<u128>()), 1_i64..=86_400),
        ("[a-z]{1,20}", proptest::option::of("\\PC{1,120}")),
    )
        .prop_filter_map(
            "valid",
            |((price, regular, in_stock, days), (cost, id, seconds), (path, terms))| {
                let url = format!("https://shop.example/{path}?q=%20\"<>").parse().unwrap();
                let mut offer = Offer::builder(price, url).valid_for(TimeDelta::seconds(seconds));
                if !in_stock {
                    offer = offer.out_of_stock();
                }
                offer = regular.into_iter().fold(offer, OfferBuilder::list_price);
                offer = days.into_iter().fold(offer, OfferBuilder::shipping_days);
                offer = cost.into_iter().fold(offer, OfferBuilder::shipping_cost);
                offer = id.into_iter().fold(offer, |o, id| o.offer_id(uuid::Uuid::from_u128(id)));
                offer =
                    terms.and_then(|t| t.parse().ok()).into_iter().fold(offer, OfferBuilder::terms);
                offer.build(now()).ok()
            },
        )
}

proptest! {
    #[test]
    fn a_built_offer_is_read_back_the_same(offer in any_offer()) {
        let answer = Answer::from(offer);
        let json = answer.to_json();
        prop_assert_eq!(json.as_slice(), serde_json::to_vec(&answer).unwrap());
        prop_assert_eq!(Answer::parse(&json, now()), Ok(answer.clone()));
        prop_assert_eq!(Answer::parse(&json, now()).unwrap().to_json(), json.clone());
        let documented = ["price_usd", "list_price_usd", "in_stock", "estimated_shipping_days",
            "shipping_cost_usd", "offer_id", "offer_expires_at", "claim_url", "terms"];
        let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&json).unwrap();
        prop_assert!(fields.keys().all(|field| documented.contains(&field.as_str())));
    }

    #[test]
    fn whatever_the_answer_there_is_a_verdict(body in "[\\x00-\\x7f]{0,200}") {
        let _ = Answer::parse(body.as_bytes(), now());
    }
}
