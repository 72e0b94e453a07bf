//! Where a rule counts.

use std::fmt;
use std::str::FromStr;

use rfq_sdk::Region;
use serde::Deserialize;

/// What ISO 3166 names twice: as a state of the US, `PR-US`, and as a country, `PR`.
const TERRITORIES: [&str; 6] = ["AS", "GU", "MP", "PR", "UM", "VI"];

/// A territory of the US as the state that it also is, whichever way `country` and `state` spell it.
/// All else as it is.
pub(super) fn as_state<'a>(country: &'a str, state: Option<&'a str>) -> (&'a str, Option<&'a str>) {
    if TERRITORIES.contains(&country) { ("US", Some(country)) } else { (country, state) }
}

/// Where a rule counts: `CA-US`, `US` or `*`. A territory of the US is a state: `PR` is `PR-US`.
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
#[error("{given:?}: expected a state such as CA-US, a country such as US, or *{hint}")]
pub struct PlaceError {
    given: String,
    hint: String,
}

impl Place {
    /// The places that `region` is in, most specific first.
    pub(crate) fn around(region: &Region) -> [Self; 3] {
        let state = Self::State(region.clone()).of_territory();
        let (country, _) = as_state(region.country(), None);
        [state, Self::Country(country.into()), Self::Everywhere]
    }

    fn of_territory(self) -> Self {
        let country = match &self {
            Self::State(region) => region.country(),
            Self::Country(country) => country,
            Self::Everywhere => return self,
        };
        match as_state(country, None) {
            (country, Some(state)) => {
                format!("{state}-{country}").parse().map_or(self, Self::State)
            }
            (_, None) => self,
        }
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        if text == "*" {
            return Ok(Self::Everywhere);
        }
        let region = text.parse::<Region>();
        // As ISO 3166-2 writes it; no country has a state of that name, so it would never count.
        if let Some(region) = region.as_ref().ok().filter(|region| region.state() == "US") {
            let hint = format!("; did you mean {}-US?", region.country());
            return Err(PlaceError { given: text.to_owned(), hint });
        }
        if let Ok(region) = region {
            return Ok(Self::State(region).of_territory());
        }
        // A state stands in front, so that countries are checked where regions are.
        let country = format!("X-{text}").parse::<Region>();
        country
            .map(|region| Self::Country(region.country().into()).of_territory())
            .map_err(|_| PlaceError { given: text.to_owned(), hint: String::new() })
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
