use std::collections::BTreeSet;

use url::Url;

use super::extension::{MAX_RESPONSE_MS, RfqExtension};
use super::security::AuthScheme;
use super::{AgentCard, CardStyle, wire};
use crate::MAX_CARD_BYTES;
use crate::endpoint::{CardUrl, CardUrlError};
use crate::skill::Skill;

/// Collects a card; [`build`](Self::build) checks it. From [`AgentCard::builder`].
///
/// Without further calls the card declares [`Skill::respond_to_rfq`] in [`CardStyle::Superset`] and
/// no A2A interface: it is found and checked by those who send RFQs as the seed says, and offers
/// nothing to A2A clients.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct AgentCardBuilder {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) version: String,
    pub(super) style: CardStyle,
    pub(super) a2a_at: Option<String>,
    pub(super) provider: Option<(String, String)>,
    pub(super) documentation_url: Option<String>,
    pub(super) security: BTreeSet<AuthScheme>,
    pub(super) skills: Vec<Skill>,
    pub(super) rfq_extension: Option<RfqExtension>,
}

impl AgentCardBuilder {
    pub(super) fn new(name: String, description: String, version: String) -> Self {
        Self {
            name,
            description,
            version,
            style: CardStyle::default(),
            a2a_at: None,
            provider: None,
            documentation_url: None,
            security: BTreeSet::new(),
            skills: vec![Skill::respond_to_rfq()],
            rfq_extension: None,
        }
    }

    /// Which keys the card is written with, [`CardStyle::Superset`] by default.
    pub fn style(mut self, style: CardStyle) -> Self {
        self.style = style;
        self
    }

    /// Advertises A2A interfaces under a domain root such as `https://mystore.com`: HTTP+JSON 1.0
    /// at the root, JSON-RPC 1.0 and 0.3 at `/a2a`.
    ///
    /// Call it only when the server answers A2A clients there. `/message:send` is never advertised
    /// as a JSON-RPC URL, since the seed's callers get bare answers there; nor is HTTP+JSON 0.3,
    /// whose paths differ.
    pub fn a2a_at(mut self, domain_root: impl Into<String>) -> Self {
        self.a2a_at = Some(domain_root.into());
        self
    }

    /// Who runs the agent: the organisation's name and the `https` URL of its site.
    pub fn provider(mut self, organization: impl Into<String>, url: impl Into<String>) -> Self {
        self.provider = Some((organization.into(), url.into()));
        self
    }

    /// Where people read more: an `https` URL.
    pub fn documentation_url(mut self, url: impl Into<String>) -> Self {
        self.documentation_url = Some(url.into());
        self
    }

    /// Declares a way to authenticate. Called for several schemes, any one of them will do.
    ///
    /// A2A clients read this as what the interfaces of [`a2a_at`](Self::a2a_at) ask for; how the
    /// seed's callers authenticate belongs into [`RfqExtension::auth`].
    pub fn security(mut self, scheme: AuthScheme) -> Self {
        self.security.insert(scheme);
        self
    }

    /// Declares a skill beside `respond-to-rfq`. A skill with an id that is already there takes the
    /// place of the earlier one: so the texts of `respond-to-rfq` are changed.
    pub fn skill(mut self, skill: Skill) -> Self {
        match self.skills.iter_mut().find(|earlier| earlier.id == skill.id) {
            Some(earlier) => *earlier = skill,
            None => self.skills.push(skill),
        }
        self
    }

    /// Declares the RFQ extension.
    pub fn rfq_extension(mut self, extension: RfqExtension) -> Self {
        self.rfq_extension = Some(extension);
        self
    }

    /// Checks everything and writes the card. URLs are written normalised.
    ///
    /// # Errors
    /// [`BuildError`] names the first field that is wrong and what was expected.
    pub fn build(mut self) -> Result<AgentCard, BuildError> {
        filled(&self.name, || "name".to_owned())?;
        filled(&self.description, || "description".to_owned())?;
        filled(&self.version, || "version".to_owned())?;
        if let Some((organization, url)) = &mut self.provider {
            filled(organization, || "provider.organization".to_owned())?;
            *url = https_url(url, "provider.url")?;
        }
        if let Some(url) = &mut self.documentation_url {
            *url = https_url(url, "documentationUrl")?;
        }
        for (index, skill) in self.skills.iter().enumerate() {
            filled(&skill.id, || format!("skills[{index}].id"))?;
            filled(&skill.name, || format!("skills[{index}].name"))?;
            filled(&skill.description, || format!("skills[{index}].description"))?;
            if skill.tags.is_empty() {
                return Err(BuildError::Empty { field: format!("skills[{index}].tags") });
            }
            for tag in &skill.tags {
                filled(tag, || format!("skills[{index}].tags"))?;
            }
        }
        if let Some(extension) = &self.rfq_extension {
            check_extension(extension)?;
        }
        let a2a_host = self.a2a_at.as_deref().map(a2a_host).transpose()?;

        let json = wire::write(&self, a2a_host.as_deref()).map_err(BuildError::NotWritten)?;
        if json.len() > MAX_CARD_BYTES {
            return Err(BuildError::TooLarge { bytes: json.len() });
        }
        Ok(AgentCard { json })
    }
}

