//! Where a rule counts.

use std::fmt;
use std::str::FromStr;

use rfq_sdk::Region;
use serde::Deserialize;

use super::country::{has_state, is_country, is_turned_round};

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
#[non_exhaustive]
pub enum PlaceError {
    /// It is not written as one.
    #[error("{given:?}: expected a state such as CA-US, a country such as US, or *")]
    Unreadable {
        /// The text.
        given: String,
    },
    /// The country stands in front of its state, as ISO 3166-2 writes them.
    #[error("{given}: did you mean {meant}? Regions are written STATE-COUNTRY")]
    TurnedRound {
        /// The text.
        given: String,
        /// The same with the state in front.
        meant: String,
    },
    /// No country has this code, so that no request would ever match.
    #[error(
        "{given}: {country} is no country of ISO 3166; expected a state such as CA-US, or a country such as GB"
    )]
    UnknownCountry {
        /// The text.
        given: String,
        /// The code in it that should be a country's.
        country: String,
    },
    /// The US or Canada have no state of this code, so that no request would ever match.
    #[error("{given}: {country} has no state {state}; expected one such as CA-US or ON-CA")]
    UnknownState {
        /// The text.
        given: String,
        /// The code in it that should be a state's.
        state: String,
        /// The country's code.
        country: String,
    },
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
        let given = || text.to_owned();
        let (region, is_state) = match text.parse::<Region>() {
            Ok(region) => (region, true),
            // A state stands in front, so that countries are read where regions are.
            Err(_) => match format!("X-{text}").parse() {
                Ok(region) => (region, false),
                Err(_) => return Err(PlaceError::Unreadable { given: given() }),
            },
        };
        let (state, country) = (region.state(), region.country());
        if is_state && is_turned_round(state, country) {
            let meant = format!("{country}-{state}");
            return Err(PlaceError::TurnedRound { given: given(), meant });
        }
        if !is_country(country) {
            let country = country.to_owned();
            return Err(PlaceError::UnknownCountry { given: given(), country });
        }
        if is_state && !has_state(country, state) {
            let (state, country) = (state.to_owned(), country.to_owned());
            return Err(PlaceError::UnknownState { given: given(), state, country });
        }
        let country = Self::Country(country.into());
        Ok(if is_state { Self::State(region) } else { country }.of_territory())
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
