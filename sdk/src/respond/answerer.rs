//! Runs a [`Responder`] under a deadline, once per request.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;
use tokio::time::timeout_at;
use tracing::{error, info, warn};

use super::Responder;
use crate::answer::{Answer, DeclineReason};
use crate::answers::{AnswerStore, ById, MemoryStore, Remembered};
use crate::clock::{Clock, SystemClock};
use crate::deadline::Deadline;
use crate::rfq::Rfq;

/// Answers requests in time, and the same request with the same offer.
///
/// - A responder that is late, fails or panics becomes a decline.
/// - The same request again gets the offer made before, until it expires; concurrent duplicates
///   join one computation.
/// - Requests beyond [`MAX_IN_FLIGHT`] are declined, not queued.
///
/// Cheap to clone; clones share everything.
pub struct Answerer<R, S = MemoryStore>(Arc<Shared<R, S>>);

struct Shared<R, S> {
    responder: R,
    store: S,
    clock: Box<dyn Clock>,
    in_flight: Mutex<InFlight>,
}

#[derive(Default)]
struct InFlight {
    by_id: HashMap<ById, Arc<Computation>>,
    /// Also those past their deadline that still block a thread, which `by_id` may have lost.
    count: usize,
}

/// An answer that is being computed, or was.
struct Computation {
    rfq: Rfq,
    deadline: Deadline,
    outcome: OnceLock<Outcome>,
    done: Notify,
}

type Outcome = Result<Answer, RfqIdReused>;

/// What became of a request to compute an answer.
enum Started {
    /// It is being computed.
    Own(Arc<Computation>),
    /// The same request was being computed already.
    Joined(Arc<Computation>),
    /// Another request of the same id is being computed.
    Behind(Arc<Computation>),
    /// As many requests as may be are being computed.
    Busy,
}

/// The RFQ id was used before, for another request: its product, quantity, region or delivery date
/// differ. Answer with status 400 and [`RfqIdReused::to_json`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the rfq_id was used before for another product, quantity, region or deadline")]
pub struct RfqIdReused;

impl RfqIdReused {
    /// A short name for machines.
    pub const REASON: &str = "rfq_id_reused";

    /// The body to answer with, under status 400.
    #[must_use]
    pub fn to_json(&self) -> String {
        crate::rfq::error_json(Self::REASON, self)
    }
}

impl<R: Responder> Answerer<R> {
    /// Answers by `responder`, remembers in memory, and takes the machine's time.
    #[must_use]
    pub fn new(responder: R) -> Self {
        Self::with(responder, MemoryStore::default(), SystemClock)
    }
}

/// The most requests an [`Answerer`] computes at once; further ones are declined.
pub const MAX_IN_FLIGHT: usize = 1024;

impl<R: Responder, S: AnswerStore> Answerer<R, S> {
    /// Answers by `responder`, remembers in `store`, and takes the time from `clock`.
    #[must_use]
    pub fn with(responder: R, store: S, clock: impl Clock) -> Self {
        Self(Arc::new(Shared {
            responder,
            store,
            clock: Box::new(clock),
            in_flight: Mutex::default(),
        }))
    }

    /// Answers `rfq` by `deadline`: with the responder's answer, with the offer made before, or
    /// with a decline.
    ///
    /// Must run inside a tokio runtime with time enabled.
    ///
    /// # Errors
    /// [`RfqIdReused`] when the id stands for another request.
    pub async fn answer(&self, rfq: Rfq, deadline: Deadline) -> Result<Answer, RfqIdReused> {
        let outcome = loop {
            match self.join_or_start(&rfq, deadline) {
                Started::Own(computation) => break computation.outcome_by(deadline).await,
                Started::Joined(computation) => {
                    let outcome = computation.outcome_by(deadline).await;
                    // The one that was joined may have had less time left than this one has.
                    if outcome != Ok(DeclineReason::OverBudget.into()) || deadline.has_passed() {
                        break outcome;
                    }
                }
                // Once that one is done, the store knows which of the two the id stands for.
                Started::Behind(other) => {
                    other.outcome_by(deadline).await.ok();
                    if deadline.has_passed() {
                        break Ok(DeclineReason::OverBudget.into());
                    }
                }
                Started::Busy => break Ok(DeclineReason::Busy.into()),
            }
        };
        log(&rfq, deadline, &outcome);
        outcome
    }

    fn join_or_start(&self, rfq: &Rfq, deadline: Deadline) -> Started {
        let mut in_flight = self.0.in_flight();
        let is_full = in_flight.count >= MAX_IN_FLIGHT;
        let place = in_flight.by_id.entry(ById(rfq.clone()));
        // One past its deadline is as good as declined, even if it still blocks a thread.
        if let Entry::Occupied(running) = &place
            && !running.get().deadline.has_passed()
        {
            let running = Arc::clone(running.get());
            return if running.rfq.fingerprint() == rfq.fingerprint() {
                Started::Joined(running)
            } else {
                Started::Behind(running)
            };
        }
        if is_full {
            return Started::Busy;
        }
        let computation = Arc::new(Computation {
            rfq: rfq.clone(),
            deadline,
            outcome: OnceLock::new(),
            done: Notify::new(),
        });
        place.insert_entry(Arc::clone(&computation));
        in_flight.count += 1;
        drop(in_flight);
        let running =
            Running { shared: Arc::clone(&self.0), computation: Arc::clone(&computation) };
        tokio::spawn(async move {
            let Computation { rfq, deadline, outcome, .. } = &*running.computation;
            let computed = timeout_at(deadline.at(), running.shared.compute(rfq)).await;
            let in_time = computed.unwrap_or_else(|_| Ok(DeclineReason::OverBudget.into()));
            outcome.get_or_init(|| in_time);
        });
        Started::Own(computation)
    }
}

