//! Health scores that several servers share.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rfq_engine::{HealthDelta, ProducerId, Score};

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

impl Store {
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
            let (scale, shift, calls) = (delta.scale(), delta.shift(), i64::from(delta.calls()));
            let args = args![producer.as_str(), scale, shift, calls, Score::NEW.get(), now];
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
