//! Conditions in words.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// Conditions for the consumer: 1 to [`Terms::MAX_CHARACTERS`] characters, none of them a control
/// character. Cheap to clone.
///
/// Whoever reads the terms of others must treat them as untrusted text: they reach language models.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Terms(Arc<str>);

/// Why a text cannot serve as [`Terms`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TermsError {
    /// Nothing is left after control characters and outer white space are gone.
    #[error("terms: expected some text")]
    Empty,
    /// Longer than [`Terms::MAX_CHARACTERS`].
    #[error("terms: expected at most {} characters", Terms::MAX_CHARACTERS)]
    TooLong,
}

impl Terms {
    /// The most characters, counted as Unicode scalar values.
    pub const MAX_CHARACTERS: usize = 500;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The terms in an answer of another, cut to the limit; `None` when nothing is left.
    pub(crate) fn cut(text: &str) -> Option<Self> {
        // As nearly all are: short, and nothing to clean.
        let is_plain = text.bytes().fold(true, |all, byte| all & matches!(byte, b' '..=b'~'));
        let is_trimmed = !text.is_empty() && !text.starts_with(' ') && !text.ends_with(' ');
        if is_plain && is_trimmed && text.len() <= Self::MAX_CHARACTERS {
            return Some(Self(text.into()));
        }
        let text: String = cleaned(text).chars().take(Self::MAX_CHARACTERS).collect();
        text.parse().ok()
    }
}

/// Line breaks and tabs become spaces, other control characters vanish.
fn cleaned(text: &str) -> String {
    let spaced = text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c });
    spaced.filter(|c| !c.is_control()).collect::<String>().trim().to_owned()
}

impl FromStr for Terms {
    type Err = TermsError;

    /// Line breaks and tabs become spaces, other control characters and outer white space go.
    fn from_str(text: &str) -> Result<Self, TermsError> {
        let text = cleaned(text);
        if text.is_empty() {
            Err(TermsError::Empty)
        } else if text.chars().count() > Self::MAX_CHARACTERS {
            Err(TermsError::TooLong)
        } else {
            Ok(Self(text.into()))
        }
    }
}

impl Serialize for Terms {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Terms({:?})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_go_and_the_length_is_kept() {
        let terms: Terms = " Free returns\nwithin 30\u{7} days\u{0} ".parse().unwrap();
        assert_eq!(terms.as_str(), "Free returns within 30 days");
        assert_eq!("\n\u{1}".parse::<Terms>(), Err(TermsError::Empty));
        assert!("ä".repeat(500).parse::<Terms>().is_ok());
        assert_eq!("ä".repeat(501).parse::<Terms>(), Err(TermsError::TooLong));
        assert_eq!(Terms::cut(&"ä".repeat(600)), "ä".repeat(500).parse().ok());
        assert_eq!(Terms::cut("\n"), None);
        for (text, cut) in [("", None), (" ", None), (" a~ ", Some("a~")), ("a\u{7f}b", Some("ab"))]
        {
            assert_eq!(Terms::cut(text).as_ref().map(Terms::as_str), cut, "{text:?}");
        }
    }
}
