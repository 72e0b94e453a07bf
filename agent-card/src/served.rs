//! A card as an HTTP answer, for whatever framework serves it.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::card::AgentCard;

/// Where A2A 0.3 and 1.0 clients look for a card (A2A 1.0 §8.2).
pub const AGENT_CARD_PATH: &str = "/.well-known/agent-card.json";

/// Where the seed and A2A 0.2 clients look for it (seed, Agent Card Requirement).
pub const AGENT_JSON_PATH: &str = "/.well-known/agent.json";

/// A card with everything its HTTP answer needs. Make it once, at start; serve the same one at
/// [`AGENT_CARD_PATH`] and [`AGENT_JSON_PATH`], to anyone: discovery comes before authentication.
///
/// For `GET` answer 304 with [`etag`](Self::etag) and [`cache_control`](Self::cache_control) when
/// [`matches`](Self::matches) says so, else 200 with all four.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedCard {
    body: Vec<u8>,
    etag: String,
}

impl ServedCard {
    /// Prepares a card for serving.
    #[must_use]
    pub fn new(card: &AgentCard) -> Self {
        let body = card.as_json().as_bytes().to_vec();
        let mut etag = String::from('"');
        for byte in Sha256::digest(&body) {
            // Writing to a `String` cannot fail.
            let _ = write!(etag, "{byte:02x}");
        }
        etag.push('"');
        Self { body, etag }
    }

    /// The body: the card as UTF-8 JSON.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The value of `ETag`: a strong entity tag, quotes included, the SHA-256 of the body in
    /// hexadecimal (A2A 1.0 §8.6.1). Equal cards have equal tags in every process.
    #[must_use]
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// The value of `Content-Type`: `application/json`.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        "application/json"
    }

    /// The value of `Cache-Control` (A2A 1.0 §8.6.1): any cache, for 300 seconds.
    ///
    /// Five minutes is how long a changed card may stay unseen; asking again costs a 304.
    #[must_use]
    pub fn cache_control(&self) -> &'static str {
        "public, max-age=300"
    }

    /// Whether the value of an `If-None-Match` header names this card, so that the answer is 304.
    ///
    /// Takes `*`, or a list of entity tags compared weakly, so `W/"x"` matches `"x"` (RFC 9110
    /// §13.1.2). A value that breaks the grammar matches nothing from there on: a full answer is
    /// never wrong. When the header is sent more than once, ask for each.
    ///
    /// ```
    /// # use rfq_agent_card::{AgentCard, ServedCard};
    /// # let card = AgentCard::builder("Shop", "Sells", "1.0.0").build()?;
    /// let served = ServedCard::new(&card);
    /// assert!(served.matches(served.etag()));
    /// assert!(served.matches(format!("\"old\", W/{}", served.etag())));
    /// assert!(!served.matches("\"old\""));
    /// # Ok::<(), rfq_agent_card::card::BuildError>(())
    /// ```
    pub fn matches(&self, if_none_match: impl AsRef<[u8]>) -> bool {
        let mut rest = if_none_match.as_ref().trim_ascii();
        if rest == b"*" {
            return true;
        }
        while let Some((tag, after)) = next_tag(rest) {
            if tag == self.etag.as_bytes() {
                return true;
            }
            rest = after;
        }
        false
    }
}

/// The first entity tag of a list, quotes included and `W/` left out, and what follows it; `None`
/// at the end of the list or of its valid part. A comma inside the quotes belongs to the tag.
fn next_tag(list: &[u8]) -> Option<(&[u8], &[u8])> {
    // Empty list elements are allowed (RFC 9110 §5.6.1.2).
    let separator = |b: &u8| matches!(b, b',' | b' ' | b'\t');
    let start = list.iter().position(|b| !separator(b))?;
    let (_, list) = list.split_at_checked(start)?;
    let list = list.strip_prefix(b"W/").unwrap_or(list);
    let opaque = list.strip_prefix(b"\"")?;
    let end = opaque.iter().position(|b| *b == b'"')?;
    let (tag, after) = list.split_at_checked(end.checked_add(2)?)?;
    after.first().is_none_or(separator).then_some((tag, after))
}
