//! From the URL of an agent card to the URL that RFQs are posted to.
//!
//! The rule is the seed's ("Agent Card Requirement"): take the domain root of the card URL and
//! append `/message:send`. What counts as a card URL is ours, and stricter than a browser's, since
//! a stranger chooses it and a server then connects to it.

use std::fmt;

use url::Url;

use crate::host::{self, NotAName};

/// The path of the RFQ endpoint, at the domain root (seed, Agent Card Requirement).
pub const RFQ_PATH: &str = "/message:send";

/// The longest card URL that is read, in bytes.
///
/// A host name has at most 253 bytes and a well-known path about 30; the rest is for shops whose
/// card lives at the end of a long path or query.
pub const MAX_URL_BYTES: usize = 2_048;

/// The URL of an agent card, normalised: `https`, port 443, a host name in lower-case punycode
/// without a trailing dot, path and query as they were sent, no fragment.
///
/// Fetch the card from [`as_str`](Self::as_str) and not from the text it was parsed from, so that
/// what was checked is what is called. The type says nothing about the addresses behind the name:
/// resolve it, and refuse addresses that are not public, when you connect.
///
/// ```
/// use rfq_agent_card::CardUrl;
///
/// let card_url = CardUrl::parse("https://MyStore.com:443/.well-known/agent.json")?;
/// assert_eq!(card_url.as_str(), "https://mystore.com/.well-known/agent.json");
/// assert_eq!(card_url.rfq_endpoint().as_str(), "https://mystore.com/message:send");
/// # Ok::<(), rfq_agent_card::endpoint::CardUrlError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CardUrl {
    url: String,
    host: String,
}

impl CardUrl {
    /// Parses the URL of a card.
    ///
    /// Any path is accepted, and so are a query (kept for fetching) and a fragment (dropped: it
    /// never leaves the client). `:443` may be written out.
    ///
    /// # Errors
    /// [`CardUrlError`] when the text is no URL, or one that must not be called: not `https`,
    /// another port, user information, an IP literal in any notation, a host that is not a DNS
    /// name, or characters that URL parsers disagree about (white space, controls, backslashes).
    pub fn parse(text: &str) -> Result<Self, CardUrlError> {
        if text.len() > MAX_URL_BYTES {
            return Err(CardUrlError::TooLong { bytes: text.len() });
        }
        // Browsers repair these silently, other clients do not: `https://a.com\@b.com` has two
        // readings. A URL that needs repair is refused.
        if let Some(character) =
            text.chars().find(|c| c.is_control() || c.is_whitespace() || *c == '\\')
        {
            return Err(CardUrlError::Character { character });
        }
        let rest = match text.split_at_checked("https://".len()) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https://") => rest,
            _ => return Err(CardUrlError::NotHttps),
        };
        // Read from the text: the parser cannot tell `https://@host` from `https://host`.
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(CardUrlError::UserInfo);
        }
        // The parser would skip further slashes and take what follows as the authority.
        if authority.is_empty() {
            return Err(CardUrlError::Malformed(url::ParseError::EmptyHost));
        }

        let url = Url::parse(text).map_err(CardUrlError::Malformed)?;
        if let Some(port) = url.port() {
            return Err(CardUrlError::Port { port });
        }
        let host = url.host().ok_or(CardUrlError::Malformed(url::ParseError::EmptyHost))?;
        let host = host::normalise(&host).map_err(|problem| match problem {
            NotAName::IpLiteral(host) => CardUrlError::IpLiteral { host },
            NotAName::Invalid(host) => CardUrlError::Host { host },
        })?;

        let mut normalised = format!("https://{host}{}", url.path());
        if let Some(query) = url.query() {
            normalised.push('?');
            normalised.push_str(query);
        }
        // Foreign characters take up to three times the room once they are percent-encoded.
        if normalised.len() > MAX_URL_BYTES {
            return Err(CardUrlError::TooLong { bytes: normalised.len() });
        }
        Ok(Self { url: normalised, host })
    }

    /// The normalised URL, to fetch the card from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// The host name: lower case, punycode, no trailing dot.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Where RFQs for this card are posted: the domain root + [`RFQ_PATH`] (seed, Agent Card
    /// Requirement).
    #[must_use]
    pub fn rfq_endpoint(&self) -> RfqEndpoint {
        RfqEndpoint { url: format!("https://{}{RFQ_PATH}", self.host) }
    }

    /// Whether the URL names the domain root and nothing below it.
    pub(crate) fn is_root(&self) -> bool {
        self.url.strip_prefix("https://").and_then(|rest| rest.strip_prefix(&self.host))
            == Some("/")
    }
}

impl fmt::Display for CardUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// Where an agent takes RFQs: `https://HOST/message:send`, normalised. Printing it gives the URL.
///
/// Made only by [`CardUrl::rfq_endpoint`]. Two cards of one host have equal endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RfqEndpoint {
    url: String,
}

impl RfqEndpoint {
    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.url
    }
}

impl fmt::Display for RfqEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// Why a text is not a card URL. See [`CardUrl::parse`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CardUrlError {
    /// Longer than [`MAX_URL_BYTES`], as given or once normalised.
    #[error("the URL has {bytes} bytes, expected at most {MAX_URL_BYTES}")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// White space, a control character or a backslash, anywhere in the text.
    #[error("the URL contains {character:?}, which must be percent-encoded or left out")]
    Character {
        /// The first such character.
        character: char,
    },
    /// Does not begin with `https://`.
    #[error("expected a URL that begins with https://")]
    NotHttps,
    /// The part before the host holds a user name, a password or a lone `@`.
    #[error("the URL has user information before its host, expected none")]
    UserInfo,
    /// Not a URL, by the URL standard.
    #[error("not a URL: {0}")]
    Malformed(url::ParseError),
    /// A port other than 443.
    #[error("the URL names port {port}, expected 443")]
    Port {
        /// The port it names.
        port: u16,
    },
    /// An address in place of a host name, in any notation.
    #[error("the URL names the address {host}, expected a host name")]
    IpLiteral {
        /// The address, in its usual notation.
        host: String,
    },
    /// The host is not a DNS host name: an empty, overlong or ill-formed label.
    #[error("{host:?} is not a DNS host name")]
    Host {
        /// The host, as punycode.
        host: String,
    },
}
