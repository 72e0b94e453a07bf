//! What people call a producer or a product.

use std::fmt;
use std::str::FromStr;

/// A name for people: 1 to [`Name::MAX_CHARACTERS`] characters, no control characters, no white space
/// at its ends. It is text of others: where it reaches pages and language models it is untrusted.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<str>);

/// Not a [`Name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected 1 to {} characters, without control characters and outer white space",
    Name::MAX_CHARACTERS
)]
pub struct NameError;

impl Name {
    /// The most characters: twice the 150 that Google Merchant Center allows a title.
    pub const MAX_CHARACTERS: usize = 300;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let fits = (1..=Self::MAX_CHARACTERS).contains(&text.chars().count())
            && text.trim() == text
            && !text.contains(char::is_control);
        fits.then(|| Self(text.into())).ok_or(NameError)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({:?})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_short_line() {
        let longest = "é".repeat(300);
        for text in ["a", "Baratza Encore ESP", &longest] {
            assert_eq!(text.parse::<Name>().unwrap().as_str(), text);
        }
        for text in ["", " a", "a ", "a\nb", "a\0b", &format!("{longest}e")] {
            assert_eq!(text.parse::<Name>(), Err(NameError), "{text:?}");
        }
    }
}
