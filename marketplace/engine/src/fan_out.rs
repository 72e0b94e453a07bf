//! The calls of one quote.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rfq_sdk::Clock;
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::{Instant, timeout_at};
use tracing::error;

use crate::call::{Call, CallFailure, CallTrace, HttpAnswer, ProducerClient, Timings};
use crate::health::HealthState;
use crate::outcome::{CancelReason, HealthEffect, Outcome};
use crate::problem::CallProblem;
use crate::producer::ProducerId;
use crate::request::QuoteRequest;
use crate::select::Selected;
use crate::validate::{AcceptedOffer, Asked, Verdict, validate};

/// What became of one candidate of a quote.
#[derive(Debug, Clone)]
pub struct CallRecord {
    /// Who.
    pub producer: ProducerId,
    /// How it stood when producers were selected.
    pub state: HealthState,
    /// How the call ended.
    pub outcome: Outcome,
    /// What each part of the call took.
    pub timings: Timings,
    /// From the first byte of the request to the last of the answer, or until it was late; `None` when
    /// it ended in another way.
    pub latency: Option<Duration>,
    /// What was wrong with the producer, as [`CallTrace::problem`] tells it.
    pub problem: Option<CallProblem>,
    /// What was sent, secrets removed; kept for a [transcript](crate::Quote::transcript) alone.
    pub request: Option<Bytes>,
    /// What came, valid or not.
    pub answer: Option<HttpAnswer>,
}

impl CallRecord {
    /// That of a producer that is suspended and was not probed.
    pub(crate) fn suspended(producer: ProducerId) -> Self {
        Self {
            producer,
            state: HealthState::Suspended,
            outcome: Outcome::SkippedSuspended,
            timings: Timings::default(),
            latency: None,
            problem: None,
            request: None,
            answer: None,
        }
    }
}

/// Calls under way, one task each, so that a panic is one empty slot. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct FanOut {
    tasks: JoinSet<Ended>,
    slots: HashMap<task::Id, usize>,
    calls: Vec<Slot>,
    offers: Vec<AcceptedOffer>,
    producer_time: Duration,
    ends: Instant,
}

/// What came of all calls.
#[derive(Debug)]
pub(crate) struct Closed {
    pub(crate) offers: Vec<AcceptedOffer>,
    pub(crate) calls: Vec<CallRecord>,
    /// Suspended producers that were sent nothing, for no fault of theirs.
    pub(crate) unsent_probes: Vec<ProducerId>,
}

#[derive(Debug)]
struct Slot {
    asked: Arc<Asked>,
    trace: CallTrace,
    /// `None` while it is under way.
    ended: Option<Ended>,
}

/// How a call ended by itself.
#[derive(Debug)]
struct Ended {
    result: Result<Verdict, Outcome>,
    latency: Option<Duration>,
    answer: Option<HttpAnswer>,
}

impl FanOut {
    /// Starts to call all that are `selected`. Each has `producer_time`, and all have until `ends`.
    pub(crate) fn start<C: ProducerClient, K: Clock>(
        client: &Arc<C>,
        clock: &Arc<K>,
        request: &Arc<QuoteRequest>,
        selected: Vec<Selected<C::Target>>,
        producer_time: Duration,
        ends: Instant,
        trace: impl Fn() -> CallTrace,
    ) -> Self {
        let mut fan_out = Self {
            tasks: JoinSet::new(),
            slots: HashMap::with_capacity(selected.len()),
            calls: Vec::with_capacity(selected.len()),
            offers: Vec::new(),
            producer_time,
            ends,
        };
        let budget = producer_time.min(ends.saturating_duration_since(Instant::now()));
        for Selected { asked, product, target } in selected {
            let asked = Arc::new(asked);
            let trace = trace();
            let ended = if budget.is_zero() {
                Some(Ended::without_answer(Outcome::SkippedNoTime))
            } else {
                let request = request.asked_as(product);
                let call = Call { request, budget, ends, trace: trace.clone() };
                let (client, clock) = (Arc::clone(client), Arc::clone(clock));
                let asking = ask(client, clock, target, call, Arc::clone(&asked), producer_time);
                fan_out.slots.insert(fan_out.tasks.spawn(asking).id(), fan_out.calls.len());
                None
            };
            fan_out.calls.push(Slot { asked, trace, ended });
        }
        fan_out
    }

    /// Waits for the next call to end, and takes in all that have. `false` when none is left, or at
    /// `closes`.
    pub(crate) async fn next(&mut self, closes: Instant) -> bool {
        match timeout_at(closes.min(self.ends), self.tasks.join_next_with_id()).await {
            Ok(Some(joined)) => {
                self.note(joined);
                self.note_ended();
                true
            }
            Ok(None) | Err(_) => false,
        }
    }

    /// The offers so far, as they came.
    pub(crate) fn offers(&self) -> &[AcceptedOffer] {
        &self.offers
    }

    /// How many of the offers so far are of what is in stock.
    pub(crate) fn in_stock(&self) -> usize {
        self.offers.iter().filter(|offer| offer.offer().in_stock()).count()
    }

    /// How many are asked.
    pub(crate) const fn asked(&self) -> usize {
        self.calls.len()
    }

    /// How many are still under way.
    pub(crate) fn waiting(&self) -> usize {
        self.tasks.len()
    }

