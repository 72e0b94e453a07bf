//! Offers remembered and found again.

use chrono::{DateTime, TimeDelta, Utc};
use rfq_sdk::{Answer, Fingerprint, Offer, Remembered, Rfq, RfqId};
use rusqlite::{Connection, OptionalExtension as _, named_params};
use uuid::Uuid;

use super::error::{JobError, LedgerError};
use super::rows::{self, RfqColumns, micros, time};
use super::writer::Book;
use crate::ask::Ask;

/// An offer that was made, and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOffer {
    /// The request's id.
    pub rfq_id: RfqId,
    /// Where the request came from, as [`rfq_sdk::Origin`] writes it.
    pub origin: String,
    /// What was asked for.
    pub ask: Ask,
    /// Who asked through the marketplace, by their own word.
    pub requestor: Option<String>,
    /// What was answered.
    pub offer: Offer,
    /// When.
    pub made_at: DateTime<Utc>,
    /// How far it has got, as last written: see [`ClaimState::at`].
    pub claim: ClaimState,
}

/// How far an offer has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimState {
    /// Not claimed, or no longer.
    Open,
    /// Its units are held.
    Held {
        /// When the hold ends.
        until: DateTime<Utc>,
    },
    /// It is sold.
    Sold {
        /// Since when.
        at: DateTime<Utc>,
    },
}

impl ClaimState {
    /// The same at `now`: a hold that has ended is open again.
    #[must_use]
    pub fn at(self, now: DateTime<Utc>) -> Self {
        match self {
            Self::Held { until } if until <= now => Self::Open,
            Self::Open | Self::Held { .. } | Self::Sold { .. } => self,
        }
    }
}

/// How far in the future an offer may have been made: clocks are corrected by so much in passing.
/// More says that the clock was set back, and that nobody knows what has expired.
const CLOCK_STEP: TimeDelta = Answer::CLOCK_SKEW;

/// An RFQ that looks for the offer made to it.
pub(super) struct Key {
    rfq: Rfq,
    origin: String,
    fingerprint: Fingerprint,
}

/// An offer about to be remembered.
pub(super) struct NewOffer {
    key: Key,
    offer: Offer,
    /// The offer as it is answered.
    answer: Vec<u8>,
    now: DateTime<Utc>,
}

impl Key {
    pub(super) fn new(rfq: &Rfq) -> Self {
        let (origin, fingerprint) = (rfq.origin().to_string(), rfq.fingerprint());
        Self { rfq: rfq.clone(), origin, fingerprint }
    }

    /// What is remembered for the RFQ and not expired at `now`.
    ///
    /// The latest offer tells all, since it was made when the one before it had expired.
    pub(super) fn recall(
        &self,
        connection: &Connection,
        now: DateTime<Utc>,
    ) -> Result<Option<Remembered>, JobError> {
        let latest = connection
            .prepare_cached(
                "SELECT made_at, expires_at, fingerprint, answer FROM offers
                 WHERE rfq_id = ?1 AND origin = ?2 ORDER BY id DESC LIMIT 1",
            )?
            .query_row((self.rfq.id().as_str(), &self.origin), |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get_ref(2)?.as_bytes()? == self.fingerprint.as_bytes(),
                    row.get::<_, String>(3)?,
                ))
            })
            .optional()?;
        let Some((made_at, expires_at, same, answer)) = latest else { return Ok(None) };
        let made_at = time(made_at)?;
        if made_at > now + CLOCK_STEP {
            return Err(LedgerError::ClockSetBack { made_at, now }.into());
        }
        if time(expires_at)? <= now {
            return Ok(None);
        }
        if !same {
            return Ok(Some(Remembered::OtherRequest));
        }
        Ok(Some(Remembered::Offer(rows::offer(&answer, expires_at)?)))
    }
}

