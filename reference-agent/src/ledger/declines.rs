//! Notes of the RFQs that were declined.

use chrono::{DateTime, Utc};
use rfq_sdk::{DeclineReason, Rfq};
use rusqlite::Connection;

use super::error::JobError;
use super::rows::micros;

/// An RFQ that was declined.
pub(super) struct Declined {
    rfq: Rfq,
    reason: DeclineReason,
    now: DateTime<Utc>,
}

impl Declined {
    pub(super) fn new(rfq: &Rfq, reason: DeclineReason, now: DateTime<Utc>) -> Self {
        Self { rfq: rfq.clone(), reason, now }
    }

    pub(super) fn keep(&self, connection: &Connection) -> Result<(), JobError> {
        let rfq = &self.rfq;
        connection
            .prepare_cached(
                "INSERT INTO declines (rfq_id, origin, product, quantity, region, deliver_by,
                     requestor, reason, declined_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute((
                rfq.id().as_str(),
                rfq.origin().to_string(),
                rfq.product().as_str(),
                rfq.quantity().get(),
                rfq.region().map(ToString::to_string),
                rfq.deliver_by().map(micros),
                rfq.requestor(),
                self.reason.name(),
                micros(self.now),
            ))?;
        Ok(())
    }
}
