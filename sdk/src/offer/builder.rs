//! The rules of a valid offer.

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use uuid::Uuid;

use super::{ClaimUrl, Offer, Terms};
use crate::usd::Usd;

/// What an [`Offer`] is made from.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct OfferBuilder {
    offer: Offer,
    ends: Ends,
}

#[derive(Debug, Clone, Copy)]
enum Ends {
    At(DateTime<Utc>),
    After(TimeDelta),
}

/// Why an offer would be invalid. The names are those of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OfferError {
    /// Goods in stock for nothing.
    #[error("price_usd: expected more than 0 for goods in stock")]
    PriceZero,
    /// Price and shipping together exceed [`Usd::MAX`].
    #[error("price_usd and shipping_cost_usd: together more than {}", Usd::MAX)]
    TotalTooLarge,
    /// More than [`Offer::MAX_SHIPPING_DAYS`].
    #[error("estimated_shipping_days: {given}, expected at most {}", Offer::MAX_SHIPPING_DAYS)]
    TooManyShippingDays {
        /// What was given.
        given: u16,
    },
    /// The offer would end before it is made.
    #[error("offer_expires_at: {expires_at} is not in the future")]
    Expired {
        /// When it would end.
        expires_at: DateTime<Utc>,
    },
    /// The offer would be valid for more than [`Offer::MAX_VALIDITY`].
    #[error("offer_expires_at: {expires_at} is more than 24 hours away")]
    TooLongValid {
        /// When it would end.
        expires_at: DateTime<Utc>,
    },
}

impl Offer {
    /// Begins an offer of goods in stock.
    ///
    /// `price` is in US dollars and covers the whole quantity asked for: the marketplace ranks by
    /// price plus shipping. Unless said otherwise the offer is valid for
    /// [`Offer::DEFAULT_VALIDITY`].
    #[inline]
    pub fn builder(price: Usd, claim_url: ClaimUrl) -> OfferBuilder {
        OfferBuilder {
            offer: Self {
                price,
                list_price: None,
                in_stock: true,
                shipping_days: None,
                shipping_cost: None,
                offer_id: None,
                expires_at: DateTime::UNIX_EPOCH,
                claim_url,
                terms: None,
            },
            ends: Ends::After(Self::DEFAULT_VALIDITY),
        }
    }
}

impl OfferBuilder {
    /// The regular price of the same quantity, in US dollars. It is left out when it is not higher
    /// than the price, since there is no discount to show then.
    #[inline]
    pub fn list_price(mut self, regular: Usd) -> Self {
        self.offer.list_price = Some(regular);
        self
    }

    /// Says that the goods are not in stock. A decline is the usual answer then.
    #[inline]
    pub fn out_of_stock(mut self) -> Self {
        self.offer.in_stock = false;
        self
    }

    /// Business days until delivery, 0 to 365. Leave it out when unknown.
    #[inline]
    pub fn shipping_days(mut self, days: u16) -> Self {
        self.offer.shipping_days = Some(days);
        self
    }

    /// The cost of shipping the whole quantity, in US dollars; zero is free. Left out, it is
    /// unknown, and the offer ranks lower.
    #[inline]
    pub fn shipping_cost(mut self, cost: Usd) -> Self {
        self.offer.shipping_cost = Some(cost);
        self
    }

    /// Your own name for the offer; the marketplace gives it one when it has none.
    #[inline]
    pub fn offer_id(mut self, id: Uuid) -> Self {
        self.offer.offer_id = Some(id);
        self
    }

    /// Conditions for the consumer, such as returns and warranty.
    #[inline]
    pub fn terms(mut self, terms: Terms) -> Self {
        self.offer.terms = Some(terms);
        self
    }

    /// When the offer ends: at most 24 hours from now. Kept in whole seconds, rounded down.
    #[inline]
    pub fn expires_at(mut self, at: DateTime<Utc>) -> Self {
        self.ends = Ends::At(at);
        self
    }

    /// How long the offer is valid, from now: more than 1 second, at most 24 hours.
    pub fn valid_for(mut self, validity: TimeDelta) -> Self {
        self.ends = Ends::After(validity);
        self
    }

    /// Makes the offer at time `now`.
    ///
    /// # Errors
    /// [`OfferError`], naming the field as the wire does.
    pub fn build(self, now: DateTime<Utc>) -> Result<Offer, OfferError> {
        self.build_with(now, TimeDelta::zero())
    }

    /// As [`build`](Self::build), for an offer of another's clock, which may differ by `skew`.
    #[inline]
    pub(crate) fn build_with(
        self,
        now: DateTime<Utc>,
        skew: TimeDelta,
    ) -> Result<Offer, OfferError> {
        let mut offer = self.offer;
        let expires_at = match self.ends {
            Ends::At(at) => at,
            // The far end of the calendar is refused below like any other too late a time.
            Ends::After(validity) => {
                now.checked_add_signed(validity).unwrap_or(DateTime::<Utc>::MAX_UTC)
            }
        };
        offer.expires_at = expires_at.trunc_subsecs(0);
        if offer.expires_at <= now {
            return Err(OfferError::Expired { expires_at });
        }
        if expires_at - now > Offer::MAX_VALIDITY + skew {
            return Err(OfferError::TooLongValid { expires_at });
        }
        if offer.in_stock && offer.price == Usd::ZERO {
            return Err(OfferError::PriceZero);
        }
        if offer.shipping_cost.is_some() && offer.total().is_none() {
            return Err(OfferError::TotalTooLarge);
        }
        if let Some(given) = offer.shipping_days.filter(|days| *days > Offer::MAX_SHIPPING_DAYS) {
            return Err(OfferError::TooManyShippingDays { given });
        }
        offer.list_price = offer.list_price.filter(|regular| *regular > offer.price);
        Ok(offer)
    }
}
