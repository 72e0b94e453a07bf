//! Where a rule counts.

use std::fmt;
use std::str::FromStr;

use rfq_sdk::Region;
use serde::Deserialize;

/// Where a rule counts: `CA-US`, `US` or `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Place {
    State(Region),
    /// Two upper-case letters, as in [`Region::country`].
    Country(Box<str>),
    Everywhere,
}

/// A text names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?}: expected a state such as CA-US, a country such as US, or *")]
pub struct PlaceError {
    given: String,
}

impl Place {
    /// The places that `region` is in, most specific first.
    pub(crate) fn around(region: &Region) -> [Self; 3] {
        [Self::State(region.clone()), Self::Country(region.country().into()), Self::Everywhere]
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        if text == "*" {
            return Ok(Self::Everywhere);
        }
        if let Ok(region) = text.parse() {
            return Ok(Self::State(region));
        }
        // A state stands in front, so that countries are checked where regions are.
        let country = format!("X-{text}").parse::<Region>();
        country
            .map(|region| Self::Country(region.country().into()))
            .map_err(|_| PlaceError { given: text.to_owned() })
    }
}

impl TryFrom<String> for Place {
    type Error = PlaceError;

    fn try_from(text: String) -> Result<Self, PlaceError> {
        text.parse()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(region) => region.fmt(f),
            Self::Country(country) => f.write_str(country),
            Self::Everywhere => f.write_str("*"),
        }
    }
}
