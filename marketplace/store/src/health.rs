//! Health scores that several servers share.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rfq_engine::{HealthDelta, ProducerId, Score};
use uuid::Uuid;

use crate::Store;
use crate::backend::{Arg, DatabaseError, Row, args};

/// How well a producer answers, as all servers together have seen it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Health {
    /// From 0 (never) to 1 (always).
    pub score: f64,
    /// How many calls made it.
    pub calls: u64,
}

/// Which deltas, so that they are applied once, however often that is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthFlush {
    /// The server that comes with them: an id that it draws when it starts.
    pub server: Uuid,
    /// Its how manieth flush it is; another one's is greater than all before.
    pub number: u32,
}

impl Store {
    /// Applies what some calls did, and returns the scores that came of it and of what other servers
    /// did. Producers that are not registered are left out.
    ///
    /// # Errors
    /// [`DatabaseError`]; then all was applied or nothing. Try again with the same flush and the same
    /// deltas before the next ones: what was applied already is not applied again.
    pub async fn apply_health(
        &self,
        flush: HealthFlush,
        deltas: &BTreeMap<ProducerId, HealthDelta>,
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<ProducerId, Health>, DatabaseError> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO health_flushes (server, number, updated_at) VALUES ($1, $2, $3)
            ON CONFLICT (server) DO UPDATE SET number = excluded.number,
                updated_at = excluded.updated_at
            WHERE health_flushes.number < excluded.number";
        let args = args![&*flush.server.to_string(), i64::from(flush.number), now];
        let is_new = tx.execute(sql, args).await? > 0;
        // Holds the scores for this transaction, in the order of their ids, so that servers neither write
        // over each other nor each wait for the other. A new one is `Score::NEW`.
        let ids = deltas.keys().map(|id| args![id.as_str()]).collect();
        let hold = "INSERT INTO health (producer_id, score, calls, updated_at)
            SELECT id, 1, 0, 0 FROM producers WHERE id IN (";
        let returning = ") ORDER BY id
            ON CONFLICT (producer_id) DO UPDATE SET calls = health.calls
            RETURNING producer_id, score, calls";
        let mut scores = BTreeMap::new();
        for row in tx.fetch_many(hold, ids, returning).await? {
            let id = row.parsed("producer_id")?;
            let stored = health(&row)?;
            let delta = deltas.get(&id).filter(|_| is_new);
            scores.insert(id, delta.map_or(Ok(stored), |delta| stored.after(*delta))?);
        }
        if !is_new {
            return Ok(scores);
        }
        // Not by the arithmetic of the database: that of Postgres refuses products near 0.
        let row = |(id, health): (&ProducerId, &Health)| -> Vec<Arg> {
            let calls = i64::try_from(health.calls).unwrap_or(i64::MAX);
            args![id.as_str(), health.score, calls, now]
        };
        let insert = "INSERT INTO health (producer_id, score, calls, updated_at)";
        let update = " ON CONFLICT (producer_id) DO UPDATE SET score = excluded.score,
            calls = excluded.calls, updated_at = excluded.updated_at";
        tx.fetch_many(insert, scores.iter().map(row).collect(), update).await?;
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

impl Health {
    fn after(self, delta: HealthDelta) -> Result<Self, DatabaseError> {
        let stored = Score::try_from(self.score)
            .map_err(|error| DatabaseError::unreadable("score", error))?;
        let calls = self.calls.saturating_add(delta.calls().into());
        Ok(Self { score: delta.apply(stored).get(), calls })
    }
}

fn health(row: &Row) -> Result<Health, DatabaseError> {
    Ok(Health { score: row.get("score")?, calls: row.number("calls")? })
}
