//! What the price service says of a product.

use rfq_sdk::Usd;
use serde::Deserialize;

use crate::catalogue::{Availability, Product};
use crate::pricing::{PriceError, Sale, UnitPrices};

/// What the price service says of a product, for the quantity and the region that were asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LivePrice(Option<Sold>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sold {
    unit_price: Usd,
    regular_unit_price: Option<Usd>,
    /// `None` leaves what the feed says.
    stock: Option<Stock>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stock {
    availability: Availability,
    on_hand: Option<u32>,
}

/// The answer as it is sent.
#[derive(Deserialize)]
#[serde(expecting = "an object with unit_price_usd")]
struct Answer {
    unit_price_usd: Usd,
    #[serde(default)]
    regular_unit_price_usd: Option<Usd>,
    #[serde(default)]
    on_hand: OnHand,
    #[serde(default)]
    in_stock: Option<bool>,
}

/// `on_hand` as it is sent.
#[derive(Default, Clone, Copy, Deserialize)]
#[serde(from = "Option<u32>")]
enum OnHand {
    #[default]
    Unsaid,
    /// `null`.
    NotCounted,
    Counted(u32),
}

impl From<Option<u32>> for OnHand {
    fn from(sent: Option<u32>) -> Self {
        sent.map_or(Self::NotCounted, Self::Counted)
    }
}

impl LivePrice {
    pub(super) const NOT_SOLD: Self = Self(None);

    /// Reads the body of an answer. The error names the field.
    pub(super) fn parse(json: &[u8]) -> Result<Self, String> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let answer: Answer = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let place = error.path().to_string();
            let reason = error.into_inner();
            if place == "." || place == "?" {
                reason.to_string()
            } else {
                format!("{place}: {reason}")
            }
        })?;
        reader.end().map_err(|error| error.to_string())?;
        if answer.unit_price_usd == Usd::ZERO {
            return Err("unit_price_usd: expected more than 0".into());
        }
        let stock = match (answer.on_hand, answer.in_stock) {
            (OnHand::Unsaid, None) => None,
            (OnHand::Counted(units), in_stock) => {
                Some((in_stock.unwrap_or(units > 0), Some(units)))
            }
            (OnHand::NotCounted | OnHand::Unsaid, in_stock) => {
                Some((in_stock.unwrap_or(true), None))
            }
        };
        let stock = stock.map(|(in_stock, on_hand)| Stock {
            availability: if in_stock { Availability::InStock } else { Availability::OutOfStock },
            on_hand,
        });
        Ok(Self(Some(Sold {
            unit_price: answer.unit_price_usd,
            regular_unit_price: answer.regular_unit_price_usd,
            stock,
        })))
    }

    /// Whether the product is sold at all now.
    #[must_use]
    pub fn is_sold(&self) -> bool {
        self.0.is_some()
    }

    /// Whether it tells the stock of now, so that what was sold before is off it already.
    #[must_use]
    pub fn tells_stock(&self) -> bool {
        self.0.is_some_and(|sold| sold.stock.is_some())
    }

    /// The product at this price and with this stock; `None` when it is not sold now.
    ///
    /// Its floor still holds. The sale and the price breaks of the feed do not: the live price is for
    /// the quantity that was asked, now.
    ///
    /// # Errors
    /// [`PriceError`] when the prices do not go together.
    pub fn apply(&self, product: &Product) -> Result<Option<Product>, PriceError> {
        let Some(Sold { unit_price, regular_unit_price, stock }) = self.0 else {
            return Ok(None);
        };
        let floor = product.prices.floor();
        let regular = [regular_unit_price, floor].into_iter().flatten().fold(unit_price, Usd::max);
        let sale = Sale { price: unit_price, from: None, until: None };
        let prices = UnitPrices::new(regular, Some(sale), Vec::new(), floor)?;
        let stock =
            stock.unwrap_or(Stock { availability: product.availability, on_hand: product.on_hand });
        Ok(Some(Product {
            prices,
            availability: stock.availability,
            on_hand: stock.on_hand,
            ..product.clone()
        }))
    }
}
