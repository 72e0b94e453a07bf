//! The ledger's files, and connections to them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::{LedgerError, OpenError};
use super::schema::{self, Version};
use crate::data_dir;

/// How long a lock of another program is waited for: well within the time an answer has.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// Pages of the log after which they are moved to the database: 16 MB. A page that changed many times
/// is moved once, and the log is written over from its beginning, which costs a third of appending.
const CHECKPOINT_PAGES: u32 = 4000;

/// What the log is cut back to when a long reader has made it grow: 64 MiB.
const LOG_BYTES: u32 = 64 << 20;

/// KiB of pages that each connection keeps in memory.
const CACHE_KIB: i32 = 8192;

/// Where a ledger is kept.
#[derive(Debug, Clone)]
pub(super) struct Place {
    directory: PathBuf,
    database: PathBuf,
}

/// The ledger is this process's own until this is dropped, or the process ends, however that is.
pub(super) struct Lock(File);

/// Device and number: two files of one name differ in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId(u64, u64);

impl Place {
    pub(super) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), database: directory.join("ledger.db") }
    }

    /// Makes the directory, for its owner only, unless it is there.
    pub(super) fn make_directory(&self) -> Result<(), OpenError> {
        data_dir::make(&self.directory)
            .map_err(|source| OpenError::File { path: self.directory.clone(), source })
    }

    /// Takes the ledger for this process.
    pub(super) fn lock(&self) -> Result<Lock, OpenError> {
        let path = self.directory.join("ledger.lock");
        let lock = || {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)?;
            match file.try_lock() {
                Ok(()) => {
                    file.set_len(0)?;
                    file.write_all(format!("{}\n", std::process::id()).as_bytes())?;
                    Ok(Ok(file))
                }
                Err(TryLockError::WouldBlock) => {
                    let mut text = String::new();
                    file.read_to_string(&mut text)?;
                    Ok(Err(text.trim().parse().ok()))
                }
                Err(TryLockError::Error(error)) => Err(error),
            }
        };
        match lock() {
            Ok(Ok(file)) => Ok(Lock(file)),
            Ok(Err(process)) => {
                Err(OpenError::InUse { directory: self.directory.clone(), process })
            }
            Err(source) => Err(OpenError::File { path, source }),
        }
    }

    /// Makes the file, for its owner only, unless it is there.
    pub(super) fn make_file(&self) -> Result<FileId, OpenError> {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.database);
        let synced = match made {
            // So that a power cut does not lose the whole file.
            Ok(_) => File::open(&self.directory).and_then(|directory| directory.sync_all()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        };
        synced.and_then(|()| FileId::of(&self.database)).map_err(|source| self.file_error(source))
    }

    /// Connects to the file for writing.
    pub(super) fn connect(&self) -> Result<Connection, OpenError> {
        let mut connection = self.connection(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        self.expect_known(&connection)?;
        set_up(&mut connection).map_err(|error| self.database_error(error))?;
        Ok(connection)
    }

    /// Connects to what is there, for reading only.
    pub(super) fn connect_for_reading(&self) -> Result<Connection, OpenError> {
        if !self.database.try_exists().map_err(|source| self.file_error(source))? {
            return Err(OpenError::Missing(self.directory.clone()));
        }
        let connection = self.connection(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        if !self.expect_known(&connection)? {
            return Err(OpenError::Missing(self.directory.clone()));
        }
        Ok(connection)
    }

    /// Fails when `file` is no longer what its name leads to: what is written to it would be lost.
    pub(super) fn expect(&self, file: FileId) -> Result<(), LedgerError> {
        match FileId::of(&self.database) {
            Ok(found) if found != file => Err(LedgerError::Replaced),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(LedgerError::Replaced),
            // Whatever keeps us from looking does not say that it is gone.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn connection(&self, access: OpenFlags) -> Result<Connection, OpenError> {
        let open = || {
            let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&self.database, flags)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
            connection.set_prepared_statement_cache_capacity(32);
            Ok(connection)
        };
        open().map_err(|error| self.database_error(error))
    }

    /// Whether the file is a ledger; an empty one is not yet.
    fn expect_known(&self, connection: &Connection) -> Result<bool, OpenError> {
        let known = schema::newest();
        let path = self.database.clone();
        match schema::version(connection).map_err(|error| self.database_error(error))? {
            Version::Ledger(found) if found > known => Err(OpenError::Newer { path, found, known }),
            Version::Ledger(_) => Ok(true),
            Version::Empty => Ok(false),
            Version::Foreign => {
                let reason = "it belongs to another program".to_owned();
                Err(OpenError::Damaged { path, reason })
            }
        }
    }

    fn file_error(&self, source: io::Error) -> OpenError {
        OpenError::File { path: self.database.clone(), source }
    }

    pub(super) fn database_error(&self, source: rusqlite::Error) -> OpenError {
        let path = self.database.clone();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                OpenError::Damaged { path, reason: source.to_string() }
            }
            Some(_) | None => OpenError::Database { path, source },
        }
    }
}

fn set_up(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    // An answer leaves once it is on the disk, not before.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    let from = match schema::version(connection)? {
        Version::Ledger(version) => version,
        Version::Empty | Version::Foreign => 0,
    };
    schema::migrate(connection, from)
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing does not suffice while a child process that is just being started has the file too.
        let _ = self.0.unlock();
    }
}

impl FileId {
    fn of(path: &Path) -> io::Result<Self> {
        let meta = fs::metadata(path)?;
        Ok(Self(meta.dev(), meta.ino()))
    }
}
