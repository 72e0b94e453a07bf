//! The admin address as a router: for the shop's own checkout and its monitoring, never for the
//! public.
//!
//! It asks for no password, so it belongs on this machine or a network that only the shop is in. A
//! web page in the browser of someone there must not reach it: requests that a page makes across
//! sites (they have an `Origin`) are refused, and so are those to a host name that is not ours (DNS
//! rebinding).

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderValue, Request, StatusCode};
use metrics_exporter_prometheus::PrometheusHandle;
use rfq_sdk::Clock;
use serde_json::{Value, json};
use tracing::warn;

use crate::catalogue::LiveCatalogue;
use crate::ledger::Ledger;
use crate::routes;

/// What the admin routes work with.
pub struct Admin {
    /// The offers made.
    pub ledger: Ledger,
    /// The products offered.
    pub catalogue: LiveCatalogue,
    /// The agent's figures, of the recorder that is installed.
    pub metrics: PrometheusHandle,
    /// Tells when an offer is sold, or has expired.
    pub clock: Arc<dyn Clock>,
    /// Whether a price service tells the stock, so that sales are not held against the feed's.
    pub has_price_service: bool,
    /// Host names to answer to, beside `localhost` and IP addresses: such as a container's.
    pub hosts: Vec<String>,
}

/// The admin routes: orders, figures, health.
pub fn admin(admin: Admin) -> Router {
    let Admin { ledger, catalogue, metrics, clock, has_price_service, hosts } = admin;
    let health =
        routes::Health { ledger: ledger.clone(), catalogue: catalogue.clone(), tells_reason: true };
    let orders = Arc::new(routes::Orders { ledger, catalogue, clock, has_price_service });
    let order = get(routes::show_order).post(routes::mark_sold);
    Router::new()
        .route("/orders/{offer_id}", order.with_state(orders))
        .route("/metrics", get(routes::metrics).with_state(metrics))
        .route("/healthz", get(routes::healthz).with_state(Arc::new(health)))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(hosts.into(), refuse_web_pages))
}

/// The body of every error: `error` for machines, `message` for people.
pub(crate) fn error(status: StatusCode, error: &str, message: &str) -> Response {
    json(status, &json!({ "error": error, "message": message }))
}

/// An answer that no cache keeps.
pub(crate) fn json(status: StatusCode, body: &Value) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}

async fn no_such_path() -> Response {
    let message = "expected /orders/{offer_id}, /metrics or /healthz";
    error(StatusCode::NOT_FOUND, "not_found", message)
}

async fn no_such_method() -> Response {
    let message = "expected one of the methods in the header Allow";
    error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}

async fn refuse_web_pages(
    State(hosts): State<Arc<[String]>>,
    request: Request<Body>,
    next: Next,
) -> Response {
    if let Some(origin) = request.headers().get(ORIGIN) {
        warn!(origin = &*text(origin), "Refused an admin request of a web page");
        let message = "requests of web pages are refused: expected no header Origin";
        return error(StatusCode::FORBIDDEN, "web_page", message);
    }
    let named = request
        .headers()
        .get_all(HOST)
        .iter()
        .map(|host| Authority::try_from(host.as_bytes()).ok());
    let target = request.uri().authority().cloned().map(Some);
    // Without any it is no browser, which always names one.
    let ours = |host: Option<Authority>| host.is_some_and(|host| is_ours(host.host(), &hosts));
    if named.chain(target).all(ours) {
        next.run(request).await
    } else {
        let host = request.headers().get(HOST).map(text);
        warn!(host = host.as_deref(), "Refused an admin request to a host name that is not ours");
        let message = "expected the header Host to be an IP address, localhost or a name in \
                       admin_hosts of the agent's configuration";
        error(StatusCode::FORBIDDEN, "unknown_host", message)
    }
}

fn text(header: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(header.as_bytes())
}

fn is_ours(host: &str, hosts: &[String]) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    address.parse::<std::net::IpAddr>().is_ok()
        || host.eq_ignore_ascii_case("localhost")
        || hosts.iter().any(|name| name.eq_ignore_ascii_case(host))
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}
