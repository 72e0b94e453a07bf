//! Requests that are refused: why, what they are answered, and what the log says of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::verify::{Refusal, Scheme};

/// A request that is refused: its answer, flat and without the reason, is [`Refused::into_response`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    pub(super) reason: RefusedReason,
    pub(super) scheme: Scheme,
}

/// Why a request is refused, for figures and the log. It never leaves the agent: the first five are
/// answered the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusedReason {
    /// A header that authenticates is missing, as with whoever scans the internet.
    NoCredentials,
    /// A header that authenticates is not in its form, or comes twice.
    MalformedCredentials,
    /// The timestamp is too far from this machine's time: one of the two clocks is wrong.
    OutsideWindow,
    /// Another secret, or another body than the one that was signed.
    WrongCredentials,
    /// This machine's clock shows a time before 1970.
    ClockUnset,
    /// The body is larger than the limit.
    BodyTooLarge,
    /// The body did not arrive within the budget.
    BodyTooSlow,
    /// The body broke off.
    BodyIncomplete,
}

impl RefusedReason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::NoCredentials,
        Self::MalformedCredentials,
        Self::OutsideWindow,
        Self::WrongCredentials,
        Self::ClockUnset,
        Self::BodyTooLarge,
        Self::BodyTooSlow,
        Self::BodyIncomplete,
    ];

    /// A stable name for logs and figures.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoCredentials => "no_credentials",
            Self::MalformedCredentials => "malformed_credentials",
            Self::OutsideWindow => "outside_window",
            Self::WrongCredentials => "wrong_credentials",
            Self::ClockUnset => "clock_unset",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyTooSlow => "body_too_slow",
            Self::BodyIncomplete => "body_incomplete",
        }
    }
}

impl Refused {
    /// Why.
    #[must_use]
    pub const fn reason(self) -> RefusedReason {
        self.reason
    }

    /// The answer to the request. Its extensions hold the [`RefusedReason`], for whoever counts.
    #[must_use]
    pub fn into_response<R: From<Bytes>>(self) -> Response<R> {
        let (status, body) = match self.reason {
            RefusedReason::NoCredentials
            | RefusedReason::MalformedCredentials
            | RefusedReason::OutsideWindow
            | RefusedReason::WrongCredentials
            | RefusedReason::ClockUnset => {
                (StatusCode::UNAUTHORIZED, r#"{"error":"unauthorized"}"#)
            }
            RefusedReason::BodyTooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, r#"{"error":"body_too_large"}"#)
            }
            RefusedReason::BodyTooSlow => {
                (StatusCode::REQUEST_TIMEOUT, r#"{"error":"body_too_slow"}"#)
            }
            RefusedReason::BodyIncomplete => {
                (StatusCode::BAD_REQUEST, r#"{"error":"body_incomplete"}"#)
            }
        };
        let mut response = Response::new(R::from(Bytes::from_static(body.as_bytes())));
        *response.status_mut() = status;
        response.extensions_mut().insert(self.reason);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Every rejection ends its connection: whether the body was read by then would otherwise
        // tell a refusal for the headers from one for the MAC.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        if status == StatusCode::UNAUTHORIZED {
            // A 401 must carry a challenge, RFC 9110 section 15.5.2. It depends on the
            // configuration only.
            let challenge = HeaderValue::from_static(match self.scheme {
                Scheme::HmacSha256 => "ProductIndex-HMAC-SHA256",
                Scheme::Bearer => "Bearer",
            });
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// What is wrong with a request, in full.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Refusal(#[from] Refusal),
    #[error("the body did not arrive within the budget")]
    Stalled,
    #[error("the body broke off: {0}")]
    Broken(Box<dyn std::error::Error + Send + Sync>),
}

impl Fault {
    fn reason(&self) -> RefusedReason {
        match self {
            Self::Refusal(Refusal::Missing) => RefusedReason::NoCredentials,
            Self::Refusal(
                Refusal::Duplicate
                | Refusal::BadTimestamp { .. }
                | Refusal::BadSignature
                | Refusal::BadAuthorization,
            ) => RefusedReason::MalformedCredentials,
            Self::Refusal(Refusal::Stale { .. } | Refusal::Future { .. }) => {
                RefusedReason::OutsideWindow
            }
            Self::Refusal(Refusal::Mismatch) => RefusedReason::WrongCredentials,
            Self::Refusal(Refusal::Clock) => RefusedReason::ClockUnset,
            Self::Refusal(Refusal::TooLarge) => RefusedReason::BodyTooLarge,
            Self::Stalled => RefusedReason::BodyTooSlow,
            Self::Broken(_) => RefusedReason::BodyIncomplete,
        }
    }
}

/// Between two lines for the same reason. All of these requests can be made without the secret, and
/// whoever makes them must not fill the log.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Tells the log of requests that are refused, but not of each.
#[derive(Default)]
pub(super) struct RefusalLog(Mutex<HashMap<RefusedReason, Lines>>);

struct Lines {
    last: Instant,
    /// Refusals since then, told with the next line.
    not_logged: u64,
}

impl RefusalLog {
    /// Returns the reason.
    pub(super) fn tell(&self, fault: &Fault) -> RefusedReason {
        let reason = fault.reason();
        let (name, error) = (reason.name(), tracing::field::display(fault));
        let Some(not_logged) = self.begin_line(reason) else { return reason };
        let not_logged = (not_logged > 0).then_some(not_logged);
        match reason {
            RefusedReason::ClockUnset => {
                error!(
                    reason = name,
                    error, not_logged, "Every request is refused until the clock is set"
                );
            }
            // Most of them are sent by whoever scans the internet.
            RefusedReason::NoCredentials => {
                info!(
                    reason = name,
                    error, not_logged, "Refused a request that is not authenticated"
                );
            }
            RefusedReason::MalformedCredentials
            | RefusedReason::OutsideWindow
            | RefusedReason::WrongCredentials => {
                warn!(
                    reason = name,
                    error, not_logged, "Refused a request that is not authenticated"
                );
            }
            RefusedReason::BodyTooLarge
            | RefusedReason::BodyTooSlow
            | RefusedReason::BodyIncomplete => {
                warn!(
                    reason = name,
                    error, not_logged, "Refused a request whose body did not come as it should"
                );
            }
        }
        reason
    }

    /// How many refusals for this reason had no line since the last, if there may be another now.
    fn begin_line(&self, reason: RefusedReason) -> Option<u64> {
        let now = Instant::now();
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match told.get_mut(&reason) {
            Some(lines) if now < lines.last + BETWEEN_LINES => {
                lines.not_logged += 1;
                None
            }
            before => {
                let not_logged = before.map_or(0, |lines| lines.not_logged);
                told.insert(reason, Lines { last: now, not_logged: 0 });
                Some(not_logged)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RefusedReason::{self, *};

    #[test]
    fn all_reasons_are_among_all() {
        // A new reason does not compile until it has its place here.
        let place = |reason| match reason {
            NoCredentials => 0,
            MalformedCredentials => 1,
            OutsideWindow => 2,
            WrongCredentials => 3,
            ClockUnset => 4,
            BodyTooLarge => 5,
            BodyTooSlow => 6,
            BodyIncomplete => 7,
        };
        let places: Vec<_> = RefusedReason::ALL.iter().map(|reason| place(*reason)).collect();
        assert!(places.into_iter().eq(0..=place(BodyIncomplete)));
    }
}
