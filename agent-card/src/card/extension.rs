//! RFQs as an A2A extension, so that plain A2A clients know how to ask.

use std::collections::BTreeSet;

use super::security::AuthScheme;

/// The URI of the RFQ extension, version 1.
///
/// A UUID, since the URI of an extension should be unique and permanent and a domain name is neither
/// for longer than someone pays for it. An incompatible version gets a new one. Compare it
/// as text, as in the `A2A-Extensions` header.
pub const RFQ_EXTENSION_URI: &str = "urn:uuid:b5c41559-beda-4baf-8326-582896a8845a";

/// The longest time to an answer that a card may promise, in milliseconds (seed, Timeout and Error
/// Handling: "within 4 seconds").
pub const MAX_RESPONSE_MS: u16 = 4_000;

/// What the card says about the RFQ extension: an entry of `capabilities.extensions` (A2A 1.0
/// §4.4.4), never `required`, since a client may also just read the skill's answer as text.
///
/// Checked by [`AgentCardBuilder::build`](super::AgentCardBuilder::build).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RfqExtension {
    pub(super) uri: String,
    pub(super) description: String,
    pub(super) roles: BTreeSet<RfqRole>,
    pub(super) currencies: BTreeSet<String>,
    pub(super) max_response_ms: u16,
    pub(super) auth: BTreeSet<AuthScheme>,
}

impl RfqExtension {
    /// The extension under [`RFQ_EXTENSION_URI`], for a responder that quotes in USD within
    /// [`MAX_RESPONSE_MS`] and asks for no authentication.
    #[must_use]
    pub fn new() -> Self {
        Self {
            uri: RFQ_EXTENSION_URI.to_owned(),
            description: "Structured requests for quotes, answered with an offer or a decline"
                .to_owned(),
            roles: BTreeSet::from([RfqRole::Responder]),
            currencies: BTreeSet::from(["USD".to_owned()]),
            max_response_ms: MAX_RESPONSE_MS,
            auth: BTreeSet::new(),
        }
    }

    /// Another URI, for an extension of your own with the same parameters. Must be absolute.
    #[must_use]
    pub fn uri(mut self, uri: impl Into<String>) -> Self {
        self.uri = uri.into();
        self
    }

    /// Another description, for people and language models.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The parts the agent plays, in place of [`RfqRole::Responder`] alone; at least one.
    #[must_use]
    pub fn roles(mut self, roles: impl IntoIterator<Item = RfqRole>) -> Self {
        self.roles = roles.into_iter().collect();
        self
    }

    /// The currencies it quotes in, in place of USD alone: ISO 4217 codes in capitals, at least one.
    #[must_use]
    pub fn currencies<T: Into<String>>(mut self, codes: impl IntoIterator<Item = T>) -> Self {
        self.currencies = codes.into_iter().map(Into::into).collect();
        self
    }

    /// How long an answer takes at most, in milliseconds: 1 to [`MAX_RESPONSE_MS`].
    #[must_use]
    pub fn max_response_ms(mut self, milliseconds: u16) -> Self {
        self.max_response_ms = milliseconds;
        self
    }

    /// The ways to authenticate an RFQ, any one of which will do. None leaves `auth` out.
    #[must_use]
    pub fn auth(mut self, schemes: impl IntoIterator<Item = AuthScheme>) -> Self {
        self.auth = schemes.into_iter().collect();
        self
    }
}

impl Default for RfqExtension {
    fn default() -> Self {
        Self::new()
    }
}

/// A part an agent plays in requests for quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RfqRole {
    /// Answers RFQs with offers of its own: `responder`.
    Responder,
    /// Sends RFQs: `requestor`.
    Requestor,
    /// Passes RFQs on to responders and ranks what comes back: `broker`.
    Broker,
}

impl RfqRole {
    /// The role's name in a card.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Responder => "responder",
            Self::Requestor => "requestor",
            Self::Broker => "broker",
        }
    }
}
