//! Cards of our own: built strictly, written in the dialects of A2A 0.3 and 1.0.

mod builder;
mod extension;
mod security;
mod wire;

pub use self::builder::{AgentCardBuilder, BuildError};
pub use self::extension::{MAX_RESPONSE_MS, RFQ_EXTENSION_URI, RfqExtension, RfqRole};
pub use self::security::{AuthScheme, SIGNATURE_HEADER};

/// A finished agent card that declares [`RESPOND_TO_RFQ`](crate::RESPOND_TO_RFQ).
///
/// There is no invalid one: [`AgentCardBuilder::build`] is the only way to get it, and it is not
/// changed afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentCard {
    json: String,
}

impl AgentCard {
    /// Begins a card with the three texts that every version of A2A requires: the agent's name, a
    /// description for people and language models, and the version of the agent itself, such as
    /// `1.4.0`.
    ///
    /// ```
    /// use rfq_agent_card::AgentCard;
    ///
    /// let card = AgentCard::builder("My Store", "Sells bicycles", "1.4.0").build()?;
    /// assert!(card.as_json().contains("respond-to-rfq"));
    /// # Ok::<(), rfq_agent_card::card::BuildError>(())
    /// ```
    pub fn builder(
        name: impl Into<String>,
        description: impl Into<String>,
        version: impl Into<String>,
    ) -> AgentCardBuilder {
        AgentCardBuilder::new(name.into(), description.into(), version.into())
    }

    /// The card as indented JSON, at most [`MAX_CARD_BYTES`](crate::MAX_CARD_BYTES) bytes. The same
    /// card is always the same text.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.json
    }
}

/// Which keys a card is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CardStyle {
    /// The keys of A2A 1.0 and of 0.3 side by side; clients of either ignore the other's. For
    /// everyone, unless a strict schema is in the way.
    #[default]
    Superset,
    /// The keys of A2A 1.0 only, for readers whose schema refuses what it does not know.
    V1Strict,
}
