//! A transaction, and how statements get their values.

use std::fmt::Write as _;
use std::time::Duration;

use sqlx::{
    AssertSqlSafe, Database, Encode, Postgres, SqlSafeStr, Sqlite, SqliteConnection, Transaction,
    Type,
};
use tokio::time::Instant;

use super::{Arg, DatabaseError, Row, STATEMENT_TIMEOUT};

/// A transaction: what it did is undone unless [`Tx::commit`] is reached.
pub(crate) struct Tx {
    on: On,
    patience: Patience,
}

pub(super) enum On {
    Lite(Transaction<'static, Sqlite>),
    Pg(Transaction<'static, Postgres>),
}

/// How long a statement may take; `None` is as long as it does.
pub(super) type Patience = Option<Duration>;

impl Tx {
    pub(super) fn new(on: On) -> Self {
        Self { on, patience: Some(STATEMENT_TIMEOUT) }
    }

    /// Lets its statements and its commit take as long as they do.
    pub(crate) async fn without_limit(mut self) -> Result<Self, DatabaseError> {
        if matches!(self.on, On::Pg(_)) {
            self.execute("SET LOCAL statement_timeout = 0", Vec::new()).await?;
            self.execute("SET LOCAL idle_in_transaction_session_timeout = 0", Vec::new()).await?;
        }
        self.patience = None;
        Ok(self)
    }

    /// Runs a statement and tells how many rows it wrote.
    pub(crate) async fn execute(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
    ) -> Result<u64, DatabaseError> {
        let patience = self.patience;
        match &mut self.on {
            On::Lite(tx) => {
                let query = bound::<Sqlite>(sql, args);
                let work = async {
                    limit(tx, patience).await?;
                    Ok(query.execute(&mut **tx).await?.rows_affected())
                };
                within(patience, work).await
            }
            On::Pg(tx) => {
                let query = bound::<Postgres>(sql, args);
                let work = async { Ok(query.execute(&mut **tx).await?.rows_affected()) };
                within(patience, work).await
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
        match self.on {
            On::Lite(tx) => within(self.patience, async { Ok(tx.commit().await?) }).await,
            On::Pg(tx) => within(self.patience, async { Ok(tx.commit().await?) }).await,
        }
    }

    /// `cached` is for statements whose text comes again.
    async fn fetch(
        &mut self,
        sql: impl SqlSafeStr,
        args: Vec<Arg>,
        cached: bool,
    ) -> Result<Vec<Row>, DatabaseError> {
        let patience = self.patience;
        match &mut self.on {
            On::Lite(tx) => {
                let query = bound::<Sqlite>(sql, args).persistent(cached);
                let work = async {
                    limit(tx, patience).await?;
                    Ok(rows(query.fetch_all(&mut **tx).await?, Row::Lite))
                };
                within(patience, work).await
            }
            On::Pg(tx) => {
                let query = bound::<Postgres>(sql, args).persistent(cached);
                let work = async { Ok(rows(query.fetch_all(&mut **tx).await?, Row::Pg)) };
                within(patience, work).await
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

/// Has SQLite itself end what the connection runs from now on in time: a statement that nobody waits for
/// any more would otherwise keep its connection until it has found a row. Postgres has a setting.
pub(super) async fn limit(
    connection: &mut SqliteConnection,
    patience: Patience,
) -> Result<(), DatabaseError> {
    // Of SQLite's virtual machine; some milliseconds.
    const STEPS: i32 = 100_000;
    let mut handle = connection.lock_handle().await?;
    match patience {
        Some(patience) => {
            let end = Instant::now() + patience;
            handle.set_progress_handler(STEPS, move || Instant::now() < end);
        }
        None => handle.remove_progress_handler(),
    }
    Ok(())
}

pub(super) async fn within<T>(
    patience: Patience,
    work: impl Future<Output = Result<T, DatabaseError>>,
) -> Result<T, DatabaseError> {
    match patience {
        Some(patience) => {
            tokio::time::timeout(patience, work).await.unwrap_or(Err(DatabaseError::TimedOut))
        }
        None => work.await,
    }
}
