//! One product of the shop.

use std::sync::Arc;

use rfq_sdk::ProductSlug;

use crate::pricing::UnitPrices;
use crate::shipping::ShippingTable;

/// One product of the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// The marketplace's name for it.
    pub slug: ProductSlug,
    /// The shop's own name for it, its SKU.
    pub id: Box<str>,
    /// What people call it.
    pub title: Box<str>,
    /// What one unit costs.
    pub prices: UnitPrices,
    /// How many units may be bought at once.
    pub quantities: OrderQuantities,
    /// Whether it can be bought.
    pub availability: Availability,
    /// Units on hand; `None` when the shop does not count them.
    pub on_hand: Option<u32>,
    /// Where it is sent, and for how much, as its feed says; empty when it says nothing. Products of
    /// the same table share it.
    pub shipping: Arc<ShippingTable>,
    /// Business days until it leaves the shop, fewest and most; `None` is unknown.
    pub handling: Option<Days>,
    /// What one unit weighs when sent, in milligrams, so that what is rounded up to grams is the
    /// parcel; `None` is unknown.
    pub weight_milligrams: Option<u64>,
}

/// Whether a product can be bought now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// Yes.
    InStock,
    /// No: sold out, or only to be ordered ahead.
    OutOfStock,
    /// No, and nobody is told its price: a draft, archived or not published.
    NotSold,
}

/// A number of business days, between a fewest and a most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Days {
    /// The fewest.
    pub min: u16,
    /// The most, at least the fewest.
    pub max: u16,
}

/// The quantities a product is sold in: from `min` up, in steps of `increment`, to `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderQuantities {
    min: u32,
    max: Option<u32>,
    increment: u32,
}

/// Why quantities do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantitiesError {
    /// The least quantity or the increment is nothing.
    #[error("expected at least 1 unit")]
    Zero,
    /// The most is fewer than the least.
    #[error("at most {max} units, but at least {min}")]
    MaxBelowMin {
        /// The fewest units.
        min: u32,
        /// The most units.
        max: u32,
    },
    /// No quantity that is sold lies between the two.
    #[error("no multiple of {increment} lies between {min} and {max} units")]
    NothingBetween {
        /// The fewest units.
        min: u32,
        /// The most units.
        max: u32,
        /// The step.
        increment: u32,
    },
}

impl OrderQuantities {
    /// Any quantity.
    pub const ANY: Self = Self { min: 1, max: None, increment: 1 };

    /// From `min` units to `max` (`None` is no limit), in multiples of `increment`.
    ///
    /// # Errors
    /// [`QuantitiesError`].
    pub const fn new(min: u32, max: Option<u32>, increment: u32) -> Result<Self, QuantitiesError> {
        if min == 0 || increment == 0 {
            return Err(QuantitiesError::Zero);
        }
        let most = match max {
            Some(max) if max < min => return Err(QuantitiesError::MaxBelowMin { min, max }),
            Some(max) => max,
            None => u32::MAX,
        };
        match min.checked_next_multiple_of(increment) {
            Some(least) if least <= most => Ok(Self { min, max, increment }),
            Some(_) | None => Err(QuantitiesError::NothingBetween { min, max: most, increment }),
        }
    }

    /// Whether so many units can be bought at once.
    #[must_use]
    pub fn allow(&self, units: u32) -> bool {
        units >= self.min
            && self.max.is_none_or(|max| units <= max)
            && units.is_multiple_of(self.increment)
    }
}

impl Product {
    /// Units that can be bought now while `reserved` of them are held for others: `None` when the
    /// shop does not count them.
    #[must_use]
    pub fn available(&self, reserved: u32) -> Option<u32> {
        match self.availability {
            Availability::OutOfStock | Availability::NotSold => Some(0),
            Availability::InStock => self.on_hand.map(|have| have.saturating_sub(reserved)),
        }
    }
}