impl NewOffer {
    pub(super) fn new(rfq: &Rfq, offer: &Offer, now: DateTime<Utc>) -> Self {
        let answer = Answer::from(offer.clone()).to_json();
        Self { key: Key::new(rfq), offer: offer.clone(), answer, now }
    }

    /// Remembers the offer, with a soft hold if one can be had, unless one is remembered already.
    pub(super) fn keep(self, book: &mut Book) -> Result<Remembered, JobError> {
        let (now, expires_at) = (self.now, self.offer.expires_at());
        if let Some(earlier) = self.key.recall(book.connection(), now)? {
            return Ok(earlier);
        }
        if expires_at <= now {
            return Err(LedgerError::AlreadyExpired { expires_at, now }.into());
        }
        let Key { rfq, origin, fingerprint } = self.key;
        let offer_id = self.offer.offer_id();
        let answer = str::from_utf8(&self.answer).map_err(|_| LedgerError::Unreadable("answer"))?;
        let inserted = book
            .connection()
            .prepare_cached(
                "INSERT INTO offers (rfq_id, origin, fingerprint, product, quantity, region,
                     deliver_by, requestor, offer_id, made_at, expires_at, answer)
                 VALUES (:rfq_id, :origin, :fingerprint, :product, :quantity, :region,
                     :deliver_by, :requestor, :offer_id, :made_at, :expires_at, :answer)
                 ON CONFLICT (offer_id) DO NOTHING",
            )?
            .execute(named_params! {
                ":rfq_id": rfq.id().as_str(),
                ":origin": origin,
                ":fingerprint": fingerprint.as_bytes(),
                ":product": rfq.product().as_str(),
                ":quantity": rfq.quantity().get(),
                ":region": rfq.region().map(ToString::to_string),
                ":deliver_by": rfq.deliver_by().map(micros),
                ":requestor": rfq.requestor(),
                ":offer_id": offer_id.as_ref().map(Uuid::as_bytes),
                ":made_at": micros(now),
                ":expires_at": micros(expires_at),
                ":answer": answer,
            })?;
        if let (0, Some(id)) = (inserted, offer_id) {
            return Err(LedgerError::OfferIdTaken(id).into());
        }
        if self.offer.in_stock() {
            let id = book.connection().last_insert_rowid();
            book.hold_softly(id, &rfq, origin.into(), expires_at, now)?;
        }
        Ok(Remembered::Offer(self.offer))
    }
}

/// The offer of this id, expired or not.
pub(super) fn find(
    connection: &Connection,
    offer_id: Uuid,
) -> Result<Option<StoredOffer>, JobError> {
    let sql = format!(
        "SELECT {}, made_at, expires_at, answer, state, time
         FROM offers AS rfq LEFT JOIN holds ON holds.offer = rfq.id WHERE offer_id = ?1",
        RfqColumns::COLUMNS
    );
    let row = connection
        .prepare_cached(&sql)?
        .query_row([offer_id.as_bytes()], |row| {
            let next = RfqColumns::COUNT;
            let offer = (row.get(next)?, row.get(next + 1)?, row.get::<_, String>(next + 2)?);
            let hold = (row.get::<_, Option<String>>(next + 3)?, row.get(next + 4)?);
            Ok((RfqColumns::read(row)?, offer, hold))
        })
        .optional()?;
    let Some((rfq, (made_at, expires_at, answer), hold)) = row else { return Ok(None) };
    let claim = match (hold.0.as_deref(), hold.1) {
        (Some("hard"), Some(until)) => ClaimState::Held { until: time(until)? },
        (Some("sold"), Some(at)) => ClaimState::Sold { at: time(at)? },
        (_, _) => ClaimState::Open,
    };
    Ok(Some(StoredOffer {
        rfq_id: rfq.rfq_id()?,
        ask: rfq.ask()?,
        origin: rfq.origin,
        requestor: rfq.requestor,
        offer: rows::offer(&answer, expires_at)?,
        made_at: time(made_at)?,
        claim,
    }))
}
