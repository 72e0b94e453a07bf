//! How a producer does, over a stretch of time.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rfq_engine::{ProducerId, TrackRecord};

use crate::Store;
use crate::backend::{DatabaseError, Row, args};

/// A stretch of time: quotes that were asked at its beginning or later, and before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its beginning.
    pub from: DateTime<Utc>,
    /// Its end.
    pub until: DateTime<Utc>,
}

/// How a producer did. Calls that the marketplace skipped, cancelled or broke itself are not counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scorecard {
    /// Calls made.
    pub calls: u32,
    /// Calls that were answered in time, with whatever.
    pub answered: u32,
    /// Calls that were answered with an offer or a decline.
    pub valid: u32,
    /// Calls that were answered too late; no connection and a broken one are counted in none of these.
    pub late: u32,
    /// Offers made.
    pub offers: u32,
    /// Offers that ranked first.
    pub wins: u32,
    /// Half of the calls took at most this, from the first byte of the request, to the millisecond. As in
    /// [`rfq_engine::Latency`], those count that brought an offer or a decline, and late ones by how long
    /// they were waited for: who answers half of its calls fast and half of them never is not fast.
    pub p50: Option<Duration>,
    /// Nineteen of twenty of these calls took at most this.
    pub p95: Option<Duration>,
}

impl Scorecard {
    /// The share of calls that were answered in time: 0 to 1; `None` without calls.
    #[must_use]
    pub fn response_rate(&self) -> Option<f64> {
        rate(self.answered, self.calls)
    }

    /// The share of calls that brought an offer: who declines all answers, and is of no use.
    #[must_use]
    pub fn offer_rate(&self) -> Option<f64> {
        rate(self.offers, self.calls)
    }

    /// What the engine selects by; `None` with less than `min_calls`, as few tell little.
    #[must_use]
    pub fn track_record(&self, min_calls: NonZeroU32) -> Option<TrackRecord> {
        let Self { calls, offers, wins, .. } = *self;
        (calls >= min_calls.get()).then_some(TrackRecord { calls, offers, wins })
    }

    /// The share of answers that were valid.
    #[must_use]
    pub fn valid_rate(&self) -> Option<f64> {
        rate(self.valid, self.answered)
    }

    /// The share of calls that were answered too late.
    #[must_use]
    pub fn late_rate(&self) -> Option<f64> {
        rate(self.late, self.calls)
    }

    /// The share of offers that ranked first.
    #[must_use]
    pub fn win_rate(&self) -> Option<f64> {
        rate(self.wins, self.offers)
    }
}

fn rate(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}

/// The calls of a window that count: from code 30 on are those that the marketplace ended or did not make.
macro_rules! calls {
    ($select:expr, $producer:literal, $group:expr) => {
        concat!(
            $select,
            " FROM calls WHERE ",
            $producer,
            " asked_at >= $1 AND asked_at < $2 AND outcome_code < 30 ",
            $group
        )
    };
}

/// Those that were not answered in time: late, no connection, no TLS, broken off. Codes, as comparing
/// texts takes most of the time.
macro_rules! counts {
    ($producer:literal) => {
        calls!(
            "SELECT producer_id, COUNT(*) AS calls,
                COUNT(*) FILTER (WHERE outcome_code NOT IN (10, 11, 12, 15)) AS answered,
                COUNT(*) FILTER (WHERE outcome_code IN (1, 2)) AS valid,
                COUNT(*) FILTER (WHERE outcome_code = 10) AS late,
                COUNT(*) FILTER (WHERE outcome_code = 1) AS offers,
                COUNT(*) FILTER (WHERE offer_rank = 1) AS wins",
            $producer,
            "GROUP BY producer_id"
        )
    };
}

/// How many calls took each number of milliseconds, rounded up. Not those that were answered with something
/// else: pages that say 503 come in no time.
macro_rules! latencies {
    ($by:literal, $producer:literal) => {
        calls!(
            concat!("SELECT ", $by, "(latency_us + 999) / 1000 AS latency_ms, COUNT(*) AS count"),
            $producer,
            concat!(
                "AND outcome_code IN (1, 2, 10) AND latency_us IS NOT NULL GROUP BY ",
                $by,
                "latency_ms ORDER BY ",
                $by,
                "latency_ms"
            )
        )
    };
}

impl Store {
    /// How a producer did; `None` if it was not called.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn scorecard(
        &self,
        producer: &ProducerId,
        window: Window,
    ) -> Result<Option<Scorecard>, DatabaseError> {
        let args = || args![window.from, window.until, producer.as_str()];
        let (counts, latencies) = tokio::try_join!(
            self.db.fetch_optional(counts!("producer_id = $3 AND"), args()),
            self.db.fetch_all(latencies!("", "producer_id = $3 AND"), args()),
        )?;
        let Some(counts) = counts else { return Ok(None) };
        let steps = latencies.iter().map(step).collect::<Result<Vec<_>, _>>()?;
        scorecard(&counts, &steps).map(Some)
    }

    /// How every producer did that was called. It reads all calls of the window, so that it is nothing
    /// to do for each quote.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn scorecards(
        &self,
        window: Window,
    ) -> Result<BTreeMap<ProducerId, Scorecard>, DatabaseError> {
        let args = || args![window.from, window.until];
        let counts = self.db.fetch_all(counts!(""), args()).await?;
        let mut steps: BTreeMap<ProducerId, Vec<Step>> = BTreeMap::new();
        for row in self.db.fetch_all(latencies!("producer_id, ", ""), args()).await? {
            steps.entry(row.parsed("producer_id")?).or_default().push(step(&row)?);
        }
        let card = |row: &Row| {
            let producer = row.parsed("producer_id")?;
            let steps = steps.get(&producer).map_or(&[][..], Vec::as_slice);
            Ok((producer, scorecard(row, steps)?))
        };
        counts.iter().map(card).collect()
    }
}

/// A latency and how many calls had it.
struct Step {
    latency: Duration,
    count: u64,
}

fn step(row: &Row) -> Result<Step, DatabaseError> {
    let latency = Duration::from_millis(row.number("latency_ms")?);
    Ok(Step { latency, count: row.number("count")? })
}

/// `steps` are in the order of latencies.
fn scorecard(row: &Row, steps: &[Step]) -> Result<Scorecard, DatabaseError> {
    Ok(Scorecard {
        calls: row.number("calls")?,
        answered: row.number("answered")?,
        valid: row.number("valid")?,
        late: row.number("late")?,
        offers: row.number("offers")?,
        wins: row.number("wins")?,
        p50: percentile(steps, 50),
        p95: percentile(steps, 95),
    })
}

/// The smallest latency that so many of a hundred calls do not exceed.
fn percentile(steps: &[Step], percent: u64) -> Option<Duration> {
    let all: u64 = steps.iter().map(|step| step.count).sum();
    let mut place = 0;
    let reached = steps.iter().find(|step| {
        place += step.count;
        place * 100 >= all * percent
    });
    reached.map(|step| step.latency)
}
