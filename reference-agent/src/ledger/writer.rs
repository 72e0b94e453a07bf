//! The one thread that writes: many jobs in one transaction, so that they share its wait for the disk.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{counter, histogram};
use rfq_sdk::ProductSlug;
use rusqlite::Connection;
use tokio::time::Instant;
use tracing::{error, warn};

use super::HoldLimits;
use super::error::{LedgerError, OpenError};
use super::holds::{Change, Hold, HoldState, Holds, Question, Units};
use super::open::{Opened, Place};
use super::rows::parse;
use super::worker::Job;
use crate::catalogue::LiveCatalogue;

/// What jobs write to, inside a transaction.
pub(super) struct Book {
    opened: Opened,
    pub(super) stock: Stock,
}

/// What is reserved, as of the job at hand.
pub(super) struct Stock {
    pub(super) catalogue: LiveCatalogue,
    pub(super) limits: HoldLimits,
    /// As committed.
    holds: Arc<Mutex<Holds>>,
    /// What the transaction has changed so far.
    pub(super) pending: Vec<Change>,
}

/// Commits batches, and comes back after a failure.
pub(super) struct Writer {
    place: Place,
    /// `None` after a failure that a new connection may mend.
    book: Option<Book>,
    catalogue: LiveCatalogue,
    limits: HoldLimits,
    holds: Arc<Mutex<Holds>>,
}

impl Writer {
    pub(super) fn open(
        place: Place,
        catalogue: LiveCatalogue,
        limits: HoldLimits,
        holds: Arc<Mutex<Holds>>,
    ) -> Result<Self, OpenError> {
        let mut writer = Self { place, book: None, catalogue, limits, holds };
        writer.book = Some(writer.connect()?);
        Ok(writer)
    }

    /// Runs all jobs in one transaction, and settles them once it is committed or given up.
    pub(super) fn turn(&mut self, jobs: &mut Vec<Box<dyn Job<Book>>>) {
        let started = Instant::now();
        let outcome = self.commit(jobs);
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
        if let Some(moved) = self.book.take_if(|book| self.place.has_moved(&book.opened)) {
            warn!("The ledger's file was replaced or removed, so the one there now is used");
            self.place.give_up(&moved.opened).map_err(Arc::new)?;
        }
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
        book.stock.publish();
        Ok(())
    }

    fn recover(&mut self, error: &LedgerError) {
        let Some(book) = &mut self.book else { return };
        book.stock.pending.clear();
        // After some errors SQLite has rolled back by itself.
        let outside = book.connection().is_autocommit() || book.execute("ROLLBACK").is_ok();
        // These two pass by themselves; whatever else it is, a new connection may mend it.
        let passes = matches!(error, LedgerError::DiskFull(_) | LedgerError::Locked(_));
        if !outside || !passes {
            self.book = None;
        }
    }

    fn connect(&self) -> Result<Book, OpenError> {
        let opened = self.place.connect()?;
        let holds =
            read_holds(&opened.connection).map_err(|error| self.place.database_error(error))?;
        *self.holds.lock().unwrap_or_else(PoisonError::into_inner) = holds;
        let stock = Stock {
            catalogue: self.catalogue.clone(),
            limits: self.limits,
            holds: Arc::clone(&self.holds),
            pending: Vec::new(),
        };
        Ok(Book { opened, stock })
    }
}

impl Book {
    pub(super) fn connection(&self) -> &Connection {
        &self.opened.connection
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection().prepare_cached(sql)?.execute(())?;
        Ok(())
    }
}

impl Stock {
    pub(super) fn units(&self, asked: Question<'_>) -> Units {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner).units(asked, &self.pending)
    }

    fn publish(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let mut holds = self.holds.lock().unwrap_or_else(PoisonError::into_inner);
        for change in mem::take(&mut self.pending) {
            holds.apply(change);
        }
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
