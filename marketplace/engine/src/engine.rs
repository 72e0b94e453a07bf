//! One request, many calls, a ranked answer.

use std::future;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use rfq_sdk::Clock;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::call::{CallTrace, ProducerClient};
use crate::fan_out::{CallRecord, Closed, FanOut};
use crate::health::HealthBoard;
use crate::rank::{RankedOffer, RankingPolicy, rank};
use crate::request::QuoteRequest;
use crate::select::{Candidate, Selection, select};
use crate::validate::AcceptedOffer;

/// Answers requests for quotes. Cheap to share behind an [`Arc`].
#[derive(Debug)]
pub struct Engine<C, K> {
    client: Arc<C>,
    clock: Arc<K>,
    health: Arc<HealthBoard>,
    policy: EnginePolicy,
}

/// What bounds a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnginePolicy {
    /// How long each producer has from the first byte it is sent. By default 4 s (seed, "Timeout and
    /// Error Handling").
    pub producer_time: Duration,
    /// How long a quote takes at most, from its arrival. By default 5.5 s: a producer's time, a second
    /// to connect, and half of one for us. Both are more than nothing and at most an hour.
    pub quote_time: Duration,
    /// How many producers are asked at most, 2 or more: one place in ten, and at least one, is for those
    /// that have to show what they are worth. By default 200.
    pub max_fanout: usize,
    /// How offers are ranked.
    pub ranking: RankingPolicy,
}

impl Default for EnginePolicy {
    fn default() -> Self {
        Self {
            producer_time: Duration::from_secs(4),
            quote_time: Duration::from_millis(5500),
            max_fanout: 200,
            ranking: RankingPolicy::default(),
        }
    }
}

/// Why an [`EnginePolicy`] makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnginePolicyError {
    /// Nobody could answer, or a producer could be waited for without end.
    #[error("producer_time: expected more than nothing and at most an hour")]
    ProducerTime,
    /// Nothing could be asked, or a quote could last without end.
    #[error("quote_time: expected more than nothing and at most an hour")]
    QuoteTime,
    /// No place for those that are known to be good beside those that are new.
    #[error("max_fanout: expected 2 producers or more")]
    MaxFanout,
}

impl EnginePolicy {
    fn check(&self) -> Result<(), EnginePolicyError> {
        const LONGEST: Duration = Duration::from_hours(1);
        let is_a_time = |time: Duration| !time.is_zero() && time <= LONGEST;
        if !is_a_time(self.producer_time) {
            return Err(EnginePolicyError::ProducerTime);
        }
        if !is_a_time(self.quote_time) {
            return Err(EnginePolicyError::QuoteTime);
        }
        if self.max_fanout < 2 {
            return Err(EnginePolicyError::MaxFanout);
        }
        Ok(())
    }
}

/// A quote to make.
#[derive(Debug)]
pub struct Quote<T> {
    /// What is asked.
    pub request: QuoteRequest,
    /// When it was asked; the quote's time runs from here.
    pub arrived: Instant,
    /// Who carries the product and is enabled.
    pub candidates: Vec<Candidate<T>>,
    /// When there are enough offers.
    pub close: ClosePolicy,
    /// Whether [`CallRecord::request`] is kept. With what came and how long each part took it is the
    /// transcript of the quote, for those who may see it.
    pub transcript: bool,
    /// Where the offers are shown as they come, ranked among those there are; the last value may lack
    /// what came with the close. Slow readers see the newest alone.
    pub provisional: Option<watch::Sender<Provisional>>,
}

/// When a quote is closed before its time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClosePolicy {
    /// When all have answered.
    #[default]
    AllAnswered,
    /// When all have answered, or there are `count` offers of what is in stock and `after` has passed
    /// since the arrival.
    Offers {
        /// How many offers are enough.
        count: NonZeroUsize,
        /// What is waited in any case, so that the fastest are not alone.
        after: Duration,
    },
    /// When all have answered, or all that are healthy have, there is an offer of what is in stock, and
    /// `after` has passed since the arrival: a quote does not wait for who is known to be slow or broken
    /// while there is anybody else. Who is only slower than the others is cut each time, so its health
    /// recovers where others have nothing to offer, or by quotes with another policy.
    HealthyAnswered {
        /// What is waited in any case.
        after: Duration,
    },
}

/// A quote under way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provisional {
    /// The offers so far, in their order.
    pub offers: Vec<RankedOffer>,
    /// How many producers are asked.
    pub asked: usize,
    /// How many of them have not ended.
    pub waiting: usize,
}

