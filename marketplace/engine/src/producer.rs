//! Who answers requests for quotes.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rfq_sdk::ClaimUrl;

/// The marketplace's name for a producer: 1 to 64 ASCII letters, digits, `-` and `_`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProducerId(Arc<str>);

/// Not a [`ProducerId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to {} ASCII letters, digits, hyphens and underscores", ProducerId::MAX_BYTES)]
pub struct ProducerIdError;

impl ProducerId {
    /// The most bytes an id may have: a UUID with a prefix fits.
    pub const MAX_BYTES: usize = 64;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProducerId {
    type Err = ProducerIdError;

    fn from_str(text: &str) -> Result<Self, ProducerIdError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let fits = (1..=Self::MAX_BYTES).contains(&text.len()) && text.bytes().all(is_allowed);
        fits.then(|| Self(text.into())).ok_or(ProducerIdError)
    }
}

impl fmt::Display for ProducerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProducerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProducerId({})", self.0)
    }
}

/// A domain that a producer's claim URLs may lead to, with everything below it: lower case,
/// punycode, never a public suffix such as `co.uk`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClaimDomain(Box<str>);

/// Not a [`ClaimDomain`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimDomainError {
    /// Not a domain name.
    #[error("expected a domain name such as shop.example")]
    NotADomain,
    /// Everybody may register below it.
    #[error("expected a domain of one owner, not a public suffix such as co.uk")]
    PublicSuffix,
}

impl ClaimDomain {
    /// The domain in lower case and punycode.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn covers(&self, host: &str) -> bool {
        host.strip_suffix(&*self.0).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl FromStr for ClaimDomain {
    type Err = ClaimDomainError;

    fn from_str(text: &str) -> Result<Self, ClaimDomainError> {
        // The URL standard would read `%73hop.example` as another name than what is written.
        let domain = match url::Host::parse(text) {
            Ok(url::Host::Domain(domain)) if !text.contains('%') => domain,
            Ok(url::Host::Domain(_) | url::Host::Ipv4(_) | url::Host::Ipv6(_)) | Err(_) => {
                return Err(ClaimDomainError::NotADomain);
            }
        };
        let domain = domain.strip_suffix('.').unwrap_or(&domain);
        if domain.len() > 253 || !domain.split('.').all(is_label) {
            return Err(ClaimDomainError::NotADomain);
        }
        // A domain has an owner when there is something left of its suffix.
        match psl::domain_str(domain) {
            Some(_) => Ok(Self(domain.into())),
            None => Err(ClaimDomainError::PublicSuffix),
        }
    }
}

/// Whether it is a part of the name of an Internet host (RFC 1123, section 2.1), as it must be in an
/// agent card.
fn is_label(label: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let inner = !label.starts_with('-') && !label.ends_with('-');
    (1..=63).contains(&label.len()) && label.bytes().all(allowed) && inner
}

/// Where a producer's offers may be claimed: its verified domain and those it registered beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimDomains(Box<[ClaimDomain]>);

impl ClaimDomains {
    /// Whether `url` leads to one of the domains or below it.
    #[must_use]
    pub fn cover(&self, url: &ClaimUrl) -> bool {
        let host = url.host();
        let host = host.strip_suffix('.').unwrap_or(host);
        self.0.iter().any(|domain| domain.covers(host))
    }
}

impl FromIterator<ClaimDomain> for ClaimDomains {
    fn from_iter<I: IntoIterator<Item = ClaimDomain>>(domains: I) -> Self {
        Self(domains.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_plain() {
        assert_eq!("shop-1_a".parse::<ProducerId>().unwrap().as_str(), "shop-1_a");
        let long = "a".repeat(65);
        for text in ["", "a b", "a/b", "é", "a.b", &long] {
            assert_eq!(text.parse::<ProducerId>(), Err(ProducerIdError), "{text:?}");
        }
    }

    #[test]
    fn a_domain_has_one_owner() {
        let parsed =
            |text: &str| text.parse::<ClaimDomain>().map(|domain| domain.as_str().to_owned());
        assert_eq!(parsed("Shop.Example."), Ok("shop.example".to_owned()));
        assert_eq!(parsed("bücher.de"), Ok("xn--bcher-kva.de".to_owned()));
        for suffix in ["com", "co.uk", "github.io"] {
            assert_eq!(parsed(suffix), Err(ClaimDomainError::PublicSuffix), "{suffix}");
        }
        let long = format!("{}.example", "a".repeat(64));
        for text in [
            "",
            ".",
            "127.0.0.1",
            "[::1]",
            "a b",
            "shop.example/",
            "0x7f.1",
            "*.shop.example",
            "%73hop.example",
            "shop.example..",
            "shop..example",
            ".shop.example",
            "_dmarc.shop.example",
            "-shop.example",
            "shop-.example",
            &long,
        ] {
            assert_eq!(parsed(text), Err(ClaimDomainError::NotADomain), "{text:?}");
        }
    }

    #[test]
    fn claims_lead_to_the_producer_s_own_domains() {
        let domains: ClaimDomains = ["shop.example", "cart.example"]
            .map(|domain| domain.parse().unwrap())
            .into_iter()
            .collect();
        let covered = |url: &str| domains.cover(&url.parse().unwrap());
        for url in [
            "https://shop.example/cart",
            "https://www.shop.example:8443/",
            "https://SHOP.example./",
            "https://cart.example/?offer=1",
        ] {
            assert!(covered(url), "{url}");
        }
        for url in [
            "https://evilshop.example/",
            "https://shop.example.evil.example/",
            "https://example/",
            "https://sh\u{43e}p.example/",
            "https://evil.example/shop.example",
            "https://evil.example#shop.example",
        ] {
            assert!(!covered(url), "{url}");
        }
    }
}
