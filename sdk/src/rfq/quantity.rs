//! How many units.

use std::fmt;

/// How many units are asked for: 1 to [`Quantity::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quantity(u32);

/// The number is not a [`Quantity`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an integer from 1 to {}", Quantity::MAX)]
pub struct QuantityError;

impl Quantity {
    /// A single unit, the default of a request that names no quantity.
    pub const ONE: Self = Self(1);

    /// The most units one request may ask for.
    pub const MAX: u32 = 1_000_000;

    /// So many units.
    ///
    /// # Errors
    /// [`QuantityError`] for 0 and above [`Quantity::MAX`].
    pub const fn new(units: u32) -> Result<Self, QuantityError> {
        if units == 0 || units > Self::MAX { Err(QuantityError) } else { Ok(Self(units)) }
    }

    /// The number of units, 1 to [`Quantity::MAX`].
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
