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
pub(crate) use self::migrations::NEWEST;
pub use self::open::OpenError;
pub(crate) use self::row::Row;
pub(crate) use self::tx::Tx;
use self::tx::{On, bound, limit, rows, within};
pub(crate) use self::url::DatabaseUrl;
pub use self::url::DatabaseUrlError;

/// The most one statement may take, so that a server that is gone, or a statement that finds no end, holds
/// up nobody for long. Those of a copy take their time.
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
        let begin = async {
            Ok(Tx::new(match self {
                // A transaction that begins by reading could not be sure to write later.
                Self::Lite { writer, .. } => On::Lite(writer.begin_with("BEGIN IMMEDIATE").await?),
                Self::Pg(pool) => On::Pg(pool.begin().await?),
            }))
        };
        within(Some(STATEMENT_TIMEOUT), begin).await
    }

    /// Begins to read the database as it is at one moment.
    pub(crate) async fn begin_snapshot(&self) -> Result<Tx, DatabaseError> {
        let begin = async {
            Ok(Tx::new(match self {
                Self::Lite { readers, .. } => On::Lite(readers.begin().await?),
                Self::Pg(pool) => {
                    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
                    On::Pg(pool.begin_with(begin).await?)
                }
            }))
        };
        within(Some(STATEMENT_TIMEOUT), begin).await
    }

    /// Reads what one statement finds.
    pub(crate) async fn fetch_all(
        &self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, DatabaseError> {
        self.fetch_within(STATEMENT_TIMEOUT, sql, args).await
    }

    async fn fetch_within(
        &self,
        patience: Duration,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, DatabaseError> {
        match self {
            Self::Lite { readers, .. } => {
                let query = bound::<Sqlite>(sql, args);
                let work = async {
                    let mut connection = readers.acquire().await?;
                    limit(&mut connection, Some(patience)).await?;
                    Ok(rows(query.fetch_all(&mut *connection).await?, Row::Lite))
                };
                within(Some(patience), work).await
            }
            Self::Pg(pool) => {
                let query = bound::<Postgres>(sql, args);
                let work = async { Ok(rows(query.fetch_all(pool).await?, Row::Pg)) };
                within(Some(patience), work).await
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
        let mut tx = db.begin().await.unwrap();
        tx.execute(insert, args!["p", "name"]).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// More of them than there are readers, and none of these is lost to the others.
    #[tokio::test]
    async fn a_statement_of_sqlite_that_finds_no_end_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let url: DatabaseUrl =
            format!("sqlite:{}", folder.path().join("market.db").display()).parse().unwrap();
        let db = Db::open(&url, true).await.unwrap();
        let endless = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers)
            SELECT n FROM numbers WHERE n < 0";
        for _ in 0..6 {
            let patience = Duration::from_millis(100);
            let error = db.fetch_within(patience, endless, Vec::new()).await.err().unwrap();
            assert_eq!(error, DatabaseError::TimedOut);
        }
        assert_eq!(db.fetch_all("SELECT id FROM store", Vec::new()).await.unwrap().len(), 1);
        // A long one that begins when the time of the one before is over has a time of its own.
        tokio::time::sleep(Duration::from_millis(150)).await;
        let long = "WITH RECURSIVE numbers (n) AS (
                SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 300000
            ) SELECT COUNT(*) AS n FROM numbers";
        for _ in 0..4 {
            assert_eq!(db.fetch_all(long, Vec::new()).await.unwrap().len(), 1);
        }
    }
}
