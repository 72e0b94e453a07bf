//! The one thread that writes: many jobs in one transaction, so that they share its wait for the disk.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{counter, histogram};
use rfq_sdk::ProductSlug;
use rusqlite::Connection;
use tokio::time::Instant;
use tracing::{error, warn};

use super::HoldLimits;
use super::error::{LedgerError, OpenError};
use super::holds::{Change, Hold, HoldState, Holds, Units, UnitsOf};
use super::open::{FileId, Place};
use super::rows::parse;
use super::worker::Job;

/// What jobs write to, inside a transaction.
pub(super) struct Book {
    connection: Connection,
    pub(super) reserved: Reserved,
}

/// What is reserved, as of the job at hand.
pub(super) struct Reserved {
    pub(super) limits: HoldLimits,
    /// As committed.
    holds: Arc<Mutex<Holds>>,
    /// What the transaction has changed so far.
    pub(super) pending: Vec<Change>,
}

/// Commits batches, and comes back after a failure.
pub(super) struct Writer {
    place: Place,
    file: FileId,
    /// `None` after a failure that a new connection may mend.
    book: Option<Book>,
    limits: HoldLimits,
    holds: Arc<Mutex<Holds>>,
    is_failing: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn open(
        place: Place,
        file: FileId,
        limits: HoldLimits,
        holds: Arc<Mutex<Holds>>,
    ) -> Result<Self, OpenError> {
        let is_failing = Arc::default();
        let mut writer = Self { place, file, book: None, limits, holds, is_failing };
        writer.book = Some(writer.connect()?);
        Ok(writer)
    }

    /// Whether the last writing failed.
    pub(super) fn is_failing(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_failing)
    }

    /// Runs all jobs in one transaction, and settles them once it is committed or given up.
    pub(super) fn run(&mut self, jobs: &mut Vec<Box<dyn Job<Book>>>) {
        let started = Instant::now();
        let outcome = self.commit(jobs);
        self.is_failing.store(outcome.is_err(), Ordering::Relaxed);
        match &outcome {
            Ok(()) => {
                counter!("rfq_agent_ledger_commits_total").increment(1);
                histogram!("rfq_agent_ledger_commit_seconds").record(started.elapsed());
                let size = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
                histogram!("rfq_agent_ledger_batch_size").record(size);
            }
            Err(error) => {
                counter!("rfq_agent_ledger_errors_total").increment(1);
                error!(%error, entries = jobs.len(), "The ledger could not write");
                self.recover(error);
            }
        }
        for job in jobs.drain(..) {
            job.settle(outcome.clone());
        }
    }

    fn commit(&mut self, jobs: &mut [Box<dyn Job<Book>>]) -> Result<(), LedgerError> {
        self.place.expect(self.file)?;
        let book = match &mut self.book {
            Some(book) => book,
            None => {
                let book = self.connect().map_err(Arc::new)?;
                self.book.insert(book)
            }
        };
        book.execute("BEGIN IMMEDIATE")?;
        for job in jobs {
            job.run(book)?;
        }
        book.execute("COMMIT")?;
        // Again, as it may have gone meanwhile, and with it what was committed.
        self.place.expect(self.file)?;
        book.reserved.publish();
        Ok(())
    }

    fn recover(&mut self, error: &LedgerError) {
        let Some(book) = &mut self.book else { return };
        book.reserved.pending.clear();
        // After some errors SQLite has rolled back by itself.
        let outside = book.connection().is_autocommit() || book.execute("ROLLBACK").is_ok();
        // These two pass by themselves; whatever else it is, a new connection may mend it.
        let passes = matches!(error, LedgerError::DiskFull(_) | LedgerError::Locked(_));
        if !outside || !passes {
            self.book = None;
        }
    }

    fn connect(&self) -> Result<Book, OpenError> {
        let connection = self.place.connect()?;
        let holds = read_holds(&connection).map_err(|error| self.place.database_error(error))?;
        self.holds.lock().unwrap_or_else(PoisonError::into_inner).replace(holds);
        let reserved =
            Reserved { limits: self.limits, holds: Arc::clone(&self.holds), pending: Vec::new() };
        Ok(Book { connection, reserved })
    }
}

impl Book {
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection().prepare_cached(sql)?.execute(())?;
        Ok(())
    }
}

impl Reserved {
    pub(super) fn units(&self, asked: UnitsOf<'_>) -> Units {
        self.lock().units(asked, &self.pending)
    }

    /// How many units the latest quote of `product` went by, if it is counted.
    pub(super) fn on_hand(&self, product: &ProductSlug) -> Option<u32> {
        self.lock().on_hand(product)
    }

    fn publish(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let pending = mem::take(&mut self.pending);
        let mut holds = self.lock();
        for change in pending {
            holds.apply(change);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Holds> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_holds(connection: &Connection) -> rusqlite::Result<Holds> {
    let mut holds = Holds::default();
    let mut statement =
        connection.prepare("SELECT offer, product, origin, units, state, time FROM holds")?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let offer = row.get(0)?;
        let (product, origin): (String, String) = (row.get(1)?, row.get(2)?);
        let (units, state, time): (_, String, _) = (row.get(3)?, row.get(4)?, row.get(5)?);
        let read = || -> Result<(ProductSlug, HoldState), LedgerError> {
            Ok((parse(&product, "product")?, HoldState::read(&state, time)?))
        };
        match read() {
            Ok((product, state)) => {
                let hold = Hold { offer, origin: origin.into(), units, state };
                holds.apply(Change { product, before: None, after: Some(hold) });
            }
            Err(error) => warn!(%error, offer, "A hold is passed over"),
        }
    }
    Ok(holds)
}
