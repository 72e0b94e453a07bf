//! Amounts of US dollars, exact to the cent.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::offer::write_integer;

/// An amount of US dollars: whole cents, never negative, at most [`Usd::MAX`].
///
/// On the wire it is a JSON *number* with at most two decimals; a JSON string is refused
/// (wire contract, "Response").
///
/// ```
/// use rfq_sdk::Usd;
///
/// let price: Usd = "169.99".parse()?;
/// assert_eq!(price.cents(), 16_999);
/// assert_eq!(price.checked_mul(5).map(|total| total.to_string()).as_deref(), Some("849.95"));
/// assert_eq!(serde_json::to_string(&price).unwrap(), "169.99");
/// # Ok::<(), rfq_sdk::UsdError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usd {
    cents: u64,
}

/// Why text or a number is not an amount of [`Usd`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UsdError {
    /// Not a decimal number.
    #[error("expected an amount in US dollars such as 169.99")]
    NotANumber,
    /// Below zero.
    #[error("expected an amount of at least 0 US dollars")]
    Negative,
    /// More than two decimals that matter.
    #[error("expected whole cents, so at most two decimals")]
    FractionOfACent,
    /// Above [`Usd::MAX`].
    #[error("expected at most {} US dollars", Usd::MAX)]
    TooLarge,
}

impl Usd {
    /// Nothing, as in free shipping.
    pub const ZERO: Self = Self { cents: 0 };

    /// One cent under a trillion dollars: up to here readers that keep JSON numbers in binary
    /// floats tell every two cents apart, with room to add and multiply by 100.
    pub const MAX: Self = Self { cents: 99_999_999_999_999 };

    /// The amount of so many cents.
    ///
    /// # Errors
    /// [`UsdError::TooLarge`] above [`Usd::MAX`].
    pub const fn from_cents(cents: u64) -> Result<Self, UsdError> {
        if cents > Self::MAX.cents { Err(UsdError::TooLarge) } else { Ok(Self { cents }) }
    }

    /// The amount in cents.
    #[must_use]
    pub const fn cents(self) -> u64 {
        self.cents
    }

    /// The sum, or `None` above [`Usd::MAX`].
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.cents.checked_add(other.cents).and_then(|cents| Self::from_cents(cents).ok())
    }

    /// The price of `quantity` units at this price each, or `None` above [`Usd::MAX`].
    #[must_use]
    pub fn checked_mul(self, quantity: u32) -> Option<Self> {
        self.cents.checked_mul(u64::from(quantity)).and_then(|cents| Self::from_cents(cents).ok())
    }

    /// Appends the JSON number that `Serialize` writes.
    pub(crate) fn write_json(self, json: &mut Vec<u8>) {
        write_integer(self.cents / 100, json);
        let (tenths, hundredths) = (self.cents / 10 % 10, self.cents % 10);
        if (tenths, hundredths) != (0, 0) {
            json.push(b'.');
            write_integer(tenths, json);
            if hundredths != 0 {
                write_integer(hundredths, json);
            }
        }
    }

    /// Reads the digits of a JSON number.
    ///
    /// A number within a millionth of a cent of a whole cent is that cent, since shops that
    /// multiply binary floats print `3.3000000000000003` (wire contract, "Response").
    ///
    /// # Errors
    /// [`UsdError`] for anything else, `1e400` included, and numbers that need more than 28 decimals
    /// because of their exponent.
    pub fn from_json_number(digits: &str) -> Result<Self, UsdError> {
        match usual_cents(digits) {
            Some(cents) => Self::from_cents(cents),
            None => Self::from_any_json_number(digits),
        }
    }

    fn from_any_json_number(digits: &str) -> Result<Self, UsdError> {
        let (significand, exponent) = json_number(digits).ok_or(UsdError::NotANumber)?;
        if significand.bytes().all(|b| matches!(b, b'-' | b'0' | b'.')) {
            return Ok(Self::ZERO);
        }
        let value = match exponent {
            Some(_) => Decimal::from_scientific(digits),
            None => Decimal::from_str(digits),
        }
        .map_err(|_| match (significand.starts_with('-'), exponent) {
            (true, _) => UsdError::Negative,
            (false, Some(exponent)) if exponent.starts_with('-') => UsdError::FractionOfACent,
            (false, _) => UsdError::TooLarge,
        })?;
        let cents = value.round_dp(2);
        let millionth_of_a_cent = Decimal::new(1, 8);
        if (value - cents).abs() > millionth_of_a_cent {
            return Err(UsdError::FractionOfACent);
        }
        Self::try_from(cents)
    }
}

