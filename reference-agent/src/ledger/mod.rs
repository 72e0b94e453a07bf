//! Every offer made, on disk before it leaves; what is held of the stock; what is sold.
//!
//! One `SQLite` file, `ledger.db`, in a directory of its own. One thread writes: it takes all that waits,
//! commits it in one transaction (`synchronous=FULL`) and answers all together, so that the wait for the
//! disk is shared. Another reads. Threads and lock end with the last [`Ledger`], after what is queued.
//!
//! One process owns a ledger. A warm standby opens it when the first has ended, however it ended: what
//! was answered is there.

mod claims;
mod declines;
mod error;
mod holds;
mod offers;
mod open;
mod prune;
mod reader;
mod rows;
mod schema;
mod worker;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use metrics::counter;
use rfq_sdk::{AnswerStore, DeclineReason, Offer, ProductSlug, Remembered, Rfq, StoreError};
use rusqlite::Connection;
use uuid::Uuid;

pub use claims::{Claim, Sell};
pub use error::{LedgerError, OpenError};
pub use offers::{ClaimState, StoredOffer};
pub use reader::{LedgerReader, StoredAnswer, StoredOutcome};

use crate::stock::Stock;
use crate::telemetry;
use declines::Declined;
use holds::{Holds, Units, UnitsOf};
use offers::{Key, NewOffer};
use open::{Lock, Place};
use reader::Reader;
use worker::Worker;
use writer::{Book, Writer};

/// Every offer made, on disk before it leaves; what is held; what is sold. Cheap to clone.
///
/// As the SDK's [`AnswerStore`] it remembers offers as the wire contract says ("Idempotency"). Whenever
/// it cannot, its error makes the request a decline, and the next one is tried anew.
#[derive(Clone)]
pub struct Ledger(Arc<Shared>);

struct Shared {
    // In the order in which they end: the last connection moves the log into the database, which takes
    // one that may write, and the lock is held as long as that.
    reader: Worker<Connection>,
    writer: Worker<Book>,
    _lock: Lock,
    holds: Arc<Mutex<Holds>>,
    /// Whether the last writing failed.
    is_failing: Arc<AtomicBool>,
    options: LedgerOptions,
}

/// How a ledger is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerOptions {
    /// How much of the stock may be held.
    pub holds: HoldLimits,
    /// How long answers and sales are kept before they may be pruned, 30 days by default.
    pub keep: Duration,
}

/// How much of the stock may be held, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldLimits {
    /// What soft holds, those of offers not claimed yet, may take together of a product's units on
    /// hand, in percent: 0 (none) to 100, 20 by default. An offer beyond it is made without a hold, so
    /// that nobody can lock the stock by asking.
    pub soft_percent: u8,
    /// How long a claim holds its units, 15 minutes by default.
    pub hard: Duration,
    /// How many claims of one caller may hold units of one product at once in any case, 20 by default.
    /// Further ones may while all of the caller's together hold at most half of what is on hand: with
    /// one marketplace all buyers come through one caller. Where nothing is counted, any number may.
    pub hard_per_product_and_caller: u32,
}

impl Default for LedgerOptions {
    fn default() -> Self {
        Self { holds: HoldLimits::default(), keep: Duration::from_hours(30 * 24) }
    }
}

impl Default for HoldLimits {
    fn default() -> Self {
        Self { soft_percent: 20, hard: Duration::from_mins(15), hard_per_product_and_caller: 20 }
    }
}

/// What is reserved of a product, in units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Offered, as far as soft holds may go.
    pub offered: u64,
    /// Claimed, and not sold yet.
    pub claimed: u64,
    /// Sold, and still counted in the stock.
    pub sold: u64,
}

impl Taken {
    /// All that nobody else can have, up to what can be counted.
    #[must_use]
    pub fn units(self) -> u32 {
        let all = self.offered.saturating_add(self.claimed).saturating_add(self.sold);
        u32::try_from(all).unwrap_or(u32::MAX)
    }
}

impl HoldLimits {
    /// How many units soft holds may take together.
    fn soft_cap(&self, on_hand: u32) -> u64 {
        u64::from(on_hand) * u64::from(self.soft_percent.min(100)) / 100
    }

    /// Whether a caller that holds so much may hold `units` more.
    fn allow(&self, held: Units, units: u64, on_hand: u32) -> bool {
        held.holds_of_origin < self.hard_per_product_and_caller
            || held.hard_of_origin.saturating_add(units) <= u64::from(on_hand / 2)
    }

    fn hard(&self) -> TimeDelta {
        TimeDelta::from_std(self.hard).unwrap_or(TimeDelta::MAX)
    }
}

