//! Leaves an endpoint alone that fails, and finds out when it answers again.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

/// Lets calls pass until `failures` of them fail one after the other, then none for the time of `rest`,
/// then one at a time until one succeeds.
#[derive(Debug)]
pub(super) struct Breaker {
    failures: NonZeroU32,
    rest: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    Probing,
}

/// The permission of one call, and how it is told what became of it. Dropped without a word, it leaves
/// the breaker as if there had been no call.
#[derive(Debug)]
#[must_use]
pub(super) struct Pass {
    breaker: Arc<Breaker>,
    /// It is the call that finds out whether the endpoint answers again.
    probe: bool,
}

impl Breaker {
    pub(super) fn new(failures: NonZeroU32, rest: Duration) -> Self {
        Self { failures, rest, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// Permission for one call; `None` while the endpoint is left alone.
    pub(super) fn pass(self: &Arc<Self>) -> Option<Pass> {
        let mut state = self.state();
        let probe = match *state {
            State::Closed { .. } => false,
            State::Open { until } if Instant::now() >= until => {
                *state = State::Probing;
                true
            }
            State::Open { .. } | State::Probing => return None,
        };
        Some(Pass { breaker: Arc::clone(self), probe })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // One value is written at a time, so that a panic leaves none half written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> State {
        State::Open { until: Instant::now() + self.rest }
    }
}

impl Pass {
    /// The endpoint answered, whatever it said.
    pub(super) fn succeeded(mut self) {
        let mut state = self.breaker.state();
        match (*state, self.probe) {
            (State::Probing, true) => {
                *state = State::Closed { failures: 0 };
                info!("The price service answers again");
            }
            (State::Closed { .. }, _) => *state = State::Closed { failures: 0 },
            // A call from before it was left alone, which says nothing of now.
            (State::Open { .. } | State::Probing, _) => {}
        }
        drop(state);
        self.probe = false;
    }

    /// The endpoint failed.
    pub(super) fn failed(mut self) {
        let mut state = self.breaker.state();
        match (*state, self.probe) {
            (State::Probing, true) => *state = self.breaker.open(),
            (State::Closed { failures }, _) => {
                let failures = failures.saturating_add(1);
                if failures < self.breaker.failures.get() {
                    *state = State::Closed { failures };
                } else {
                    *state = self.breaker.open();
                    let rest_seconds = self.breaker.rest.as_secs();
                    warn!(
                        failures,
                        rest_seconds, "The price service fails, so it is not asked for a while"
                    );
                }
            }
            (State::Open { .. } | State::Probing, _) => {}
        }
        drop(state);
        self.probe = false;
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.probe {
            // The next one finds out.
            *self.breaker.state() = State::Open { until: Instant::now() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(10);

    fn breaker(failures: u32) -> Arc<Breaker> {
        Arc::new(Breaker::new(NonZeroU32::new(failures).unwrap(), REST))
    }

    fn fail(breaker: &Arc<Breaker>, times: u32) {
        for _ in 0..times {
            breaker.pass().unwrap().failed();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_one_after_the_other_only() {
        let breaker = breaker(3);
        fail(&breaker, 2);
        breaker.pass().unwrap().succeeded();
        fail(&breaker, 2);
        assert!(breaker.pass().is_some());
        fail(&breaker, 1);
        assert!(breaker.pass().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn after_its_rest_one_at_a_time_finds_out() {
        let breaker = breaker(1);
        fail(&breaker, 1);
        tokio::time::advance(Duration::from_millis(9_999)).await;
        assert!(breaker.pass().is_none());
        tokio::time::advance(Duration::from_millis(1)).await;
        let probe = breaker.pass().unwrap();
        assert!(breaker.pass().is_none(), "one at a time");
        probe.failed();
        assert!(breaker.pass().is_none(), "another rest");
        tokio::time::advance(REST).await;
        let probe = breaker.pass().unwrap();
        assert!(breaker.pass().is_none());
        probe.succeeded();
        let (one, two) = (breaker.pass(), breaker.pass());
        assert!(one.is_some() && two.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_dropped_leaves_its_place_to_the_next() {
        let breaker = breaker(1);
        fail(&breaker, 1);
        tokio::time::advance(REST).await;
        drop(breaker.pass().unwrap());
        let next = breaker.pass().unwrap();
        assert!(breaker.pass().is_none());
        next.succeeded();
        assert!(breaker.pass().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_dropped_counts_for_nothing() {
        let breaker = breaker(2);
        fail(&breaker, 1);
        drop(breaker.pass().unwrap());
        assert!(breaker.pass().is_some());
        fail(&breaker, 1);
        assert!(breaker.pass().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn calls_from_before_it_opened_change_nothing() {
        let breaker = breaker(1);
        let (late_success, late_failure) = (breaker.pass().unwrap(), breaker.pass().unwrap());
        fail(&breaker, 1);
        late_success.succeeded();
        assert!(breaker.pass().is_none());
        tokio::time::advance(REST).await;
        let probe = breaker.pass().unwrap();
        late_failure.failed();
        probe.succeeded();
        assert!(breaker.pass().is_some());
    }
}