    /// How many healthy ones are still under way.
    pub(crate) fn waiting_healthy(&self) -> usize {
        let healthy = |call: &&Slot| call.asked.state == HealthState::Healthy;
        self.calls.iter().filter(|call| call.ended.is_none()).filter(healthy).count()
    }

    /// Ends what is still under way, because the caller is gone or else because it is time to. What is
    /// asked for once more is empty.
    pub(crate) fn close(&mut self, caller_gone: bool) -> Closed {
        self.note_ended();
        self.tasks.abort_all();
        let now = Instant::now();
        let reason = if now >= self.ends {
            CancelReason::QuoteDeadline
        } else if caller_gone {
            CancelReason::CallerGone
        } else {
            CancelReason::ClosedEarly
        };
        let mut unsent_probes = Vec::new();
        let record = |Slot { asked, trace, ended }: Slot| {
            let ended = ended.unwrap_or_else(|| {
                Ended::cut(&trace, self.producer_time, now.min(self.ends), reason)
            });
            let outcome = match ended.result {
                Ok(Verdict::Offer(_)) => Outcome::Offer,
                Ok(Verdict::Decline) => Outcome::Decline,
                Err(outcome) => outcome,
            };
            let shows_nothing = outcome.health_effect() == HealthEffect::Neutral;
            let probe = asked.state == HealthState::Suspended;
            if probe && shows_nothing && trace.sent().is_none() {
                unsent_probes.push(asked.producer.clone());
            }
            CallRecord {
                producer: asked.producer.clone(),
                state: asked.state,
                outcome,
                timings: trace.timings(),
                latency: ended.latency,
                problem: trace.problem(),
                request: trace.request(),
                answer: ended.answer,
            }
        };
        let calls = mem::take(&mut self.calls).into_iter().map(record).collect();
        Closed { offers: mem::take(&mut self.offers), calls, unsent_probes }
    }

    fn note_ended(&mut self) {
        while let Some(joined) = self.tasks.try_join_next_with_id() {
            self.note(joined);
        }
    }

    fn note(&mut self, joined: Result<(task::Id, Ended), JoinError>) {
        let (id, ended) =
            joined.unwrap_or_else(|error| (error.id(), Ended::without_answer(Outcome::Panicked)));
        let slot = self.slots.get(&id).and_then(|slot| self.calls.get_mut(*slot));
        // Every task has its slot.
        let Some(slot) = slot else { return };
        if let Ok(Verdict::Offer(offer)) = &ended.result {
            self.offers.push(offer.clone());
        }
        if let Err(Outcome::Panicked) = ended.result {
            error!(producer = %slot.asked.producer, "a call panicked; its slot stays empty");
        }
        slot.ended = Some(ended);
    }
}

async fn ask<C: ProducerClient, K: Clock>(
    client: Arc<C>,
    clock: Arc<K>,
    target: Arc<C::Target>,
    call: Call,
    asked: Arc<Asked>,
    producer_time: Duration,
) -> Ended {
    let (ends, trace) = (call.ends, call.trace.clone());
    let result = client.call(target, call).await;
    let now = Instant::now();
    let latency = trace.sent().map(|sent| now - sent);
    match result {
        // The time is the same for all, whatever a client lets pass.
        Ok(answer) if latency.is_some_and(|latency| latency > producer_time) => {
            Ended { result: Err(Outcome::Late), latency, answer: Some(answer) }
        }
        Ok(answer) if answer.body.len() > HttpAnswer::MAX_BYTES => {
            Ended { latency, ..Ended::without_answer(Outcome::TooLarge) }
        }
        Ok(answer) => {
            Ended { result: validate(&answer, &asked, clock.now()), latency, answer: Some(answer) }
        }
        // It gave up with the quote, so it matters whether the producer had its whole time.
        Err(CallFailure::Late) if now >= ends => {
            Ended::cut(&trace, producer_time, ends, CancelReason::QuoteDeadline)
        }
        Err(CallFailure::NoTime) => {
            Ended::cut(&trace, producer_time, ends, CancelReason::QuoteDeadline)
        }
        Err(CallFailure::Late) => Ended { latency, ..Ended::without_answer(Outcome::Late) },
        Err(CallFailure::Connect) => Ended::without_answer(Outcome::ConnectFailed),
        Err(CallFailure::Tls) => Ended::without_answer(Outcome::TlsFailed),
        Err(CallFailure::TooLarge) => Ended::without_answer(Outcome::TooLarge),
        Err(CallFailure::Io) => Ended::without_answer(Outcome::IoFailed),
    }
}

impl Ended {
    const fn without_answer(outcome: Outcome) -> Self {
        Self { result: Err(outcome), latency: None, answer: None }
    }

    /// That of a call that was ended at `at`: the producer is late if it had its whole time, which it
    /// had not if we let the call wait.
    fn cut(trace: &CallTrace, producer_time: Duration, at: Instant, reason: CancelReason) -> Self {
        let had = trace.sent().map(|sent| at.saturating_duration_since(sent));
        match (had, reason) {
            (Some(had), _) if had >= producer_time => {
                Self { latency: Some(had), ..Self::without_answer(Outcome::Late) }
            }
            // As its client says that gives up by itself at this moment.
            (None, CancelReason::QuoteDeadline) => Self::without_answer(Outcome::SkippedNoTime),
            _ => Self::without_answer(Outcome::Cancelled(reason)),
        }
    }
}
