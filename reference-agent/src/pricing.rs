//! What one unit costs: the regular price, a sale, breaks by quantity, and the floor below none of
//! them goes.

use chrono::{DateTime, Utc};
use rfq_sdk::Usd;

use crate::rules::Validity;

/// The prices of one unit of a product, checked against each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitPrices {
    regular: Usd,
    sale: Option<Sale>,
    /// Ascending in quantity, never rising in price, none of them above the regular price.
    breaks: Box<[PriceBreak]>,
    floor: Option<Usd>,
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

/// A lower price of one unit for whoever buys enough of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceBreak {
    /// From so many units on, at least 2.
    pub min_quantity: u32,
    /// The price of each unit.
    pub unit_price: Usd,
}

/// Why prices do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PriceError {
    /// The regular price is nothing.
    #[error("expected more than 0")]
    Zero,
    /// The sale price is nothing.
    #[error("expected more than 0")]
    SaleZero,
    /// A break begins where the regular price already holds.
    #[error("a price break from {min_quantity} units; expected at least 2")]
    BreakQuantity {
        /// Where it begins.
        min_quantity: u32,
    },
    /// Two breaks begin at the same quantity.
    #[error("two price breaks from {min_quantity} units")]
    BreakTwice {
        /// Where both begin.
        min_quantity: u32,
    },
    /// More units would cost more each.
    #[error("from {min_quantity} units each costs {unit_price}, more than when fewer are bought")]
    BreakDearer {
        /// Where the break begins.
        min_quantity: u32,
        /// Its price.
        unit_price: Usd,
    },
    /// A break gives the goods away.
    #[error("from {min_quantity} units each costs nothing; expected more than 0")]
    BreakZero {
        /// Where the break begins.
        min_quantity: u32,
    },
    /// The floor is above the regular price.
    #[error("the lowest price {floor} is above the regular price {regular}")]
    FloorAboveRegular {
        /// The floor.
        floor: Usd,
        /// The regular price.
        regular: Usd,
    },
}

impl UnitPrices {
    /// One price, whatever the quantity and the time.
    ///
    /// # Errors
    /// [`PriceError::Zero`].
    pub fn regular(regular: Usd) -> Result<Self, PriceError> {
        Self::new(regular, None, Vec::new(), None)
    }

    /// Prices of one unit: regular, on sale, from some quantities on, and the lowest there may be.
    /// A sale that is not lower than the regular price is no sale and is dropped. Breaks may come in
    /// any order.
    ///
    /// # Errors
    /// [`PriceError`], when a price is zero, when a unit would cost more in a larger quantity, or when
    /// the floor is above the regular price.
    pub fn new(
        regular: Usd,
        sale: Option<Sale>,
        mut breaks: Vec<PriceBreak>,
        floor: Option<Usd>,
    ) -> Result<Self, PriceError> {
        if regular == Usd::ZERO {
            return Err(PriceError::Zero);
        }
        if sale.is_some_and(|sale| sale.price == Usd::ZERO) {
            return Err(PriceError::SaleZero);
        }
        if let Some(floor) = floor.filter(|floor| *floor > regular) {
            return Err(PriceError::FloorAboveRegular { floor, regular });
        }
        breaks.sort_by_key(|step| step.min_quantity);
        let (mut quantity, mut price) = (1, regular);
        for step in &breaks {
            let PriceBreak { min_quantity, unit_price } = *step;
            if min_quantity < 2 {
                return Err(PriceError::BreakQuantity { min_quantity });
            }
            if min_quantity == quantity {
                return Err(PriceError::BreakTwice { min_quantity });
            }
            if unit_price == Usd::ZERO {
                return Err(PriceError::BreakZero { min_quantity });
            }
            if unit_price > price {
                return Err(PriceError::BreakDearer { min_quantity, unit_price });
            }
            (quantity, price) = (min_quantity, unit_price);
        }
        let sale = sale.filter(|sale| sale.price < regular);
        Ok(Self { regular, sale, breaks: breaks.into(), floor })
    }

    /// The price of one unit of a single one, without any sale.
    #[must_use]
    pub fn list(&self) -> Usd {
        self.regular
    }

    /// The lowest price of one unit that may be asked, if there is one.
    #[must_use]
    pub fn floor(&self) -> Option<Usd> {
        self.floor
    }

    /// The price of each unit when `quantity` are bought at `now`: the lowest of the regular price, a
    /// sale that counts and the break that is reached, but never below the floor.
    ///
    /// A sale counts from its beginning until so shortly before its end that an offer could not be
    /// valid for [`Validity::MIN`] any more.
    #[must_use]
    pub fn each(&self, quantity: u32, now: DateTime<Utc>) -> Usd {
        let without_sale = self.each_without_sale(quantity);
        self.lowered(quantity, now).map_or(without_sale, |(price, _)| price)
    }

    /// How long [`each`](Self::each) holds: until the end of the sale that makes it what it is.
    /// `None` is without end.
    #[must_use]
    pub fn each_until(&self, quantity: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.lowered(quantity, now).and_then(|(_, sale)| sale.until)
    }

    fn each_without_sale(&self, quantity: u32) -> Usd {
        let reached = self.breaks.iter().rfind(|step| step.min_quantity <= quantity);
        self.at_least_floor(reached.map_or(self.regular, |step| step.unit_price))
    }

    /// The price by the sale and the sale, if one counts and makes the price lower.
    fn lowered(&self, quantity: u32, now: DateTime<Utc>) -> Option<(Usd, &Sale)> {
        let sale = self.sale.as_ref().filter(|sale| sale.counts_at(now))?;
        let price = self.at_least_floor(sale.price);
        (price < self.each_without_sale(quantity)).then_some((price, sale))
    }

    fn at_least_floor(&self, price: Usd) -> Usd {
        self.floor.map_or(price, |floor| price.max(floor))
    }
}

impl Sale {
    fn counts_at(&self, now: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from <= now)
            && self.until.is_none_or(|until| until.signed_duration_since(now) > Validity::MIN)
    }
}
