//! Answers an RFQ from the catalogue.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rfq_sdk::{
    Answer, ClaimUrl, Clock, DeclineReason, Offer, OfferBuilder, Responder, ResponderError, Rfq,
};
use tracing::info;
use uuid::Uuid;

use crate::ask::Ask;
use crate::catalogue::{Availability, LiveCatalogue};
use crate::ledger::Ledger;
use crate::price_service::PriceService;
use crate::quote::{Quote, quote};
use crate::rules::Rules;
use crate::stock::{NotSold, current};

/// Answers an RFQ from the catalogue, by the shop's rules.
pub struct CatalogueResponder<C> {
    /// The products.
    pub catalogue: LiveCatalogue,
    /// How they are quoted.
    pub rules: Arc<Rules>,
    /// Knows what of the stock is held or sold. Without one all of the stock is there for everyone.
    pub ledger: Option<Ledger>,
    /// Knows price and stock of the moment, where the feed's are not enough.
    pub price_service: Option<PriceService>,
    /// The time offers are made at.
    pub clock: C,
    /// Makes the id of the next offer; nobody must be able to guess it, as it opens the offer's page.
    pub offer_id: fn() -> Uuid,
    /// Where claim links lead to.
    pub cart: ClaimUrl,
}

/// The id of an offer made at `now`, with the random bits of a `UUIDv4` (`UUIDv7`, RFC 9562, section
/// 5.7): nobody can guess it, and the ledger finds the ids of a time side by side, so that a commit
/// touches few pages.
#[must_use]
pub fn offer_id(now: DateTime<Utc>, random: Uuid) -> Uuid {
    let milliseconds = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    let mut bits = [0; 10];
    // Without the two bytes that say which kind of id it is.
    let drawn = random.as_bytes().iter().enumerate().filter(|(place, _)| ![6, 8].contains(place));
    for (bit, (_, drawn)) in bits.iter_mut().zip(drawn) {
        *bit = *drawn;
    }
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &bits).into_uuid()
}

impl<C: Clock> CatalogueResponder<C> {
    fn offer(&self, quote: &Quote, now: DateTime<Utc>) -> Result<Answer, ResponderError> {
        let id = (self.offer_id)();
        let offer = Offer::builder(quote.price, self.cart.with_offer(id)?)
            .offer_id(id)
            .expires_at(quote.valid_until);
        let offer = if quote.in_stock { offer } else { offer.out_of_stock() };
        let terms = self.rules.offers.terms.clone();
        let offer = terms.into_iter().fold(offer, OfferBuilder::terms);
        let offer = quote.list_price.into_iter().fold(offer, OfferBuilder::list_price);
        let offer = quote.shipping_cost.into_iter().fold(offer, OfferBuilder::shipping_cost);
        let offer = quote.shipping_days.into_iter().fold(offer, OfferBuilder::shipping_days);
        Ok(offer.build(now)?.into())
    }
}

impl<C: Clock> Responder for CatalogueResponder<C> {
    async fn respond(&self, rfq: Rfq) -> Result<Answer, ResponderError> {
        // One catalogue from beginning to end, whatever is loaded meanwhile.
        let catalogue = self.catalogue.now();
        let (ask, now) = (Ask::from(&rfq), self.clock.now());
        let current = match current(&catalogue, self.price_service.as_ref(), &ask, now).await {
            Ok(current) => current,
            Err(NotSold::Failed(error)) => return Err(error.into()),
            Err(not_sold) => return Ok(not_sold.reason().into()),
        };
        let ledger = self.ledger.as_ref();
        let reserved = |ledger: &Ledger| ledger.reserved(&ask.product, current.stock, now);
        let taken = ledger.map(reserved).unwrap_or_default();
        match quote(&current.product, &ask, &self.rules, taken.units(), now) {
            Ok(quote) => self.offer(&quote, now),
            Err(reason) => {
                let is_sold = current.product.availability == Availability::InStock;
                if let (DeclineReason::OutOfStock, true, Some(on_hand)) =
                    (reason, is_sold, current.stock.units)
                {
                    let (rfq_id, product, quantity) = (rfq.id(), &ask.product, ask.quantity.get());
                    let (held, sold) = (taken.offered.saturating_add(taken.claimed), taken.sold);
                    info!(%rfq_id, %product, quantity, on_hand, held, sold, "Too few units are left");
                }
                Ok(reason.into())
            }
        }
    }
}

impl<C> std::fmt::Debug for CatalogueResponder<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CatalogueResponder")
            .field("products", &self.catalogue.now().len())
            .field("cart", &self.cart.as_str())
            .finish_non_exhaustive()
    }
}
