//! Who asks.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The configured identity of whoever holds the secret: 1 to 128 visible ASCII characters.
///
/// Offers are remembered per caller, so one caller never reads another's. Cheap to clone.
///
/// ```
/// use rfq_sdk::Caller;
///
/// let caller: Caller = "productindex".parse()?;
/// assert_eq!(Caller::default().as_str(), "marketplace");
/// # Ok::<(), rfq_sdk::CallerError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Caller(Arc<str>);

/// The text is not a [`Caller`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 128 visible ASCII characters")]
pub struct CallerError;

impl Caller {
    /// The identity as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Caller {
    fn default() -> Self {
        Self("marketplace".into())
    }
}

impl FromStr for Caller {
    type Err = CallerError;

    fn from_str(text: &str) -> Result<Self, CallerError> {
        let visible = (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if visible { Ok(Self(text.into())) } else { Err(CallerError) }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caller({self})")
    }
}
