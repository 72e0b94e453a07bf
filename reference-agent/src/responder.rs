//! Answers an RFQ from the catalogue.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rfq_sdk::{Answer, Clock, DeclineReason, Offer, OfferBuilder, Responder, ResponderError, Rfq};
use url::Url;
use uuid::Uuid;

use crate::ask::Ask;
use crate::catalogue::{LiveCatalogue, Product};
use crate::quote::quote;
use crate::rules::Rules;

/// Knows what of the stock is spoken for.
pub trait Stock: Send + Sync + 'static {
    /// Units of `product` that are not to be had at `now`, of those a catalogue counts whose source
    /// was written at `as_of`: held for others, or sold since then.
    fn reserved(&self, product: &Product, as_of: DateTime<Utc>, now: DateTime<Utc>) -> u32;
}

/// Nothing is held for anyone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unreserved;

impl Stock for Unreserved {
    fn reserved(&self, _product: &Product, _as_of: DateTime<Utc>, _now: DateTime<Utc>) -> u32 {
        0
    }
}

/// Answers an RFQ from the catalogue.
pub struct CatalogueResponder<C, S> {
    catalogue: LiveCatalogue,
    rules: Arc<Rules>,
    stock: S,
    clock: C,
    /// Makes the id of the next offer; nobody must be able to guess it, as it opens the offer's page.
    offer_id: fn() -> Uuid,
    cart: Url,
}

impl<C: Clock, S: Stock> CatalogueResponder<C, S> {
    /// Answers from `catalogue` by `rules`, with claim links that lead to `cart` and name the offer.
    #[must_use]
    pub fn new(
        catalogue: LiveCatalogue,
        rules: Arc<Rules>,
        stock: S,
        clock: C,
        offer_id: fn() -> Uuid,
        cart: Url,
    ) -> Self {
        Self { catalogue, rules, stock, clock, offer_id, cart }
    }

    fn offer(&self, rfq: &Rfq) -> Result<Answer, ResponderError> {
        let catalogue = self.catalogue.now();
        let Some(product) = catalogue.find(rfq.product()) else {
            return Ok(DeclineReason::NotCarried.into());
        };
        let now = self.clock.now();
        let reserved = self.stock.reserved(product, catalogue.as_of(), now);
        let quote = match quote(product, &Ask::from(rfq), &self.rules, reserved, now) {
            Ok(quote) => quote,
            Err(reason) => return Ok(reason.into()),
        };
        let id = (self.offer_id)();
        let mut claim_url = self.cart.clone();
        claim_url.set_query(Some(&format!("offer={id}")));
        let offer = Offer::builder(quote.price, claim_url.try_into()?)
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

impl<C: Clock, S: Stock> Responder for CatalogueResponder<C, S> {
    async fn respond(&self, rfq: Rfq) -> Result<Answer, ResponderError> {
        self.offer(&rfq)
    }
}

impl<C, S> std::fmt::Debug for CatalogueResponder<C, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CatalogueResponder")
            .field("products", &self.catalogue.now().len())
            .field("cart", &self.cart.as_str())
            .finish_non_exhaustive()
    }
}
