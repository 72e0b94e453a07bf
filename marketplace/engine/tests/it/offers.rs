//! Offers as producers would make them.

use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use rfq_engine::{AcceptedOffer, Asked, HealthState, HttpAnswer, Verdict, validate};

pub(crate) fn now() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn asked(producer: &str, state: HealthState) -> Asked {
    let claim_domains = ["shop.example", "cart.example"].map(|domain| domain.parse().unwrap());
    Asked {
        producer: producer.parse().unwrap(),
        claim_domains: claim_domains.into_iter().collect(),
        state,
    }
}

pub(crate) fn answer(body: impl Into<Bytes>) -> HttpAnswer {
    HttpAnswer { status: 200, body: body.into() }
}

/// What an offer is made from; the rest of its fields do not matter for its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Terms {
    pub(crate) producer: String,
    pub(crate) price_cents: u64,
    pub(crate) shipping_cents: Option<u64>,
    pub(crate) in_stock: bool,
    pub(crate) days: Option<u16>,
    pub(crate) state: HealthState,
    pub(crate) valid_seconds: i64,
    pub(crate) claim_path: String,
}

/// In stock for `price_cents`, shipped for nothing, by a healthy producer.
pub(crate) fn offered(producer: &str, price_cents: u64) -> Terms {
    Terms {
        producer: producer.to_owned(),
        price_cents,
        shipping_cents: Some(0),
        in_stock: true,
        days: Some(3),
        state: HealthState::Healthy,
        valid_seconds: 3600,
        claim_path: "cart".to_owned(),
    }
}

impl Terms {
    pub(crate) fn accepted(&self) -> AcceptedOffer {
        let usd = |cents: u64| format!("{}.{:02}", cents / 100, cents % 100);
        let optional = |name: &str, value: Option<String>| {
            value.map(|value| format!(",\"{name}\":{value}")).unwrap_or_default()
        };
        let body = format!(
            r#"{{"price_usd":{},"in_stock":{},"claim_url":"https://shop.example/{}","offer_expires_at":"{}"{}{}}}"#,
            usd(self.price_cents),
            self.in_stock,
            self.claim_path,
            (now() + Duration::seconds(self.valid_seconds)).to_rfc3339(),
            optional("shipping_cost_usd", self.shipping_cents.map(usd)),
            optional("estimated_shipping_days", self.days.map(|days| days.to_string())),
        );
        match validate(&answer(body), &asked(&self.producer, self.state), now()) {
            Ok(Verdict::Offer(offer)) => offer,
            other => panic!("{self:?} gives {other:?}"),
        }
    }
}
