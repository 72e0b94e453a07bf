//! The pages of an offer, and the headers that all of them have.

use askama::Template;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, StatusCode};
use tracing::error;
use url::Url;
use uuid::Uuid;

use crate::checkout::Checkout;
use crate::ledger::StoredOffer;

/// An offer, with what there is to say of it and the button to claim it.
#[derive(Template)]
#[template(path = "offer.html")]
pub(super) struct OfferPage<'a> {
    heading: Box<str>,
    id: Uuid,
    stored: &'a StoredOffer,
    notice: Option<String>,
    valid_until: Option<String>,
    button: Option<&'static str>,
}

impl<'a> OfferPage<'a> {
    pub(super) fn new(heading: Box<str>, id: Uuid, stored: &'a StoredOffer) -> Self {
        Self { heading, id, stored, notice: None, valid_until: None, button: None }
    }

    pub(super) fn notice(self, notice: impl Into<String>) -> Self {
        Self { notice: Some(notice.into()), ..self }
    }

    pub(super) fn valid_until(self, until: String) -> Self {
        Self { valid_until: Some(until), ..self }
    }

    pub(super) fn button(self, button: &'static str) -> Self {
        Self { button: Some(button), ..self }
    }
}

/// What there is to say where no offer can be shown.
#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct Message {
    heading: &'static str,
    explanation: &'static str,
    /// The offer to lead back to.
    offer: Option<Uuid>,
}

impl Message {
    pub(super) const NO_OFFER_NAMED: Self = Self {
        heading: "This link names no offer",
        explanation: "It should end in ?offer= and the number of an offer. \
                      Please follow the link exactly as you were given it.",
        offer: None,
    };
    pub(super) const UNKNOWN_OFFER: Self = Self {
        heading: "We do not know this offer",
        explanation: "It may have ended long ago. Please ask for a new quote.",
        offer: None,
    };
    pub(super) const TRY_AGAIN: Self = Self {
        heading: "Please try again in a moment",
        explanation: "The offer cannot be looked up just now. Nothing was charged.",
        offer: None,
    };
    pub(super) const OTHER_SITE: Self = Self {
        heading: "Please start from the offer",
        explanation: "Another site tried to reserve it for you. Nothing was reserved or charged.",
        offer: None,
    };
    pub(super) const NOT_A_FORM: Self = Self {
        heading: "This is not the form of an offer",
        explanation: "Please open the link of the offer and use the button on its page.",
        offer: None,
    };

    pub(super) fn with_offer(self, id: Uuid) -> Self {
        Self { offer: Some(id), ..self }
    }
}

/// A moment for people; with `now`, how far off it is, too.
pub(super) fn moment(at: DateTime<Utc>, now: Option<DateTime<Utc>>) -> String {
    let day_and_time = at.format("%-d %B %Y, %H:%M UTC");
    let Some(minutes) = now.map(|now| (at - now).num_minutes()) else {
        return day_and_time.to_string();
    };
    match minutes {
        ..1 => format!("{day_and_time} (in less than a minute)"),
        1 => format!("{day_and_time} (in 1 minute)"),
        2..120 => format!("{day_and_time} (in {minutes} minutes)"),
        120.. => format!("{day_and_time} (in {} hours)", minutes / 60),
    }
}

/// The headers of every answer: the link is a secret of whoever holds it, so it must not linger in
/// caches or leak onwards, and no other site may show the button as its own.
pub(super) struct Headers([(HeaderName, String); 5]);

impl Headers {
    pub(super) fn new(checkout: Option<&Checkout>) -> Self {
        // Browsers hold every redirect after a form against `form-action`, also those that the shop's
        // own checkout goes on with, to hosts that only it knows.
        let form_action = match checkout {
            Some(checkout) => format!("'self' {}:", checkout.scheme()),
            None => "'self'".to_owned(),
        };
        let policy = format!(
            "default-src 'none'; style-src 'unsafe-inline'; form-action {form_action}; \
             base-uri 'none'; frame-ancestors 'none'"
        );
        Self([
            (CACHE_CONTROL, "no-store".to_owned()),
            (REFERRER_POLICY, "no-referrer".to_owned()),
            (CONTENT_SECURITY_POLICY, policy),
            (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
            (HeaderName::from_static("x-robots-tag"), "noindex".to_owned()),
        ])
    }

    pub(super) fn page(&self, status: StatusCode, page: &impl Template) -> Response {
        match page.render() {
            Ok(body) => {
                let html = [(CONTENT_TYPE, "text/html; charset=utf-8")];
                (status, self.0.clone(), html, body).into_response()
            }
            Err(error) => {
                error!(%error, "A page could not be made");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    /// A page that is worth asking for again after so many seconds.
    pub(super) fn page_to_retry(
        &self,
        status: StatusCode,
        seconds: u32,
        page: &impl Template,
    ) -> Response {
        ([(RETRY_AFTER, seconds.to_string())], self.page(status, page)).into_response()
    }

    pub(super) fn see_other(&self, url: &Url) -> Response {
        let location = [(LOCATION, url.as_str().to_owned())];
        (StatusCode::SEE_OTHER, self.0.clone(), location).into_response()
    }
}
