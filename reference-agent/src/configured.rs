//! Values as a configuration writes them.

use std::fmt;
use std::ops::RangeInclusive;

use rfq_sdk::Usd;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// US dollars, a number such as `6.99` or `7`.
///
/// Of a float its shortest text counts, which is what was written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Money(pub(crate) Usd);

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MoneyVisitor)
    }
}

struct MoneyVisitor;

impl Visitor<'_> for MoneyVisitor {
    type Value = Money;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount in US dollars such as 6.99")
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Money, E> {
        // Unlike `Display`, this writes what is large with an exponent.
        money(&format!("{number:?}"))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Money, E> {
        money(&number.to_string())
    }
}

fn money<E: Error>(number: &str) -> Result<Money, E> {
    Usd::from_json_number(number)
        .map(Money)
        .map_err(|error| E::custom(format_args!("{number}: {error}")))
}

/// Reads a whole number in `range`; `expected` says what it is, in words.
pub(crate) fn whole<'de, D: Deserializer<'de>>(
    deserializer: D,
    range: RangeInclusive<i64>,
    expected: &'static str,
) -> Result<i64, D::Error> {
    deserializer.deserialize_any(WholeVisitor { range, expected })
}

struct WholeVisitor {
    range: RangeInclusive<i64>,
    expected: &'static str,
}

impl Visitor<'_> for WholeVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        if self.range.contains(&number) {
            Ok(number)
        } else {
            Err(E::invalid_value(Unexpected::Signed(number), &self))
        }
    }
}
