use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use crate::outcome::{HealthEffect, Outcome};
use crate::producer::ProducerId;

use super::delta::HealthDelta;
use super::freeze::{Freeze, FreezeEvent};
use super::latency::{Latencies, Latency};
use super::policy::{HealthPolicy, HealthPolicyError};
use super::score::Score;
use super::state::HealthState;

/// The health of all producers, as this process knows it.
///
/// A quote reads it once and writes it once, so one lock is enough; what belongs together (score,
/// state, delta) never comes apart.
#[derive(Debug)]
pub struct HealthBoard {
    policy: HealthPolicy,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    producers: HashMap<ProducerId, Entry>,
    freeze: Freeze,
}

#[derive(Debug)]
struct Entry {
    score: Score,
    state: HealthState,
    /// What the store has not heard.
    pending: HealthDelta,
    latencies: Latencies,
    probed: Option<Instant>,
    /// And before that, should that probe turn out to have been sent nothing.
    probed_before: Option<Instant>,
}

/// How a producer stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// What is acted on: what is computed, or healthy in a dry run.
    pub state: HealthState,
    /// What follows from the calls.
    pub computed: HealthState,
    /// What the state follows from.
    pub score: Score,
    /// How fast it answers, if this process has called it.
    pub latency: Option<Latency>,
    /// Whether it is suspended and had no probe for [`HealthPolicy::probe_after`].
    pub probe_due: bool,
}

/// How a producer stands, and what that means for one quote.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) standing: Standing,
    /// Whether it is called, a suspended one as a probe.
    pub(crate) called: bool,
}

impl HealthBoard {
    /// A board on which every producer is new, so healthy. What the store knows comes with
    /// [`HealthBoard::rebase`].
    ///
    /// # Errors
    /// The policy makes no sense.
    pub fn new(policy: HealthPolicy) -> Result<Self, HealthPolicyError> {
        policy.check()?;
        Ok(Self { policy, inner: Mutex::default() })
    }

    /// What scores and states follow from.
    #[must_use]
    pub const fn policy(&self) -> &HealthPolicy {
        &self.policy
    }

    /// How `producer` stands at `now`.
    #[must_use]
    pub fn standing(&self, producer: &ProducerId, now: Instant) -> Standing {
        self.lock().standing(producer, now, &self.policy)
    }

