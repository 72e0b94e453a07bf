//! Forgetting what is old.

use chrono::{DateTime, TimeDelta, Utc};

use super::error::JobError;
use super::holds::{Change, Hold, HoldState};
use super::rows::{micros, parse};
use super::writer::Book;

/// Rows looked at in one go: some milliseconds, in which the writer does nothing else.
const ROWS: u32 = 500;

impl Book {
    /// Of the next rows of `holds` after that of the offer `after`, deletes those that hold nothing
    /// any more, and sales longer ago than `keep`. Returns the last offer looked at, if any is left.
    pub(super) fn prune_holds(
        &mut self,
        after: i64,
        keep: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>, JobError> {
        let oldest = oldest(keep, now);
        let mut last = None;
        let mut ended = Vec::new();
        {
            let mut statement = self.connection().prepare_cached(
                "SELECT offer, product, origin, units, state, time FROM holds
                 WHERE offer > ?1 ORDER BY offer LIMIT ?2",
            )?;
            let mut rows = statement.query((after, ROWS))?;
            while let Some(row) = rows.next()? {
                let (offer, product, origin): (_, String, String) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                last = Some(offer);
                let state = HoldState::read(&row.get::<_, String>(4)?, row.get(5)?)?;
                let has_ended = match state {
                    HoldState::Soft { until } | HoldState::Hard { until } => until <= now,
                    HoldState::Sold { at } => micros(at) < oldest,
                };
                if has_ended {
                    let hold = Hold { offer, origin: origin.into(), units: row.get(3)?, state };
                    let product = parse(&product, "product")?;
                    ended.push(Change { product, before: Some(hold), after: None });
                }
            }
        }
        for change in ended {
            self.change(change)?;
        }
        Ok(last)
    }

    /// Deletes some of the answers that are older than `keep`, save offers that are valid, held or
    /// sold since. Returns how many were deleted; 0 is the end.
    pub(super) fn prune_answers(
        &mut self,
        keep: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<usize, JobError> {
        let oldest = oldest(keep, now);
        let offers = self
            .connection()
            .prepare_cached(
                "DELETE FROM offers WHERE id IN (
                     SELECT id FROM offers WHERE made_at < ?1 AND expires_at <= ?2
                         AND NOT EXISTS (SELECT 1 FROM holds WHERE holds.offer = offers.id)
                     ORDER BY made_at LIMIT ?3)",
            )?
            .execute((oldest, micros(now), ROWS))?;
        let declines = self
            .connection()
            .prepare_cached(
                "DELETE FROM declines WHERE id IN (
                     SELECT id FROM declines WHERE declined_at < ?1 ORDER BY declined_at LIMIT ?2)",
            )?
            .execute((oldest, ROWS))?;
        Ok(offers + declines)
    }
}

/// The time of the oldest row to be kept, as rows have it.
fn oldest(keep: TimeDelta, now: DateTime<Utc>) -> i64 {
    micros(now.checked_sub_signed(keep).unwrap_or(DateTime::<Utc>::MIN_UTC))
}
