//! The same-domain rule.

use std::fmt;

use url::Host;

use crate::endpoint::CardUrl;
use crate::host::{self, NotAName};

/// The longest host that is read, in bytes: a name has at most 253 characters, of up to 4 bytes.
const MAX_HOST_BYTES: usize = 1_012;

/// A host whose control a producer has proved: lower case, punycode, no trailing dot, never an
/// address and never a public suffix.
///
/// It speaks for itself and its subdomains (seed, Agent Card Requirement: "the same domain"). This
/// crate does not do the proof; it only makes sure that one host can be the subject of one.
/// Public suffixes are those of the Public Suffix List at the time this crate was built, private
/// ones (`github.io`) included; a single label (`localhost`, `com`) always counts as one.
///
/// ```
/// use rfq_agent_card::VerifiedHost;
///
/// assert_eq!(VerifiedHost::parse("Shop.MyStore.co.uk.")?.as_str(), "shop.mystore.co.uk");
/// assert!(VerifiedHost::parse("co.uk").is_err());
/// # Ok::<(), rfq_agent_card::check::VerifiedHostError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VerifiedHost(String);

impl VerifiedHost {
    /// Parses a bare host name: no scheme, port or path.
    ///
    /// # Errors
    /// [`VerifiedHostError`] when the text is no DNS host name, an IP literal in any notation, or a
    /// public suffix.
    pub fn parse(text: &str) -> Result<Self, VerifiedHostError> {
        if text.len() > MAX_HOST_BYTES {
            return Err(VerifiedHostError::TooLong { bytes: text.len() });
        }
        let host = Host::parse(text).map_err(VerifiedHostError::Malformed)?;
        let host = host::normalise(&host).map_err(|problem| match problem {
            NotAName::IpLiteral(host) => VerifiedHostError::IpLiteral { host },
            NotAName::Invalid(host) => VerifiedHostError::Host { host },
        })?;
        // A single label counts as a suffix; under a top-level domain the list does not know, the
        // last label is the suffix.
        match psl::suffix_str(&host) {
            Some(suffix) if suffix != host => Ok(Self(host)),
            _ => Err(VerifiedHostError::PublicSuffix { host }),
        }
    }

    /// The host name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Checks that a card URL is this host's: the host itself or a subdomain of it.
    ///
    /// Subdomains that the Public Suffix List says are handed out to others do not count: the owner
    /// of `example.com` does not speak for `shop.s3.example.com` if `s3.example.com` is listed.
    ///
    /// # Errors
    /// [`SameDomainError`] when the host of the URL is another domain's, or another owner's.
    pub fn check(&self, card_url: &CardUrl) -> Result<(), SameDomainError> {
        let (card_host, verified_host) = (card_url.host(), self.as_str());
        let below = card_host.strip_suffix(verified_host);
        if !below.is_some_and(|below| below.is_empty() || below.ends_with('.')) {
            return Err(SameDomainError::OtherDomain {
                card_host: card_host.to_owned(),
                verified_host: verified_host.to_owned(),
            });
        }
        match psl::suffix_str(card_host) {
            Some(suffix) if suffix.len() > verified_host.len() => {
                Err(SameDomainError::OtherOwner {
                    card_host: card_host.to_owned(),
                    public_suffix: suffix.to_owned(),
                })
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for VerifiedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text cannot be a producer's verified host. See [`VerifiedHost::parse`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifiedHostError {
    /// Longer than any host name.
    #[error("the host has {bytes} bytes, expected a host name")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// Not a host, by the URL standard.
    #[error("not a host: {0}")]
    Malformed(url::ParseError),
    /// An address in place of a host name, in any notation.
    #[error("{host} is an address, expected a host name")]
    IpLiteral {
        /// The address, in its usual notation.
        host: String,
    },
    /// Not a DNS host name: an empty, overlong or ill-formed label.
    #[error("{host:?} is not a DNS host name")]
    Host {
        /// The host, as punycode.
        host: String,
    },
    /// A name under which others register theirs, such as `co.uk` or `github.io`.
    #[error("{host} is a public suffix, expected a domain registered under one")]
    PublicSuffix {
        /// The host, as punycode.
        host: String,
    },
}

/// Why a card URL is not the verified host's. See [`VerifiedHost::check`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SameDomainError {
    /// Neither the verified host nor a subdomain of it.
    #[error("the card is on {card_host}, expected {verified_host} or a subdomain of it")]
    OtherDomain {
        /// The host of the card URL.
        card_host: String,
        /// The verified host.
        verified_host: String,
    },
    /// A subdomain, but at or below a public suffix that lies under the verified host.
    #[error(
        "the card is on {card_host}, whose owner may be anyone: {public_suffix} is a public suffix"
    )]
    OtherOwner {
        /// The host of the card URL.
        card_host: String,
        /// The public suffix between the two.
        public_suffix: String,
    },
}
