//! `/cart?offer=ID`: where a claim link leads. GET shows the offer and changes nothing, since
//! crawlers and link previews follow links; the button of its page claims the offer with a POST.

mod page;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, StatusCode};
use tokio::time::timeout;
use tracing::{error, info};
use uuid::Uuid;

use crate::app::Claims;
use crate::ledger::{Claim, ClaimState, LedgerError, StoredOffer};
use crate::price_service::PriceService;
use crate::stock::{LiveError, NotSold, Stock, current};
use crate::telemetry::ClaimFigures;

use page::{Headers, Message, OfferPage, moment};

/// A form of ours is 42 bytes; further fields are ignored.
const MAX_FORM_BYTES: usize = 1024;

/// How long such a form may take to arrive.
const FORM_TIME: Duration = Duration::from_secs(5);

const NOT_IN_STOCK: &str = "This is not in stock now, so it cannot be reserved here. To order it, \
                            give the shop the number of this offer.";

const NOT_SOLD: &str =
    "The shop does not sell this product under this name now. Nothing was reserved or charged.";

pub(crate) struct Cart {
    claims: Claims,
    headers: Headers,
    figures: ClaimFigures,
}

impl Cart {
    pub(crate) fn new(claims: Claims, figures: ClaimFigures) -> Self {
        let headers = Headers::new(claims.checkout.as_ref());
        // What is promised to a buyer goes by the stock of the moment.
        let price_service = claims.price_service.map(PriceService::afresh);
        let claims = Claims { price_service, ..claims };
        Self { claims, headers, figures }
    }
}

/// `GET` and `HEAD /cart?offer=ID`.
pub(crate) async fn show_offer(
    State(cart): State<Arc<Cart>>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(id) = query.as_deref().and_then(|query| offer_id(query.as_bytes())) else {
        return cart.message(StatusCode::BAD_REQUEST, &Message::NO_OFFER_NAMED);
    };
    let stored = match cart.claims.ledger.find(id).await {
        Ok(Some(stored)) => stored,
        Ok(None) => return cart.message(StatusCode::NOT_FOUND, &Message::UNKNOWN_OFFER),
        Err(error) => return cart.ledger_failed(id, &error),
    };
    let now = cart.claims.clock.now();
    match stored.claim.at(now) {
        ClaimState::Sold { .. } => cart.sold(id, &stored),
        ClaimState::Held { until } => cart.held(id, &stored, until, now),
        ClaimState::Open if stored.offer.expires_at() <= now => cart.expired(id, &stored),
        ClaimState::Open => cart.valid(id, &stored, now),
    }
}

/// `POST /cart` with the form field `offer`, from the button of the page. Idempotent.
pub(crate) async fn claim_offer(State(cart): State<Arc<Cart>>, request: Request<Body>) -> Response {
    let id = match form(request).await {
        Ok(id) => id,
        Err(no_form) => return cart.no_form(&no_form),
    };
    let (ledger, now) = (&cart.claims.ledger, cart.claims.clock.now());
    let stored = match ledger.find(id).await {
        Ok(Some(stored)) => stored,
        Ok(None) => return cart.unknown(),
        Err(error) => return cart.claim_failed(id, &error),
    };
    let (stock, not_sold) = match cart.stock(&stored, now).await {
        Ok(stock) => (stock, None),
        // What was reserved before stays so, and what has ended is told of as that.
        Err(not_sold @ (NotSold::NotCarried | NotSold::Unpublished | NotSold::NotNow)) => {
            (Stock::none(now), Some(not_sold))
        }
        Err(NotSold::Failed(error)) => return cart.stock_unknown(id, &stored, &error),
    };
    let figures = &cart.figures;
    let (rfq_id, product, quantity) =
        (&stored.rfq_id, &stored.ask.product, stored.ask.quantity.get());
    match ledger.claim(id, stock, now).await {
        Ok(Claim::Held { until }) => {
            figures.held.increment(1);
            let held_until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
            info!(%rfq_id, offer_id = %id, %product, quantity, held_until, "Reserved what was offered");
            cart.go_on(id, &stored, until, now)
        }
        Ok(Claim::AlreadyHeld { until }) => {
            figures.already_held.increment(1);
            cart.go_on(id, &stored, until, now)
        }
        Ok(Claim::OutOfStock) => {
            if let Some(reason) = not_sold {
                return cart.not_sold(id, &stored, &reason);
            }
            figures.out_of_stock.increment(1);
            info!(%rfq_id, offer_id = %id, %product, quantity, "Refused a claim: too few are left");
            let notice = if stored.offer.in_stock() {
                "Others were faster: too few are left. Nothing was reserved or charged. \
                 Please ask for a new quote."
            } else {
                NOT_IN_STOCK
            };
            cart.headers.page(StatusCode::CONFLICT, &cart.offer_page(id, &stored).notice(notice))
        }
        Ok(Claim::TooManyHolds) => {
            figures.too_many_holds.increment(1);
            info!(%rfq_id, offer_id = %id, %product, quantity, "Refused a claim: its caller holds as much as it may");
            let page = cart
                .offer_page(id, &stored)
                .notice(
                    "As many as may be reserved at once already are. Nothing was reserved or \
                     charged. Please try again in a few minutes.",
                )
                .button("Try again");
            cart.headers.page_to_retry(StatusCode::TOO_MANY_REQUESTS, 60, &page)
        }
        Ok(Claim::Expired) => {
            figures.expired.increment(1);
            cart.expired(id, &stored)
        }
        Ok(Claim::Sold) => {
            figures.sold.increment(1);
            cart.sold(id, &stored)
        }
        Ok(Claim::Unknown) => cart.unknown(),
        Err(error) => cart.claim_failed(id, &error),
    }
}

