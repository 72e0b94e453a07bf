//! Soft holds, claims and sales: changes to what is reserved.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, Utc};
use rfq_sdk::{ProductSlug, Rfq};
use rusqlite::OptionalExtension as _;
use uuid::Uuid;

use super::error::{JobError, LedgerError};
use super::holds::{Change, Hold, HoldState, UnitsOf};
use super::rows::{micros, parse, time};
use super::writer::Book;
use crate::stock::Stock;

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The units are held from now on. That may outlast the offer, by the length of a hold: whoever
    /// claims in the last minute has the time to pay.
    Held {
        /// When the hold ends.
        until: DateTime<Utc>,
    },
    /// They were held by an earlier claim, and still are.
    AlreadyHeld {
        /// When that hold ends.
        until: DateTime<Utc>,
    },
    /// No offer of this id was made, or it is pruned.
    Unknown,
    /// The offer has ended.
    Expired,
    /// The offer was sold.
    Sold,
    /// Too few units are left.
    OutOfStock,
    /// The caller has as many holds of this product as it may.
    TooManyHolds,
}

/// What became of a report that an offer is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sell {
    /// It is sold now.
    Sold,
    /// It was.
    AlreadySold {
        /// Since when.
        at: DateTime<Utc>,
    },
    /// No offer of this id was made, or it is pruned.
    Unknown,
}

/// An offer, as far as its stock is concerned.
struct Claimable {
    product: ProductSlug,
    expires_at: DateTime<Utc>,
    hold: Hold,
    /// Whether `hold` is written, or only what a first one would be.
    is_held: bool,
}

impl Book {
    /// Reserves the units offered until the offer ends, within the share of the stock that soft holds
    /// may take: beyond it, and where nothing is counted, the offer is made without.
    pub(super) fn hold_softly(
        &mut self,
        offer: i64,
        rfq: &Rfq,
        origin: Arc<str>,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), JobError> {
        let (product, units) = (rfq.product(), rfq.quantity().get());
        let Some(on_hand) = self.reserved.on_hand(product) else { return Ok(()) };
        let held = self.reserved.units(UnitsOf { product, origin: None, as_of: now, now }).soft;
        if held.saturating_add(units.into()) > self.reserved.limits.soft_cap(on_hand) {
            return Ok(());
        }
        let hold = Hold { offer, origin, units, state: HoldState::Soft { until } };
        self.change(Change { product: product.clone(), before: None, after: Some(hold) })
    }

    pub(super) fn claim(
        &mut self,
        offer_id: Uuid,
        stock: Stock,
        now: DateTime<Utc>,
    ) -> Result<Claim, JobError> {
        let Some(offer) = self.claimable(offer_id)? else { return Ok(Claim::Unknown) };
        match offer.hold.state {
            HoldState::Sold { .. } => return Ok(Claim::Sold),
            HoldState::Hard { until } if until > now => return Ok(Claim::AlreadyHeld { until }),
            HoldState::Hard { .. } | HoldState::Soft { .. } => {}
        }
        if offer.expires_at <= now {
            return Ok(Claim::Expired);
        }
        if let Some(on_hand) = stock.units {
            let held = self.reserved.units(UnitsOf {
                product: &offer.product,
                origin: Some(&offer.hold.origin),
                as_of: stock.as_of,
                now,
            });
            let units = u64::from(offer.hold.units);
            if !self.reserved.limits.allow(held, units, on_hand) {
                return Ok(Claim::TooManyHolds);
            }
            // Soft holds of others do not count: what is only offered goes to whoever claims first.
            if held.hard.saturating_add(held.sold).saturating_add(units) > on_hand.into() {
                return Ok(Claim::OutOfStock);
            }
        }
        // As it is written, so that a second claim is told the same.
        let until =
            now.checked_add_signed(self.reserved.limits.hard()).unwrap_or(now).trunc_subsecs(6);
        self.set_hold(offer, HoldState::Hard { until })?;
        Ok(Claim::Held { until })
    }

    /// Whether the offer has expired or was never claimed does not matter: the shop's checkout knows.
    pub(super) fn sell(&mut self, offer_id: Uuid, now: DateTime<Utc>) -> Result<Sell, JobError> {
        let Some(offer) = self.claimable(offer_id)? else { return Ok(Sell::Unknown) };
        if let HoldState::Sold { at } = offer.hold.state {
            return Ok(Sell::AlreadySold { at });
        }
        self.set_hold(offer, HoldState::Sold { at: now.trunc_subsecs(6) })?;
        Ok(Sell::Sold)
    }

    fn set_hold(&mut self, offer: Claimable, state: HoldState) -> Result<(), JobError> {
        let Claimable { product, hold, is_held, .. } = offer;
        let after = Some(Hold { state, ..hold.clone() });
        self.change(Change { product, before: is_held.then_some(hold), after })
    }

    fn claimable(&self, offer_id: Uuid) -> Result<Option<Claimable>, JobError> {
        let row = self
            .connection()
            .prepare_cached(
                "SELECT offers.id, offers.product, offers.origin, quantity, expires_at, state, time
                 FROM offers LEFT JOIN holds ON holds.offer = offers.id WHERE offer_id = ?1",
            )?
            .query_row([offer_id.as_bytes()], |row| {
                let text = (row.get::<_, String>(1)?, row.get::<_, String>(2)?);
                let hold = (row.get::<_, Option<String>>(5)?, row.get::<_, Option<i64>>(6)?);
                Ok((row.get(0)?, text, row.get(3)?, row.get(4)?, hold))
            })
            .optional()?;
        let Some((id, (product, origin), units, expires_at, hold)) = row else { return Ok(None) };
        let expires_at = time(expires_at)?;
        let state = match &hold {
            (Some(state), Some(at)) => Some(HoldState::read(state, *at)?),
            (_, _) => None,
        };
        let is_held = state.is_some();
        let state = state.unwrap_or(HoldState::Soft { until: expires_at });
        let hold = Hold { offer: id, origin: origin.into(), units, state };
        Ok(Some(Claimable { product: parse(&product, "product")?, expires_at, hold, is_held }))
    }

    /// Writes the hold as it is after `change`, and counts with it from here on in this batch.
    pub(super) fn change(&mut self, change: Change) -> Result<(), JobError> {
        let hold = change.after.as_ref().or(change.before.as_ref());
        let Some(hold) = hold else { return Ok(()) };
        if change.after.is_some() {
            let (state, at) = hold.state.columns();
            let columns =
                (hold.offer, change.product.as_str(), &*hold.origin, hold.units, state, at);
            self.connection()
                .prepare_cached(
                    "INSERT INTO holds (offer, product, origin, units, state, time)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                     ON CONFLICT (offer) DO UPDATE SET state = excluded.state, time = excluded.time",
                )?
                .execute(columns)?;
        } else {
            self.connection()
                .prepare_cached("DELETE FROM holds WHERE offer = ?1")?
                .execute([hold.offer])?;
        }
        self.reserved.pending.push(change);
        Ok(())
    }
}

impl HoldState {
    pub(super) fn read(state: &str, at: i64) -> Result<Self, LedgerError> {
        let at = time(at)?;
        match state {
            "soft" => Ok(Self::Soft { until: at }),
            "hard" => Ok(Self::Hard { until: at }),
            "sold" => Ok(Self::Sold { at }),
            _ => Err(LedgerError::Unreadable("state")),
        }
    }

    fn columns(self) -> (&'static str, i64) {
        match self {
            Self::Soft { until } => ("soft", micros(until)),
            Self::Hard { until } => ("hard", micros(until)),
            Self::Sold { at } => ("sold", micros(at)),
        }
    }
}
