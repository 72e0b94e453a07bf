//! Every offer made, what is held, what is sold. A stand-in: in memory, gone with the process.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rfq_sdk::{AnswerStore, DeclineReason, MemoryStore, Offer, Remembered, Rfq, RfqId, StoreError};
use rusqlite::Connection;
use uuid::Uuid;

use crate::ask::Ask;
use crate::catalogue::{LiveCatalogue, Product};

/// Every offer made; what is held; what is sold. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Ledger(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    answers: MemoryStore,
    options: LedgerOptions,
    catalogue: LiveCatalogue,
    /// Its table `offers` stands for all that can fail.
    database: Mutex<Connection>,
    offers: Mutex<HashMap<Uuid, StoredOffer>>,
}

/// How long and how much is held, and how long offers are kept.
#[derive(Debug, Clone, Copy)]
pub struct LedgerOptions {
    /// The limits of holds.
    pub holds: HoldLimits,
    /// How long an offer is kept.
    pub keep: Duration,
}

/// The limits of holds.
#[derive(Debug, Clone, Copy)]
pub struct HoldLimits {
    /// The share of the stock that offers may reserve, 0 to 100.
    pub soft_percent: u8,
    /// How long a claim holds its goods.
    pub hard: Duration,
    /// The most claims of one caller that hold the same product at once.
    pub hard_per_product_and_caller: u32,
}

impl Default for LedgerOptions {
    fn default() -> Self {
        let holds = HoldLimits {
            soft_percent: 20,
            hard: Duration::from_mins(15),
            hard_per_product_and_caller: 20,
        };
        Self { holds, keep: Duration::from_hours(30 * 24) }
    }
}

/// Why there is no ledger.
#[derive(Debug, thiserror::Error)]
#[error("the ledger cannot be opened: {0}")]
pub struct OpenError(#[from] rusqlite::Error);

/// Why the ledger could not tell or keep something.
#[derive(Debug, thiserror::Error)]
#[error("the ledger failed: {0}")]
pub struct LedgerError(#[from] rusqlite::Error);

/// An offer with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOffer {
    /// The request it answers.
    pub rfq_id: RfqId,
    /// How that request came.
    pub origin: String,
    /// What it asked for.
    pub ask: Ask,
    /// Who asked, by its own words.
    pub requestor: Option<String>,
    /// The offer.
    pub offer: Offer,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// What became of it.
    pub claim: ClaimState,
}

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimState {
    /// Nothing yet.
    Open,
    /// Its goods are held.
    Held {
        /// Until then.
        until: DateTime<Utc>,
    },
    /// Its goods are sold.
    Sold {
        /// Since then.
        at: DateTime<Utc>,
    },
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The goods are held.
    Held {
        /// Until then.
        until: DateTime<Utc>,
    },
    /// No such offer.
    Unknown,
    /// The offer has ended.
    Expired,
    /// Its goods are sold.
    Sold,
    /// Too few goods are left.
    OutOfStock,
    /// The caller holds as much as it may.
    TooManyHolds,
}

/// What became of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sell {
    /// Now sold.
    Sold,
    /// It was sold before.
    AlreadySold {
        /// Then.
        at: DateTime<Utc>,
    },
    /// No such offer.
    Unknown,
}

