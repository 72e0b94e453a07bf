//! Which answers count.

use chrono::{DateTime, TimeDelta, Utc};
use rfq_sdk::{Answer, AnswerError, Offer, OfferError};

use crate::call::HttpAnswer;
use crate::health::HealthState;
use crate::outcome::Outcome;
use crate::producer::{ClaimDomains, ProducerId};

/// A producer as it was when it was selected.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who.
    pub producer: ProducerId,
    /// Where its offers may be claimed.
    pub claim_domains: ClaimDomains,
    /// How it stood.
    pub state: HealthState,
}

/// An offer that keeps all rules. Only [`validate`] makes it, and only such can be ranked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedOffer {
    producer: ProducerId,
    state: HealthState,
    offer: Offer,
}

/// What a valid answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// An offer.
    Offer(AcceptedOffer),
    /// No offer this time.
    Decline,
}

impl AcceptedOffer {
    /// The shortest time an offer must still be valid when it arrives: a minute, in which a person
    /// or an agent can decide.
    pub const MIN_VALIDITY: TimeDelta = TimeDelta::seconds(60);

    /// Whose it is.
    #[must_use]
    pub fn producer(&self) -> &ProducerId {
        &self.producer
    }

    /// How the producer stood when it was selected.
    #[must_use]
    pub fn state(&self) -> HealthState {
        self.state
    }

    /// What is offered.
    #[must_use]
    pub fn offer(&self) -> &Offer {
        &self.offer
    }
}

/// Reads an answer of `asked` that arrived at `now`: status 200, a bare JSON object, a decline or an
/// offer that keeps the rules of the wire, can be claimed on the producer's own domains and is valid
/// for [`AcceptedOffer::MIN_VALIDITY`] more. The content type does not matter, as the seed names
/// none.
///
/// # Errors
/// The [`Outcome`] that the call has instead.
pub fn validate(
    answer: &HttpAnswer,
    asked: &Asked,
    now: DateTime<Utc>,
) -> Result<Verdict, Outcome> {
    if answer.status != 200 {
        return Err(Outcome::HttpStatus(answer.status));
    }
    let offer = match Answer::parse(&answer.body, now).map_err(outcome)? {
        Answer::Decline(_) => return Ok(Verdict::Decline),
        Answer::Offer(offer) => offer,
    };
    if offer.expires_at() - now < AcceptedOffer::MIN_VALIDITY {
        return Err(Outcome::ExpiresTooSoon);
    }
    if !asked.claim_domains.cover(offer.claim_url()) {
        return Err(Outcome::ClaimDomain);
    }
    let Asked { producer, state, claim_domains: _ } = asked;
    Ok(Verdict::Offer(AcceptedOffer { producer: producer.clone(), state: *state, offer }))
}

fn outcome(error: AnswerError) -> Outcome {
    match error {
        AnswerError::Enveloped => Outcome::Enveloped,
        AnswerError::Offer(OfferError::Expired { .. }) => Outcome::ExpiresTooSoon,
        error => error.field().map_or(Outcome::NotJson, Outcome::InvalidField),
    }
}
