//! What the shop has of a product, and who says so.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use rfq_sdk::DeclineReason;

use crate::ask::Ask;
use crate::catalogue::{Availability, Catalogue, Product};
use crate::price_service::{PriceService, PriceServiceError};
use crate::pricing::PriceError;

/// How many units of a product the shop can sell, before what the ledger reserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stock {
    /// `None` when it is in stock and not counted.
    pub units: Option<u32>,
    /// What was sold from then on is not off `units` yet.
    pub as_of: DateTime<Utc>,
}

impl Stock {
    /// None left at `now`.
    #[must_use]
    pub fn none(now: DateTime<Utc>) -> Self {
        Self { units: Some(0), as_of: now }
    }

    /// Of `product`, as counted at `as_of`.
    #[must_use]
    pub fn of(product: &Product, as_of: DateTime<Utc>) -> Self {
        Self { units: product.available(0), as_of }
    }
}

/// A product as the shop sells it now.
#[derive(Debug)]
pub struct Current<'a> {
    /// With the price and the stock of now.
    pub product: Cow<'a, Product>,
    /// What there is of it.
    pub stock: Stock,
}

/// Why there is nothing to quote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSold {
    /// The shop does not carry it.
    #[error("the shop does not carry it")]
    NotCarried,
    /// It is a draft, archived or not published.
    #[error("the feed has it as a draft, archived or not published")]
    Unpublished,
    /// The price service says that it is not sold now.
    #[error("the shop's price service says that it is not sold now")]
    NotNow,
    /// Nobody knows.
    #[error(transparent)]
    Failed(#[from] LiveError),
}

/// Why the price service does not tell price and stock.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub enum LiveError {
    /// It does not answer.
    Unanswered(#[from] PriceServiceError),
    /// Its prices do not go together.
    Price(#[from] PriceError),
}

impl NotSold {
    /// The reason to decline.
    #[must_use]
    pub fn reason(&self) -> DeclineReason {
        match self {
            Self::NotCarried => DeclineReason::NotCarried,
            Self::Unpublished | Self::NotNow => DeclineReason::OutOfStock,
            Self::Failed(_) => DeclineReason::Failed,
        }
    }
}

/// The product that `ask` is for, as `catalogue` has it, with what the price service says of it now.
///
/// # Errors
/// [`NotSold`].
pub async fn current<'a>(
    catalogue: &'a Catalogue,
    price_service: Option<&PriceService>,
    ask: &Ask,
    now: DateTime<Utc>,
) -> Result<Current<'a>, NotSold> {
    let product = catalogue.find(&ask.product).ok_or(NotSold::NotCarried)?;
    let (product, as_of) = match price_service {
        None => (Cow::Borrowed(product), catalogue.as_of()),
        Some(service) => {
            let live = service.ask(product, ask).await.map_err(LiveError::from)?;
            // It may have been said a while ago; what was sold since then must be taken off once more.
            let as_of =
                if live.tells_stock() { now - service.max_age() } else { catalogue.as_of() };
            let product = live.apply(product).map_err(LiveError::from)?.ok_or(NotSold::NotNow)?;
            (Cow::Owned(product), as_of)
        }
    };
    if product.availability == Availability::NotSold {
        return Err(NotSold::Unpublished);
    }
    let stock = Stock::of(&product, as_of);
    Ok(Current { product, stock })
}
