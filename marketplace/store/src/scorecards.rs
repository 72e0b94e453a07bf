//! How a producer does, over a stretch of time.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rfq_engine::ProducerId;

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
    /// Calls that were answered too late, or not at all.
    pub late: u32,
    /// Offers made.
    pub offers: u32,
    /// Offers that ranked first.
    pub wins: u32,
    /// Half of the valid answers came within this time, from the first byte sent.
    pub p50: Option<Duration>,
    /// Nineteen of twenty valid answers came within this time.
    pub p95: Option<Duration>,
}

impl Scorecard {
    /// The share of calls that were answered in time: 0 to 1; `None` without calls.
    #[must_use]
    pub fn response_rate(&self) -> Option<f64> {
        rate(self.answered, self.calls)
    }

    /// The share of answers that were valid.
    #[must_use]
    pub fn valid_rate(&self) -> Option<f64> {
        rate(self.valid, self.answered)
    }

    /// The share of calls that were answered too late, or not at all.
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

impl Store {
    /// How every producer did that was called.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn scorecards(
        &self,
        window: Window,
    ) -> Result<BTreeMap<ProducerId, Scorecard>, DatabaseError> {
        // A percentile is the smallest latency that so many of them do not exceed. Those of answers
        // that are not valid do not count: pages that say 503 come in no time.
        let sql = "WITH made AS (
                SELECT producer_id, quote_id, outcome,
                    CASE WHEN outcome IN ('late', 'connect_failed', 'tls_failed', 'io_failed')
                        THEN 0 ELSE 1 END AS answered,
                    latency_us
                FROM calls
                WHERE asked_at >= $1 AND asked_at < $2 AND outcome NOT IN
                    ('cancelled', 'skipped_no_time', 'skipped_suspended', 'panicked')
            ), placed AS (
                SELECT producer_id, latency_us,
                    ROW_NUMBER() OVER (PARTITION BY producer_id ORDER BY latency_us) AS place,
                    COUNT(*) OVER (PARTITION BY producer_id) AS places
                FROM made WHERE outcome IN ('offer', 'decline') AND latency_us IS NOT NULL
            ), latencies AS (
                SELECT producer_id,
                    MIN(CASE WHEN place * 100 >= places * 50 THEN latency_us END) AS p50_us,
                    MIN(CASE WHEN place * 100 >= places * 95 THEN latency_us END) AS p95_us
                FROM placed GROUP BY producer_id
            ), counts AS (
                SELECT made.producer_id,
                    COUNT(*) AS calls,
                    SUM(answered) AS answered,
                    SUM(CASE WHEN outcome IN ('offer', 'decline') THEN 1 ELSE 0 END) AS valid,
                    SUM(CASE WHEN outcome = 'late' THEN 1 ELSE 0 END) AS late,
                    COUNT(offers.id) AS offers,
                    SUM(CASE WHEN rank = 1 THEN 1 ELSE 0 END) AS wins
                FROM made LEFT JOIN offers
                    ON offers.quote_id = made.quote_id AND offers.producer_id = made.producer_id
                GROUP BY made.producer_id
            )
            SELECT counts.producer_id, calls, answered, valid, late, offers, wins, p50_us, p95_us
            FROM counts LEFT JOIN latencies ON latencies.producer_id = counts.producer_id";
        let rows = self.db.fetch_all(sql, args![window.from, window.until]).await?;
        rows.iter().map(|row| Ok((row.parsed("producer_id")?, scorecard(row)?))).collect()
    }
}

fn scorecard(row: &Row) -> Result<Scorecard, DatabaseError> {
    Ok(Scorecard {
        calls: row.number("calls")?,
        answered: row.number("answered")?,
        valid: row.number("valid")?,
        late: row.number("late")?,
        offers: row.number("offers")?,
        wins: row.number("wins")?,
        p50: row.get("p50_us")?,
        p95: row.get("p95_us")?,
    })
}
