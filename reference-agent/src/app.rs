//! The agent as a router: state in, routes out.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use rfq_agent_card::ServedCard;
use rfq_agent_card::served::{AGENT_CARD_PATH, AGENT_JSON_PATH};
use rfq_sdk::axum::MESSAGE_SEND;
use rfq_sdk::tower::VerifyLayer;
use rfq_sdk::{AnswerStore, Answerer, Clock, Responder};

use crate::catalogue::LiveCatalogue;
use crate::checkout::Checkout;
use crate::ledger::Ledger;
use crate::price_service::PriceService;
use crate::routes::{self, Declines};
use crate::telemetry::{AnswerFigures, ClaimFigures};

/// The path of the page that explains an offer: claim links lead there.
pub const CART: &str = "/cart";

/// What the routes work with.
pub struct App<R, S> {
    /// Answers the RFQs.
    pub answerer: Answerer<R, S>,
    /// Verifies them first.
    pub verify: VerifyLayer,
    /// Lets offers be claimed.
    pub claims: Claims,
    /// The agent card.
    pub card: ServedCard,
}

/// What the claims of offers work with.
pub struct Claims {
    /// The offers made: where the answerer remembers them.
    pub ledger: Ledger,
    /// The products offered.
    pub catalogue: LiveCatalogue,
    /// Knows the stock of the moment, where the feed's is not enough: as the responder's.
    pub price_service: Option<PriceService>,
    /// Where a claim goes on. Without one its page says that the goods are reserved, and the rest is
    /// between the buyer and the shop.
    pub checkout: Option<Checkout>,
    /// Tells whether an offer has expired.
    pub clock: Arc<dyn Clock>,
}

/// The agent's public routes: RFQs, the card at both of its well-known paths, claims, and health.
pub fn app<R: Responder, S: AnswerStore>(app: App<R, S>) -> Router {
    let card = Arc::new(app.card);
    let health = Arc::new(routes::Health {
        ledger: app.claims.ledger.clone(),
        catalogue: app.claims.catalogue.clone(),
        tells_reason: false,
    });
    let declines =
        Declines { ledger: app.claims.ledger.clone(), clock: Arc::clone(&app.claims.clock) };
    message_send(app.answerer, app.verify, Some(declines))
        .merge(claim_routes(app.claims))
        .route(AGENT_CARD_PATH, get(routes::card).with_state(Arc::clone(&card)))
        .route(AGENT_JSON_PATH, get(routes::card).with_state(card))
        .route("/healthz", get(routes::healthz).with_state(health))
}

/// The one route that the marketplace calls, with no more than a memory of answers: declines are not
/// noted.
pub fn rfq_routes<R: Responder, S: AnswerStore>(
    answerer: Answerer<R, S>,
    verify: VerifyLayer,
) -> Router {
    message_send(answerer, verify, None)
}

fn message_send<R: Responder, S: AnswerStore>(
    answerer: Answerer<R, S>,
    verify: VerifyLayer,
    declines: Option<Declines>,
) -> Router {
    let state = routes::MessageSend { verify, answerer, declines, figures: AnswerFigures::new() };
    Router::new()
        .route(MESSAGE_SEND, post(routes::message_send::<R, S>))
        .with_state(Arc::new(state))
}

/// The page of an offer, and its claim.
fn claim_routes(claims: Claims) -> Router {
    let state = Arc::new(routes::Cart::new(claims, ClaimFigures::new()));
    Router::new().route(CART, get(routes::show_offer).post(routes::claim_offer)).with_state(state)
}

impl<R, S> std::fmt::Debug for App<R, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("claims", &self.claims).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claims")
            .field("products", &self.catalogue.now().len())
            .field("checkout", &self.checkout)
            .finish_non_exhaustive()
    }
}