/// Why a POST is not the form of our page.
enum NoForm {
    /// Another site's page sent it; the offer it would claim, if that can be told.
    CrossSite(Option<Uuid>),
    NotAForm,
    TooLarge,
    TooSlow,
    NoOffer,
}

async fn form(request: Request<Body>) -> Result<Uuid, NoForm> {
    if !is_own_page(request.headers()) {
        let query = request.uri().query().unwrap_or_default();
        return Err(NoForm::CrossSite(offer_id(query.as_bytes())));
    }
    if !is_form(request.headers()) {
        return Err(NoForm::NotAForm);
    }
    let body = timeout(FORM_TIME, to_bytes(request.into_body(), MAX_FORM_BYTES)).await;
    let body = body.map_err(|_| NoForm::TooSlow)?.map_err(|_| NoForm::TooLarge)?;
    offer_id(&body).ok_or(NoForm::NoOffer)
}

/// Browsers say where a request comes from; only our own page may reserve. Whatever sends nothing is
/// no browser of today, and is not tricked by a page.
fn is_own_page(headers: &HeaderMap) -> bool {
    let mut from = headers.get_all("sec-fetch-site").iter();
    from.all(|from| from == "same-origin" || from == "none")
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn offer_id(form: &[u8]) -> Option<Uuid> {
    let mut pairs = url::form_urlencoded::parse(form);
    pairs.find(|(key, _)| key == "offer").and_then(|(_, id)| id.parse().ok())
}

impl Cart {
    /// What there is of the product: asked for only where a claim may go by it.
    async fn stock(&self, stored: &StoredOffer, now: DateTime<Utc>) -> Result<Stock, NotSold> {
        let claims = &self.claims;
        let is_open = stored.claim.at(now) == ClaimState::Open && stored.offer.expires_at() > now;
        if !is_open || !stored.offer.in_stock() {
            return Ok(Stock::none(now));
        }
        let catalogue = claims.catalogue.now();
        let current = current(&catalogue, claims.price_service.as_ref(), &stored.ask, now).await?;
        Ok(current.stock)
    }

    fn valid(&self, id: Uuid, stored: &StoredOffer, now: DateTime<Utc>) -> Response {
        let page =
            self.offer_page(id, stored).valid_until(moment(stored.offer.expires_at(), Some(now)));
        let page = if !stored.offer.in_stock() {
            page.notice(NOT_IN_STOCK)
        } else if !self.is_carried(stored) {
            page.notice(NOT_SOLD)
        } else if self.claims.checkout.is_some() {
            page.button("Continue to checkout")
        } else {
            page.button("Reserve")
        };
        self.headers.page(StatusCode::OK, &page)
    }

    /// To the checkout, or to a page that says how it goes on without one.
    fn go_on(
        &self,
        id: Uuid,
        stored: &StoredOffer,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Response {
        let catalogue = self.claims.catalogue.now();
        match (&self.claims.checkout, catalogue.find(&stored.ask.product)) {
            (Some(checkout), Some(product)) => {
                let (quantity, price) = (stored.ask.quantity.get(), stored.offer.price());
                self.headers.see_other(&checkout.fill(&product.id, quantity, id, price))
            }
            (None, _) | (_, None) => self.held(id, stored, until, now),
        }
    }

    fn held(
        &self,
        id: Uuid,
        stored: &StoredOffer,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Response {
        let until = moment(until, Some(now));
        let page = self.offer_page(id, stored);
        // A product that has left the feed since it was reserved has no SKU to check out with.
        let page = if self.claims.checkout.is_some() && self.is_carried(stored) {
            page.notice(format!("Reserved until {until}.")).button("Continue to checkout")
        } else {
            page.notice(format!(
                "Reserved until {until}. To buy, give the shop the number of this offer."
            ))
        };
        self.headers.page(StatusCode::OK, &page)
    }

    fn expired(&self, id: Uuid, stored: &StoredOffer) -> Response {
        let ended = moment(stored.offer.expires_at(), None);
        let notice = format!("This offer ended on {ended}. Please ask for a new quote.");
        self.headers.page(StatusCode::GONE, &self.offer_page(id, stored).notice(notice))
    }

    fn sold(&self, id: Uuid, stored: &StoredOffer) -> Response {
        let page = self.offer_page(id, stored).notice("This offer has been bought.");
        self.headers.page(StatusCode::GONE, &page)
    }

    fn is_carried(&self, stored: &StoredOffer) -> bool {
        self.claims.catalogue.now().find(&stored.ask.product).is_some()
    }

    fn unknown(&self) -> Response {
        self.figures.unknown.increment(1);
        self.message(StatusCode::NOT_FOUND, &Message::UNKNOWN_OFFER)
    }

    fn not_sold(&self, id: Uuid, stored: &StoredOffer, reason: &NotSold) -> Response {
        self.figures.not_sold.increment(1);
        let (rfq_id, product) = (&stored.rfq_id, &stored.ask.product);
        info!(%rfq_id, offer_id = %id, %product, %reason, "Refused a claim: its product is not sold now");
        let page = self.offer_page(id, stored).notice(NOT_SOLD);
        self.headers.page(StatusCode::CONFLICT, &page)
    }

    fn claim_failed(&self, id: Uuid, error: &LedgerError) -> Response {
        self.figures.failed.increment(1);
        self.ledger_failed(id, error)
    }

    fn ledger_failed(&self, id: Uuid, error: &LedgerError) -> Response {
        error!(offer_id = %id, %error, "An offer could not be shown or claimed, as the ledger failed");
        self.try_again(id)
    }

    fn stock_unknown(&self, id: Uuid, stored: &StoredOffer, error: &LiveError) -> Response {
        self.figures.failed.increment(1);
        let (rfq_id, product) = (&stored.rfq_id, &stored.ask.product);
        error!(%rfq_id, offer_id = %id, %product, %error, "An offer could not be claimed, as its stock is not known");
        self.try_again(id)
    }

    fn try_again(&self, id: Uuid) -> Response {
        let page = Message::TRY_AGAIN.with_offer(id);
        self.headers.page_to_retry(StatusCode::SERVICE_UNAVAILABLE, 5, &page)
    }

    fn no_form(&self, no_form: &NoForm) -> Response {
        let (status, message) = match no_form {
            NoForm::CrossSite(Some(id)) => {
                (StatusCode::FORBIDDEN, Message::OTHER_SITE.with_offer(*id))
            }
            NoForm::CrossSite(None) => (StatusCode::FORBIDDEN, Message::OTHER_SITE),
            NoForm::NotAForm => (StatusCode::UNSUPPORTED_MEDIA_TYPE, Message::NOT_A_FORM),
            NoForm::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, Message::NOT_A_FORM),
            NoForm::TooSlow => (StatusCode::REQUEST_TIMEOUT, Message::NOT_A_FORM),
            NoForm::NoOffer => (StatusCode::BAD_REQUEST, Message::NO_OFFER_NAMED),
        };
        self.message(status, &message)
    }

    fn message(&self, status: StatusCode, message: &Message) -> Response {
        self.headers.page(status, message)
    }

    fn offer_page<'a>(&self, id: Uuid, stored: &'a StoredOffer) -> OfferPage<'a> {
        let catalogue = self.claims.catalogue.now();
        let title = catalogue.find(&stored.ask.product).map(|product| product.title.clone());
        OfferPage::new(title.unwrap_or_else(|| stored.ask.product.slug().into()), id, stored)
    }
}
