//! What a database answers instead of rows.

use std::fmt::Display;
use std::io::ErrorKind;

use sqlx::Error;

/// Why the database did not do what it was asked. No variant holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// Another holds what it needs. Trying again helps.
    #[error("the database is busy: {reason}; try again, and see whether another program holds it")]
    Busy {
        /// In the words of the database.
        reason: String,
    },
    /// No connection in time, ten seconds: the pool cannot tell a server that is down from one that has
    /// too much to do. It connects again by itself.
    #[error(
        "no connection to the database in time; see whether its server runs, and whether it has too \
         much to do"
    )]
    NoConnection,
    /// No room is left.
    #[error("the database cannot grow: {reason}; make room on its disk")]
    Full {
        /// In the words of the database.
        reason: String,
    },
    /// No server at its address, or a connection that broke. A commit that was under way may have been made or not.
    #[error("the database cannot be reached: {reason}; see whether its server runs")]
    Unreachable {
        /// In the words of the system.
        reason: String,
    },
    /// A server that speaks no TLS, or does not prove who it is.
    #[error(
        "the database's server cannot be trusted: {reason}; see the sslmode and sslrootcert of its URL"
    )]
    Untrusted {
        /// In the words of the TLS library.
        reason: String,
    },
    /// No answer in time. A commit that was under way may have been made or not.
    #[error("the database gave no answer in time; see whether it or its disk is overloaded")]
    TimedOut,
    /// The disk does not do what it should, or the file may not be written.
    #[error("the database cannot use its disk: {reason}; see its permissions and the system's log")]
    Disk {
        /// In the words of the database.
        reason: String,
    },
    /// The file is no longer a sound database.
    #[error(
        "the database is damaged: {reason}; stop all programs that use it and restore a backup"
    )]
    Damaged {
        /// In the words of the database.
        reason: String,
    },
    /// A value that this program cannot read.
    #[error("cannot read the column {column}: {reason}; was it written by a newer version?")]
    Unreadable {
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Any other refusal, such as a table or a right that is missing.
    #[error("the database refuses: {reason}")]
    Refused {
        /// In the words of the database.
        reason: String,
    },
}

impl DatabaseError {
    pub(crate) fn unreadable(column: &'static str, reason: impl Display) -> Self {
        Self::Unreadable { column, reason: reason.to_string() }
    }
}

impl From<Error> for DatabaseError {
    fn from(error: Error) -> Self {
        match error {
            Error::PoolTimedOut => Self::NoConnection,
            Error::Database(error) => {
                let reason = error.message().to_owned();
                match error.code() {
                    // SQLSTATE has five characters, the codes of SQLite at most four.
                    Some(code) if code.len() == 5 => of_postgres(&code, reason),
                    Some(code) => of_sqlite(code.parse().unwrap_or_default(), reason),
                    None => Self::Refused { reason },
                }
            }
            // A certificate that does not fit comes as data that is not valid.
            Error::Io(error) if error.kind() == ErrorKind::InvalidData => {
                Self::Untrusted { reason: error.to_string() }
            }
            Error::Io(error) => Self::Unreachable { reason: error.to_string() },
            Error::Tls(error) => Self::Untrusted { reason: error.to_string() },
            Error::PoolClosed | Error::WorkerCrashed => {
                Self::Unreachable { reason: "the store is closed".to_owned() }
            }
            other => Self::Refused { reason: other.to_string() },
        }
    }
}

fn of_sqlite(code: u32, reason: String) -> DatabaseError {
    // The lowest byte is the code proper (SQLite, "Result and Error Codes").
    match code & 0xff {
        // BUSY, LOCKED
        5 | 6 => DatabaseError::Busy { reason },
        // INTERRUPT, by the limit of a statement
        9 => DatabaseError::TimedOut,
        // FULL
        13 => DatabaseError::Full { reason },
        // PERM, READONLY, IOERR, CANTOPEN
        3 | 8 | 10 | 14 => DatabaseError::Disk { reason },
        // CORRUPT, NOTADB
        11 | 26 => DatabaseError::Damaged { reason },
        _ => DatabaseError::Refused { reason },
    }
}

/// Postgres manual, appendix A, error codes.
fn of_postgres(code: &str, reason: String) -> DatabaseError {
    match (code, code.get(..2).unwrap_or_default()) {
        ("53100", _) => DatabaseError::Full { reason },
        // A lock not granted in time; a deadlock or conflict that was broken up; no more connections.
        ("55P03" | "53300", _) | (_, "40") => DatabaseError::Busy { reason },
        // By `statement_timeout`.
        ("57014", _) => DatabaseError::TimedOut,
        (_, "08" | "57") => DatabaseError::Unreachable { reason },
        (_, "58") => DatabaseError::Disk { reason },
        ("XX001" | "XX002", _) => DatabaseError::Damaged { reason },
        _ => DatabaseError::Refused { reason },
    }
}
