//! Where the goods go.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A delivery region, written `STATE-COUNTRY` as in `CA-US` (seed, "RFQ Request").
///
/// The state is the part of an ISO 3166-2 code after the hyphen (1 to 3 letters or digits), the
/// country an ISO 3166-1 alpha-2 code (2 letters). The shape is checked, not whether ISO has
/// assigned the code: an agent declines regions it does not serve anyway. Lower case is read and
/// becomes upper case.
///
/// ```
/// use rfq_sdk::Region;
///
/// let region: Region = "CA-US".parse()?;
/// assert_eq!((region.state(), region.country()), ("CA", "US"));
/// # Ok::<(), rfq_sdk::RegionError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region {
    /// Upper-case ASCII, the end filled with zeros.
    state: [u8; 3],
    country: [u8; 2],
}

/// The text is not a [`Region`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected STATE-COUNTRY with ISO 3166 codes, such as CA-US")]
pub struct RegionError;

impl Region {
    /// The subdivision, such as `CA` for California: 1 to 3 upper-case letters or digits.
    #[must_use]
    pub fn state(&self) -> &str {
        ascii(&self.state).trim_end_matches('\0')
    }

    /// The country, such as `US`: 2 upper-case letters.
    #[must_use]
    pub fn country(&self) -> &str {
        ascii(&self.country)
    }
}

fn ascii(letters: &[u8]) -> &str {
    std::str::from_utf8(letters).unwrap_or_default()
}

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, RegionError> {
        let (state, country) = text.split_once('-').ok_or(RegionError)?;
        let is_state =
            (1..=3).contains(&state.len()) && state.bytes().all(|b| b.is_ascii_alphanumeric());
        let is_country = country.bytes().all(|b| b.is_ascii_alphabetic());
        let mut country: [u8; 2] = country.as_bytes().try_into().map_err(|_| RegionError)?;
        if !is_state || !is_country {
            return Err(RegionError);
        }
        country.make_ascii_uppercase();
        let mut letters = [0; 3];
        for (letter, given) in letters.iter_mut().zip(state.bytes()) {
            *letter = given.to_ascii_uppercase();
        }
        Ok(Self { state: letters, country })
    }
}

impl TryFrom<String> for Region {
    type Error = RegionError;

    fn try_from(text: String) -> Result<Self, RegionError> {
        text.parse()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.to_string()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.state(), self.country())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_shape_is_checked() {
        for good in ["CA-US", "1-AT", "ENG-GB", "B-AR", "ca-us"] {
            assert!(good.parse::<Region>().is_ok(), "{good:?}");
        }
        let bad = ["", "-", "US", "CA-", "-US", "CA-USA", "CALI-US", "CA-US-X", "CA_US", "CA-1S"];
        for text in bad.into_iter().chain([" CA-US", "CA-US ", "C\u{e4}-US"]) {
            assert_eq!(text.parse::<Region>(), Err(RegionError), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_region_survives_text_and_json(text in "[A-Za-z0-9]{1,3}-[A-Za-z]{2}") {
            let region: Region = text.parse().unwrap();
            prop_assert_eq!(region.to_string(), text.to_ascii_uppercase());
            prop_assert_eq!(region.to_string().parse::<Region>().unwrap(), region.clone());
            let json = serde_json::to_string(&region).unwrap();
            prop_assert_eq!(serde_json::from_str::<Region>(&json).unwrap(), region);
        }

        #[test]
        fn what_is_read_has_the_shape(text in "\\PC{0,8}") {
            if let Ok(region) = text.parse::<Region>() {
                prop_assert_eq!(region.to_string(), text.to_ascii_uppercase());
            }
        }
    }
}
