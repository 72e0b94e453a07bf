//! The agent as a router: state in, routes out.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use rfq_agent_card::ServedCard;
use rfq_agent_card::served::{AGENT_CARD_PATH, AGENT_JSON_PATH};
use rfq_sdk::axum::MESSAGE_SEND;
use rfq_sdk::tower::VerifyLayer;
use rfq_sdk::{Answerer, Clock, MemoryStore, Responder};

use crate::catalogue::LiveCatalogue;
use crate::routes;

/// The path of the page that explains an offer: claim links lead there.
pub const CART: &str = "/cart";

/// What the routes work with.
pub struct App<R> {
    /// Answers the RFQs.
    pub answerer: Answerer<R, Arc<MemoryStore>>,
    /// Verifies them first.
    pub verify: VerifyLayer,
    /// The offers made, the same that the answerer remembers in.
    pub offers: Arc<MemoryStore>,
    /// The products offered.
    pub catalogue: LiveCatalogue,
    /// The agent card.
    pub card: ServedCard,
    /// Tells whether an offer has expired.
    pub clock: Arc<dyn Clock>,
}

/// The agent's routes: RFQs, the card at both of its well-known paths, the offer page, and health.
pub fn app<R: Responder>(app: App<R>) -> Router {
    let card = Arc::new(app.card);
    let offer_page = Arc::new(routes::Cart {
        offers: app.offers,
        catalogue: app.catalogue.clone(),
        clock: app.clock,
    });
    Router::new()
        .route(MESSAGE_SEND, post(routes::message_send::<R>))
        .with_state((app.verify, app.answerer))
        .route(AGENT_CARD_PATH, get(routes::card).with_state(Arc::clone(&card)))
        .route(AGENT_JSON_PATH, get(routes::card).with_state(card))
        .route(CART, get(routes::cart).with_state(offer_page))
        .route("/healthz", get(routes::healthz).with_state(app.catalogue))
}

impl<R> std::fmt::Debug for App<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("products", &self.catalogue.now().len()).finish_non_exhaustive()
    }
}
