//! Products from a query of the shop's own database, `SQLite` or Postgres.
//!
//! ```toml
//! [feed.sql]
//! url = "postgres://shop:PASSWORD@db.shop.example/shop?sslmode=verify-full"
//! query = """
//!   SELECT sku AS id, name AS title, price, stock AS quantity, marketplace_slug AS product_slug
//!   FROM products WHERE visible
//! """
//! ```
//!
//! The columns of its rows are those that [`TableLoader`](super::TableLoader) takes, named without
//! regard to case, and its values are read as text: numbers by their exact digits, nothing for `NULL`.
//! Reading changes nothing: the database is opened to be read only.

mod database;
mod loading;
mod postgres;
mod sqlite;

use std::num::NonZeroU16;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;

use self::database::Database;
use self::loading::Loading;
use super::{FeedError, Report, SlugMapping};
use crate::catalogue::Catalogue;

/// Where the products are and what to ask for them; the section `[feed.sql]` of the configuration.
/// No password is in its `Debug`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqlFeed {
    /// `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. Without a password in it,
    /// `PGPASSWORD` and `~/.pgpass` count.
    url: Database,
    /// One `SELECT`, or a `WITH` that ends in one.
    query: Query,
    /// In how many seconds the whole of it must be read.
    #[serde(default = "a_minute")]
    timeout_seconds: NonZeroU16,
}

const MINUTE: NonZeroU16 = NonZeroU16::MIN.saturating_add(59);

fn a_minute() -> NonZeroU16 {
    MINUTE
}

/// A query whose first word promises that it reads. The databases see to the rest.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
struct Query(String);

impl TryFrom<String> for Query {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let first: String =
            behind_comments(&text).chars().take_while(char::is_ascii_alphabetic).collect();
        match first.to_ascii_uppercase().as_str() {
            _ if text.contains('\0') => Err("expected a query without NUL characters"),
            "SELECT" | "WITH" => Ok(Self(text)),
            _ => Err("expected one query that begins with SELECT or WITH"),
        }
    }
}

/// What follows the comments at the beginning of a query.
fn behind_comments(query: &str) -> &str {
    let query = query.trim_start();
    let rest = match (query.strip_prefix("--"), query.strip_prefix("/*")) {
        (Some(line), _) => line.split_once('\n'),
        (None, Some(comment)) => comment.split_once("*/"),
        (None, None) => return query,
    };
    rest.map_or("", |(_, rest)| behind_comments(rest))
}

/// Why a database gave no products. A row that cannot be used is in the [`Report`] instead. No
/// variant holds a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqlFeedError {
    /// The file cannot be opened, or is no database.
    #[error("{database} cannot be opened: {reason}; check the path, and who may read it")]
    Open {
        /// The database.
        database: String,
        /// What `SQLite` says.
        reason: String,
    },
    /// Nobody answers there, or not in the way that the url asks for.
    #[error(
        "{database} cannot be reached: {reason}; check that it runs, and the url's host, port and \
         sslmode"
    )]
    Connect {
        /// The database, without its password.
        database: String,
        /// What the system, or the server, says.
        reason: String,
    },
    /// The server refuses the user, or the user this database.
    #[error("{database} does not let us in: {reason}; check the url's user, password and database")]
    SignIn {
        /// The database, without its password.
        database: String,
        /// What the server says.
        reason: String,
    },
    /// The query does not fit the database.
    #[error("{database} refuses the query: {reason}; correct it, or the rights of the user")]
    Query {
        /// The database, without its password.
        database: String,
        /// What the database says.
        reason: String,
    },
    /// The query would change something.
    #[error("the query would write to {database}: {reason}; expected one SELECT that only reads")]
    Writes {
        /// The database, without its password.
        database: String,
        /// What the database says.
        reason: String,
    },
    /// The database failed, or was lost, while it answered.
    #[error("{database} broke off: {reason}; it is read again from the beginning next time")]
    BrokeOff {
        /// The database, without its password.
        database: String,
        /// What the database, or the system, says.
        reason: String,
    },
    /// Not everything was read in time.
    #[error(
        "{database} did not give all its rows within {seconds} s; make the query faster, or raise \
         timeout_seconds"
    )]
    Timeout {
        /// The database, without its password.
        database: String,
        /// The seconds it had.
        seconds: u16,
    },
    /// The query gives nothing.
    #[error("the query gives no rows from {database}; check its conditions")]
    NoRows {
        /// The database, without its password.
        database: String,
    },
    /// A join without a condition, most likely.
    #[error(
        "the query gives more than {} rows; check the conditions of its joins",
        SqlFeed::MOST_ROWS
    )]
    TooManyRows,
    /// The rows are there, but are no products.
    #[error("the rows of the query cannot be used")]
    Rows(#[source] FeedError),
    /// The thread that reads panicked.
    #[error("reading the database failed within this program; please report it")]
    Panicked,
}

impl SqlFeed {
    /// The most rows read. Shops have up to a few 100,000 products; what is above this fills the
    /// memory rather than a shop.
    pub const MOST_ROWS: u64 = 2_000_000;

    /// Runs the query and loads its rows, which the report counts from 1. Times and days without an
    /// offset are those of `zone`. `progress` is told the rows read so far, every 1,000 rows and at the
    /// end. The catalogue is as of `now`, when the query begins.
    ///
    /// # Errors
    /// [`SqlFeedError`] when there is nothing to serve.
    pub async fn load(
        &self,
        slugs: &SlugMapping,
        zone: Tz,
        now: DateTime<Utc>,
        progress: impl FnMut(u64) + Send,
    ) -> Result<(Catalogue, Report), SqlFeedError> {
        let mut loading = Loading::new(slugs, zone, progress);
        let timeout = Duration::from_secs(self.timeout_seconds.get().into());
        tokio::time::timeout(timeout, async {
            match &self.url {
                Database::Sqlite(file) => file.read(&self.query.0, timeout, &mut loading).await,
                Database::Postgres(server) => {
                    server.read(&self.query.0, timeout, &mut loading).await
                }
            }
        })
        .await
        .map_err(|_| SqlFeedError::Timeout {
            database: self.url.to_string(),
            seconds: self.timeout_seconds.get(),
        })??;
        let loaded = loading.finish().map_err(SqlFeedError::Rows)?;
        let (catalogue, report) =
            loaded.ok_or_else(|| SqlFeedError::NoRows { database: self.url.to_string() })?;
        Ok((catalogue.with_as_of(now), report))
    }
}
