//! The only place that tells SQLite from Postgres.
//!
//! Everything else writes one SQL text with `$1` placeholders, and values of the few kinds that both
//! databases keep alike: integers, floats, text, bytes, and nothing.

mod arg;
mod error;
mod migrations;
mod open;
mod row;
mod url;

use std::fmt::Write as _;
use std::time::Duration;

use sqlx::{
    AssertSqlSafe, Database, Encode, PgPool, Postgres, SqlSafeStr, Sqlite, SqlitePool, Transaction,
    Type,
};

pub(crate) use self::arg::{Arg, args};
pub use self::error::DatabaseError;
pub use self::open::OpenError;
pub(crate) use self::row::Row;
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

/// A transaction: what it did is undone unless [`Tx::commit`] is reached.
pub(crate) enum Tx {
    Lite(Transaction<'static, Sqlite>),
    Pg(Transaction<'static, Postgres>),
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

impl Tx {
    /// Runs a statement and tells how many rows it wrote.
    pub(crate) async fn execute(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<u64, DatabaseError> {
        match self {
            Self::Lite(tx) => {
                let query = bound::<Sqlite>(sql, args);
                within(async { Ok(query.execute(&mut **tx).await?.rows_affected()) }).await
            }
            Self::Pg(tx) => {
                let query = bound::<Postgres>(sql, args);
                within(async { Ok(query.execute(&mut **tx).await?.rows_affected()) }).await
            }
        }
    }

    /// Runs a statement and reads what it finds or returns.
    pub(crate) async fn fetch_all(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, DatabaseError> {
        match self {
            Self::Lite(tx) => {
                let query = bound::<Sqlite>(sql, args);
                within(async { Ok(rows(query.fetch_all(&mut **tx).await?, Row::Lite)) }).await
            }
            Self::Pg(tx) => {
                let query = bound::<Postgres>(sql, args);
                within(async { Ok(rows(query.fetch_all(&mut **tx).await?, Row::Pg)) }).await
            }
        }
    }

    /// Runs a statement and reads its first row.
    pub(crate) async fn fetch_optional(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Option<Row>, DatabaseError> {
        Ok(self.fetch_all(sql, args).await?.into_iter().next())
    }

    /// Writes many rows in few round trips. `insert` is a statement up to its `VALUES`, and every row
    /// has a value for each of its columns.
    pub(crate) async fn insert_many(
        &mut self,
        insert: &str,
        rows: Vec<Vec<Arg>>,
    ) -> Result<(), DatabaseError> {
        // SQLite takes 32,766 values in one statement, Postgres 65,535; no table has 50 columns.
        const ROWS: usize = 500;
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let mut sql = format!("{insert} VALUES ");
            let mut args = Vec::new();
            for (row, values) in rows.by_ref().take(ROWS).enumerate() {
                sql.push_str(if row == 0 { "(" } else { ", (" });
                for (column, value) in values.into_iter().enumerate() {
                    args.push(value);
                    let comma = if column == 0 { "" } else { ", " };
                    // Writing to a String cannot fail.
                    let _ = write!(sql, "{comma}${}", args.len());
                }
                sql.push(')');
            }
            // Nothing but `insert`, which is ours, and the numbers of placeholders.
            self.execute(AssertSqlSafe(sql), args).await?;
        }
        Ok(())
    }

    /// Makes it last.
    pub(crate) async fn commit(self) -> Result<(), DatabaseError> {
        match self {
            Self::Lite(tx) => within(async { Ok(tx.commit().await?) }).await,
            Self::Pg(tx) => within(async { Ok(tx.commit().await?) }).await,
        }
    }
}

fn rows<R>(rows: Vec<R>, wrap: impl Fn(R) -> Row) -> Vec<Row> {
    rows.into_iter().map(wrap).collect()
}

/// A statement and its values, for one of the two.
fn bound<DB: Database>(
    sql: impl SqlSafeStr,
    args: Vec<Arg>,
) -> sqlx::query::Query<'static, DB, DB::Arguments>
where
    Option<i64>: Encode<'static, DB> + Type<DB>,
    Option<f64>: Encode<'static, DB> + Type<DB>,
    Option<String>: Encode<'static, DB> + Type<DB>,
    Option<Vec<u8>>: Encode<'static, DB> + Type<DB>,
{
    args.into_iter().fold(sqlx::query(sql), |query, arg| match arg {
        Arg::Int(value) => query.bind(value),
        Arg::Real(value) => query.bind(value),
        Arg::Text(value) => query.bind(value),
        Arg::Bytes(value) => query.bind(value),
    })
}

async fn within<T>(
    work: impl Future<Output = Result<T, DatabaseError>>,
) -> Result<T, DatabaseError> {
    tokio::time::timeout(STATEMENT_TIMEOUT, work).await.unwrap_or(Err(DatabaseError::TimedOut))
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