/// Why a card was not built. See [`AgentCardBuilder::build`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A text that is empty or only white space, or a list without entries.
    #[error("`{field}` is empty")]
    Empty {
        /// Its path in the card, as in `skills[1].name`.
        field: String,
    },
    /// Not an absolute `https` URL without user information.
    #[error("`{field}` is {found:?}, expected an absolute https URL without user information")]
    Url {
        /// Its path in the card.
        field: &'static str,
        /// What was given.
        found: String,
    },
    /// Not a URL on which a marketplace would call the agent.
    #[error("the domain root of the A2A interfaces: {0}")]
    A2aRoot(CardUrlError),
    /// A URL with a path, a query or a fragment, where only a domain root will do.
    #[error("the domain root of the A2A interfaces is {found:?}, expected https://HOST only")]
    A2aRootPath {
        /// What was given.
        found: String,
    },
    /// The extension's URI is relative, malformed or contains white space.
    #[error("`capabilities.extensions[0].uri` is {found:?}, expected an absolute URI")]
    ExtensionUri {
        /// What was given.
        found: String,
    },
    /// Not three capital letters.
    #[error(
        "`capabilities.extensions[0].params.currencies` has {found:?}, expected ISO 4217 codes"
    )]
    Currency {
        /// What was given.
        found: String,
    },
    /// Zero, or more than [`MAX_RESPONSE_MS`].
    #[error(
        "`capabilities.extensions[0].params.max_response_ms` is {found}, \
         expected 1 to {MAX_RESPONSE_MS}"
    )]
    MaxResponse {
        /// What was given, in milliseconds.
        found: u16,
    },
    /// The card would be refused by readers that stop at [`MAX_CARD_BYTES`].
    #[error("the card has {bytes} bytes, expected at most {MAX_CARD_BYTES}")]
    TooLarge {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The JSON writer failed. It has no reason to; this stands here in place of a panic.
    #[error("the card could not be written as JSON: {0}")]
    NotWritten(serde_json::Error),
}

fn filled(text: &str, field: impl Fn() -> String) -> Result<(), BuildError> {
    if text.trim().is_empty() { Err(BuildError::Empty { field: field() }) } else { Ok(()) }
}

fn https_url(text: &str, field: &'static str) -> Result<String, BuildError> {
    match Url::parse(text) {
        Ok(url)
            if url.scheme() == "https" && url.username().is_empty() && url.password().is_none() =>
        {
            Ok(url.into())
        }
        _ => Err(BuildError::Url { field, found: text.to_owned() }),
    }
}

/// The host of a domain root. The same rules as for a card URL: both name where the agent is called.
fn a2a_host(text: &str) -> Result<String, BuildError> {
    let root = CardUrl::parse(text).map_err(BuildError::A2aRoot)?;
    // A card URL has lost its fragment by now.
    if root.is_root() && !text.contains('#') {
        Ok(root.host().to_owned())
    } else {
        Err(BuildError::A2aRootPath { found: text.to_owned() })
    }
}

fn check_extension(extension: &RfqExtension) -> Result<(), BuildError> {
    let at = |member: &str| format!("capabilities.extensions[0].{member}");
    filled(&extension.uri, || at("uri"))?;
    // The parser would trim what a reader of the `A2A-Extensions` header compares as text.
    if extension.uri.contains(char::is_whitespace) || Url::parse(&extension.uri).is_err() {
        return Err(BuildError::ExtensionUri { found: extension.uri.clone() });
    }
    filled(&extension.description, || at("description"))?;
    if extension.roles.is_empty() {
        return Err(BuildError::Empty { field: at("params.roles") });
    }
    if extension.currencies.is_empty() {
        return Err(BuildError::Empty { field: at("params.currencies") });
    }
    let is_code = |code: &&String| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
    if let Some(found) = extension.currencies.iter().find(|code| !is_code(code)) {
        return Err(BuildError::Currency { found: found.clone() });
    }
    if !(1..=MAX_RESPONSE_MS).contains(&extension.max_response_ms) {
        return Err(BuildError::MaxResponse { found: extension.max_response_ms });
    }
    Ok(())
}
