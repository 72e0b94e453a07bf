//! How the shop quotes, whatever the product.

use chrono::TimeDelta;
use rfq_sdk::{Offer, Terms, TermsError};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::calendar::LeadTime;
use crate::configured::whole;
use crate::shipping::ShopShipping;

/// How the shop quotes, whatever the product.
///
/// Each part is a section of the configuration, and its default is that section left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// `[offers]`: what every offer says.
    pub offers: OfferRules,
    /// `[shipping]`: where goods are sent, and for how much.
    pub shipping: ShopShipping,
    /// `[lead_time]`: how long that takes.
    pub lead_time: LeadTime,
}

/// What every offer says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OfferRules {
    /// How long an offer is valid, unless a sale whose price it has ends before.
    #[serde(rename = "valid_minutes")]
    pub validity: Validity,
    /// Conditions for the consumer; `None`, written as an empty text, is none.
    #[serde(deserialize_with = "terms")]
    pub terms: Option<Terms>,
    /// What is answered when the stock does not suffice.
    pub out_of_stock: OutOfStock,
}

/// What is answered when fewer units are to be had than asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutOfStock {
    /// No offer.
    #[default]
    Decline,
    /// An offer that says that the goods are not in stock.
    Offer,
}

/// How long an offer is valid: whole minutes, from [`Validity::MIN`] to [`Validity::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Validity(TimeDelta);

impl Validity {
    /// The shortest: 5 minutes, as a claim takes people a moment.
    pub const MIN: TimeDelta = TimeDelta::minutes(5);

    /// The longest: 23 hours 55 minutes. The marketplace takes at most 24 hours by its own clock,
    /// which may be some minutes behind ours (wire contract, "Response").
    pub const MAX: TimeDelta = Offer::DEFAULT_VALIDITY;

    /// The time itself.
    #[must_use]
    pub fn get(self) -> TimeDelta {
        self.0
    }
}

impl Default for Validity {
    /// The longest.
    fn default() -> Self {
        Self(Self::MAX)
    }
}

impl<'de> Deserialize<'de> for Validity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let range = Self::MIN.num_minutes()..=Self::MAX.num_minutes();
        whole(deserializer, range, "whole minutes from 5 to 1435")
            .map(|minutes| Self(TimeDelta::minutes(minutes)))
    }
}

impl Default for OfferRules {
    fn default() -> Self {
        Self {
            validity: Validity::default(),
            // What the shop's checkout decides.
            terms: "Excl. sales tax and duty.".parse().ok(),
            out_of_stock: OutOfStock::default(),
        }
    }
}

fn terms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Terms>, D::Error> {
    match String::deserialize(deserializer)?.parse() {
        Ok(terms) => Ok(Some(terms)),
        Err(TermsError::Empty) => Ok(None),
        Err(error) => Err(D::Error::custom(error)),
    }
}
