//! Health scores that several servers share.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rfq_engine::ProducerId;

use crate::Store;
use crate::backend::{DatabaseError, Row, args};

/// How well a producer answers, as all servers together have seen it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Health {
    /// From 0 (never) to 1 (always).
    pub score: f64,
    /// How many calls made it.
    pub calls: u64,
}

/// What some calls do to a score: `factor * score + term`. An exponentially weighted average is such a
/// map, and so are several of them one after another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HealthDelta {
    factor: f64,
    term: f64,
    calls: u32,
}

/// Not a [`HealthDelta`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a factor from 0 to 1, and a term from 0 to what is left to 1")]
pub struct HealthDeltaError;

impl HealthDelta {
    /// The map `factor * score + term`, made by so many calls.
    ///
    /// # Errors
    /// [`HealthDeltaError`] if it could lead a score out of [0, 1].
    pub fn new(factor: f64, term: f64, calls: u32) -> Result<Self, HealthDeltaError> {
        // What several rounded maps add up to may be a little more than it should.
        let in_range = (0.0..=1.0).contains(&factor) && (0.0..=1.0).contains(&term);
        let fits = in_range && factor + term <= 1.0 + 1e-9;
        fits.then_some(Self { factor, term, calls }).ok_or(HealthDeltaError)
    }
}

impl Store {
    /// The score of a producer that was never called.
    pub const FIRST_HEALTH: f64 = 1.0;

    /// Applies what some calls did, and returns the scores that came of it and of what other servers
    /// did. Producers that are not registered are left out.
    ///
    /// # Errors
    /// [`DatabaseError`]; then nothing was applied, and it may be tried again.
    pub async fn apply_health(
        &self,
        deltas: &BTreeMap<ProducerId, HealthDelta>,
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<ProducerId, Health>, DatabaseError> {
        // The database does the sum, so that no two servers write over each other. The last bit of a
        // float may lie beside the range, hence the CASE.
        let sql = "INSERT INTO health (producer_id, score, calls, updated_at)
            SELECT id, CASE WHEN $5 * $2 + $3 > 1 THEN 1 ELSE $5 * $2 + $3 END, $4, $6
            FROM producers WHERE id = $1
            ON CONFLICT (producer_id) DO UPDATE SET
                score = CASE WHEN health.score * $2 + $3 > 1 THEN 1
                    ELSE health.score * $2 + $3 END,
                calls = health.calls + excluded.calls,
                updated_at = excluded.updated_at
            RETURNING producer_id, score, calls";
        let mut tx = self.db.begin().await?;
        let mut scores = BTreeMap::new();
        // In the order of the map, so that no two servers wait for each other.
        for (producer, delta) in deltas {
            let HealthDelta { factor, term, calls } = *delta;
            let args =
                args![producer.as_str(), factor, term, i64::from(calls), Self::FIRST_HEALTH, now];
            if let Some(row) = tx.fetch_optional(sql, args).await? {
                scores.insert(producer.clone(), health(&row)?);
            }
        }
        tx.commit().await?;
        Ok(scores)
    }

    /// The scores of all producers that were ever called.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn health(&self) -> Result<BTreeMap<ProducerId, Health>, DatabaseError> {
        let sql = "SELECT producer_id, score, calls FROM health";
        let rows = self.db.fetch_all(sql, Vec::new()).await?;
        rows.iter().map(|row| Ok((row.parsed("producer_id")?, health(row)?))).collect()
    }
}

fn health(row: &Row) -> Result<Health, DatabaseError> {
    Ok(Health { score: row.get("score")?, calls: row.number("calls")? })
}
