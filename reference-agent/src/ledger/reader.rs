//! Reading: beside the writer for the agent itself, and without its lock for other processes.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rfq_sdk::{Offer, RfqId};
use rusqlite::Connection;
use tracing::error;

use super::error::{JobError, LedgerError, OpenError};
use super::open::{FileId, Place};
use super::rows::{self, RfqColumns, time};
use super::worker::Job;
use crate::ask::Ask;

/// A ledger for reading only. It needs no lock: it works beside a running agent, and after one was
/// killed.
pub struct LedgerReader {
    connection: Connection,
}

/// What an RFQ was answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Where the request came from, as [`rfq_sdk::Origin`] writes it.
    pub origin: String,
    /// What was asked for.
    pub ask: Ask,
    /// Who asked through the marketplace, by their own word.
    pub requestor: Option<String>,
    /// When it was answered.
    pub answered_at: DateTime<Utc>,
    /// The answer.
    pub outcome: StoredOutcome,
}

/// An offer, or why there was none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredOutcome {
    /// The offer made.
    Offer(Offer),
    /// None was.
    Decline {
        /// Why, as [`rfq_sdk::DeclineReason::name`] has it.
        reason: String,
    },
}

impl LedgerReader {
    /// Opens the ledger in `directory`.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        Ok(Self { connection: Place::new(directory).connect_for_reading()? })
    }

    /// What the RFQs of this id were answered with, newest first.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn answers(&self, rfq_id: &RfqId) -> Result<Vec<StoredAnswer>, LedgerError> {
        self.read(rfq_id).map_err(|error| match error {
            JobError::Database(error) => error.into(),
            JobError::Refused(error) => error,
        })
    }

    fn read(&self, rfq_id: &RfqId) -> Result<Vec<StoredAnswer>, JobError> {
        let sql = format!(
            "SELECT {columns}, made_at AS time, expires_at, answer FROM offers AS rfq
             WHERE rfq_id = ?1
             UNION ALL SELECT {columns}, declined_at, NULL, reason FROM declines AS rfq
             WHERE rfq_id = ?1
             ORDER BY time DESC",
            columns = RfqColumns::COLUMNS
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([rfq_id.as_str()])?;
        let mut answers = Vec::new();
        while let Some(row) = rows.next()? {
            let next = RfqColumns::COUNT;
            let rfq = RfqColumns::read(row)?;
            let text: String = row.get(next + 2)?;
            let outcome = match row.get(next + 1)? {
                Some(expires_at) => StoredOutcome::Offer(rows::offer(&text, expires_at)?),
                None => StoredOutcome::Decline { reason: text },
            };
            answers.push(StoredAnswer {
                ask: rfq.ask()?,
                origin: rfq.origin,
                requestor: rfq.requestor,
                answered_at: time(row.get(next)?)?,
                outcome,
            });
        }
        Ok(answers)
    }
}

impl std::fmt::Debug for LedgerReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LedgerReader").field("path", &self.connection.path()).finish()
    }
}

/// The agent's own reading, on a thread beside the writer's.
pub(super) struct Reader {
    place: Place,
    file: FileId,
    /// `None` after a failure that a new connection may mend.
    connection: Option<Connection>,
}

impl Reader {
    pub(super) fn open(place: Place, file: FileId) -> Result<Self, OpenError> {
        let connection = place.connect_for_reading()?;
        Ok(Self { place, file, connection: Some(connection) })
    }

    /// Runs all jobs on one state of the ledger, which holds all that was committed before.
    pub(super) fn run(&mut self, jobs: &mut Vec<Box<dyn Job<Connection>>>) {
        let outcome = self.read(jobs);
        if let Err(error) = &outcome {
            error!(%error, entries = jobs.len(), "The ledger could not be read");
            self.connection = None;
        }
        for job in jobs.drain(..) {
            job.settle(outcome.clone());
        }
    }

    fn read(&mut self, jobs: &mut [Box<dyn Job<Connection>>]) -> Result<(), LedgerError> {
        self.place.expect(self.file)?;
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => {
                let connection = self.place.connect_for_reading().map_err(Arc::new)?;
                self.connection.insert(connection)
            }
        };
        connection.prepare_cached("BEGIN")?.execute(())?;
        for job in jobs {
            job.run(connection)?;
        }
        connection.prepare_cached("COMMIT")?.execute(())?;
        Ok(())
    }
}
