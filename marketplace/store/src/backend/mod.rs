//! The only place that tells SQLite from Postgres.
//!
//! Everything else writes one SQL text with `$1` placeholders, and values of the few kinds that both
//! databases keep alike: integers, floats, text, bytes, and nothing.

mod arg;
mod error;
mod migrations;
mod open;
mod row;
mod tx;
mod url;

use std::time::Duration;

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool};

pub(crate) use self::arg::{Arg, args};
pub use self::error::DatabaseError;
pub use self::open::OpenError;
pub(crate) use self::row::Row;
pub(crate) use self::tx::Tx;
use self::tx::{bound, rows, within};
pub(crate) use self::url::DatabaseUrl;
pub use self::url::DatabaseUrlError;

/// The most one statement may take, so that a server that is gone holds up nobody for long. The
/// longest, a batch of retention, takes well under a second.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);

/// An open database. Cheap to clone; clones share its connections.
#[derive(Clone)]
pub(crate) enum Db {
    /// SQLite has one writer at a time, so that there is one connection to wait for instead of a lock
    /// to poll; readers see the last commit and wait for nobody.
    Lite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Pg(PgPool),
}

impl Db {
    /// Begins to write.
    pub(crate) async fn begin(&self) -> Result<Tx, DatabaseError> {
        match self {
            // A transaction that begins by reading could not be sure to write later.
            Self::Lite { writer, .. } => {
                within(async { Ok(Tx::Lite(writer.begin_with("BEGIN IMMEDIATE").await?)) }).await
            }
            Self::Pg(pool) => within(async { Ok(Tx::Pg(pool.begin().await?)) }).await,
        }
    }

    /// Begins to read the database as it is at one moment.
    pub(crate) async fn begin_snapshot(&self) -> Result<Tx, DatabaseError> {
        match self {
            Self::Lite { readers, .. } => {
                within(async { Ok(Tx::Lite(readers.begin().await?)) }).await
            }
            Self::Pg(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
                within(async { Ok(Tx::Pg(pool.begin_with(begin).await?)) }).await
            }
        }
    }

    /// Reads what one statement finds.
    pub(crate) async fn fetch_all(
        &self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, DatabaseError> {
        match self {
            Self::Lite { readers, .. } => {
                let query = bound::<Sqlite>(sql, args);
                within(async { Ok(rows(query.fetch_all(readers).await?, Row::Lite)) }).await
            }
            Self::Pg(pool) => {
                let query = bound::<Postgres>(sql, args);
                within(async { Ok(rows(query.fetch_all(pool).await?, Row::Pg)) }).await
            }
        }
    }

    /// Reads the one row, or none, that a statement finds.
    pub(crate) async fn fetch_optional(
        &self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Option<Row>, DatabaseError> {
        Ok(self.fetch_all(sql, args).await?.into_iter().next())
    }

    /// Lets go of every connection.
    pub(crate) async fn close(&self) {
        match self {
            Self::Lite { writer, readers } => {
                readers.close().await;
                // The last one writes the log back into the file.
                writer.close().await;
            }
            Self::Pg(pool) => pool.close().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SQLite can be told how many pages its file may have, which is as good as a full disk; it must be
    /// told on the very connection that writes.
    #[tokio::test]
    async fn a_full_disk_of_sqlite_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("market.db");
        let url: DatabaseUrl = format!("sqlite:{}", path.display()).parse().unwrap();
        let db = Db::open(&url, true).await.unwrap();
        let Db::Lite { writer, .. } = &db else { unreachable!() };
        sqlx::query("PRAGMA max_page_count = 1").execute(writer).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let insert = "INSERT INTO products (id, slug, name, updated_at) VALUES ($1, $1, $2, 0)";
        let name = "x".repeat(10_000);
        let error = loop {
            if let Err(error) = tx.execute(insert, args!["p", &*name]).await {
                break error;
            }
        };
        insta::assert_snapshot!(error, @"the database cannot grow: database or disk is full; make room on its disk");
        drop(tx);
        // What is there can still be read, and made less.
        assert!(db.fetch_all("SELECT id FROM products", Vec::new()).await.unwrap().is_empty());
    }
}