/// A quote made.
#[derive(Debug)]
pub struct QuoteOutcome {
    /// The offers, best first.
    pub offers: Vec<RankedOffer>,
    /// What became of each producer that was asked, and of those that were not because they are
    /// suspended. Those that do not deliver to the region, or found no place under
    /// [`EnginePolicy::max_fanout`], are not called and so have no outcome.
    pub calls: Vec<CallRecord>,
}

impl<C: ProducerClient, K: Clock> Engine<C, K> {
    /// An engine that calls through `client`, and reads and writes `health`.
    ///
    /// # Errors
    /// The policy makes no sense.
    pub fn new(
        client: Arc<C>,
        clock: Arc<K>,
        health: Arc<HealthBoard>,
        policy: EnginePolicy,
    ) -> Result<Self, EnginePolicyError> {
        policy.check()?;
        Ok(Self { client, clock, health, policy })
    }

    /// Asks the producers and ranks what they offer. It ends by [`EnginePolicy::quote_time`], whatever
    /// a producer or its call does. When the future is dropped, all calls end, and those that had ended
    /// before count for the health of their producers all the same.
    pub async fn quote(&self, quote: Quote<C::Target>) -> QuoteOutcome {
        self.quote_until(quote, future::pending()).await
    }

    /// Like [`Engine::quote`], and also ends when `caller_gone` does: for whom the outcome of every call
    /// is kept though nobody waits for the answer.
    pub async fn quote_until(
        &self,
        quote: Quote<C::Target>,
        caller_gone: impl Future<Output = ()>,
    ) -> QuoteOutcome {
        let Quote { request, arrived, candidates, close, transcript, provisional } = quote;
        let EnginePolicy { producer_time, quote_time, max_fanout, ranking } = &self.policy;
        let request = Arc::new(request);
        let rank = |offers| rank(offers, ranking, &request.rfq_id);

        let Selection { asked, suspended } =
            select(candidates, &request, &self.health, *max_fanout, Instant::now());
        let ends = arrived + *quote_time;
        let (client, clock) = (&self.client, &self.clock);
        let trace = if transcript { CallTrace::with_request } else { CallTrace::default };
        let fan_out = FanOut::start(client, clock, &request, asked, *producer_time, ends, trace);
        let mut calls = Calls { fan_out, health: &self.health };
        let collect = async {
            let (calls, mut ranked) = (&mut calls.fan_out, 0);
            while calls.next(close.closes(arrived, calls).unwrap_or(ends)).await {
                let Some(watched) = provisional.as_ref().filter(|sender| !sender.is_closed())
                else {
                    continue;
                };
                let came = calls.offers().len();
                // Most answers of a great quote may be declines.
                let offers = (came > ranked).then(|| rank(calls.offers().to_vec()));
                ranked = came;
                watched.send_modify(|shown| {
                    (shown.asked, shown.waiting) = (calls.asked(), calls.waiting());
                    if let Some(offers) = offers {
                        shown.offers = offers;
                    }
                });
            }
        };
        let is_gone = tokio::select! {
            biased;
            () = collect => false,
            () = caller_gone => true,
        };
        let (offers, mut calls) = calls.close(is_gone);
        calls.extend(suspended.into_iter().map(CallRecord::suspended));
        QuoteOutcome { offers: rank(offers), calls }
    }
}

/// The calls of a quote. What became of them reaches the board once, also when the quote is dropped.
struct Calls<'a> {
    fan_out: FanOut,
    health: &'a HealthBoard,
}

impl Calls<'_> {
    fn close(&mut self, caller_gone: bool) -> (Vec<AcceptedOffer>, Vec<CallRecord>) {
        let Closed { offers, calls, unsent_probes } = self.fan_out.close(caller_gone);
        let ended = calls.iter().map(|call| (&call.producer, call.outcome, call.latency));
        self.health.record(ended, Instant::now());
        self.health.return_probes(&unsent_probes);
        (offers, calls)
    }
}

impl Drop for Calls<'_> {
    fn drop(&mut self) {
        self.close(true);
    }
}

impl ClosePolicy {
    /// When a quote closes, if before its time, with the answers there are.
    fn closes(self, arrived: Instant, calls: &FanOut) -> Option<Instant> {
        let (enough, after) = match self {
            Self::AllAnswered => return None,
            Self::Offers { count, after } => (calls.in_stock() >= count.get(), after),
            Self::HealthyAnswered { after } => {
                (calls.waiting_healthy() == 0 && calls.in_stock() > 0, after)
            }
        };
        // What is too far for a clock is after the quote's time.
        arrived.checked_add(after).filter(|_| enough)
    }
}
