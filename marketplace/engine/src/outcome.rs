//! How a call ended.

use std::fmt;

/// How the call of one producer ended: numbered and named, kept with the quote, and shown to the
/// producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A valid offer.
    Offer,
    /// An honest "no".
    Decline,
    /// No whole answer within the producer's time.
    Late,
    /// No connection: refused, unreachable, not resolved, or to an address that may not be called.
    ConnectFailed,
    /// No TLS session, such as a certificate that is not trusted.
    TlsFailed,
    /// A status other than 200.
    HttpStatus(u16),
    /// More bytes than an answer may have.
    TooLarge,
    /// Not a JSON object.
    NotJson,
    /// An answer in a JSON-RPC envelope.
    Enveloped,
    /// A field, by its name on the wire, is missing, comes twice or holds what it must not.
    InvalidField(&'static str),
    /// The claim URL leads to a domain that is not the producer's.
    ClaimDomain,
    /// The offer ends before anyone could claim it.
    ExpiresTooSoon,
    /// The connection broke.
    IoFailed,
    /// We ended the call.
    Cancelled(CancelReason),
    /// The quote's time was over before anything could be sent.
    SkippedNoTime,
    /// The producer is suspended, and this was no probe.
    SkippedSuspended,
    /// Our own code failed.
    Panicked,
}

/// Why we ended a call that had not failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CancelReason {
    /// The quote's own time was over before the producer's was.
    QuoteDeadline,
    /// Enough offers were there.
    ClosedEarly,
    /// Nobody waited for the answer any more.
    CallerGone,
}

/// What an outcome says of the producer's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HealthEffect {
    /// It answers as it should.
    Good,
    /// It does not.
    Bad,
    /// Nothing.
    Neutral,
}

impl Outcome {
    /// A number that never changes its meaning, for storage.
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::Offer => 1,
            Self::Decline => 2,
            Self::Late => 10,
            Self::ConnectFailed => 11,
            Self::TlsFailed => 12,
            Self::HttpStatus(_) => 13,
            Self::TooLarge => 14,
            Self::IoFailed => 15,
            Self::NotJson => 20,
            Self::Enveloped => 21,
            Self::InvalidField(_) => 22,
            Self::ClaimDomain => 23,
            Self::ExpiresTooSoon => 24,
            Self::Cancelled(_) => 30,
            Self::SkippedNoTime => 31,
            Self::SkippedSuspended => 32,
            Self::Panicked => 33,
        }
    }

    /// A stable name for people, logs and figures.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::Decline => "decline",
            Self::Late => "late",
            Self::ConnectFailed => "connect_failed",
            Self::TlsFailed => "tls_failed",
            Self::HttpStatus(_) => "http_status",
            Self::TooLarge => "too_large",
            Self::NotJson => "not_json",
            Self::Enveloped => "enveloped",
            Self::InvalidField(_) => "invalid_field",
            Self::ClaimDomain => "claim_domain",
            Self::ExpiresTooSoon => "expires_too_soon",
            Self::IoFailed => "io_failed",
            Self::Cancelled(_) => "cancelled",
            Self::SkippedNoTime => "skipped_no_time",
            Self::SkippedSuspended => "skipped_suspended",
            Self::Panicked => "panicked",
        }
    }

    /// What the name leaves open: the status, the field, the reason.
    #[must_use]
    pub fn detail(self) -> Option<String> {
        match self {
            Self::HttpStatus(status) => Some(status.to_string()),
            Self::InvalidField(field) => Some(field.to_owned()),
            Self::Cancelled(reason) => Some(reason.name().to_owned()),
            Self::Offer
            | Self::Decline
            | Self::Late
            | Self::ConnectFailed
            | Self::TlsFailed
            | Self::TooLarge
            | Self::NotJson
            | Self::Enveloped
            | Self::ClaimDomain
            | Self::ExpiresTooSoon
            | Self::IoFailed
            | Self::SkippedNoTime
            | Self::SkippedSuspended
            | Self::Panicked => None,
        }
    }

    /// What it says of the producer's health. A decline is an honest answer, and what we ended or
    /// broke ourselves is not the producer's fault.
    #[must_use]
    pub const fn health_effect(self) -> HealthEffect {
        match self {
            Self::Offer | Self::Decline => HealthEffect::Good,
            Self::Late
            | Self::ConnectFailed
            | Self::TlsFailed
            | Self::HttpStatus(_)
            | Self::TooLarge
            | Self::NotJson
            | Self::Enveloped
            | Self::InvalidField(_)
            | Self::ClaimDomain
            | Self::ExpiresTooSoon
            | Self::IoFailed => HealthEffect::Bad,
            Self::Cancelled(_) | Self::SkippedNoTime | Self::SkippedSuspended | Self::Panicked => {
                HealthEffect::Neutral
            }
        }
    }
}

impl CancelReason {
    /// A stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::QuoteDeadline => "quote_deadline",
            Self::ClosedEarly => "closed_early",
            Self::CallerGone => "caller_gone",
        }
    }
}

/// The name, and in parentheses what it leaves open: `http_status(503)`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail() {
            None => f.write_str(self.name()),
            Some(detail) => write!(f, "{}({detail})", self.name()),
        }
    }
}
