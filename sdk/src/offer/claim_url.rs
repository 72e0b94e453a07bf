//! Where an offer is claimed.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use url::Url;

/// Where the consumer claims an offer: an absolute `https://` URL with a host and without user
/// name or password, at most [`ClaimUrl::MAX_BYTES`] long (seed, "RFQ Response").
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClaimUrl(Url);

/// Why a text is not a [`ClaimUrl`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimUrlError {
    /// Not an absolute URL.
    #[error("expected an absolute URL such as https://shop.example/cart?offer=7")]
    NotAUrl,
    /// A scheme other than `https`.
    #[error("expected a URL that begins with https://")]
    NotHttps,
    /// With a user name or password, which shows one host and leads to another.
    #[error("expected a URL without user name and password")]
    UserInfo,
    /// Longer than [`ClaimUrl::MAX_BYTES`].
    #[error("expected a URL of at most {} bytes", ClaimUrl::MAX_BYTES)]
    TooLong,
}

impl ClaimUrl {
    /// The most bytes a claim URL may have: what browsers and proxies carry without trouble.
    pub const MAX_BYTES: usize = 2048;

    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The host name, in lower case and punycode, or the IP address.
    #[must_use]
    pub fn host(&self) -> &str {
        // An https URL always has a host.
        self.0.host_str().unwrap_or_default()
    }
}

impl TryFrom<Url> for ClaimUrl {
    type Error = ClaimUrlError;

    fn try_from(url: Url) -> Result<Self, ClaimUrlError> {
        if url.scheme() != "https" {
            Err(ClaimUrlError::NotHttps)
        } else if !url.username().is_empty() || url.password().is_some() {
            Err(ClaimUrlError::UserInfo)
        } else if url.as_str().len() > Self::MAX_BYTES {
            Err(ClaimUrlError::TooLong)
        } else {
            Ok(Self(url))
        }
    }
}

impl FromStr for ClaimUrl {
    type Err = ClaimUrlError;

    fn from_str(text: &str) -> Result<Self, ClaimUrlError> {
        // The URL standard repairs `https:shop.example`; a consumer's other tools may not.
        let scheme = text.get(..8).ok_or(ClaimUrlError::NotAUrl)?;
        let url = Url::parse(text).map_err(|_| ClaimUrlError::NotAUrl)?;
        if url.scheme() == "https" && !scheme.eq_ignore_ascii_case("https://") {
            return Err(ClaimUrlError::NotAUrl);
        }
        Self::try_from(url)
    }
}

impl Serialize for ClaimUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for ClaimUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ClaimUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClaimUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_https_urls_are_claim_urls() {
        let cases = [
            ("https://shop.example/cart?offer=7", Ok("https://shop.example/cart?offer=7")),
            ("HTTPS://Shop.Example", Ok("https://shop.example/")),
            ("https://b\u{fc}cher.example/x", Ok("https://xn--bcher-kva.example/x")),
            ("https://shop.example:8443/", Ok("https://shop.example:8443/")),
            ("http://shop.example/", Err(ClaimUrlError::NotHttps)),
            ("javascript:alert(1)", Err(ClaimUrlError::NotHttps)),
            ("https:shop.example", Err(ClaimUrlError::NotAUrl)),
            (" https://shop.example", Err(ClaimUrlError::NotAUrl)),
            ("/cart?offer=7", Err(ClaimUrlError::NotAUrl)),
            ("", Err(ClaimUrlError::NotAUrl)),
            ("https://", Err(ClaimUrlError::NotAUrl)),
            ("https://user@shop.example/", Err(ClaimUrlError::UserInfo)),
            ("https://:pw@shop.example/", Err(ClaimUrlError::UserInfo)),
        ];
        for (text, expected) in cases {
            let read = text.parse::<ClaimUrl>();
            assert_eq!(read.as_ref().map(ClaimUrl::as_str).map_err(|e| *e), expected, "{text:?}");
        }
        let long = format!("https://shop.example/{}", "a".repeat(2048));
        assert_eq!(long.parse::<ClaimUrl>(), Err(ClaimUrlError::TooLong));
    }
}
