//! Names that nobody can guess.

use std::fmt;
use std::str::FromStr;

/// The name of a quote, an offer or a claim towards consumers: 128 random bits, written as 32
/// lower-case hex digits. Whoever knows it may read what it names, so that no producer may ever see
/// that of a quote or of another's offer (wire contract, "Ids").
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicId(u128);

/// Not a [`PublicId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 32 lower-case hex digits")]
pub struct PublicIdError;

impl PublicId {
    /// The id made of these bytes, which must come from the system's source of randomness.
    #[must_use]
    pub const fn from_random(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }
}

impl FromStr for PublicId {
    type Err = PublicIdError;

    fn from_str(text: &str) -> Result<Self, PublicIdError> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(is_digit) {
            return Err(PublicIdError);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| PublicIdError)
    }
}

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Its first eight digits, which tell it from others and open nothing.
impl fmt::Debug for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicId({:08x}..)", self.0 >> 96)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_id_survives_its_text(bytes: [u8; 16]) {
            let id = PublicId::from_random(bytes);
            prop_assert_eq!(id.to_string().parse::<PublicId>(), Ok(id));
        }
    }

    #[test]
    fn what_opens_a_quote_is_in_no_log() {
        let id = PublicId::from_random([0x0a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!(format!("{id:?}"), "PublicId(0a010203..)");
    }

    #[test]
    fn one_id_has_one_text() {
        let text = "00f0000000000000000000000000000a";
        assert_eq!(text.parse::<PublicId>().unwrap().to_string(), text);
        for text in
            ["", "0", &text.to_uppercase(), &format!("+{}", &text[1..]), &format!("0{text}")]
        {
            assert_eq!(text.parse::<PublicId>(), Err(PublicIdError), "{text}");
        }
    }
}
