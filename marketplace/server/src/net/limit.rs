//! When a call must be over, and why it does not go on.

use rfq_engine::{CallFailure, CallProblem, CallTrace};
use tokio::time::{Instant, timeout_at};

/// Why a call does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The producer's own time is over.
    Late,
    /// The quote's time is.
    NoTime,
    /// The producer is at fault.
    Problem(CallProblem),
}

impl From<CallProblem> for Stop {
    fn from(problem: CallProblem) -> Self {
        Self::Problem(problem)
    }
}

impl Stop {
    /// What the engine is told.
    pub(super) fn failure(self, trace: &CallTrace) -> CallFailure {
        match self {
            Self::Late => CallFailure::Late,
            Self::NoTime => CallFailure::NoTime,
            Self::Problem(problem) => {
                trace.note_problem(problem);
                problem.failure()
            }
        }
    }
}

/// When something must be over, and what it has become then.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    pub(super) at: Instant,
    pub(super) then: Stop,
}

impl Limit {
    /// This one, or `at` if that is earlier: a producer was too slow then.
    pub(super) fn or_slow(self, at: Instant, slow: CallProblem) -> Self {
        if at < self.at { Self { at, then: slow.into() } } else { self }
    }

    pub(super) async fn bound<T, E: Into<Stop>>(
        self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Stop> {
        match timeout_at(self.at, work).await {
            Ok(ended) => ended.map_err(Into::into),
            Err(_) => Err(self.then),
        }
    }
}
