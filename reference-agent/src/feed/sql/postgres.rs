//! Rows of a Postgres server.

use std::fmt;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{AssertSqlSafe, Column, ConnectOptions as _, Connection as _, Error, PgConnection};
use sqlx::{Row as _, TypeInfo as _, ValueRef as _, query, raw_sql};

use super::SqlFeedError;
use super::loading::Loading;
use crate::feed::table::is_read;

/// A Postgres server, and who signs in where.
#[derive(Clone)]
pub(super) struct Server {
    /// Holds the password; its `Debug` shows it.
    options: PgConnectOptions,
    shown: String,
}

/// How long the server may take to let us in, but not more than half of the whole.
const CONNECT: Duration = Duration::from_secs(10);

/// Few enough to hold, with whatever stands in columns that are not read, and enough to be worth a
/// round trip.
const FETCH: &str = "FETCH 100 FROM products";

impl Server {
    /// `shown` stands in for it in messages.
    pub(super) fn new(options: PgConnectOptions, shown: String) -> Self {
        Self { options: options.disable_statement_logging(), shown }
    }

    pub(super) async fn read(
        &self,
        select: &str,
        timeout: Duration,
        loading: &mut Loading<'_, impl FnMut(u64)>,
    ) -> Result<(), SqlFeedError> {
        let mut connection = self.connect(timeout).await?;
        let failed = |error| self.query_failed(&error);
        // The server ends a query whose reader is gone; that the reader is late it learns here first.
        let statement_timeout = (timeout + Duration::from_secs(1)).as_millis();
        let begin = format!(
            "START TRANSACTION READ ONLY; \
             SET LOCAL statement_timeout = {statement_timeout}; \
             SET LOCAL cursor_tuple_fraction = 1"
        );
        raw_sql(AssertSqlSafe(begin)).execute(&mut connection).await.map_err(failed)?;
        // A cursor takes nothing but a query. As a prepared statement it takes one only, so that none
        // behind it can end the transaction that is read only.
        let declare = format!("DECLARE products NO SCROLL CURSOR FOR {select}");
        query(AssertSqlSafe(declare))
            .persistent(false)
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        let mut read = None;
        loop {
            // Unprepared, so that every value comes as text, whatever its type.
            let rows = raw_sql(FETCH).fetch_all(&mut connection).await.map_err(failed)?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let read = read.get_or_insert_with(|| places_read(row, loading.slug_column()));
                let columns = read.iter().filter_map(|at| row.columns().get(*at));
                let columns: Vec<&str> = columns.map(Column::name).collect();
                let values = values(row, read).map_err(failed)?;
                loading.row(&columns, &values)?;
            }
        }
        // All is read, so that it does not matter how it ends.
        let _ = connection.close().await;
        Ok(())
    }

    async fn connect(&self, timeout: Duration) -> Result<PgConnection, SqlFeedError> {
        let database = self.to_string();
        let patience = CONNECT.min(timeout / 2);
        let connecting = tokio::time::timeout(patience, self.options.connect()).await;
        let Ok(connected) = connecting else {
            let reason = format!("no answer within {} s", patience.as_secs_f32());
            return Err(SqlFeedError::Connect { database, reason });
        };
        connected.map_err(|error| {
            let reason = reason(&error);
            match code(&error).as_deref() {
                // Of the class 28, a user or password that is not accepted; a database that is not
                // there; one that is not for this user.
                Some("28000" | "28P01" | "3D000" | "42501") => {
                    SqlFeedError::SignIn { database, reason }
                }
                Some(_) | None => SqlFeedError::Connect { database, reason },
            }
        })
    }

    fn query_failed(&self, error: &Error) -> SqlFeedError {
        let database = self.to_string();
        let reason = reason(error);
        let Some(code) = code(error) else {
            return SqlFeedError::BrokeOff { database, reason };
        };
        let class = code.get(..2).unwrap_or_default();
        match class {
            // Transactions that only read; and with that, a WITH that writes, which no cursor takes.
            "25" => SqlFeedError::Writes { database, reason },
            "0A" if reason.contains("data-modifying") => SqlFeedError::Writes { database, reason },
            // The connection, conflicts, resources, locks, operators, the system, the server itself.
            "08" | "40" | "53" | "55" | "57" | "58" | "XX" => {
                SqlFeedError::BrokeOff { database, reason }
            }
            _ => SqlFeedError::Query { database, reason },
        }
    }
}

/// Where the columns stand that are read.
fn places_read(row: &PgRow, slug_column: &str) -> Vec<usize> {
    let columns = row.columns().iter().filter(|column| is_read(column.name(), slug_column));
    columns.map(Column::ordinal).collect()
}

/// The values at these places of a row, as a feed would hold them.
fn values<'r>(row: &'r PgRow, places: &[usize]) -> Result<Vec<&'r str>, Error> {
    let value = |place: &usize| {
        let value = row.try_get_raw(*place)?;
        if value.is_null() {
            return Ok("");
        }
        let is_truth = value.type_info().name() == "BOOL";
        let text = value.as_str().map_err(Error::Decode)?;
        Ok(match text {
            "t" if is_truth => "true",
            "f" if is_truth => "false",
            _ => text,
        })
    };
    places.iter().map(value).collect()
}

fn code(error: &Error) -> Option<String> {
    error.as_database_error().and_then(DatabaseError::code).map(Into::into)
}

/// What went wrong, in the words of the server or the system.
fn reason(error: &Error) -> String {
    match error {
        Error::Database(error) => error.message().to_owned(),
        Error::Io(error) => error.to_string(),
        Error::Tls(error) => error.to_string(),
        other => other.to_string(),
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}
