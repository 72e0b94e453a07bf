//! What an agent answers: an offer or a decline.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde::ser::SerializeStruct as _;
use uuid::Uuid;

use crate::json::{self, Field, Problem, Shape, Slot};
use crate::offer::{ClaimUrl, Offer, OfferError, Terms};
use crate::time;
use crate::usd::Usd;

/// The answer to a request for a quote. Either way the status is 200.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// The goods, at a price.
    Offer(Offer),
    /// No offer this time.
    Decline(Decline),
}

/// No offer: the product is not carried, or this request cannot be met.
///
/// On the wire every decline is the same documented object (seed, "Timeout and Error Handling");
/// the reason is for the agent's own log and figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decline {
    reason: DeclineReason,
}

/// Why there is no offer. It never leaves the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeclineReason {
    /// The product is not carried.
    NotCarried,
    /// Out of stock, or fewer in stock than asked for.
    OutOfStock,
    /// The product is sold, but not in this quantity.
    QuantityNotSold,
    /// The region is not delivered to.
    RegionNotServed,
    /// The region is delivered to, but not a parcel of this weight or worth.
    NotShippable,
    /// Delivery by the date asked for is not possible.
    TooLateToDeliver,
    /// The answer was not ready within the budget.
    OverBudget,
    /// The agent failed to find an answer.
    Failed,
    /// The agent already answers as many requests at once as it may.
    Busy,
    /// Read from another's answer, or any other reason.
    Unspecified,
}

impl Decline {
    /// What every decline is on the wire.
    const JSON: &str = r#"{"in_stock":false,"price_usd":0,"claim_url":"","offer_expires_at":""}"#;

    /// A decline for `reason`.
    #[must_use]
    pub const fn new(reason: DeclineReason) -> Self {
        Self { reason }
    }

    /// Why.
    #[must_use]
    pub const fn reason(self) -> DeclineReason {
        self.reason
    }
}

impl DeclineReason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::NotCarried,
        Self::OutOfStock,
        Self::QuantityNotSold,
        Self::RegionNotServed,
        Self::NotShippable,
        Self::TooLateToDeliver,
        Self::OverBudget,
        Self::Failed,
        Self::Busy,
        Self::Unspecified,
    ];

    /// A stable name for logs and figures.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotCarried => "not_carried",
            Self::OutOfStock => "out_of_stock",
            Self::QuantityNotSold => "quantity_not_sold",
            Self::RegionNotServed => "region_not_served",
            Self::NotShippable => "not_shippable",
            Self::TooLateToDeliver => "too_late_to_deliver",
            Self::OverBudget => "over_budget",
            Self::Failed => "failed",
            Self::Busy => "busy",
            Self::Unspecified => "unspecified",
        }
    }
}

impl Serialize for Decline {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut decline = serializer.serialize_struct("Decline", 4)?;
        decline.serialize_field("in_stock", &false)?;
        decline.serialize_field("price_usd", &0)?;
        decline.serialize_field("claim_url", "")?;
        decline.serialize_field("offer_expires_at", "")?;
        decline.end()
    }
}

impl From<Offer> for Answer {
    fn from(offer: Offer) -> Self {
        Self::Offer(offer)
    }
}

impl From<Decline> for Answer {
    fn from(decline: Decline) -> Self {
        Self::Decline(decline)
    }
}

impl From<DeclineReason> for Answer {
    fn from(reason: DeclineReason) -> Self {
        Self::Decline(Decline::new(reason))
    }
}

