//! A transaction, and how statements get their values.

use std::fmt::Write as _;

use sqlx::{AssertSqlSafe, Database, Encode, Postgres, SqlSafeStr, Sqlite, Transaction, Type};

use super::{Arg, DatabaseError, Row, STATEMENT_TIMEOUT};

/// A transaction: what it did is undone unless [`Tx::commit`] is reached.
pub(crate) enum Tx {
    Lite(Transaction<'static, Sqlite>),
    Pg(Transaction<'static, Postgres>),
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
        self.fetch(sql, args, true).await
    }

    /// Runs a statement and reads its first row.
    pub(crate) async fn fetch_optional(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<Option<Row>, DatabaseError> {
        Ok(self.fetch_all(sql, args).await?.into_iter().next())
    }

    /// Runs `before`, `VALUES` with all these rows, and `after`, in few round trips, and reads what they
    /// find or return. Every row has as many values.
    pub(crate) async fn fetch_many(
        &mut self,
        before: &str,
        rows: Vec<Vec<Arg>>,
        after: &str,
    ) -> Result<Vec<Row>, DatabaseError> {
        // SQLite takes 32,766 values in one statement, Postgres 65,535; no table has 50 columns.
        const ROWS: usize = 500;
        let mut found = Vec::new();
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let mut sql = format!("{before} VALUES ");
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
            sql.push_str(after);
            // Nothing but `before` and `after`, which are ours, and the numbers of placeholders. Each
            // number of rows makes another text, which would push others out of the connection's cache.
            found.extend(self.fetch(AssertSqlSafe(sql), args, false).await?);
        }
        Ok(found)
    }

    /// Writes many rows in few round trips. `insert` is a statement up to its `VALUES`, and every row
    /// has a value for each of its columns.
    pub(crate) async fn insert_many(
        &mut self,
        insert: &str,
        rows: Vec<Vec<Arg>>,
    ) -> Result<(), DatabaseError> {
        self.fetch_many(insert, rows, "").await.map(|_| ())
    }

    /// Makes it last.
    pub(crate) async fn commit(self) -> Result<(), DatabaseError> {
        match self {
            Self::Lite(tx) => within(async { Ok(tx.commit().await?) }).await,
            Self::Pg(tx) => within(async { Ok(tx.commit().await?) }).await,
        }
    }

    /// `cached` is for statements whose text comes again.
    async fn fetch(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
        cached: bool,
    ) -> Result<Vec<Row>, DatabaseError> {
        match self {
            Self::Lite(tx) => {
                let query = bound::<Sqlite>(sql, args).persistent(cached);
                within(async { Ok(rows(query.fetch_all(&mut **tx).await?, Row::Lite)) }).await
            }
            Self::Pg(tx) => {
                let query = bound::<Postgres>(sql, args).persistent(cached);
                within(async { Ok(rows(query.fetch_all(&mut **tx).await?, Row::Pg)) }).await
            }
        }
    }
}

pub(super) fn rows<R>(rows: Vec<R>, wrap: impl Fn(R) -> Row) -> Vec<Row> {
    rows.into_iter().map(wrap).collect()
}

/// A statement and its values, for one of the two.
pub(super) fn bound<DB: Database>(
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

pub(super) async fn within<T>(
    work: impl Future<Output = Result<T, DatabaseError>>,
) -> Result<T, DatabaseError> {
    tokio::time::timeout(STATEMENT_TIMEOUT, work).await.unwrap_or(Err(DatabaseError::TimedOut))
}
