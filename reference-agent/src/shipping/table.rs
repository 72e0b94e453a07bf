//! Where one product is sent, as its feed says.

use rfq_sdk::{Region, Usd};

use super::place::as_state;
use crate::catalogue::Days;

/// The rates of a product, as its feed lists them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShippingTable {
    rates: Vec<Rate>,
}

/// One way to send a product. The charge is for an order, however many units it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Two upper-case letters, as in [`Region::country`].
    pub country: Box<str>,
    /// As in [`Region::state`]; `None` is the whole country.
    pub state: Option<Box<str>>,
    /// What it costs; zero is free.
    pub price: Usd,
    /// Business days in the shop; `None` is what the product says.
    pub handling: Option<Days>,
    /// Business days on the road; `None` is what the shop's zone says, if this is the only rate.
    pub transit: Option<Days>,
}

impl Rate {
    /// Its country, and its state unless it is for the whole country. A territory of the US is a
    /// state, whichever way it is spelled.
    pub(super) fn place(&self) -> (&str, Option<&str>) {
        as_state(&self.country, self.state.as_deref())
    }
}

/// What a table says of a region.
#[derive(Debug, PartialEq, Eq)]
pub enum Served<'a> {
    /// The table is empty, so nothing is known.
    Unknown,
    /// No rate covers the region.
    No,
    /// These rates cover it, at least one: those for its state if there are any, else those for
    /// its country.
    By(Vec<&'a Rate>),
}

impl ShippingTable {
    /// A table of `rates`.
    #[must_use]
    pub fn new(rates: Vec<Rate>) -> Self {
        Self { rates }
    }

    /// The rates for `region`. What is said of a state counts before what is said of its country.
    #[must_use]
    pub fn serve(&self, region: &Region) -> Served<'_> {
        if self.rates.is_empty() {
            return Served::Unknown;
        }
        let (country, state) = as_state(region.country(), Some(region.state()));
        let of = |state| self.rates.iter().filter(move |rate| rate.place() == (country, state));
        let mut rates: Vec<&Rate> = of(state).collect();
        if rates.is_empty() {
            rates.extend(of(None));
        }
        if rates.is_empty() { Served::No } else { Served::By(rates) }
    }
}
