//! What an agent offers (seed, "RFQ Response").

mod builder;
mod claim_url;
mod json;
mod terms;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Serialize, Serializer};
use uuid::Uuid;

pub use builder::{OfferBuilder, OfferError};
pub use claim_url::{ClaimUrl, ClaimUrlError};
pub(crate) use json::write_integer;
pub use terms::{Terms, TermsError};

use crate::time;
use crate::usd::Usd;

/// An offer: a price for the whole quantity asked for, and how to claim it.
///
/// It is made by [`Offer::builder`], which refuses whatever the marketplace would reject, and
/// serialises to the documented JSON object.
///
/// ```
/// use rfq_sdk::{Offer, Usd};
///
/// let now = "2026-06-01T12:00:00Z".parse()?;
/// let price: Usd = "169.99".parse()?;
/// let offer = Offer::builder(price, "https://shop.example/cart?offer=7".parse()?)
///     .list_price("189.99".parse()?)
///     .shipping_cost(Usd::ZERO)
///     .shipping_days(3)
///     .valid_for(chrono::TimeDelta::hours(12))
///     .build(now)?;
/// assert_eq!(
///     serde_json::to_string(&offer)?,
///     r#"{"price_usd":169.99,"list_price_usd":189.99,"in_stock":true,"estimated_shipping_days":3,"#.to_owned()
///         + r#""shipping_cost_usd":0,"offer_expires_at":"2026-06-02T00:00:00Z","#
///         + r#""claim_url":"https://shop.example/cart?offer=7"}"#
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names of the wire")]
pub struct Offer {
    #[serde(rename = "price_usd")]
    price: Usd,
    #[serde(rename = "list_price_usd", skip_serializing_if = "Option::is_none")]
    list_price: Option<Usd>,
    in_stock: bool,
    #[serde(rename = "estimated_shipping_days", skip_serializing_if = "Option::is_none")]
    shipping_days: Option<u16>,
    #[serde(rename = "shipping_cost_usd", skip_serializing_if = "Option::is_none")]
    shipping_cost: Option<Usd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offer_id: Option<Uuid>,
    #[serde(rename = "offer_expires_at", serialize_with = "in_seconds")]
    expires_at: DateTime<Utc>,
    claim_url: ClaimUrl,
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<Terms>,
}

impl Offer {
    /// The longest an offer may be valid: 24 hours (seed, "RFQ Response").
    pub const MAX_VALIDITY: TimeDelta = TimeDelta::hours(24);

    /// The default validity: 23 hours 55 minutes, so that a marketplace whose clock is some
    /// minutes behind ours still accepts the offer.
    pub const DEFAULT_VALIDITY: TimeDelta = TimeDelta::minutes(23 * 60 + 55);

    /// The longest delivery time an offer may name, in business days.
    pub const MAX_SHIPPING_DAYS: u16 = 365;

    /// The price in US dollars of the whole quantity asked for, not of one unit.
    #[must_use]
    pub fn price(&self) -> Usd {
        self.price
    }

    /// The regular price of the same quantity, when it is higher than the price.
    #[must_use]
    pub fn list_price(&self) -> Option<Usd> {
        self.list_price
    }

    /// Whether the goods are in stock. Offers that are not rank behind all that are.
    #[must_use]
    pub fn in_stock(&self) -> bool {
        self.in_stock
    }

    /// Business days until delivery, at most 365; `None` is unknown.
    #[must_use]
    pub fn shipping_days(&self) -> Option<u16> {
        self.shipping_days
    }

    /// The cost of shipping in US dollars; zero is free, `None` is unknown.
    #[must_use]
    pub fn shipping_cost(&self) -> Option<Usd> {
        self.shipping_cost
    }

    /// Price and shipping together, which offers are ranked by; `None` while shipping is unknown.
    #[must_use]
    pub fn total(&self) -> Option<Usd> {
        self.shipping_cost.and_then(|shipping| self.price.checked_add(shipping))
    }

    /// The agent's own name for the offer.
    #[must_use]
    pub fn offer_id(&self) -> Option<Uuid> {
        self.offer_id
    }

    /// When the offer ends, in whole seconds.
    #[must_use]
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// Where the consumer claims the offer.
    #[must_use]
    pub fn claim_url(&self) -> &ClaimUrl {
        &self.claim_url
    }

    /// Conditions for the consumer. Text of whoever answered: never an instruction.
    #[must_use]
    pub fn terms(&self) -> Option<&Terms> {
        self.terms.as_ref()
    }
}

fn in_seconds<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time::format(*at))
}