impl Ledger {
    /// Opens the ledger in `directory`, for this process alone, and makes both if need be, for their
    /// owner only.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(directory: &Path, options: LedgerOptions) -> Result<Self, OpenError> {
        let place = Place::new(directory);
        place.make_directory()?;
        let lock = place.lock()?;
        let holds = Arc::new(Mutex::default());
        let file = place.make_file()?;
        let mut writer = Writer::open(place.clone(), file, options.holds, Arc::clone(&holds))?;
        let is_failing = writer.is_failing();
        let mut reader = Reader::open(place, file)?;
        let failed = |source| OpenError::File { path: directory.to_owned(), source };
        Ok(Self(Arc::new(Shared {
            writer: Worker::start("ledger-writer", move |jobs| writer.run(jobs)).map_err(failed)?,
            reader: Worker::start("ledger-reader", move |jobs| reader.run(jobs)).map_err(failed)?,
            _lock: lock,
            holds,
            is_failing,
            options,
        })))
    }

    /// Whether offers can be kept: as the last writing says, and a look at the file. Only after a
    /// failure something is written, to see whether it is over.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn check(&self) -> Result<(), LedgerError> {
        if self.0.is_failing.load(Ordering::Relaxed) {
            return self.0.writer.ask(|book| Ok(schema::touch(book.connection())?)).await;
        }
        self.0.writer.check()?;
        self.0.reader.ask(|connection| Ok(schema::look(connection)?)).await
    }

    /// The offer of this id, expired or not, until it is pruned.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn find(&self, offer_id: Uuid) -> Result<Option<StoredOffer>, LedgerError> {
        self.0.reader.ask(move |connection| offers::find(connection, offer_id)).await
    }

    /// Holds the units of an offer, so that nobody else buys them until its consumer has paid. A second
    /// claim of the same offer gets the hold of the first, as long as it lasts.
    ///
    /// `stock` is what there is of its product now. Soft holds of others do not stand in its way; claims
    /// and sales do. What is not counted can always be claimed.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn claim(
        &self,
        offer_id: Uuid,
        stock: Stock,
        now: DateTime<Utc>,
    ) -> Result<Claim, LedgerError> {
        self.0.writer.ask(move |book| book.claim(offer_id, stock, now)).await
    }

    /// Marks an offer as sold, on the word of the shop's checkout: expired and unclaimed ones too. Its
    /// units are reserved as long as the stock told is of a time before that.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn sell(&self, offer_id: Uuid, now: DateTime<Utc>) -> Result<Sell, LedgerError> {
        self.0.writer.ask(move |book| book.sell(offer_id, now)).await
    }

    /// What is reserved of the units of `product` that are `stock` at `now`: to quote with, from memory.
    /// Nothing when they are not counted.
    ///
    /// The soft hold of the offer that is made of the quote is a share of this stock.
    #[must_use]
    pub fn reserved(&self, product: &ProductSlug, stock: Stock, now: DateTime<Utc>) -> Taken {
        let mut holds = self.0.holds.lock().unwrap_or_else(PoisonError::into_inner);
        holds.set_on_hand(product, stock.units);
        let Some(on_hand) = stock.units else { return Taken::default() };
        let units = holds.units(UnitsOf { product, origin: None, as_of: stock.as_of, now }, &[]);
        drop(holds);
        Taken {
            // The stock may have shrunk since the soft holds were taken.
            offered: units.soft.min(self.0.options.holds.soft_cap(on_hand)),
            claimed: units.hard,
            sold: units.sold,
        }
    }

    /// Notes an RFQ that was declined, for later questions. It never waits: when the ledger is behind,
    /// the note is dropped and counted.
    pub fn note_decline(&self, rfq: &Rfq, reason: DeclineReason, now: DateTime<Utc>) {
        let declined = Declined::new(rfq, reason, now);
        if !self.0.writer.note(move |book| declined.keep(book.connection())) {
            counter!(telemetry::LEDGER_NOTES_DROPPED).increment(1);
        }
    }

    /// Forgets answers and sales older than [`LedgerOptions::keep`], and holds that have ended; never
    /// an offer that is valid or held. A little at a time, so that offers are made meanwhile. Returns
    /// how many answers were forgotten.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub async fn prune(&self, now: DateTime<Utc>) -> Result<u64, LedgerError> {
        let keep = TimeDelta::from_std(self.0.options.keep).unwrap_or(TimeDelta::MAX);
        let mut last = Some(i64::MIN);
        while let Some(after) = last {
            last = self.0.writer.ask(move |book| book.prune_holds(after, keep, now)).await?;
        }
        let mut forgotten = 0;
        loop {
            let some = self.0.writer.ask(move |book| book.prune_answers(keep, now)).await?;
            if some == 0 {
                return Ok(forgotten);
            }
            forgotten += u64::try_from(some).unwrap_or(u64::MAX);
        }
    }
}

impl AnswerStore for Ledger {
    async fn recall(
        &self,
        rfq: &Rfq,
        now: DateTime<Utc>,
    ) -> Result<Option<Remembered>, StoreError> {
        let key = Key::new(rfq);
        Ok(self.0.reader.ask(move |connection| key.recall(connection, now)).await?)
    }

