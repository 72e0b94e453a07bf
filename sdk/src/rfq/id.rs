//! The name of one request.

use std::fmt;
use std::str::FromStr;

/// The marketplace's name for one request for a quote: 1 to 128 visible ASCII characters, a uuid
/// in practice.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RfqId(Box<str>);

/// The text is not an [`RfqId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 128 visible ASCII characters")]
pub struct RfqIdError;

impl RfqId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RfqId {
    type Err = RfqIdError;

    fn from_str(text: &str) -> Result<Self, RfqIdError> {
        let visible = (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if visible { Ok(Self(text.into())) } else { Err(RfqIdError) }
    }
}

impl fmt::Display for RfqId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RfqId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RfqId({self})")
    }
}
