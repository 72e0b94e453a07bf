//! The shop's own pricing endpoint, asked for the price and the stock of a product while a request
//! for a quote waits.
//!
//! # What the shop provides
//!
//! For every request whose product the catalogue carries, the agent sends
//!
//! ```text
//! POST /price HTTP/1.1
//! Content-Type: application/json
//! Authorization: Bearer TOKEN            (with a token_file)
//!
//! {"id":"SKU-7","product_slug":"coffee-grinders/baratza-encore-esp","quantity":5,"region":"CA-US"}
//! ```
//!
//! where `region` is `STATE-COUNTRY`, or `null` when it is unknown. The answer of a product that is
//! sold is `200` with `Content-Type: application/json` and at most 16 KiB of
//!
//! ```text
//! {"unit_price_usd":149.99,"regular_unit_price_usd":169.99,"on_hand":7,"in_stock":true}
//! ```
//!
//! | field | |
//! |---|---|
//! | `unit_price_usd` | the price of each of so many units there, a number with at most two decimals, more than 0 |
//! | `regular_unit_price_usd` | optional: its price without any discount; without it, or below it, the unit price |
//! | `on_hand` | optional: units on hand now, a whole number; `null`: they are not counted |
//! | `in_stock` | optional: whether it can be bought now; without it, whether `on_hand` is not 0 |
//!
//! Without both `on_hand` and `in_stock`, the stock is the feed's. Other fields are ignored. `404` says
//! that the product is not sold now. Anything else, a redirect included, is a failure, and the request
//! is declined, as it is when there is no answer in time.
//!
//! Answers are kept for `cache_seconds`, for quotes; a claim asks anew. Of identical questions at once, one is asked. After
//! `breaker_failures` outages one after the other (no whole answer in time, or `429`, `502`, `503` or
//! `504`), the endpoint is left alone for `breaker_seconds`, then asked once to see whether it answers
//! again. Any other answer, however useless for its product, ends the count: one product that the
//! endpoint stumbles over must not take the others' prices away.

mod breaker;
mod call;
mod config;
mod error;
mod live_price;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use metrics::{counter, histogram};
use moka::sync::Cache;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use self::breaker::Breaker;
use self::call::{Endpoint, Question};
use crate::ask::Ask;
use crate::catalogue::Product;
use crate::telemetry;

pub use config::PriceServiceConfig;
pub use error::{PriceServiceError, PriceServiceSetupError};
pub use live_price::LivePrice;

/// The shop's pricing endpoint. Cheap to clone; clones share its cache and its limits.
#[derive(Clone)]
pub struct PriceService {
    shared: Arc<Shared>,
    /// Whether an answer that is kept will do.
    takes_kept: bool,
}

struct Shared {
    endpoint: Endpoint,
    /// `None` when answers are not kept.
    cache: Option<Cache<Question, LivePrice>>,
    /// The calls under way, for whoever asks the same.
    under_way: Mutex<HashMap<Question, Answer>>,
    breaker: Arc<Breaker>,
    calls: Arc<Semaphore>,
    max_concurrent: u16,
    longest_call: TimeDelta,
    kept_for: TimeDelta,
}

/// What becomes of a call, in the metrics, apart from the failures.
const ANSWERED: [&str; 3] = ["answered", "not_sold", "cached"];

/// `None` until it is there.
type Answer = watch::Receiver<Option<Result<LivePrice, PriceServiceError>>>;

impl PriceService {
    /// Prepares to ask the endpoint of `config`. Reads its token file, blocking, but asks nothing yet.
    ///
    /// # Errors
    /// [`PriceServiceSetupError`].
    pub fn new(config: PriceServiceConfig) -> Result<Self, PriceServiceSetupError> {
        let kept = Duration::from_secs(config.cache_seconds.into());
        let cache = (!kept.is_zero()).then(|| {
            let most = u64::from(config.cache_entries.get());
            Cache::builder().max_capacity(most).time_to_live(kept).build()
        });
        let max_concurrent = config.max_concurrent.get();
        let shared = Shared {
            cache,
            under_way: Mutex::default(),
            breaker: Arc::new(Breaker::new(config.breaker_failures, config.breaker_rest())),
            calls: Arc::new(Semaphore::new(max_concurrent.into())),
            max_concurrent,
            longest_call: TimeDelta::milliseconds(config.timeout_ms.get().into()),
            kept_for: TimeDelta::seconds(config.cache_seconds.into()),
            endpoint: Endpoint::new(config)?,
        };
        for outcome in ANSWERED.iter().chain(&PriceServiceError::OUTCOMES) {
            // From 0 on: an alarm on their increase would miss the first.
            let _ = counter!(telemetry::PRICE_SERVICE_CALLS, "outcome" => *outcome);
        }
        Ok(Self { shared: Arc::new(shared), takes_kept: true })
    }

