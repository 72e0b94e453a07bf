//! How a database is opened, and brought to this version.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};

use super::{DatabaseError, DatabaseUrl, DatabaseUrlError, Db, STATEMENT_TIMEOUT, migrations};

/// How long a statement waits for what another holds, such as a backup program.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it waits for a connection, those in use or new ones.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);
/// SQLite readers of a process: reads are short, and more would wait for the processors.
const SQLITE_READERS: u32 = 4;
/// Postgres connections of a process: twelve processes fit in the 100 that a server allows by default.
const POSTGRES_CONNECTIONS: u32 = 8;

/// Why a database could not be opened. No variant holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not the URL of a database.
    #[error("the URL of the database: {0}")]
    Url(#[from] DatabaseUrlError),
    /// It must be there, and is not.
    #[error("{database}: there is no such file")]
    Missing {
        /// Which, without its password.
        database: String,
    },
    /// A newer version of this program has changed its tables.
    #[error(
        "{database} is of a newer version of this program: it has the tables' version {found}, and \
         this program knows up to {known}; run the newer program, or restore a backup of before"
    )]
    Newer {
        /// Which, without its password.
        database: String,
        /// The version of its tables.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// Its tables are not those that this program made.
    #[error("{database} has tables that this program did not make: {reason}")]
    Foreign {
        /// Which, without its password.
        database: String,
        /// What differs.
        reason: String,
    },
    /// It cannot be reached or used.
    #[error("{database}: {error}")]
    Database {
        /// Which, without its password.
        database: String,
        /// Why.
        error: DatabaseError,
    },
}

impl Db {
    /// Opens the database and brings its tables to this version. A SQLite file that is not there is
    /// made if `create` is set.
    pub(crate) async fn open(url: &DatabaseUrl, create: bool) -> Result<Self, OpenError> {
        let database = || url.to_string();
        let opened = match url {
            DatabaseUrl::Sqlite(path) => {
                if create {
                    make_private(path).map_err(|error| OpenError::Database {
                        database: database(),
                        error: DatabaseError::Disk { reason: error.to_string() },
                    })?;
                } else if !path.exists() {
                    return Err(OpenError::Missing { database: database() });
                }
                open_sqlite(path).await
            }
            DatabaseUrl::Postgres { options, .. } => open_postgres(options).await,
        };
        opened.map_err(|error| refusal(database(), error))
    }
}

async fn open_sqlite(path: &Path) -> Result<Db, MigrateError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // What is committed outlives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(LOCK_TIMEOUT);
    let pool = |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(CONNECTION_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    let writer = pool(1).connect_with(options.clone()).await?;
    migrations::sqlite().run(&writer).await?;
    let readers = pool(SQLITE_READERS).connect_with(options.pragma("query_only", "ON")).await?;
    Ok(Db::Lite { writer, readers })
}

/// Makes the file, if it is not there, for its owner alone; what SQLite puts beside it follows.
fn make_private(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

async fn open_postgres(options: &PgConnectOptions) -> Result<Db, MigrateError> {
    // Without the timeouts below: a migration may take its time.
    let connecting = tokio::time::timeout(CONNECTION_TIMEOUT, options.connect()).await;
    let mut connection =
        connecting.map_err(|_| io::Error::from(ErrorKind::TimedOut)).map_err(sqlx::Error::Io)??;
    migrations::postgres().run_direct(None, &mut connection, false).await?;
    connection.close().await?;
    let seconds = |timeout: Duration| format!("{}s", timeout.as_secs());
    let options = options.clone().options([
        ("statement_timeout", seconds(STATEMENT_TIMEOUT)),
        ("lock_timeout", seconds(LOCK_TIMEOUT)),
        // Of a process that hangs: its locks must not outlive its statements for long.
        ("idle_in_transaction_session_timeout", seconds(STATEMENT_TIMEOUT * 2)),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(CONNECTION_TIMEOUT)
        .connect_with(options)
        .await?;
    Ok(Db::Pg(pool))
}

fn refusal(database: String, error: MigrateError) -> OpenError {
    match error {
        MigrateError::VersionMissing(found) => {
            OpenError::Newer { database, found, known: migrations::NEWEST }
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            OpenError::Database { database, error: error.into() }
        }
        other => OpenError::Foreign { database, reason: other.to_string() },
    }
}
