//! The skill that makes an agent a seller here, and skills as a card declares them.

/// The id of the skill every seller's card must declare, exactly so spelled (seed, Agent Card
/// Requirement).
///
/// [`ForeignCard::declares`](crate::ForeignCard::declares) tells whether a card does.
pub const RESPOND_TO_RFQ: &str = "respond-to-rfq";

/// One skill of a card that is being built (A2A 1.0 §4.4.5; A2A 0.3 `AgentSkill`).
///
/// Every text must hold something besides white space and there must be a tag: both versions
/// require the four fields. [`AgentCardBuilder::build`](crate::card::AgentCardBuilder::build)
/// checks that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skill {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) tags: Vec<String>,
}

impl Skill {
    /// A skill with its required fields. The description is read by people and by language models.
    pub fn new<T: Into<String>>(
        id: impl Into<String>,
        name: impl Into<String>,
        description: impl Into<String>,
        tags: impl IntoIterator<Item = T>,
    ) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            description: description.into(),
            tags: tags.into_iter().map(Into::into).collect(),
        }
    }

    /// [`RESPOND_TO_RFQ`] with the seed's own description: what every card of ours begins with.
    #[must_use]
    pub fn respond_to_rfq() -> Self {
        Self::new(
            RESPOND_TO_RFQ,
            "Respond to RFQ",
            "Responds to price quote requests with current pricing, availability, and shipping \
             terms",
            ["rfq", "pricing", "availability", "shipping"],
        )
    }
}
