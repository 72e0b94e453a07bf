//! The text shared with the marketplace.

use std::fmt;

use zeroize::Zeroizing;

/// A secret shared with the marketplace (seed, "Authentication").
///
/// It is wiped from memory when dropped and never printed: there is no `Display`, `Debug` shows
/// no part of it, and it can be neither serialised, compared nor cloned.
///
/// ```
/// use rfq_sdk::{Secret, SecretError};
///
/// let secret = Secret::new("an example of a secret, 32 bytes")?;
/// assert_eq!(format!("{secret:?}"), "Secret(redacted)");
/// assert_eq!(Secret::new("too short").unwrap_err(), SecretError::TooShort);
/// # Ok::<(), SecretError>(())
/// ```
pub struct Secret(Zeroizing<Box<[u8]>>);

/// Why a text cannot serve as a [`Secret`]. No variant holds any part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// No text at all.
    #[error("the secret is empty; expected at least {} characters", Secret::MIN_CHARACTERS)]
    Empty,
    /// A NUL character. HMAC pads keys with NULs, so a trailing one would change nothing.
    #[error("the secret contains a NUL character")]
    ContainsNul,
    /// The last character is a line break, most likely left by the file it was read from.
    #[error("the secret ends with a line break; strip it")]
    TrailingNewline,
    /// Nothing but white space.
    #[error("the secret is all white space")]
    Blank,
    /// Fewer than [`Secret::MIN_CHARACTERS`] characters.
    #[error("the secret is too short; expected at least {} characters", Secret::MIN_CHARACTERS)]
    TooShort,
}

impl Secret {
    /// The fewest characters a secret may have (seed, "Authentication"). 32 random bytes, written
    /// as 64 hex digits, are a good choice.
    pub const MIN_CHARACTERS: usize = 16;

    /// Takes the text exactly as it is: nothing is trimmed or decoded, the MAC is keyed with its
    /// UTF-8 bytes.
    ///
    /// # Errors
    /// [`SecretError`] when the text is shorter than 16 characters, all white space, contains NUL
    /// or ends with a line break.
    pub fn new(text: &str) -> Result<Self, SecretError> {
        if text.is_empty() {
            Err(SecretError::Empty)
        } else if text.contains('\0') {
            Err(SecretError::ContainsNul)
        } else if text.ends_with(['\n', '\r']) {
            Err(SecretError::TrailingNewline)
        } else if text.trim().is_empty() {
            Err(SecretError::Blank)
        } else if text.chars().count() < Self::MIN_CHARACTERS {
            Err(SecretError::TooShort)
        } else {
            Ok(Self(Zeroizing::new(text.as_bytes().into())))
        }
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfit_texts_are_refused_by_name() {
        let cases = [
            ("", SecretError::Empty),
            ("0123456789abcde", SecretError::TooShort),
            ("                    ", SecretError::Blank),
            (
                "\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}\u{a0}",
                SecretError::Blank,
            ),
            ("0123456789abcdef\0", SecretError::ContainsNul),
            ("0123456789abcdef\n", SecretError::TrailingNewline),
            ("0123456789abcdef\r\n", SecretError::TrailingNewline),
        ];
        for (text, expected) in cases {
            assert_eq!(Secret::new(text).unwrap_err(), expected, "{text:?}");
        }
        assert!(Secret::new("0123456789abcdef").is_ok());
        assert!(Secret::new("äääääääääääääääü").is_ok(), "sixteen characters, not bytes");
    }
}