    /// How each of `producers` stands at `now`, in their order, and whether it is called. A suspended one
    /// is if it `is_drawn` or its probe is due, and that is noted at once, so that of several quotes one
    /// takes it.
    pub(crate) fn take_turns<'a>(
        &self,
        producers: impl IntoIterator<Item = &'a ProducerId>,
        now: Instant,
        is_drawn: impl Fn(&ProducerId) -> bool,
    ) -> Vec<Turn> {
        let mut inner = self.lock();
        let turn = |producer| {
            let standing = inner.standing(producer, now, &self.policy);
            let suspended = standing.state == HealthState::Suspended;
            let called = !suspended || standing.probe_due || is_drawn(producer);
            if suspended && called {
                let entry = inner.entry(producer);
                entry.probed_before = entry.probed.replace(now);
            }
            Turn { standing, called }
        };
        producers.into_iter().map(turn).collect()
    }

    /// Takes back the probes of `producers` that were sent nothing: they are due as they were before.
    pub(crate) fn return_probes(&self, producers: &[ProducerId]) {
        let mut inner = self.lock();
        for producer in producers {
            let entry = inner.entry(producer);
            entry.probed = entry.probed_before;
        }
    }

    /// Takes in how all calls of one quote ended at `now`, and how long each took from the first byte of
    /// the request to the last of the answer, or until it was late.
    ///
    /// While more than half of all recent calls fail, and those of at least three producers, the fault
    /// is likely ours: for a minute, failures change nothing. After that they count, and no more is
    /// excused until most calls have succeeded. Of one or two producers they always count.
    pub fn record<'a>(
        &self,
        quote: impl IntoIterator<Item = (&'a ProducerId, Outcome, Option<Duration>)>,
        now: Instant,
    ) {
        let effective: Vec<_> = quote
            .into_iter()
            .filter_map(|(producer, outcome, latency)| match outcome.health_effect() {
                HealthEffect::Good => Some((producer, false, latency)),
                // A page that says that it failed comes fast.
                HealthEffect::Bad => {
                    Some((producer, true, latency.filter(|_| outcome == Outcome::Late)))
                }
                HealthEffect::Neutral => None,
            })
            .collect();
        let calls =
            effective.iter().map(|(producer, bad, _)| ((*producer).clone(), *bad)).collect();
        let weight = self.policy.weight;
        let mut changes = Vec::new();
        // What is logged waits until no other quote waits for the lock.
        let event = {
            let mut inner = self.lock();
            let event = inner.freeze.add(calls, now);
            let frozen = inner.freeze.is_on(now);
            for (producer, bad, latency) in effective {
                if bad && frozen {
                    continue;
                }
                let call = if bad { HealthDelta::bad(weight) } else { HealthDelta::good(weight) };
                let entry = inner.entry(producer);
                entry.pending = entry.pending.then(call);
                let change = entry.rescore(entry.state, call.apply(entry.score), &self.policy);
                changes.extend(change.map(|change| (producer, change)));
                if let Some(latency) = latency {
                    entry.latencies.add(latency);
                }
            }
            event
        };
        if let Some(event) = event {
            event.log();
        }
        for (producer, change) in changes {
            change.log(producer);
        }
    }

    /// Whether failures change nothing at `now`, because most calls fail.
    #[must_use]
    pub fn is_frozen(&self, now: Instant) -> bool {
        self.lock().freeze.is_on(now)
    }

    /// What changed since this was last called, for the store. A delta that surely was not stored goes
    /// back by [`HealthBoard::put_back`]; of one that was, the store's new score comes back by
    /// [`HealthBoard::rebase`].
    #[must_use]
    pub fn take_deltas(&self) -> BTreeMap<ProducerId, HealthDelta> {
        let mut inner = self.lock();
        let changed = inner.producers.iter_mut().filter(|(_, entry)| entry.pending.calls() > 0);
        changed
            .map(|(producer, entry)| {
                (producer.clone(), mem::replace(&mut entry.pending, HealthDelta::NONE))
            })
            .collect()
    }

    /// Keeps a delta that surely was not stored for the next time.
    pub fn put_back(&self, producer: &ProducerId, delta: HealthDelta) {
        let mut inner = self.lock();
        let entry = inner.entry(producer);
        entry.pending = delta.then(entry.pending);
    }

    /// Takes the store's score, into which several servers put their deltas, as the one that this
    /// process's calls since then change.
    ///
    /// A producer that this board does not know yet, as after a restart, gets the worst state that its
    /// score allows: a good one soon leaves it, and a bad one is not healthy again for nothing.
    pub fn rebase(&self, producer: &ProducerId, stored: Score) {
        let change = {
            let mut inner = self.lock();
            let known = inner.producers.contains_key(producer);
            let entry = inner.entry(producer);
            let from = if known { entry.state } else { HealthState::Suspended };
            entry.rescore(from, entry.pending.apply(stored), &self.policy)
        };
        if let Some(change) = change {
            change.log(producer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn entry(&mut self, producer: &ProducerId) -> &mut Entry {
        self.producers.entry(producer.clone()).or_insert_with(Entry::new)
    }

    fn standing(&self, producer: &ProducerId, now: Instant, policy: &HealthPolicy) -> Standing {
        let Some(entry) = self.producers.get(producer) else {
            return Standing {
                state: HealthState::Healthy,
                computed: HealthState::Healthy,
                score: Score::NEW,
                latency: None,
                probe_due: false,
            };
        };
        let rested = |at: Instant| now.saturating_duration_since(at) >= policy.probe_after;
        let state = if policy.dry_run { HealthState::Healthy } else { entry.state };
        Standing {
            state,
            computed: entry.state,
            score: entry.score,
            latency: entry.latencies.estimate(),
            probe_due: state == HealthState::Suspended && entry.probed.is_none_or(rested),
        }
    }
}

impl Entry {
    const fn new() -> Self {
        Self {
            score: Score::NEW,
            state: HealthState::Healthy,
            pending: HealthDelta::NONE,
            latencies: Latencies::new(),
            probed: None,
            probed_before: None,
        }
    }

    fn rescore(
        &mut self,
        from: HealthState,
        score: Score,
        policy: &HealthPolicy,
    ) -> Option<Change> {
        self.score = score;
        let next = policy.next(from, score);
        let was = mem::replace(&mut self.state, next);
        (next != was).then_some(Change { was, state: next })
    }
}

/// That of a producer's state.
#[derive(Debug, Clone, Copy)]
struct Change {
    was: HealthState,
    state: HealthState,
}

impl Change {
    fn log(self, producer: &ProducerId) {
        let (state, was) = (self.state.name(), self.was.name());
        info!(%producer, state, was, "the health of a producer changed");
    }
}

impl FreezeEvent {
    fn log(self) {
        match self {
            Self::Began => warn!(
                "most calls fail, so failures are not held against producers for a minute: check \
                 this server's own network"
            ),
            Self::Thawed => info!("most calls succeed again, and failures count again"),
            Self::RanOut => warn!("most calls fail still, but failures count again"),
        }
    }
}
