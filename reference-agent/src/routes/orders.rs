//! `/orders/{offer_id}` on the admin address: what the shop's checkout asks and tells of an offer.
//! GET shows the offer, so that a checkout can verify what it was sent; POST marks it sold.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use http::StatusCode;
use rfq_sdk::{Clock, ProductSlug};
use serde_json::Value;
use tracing::{error, info, warn};
use uuid::Uuid;

use crate::admin::{error, json};
use crate::catalogue::LiveCatalogue;
use crate::ledger::{ClaimState, Ledger, LedgerError, Sell, StoredOffer};
use crate::stock::Stock;

pub(crate) struct Orders {
    pub(crate) ledger: Ledger,
    pub(crate) catalogue: LiveCatalogue,
    pub(crate) clock: Arc<dyn Clock>,
    /// Then the feed's stock says nothing.
    pub(crate) has_price_service: bool,
}

impl Orders {
    /// Whether more of `product` is sold and claimed than there is; `None` where nobody counts, or only
    /// the price service, whose stock of the moment may be with or without a sale that is just told.
    fn is_beyond_stock(&self, product: &ProductSlug, now: DateTime<Utc>) -> Option<bool> {
        let catalogue = self.catalogue.now();
        let stock = catalogue.find(product).filter(|_| !self.has_price_service)?;
        let stock = Stock::of(stock, catalogue.as_of());
        let on_hand = stock.units?;
        let taken = self.ledger.reserved(product, stock, now);
        Some(taken.claimed.saturating_add(taken.sold) > on_hand.into())
    }
}

/// `GET /orders/{offer_id}`.
pub(crate) async fn show_order(
    State(orders): State<Arc<Orders>>,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return not_an_offer_id() };
    match orders.ledger.find(id).await {
        Ok(Some(stored)) => {
            let catalogue = orders.catalogue.now();
            let sku = catalogue.find(&stored.ask.product).map(|product| &*product.id);
            json(StatusCode::OK, &offer(id, &stored, sku, orders.clock.now()))
        }
        Ok(None) => unknown(),
        Err(failure) => ledger_failed(id, &failure),
    }
}

/// `POST /orders/{offer_id}`. Idempotent: the first time counts.
pub(crate) async fn mark_sold(
    State(orders): State<Arc<Orders>>,
    Path(id): Path<String>,
) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return not_an_offer_id() };
    let stored = match orders.ledger.find(id).await {
        Ok(Some(stored)) => stored,
        Ok(None) => return unknown(),
        Err(failure) => return ledger_failed(id, &failure),
    };
    let now = orders.clock.now();
    let sold = match orders.ledger.sell(id, now).await {
        Ok(sold) => sold,
        Err(failure) => return ledger_failed(id, &failure),
    };
    let beyond_stock = orders.is_beyond_stock(&stored.ask.product, now);
    let (status, at) = match sold {
        Sell::Sold => {
            let (rfq_id, product, quantity) =
                (&stored.rfq_id, &stored.ask.product, stored.ask.quantity.get());
            if beyond_stock == Some(true) {
                warn!(%rfq_id, offer_id = %id, %product, quantity, "Marked an offer sold, but more is sold and claimed now than there is");
            } else {
                info!(%rfq_id, offer_id = %id, %product, quantity, "Marked an offer sold");
            }
            ("sold", now)
        }
        Sell::AlreadySold { at } => ("already_sold", at),
        Sell::Unknown => return unknown(),
    };
    let answer = serde_json::json!({
        "offer_id": id,
        "status": status,
        "sold_at": time(at),
        "beyond_stock": beyond_stock,
    });
    json(StatusCode::OK, &answer)
}

/// Amounts are US dollars and for the whole quantity; what is not known is null.
fn offer(id: Uuid, stored: &StoredOffer, sku: Option<&str>, now: DateTime<Utc>) -> Value {
    let StoredOffer { rfq_id, ask, requestor, offer, made_at, claim, .. } = stored;
    let (status, held_until, sold_at) = match claim.at(now) {
        ClaimState::Sold { at } => ("sold", None, Some(at)),
        ClaimState::Held { until } => ("held", Some(until), None),
        ClaimState::Open if offer.expires_at() <= now => ("expired", None, None),
        ClaimState::Open => ("open", None, None),
    };
    serde_json::json!({
        "offer_id": id,
        "status": status,
        "held_until": held_until.map(time),
        "sold_at": sold_at.map(time),
        "rfq_id": rfq_id.as_str(),
        "requestor": requestor,
        "product": ask.product,
        "sku": sku,
        "quantity": ask.quantity.get(),
        "region": ask.region,
        "price_usd": offer.price(),
        "shipping_cost_usd": offer.shipping_cost(),
        "total_usd": offer.total(),
        "terms": offer.terms(),
        "made_at": time(*made_at),
        "expires_at": time(offer.expires_at()),
    })
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn not_an_offer_id() -> Response {
    error(
        StatusCode::BAD_REQUEST,
        "not_an_offer_id",
        "expected /orders/ and the offer's id, a uuid such as 0b0e6f0e-6f0c-4c4e-9a51-2f2f4f6f0c12",
    )
}

fn unknown() -> Response {
    let message = "no such offer was made, or it is older than the ledger keeps";
    error(StatusCode::NOT_FOUND, "unknown_offer", message)
}

fn ledger_failed(id: Uuid, failure: &LedgerError) -> Response {
    error!(offer_id = %id, error = %failure, "An order could not be looked up or kept, as the ledger failed");
    let what_now = if matches!(failure, LedgerError::Late(_)) {
        "please try again: a sale is kept once"
    } else {
        "nothing was changed, please try again"
    };
    let message = format!("{failure}; {what_now}");
    error(StatusCode::SERVICE_UNAVAILABLE, "ledger_failed", &message)
}
