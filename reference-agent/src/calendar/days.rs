//! Numbers of business days in the configuration.

use serde::Deserialize;

use crate::catalogue::Days;

/// The fewest and the most business days: `[2, 5]`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "Vec<i64>")]
pub(crate) struct DayRange(pub(crate) Days);

/// The most business days that can be configured: a year of them, as in a feed.
const MOST: u16 = 365;

#[derive(Debug, thiserror::Error)]
#[error(
    "{given:?}: expected the fewest and the most business days, such as [2, 5], from 0 to {MOST}"
)]
pub(crate) struct DayRangeError {
    given: Vec<i64>,
}

impl TryFrom<Vec<i64>> for DayRange {
    type Error = DayRangeError;

    fn try_from(given: Vec<i64>) -> Result<Self, DayRangeError> {
        let days = |count: i64| u16::try_from(count).ok().filter(|count| *count <= MOST);
        let range = match *given.as_slice() {
            [min, max] if min <= max => days(min).zip(days(max)),
            _ => None,
        };
        range.map(|(min, max)| Self(Days { min, max })).ok_or(DayRangeError { given })
    }
}
