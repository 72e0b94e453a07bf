//! Answers an RFQ from the catalogue.

use rfq_sdk::{
    Answer, ClaimUrl, Clock, DeclineReason, Offer, OfferBuilder, Responder, ResponderError, Rfq,
    Terms,
};
use uuid::Uuid;

use crate::ask::Ask;
use crate::catalogue::LiveCatalogue;
use crate::quote::quote;
use crate::rules::Rules;

/// Answers an RFQ from the catalogue.
pub struct CatalogueResponder<C> {
    catalogue: LiveCatalogue,
    clock: C,
    /// Makes the id of the next offer; nobody must be able to guess it, as it opens the offer's page.
    offer_id: fn() -> Uuid,
    cart: ClaimUrl,
    terms: Terms,
}

impl<C: Clock> CatalogueResponder<C> {
    /// Answers from `catalogue`, with `terms` on every offer and claim links that lead to `cart` and
    /// name the offer.
    #[must_use]
    pub fn new(
        catalogue: LiveCatalogue,
        clock: C,
        offer_id: fn() -> Uuid,
        cart: ClaimUrl,
        terms: Terms,
    ) -> Self {
        Self { catalogue, clock, offer_id, cart, terms }
    }

    fn offer(&self, rfq: &Rfq) -> Result<Answer, ResponderError> {
        let catalogue = self.catalogue.now();
        let Some(product) = catalogue.find(rfq.product()) else {
            return Ok(DeclineReason::NotCarried.into());
        };
        let now = self.clock.now();
        let quote = match quote(product, &Ask::from(rfq), &Rules::default(), 0, now) {
            Ok(quote) => quote,
            Err(reason) => return Ok(reason.into()),
        };
        let id = (self.offer_id)();
        let offer = Offer::builder(quote.price, self.cart.with_offer(id)?)
            .list_price(quote.list_price)
            .offer_id(id)
            .terms(self.terms.clone());
        let offer = quote.shipping_cost.into_iter().fold(offer, OfferBuilder::shipping_cost);
        let offer = quote.shipping_days.into_iter().fold(offer, OfferBuilder::shipping_days);
        Ok(offer.build(now)?.into())
    }
}

impl<C: Clock> Responder for CatalogueResponder<C> {
    async fn respond(&self, rfq: Rfq) -> Result<Answer, ResponderError> {
        self.offer(&rfq)
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
