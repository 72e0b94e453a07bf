//! What the price service says of a product.

use rfq_sdk::Usd;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

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
    #[serde(default = "missing")]
    unit_price_usd: Checked<Usd>,
    #[serde(default)]
    regular_unit_price_usd: Checked<Option<Usd>>,
    #[serde(default)]
    on_hand: Checked<OnHand>,
    #[serde(default)]
    in_stock: Checked<Option<bool>>,
}

/// A field, or what is wrong with it; then the others are looked at all the same.
struct Checked<T>(Result<T, String>);

fn missing() -> Checked<Usd> {
    Checked(Err("missing, expected an amount in US dollars such as 169.99".to_owned()))
}

impl<T: Default> Default for Checked<T> {
    fn default() -> Self {
        Self(Ok(T::default()))
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Checked<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = <&RawValue>::deserialize(deserializer)?.get();
        Ok(Self(serde_json::from_str(value).map_err(|error| {
            let reason = error.to_string();
            // Where in the value is plain from the value.
            let reason = reason.split(" at line ").next().unwrap_or_default();
            let is_quoted = value.starts_with('"') && !reason.starts_with("invalid type");
            format!("{reason}{}", if is_quoted { ", a number without quotes" } else { "" })
        })))
    }
}

impl<T> Checked<T> {
    /// The value; what is wrong goes to `faults` under the field's `name`.
    fn value(self, name: &str, faults: &mut Vec<String>) -> Option<T> {
        self.0.map_err(|reason| faults.push(format!("{name}: {reason}"))).ok()
    }
}

/// `on_hand` as it is sent.
#[derive(Default, Clone, Copy, Deserialize)]
#[serde(try_from = "Option<Value>")]
enum OnHand {
    #[default]
    Unsaid,
    /// `null`.
    NotCounted,
    Counted(u32),
}

impl TryFrom<Option<Value>> for OnHand {
    type Error = String;

    fn try_from(sent: Option<Value>) -> Result<Self, String> {
        let Some(sent) = sent else { return Ok(Self::NotCounted) };
        let units = sent.as_u64().and_then(|units| u32::try_from(units).ok());
        let expected = || format!("expected a whole number of units from 0 to {}", u32::MAX);
        units.map(Self::Counted).ok_or_else(expected)
    }
}

impl LivePrice {
    pub(super) const NOT_SOLD: Self = Self(None);

    /// Reads the body of an answer. The error names every field that is at fault.
    pub(super) fn parse(json: &[u8]) -> Result<Self, String> {
        let answer: Answer = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let mut faults = Vec::new();
        let unit_price = answer.unit_price_usd.value("unit_price_usd", &mut faults);
        if unit_price == Some(Usd::ZERO) {
            faults.push("unit_price_usd: expected more than 0".to_owned());
        }
        let regular = answer.regular_unit_price_usd.value("regular_unit_price_usd", &mut faults);
        let on_hand = answer.on_hand.value("on_hand", &mut faults);
        let in_stock = answer.in_stock.value("in_stock", &mut faults);
        let (Some(unit_price), Some(regular_unit_price), Some(on_hand), Some(in_stock), []) =
            (unit_price, regular, on_hand, in_stock, faults.as_slice())
        else {
            return Err(faults.join("; "));
        };
        let stock = match (on_hand, in_stock) {
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
        Ok(Self(Some(Sold { unit_price, regular_unit_price, stock })))
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