    /// The same service, asked past what is kept. Its answers are kept as all others are.
    #[must_use]
    pub fn afresh(self) -> Self {
        Self { takes_kept: false, ..self }
    }

    /// How long ago what it answers with may have been so: as long as a call takes, and as an answer is
    /// kept that will do.
    #[must_use]
    pub fn max_age(&self) -> TimeDelta {
        let Shared { longest_call, kept_for, .. } = &*self.shared;
        if self.takes_kept { *longest_call + *kept_for } else { *longest_call }
    }

    /// The price and stock of `product` now, for the quantity and region of `ask`.
    ///
    /// A caller that is dropped loses nothing: the call goes on to its end, within `timeout_ms`, and
    /// what it brings is kept for the next.
    ///
    /// # Errors
    /// [`PriceServiceError`], of which the request is then declined.
    pub async fn ask(&self, product: &Product, ask: &Ask) -> Result<LivePrice, PriceServiceError> {
        match self.begin(Question::new(product, ask)) {
            Ok(Begun::Kept(price)) => {
                count("cached");
                Ok(price)
            }
            Ok(Begun::Called(mut answer)) => match answer.wait_for(Option::is_some).await {
                Ok(answer) => answer.clone().unwrap_or(Err(PriceServiceError::Ended)),
                Err(_) => Err(PriceServiceError::Ended),
            },
            Err(error) => {
                count(error.outcome());
                Err(error)
            }
        }
    }

    fn begin(&self, question: Question) -> Result<Begun, PriceServiceError> {
        let shared = &self.shared;
        // A call leaves its answer in the cache before it leaves the map, so that under this lock an
        // answer is found in one of them.
        let mut under_way = shared.under_way();
        let cache = shared.cache.as_ref().filter(|_| self.takes_kept);
        if let Some(price) = cache.and_then(|cache| cache.get(&question)) {
            return Ok(Begun::Kept(price));
        }
        if let Some(answer) = under_way.get(&question) {
            return Ok(Begun::Called(answer.clone()));
        }
        // Before the breaker, so that a probe is not lost to a lack of room.
        let permit = Arc::clone(&shared.calls)
            .try_acquire_owned()
            .map_err(|_| PriceServiceError::Busy { max_concurrent: shared.max_concurrent })?;
        let pass = shared.breaker.pass().ok_or(PriceServiceError::Resting)?;
        let (tell, answer) = watch::channel(None);
        under_way.insert(question.clone(), answer.clone());
        let place = Place { shared: Arc::clone(shared), question };
        tokio::spawn(async move {
            let Place { shared, question } = &place;
            let begun = Instant::now();
            let result = shared.endpoint.call(question).await;
            histogram!(telemetry::PRICE_SERVICE_SECONDS).record(begun.elapsed());
            match &result {
                Ok(price) => {
                    pass.succeeded();
                    count(if price.is_sold() { "answered" } else { "not_sold" });
                    if let Some(cache) = &shared.cache {
                        cache.insert(question.clone(), *price);
                    }
                }
                Err(error) => {
                    if error.is_outage() {
                        pass.failed();
                    } else {
                        pass.succeeded();
                    }
                    count(error.outcome());
                }
            }
            drop(place);
            drop(permit);
            // Nobody may be there to hear it.
            let _ = tell.send(Some(result));
        });
        Ok(Begun::Called(answer))
    }
}

/// Where an answer comes from.
enum Begun {
    Kept(LivePrice),
    Called(Answer),
}

/// The place of a call among those under way, given back whatever ends the call.
struct Place {
    shared: Arc<Shared>,
    question: Question,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.under_way().remove(&self.question);
    }
}

impl Shared {
    fn under_way(&self) -> MutexGuard<'_, HashMap<Question, Answer>> {
        // Nothing panics between two changes that belong together.
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(outcome: &'static str) {
    counter!(telemetry::PRICE_SERVICE_CALLS, "outcome" => outcome).increment(1);
}

impl std::fmt::Debug for PriceService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PriceService")
            .field("endpoint", &self.shared.endpoint)
            .finish_non_exhaustive()
    }
}
