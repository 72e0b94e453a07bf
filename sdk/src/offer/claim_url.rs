//! Where an offer is claimed.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use url::Url;
use uuid::Uuid;

/// Where the consumer claims an offer: an absolute `https://` URL with a host and without user
/// name or password, at most [`ClaimUrl::MAX_BYTES`] long (seed, "RFQ Response"). Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClaimUrl(Arc<str>);

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
        &self.0
    }

    /// The host name, in lower case and punycode, or the IP address.
    #[must_use]
    pub fn host(&self) -> &str {
        // As `Url` writes it: with a host, without user name, in lower case where that is usual, and
        // a slash after it.
        let rest = self.0.strip_prefix("https://").unwrap_or_default();
        let until = |end: u8| {
            let length = rest.bytes().position(|byte| byte == end || byte == b'/');
            rest.get(..length.unwrap_or(rest.len())).unwrap_or_default()
        };
        if rest.starts_with('[') {
            rest.get(..=until(b']').len()).unwrap_or_default()
        } else {
            until(b':')
        }
    }

    /// This URL with the query `offer=ID` in place of its own query and fragment.
    ///
    /// # Errors
    /// [`ClaimUrlError::TooLong`].
    pub fn with_offer(&self, id: Uuid) -> Result<Self, ClaimUrlError> {
        let page = self.0.split(['?', '#']).next().unwrap_or_default();
        let mut digits = Uuid::encode_buffer();
        let url = [page, "?offer=", id.hyphenated().encode_lower(&mut digits)].concat();
        if url.len() > Self::MAX_BYTES { Err(ClaimUrlError::TooLong) } else { Ok(Self(url.into())) }
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
            Ok(Self(url.as_str().into()))
        }
    }
}

impl FromStr for ClaimUrl {
    type Err = ClaimUrlError;

    fn from_str(text: &str) -> Result<Self, ClaimUrlError> {
        if is_as_written(text) && text.len() <= Self::MAX_BYTES {
            return Ok(Self(text.into()));
        }
        Self::from_any(text)
    }
}

impl ClaimUrl {
    fn from_any(text: &str) -> Result<Self, ClaimUrlError> {
        // The URL standard repairs `https:shop.example`; a consumer's other tools may not.
        let scheme = text.get(..8).ok_or(ClaimUrlError::NotAUrl)?;
        let url = Url::parse(text).map_err(|_| ClaimUrlError::NotAUrl)?;
        if url.scheme() == "https" && !scheme.eq_ignore_ascii_case("https://") {
            return Err(ClaimUrlError::NotAUrl);
        }
        Self::try_from(url)
    }
}

/// Whether it is a URL as nearly all are, of which the URL standard changes nothing: a plain name, a
/// path, a query, and nothing in them that it would encode, resolve or look at twice.
fn is_as_written(text: &str) -> bool {
    let Some(rest) = text.as_bytes().strip_prefix(b"https://") else { return false };
    let slash = rest.iter().position(|byte| *byte == b'/');
    let Some((host, page)) = slash.and_then(|slash| rest.split_at_checked(slash)) else {
        return false;
    };
    let mut before = b'.';
    // One that begins with a digit may be a number, and the name an address.
    let mut last_label_begins_with = b'0';
    for &byte in host {
        let is_plain = match byte {
            b'a'..=b'z' | b'0'..=b'9' => true,
            // None of two, as in `xn--`.
            b'.' | b'-' => !matches!(before, b'.' | b'-'),
            _ => false,
        };
        if !is_plain {
            return false;
        }
        if before == b'.' {
            last_label_begins_with = byte;
        }
        before = byte;
    }
    let is_plain = |byte: u8| {
        matches!(byte, b'('..=b';' | b'?'..=b'Z' | b'a'..=b'z')
            || matches!(byte, b'!' | b'$' | b'&' | b'=' | b'_' | b'~')
    };
    // All of the page is looked at in any case, so that many bytes can be at once. A segment that begins
    // with a dot may be one to resolve.
    last_label_begins_with.is_ascii_lowercase()
        && before.is_ascii_alphanumeric()
        && page.iter().fold(true, |all, byte| all & is_plain(*byte))
        && !page.iter().zip(page.iter().skip(1)).any(|pair| pair == (&b'/', &b'.'))
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
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_quick_way_reads_what_the_thorough_one_does(
            host in "[a-c0-1xn.-]{0,12}[a-z0-9.]{0,3}",
            page in "[/?]?[ -~]{0,6}[a-z0-9./?=&%2e-]{0,20}",
        ) {
            let text = format!("https://{host}{page}");
            prop_assert_eq!(text.parse::<ClaimUrl>(), ClaimUrl::from_any(&text), "{}", text);
        }
    }

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
            if let Ok(url) = read {
                assert_eq!(
                    Some(url.host()),
                    Url::parse(url.as_str()).unwrap().host_str(),
                    "{text:?}"
                );
            }
        }
        let ipv6: ClaimUrl = "https://[2001:DB8::1]:8443/cart".parse().unwrap();
        assert_eq!(ipv6.host(), "[2001:db8::1]");
        let long = format!("https://shop.example/{}", "a".repeat(2048));
        assert_eq!(long.parse::<ClaimUrl>(), Err(ClaimUrlError::TooLong));
    }

    #[test]
    fn an_offer_is_named_in_the_query() {
        let id = Uuid::from_u128(7);
        for (text, expected) in [
            (
                "https://shop.example",
                Ok("https://shop.example/?offer=00000000-0000-0000-0000-000000000007"),
            ),
            (
                "https://shop.example/cart?a=b#c",
                Ok("https://shop.example/cart?offer=00000000-0000-0000-0000-000000000007"),
            ),
        ] {
            let url = text.parse::<ClaimUrl>().unwrap().with_offer(id);
            assert_eq!(url.as_ref().map(ClaimUrl::as_str).map_err(|e| *e), expected);
            assert_eq!(
                url.unwrap().as_str().parse::<ClaimUrl>().unwrap().as_str(),
                expected.unwrap()
            );
        }
        let longest: ClaimUrl =
            format!("https://shop.example/{}", "a".repeat(2000)).parse().unwrap();
        assert_eq!(longest.with_offer(id), Err(ClaimUrlError::TooLong));
    }
}