/// The cents of a JSON number as nearly all amounts are: a few digits, and at most two decimals.
fn usual_cents(text: &str) -> Option<u64> {
    // No JSON number has a zero before other digits; fifteen are far from too many for the number.
    match text.as_bytes() {
        [b'0', b'0'..=b'9', ..] => return None,
        [b'0'..=b'9', ..] if text.len() <= 15 => {}
        _ => return None,
    }
    let (mut number, mut decimals) = (0, None);
    for byte in text.bytes() {
        match (byte, decimals) {
            (b'0'..=b'9', _) => {
                number = number * 10 + u64::from(byte - b'0');
                decimals = decimals.map(|count| count + 1);
            }
            (b'.', None) => decimals = Some(0),
            _ => return None,
        }
    }
    match decimals {
        None => Some(number * 100),
        Some(1) => Some(number * 10),
        Some(2) => Some(number),
        Some(_) => None,
    }
}

/// The parts of a JSON number (RFC 8259, section 6): what stands before the exponent, and the
/// exponent without its `e`; `None` if it is not one.
fn json_number(text: &str) -> Option<(&str, Option<&str>)> {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (significand, exponent) = match text.split_once(['e', 'E']) {
        Some((significand, exponent)) => (significand, Some(exponent)),
        None => (text, None),
    };
    let unsigned = significand.strip_prefix('-').unwrap_or(significand);
    let (whole, fraction) = match unsigned.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    let is_number = is_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(is_digits)
        && exponent.is_none_or(|e| is_digits(e.strip_prefix(['+', '-']).unwrap_or(e)));
    is_number.then_some((significand, exponent))
}

impl TryFrom<Decimal> for Usd {
    type Error = UsdError;

    /// # Errors
    /// [`UsdError`] when the decimal is negative, too large, or not in whole cents.
    fn try_from(value: Decimal) -> Result<Self, UsdError> {
        if value < Decimal::ZERO {
            return Err(UsdError::Negative);
        }
        let cents = value.checked_mul(Decimal::ONE_HUNDRED).ok_or(UsdError::TooLarge)?;
        if !cents.fract().is_zero() {
            return Err(UsdError::FractionOfACent);
        }
        Self::from_cents(u64::try_from(cents).map_err(|_| UsdError::TooLarge)?)
    }
}

impl From<Usd> for Decimal {
    fn from(amount: Usd) -> Self {
        Self::from_i128_with_scale(i128::from(amount.cents), 2)
    }
}

/// Reads `169.99`, `170` or `170.5`: digits, then at most two decimals. No sign, no currency, no
/// exponent.
impl FromStr for Usd {
    type Err = UsdError;

    fn from_str(text: &str) -> Result<Self, UsdError> {
        let (dollars, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if text.strip_prefix('-').is_some_and(|rest| Self::from_str(rest).is_ok()) {
            return Err(UsdError::Negative);
        }
        if !is_number(dollars) || !is_number(decimals) {
            return Err(UsdError::NotANumber);
        }
        let (cents, beyond) = decimals.split_at(decimals.len().min(2));
        if beyond.bytes().any(|b| b != b'0') {
            return Err(UsdError::FractionOfACent);
        }
        // At most two digits, so only the dollars can be too large.
        let cents: u64 = format!("{cents:0<2}").parse().map_err(|_| UsdError::NotANumber)?;
        let dollars: u64 = dollars.parse().map_err(|_| UsdError::TooLarge)?;
        let total = dollars.checked_mul(100).and_then(|total| total.checked_add(cents));
        Self::from_cents(total.ok_or(UsdError::TooLarge)?)
    }
}

/// Always two decimals and no currency sign: `169.99`, `170.00`.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.cents / 100, self.cents % 100)
    }
}