/// Why a body is not an answer. Field names are those of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// Not a JSON document. The position is counted from 1; that of an empty body has column 0.
    #[error("not JSON at line {line}, column {column}")]
    NotJson {
        /// The line, counted from 1.
        line: usize,
        /// The column in bytes, counted from 1, and 0 for an empty body.
        column: usize,
    },
    /// A JSON document, but not an object.
    #[error("expected a JSON object")]
    NotAnObject,
    /// Wrapped in a JSON-RPC envelope, where a bare object is required.
    #[error("expected a bare object, not a JSON-RPC envelope")]
    Enveloped,
    /// A required field is absent or null.
    #[error("{field}: missing, expected {expected}")]
    Missing {
        /// The field.
        field: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// A field holds something it must not.
    #[error("{field}: expected {expected}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// A field comes twice.
    #[error("{field}: comes more than once")]
    Duplicate {
        /// The field.
        field: &'static str,
    },
    /// Each field could be, but the offer as a whole breaks a rule.
    #[error(transparent)]
    Offer(#[from] OfferError),
}

impl AnswerError {
    /// The field at fault, by its name on the wire; `None` when it is the document as a whole.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::NotJson { .. } | Self::NotAnObject | Self::Enveloped => None,
            Self::Missing { field, .. }
            | Self::Invalid { field, .. }
            | Self::Duplicate { field } => Some(field),
            Self::Offer(error) => Some(match error {
                OfferError::PriceZero | OfferError::TotalTooLarge => "price_usd",
                OfferError::TooManyShippingDays { .. } => "estimated_shipping_days",
                OfferError::Expired { .. } | OfferError::TooLongValid { .. } => "offer_expires_at",
            }),
        }
    }
}

impl Answer {
    /// How far the clock of another may differ when its offer is read: 300 s, as for signatures.
    pub const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(300);

    /// The JSON object to answer with.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(384);
        match self {
            Self::Offer(offer) => offer.write_json(&mut json),
            Self::Decline(_) => json.extend_from_slice(Decline::JSON.as_bytes()),
        }
        json
    }

    /// Reads an answer as the marketplace does at time `now`.
    ///
    /// A decline is recognised first, leniently: `in_stock` is false and `claim_url` empty or
    /// absent. Terms too long are cut; an expiry may be [`Answer::CLOCK_SKEW`] too late, and is
    /// rounded down to the second.
    ///
    /// # Errors
    /// [`AnswerError`], naming the field.
    pub fn parse(body: &[u8], now: DateTime<Utc>) -> Result<Self, AnswerError> {
        let fields: [Field<'_>; FIELDS] = json::read(body, &ANSWER)?;
        if fields[JSONRPC].raw().is_some() && fields[PRICE].raw().is_none() {
            return Err(AnswerError::Enveloped);
        }
        let in_stock = match fields[IN_STOCK].raw() {
            Some("true") => true,
            Some("false") => false,
            None => return Err(missing("in_stock", "true or false")),
            Some(_) => return Err(invalid("in_stock", "true or false")),
        };
        let claim_url = fields[CLAIM_URL];
        if !in_stock && claim_url.raw().is_none_or(|raw| raw == r#""""#) {
            return Ok(DeclineReason::Unspecified.into());
        }
        let price = amount(fields[PRICE], "price_usd")?;
        let price = price.ok_or_else(|| missing("price_usd", DOLLARS))?;
        let claim_url =
            text(claim_url, "claim_url", HTTPS_URL, |url| url.parse::<ClaimUrl>().ok())?;
        let claim_url = claim_url.ok_or_else(|| missing("claim_url", HTTPS_URL))?;
        let expires_at = text(fields[EXPIRES_AT], "offer_expires_at", TIME, time::parse)?;
        let expires_at = expires_at.ok_or_else(|| missing("offer_expires_at", TIME))?;

        let mut offer = Offer::builder(price, claim_url).expires_at(expires_at);
        if !in_stock {
            offer = offer.out_of_stock();
        }
        if let Some(regular) = amount(fields[LIST_PRICE], "list_price_usd")? {
            offer = offer.list_price(regular);
        }
        if let Some(cost) = amount(fields[SHIPPING_COST], "shipping_cost_usd")? {
            offer = offer.shipping_cost(cost);
        }
        if let Some(days) = fields[SHIPPING_DAYS].raw() {
            let days = days.parse().ok().filter(|days| *days <= Offer::MAX_SHIPPING_DAYS);
            offer =
                offer.shipping_days(days.ok_or_else(|| invalid("estimated_shipping_days", DAYS))?);
        }
        if let Some(id) =
            text(fields[OFFER_ID], "offer_id", "a uuid", |id| id.parse::<Uuid>().ok())?
        {
            offer = offer.offer_id(id);
        }
        if let Some(Some(terms)) =
            text(fields[TERMS], "terms", "text", |text| Some(Terms::cut(text)))?
        {
            offer = offer.terms(terms);
        }
        Ok(Self::Offer(offer.build_with(now, Self::CLOCK_SKEW)?))
    }
}

