//! What the shop sells.

mod live;
mod product;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rfq_sdk::ProductSlug;

pub use live::LiveCatalogue;
pub use product::{Availability, Days, OrderQuantities, Product, QuantitiesError};

/// All products, found by the marketplace's name.
#[derive(Debug, Default)]
pub struct Catalogue {
    // Boxed, so that a table that grows moves pointers, and its empty places take little room.
    products: HashMap<ProductSlug, Box<Product>>,
    as_of: DateTime<Utc>,
}

impl Catalogue {
    /// The product of this name, if the shop carries it.
    #[must_use]
    pub fn find(&self, slug: &ProductSlug) -> Option<&Product> {
        self.products.get(slug).map(|product| &**product)
    }

    /// Takes in `product`, unless there is one of its name already.
    ///
    /// # Errors
    /// The product itself, when its name is taken.
    pub fn insert(&mut self, product: Product) -> Result<(), Box<Product>> {
        if self.products.contains_key(&product.slug) {
            return Err(Box::new(product));
        }
        self.products.insert(product.slug.clone(), Box::new(product));
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
        self.products.values().map(|product| &**product)
    }

    /// When its source was written: stock sold since then is not yet taken off what is on hand.
    #[must_use]
    pub fn as_of(&self) -> DateTime<Utc> {
        self.as_of
    }

    /// The same catalogue, of a source written at `as_of`.
    #[must_use]
    pub fn with_as_of(mut self, as_of: DateTime<Utc>) -> Self {
        self.as_of = as_of;
        self
    }
}