impl fmt::Debug for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Usd({self})")
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.cents.is_multiple_of(100) {
            serializer.serialize_u64(self.cents / 100)
        } else {
            // The library's float is the nearest to the cent, and up to `Usd::MAX` the shortest
            // text of that float is the cent again (property-tested below).
            rust_decimal::serde::float::serialize(&Decimal::from(*self), serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::from_json_number(raw.get()).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_text_strictly() {
        let cases = [
            ("169.99", Ok(16_999)),
            ("0", Ok(0)),
            ("170", Ok(17_000)),
            ("170.5", Ok(17_050)),
            ("170.500", Ok(17_050)),
            ("999999999999.99", Ok(99_999_999_999_999)),
            ("1000000000000", Err(UsdError::TooLarge)),
            ("99999999999999999999", Err(UsdError::TooLarge)),
            ("-1", Err(UsdError::Negative)),
            ("0.001", Err(UsdError::FractionOfACent)),
            ("", Err(UsdError::NotANumber)),
            (".", Err(UsdError::NotANumber)),
            ("1.", Err(UsdError::NotANumber)),
            (".5", Err(UsdError::NotANumber)),
            ("+1", Err(UsdError::NotANumber)),
            ("1e3", Err(UsdError::NotANumber)),
            ("1,000.00", Err(UsdError::NotANumber)),
            ("\u{661}", Err(UsdError::NotANumber)),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse().map(Usd::cents), expected, "{text:?}");
        }
    }

    #[test]
    fn reads_json_numbers_to_a_millionth_of_a_cent() {
        let cases = [
            ("3.3000000000000003", Ok(330)),
            ("0.1000000000000000055511151231257827", Ok(10)),
            ("1.005", Err(UsdError::FractionOfACent)),
            ("0.00000001", Ok(0)),
            ("0.00000002", Err(UsdError::FractionOfACent)),
            ("169.98999999", Ok(16_999)),
            ("1.6999e2", Ok(16_999)),
            ("1E2", Ok(10_000)),
            ("1e+2", Ok(10_000)),
            ("-0", Ok(0)),
            ("-0.0", Ok(0)),
            ("-1", Err(UsdError::Negative)),
            ("1e400", Err(UsdError::TooLarge)),
            ("-1e400", Err(UsdError::Negative)),
            ("99999999999999999999999999999999999999", Err(UsdError::TooLarge)),
            ("\"1\"", Err(UsdError::NotANumber)),
            ("true", Err(UsdError::NotANumber)),
            ("[1]", Err(UsdError::NotANumber)),
            ("0e99", Ok(0)),
            ("0.0e-400", Ok(0)),
            ("1e-400", Err(UsdError::FractionOfACent)),
            ("1_000", Err(UsdError::NotANumber)),
            ("+5", Err(UsdError::NotANumber)),
            (".5", Err(UsdError::NotANumber)),
            ("5.", Err(UsdError::NotANumber)),
            ("05", Err(UsdError::NotANumber)),
            ("5e", Err(UsdError::NotANumber)),
            ("5e1.5", Err(UsdError::NotANumber)),
        ];
        for (digits, expected) in cases {
            assert_eq!(Usd::from_json_number(digits).map(Usd::cents), expected, "{digits}");
        }
    }

    #[test]
    fn whole_dollars_are_written_without_decimals() {
        assert_eq!(serde_json::to_string(&Usd::ZERO).unwrap(), "0");
        assert_eq!(serde_json::to_string(&Usd::from_cents(17_000).unwrap()).unwrap(), "170");
        assert_eq!(serde_json::to_string(&Usd::MAX).unwrap(), "999999999999.99");
    }

    #[test]
    fn a_json_string_is_refused() {
        assert!(serde_json::from_str::<Usd>("\"1.00\"").is_err());
        assert!(serde_json::from_value::<Usd>(serde_json::json!("1.00")).is_err());
        assert_eq!(serde_json::from_value::<Usd>(serde_json::json!(1.5)).unwrap().cents(), 150);
    }

    fn any_usd() -> impl Strategy<Value = Usd> {
        prop_oneof![0..1_000_000_u64, 0..=Usd::MAX.cents, (Usd::MAX.cents - 1000)..=Usd::MAX.cents]
            .prop_map(|cents| Usd::from_cents(cents).unwrap())
    }

    proptest! {
        #[test]
        fn every_amount_survives_json_text_and_decimal(amount in any_usd()) {
            let json = serde_json::to_string(&amount).unwrap();
            prop_assert_eq!(serde_json::from_str::<Usd>(&json).unwrap(), amount);
            prop_assert!(json.split_once('.').is_none_or(|(_, decimals)| decimals.len() <= 2), "{}", json);
            prop_assert_eq!(amount.to_string().parse::<Usd>().unwrap(), amount);
            prop_assert_eq!(Usd::try_from(Decimal::from(amount)).unwrap(), amount);
            // A reader that keeps it in a binary float sees the same cent.
            let float: f64 = json.parse().unwrap();
            prop_assert_eq!(format!("{float:.2}"), amount.to_string());
        }

        #[test]
        fn the_quick_way_reads_what_the_thorough_one_does(digits in "-?[0-9]{0,14}(\\.[0-9]{0,3})?(e1)?") {
            let thorough = Usd::from_any_json_number(&digits);
            prop_assert_eq!(Usd::from_json_number(&digits), thorough, "{}", digits);
        }

        #[test]
        fn arithmetic_agrees_with_wide_integers(a in any_usd(), b in any_usd(), quantity in 0..=1_000_000_u32) {
            let wide = |cents: u128| u64::try_from(cents).ok().and_then(|c| Usd::from_cents(c).ok());
            prop_assert_eq!(a.checked_add(b), wide(u128::from(a.cents) + u128::from(b.cents)));
            prop_assert_eq!(a.checked_mul(quantity), wide(u128::from(a.cents) * u128::from(quantity)));
        }

        #[test]
        fn text_is_read_or_refused_but_never_a_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<Usd>();
            let _ = Usd::from_json_number(&text);
        }
    }
}
