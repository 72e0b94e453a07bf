//! Letting go of what is old, in batches that hold up nobody for long.
//!
//! Each of these deletes one batch and tells how many it deleted. Call it again until it says 0: then
//! nothing as old is left, or another server is at it.

use chrono::{DateTime, Utc};

use crate::Store;
use crate::backend::{DatabaseError, args};

impl Store {
    /// Deletes quotes that were asked before a time, the oldest first, with their calls, offers and
    /// claims: as many as have up to `limit` quotes and calls together, of which 5,000 are a good batch, or
    /// one.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn prune_quotes(
        &self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let sql = "DELETE FROM quotes WHERE id IN (
                SELECT id FROM (
                    SELECT id, weight, SUM(weight) OVER (ORDER BY asked_at, id) AS total FROM (
                        SELECT id, asked_at, 1 + (
                            SELECT COUNT(*) FROM calls WHERE quote_id = quotes.id
                        ) AS weight
                        FROM quotes WHERE asked_at < $1 ORDER BY asked_at, id LIMIT $2
                    ) AS oldest
                ) AS weighed
                WHERE total <= $2 OR total = weight
            )";
        self.prune(sql, before, limit).await
    }

    /// Deletes attempts at fetching agent cards that were made before a time, but for the card of each
    /// producer that counts: up to `limit`.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn prune_card_fetches(
        &self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let sql = "DELETE FROM card_fetches WHERE (producer_id, fetched_at) IN (
                SELECT producer_id, fetched_at FROM card_fetches AS old
                WHERE fetched_at < $1 AND (outcome <> 'fetched' OR NOT EXISTS (
                    SELECT 1 FROM agents
                    WHERE agents.producer_id = old.producer_id AND card_url = old.url
                ) OR EXISTS (
                    SELECT 1 FROM card_fetches AS newer
                    WHERE newer.producer_id = old.producer_id AND newer.url = old.url
                        AND newer.fetched_at > old.fetched_at AND newer.outcome = 'fetched'
                ))
                ORDER BY fetched_at LIMIT $2
            )";
        self.prune(sql, before, limit).await
    }

    /// Forgets the newest flush of each server that has flushed nothing since a time, the longest silent
    /// first: up to `limit`. The time must be one before which no server would try a flush again, such as
    /// a day ago.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn prune_health_flushes(
        &self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        // The time twice: who flushes while this waits for it is not forgotten.
        let sql = "DELETE FROM health_flushes WHERE server IN (
                SELECT server FROM health_flushes
                WHERE updated_at < $1 ORDER BY updated_at LIMIT $2
            ) AND updated_at < $1";
        self.prune(sql, before, limit).await
    }

    /// Runs a statement that deletes what is older than `$1`, at most `$2` of it.
    async fn prune(
        &self,
        sql: &'static str,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let mut tx = self.db.begin().await?;
        let deleted = tx.execute(sql, args![before, i64::from(limit)]).await?;
        tx.commit().await?;
        Ok(deleted)
    }

    /// Forgets changes up to the first that was made at a time or later: up to `limit`. A follower that
    /// has not seen them is told to begin again.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn prune_changes(
        &self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let mut tx = self.db.begin().await?;
        let sql = "SELECT n, changed_at FROM changes ORDER BY n LIMIT $1";
        let mut pruned = None;
        for row in tx.fetch_all(sql, args![i64::from(limit)]).await? {
            // Without a gap: the clocks of servers differ, so that a change may seem older than the one
            // before it.
            if row.get::<DateTime<Utc>>("changed_at")? >= before {
                break;
            }
            pruned = Some(row.get::<i64>("n")?);
        }
        let Some(pruned) = pruned else { return Ok(0) };
        let deleted = tx.execute("DELETE FROM changes WHERE n <= $1", args![pruned]).await?;
        // Writers wait from here, so that it is the last step.
        let sql = "UPDATE change_counter SET pruned = $1 WHERE pruned < $1";
        tx.execute(sql, args![pruned]).await?;
        tx.commit().await?;
        Ok(deleted)
    }
}