impl Ledger {
    /// Opens the ledger in `dir`.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        dir: &Path,
        options: LedgerOptions,
        catalogue: LiveCatalogue,
    ) -> Result<Self, OpenError> {
        let database = Connection::open(dir.join("ledger.db"))?;
        database.execute_batch("CREATE TABLE IF NOT EXISTS offers (id)")?;
        Ok(Self(Arc::new(Shared {
            answers: MemoryStore::default(),
            options,
            catalogue,
            database: Mutex::new(database),
            offers: Mutex::default(),
        })))
    }

    /// The offer of this id.
    ///
    /// # Errors
    /// [`LedgerError`].
    #[expect(clippy::unused_async, reason = "the ledger on disk will wait")]
    pub async fn find(&self, offer_id: Uuid) -> Result<Option<StoredOffer>, LedgerError> {
        Ok(self.offers()?.get(&offer_id).cloned())
    }

    /// Holds the goods of this offer.
    ///
    /// # Errors
    /// [`LedgerError`].
    #[expect(clippy::unused_async, reason = "the ledger on disk will wait")]
    pub async fn claim(&self, offer_id: Uuid, now: DateTime<Utc>) -> Result<Claim, LedgerError> {
        let mut offers = self.offers()?;
        let Some(stored) = offers.get(&offer_id) else { return Ok(Claim::Unknown) };
        match stored.claim {
            ClaimState::Sold { .. } => return Ok(Claim::Sold),
            ClaimState::Held { until } if until > now => return Ok(Claim::Held { until }),
            ClaimState::Open | ClaimState::Held { .. } => {}
        }
        if stored.offer.expires_at() <= now {
            return Ok(Claim::Expired);
        }
        let (mut held, mut holds) = (0, 0);
        for other in offers.values().filter(|other| other.ask.product == stored.ask.product) {
            let is_held = matches!(other.claim, ClaimState::Held { until } if until > now);
            if is_held && other.requestor == stored.requestor {
                holds += 1;
            }
            if is_held || matches!(other.claim, ClaimState::Sold { .. }) {
                held += other.ask.quantity.get();
            }
        }
        let catalogue = self.0.catalogue.now();
        let available = match catalogue.find(&stored.ask.product) {
            Some(product) => product.available(held),
            None => Some(0),
        };
        if available.is_some_and(|available| available < stored.ask.quantity.get()) {
            return Ok(Claim::OutOfStock);
        }
        if holds >= self.0.options.holds.hard_per_product_and_caller {
            return Ok(Claim::TooManyHolds);
        }
        let until = now + self.0.options.holds.hard;
        if let Some(stored) = offers.get_mut(&offer_id) {
            stored.claim = ClaimState::Held { until };
        }
        Ok(Claim::Held { until })
    }

    /// Marks the offer as sold.
    ///
    /// # Errors
    /// [`LedgerError`].
    #[expect(clippy::unused_async, reason = "the ledger on disk will wait")]
    pub async fn sell(&self, offer_id: Uuid, now: DateTime<Utc>) -> Result<Sell, LedgerError> {
        let mut offers = self.offers()?;
        let Some(stored) = offers.get_mut(&offer_id) else { return Ok(Sell::Unknown) };
        if let ClaimState::Sold { at } = stored.claim {
            return Ok(Sell::AlreadySold { at });
        }
        stored.claim = ClaimState::Sold { at: now };
        Ok(Sell::Sold)
    }

    /// Units of `product` reserved.
    #[must_use]
    pub fn reserved(&self, product: &Product, _as_of: DateTime<Utc>, now: DateTime<Utc>) -> u32 {
        let offers = self.0.offers.lock().unwrap_or_else(PoisonError::into_inner);
        let of_product = offers.values().filter(|stored| stored.ask.product == product.slug);
        let counted = of_product.filter(|stored| match stored.claim {
            ClaimState::Open => false,
            ClaimState::Held { until } => until > now,
            ClaimState::Sold { .. } => true,
        });
        counted.map(|stored| stored.ask.quantity.get()).sum()
    }

    /// Notes a decline.
    pub fn note_decline(&self, _rfq: &Rfq, _reason: DeclineReason, _now: DateTime<Utc>) {}

    /// Forgets what is too old.
    ///
    /// # Errors
    /// [`LedgerError`].
    #[expect(clippy::unused_async, reason = "the ledger on disk will wait")]
    pub async fn prune(&self, _now: DateTime<Utc>) -> Result<u64, LedgerError> {
        Ok(0)
    }

    fn offers(&self) -> Result<MutexGuard<'_, HashMap<Uuid, StoredOffer>>, rusqlite::Error> {
        let database = self.0.database.lock().unwrap_or_else(PoisonError::into_inner);
        database.query_row("SELECT count(*) FROM offers", [], |row| row.get::<_, u32>(0))?;
        Ok(self.0.offers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl AnswerStore for Ledger {
    async fn recall(
        &self,
        rfq: &Rfq,
        now: DateTime<Utc>,
    ) -> Result<Option<Remembered>, StoreError> {
        self.0.answers.recall(rfq, now).await
    }

    async fn remember(
        &self,
        rfq: &Rfq,
        offer: &Offer,
        now: DateTime<Utc>,
    ) -> Result<Remembered, StoreError> {
        let remembered = self.0.answers.remember(rfq, offer, now).await?;
        if let (Remembered::Offer(offer), Some(id)) = (&remembered, offer.offer_id()) {
            self.offers()?.entry(id).or_insert_with(|| StoredOffer {
                rfq_id: rfq.id().clone(),
                origin: rfq.origin().to_string(),
                ask: Ask::from(rfq),
                requestor: rfq.requestor().map(ToOwned::to_owned),
                offer: offer.clone(),
                made_at: now,
                claim: ClaimState::Open,
            });
        }
        Ok(remembered)
    }
}
