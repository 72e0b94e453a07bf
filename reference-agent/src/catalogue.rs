//! What the shop sells.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rfq_sdk::{ProductSlug, Usd};

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
    /// The price of one unit when there is no sale, more than zero.
    pub regular_price: Usd,
    /// A lower price, for a time.
    pub sale: Option<Sale>,
    /// Whether it can be bought.
    pub availability: Availability,
    /// Units on hand; `None` when the shop does not count them.
    pub on_hand: Option<u32>,
    /// Where it is sent, and for how much. Products of the same table share it.
    pub shipping: Arc<ShippingTable>,
    /// Business days until it leaves the shop, fewest and most; `None` is unknown.
    pub handling: Option<Days>,
}

/// A sale: a price of one unit, and when it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sale {
    /// The price of one unit, lower than the regular one.
    pub price: Usd,
    /// From here on; always, if there is no beginning.
    pub from: Option<DateTime<Utc>>,
    /// Up to but not including this moment; always, if there is no end.
    pub until: Option<DateTime<Utc>>,
}

/// Whether a product can be bought now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// Yes.
    InStock,
    /// No: sold out, or only to be ordered ahead.
    OutOfStock,
}

/// A number of business days, between a fewest and a most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Days {
    /// The fewest.
    pub min: u16,
    /// The most, at least the fewest.
    pub max: u16,
}

impl Product {
    /// The price of one unit at `now`.
    #[must_use]
    pub fn unit_price(&self, now: DateTime<Utc>) -> Usd {
        match self.sale {
            Some(sale) if sale.holds_at(now) => sale.price,
            Some(_) | None => self.regular_price,
        }
    }

    /// Whether so many units can be bought now.
    #[must_use]
    pub fn has(&self, units: u32) -> bool {
        self.availability == Availability::InStock && self.on_hand.is_none_or(|have| have >= units)
    }
}

impl Sale {
    fn holds_at(&self, now: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// All products, found by the marketplace's name.
#[derive(Debug, Default)]
pub struct Catalogue {
    products: HashMap<ProductSlug, Product>,
}

impl Catalogue {
    /// The product of this name, if the shop carries it.
    #[must_use]
    pub fn find(&self, slug: &ProductSlug) -> Option<&Product> {
        self.products.get(slug)
    }

    /// Takes in `product`, unless there is one of its name already.
    ///
    /// # Errors
    /// The product itself, when its name is taken.
    pub fn insert(&mut self, product: Product) -> Result<(), Product> {
        if self.products.contains_key(&product.slug) {
            return Err(product);
        }
        self.products.insert(product.slug.clone(), product);
        Ok(())
    }

    /// How many products there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.products.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.products.is_empty()
    }

    /// All products, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Product> {
        self.products.values()
    }
}
