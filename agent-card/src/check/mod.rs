//! Whether a card makes its owner a seller: the marketplace's check at registration.

mod verified_host;

pub use self::verified_host::{SameDomainError, VerifiedHost, VerifiedHostError};

use crate::endpoint::{CardUrl, RfqEndpoint};
use crate::reader::{ForeignCard, ReadError};
use crate::skill::RESPOND_TO_RFQ;

/// How many ids of a card without the skill are reported; the first ones show what it is about.
const MAX_REPORTED_IDS: usize = 8;

/// An id longer than this is cut in an error: it is a stranger's text.
const MAX_REPORTED_CHARACTERS: usize = 64;

/// A card that passed [`check_card`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckedCard {
    /// What the card says.
    pub card: ForeignCard,
    /// Where its owner takes RFQs.
    pub endpoint: RfqEndpoint,
}

/// Checks a fetched card (seed, Agent Card Requirement): its URL belongs to the producer's verified
/// host, the bytes are a card, and the card declares [`RESPOND_TO_RFQ`].
///
/// Ask [`VerifiedHost::check`] before you fetch: it is the first part of this check and needs no
/// bytes. Do not follow redirects while fetching, or the bytes are not from the URL that was
/// checked.
///
/// # Errors
/// [`CheckError`], for the first thing found wrong in the order above.
///
/// ```
/// use rfq_agent_card::{CardUrl, VerifiedHost, check_card};
///
/// let verified = VerifiedHost::parse("mystore.com")?;
/// let card_url = CardUrl::parse("https://agents.mystore.com/.well-known/agent.json")?;
/// let bytes = br#"{"skills":[{"id":"respond-to-rfq","description":"Quotes prices"}]}"#;
///
/// let checked = check_card(bytes, &card_url, &verified)?;
/// assert_eq!(checked.endpoint.as_str(), "https://agents.mystore.com/message:send");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check_card(
    bytes: &[u8],
    card_url: &CardUrl,
    verified_host: &VerifiedHost,
) -> Result<CheckedCard, CheckError> {
    verified_host.check(card_url)?;
    let card = ForeignCard::from_slice(bytes)?;
    if !card.declares(RESPOND_TO_RFQ) {
        let ids = card.skills().iter().take(MAX_REPORTED_IDS);
        return Err(CheckError::SkillNotDeclared {
            declared: ids
                .map(|skill| skill.id().chars().take(MAX_REPORTED_CHARACTERS).collect())
                .collect(),
        });
    }
    Ok(CheckedCard { card, endpoint: card_url.rfq_endpoint() })
}

/// Why a card does not make its owner a seller. See [`check_card`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The card URL is not the verified producer's.
    #[error(transparent)]
    Domain(#[from] SameDomainError),
    /// The bytes are not a card.
    #[error(transparent)]
    Card(#[from] ReadError),
    /// A card, but without the one skill that matters here.
    #[error(
        "`skills` declares {declared:?}, expected a skill with exactly the id `{RESPOND_TO_RFQ}`"
    )]
    SkillNotDeclared {
        /// The first eight ids it does declare, as written by a stranger, each cut to 64 characters.
        declared: Vec<String>,
    },
}
