//! The marketplace's name of a product.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A product's canonical name, written `category/slug` as in `coffee-grinders/baratza-encore-esp`
/// (seed, "RFQ Request").
///
/// Both parts are lower-case ASCII letters, digits and hyphens, at least one each; the whole is at
/// most [`ProductSlug::MAX_BYTES`] long. Cheap to clone.
///
/// ```
/// use rfq_sdk::ProductSlug;
///
/// let product: ProductSlug = "coffee-grinders/baratza-encore-esp".parse()?;
/// assert_eq!((product.category(), product.slug()), ("coffee-grinders", "baratza-encore-esp"));
/// # Ok::<(), rfq_sdk::SlugError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProductSlug(Arc<str>);

/// The text is not a [`ProductSlug`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected category/slug in lower-case letters, digits and hyphens, at most {} bytes",
    ProductSlug::MAX_BYTES
)]
pub struct SlugError;

impl ProductSlug {
    /// The most bytes both parts and the stroke between them may take.
    pub const MAX_BYTES: usize = 200;

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the stroke.
    #[must_use]
    pub fn category(&self) -> &str {
        self.0.split_once('/').map_or("", |(category, _)| category)
    }

    /// The part after the stroke.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, slug)| slug)
    }
}

impl FromStr for ProductSlug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, SlugError> {
        let is_part = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        let (category, slug) = text.split_once('/').ok_or(SlugError)?;
        if text.len() > Self::MAX_BYTES || !is_part(category) || !is_part(slug) {
            return Err(SlugError);
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for ProductSlug {
    type Error = SlugError;

    fn try_from(text: String) -> Result<Self, SlugError> {
        text.parse()
    }
}

impl From<ProductSlug> for String {
    fn from(product: ProductSlug) -> Self {
        product.0.as_ref().into()
    }
}

/// So that maps keyed by product can be asked with the text of one.
impl std::borrow::Borrow<str> for ProductSlug {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProductSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProductSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProductSlug({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_shape_is_checked() {
        let longest = format!("{}/{}", "a".repeat(99), "b".repeat(100));
        for good in ["a/b", "coffee-grinders/baratza-encore-esp", "0/-", longest.as_str()] {
            assert!(good.parse::<ProductSlug>().is_ok(), "{good:?}");
        }
        let too_long = format!("{longest}b");
        for bad in ["", "/", "a", "a/", "/b", "a/b/c", "A/b", "a/b ", "a_b/c", "ä/b", "a/b\n"] {
            assert_eq!(bad.parse::<ProductSlug>(), Err(SlugError), "{bad:?}");
        }
        assert_eq!(too_long.parse::<ProductSlug>(), Err(SlugError));
    }

    proptest! {
        #[test]
        fn a_slug_survives_text_and_json(text in "[a-z0-9-]{1,90}/[a-z0-9-]{1,90}") {
            let product: ProductSlug = text.parse().unwrap();
            prop_assert_eq!(product.as_str(), &text);
            prop_assert_eq!(format!("{}/{}", product.category(), product.slug()), text);
            let json = serde_json::to_string(&product).unwrap();
            prop_assert_eq!(serde_json::from_str::<ProductSlug>(&json).unwrap(), product);
        }

        #[test]
        fn what_is_read_is_kept_as_it_is(text in "[a-zA-Z0-9/_. -]{0,30}") {
            if let Ok(product) = text.parse::<ProductSlug>() {
                prop_assert_eq!(product.to_string(), text);
            }
        }
    }
}
