//! One file per behaviour. `cfg(test)` lets helper functions unwrap, too (see `clippy.toml`).

#[cfg(test)]
mod build;
#[cfg(test)]
mod check;
#[cfg(test)]
mod endpoint;
#[cfg(test)]
mod foreign_cards;
#[cfg(test)]
mod official_types;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod read;
#[cfg(test)]
mod refuse;
#[cfg(test)]
mod same_domain;
#[cfg(test)]
mod serve;

use rfq_agent_card::card::{AgentCardBuilder, AuthScheme, RfqExtension};
use rfq_agent_card::{AgentCard, CardStyle};

/// A card with every optional part but the A2A interfaces.
fn full_card(style: CardStyle) -> AgentCardBuilder {
    AgentCard::builder("My Store", "Sells bicycles and parts", "1.4.0")
        .style(style)
        .provider("My Store Inc.", "https://mystore.com")
        .documentation_url("https://mystore.com/agents")
        .security(AuthScheme::Bearer)
        .security(AuthScheme::HmacSha256)
        .rfq_extension(
            RfqExtension::new()
                .max_response_ms(3_500)
                .auth([AuthScheme::Bearer, AuthScheme::HmacSha256]),
        )
}