impl Computation {
    /// Waits until it is done or `deadline` has passed, whichever is first: a computation that blocks
    /// its thread cannot keep its own deadline.
    async fn outcome_by(&self, deadline: Deadline) -> Outcome {
        let done = async {
            let notified = self.done.notified();
            // Looked at after `notified` began to listen, so that none is missed.
            match self.outcome.get() {
                Some(_) => {}
                None => notified.await,
            }
        };
        match (timeout_at(deadline.at(), done).await, self.outcome.get()) {
            (Ok(()), Some(outcome)) => outcome.clone(),
            (Ok(()), None) => Ok(DeclineReason::Failed.into()),
            (Err(_), _) => Ok(DeclineReason::OverBudget.into()),
        }
    }
}

impl<R: Responder, S: AnswerStore> Shared<R, S> {
    async fn compute(&self, rfq: &Rfq) -> Outcome {
        match self.store.recall(rfq, self.clock.now()).await {
            Ok(None) => {}
            Ok(Some(remembered)) => return remembered.into_outcome(),
            Err(error) => {
                error!(rfq_id = %rfq.id(), %error, "The offers made before cannot be read");
                return Ok(DeclineReason::Failed.into());
            }
        }
        let offer = match self.responder.respond(rfq.clone()).await {
            Ok(Answer::Offer(offer)) => offer,
            Ok(decline @ Answer::Decline(_)) => return Ok(decline),
            Err(error) => {
                error!(rfq_id = %rfq.id(), %error, "The responder failed, so the RFQ is declined");
                return Ok(DeclineReason::Failed.into());
            }
        };
        match self.store.remember(rfq, &offer, self.clock.now()).await {
            Ok(remembered) => remembered.into_outcome(),
            Err(error) => {
                error!(rfq_id = %rfq.id(), %error, "The offer could not be kept, so it is not made");
                Ok(DeclineReason::Failed.into())
            }
        }
    }
}

impl<R, S> Shared<R, S> {
    fn in_flight(&self) -> MutexGuard<'_, InFlight> {
        // No code that could panic runs under the lock, so a poisoned one is still whole.
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    fn into_outcome(self) -> Outcome {
        match self {
            Self::Offer(offer) => Ok(offer.into()),
            Self::OtherRequest => Err(RfqIdReused),
        }
    }
}

/// A computation under way. Dropped when it is done, given up, or unwinding from a panic.
struct Running<R, S> {
    shared: Arc<Shared<R, S>>,
    computation: Arc<Computation>,
}

impl<R, S> Drop for Running<R, S> {
    fn drop(&mut self) {
        let Computation { rfq, outcome, done, .. } = &*self.computation;
        if outcome.get().is_none() && std::thread::panicking() {
            error!(rfq_id = %rfq.id(), "The responder panicked, so the RFQ is declined");
        }
        outcome.get_or_init(|| Ok(DeclineReason::Failed.into()));
        let mut in_flight = self.shared.in_flight();
        in_flight.count -= 1;
        // A later computation of the same request may have taken the place.
        if let Entry::Occupied(place) = in_flight.by_id.entry(ById(rfq.clone()))
            && Arc::ptr_eq(place.get(), &self.computation)
        {
            place.remove();
        }
        drop(in_flight);
        done.notify_waiters();
    }
}

fn log(rfq: &Rfq, deadline: Deadline, outcome: &Outcome) {
    let (rfq_id, product, quantity) = (rfq.id(), rfq.product(), rfq.quantity().get());
    let region = rfq.region().map(tracing::field::display);
    let elapsed_ms = u64::try_from(deadline.elapsed().as_millis()).unwrap_or(u64::MAX);
    match outcome {
        Ok(Answer::Offer(offer)) => {
            let price_usd = offer.price();
            let offer_id = offer.offer_id().map(tracing::field::display);
            info!(%rfq_id, offer_id, %product, quantity, region, %price_usd, elapsed_ms, "Answered an RFQ with an offer");
        }
        Ok(Answer::Decline(decline)) => {
            let reason = decline.reason().name();
            info!(%rfq_id, %product, quantity, region, reason, elapsed_ms, "Declined an RFQ");
        }
        Err(RfqIdReused) => {
            warn!(%rfq_id, %product, quantity, region, "Refused an RFQ whose id stands for another request");
        }
    }
}

impl<R, S> Clone for Answerer<R, S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R, S: fmt::Debug> fmt::Debug for Answerer<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answerer").field("store", &self.0.store).finish_non_exhaustive()
    }
}