const DOLLARS: &str = "a number of US dollars, at least 0 and in whole cents";
const HTTPS_URL: &str = "an absolute https:// URL";
const TIME: &str = "a date and time with offset, such as 2026-06-01T12:00:00Z";
const DAYS: &str = "an integer from 0 to 365";

fn missing(field: &'static str, expected: &'static str) -> AnswerError {
    AnswerError::Missing { field, expected }
}

fn invalid(field: &'static str, expected: &'static str) -> AnswerError {
    AnswerError::Invalid { field, expected }
}

fn amount(value: Field<'_>, field: &'static str) -> Result<Option<Usd>, AnswerError> {
    let read = |digits| Usd::from_json_number(digits).map_err(|_| invalid(field, DOLLARS));
    value.raw().map(read).transpose()
}

fn text<T>(
    value: Field<'_>,
    field: &'static str,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, AnswerError> {
    match value.raw() {
        None => Ok(None),
        Some(_) => match value.text().and_then(|text| parse(&text)) {
            Some(parsed) => Ok(Some(parsed)),
            None => Err(invalid(field, expected)),
        },
    }
}

impl From<Problem> for AnswerError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::NotJson { line, column } => Self::NotJson { line, column },
            Problem::NotAnObject { .. } => Self::NotAnObject,
            Problem::Duplicate { field } => Self::Duplicate { field },
        }
    }
}

const JSONRPC: usize = 0;
const PRICE: usize = 1;
const LIST_PRICE: usize = 2;
const IN_STOCK: usize = 3;
const SHIPPING_DAYS: usize = 4;
const SHIPPING_COST: usize = 5;
const OFFER_ID: usize = 6;
const EXPIRES_AT: usize = 7;
const CLAIM_URL: usize = 8;
const TERMS: usize = 9;
const FIELDS: usize = 10;

static ANSWER: Shape = Shape {
    name: "the answer",
    keys: &[
        ("jsonrpc", Slot::Value(JSONRPC, "jsonrpc")),
        ("price_usd", Slot::Value(PRICE, "price_usd")),
        ("list_price_usd", Slot::Value(LIST_PRICE, "list_price_usd")),
        ("in_stock", Slot::Value(IN_STOCK, "in_stock")),
        ("estimated_shipping_days", Slot::Value(SHIPPING_DAYS, "estimated_shipping_days")),
        ("shipping_cost_usd", Slot::Value(SHIPPING_COST, "shipping_cost_usd")),
        ("offer_id", Slot::Value(OFFER_ID, "offer_id")),
        ("offer_expires_at", Slot::Value(EXPIRES_AT, "offer_expires_at")),
        ("claim_url", Slot::Value(CLAIM_URL, "claim_url")),
        ("terms", Slot::Value(TERMS, "terms")),
    ],
};

#[cfg(test)]
mod tests {
    use super::DeclineReason::{self, *};

    #[test]
    fn all_reasons_are_among_all() {
        // A new reason does not compile until it has its place here.
        let place = |reason| match reason {
            NotCarried => 0,
            OutOfStock => 1,
            QuantityNotSold => 2,
            RegionNotServed => 3,
            NotShippable => 4,
            TooLateToDeliver => 5,
            OverBudget => 6,
            Failed => 7,
            Busy => 8,
            Unspecified => 9,
        };
        let places: Vec<_> = DeclineReason::ALL.iter().map(|reason| place(*reason)).collect();
        assert!(places.into_iter().eq(0..=place(Unspecified)));
    }
}
