//! Columns into the types they stand for.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use rfq_sdk::{Answer, Offer, Quantity, RfqId};
use rusqlite::Row;

use super::error::LedgerError;
use crate::ask::Ask;

/// The columns of a request: of an offer as of a decline.
pub(super) struct RfqColumns {
    rfq_id: String,
    pub(super) origin: String,
    product: String,
    quantity: i64,
    region: Option<String>,
    deliver_by: Option<i64>,
    pub(super) requestor: Option<String>,
}

impl RfqColumns {
    /// The columns of a table called `rfq` in the query, which come first there.
    pub(super) const COLUMNS: &str = "rfq.rfq_id, rfq.origin, rfq.product, rfq.quantity, \
                                      rfq.region, rfq.deliver_by, rfq.requestor";

    /// How many there are: the index of the next.
    pub(super) const COUNT: usize = 7;

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            rfq_id: row.get(0)?,
            origin: row.get(1)?,
            product: row.get(2)?,
            quantity: row.get(3)?,
            region: row.get(4)?,
            deliver_by: row.get(5)?,
            requestor: row.get(6)?,
        })
    }

    pub(super) fn rfq_id(&self) -> Result<RfqId, LedgerError> {
        parse(&self.rfq_id, "rfq_id")
    }

    pub(super) fn ask(&self) -> Result<Ask, LedgerError> {
        let quantity = u32::try_from(self.quantity).ok().and_then(|n| Quantity::new(n).ok());
        Ok(Ask {
            product: parse(&self.product, "product")?,
            quantity: quantity.ok_or(LedgerError::Unreadable("quantity"))?,
            region: self.region.as_deref().map(|text| parse(text, "region")).transpose()?,
            deliver_by: self.deliver_by.map(time).transpose()?,
        })
    }
}

/// The offer that was answered with this text.
///
/// It is read as of a second before its end, when it was valid whatever the clocks said as it was made.
pub(super) fn offer(answer: &str, expires_at: i64) -> Result<Offer, LedgerError> {
    let read_at = time(expires_at)? - TimeDelta::seconds(1);
    match Answer::parse(answer.as_bytes(), read_at) {
        Ok(Answer::Offer(offer)) => Ok(offer),
        Ok(Answer::Decline(_)) | Err(_) => Err(LedgerError::Unreadable("answer")),
    }
}

pub(super) fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

pub(super) fn time(micros: i64) -> Result<DateTime<Utc>, LedgerError> {
    DateTime::from_timestamp_micros(micros).ok_or(LedgerError::Unreadable("time"))
}

pub(super) fn parse<T: FromStr>(text: &str, column: &'static str) -> Result<T, LedgerError> {
    text.parse().map_err(|_| LedgerError::Unreadable(column))
}
