//! Offers already made, so that the same request again gets the same offer.

use std::collections::hash_map::Entry as MapEntry;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use uuid::Uuid;

#[cfg(doc)]
use crate::answer::Answer;
use crate::offer::Offer;
use crate::rfq::Rfq;

/// Remembers offers by the request they answer (wire contract, "Idempotency").
///
/// The key is the origin of a request with its RFQ id; the fingerprint tells whether the same is
/// asked for. Only offers are remembered, never declines, and only until they expire: then the id
/// is free again.
///
/// [`MemoryStore`] is the default; an implementation on disk lets offers survive a restart. It keeps,
/// under the text of [`Rfq::origin`] and [`Rfq::id`], the fingerprint, the time, and the offer as
/// [`Answer::to_json`] writes it; [`Answer::parse`] at that time reads it back, expired or not.
pub trait AnswerStore: Send + Sync + 'static {
    /// What is remembered for the id of `rfq` and not expired at `now`.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot tell; the request is then declined.
    fn recall(
        &self,
        rfq: &Rfq,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Option<Remembered>, StoreError>> + Send;

    /// Remembers `offer` as the answer to `rfq`, unless an unexpired one is remembered already, and
    /// returns what is remembered then. One atomic step: of two at once, one wins and both return
    /// it. The offer leaves the agent only after this has succeeded.
    ///
    /// # Errors
    /// [`StoreError`] when the offer could not be kept; the request is then declined.
    fn remember(
        &self,
        rfq: &Rfq,
        offer: &Offer,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Remembered, StoreError>> + Send;
}

/// What a store holds for an RFQ id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remembered {
    /// The offer made to the same request.
    Offer(Offer),
    /// The id was used for a request with another fingerprint.
    OtherRequest,
}

/// Why a store failed, for the log.
pub type StoreError = Box<dyn std::error::Error + Send + Sync>;

/// Remembers offers in memory, a bounded number of them.
///
/// When it is full, the offer made longest ago is forgotten first: its request, asked again, gets
/// a new offer. All are forgotten when the process ends.
pub struct MemoryStore {
    capacity: usize,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    /// Boxed, since tables move their entries when they make room.
    by_request: HashMap<ById, Box<Entry>>,
    by_offer: HashMap<Uuid, Rfq>,
    /// Oldest first. An entry replaced since then has a higher number.
    order: VecDeque<(u64, Rfq)>,
    last_number: u64,
}

struct Entry {
    number: u64,
    offer: Offer,
}

impl MemoryStore {
    /// The capacity of a store made by `default`. An offer takes about 1 KB, so that is 32 MB when
    /// full; with the longest requestor, terms and URL it takes 6 KB.
    pub const DEFAULT_CAPACITY: usize = 32_768;

    /// A store of at most `capacity` offers, and at least one.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), memory: Mutex::default() }
    }

    /// The request and the offer of this id, expired or not, as long as it is remembered: what a
    /// claim page needs.
    #[must_use]
    pub fn find(&self, offer_id: Uuid) -> Option<(Rfq, Offer)> {
        let memory = self.lock();
        let rfq = memory.by_offer.get(&offer_id)?;
        let entry = memory.by_request.get(&ById(rfq.clone()))?;
        Some((rfq.clone(), entry.offer.clone()))
    }

    /// How many offers are remembered, expired ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().by_request.len()
    }

    /// Whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        // No code that could panic runs under the lock, so a poisoned one is still whole.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AnswerStore for MemoryStore {
    async fn recall(
        &self,
        rfq: &Rfq,
        now: DateTime<Utc>,
    ) -> Result<Option<Remembered>, StoreError> {
        Ok(self.lock().recall(rfq, now))
    }

    async fn remember(
        &self,
        rfq: &Rfq,
        offer: &Offer,
        now: DateTime<Utc>,
    ) -> Result<Remembered, StoreError> {
        let mut memory = self.lock();
        let remembered = memory.remember(rfq, offer, now);
        while memory.order.len() > self.capacity {
            memory.forget_oldest();
        }
        Ok(remembered)
    }
}

impl Memory {
    fn recall(&self, rfq: &Rfq, now: DateTime<Utc>) -> Option<Remembered> {
        let (asked, entry) = self.by_request.get_key_value(&ById(rfq.clone()))?;
        entry.recall(&asked.0, rfq, now)
    }

    /// What is remembered once `offer` has been, unless there is one already.
    fn remember(&mut self, rfq: &Rfq, offer: &Offer, now: DateTime<Utc>) -> Remembered {
        let place = match self.by_request.entry(ById(rfq.clone())) {
            MapEntry::Vacant(place) => place,
            MapEntry::Occupied(old) => {
                if let Some(earlier) = old.get().recall(&old.key().0, rfq, now) {
                    return earlier;
                }
                // Taken out, so that the key kept is the request of this offer.
                let (_, old) = old.remove_entry();
                if let Some(id) = old.offer.offer_id() {
                    self.by_offer.remove(&id);
                }
                return self.remember(rfq, offer, now);
            }
        };
        self.last_number += 1;
        place.insert(Box::new(Entry { number: self.last_number, offer: offer.clone() }));
        self.order.push_back((self.last_number, rfq.clone()));
        if let Some(id) = offer.offer_id() {
            self.by_offer.insert(id, rfq.clone());
        }
        Remembered::Offer(offer.clone())
    }

    fn forget_oldest(&mut self) {
        let Some((number, rfq)) = self.order.pop_front() else { return };
        if let MapEntry::Occupied(entry) = self.by_request.entry(ById(rfq))
            && entry.get().number == number
            && let Some(id) = entry.remove().offer.offer_id()
        {
            self.by_offer.remove(&id);
        }
    }
}

impl Entry {
    /// What it is to `rfq` at `now`, if it has not expired; it was made for `asked`, of the same id.
    fn recall(&self, asked: &Rfq, rfq: &Rfq, now: DateTime<Utc>) -> Option<Remembered> {
        (self.offer.expires_at() > now).then(|| {
            if asked.fingerprint() == rfq.fingerprint() {
                Remembered::Offer(self.offer.clone())
            } else {
                Remembered::OtherRequest
            }
        })
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }
}

impl<S: AnswerStore> AnswerStore for std::sync::Arc<S> {
    fn recall(
        &self,
        rfq: &Rfq,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Option<Remembered>, StoreError>> + Send {
        S::recall(self, rfq, now)
    }

    fn remember(
        &self,
        rfq: &Rfq,
        offer: &Offer,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Remembered, StoreError>> + Send {
        S::remember(self, rfq, offer, now)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("capacity", &self.capacity)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// A request, equal to every other of the same origin and id.
#[derive(Clone)]
pub(crate) struct ById(pub(crate) Rfq);

impl PartialEq for ById {
    fn eq(&self, other: &Self) -> bool {
        self.0.id() == other.0.id() && self.0.origin() == other.0.origin()
    }
}

impl Eq for ById {}

impl Hash for ById {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Ids hardly ever come from two origins.
        self.0.id().hash(state);
    }
}