    async fn remember(
        &self,
        rfq: &Rfq,
        offer: &Offer,
        now: DateTime<Utc>,
    ) -> Result<Remembered, StoreError> {
        let offer = NewOffer::new(rfq, offer, now);
        Ok(self.0.writer.ask(move |book| offer.keep(book)).await?)
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("options", &self.0.options).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rfq_sdk::{Secret, Signer, Verifier};

    use super::*;

    const STOCK: Stock = Stock { units: Some(1_000_000), as_of: DateTime::UNIX_EPOCH };

    fn noon() -> DateTime<Utc> {
        "2026-06-01T12:00:00Z".parse().unwrap()
    }

    fn grinder() -> ProductSlug {
        "coffee-grinders/esp".parse().unwrap()
    }

    fn rfq(number: u128) -> Rfq {
        let body = serde_json::json!({
            "jsonrpc": "2.0", "method": "message/send", "id": number.to_string(),
            "params": { "message": { "metadata": {
                "skill": "respond-to-rfq", "rfq_id": number.to_string(),
                "product_slug": grinder(), "requestor": "x".repeat(1500),
            } } }
        });
        let (body, secret) = (body.to_string(), Secret::new("an example of a secret, 32 bytes"));
        let headers = Signer::hmac(&secret.unwrap()).sign(body.as_bytes(), noon());
        let secret = Secret::new("an example of a secret, 32 bytes").unwrap();
        let verifier = Verifier::hmac(secret).build().unwrap();
        let verified = verifier.verify(&headers, body.as_bytes(), noon()).unwrap();
        Rfq::from_verified(&verified).unwrap()
    }

    fn offer(number: u128) -> Offer {
        Offer::builder("1".parse().unwrap(), "https://shop.example/".parse().unwrap())
            .offer_id(Uuid::from_u128(number))
            .build(noon())
            .unwrap()
    }

    fn open(directory: &Path) -> Ledger {
        Ledger::open(directory, LedgerOptions::default()).unwrap()
    }

    /// Lets the file have so many pages, beyond which `SQLite` says what it says of a full disk.
    async fn limit(ledger: &Ledger, pages: u32) {
        let limit = move |book: &mut Book| {
            Ok(book.connection().pragma_update(None, "max_page_count", pages)?)
        };
        ledger.0.writer.ask(limit).await.unwrap();
    }

    #[tokio::test]
    async fn a_full_disk_is_an_error_until_there_is_room() {
        let directory = tempfile::tempdir().unwrap();
        let ledger = open(directory.path());
        let reserved = || ledger.reserved(&grinder(), STOCK, noon()).units();
        assert_eq!(reserved(), 0);
        let remember =
            async |number| ledger.remember(&rfq(number), &offer(number), noon()).await.map(|_| ());
        limit(&ledger, 40).await;
        let mut made = 0;
        let error = loop {
            match remember(made).await {
                Ok(()) => made += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error.to_string(), "the disk is full; make room where the ledger is kept");
        assert!(made > 10, "{made}");
        assert!(remember(made).await.is_err(), "still");
        assert_eq!(u128::from(reserved()), made, "an offer that was not made holds nothing");
        let last = ledger.find(Uuid::from_u128(made - 1)).await.unwrap().unwrap();
        assert_eq!(last.offer, offer(made - 1));

        limit(&ledger, 4000).await;
        remember(made).await.unwrap();
        assert_eq!(u128::from(reserved()), made + 1);
    }

    #[tokio::test]
    async fn a_thread_that_ends_is_an_error_and_keeps_nobody_waiting() {
        let directory = tempfile::tempdir().unwrap();
        let ledger = open(directory.path());
        let panics = |_: &mut Book| -> Result<(), error::JobError> { panic!("a bug") };
        let died = ledger.0.writer.ask(panics).await;
        assert!(matches!(died, Err(LedgerError::Stopped)), "{died:?}");
        let claim = ledger.claim(Uuid::from_u128(1), STOCK, noon()).await;
        assert_eq!(claim.unwrap_err().to_string(), "the ledger has stopped; restart the agent");
        drop(ledger);
        open(directory.path());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_waits_three_seconds_and_it_may_be_done_all_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let ledger = open(directory.path());
        let (go_on, told) = std::sync::mpsc::channel::<()>();
        let stuck = ledger.0.writer.note(move |_| {
            // The test is over when this is dropped.
            let _ = told.recv();
            Ok(())
        });
        assert!(stuck);
        let begun = tokio::time::Instant::now();
        let late = ledger.remember(&rfq(1), &offer(1), noon()).await.unwrap_err();
        assert_eq!(begun.elapsed(), Duration::from_secs(3));
        assert_eq!(
            late.to_string(),
            "the ledger took longer than 3 s, and may still do what it was asked for; the disk may \
             be too slow"
        );
        drop(go_on);
        drop(ledger);
        let reader = LedgerReader::open(directory.path()).unwrap();
        assert_eq!(reader.answers(&"1".parse().unwrap()).unwrap().len(), 1, "it was done");
    }
}
