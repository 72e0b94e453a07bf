//! What is asked for, without who asks.

use chrono::{DateTime, Utc};
use rfq_sdk::{ProductSlug, Quantity, Region, Rfq};

/// What a request asks for: all that a quote depends on. Of a request that has just come
/// ([`Ask::from`]), or of one that the ledger remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The product.
    pub product: ProductSlug,
    /// The units of it.
    pub quantity: Quantity,
    /// Where to deliver; `None` is unknown.
    pub region: Option<Region>,
    /// The latest acceptable delivery.
    pub deliver_by: Option<DateTime<Utc>>,
}

impl From<&Rfq> for Ask {
    fn from(rfq: &Rfq) -> Self {
        Self {
            product: rfq.product().clone(),
            quantity: rfq.quantity(),
            region: rfq.region().cloned(),
            deliver_by: rfq.deliver_by(),
        }
    }
}
