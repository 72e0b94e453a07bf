//! The time an answer may take.

use std::time::Duration;

use tokio::time::Instant;

/// How long an answer may take, from the first byte of its request to the answer: at most
/// [`Budget::LIMIT`].
///
/// The default of 3.5 s leaves half a second of the marketplace's four for the network (seed,
/// "Timeout and Error Handling").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Budget(Duration);

/// The duration is not a [`Budget`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a budget of {given:?}; expected more than 0 and at most {:?}", Budget::LIMIT)]
pub struct BudgetError {
    /// What was asked for.
    pub given: Duration,
}

impl Budget {
    /// The marketplace drops answers that take longer: 4 s.
    pub const LIMIT: Duration = Duration::from_secs(4);

    /// A budget of `given`.
    ///
    /// # Errors
    /// [`BudgetError`] for zero and above [`Budget::LIMIT`].
    pub const fn new(given: Duration) -> Result<Self, BudgetError> {
        if given.is_zero() || given.as_nanos() > Self::LIMIT.as_nanos() {
            Err(BudgetError { given })
        } else {
            Ok(Self(given))
        }
    }

    /// The budget as a duration.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self(Duration::from_millis(3500))
    }
}

/// When a request began, as a request extension.
///
/// A layer sees a request only once its headers are complete. A server that notices the first byte
/// puts this into the extensions, and the budget counts from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceivedAt(pub Instant);

/// The moment by which one request must be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    received_at: Instant,
    at: Instant,
}

impl Deadline {
    /// The deadline of a request whose first byte came at `received_at`.
    #[must_use]
    pub fn new(received_at: Instant, budget: Budget) -> Self {
        Self { received_at, at: received_at + budget.0 }
    }

    /// The moment itself.
    #[must_use]
    pub fn at(self) -> Instant {
        self.at
    }

    /// Whether it is too late.
    #[must_use]
    pub fn has_passed(self) -> bool {
        self.at <= Instant::now()
    }

    /// The time taken so far.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.received_at.elapsed()
    }
}
