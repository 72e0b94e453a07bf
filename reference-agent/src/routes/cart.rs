//! `GET /cart?offer=ID`: the page that a claim link leads to. It shows the offer and changes
//! nothing, since crawlers and link previews follow links.

use std::sync::Arc;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use rfq_sdk::{Clock, MemoryStore, Offer, Rfq};
use tracing::error;
use uuid::Uuid;

use crate::catalogue::LiveCatalogue;

pub(crate) struct Cart {
    pub(crate) offers: Arc<MemoryStore>,
    pub(crate) catalogue: LiveCatalogue,
    pub(crate) clock: Arc<dyn Clock>,
}

#[derive(Template)]
#[template(path = "offer.html")]
struct OfferPage<'a> {
    heading: &'a str,
    rfq: &'a Rfq,
    offer: &'a Offer,
    expires_at: String,
    expired: bool,
}

#[derive(Template)]
#[template(path = "no_offer.html")]
struct NoOfferPage {
    heading: &'static str,
    explanation: &'static str,
}

pub(crate) async fn cart(State(cart): State<Arc<Cart>>, RawQuery(query): RawQuery) -> Response {
    let Some(id) = query.as_deref().and_then(offer_id) else {
        let page = NoOfferPage {
            heading: "This link names no offer",
            explanation: "It should end in ?offer= and the id of an offer. \
                          Please follow the link exactly as you were given it.",
        };
        return html(StatusCode::BAD_REQUEST, &page);
    };
    let Some((rfq, offer)) = cart.offers.find(id) else {
        let page = NoOfferPage {
            heading: "We do not know this offer",
            explanation: "It may have ended long ago. Please ask for a new quote.",
        };
        return html(StatusCode::NOT_FOUND, &page);
    };
    let expired = offer.expires_at() <= cart.clock.now();
    let catalogue = cart.catalogue.now();
    let title = catalogue.find(rfq.product()).map(|product| &*product.title);
    let page = OfferPage {
        heading: title.unwrap_or(rfq.product().slug()),
        rfq: &rfq,
        offer: &offer,
        expires_at: offer.expires_at().format("%-d %B %Y, %H:%M UTC").to_string(),
        expired,
    };
    html(if expired { StatusCode::GONE } else { StatusCode::OK }, &page)
}

fn offer_id(query: &str) -> Option<Uuid> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == "offer").and_then(|(_, id)| id.parse().ok())
}

fn html(status: StatusCode, page: &impl Template) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        // The link is a secret of whoever holds it: it must not linger in caches or leak onwards.
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
    ];
    match page.render() {
        Ok(body) => (status, headers, body).into_response(),
        Err(error) => {
            error!(%error, "A page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
