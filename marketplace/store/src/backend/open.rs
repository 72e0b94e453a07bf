//! How a database is opened, and brought to this version.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tracing::warn;

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
    /// Something must be in it, and it has no tables.
    #[error("{database} is empty: no marketplace has used it yet")]
    Empty {
        /// Which, without its password.
        database: String,
    },
    /// A newer version of this program has changed its tables so that older ones cannot use them.
    #[error(
        "{database} is of a newer version of this program: it needs one that knows the tables' \
         version {found}, and this one knows up to {known}; run the newer program, or restore a \
         backup of before"
    )]
    Newer {
        /// Which, without its password.
        database: String,
        /// The version that must be known.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// Its tables are not those that this program made.
    #[error(
        "{database} has tables that this program did not make: {reason}; is it the right database?"
    )]
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
    /// Opens the database and brings its tables to this version. If `create` is set, a SQLite file that
    /// is not there is made, and tables where there are none.
    pub(crate) async fn open(url: &DatabaseUrl, create: bool) -> Result<Self, OpenError> {
        let database = url.to_string();
        let failed =
            |error: DatabaseError| OpenError::Database { database: url.to_string(), error };
        if let DatabaseUrl::Sqlite(path) = url {
            if create {
                make_private(path)
                    .map_err(|error| failed(DatabaseError::Disk { reason: error.to_string() }))?;
            } else if !path.exists() {
                return Err(OpenError::Missing { database });
            }
        }
        let tables = match url {
            DatabaseUrl::Sqlite(path) => sqlite_tables(path).await,
            DatabaseUrl::Postgres { options, .. } => postgres_tables(options).await,
        };
        let tables = tables.map_err(|error| failed(error.into()))?;
        if tables.is_empty() && !create {
            return Err(OpenError::Empty { database });
        }
        if !tables.is_empty() && !tables.iter().any(|table| table == "store") {
            let reason = tables.join(", ");
            return Err(OpenError::Foreign { database, reason });
        }
        let opened = match url {
            DatabaseUrl::Sqlite(path) => open_sqlite(path).await,
            DatabaseUrl::Postgres { options, .. } => open_postgres(options).await,
        };
        opened.map_err(|error| refusal(database, error))
    }
}

/// The tables there are, read without changing anything.
async fn sqlite_tables(path: &Path) -> Result<Vec<String>, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(LOCK_TIMEOUT);
    match tables_seen_by(options.clone().read_only(true)).await {
        // Whoever wrote last was killed, and only one who may write can undo what was left half done.
        Err(sqlx::Error::Database(error)) if is_read_only(&*error) => {
            tables_seen_by(options.pragma("query_only", "ON")).await
        }
        seen => seen,
    }
}

/// `SQLITE_READONLY`, whatever its extension says.
fn is_read_only(error: &dyn sqlx::error::DatabaseError) -> bool {
    let code = error.code().and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| code % 256 == 8)
}

async fn tables_seen_by(options: SqliteConnectOptions) -> Result<Vec<String>, sqlx::Error> {
    let mut connection = options.connect().await?;
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table'
        AND name NOT LIKE 'sqlite#_%' ESCAPE '#' AND name <> '_sqlx_migrations' ORDER BY name";
    let tables = sqlx::query_scalar(sql).fetch_all(&mut connection).await?;
    connection.close().await?;
    Ok(tables)
}

/// The tables there are in the schema that is used.
async fn postgres_tables(options: &PgConnectOptions) -> Result<Vec<String>, sqlx::Error> {
    let mut connection = connect(options).await?;
    let sql =
        "SELECT relname::text FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = current_schema() AND relkind IN ('r', 'p') AND relname <> '_sqlx_migrations'
        ORDER BY 1";
    let tables = sqlx::query_scalar(sql).fetch_all(&mut connection).await?;
    connection.close().await?;
    Ok(tables)
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    tokio::time::timeout(CONNECTION_TIMEOUT, options.connect())
        .await
        .unwrap_or_else(|_| Err(io::Error::from(ErrorKind::TimedOut).into()))
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
            // When SQLite has rolled back by itself, as on a full disk, sqlx fails to do so and counts the
            // transaction as open for ever.
            .before_acquire(|connection, _| {
                Box::pin(async move { Ok(!connection.is_in_transaction()) })
            })
    };
    let writer = pool(1).connect_with(options.clone()).await?;
    // sqlx locks nothing here; without this, two processes would both make the tables.
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
    migrations::sqlite().run_direct(None, &mut *tx, false).await?;
    tx.commit().await?;
    let readers = pool(SQLITE_READERS).connect_with(options.pragma("query_only", "ON")).await?;
    Ok(Db::Lite { writer, readers })
}

/// Makes the file, if it is not there, for its owner alone; what SQLite puts beside it follows. One that
/// is there keeps its rights.
fn make_private(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // Not by a handle: to close one would give up the locks that SQLite holds on the file.
            if fs::metadata(path)?.permissions().mode() & 0o007 != 0 {
                let database = path.display();
                warn!(%database, "other users may use the file of the database: chmod o-rwx");
            }
            Ok(())
        }
        made => made.map(|_| ()),
    }
}

async fn open_postgres(options: &PgConnectOptions) -> Result<Db, MigrateError> {
    // Without the timeouts below: a migration may take its time.
    let mut connection = connect(options).await?;
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
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            OpenError::Database { database, error: error.into() }
        }
        other => OpenError::Foreign { database, reason: other.to_string() },
    }
}
