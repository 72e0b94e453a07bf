//! Products from a query: what both databases give, and what is refused or fails.

mod failing;
mod reading;

use chrono_tz::Tz;
use rfq_reference_agent::catalogue::{Catalogue, Product};
use rfq_reference_agent::feed::sql::{SqlFeed, SqlFeedError};
use rfq_reference_agent::feed::{Format, Loaded, Report, SlugMapping, load as load_feed};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use super::asking::noon;

/// A `SQLite` file that these statements made.
struct Sqlite(TempDir);

impl Sqlite {
    fn new(statements: &str) -> Self {
        let made = Self(TempDir::new().unwrap());
        made.run(statements);
        made
    }

    fn run(&self, statements: &str) {
        Connection::open(self.0.path().join("shop.db")).unwrap().execute_batch(statements).unwrap();
    }

    fn url(&self) -> String {
        format!("sqlite:{}/shop.db", self.0.path().display())
    }
}

/// The section `[feed.sql]`.
fn configured(url: &str, query: &str, timeout_seconds: u16) -> Result<SqlFeed, String> {
    let section = json!({ "url": url, "query": query, "timeout_seconds": timeout_seconds });
    serde_json::from_value(section).map_err(|error| error.to_string())
}

async fn load(url: &str, query: &str) -> Result<(Catalogue, Report), SqlFeedError> {
    load_within(url, query, 60).await
}

async fn load_within(
    url: &str,
    query: &str,
    timeout_seconds: u16,
) -> Result<(Catalogue, Report), SqlFeedError> {
    let feed = configured(url, query, timeout_seconds).unwrap();
    feed.load(&SlugMapping::default(), Tz::UTC, noon(), |_| {}).await
}

fn products(catalogue: &Catalogue) -> Vec<&Product> {
    let mut products: Vec<_> = catalogue.iter().collect();
    products.sort_by_key(|product| &product.slug);
    products
}

/// What a file of these rows gives.
fn as_file(feed: &str) -> (Catalogue, Report) {
    let loaded = load_feed(
        feed.as_bytes(),
        Some(Format::GoogleTsv),
        &SlugMapping::default(),
        Tz::UTC,
        |_, _| {},
    );
    let Loaded { catalogue, report, .. } = loaded.unwrap();
    (catalogue, report)
}
