//! Where goods are sent, for how much, and how fast.
//!
//! What a product's own feed says counts before the shop's zones.

mod country;
mod place;
mod shop;
mod table;
mod tiers;

use rfq_sdk::Usd;

pub(crate) use country::{is_country, is_turned_round};
pub use place::PlaceError;
pub use shop::{ShippingError, ShopShipping};
pub use table::{Rate, Served, ShippingTable};

use crate::catalogue::Days;

/// What is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parcel {
    /// What the goods cost together, after discounts.
    pub goods: Usd,
    /// What they weigh together; `None` is unknown.
    pub grams: Option<u64>,
}

/// One way to send a parcel to a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// What it costs; `None` is unknown.
    pub cost: Option<Usd>,
    /// Business days in the shop; `None` is what the product says.
    pub handling: Option<Days>,
    /// Business days on the road; `None` is unknown.
    pub transit: Option<Days>,
}

impl Way {
    /// There may be a way, but nothing is known of it.
    pub const UNKNOWN: Self = Self { cost: None, handling: None, transit: None };
}
