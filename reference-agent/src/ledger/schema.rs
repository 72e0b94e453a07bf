//! The tables, and how a file of an earlier version comes to have them.

use rusqlite::Connection;

/// What each version adds to the one before it; the first is version 1. A released one never changes.
///
/// Times are microseconds since 1970. Ids ascend with time, so that rows are appended, and pages that
/// pruning frees are used again: the file keeps its size once pruning begins. Nothing moves pages to
/// shrink it, since that would be written twice for room that is soon needed again.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE offers (
        id INTEGER PRIMARY KEY,
        rfq_id TEXT NOT NULL,
        origin TEXT NOT NULL,
        fingerprint BLOB NOT NULL,
        product TEXT NOT NULL,
        quantity INTEGER NOT NULL,
        region TEXT,
        deliver_by INTEGER,
        requestor TEXT,
        offer_id BLOB,
        made_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        -- As it left the agent.
        answer TEXT NOT NULL
    ) STRICT;
    CREATE INDEX offers_by_rfq ON offers (rfq_id);
    CREATE UNIQUE INDEX offers_by_offer_id ON offers (offer_id);
    CREATE INDEX offers_by_age ON offers (made_at);

    -- What is reserved of the stock: one row per offer that reserves something.
    CREATE TABLE holds (
        offer INTEGER PRIMARY KEY,
        product TEXT NOT NULL,
        origin TEXT NOT NULL,
        units INTEGER NOT NULL,
        -- soft and hard: until `time`; sold: at `time`.
        state TEXT NOT NULL,
        time INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE declines (
        id INTEGER PRIMARY KEY,
        rfq_id TEXT NOT NULL,
        origin TEXT NOT NULL,
        product TEXT NOT NULL,
        quantity INTEGER NOT NULL,
        region TEXT,
        deliver_by INTEGER,
        requestor TEXT,
        reason TEXT NOT NULL,
        declined_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX declines_by_rfq ON declines (rfq_id);
    CREATE INDEX declines_by_age ON declines (declined_at);
"];

/// `rfqL` in ASCII: tells a ledger from other `SQLite` files.
const APPLICATION_ID: i64 = 0x7266_714c;

/// What a file turned out to be.
pub(super) enum Version {
    /// Of no program so far.
    Empty,
    /// A ledger that has had so many migrations.
    Ledger(i64),
    /// Of another program.
    Foreign,
}

/// The version that this program reads and writes.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

pub(super) fn version(connection: &Connection) -> rusqlite::Result<Version> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok(match (pragma("application_id")?, pragma("page_count")?) {
        (APPLICATION_ID, _) => Version::Ledger(pragma("user_version")?),
        (_, 0) => Version::Empty,
        (_, _) => Version::Foreign,
    })
}

/// Fails unless the tables can be read.
pub(super) fn look(connection: &Connection) -> rusqlite::Result<()> {
    let tables = "SELECT EXISTS (SELECT 1 FROM offers), EXISTS (SELECT 1 FROM holds),
                      EXISTS (SELECT 1 FROM declines)";
    connection.prepare_cached(tables)?.query_row((), |_| Ok(()))
}

/// Fails unless the tables can be read and the file be written; writes what is there already.
pub(super) fn touch(connection: &Connection) -> rusqlite::Result<()> {
    look(connection)?;
    connection.pragma_update(None, "user_version", newest())
}

/// Brings a ledger of version `from` (0 is an empty file) to the newest, or leaves it as it was.
pub(super) fn migrate(connection: &mut Connection, from: i64) -> rusqlite::Result<()> {
    let done = usize::try_from(from).unwrap_or(0);
    if done == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", newest())?;
    transaction.commit()
}
