//! Rows of a `SQLite` file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode, InterruptHandle, OpenFlags, Row};
use tokio::sync::mpsc;

use super::SqlFeedError;
use super::loading::Loading;
use crate::feed::lines::MOST_BYTES;
use crate::feed::table::is_read;

/// A `SQLite` file.
#[derive(Clone)]
pub(super) struct SqliteFile(PathBuf);

/// Rows that travel together from the thread that reads.
struct Batch {
    columns: Arc<[String]>,
    rows: Vec<Vec<String>>,
}

/// Few enough to hold, and enough to be worth a wake-up.
const BATCH: usize = 500;

/// Ends what the thread does, when nobody waits for it any longer.
#[derive(Default)]
struct InterruptOnDrop(Arc<OnceLock<InterruptHandle>>);

impl Drop for InterruptOnDrop {
    fn drop(&mut self) {
        if let Some(handle) = self.0.get() {
            handle.interrupt();
        }
    }
}

impl SqliteFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) async fn read(
        &self,
        query: &str,
        timeout: Duration,
        loading: &mut Loading<'_, impl FnMut(u64)>,
    ) -> Result<(), SqlFeedError> {
        let (send, mut batches) = mpsc::channel(2);
        let interrupt = InterruptOnDrop::default();
        let handle = Arc::clone(&interrupt.0);
        let (file, query) = (self.clone(), query.to_owned());
        let slug_column = loading.slug_column().to_owned();
        let reading = tokio::task::spawn_blocking(move || {
            let connection = file.open(timeout)?;
            // Nobody else sets it.
            let _ = handle.set(connection.get_interrupt_handle());
            file.send_rows(&connection, &query, &slug_column, &send)
        });
        while let Some(Batch { columns, rows }) = batches.recv().await {
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            for row in &rows {
                let values: Vec<&str> = row.iter().map(String::as_str).collect();
                loading.row(&columns, &values)?;
            }
        }
        reading.await.map_err(|_| SqlFeedError::Panicked)?
    }

    fn open(&self, timeout: Duration) -> Result<Connection, SqlFeedError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(&self.0, flags).map_err(|error| self.failed(error))?;
        // While somebody writes.
        connection.busy_timeout(timeout).map_err(|error| self.failed(error))?;
        Ok(connection)
    }

    /// Ends early, without an error, when nobody receives any longer.
    fn send_rows(
        &self,
        connection: &Connection,
        query: &str,
        slug_column: &str,
        send: &mpsc::Sender<Batch>,
    ) -> Result<(), SqlFeedError> {
        let failed = |error| self.failed(error);
        let mut statement = connection.prepare(query).map_err(failed)?;
        if !statement.readonly() {
            return Err(SqlFeedError::Writes {
                database: self.to_string(),
                reason: "it is no mere SELECT".into(),
            });
        }
        let columns = statement.column_names().into_iter().enumerate();
        let (read, columns): (Vec<usize>, Vec<String>) = columns
            .filter(|(_, column)| is_read(column, slug_column))
            .map(|(at, column)| (at, column.to_owned()))
            .unzip();
        let columns: Arc<[String]> = columns.into();
        let mut rows = statement.query([]).map_err(failed)?;
        let mut is_end = false;
        while !is_end {
            let (mut batch, mut bytes) = (Vec::with_capacity(BATCH), 0);
            while batch.len() < BATCH && bytes < MOST_BYTES {
                let Some(row) = rows.next().map_err(failed)? else {
                    is_end = true;
                    break;
                };
                let values = values(row, &read).map_err(failed)?;
                bytes += values.iter().map(String::len).sum::<usize>();
                batch.push(values);
            }
            let sent = send.blocking_send(Batch { columns: Arc::clone(&columns), rows: batch });
            is_end |= sent.is_err();
        }
        Ok(())
    }

    fn failed(&self, error: Error) -> SqlFeedError {
        let database = self.to_string();
        let code = error.sqlite_error_code();
        let reason = match error {
            Error::SqliteFailure(_, Some(message)) => message,
            Error::SqlInputError { msg, .. } => msg,
            Error::MultipleStatement => "it holds several statements".into(),
            other => other.to_string(),
        };
        match code {
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::NotADatabase
                | ErrorCode::PermissionDenied
                | ErrorCode::DatabaseCorrupt,
            ) => SqlFeedError::Open { database, reason },
            Some(ErrorCode::ReadOnly) => SqlFeedError::Writes { database, reason },
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OperationInterrupted
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::DiskFull,
            ) => SqlFeedError::BrokeOff { database, reason },
            Some(_) | None => SqlFeedError::Query { database, reason },
        }
    }
}

/// The values in the columns that are read. Of a row of more than [`MOST_BYTES`], which is rejected,
/// they are so many and one.
fn values(row: &Row<'_>, read: &[usize]) -> Result<Vec<String>, Error> {
    let mut left = MOST_BYTES + 1;
    let values = read.iter().map(|at| {
        let text = text(row.get_ref(*at)?, left);
        left = left.saturating_sub(text.len());
        Ok(text)
    });
    values.collect()
}

/// The value as a feed would hold it, cut to `most` bytes. Bytes that are no UTF-8 become replacement
/// characters.
fn text(value: ValueRef<'_>, most: usize) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        // The fewest digits that tell it from every other.
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes.get(..most).unwrap_or(bytes)).into()
        }
    }
}

impl fmt::Display for SqliteFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sqlite:{}", Path::new(&self.0).display())
    }
}
