//! Why there is no price service, or no price of it.

use std::io;

use super::call::MAX_BYTES;

/// Why the price service cannot be used at all. No variant holds the token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PriceServiceSetupError {
    /// The token file cannot be read.
    #[error("the token_file {path} of the price service cannot be read")]
    TokenFile {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its first line is no token.
    #[error(
        "the token_file {path} of the price service holds no token; expected it in the first line, in \
         visible ASCII characters"
    )]
    Token {
        /// The file.
        path: String,
    },
    /// TLS cannot be set up.
    #[error("HTTP calls cannot be set up: {reason}")]
    Client {
        /// What is missing.
        reason: String,
    },
}

/// Why there is no live price; the request is then declined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PriceServiceError {
    /// As many calls as allowed are under way. Does not count as a failure of the endpoint.
    #[error(
        "the price service is busy with {max_concurrent} calls, the most that max_concurrent allows"
    )]
    Busy {
        /// The most calls at once.
        max_concurrent: u16,
    },
    /// It failed too often just now.
    #[error("the price service failed too often and is left alone for a while")]
    Resting,
    /// There was no whole answer in time.
    #[error("the price service gave no whole answer within {timeout_ms} ms")]
    Timeout {
        /// The milliseconds it had.
        timeout_ms: u16,
    },
    /// Nobody answers there.
    #[error("the price service cannot be reached: {reason}; check that it runs, and its url")]
    Connect {
        /// What the system says.
        reason: String,
    },
    /// The connection broke off.
    #[error("the price service broke off: {reason}")]
    BrokeOff {
        /// What the system says.
        reason: String,
    },
    /// It answered with another status than the two that it may.
    #[error(
        "the price service answered with status {status}, expected 200, or 404 for what is not sold \
         now; redirects are not followed"
    )]
    Status {
        /// The status.
        status: u16,
    },
    /// The answer is not said to be JSON.
    #[error("the price service answered with content-type {found:?}, expected application/json")]
    ContentType {
        /// The beginning of what it said.
        found: String,
    },
    /// The answer is too long.
    #[error("the price service answered with more than {MAX_BYTES} bytes")]
    TooLarge,
    /// The answer is not what it should be.
    #[error("the price service's answer cannot be used: {reason}")]
    Answer {
        /// The field, and what was expected.
        reason: String,
    },
    /// This program stops, or failed.
    #[error("the call of the price service ended without a result")]
    Ended,
}

impl PriceServiceError {
    /// Every [`PriceServiceError::outcome`].
    pub(super) const OUTCOMES: [&'static str; 8] =
        ["busy", "resting", "timeout", "connect", "broke_off", "status", "bad_answer", "ended"];

    /// Whether the endpoint as a whole is in trouble. Otherwise it answered, if with nothing of use
    /// for the product in question, and may have good answers for others.
    pub(super) fn is_outage(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Connect { .. } | Self::BrokeOff { .. } => true,
            // Too many requests, and what gateways say of an endpoint behind them.
            Self::Status { status } => matches!(status, 429 | 502..=504),
            Self::ContentType { .. }
            | Self::TooLarge
            | Self::Answer { .. }
            | Self::Busy { .. }
            | Self::Resting
            | Self::Ended => false,
        }
    }

    /// Its name in the metrics.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "busy",
            Self::Resting => "resting",
            Self::Timeout { .. } => "timeout",
            Self::Connect { .. } => "connect",
            Self::BrokeOff { .. } => "broke_off",
            Self::Status { .. } => "status",
            Self::ContentType { .. } | Self::TooLarge | Self::Answer { .. } => "bad_answer",
            Self::Ended => "ended",
        }
    }
}
