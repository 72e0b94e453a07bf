//! Why the ledger cannot do what it is asked for.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::ErrorCode;
use uuid::Uuid;

/// Why an open ledger did not do what it was asked for. Nothing of it was done then, apart from
/// [`LedgerError::Late`].
///
/// Apart from [`LedgerError::Stopped`] and [`LedgerError::Replaced`], each is over once its cause is: the
/// ledger needs no restart.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// There is no room left on the disk.
    #[error("the disk is full; make room where the ledger is kept")]
    DiskFull(#[source] Arc<rusqlite::Error>),
    /// Another program holds a lock on the file, for longer than the ledger waits.
    #[error("the ledger's file is locked by another program; end what writes to it")]
    Locked(#[source] Arc<rusqlite::Error>),
    /// The file is not what it should be.
    #[error("the ledger's file is damaged ({0}); stop the agent and restore it from a backup")]
    Damaged(#[source] Arc<rusqlite::Error>),
    /// Another file has the name of the one that was opened, or none.
    #[error(
        "the ledger's file was replaced or removed while the agent ran; stop the agent, restore the \
         ledger as the README of rfq-agent says, then start the agent again"
    )]
    Replaced,
    /// Anything else that `SQLite` or the disk reports.
    #[error("the ledger cannot be read or written: {0}")]
    Failed(#[source] Arc<rusqlite::Error>),
    /// It had to be opened again, and could not be.
    #[error("the ledger cannot be opened again: {0}")]
    NotReopened(#[from] Arc<OpenError>),
    /// More waits to be done than may wait.
    #[error("the ledger is behind with its work; the disk may be too slow")]
    Behind,
    /// It took too long. It may have been done, or will be.
    #[error(
        "the ledger took longer than {} s, and may still do what it was asked for; the disk may be \
         too slow",
        .0.as_secs()
    )]
    Late(Duration),
    /// A thread of the ledger has ended, which is a bug.
    #[error("the ledger has stopped; restart the agent")]
    Stopped,
    /// What is remembered was made in the future.
    #[error(
        "the clock seems to have been set back: an offer was made at {made_at}, and now it is \
         {now}; check this machine's time"
    )]
    ClockSetBack {
        /// When the offer was made.
        made_at: DateTime<Utc>,
        /// What the clock says.
        now: DateTime<Utc>,
    },
    /// The offer is not to be kept, since it ended before it could be made.
    #[error("the offer ended at {expires_at}, before it could be kept at {now}")]
    AlreadyExpired {
        /// When it ended.
        expires_at: DateTime<Utc>,
        /// What the clock says.
        now: DateTime<Utc>,
    },
    /// Two offers of one id.
    #[error("an offer with the id {0} was made before; ids must not repeat")]
    OfferIdTaken(Uuid),
    /// An entry was not written by this program.
    #[error("an entry of the ledger cannot be read: its {0} is not one")]
    Unreadable(&'static str),
}

/// Why there is no ledger to work with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it: one process owns a ledger.
    #[error(
        "another rfq-agent{} has the ledger in {} open; stop it, or name another directory with \
         --data-dir",
        .process.map(|id| format!(" (process {id})")).unwrap_or_default(),
        .directory.display()
    )]
    InUse {
        /// The directory.
        directory: PathBuf,
        /// The other process's id, if it could be read.
        process: Option<u32>,
    },
    /// There is none yet.
    #[error("there is no ledger in {}; the agent makes it when it is first served", .0.display())]
    Missing(PathBuf),
    /// A later version of this program has used it.
    #[error(
        "{} is of version {found}, and this rfq-agent knows versions up to {known}; use the newer \
         rfq-agent",
        .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The highest version known.
        known: i64,
    },
    /// The file is no ledger, or no longer.
    #[error(
        "{} is not a ledger, or is damaged ({reason}); restore it from a backup, or move it and the \
         files beside it away to begin with an empty one",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The directory or a file in it cannot be used.
    #[error("{} cannot be used: {source}", .path.display())]
    File {
        /// The directory or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// `SQLite` cannot work with the file.
    #[error("{} cannot be opened: {source}", .path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error_code();
        let error = Arc::new(error);
        match code {
            Some(ErrorCode::DiskFull) => Self::DiskFull(error),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error),
            Some(_) | None => Self::Failed(error),
        }
    }
}

/// Why one job of a batch cannot go on.
pub(super) enum JobError {
    /// The database failed, and so does the whole batch.
    Database(rusqlite::Error),
    /// This job alone has no result. It must not have written anything.
    Refused(LedgerError),
}

impl From<rusqlite::Error> for JobError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<LedgerError> for JobError {
    fn from(error: LedgerError) -> Self {
        Self::Refused(error)
    }
}
