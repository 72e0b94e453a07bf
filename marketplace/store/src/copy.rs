//! Moving everything from one store to another, such as from SQLite to Postgres.

use sqlx::AssertSqlSafe;

use crate::Store;
use crate::backend::{Arg, DatabaseError, NEWEST, Row, Tx, args};

/// Where a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// The table at hand.
    pub table: &'static str,
    /// How many of its rows are copied.
    pub rows: u64,
    /// How many it has.
    pub of: u64,
}

/// Why it was not copied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CopyError {
    /// There is something in the store that was to be filled.
    #[error("there are rows in the table {table} of {to}; copy into a database that is empty")]
    NotEmpty {
        /// A table that is not empty.
        table: &'static str,
        /// Which store, without its password.
        to: String,
    },
    /// Products of the store that was to be filled were changed before. Its changes would count from lower
    /// numbers again, and who follows them would miss some.
    #[error("{to} was in use before; copy into a database that is empty")]
    Used {
        /// Which store, without its password.
        to: String,
    },
    /// There may be something in it that this version does not know of.
    #[error(
        "{database} has the tables' version {found}, and this program knows up to {known}; copy with \
         the newer program"
    )]
    Newer {
        /// Which store, without its password.
        database: String,
        /// The version of its tables.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// What arrived is not what was sent.
    #[error(
        "{arrived} of {sent} rows of the table {table} arrived; nothing was copied, see the logs of \
         both databases"
    )]
    Incomplete {
        /// The table.
        table: &'static str,
        /// How many rows there are to copy.
        sent: u64,
        /// How many rows there are now.
        arrived: u64,
    },
    /// The store that was to be read did not do it.
    #[error("reading: {0}")]
    Read(DatabaseError),
    /// The store that was to be filled did not do it.
    #[error("writing: {0}; nothing was copied")]
    Write(DatabaseError),
    /// The last step failed, or its answer was lost.
    #[error(
        "the last step: {0}; either everything was copied or nothing, so see whether TO has rows now"
    )]
    Commit(DatabaseError),
}

/// Copies everything there is in `from` at one moment into `to`, which must be empty, in one
/// transaction: all of it arrives, as the counts of every table's rows then show, or nothing does.
///
/// `from` is left as it is and may be in use, but what is written to it meanwhile is not copied. `to`
/// keeps an id of its own ([`Store::id`]). `progress` is told after every batch.
///
/// # Errors
/// [`CopyError`].
pub async fn copy(
    from: &Store,
    to: &Store,
    progress: &mut (dyn FnMut(Copied) + Send),
) -> Result<(), CopyError> {
    let mut source = begin(from.db.begin_snapshot().await).await.map_err(CopyError::Read)?;
    let mut target = begin(to.db.begin().await).await.map_err(CopyError::Write)?;
    is_known(&mut source, from, CopyError::Read).await?;
    is_known(&mut target, to, CopyError::Write).await?;
    for table in &TABLES {
        if table.has_rows(&mut target).await.map_err(CopyError::Write)? {
            return Err(CopyError::NotEmpty { table: table.name, to: format!("{to:?}") });
        }
    }
    if counter(&mut target).await.map_err(CopyError::Write)?.0 > 0 {
        return Err(CopyError::Used { to: format!("{to:?}") });
    }
    for table in &TABLES {
        let sent = table.count(&mut source).await.map_err(CopyError::Read)?;
        let mut copied = Copied { table: table.name, rows: 0, of: sent };
        progress(copied);
        let mut last = None;
        loop {
            let rows = table.page(&mut source, last.as_ref()).await.map_err(CopyError::Read)?;
            if rows.is_empty() {
                break;
            }
            copied.rows += u64::try_from(rows.len()).unwrap_or(u64::MAX);
            last = rows.last().cloned();
            target.insert_many(&table.insert(), rows).await.map_err(CopyError::Write)?;
            progress(copied);
        }
        let arrived = table.count(&mut target).await.map_err(CopyError::Write)?;
        if arrived != sent {
            return Err(CopyError::Incomplete { table: table.name, sent, arrived });
        }
    }
    // The row is there from the beginning, so that it is not inserted.
    let (n, pruned) = counter(&mut source).await.map_err(CopyError::Read)?;
    let sql = "UPDATE change_counter SET n = $1, pruned = $2";
    target.execute(sql, args![n, pruned]).await.map_err(CopyError::Write)?;
    target.commit().await.map_err(CopyError::Commit)
}

/// A commit may check millions of rows, or count them before.
async fn begin(tx: Result<Tx, DatabaseError>) -> Result<Tx, DatabaseError> {
    tx?.without_limit().await
}

async fn is_known(
    tx: &mut Tx,
    store: &Store,
    failed: fn(DatabaseError) -> CopyError,
) -> Result<(), CopyError> {
    let sql = "SELECT MAX(version) AS version FROM _sqlx_migrations";
    let row = tx.fetch_optional(sql, Vec::new()).await.map_err(failed)?;
    let found = row.map_or(Ok(0), |row| row.get("version")).map_err(failed)?;
    if found > NEWEST {
        let database = format!("{store:?}");
        return Err(CopyError::Newer { database, found, known: NEWEST });
    }
    Ok(())
}

/// The numbers of the newest change and of the newest that is pruned.
async fn counter(tx: &mut Tx) -> Result<(i64, i64), DatabaseError> {
    let row = tx.fetch_optional("SELECT n, pruned FROM change_counter", Vec::new()).await?;
    row.map_or(Ok((0, 0)), |row| Ok((row.get("n")?, row.get("pruned")?)))
}

/// What a column holds.
#[derive(Clone, Copy)]
enum Kind {
    Int,
    Real,
    Text,
    Bytes,
}

use Kind::{Bytes, Int, Real, Text};

struct Table {
    name: &'static str,
    /// The columns, those of the primary key first.
    columns: &'static [(&'static str, Kind)],
    /// How many columns the primary key has.
    key: usize,
}

impl Table {
    async fn count(&self, tx: &mut Tx) -> Result<u64, DatabaseError> {
        let sql = format!("SELECT COUNT(*) AS count FROM {}", self.name);
        let row = tx.fetch_optional(AssertSqlSafe(sql), Vec::new()).await?;
        row.map_or(Ok(0), |row| row.number("count"))
    }

    async fn has_rows(&self, tx: &mut Tx) -> Result<bool, DatabaseError> {
        let sql = format!("SELECT 1 AS one FROM {} LIMIT 1", self.name);
        Ok(tx.fetch_optional(AssertSqlSafe(sql), Vec::new()).await?.is_some())
    }

    /// The rows behind `last`, in the order of their keys.
    async fn page(
        &self,
        tx: &mut Tx,
        last: Option<&Vec<Arg>>,
    ) -> Result<Vec<Vec<Arg>>, DatabaseError> {
        let key: Vec<&str> = self.columns.iter().take(self.key).map(|(name, _)| *name).collect();
        let key = key.join(", ");
        let (condition, args) = match last {
            None => (String::new(), Vec::new()),
            Some(last) => {
                let args: Vec<Arg> = last.iter().take(self.key).cloned().collect();
                let places: Vec<String> = (1..=args.len()).map(|n| format!("${n}")).collect();
                (format!("WHERE ({key}) > ({})", places.join(", ")), args)
            }
        };
        // Few enough to hold when each has an answer of 64 KiB.
        let sql = format!(
            "SELECT {} FROM {} {condition} ORDER BY {key} LIMIT 500",
            self.names(),
            self.name
        );
        let rows = tx.fetch_all(AssertSqlSafe(sql), args).await?;
        rows.iter().map(|row| self.values(row)).collect()
    }

    fn values(&self, row: &Row) -> Result<Vec<Arg>, DatabaseError> {
        let value = |&(name, kind): &(&'static str, Kind)| {
            Ok(match kind {
                Int => Arg::Int(row.get(name)?),
                Real => Arg::Real(row.get(name)?),
                Text => Arg::Text(row.get(name)?),
                Bytes => Arg::Bytes(row.get(name)?),
            })
        };
        self.columns.iter().map(value).collect()
    }

    fn insert(&self) -> String {
        format!("INSERT INTO {} ({})", self.name, self.names())
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }
}

/// Every table but `store` and `change_counter`, each behind those it refers to.
const TABLES: [Table; 13] = [
    Table {
        name: "changes",
        key: 1,
        columns: &[("n", Int), ("product_id", Text), ("kind", Text), ("changed_at", Int)],
    },
    Table {
        name: "producers",
        key: 1,
        columns: &[
            ("id", Text),
            ("name", Text),
            ("state", Text),
            ("claim_domains", Text),
            ("regions", Text),
        ],
    },
    Table {
        name: "verified_domains",
        key: 1,
        columns: &[
            ("domain", Text),
            ("producer_id", Text),
            ("verified_at", Int),
            ("tried_at", Int),
        ],
    },
    Table {
        name: "agents",
        key: 1,
        columns: &[
            ("producer_id", Text),
            ("card_url", Text),
            ("scheme", Text),
            ("key_id", Text),
            ("nonce", Bytes),
            ("sealed", Bytes),
        ],
    },
    Table {
        name: "card_fetches",
        key: 2,
        columns: &[
            ("producer_id", Text),
            ("fetched_at", Int),
            ("url", Text),
            ("outcome", Text),
            ("reason", Text),
            ("etag", Text),
            ("body", Bytes),
        ],
    },
    Table {
        name: "products",
        key: 1,
        columns: &[("id", Text), ("slug", Text), ("name", Text), ("updated_at", Int)],
    },
    Table { name: "product_slugs", key: 1, columns: &[("slug", Text), ("product_id", Text)] },
    Table { name: "carries", key: 2, columns: &[("producer_id", Text), ("slug", Text)] },
    Table {
        name: "quotes",
        key: 1,
        columns: &[
            ("id", Text),
            ("rfq_id", Text),
            ("product_slug", Text),
            ("product_name", Text),
            ("quantity", Int),
            ("region", Text),
            ("deliver_by", Int),
            ("asked_at", Int),
            ("took_us", Int),
        ],
    },
    Table {
        name: "calls",
        key: 2,
        columns: &[
            ("quote_id", Text),
            ("producer_id", Text),
            ("asked_at", Int),
            ("health_state", Text),
            ("outcome_code", Int),
            ("outcome", Text),
            ("outcome_detail", Text),
            ("latency_us", Int),
            ("offer_rank", Int),
            ("queue_us", Int),
            ("dns_us", Int),
            ("connect_us", Int),
            ("tls_us", Int),
            ("first_byte_us", Int),
            ("body_us", Int),
            ("problem", Text),
            ("request", Bytes),
            ("answer_status", Int),
            ("answer", Bytes),
        ],
    },
    Table {
        name: "offers",
        key: 1,
        columns: &[
            ("id", Text),
            ("quote_id", Text),
            ("producer_id", Text),
            ("rank", Int),
            ("price_cents", Int),
            ("shipping_cost_cents", Int),
            ("list_price_cents", Int),
            ("in_stock", Int),
            ("shipping_days", Int),
            ("expires_at", Int),
            ("claim_url", Text),
            ("producer_offer_id", Text),
            ("terms", Text),
            ("explanation", Text),
            ("claim_id", Text),
            ("claimed_at", Int),
        ],
    },
    Table {
        name: "health",
        key: 1,
        columns: &[("producer_id", Text), ("score", Real), ("calls", Int), ("updated_at", Int)],
    },
    Table {
        name: "health_flushes",
        key: 1,
        columns: &[("server", Text), ("number", Int), ("updated_at", Int)],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A table or column that a migration adds must not be left behind.
    #[tokio::test]
    async fn every_table_and_column_is_copied() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("market.db").display());
        let store = Store::open(&url).await.unwrap();
        let sql = "SELECT tables.name AS name, columns.name AS column_name, pk
            FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
            WHERE tables.type = 'table' AND tables.name NOT IN
                ('store', 'change_counter', '_sqlx_migrations')";
        let mut there = Vec::new();
        for row in store.db.fetch_all(sql, Vec::new()).await.unwrap() {
            let text = |column| row.get::<String>(column).unwrap();
            there.push((text("name"), text("column_name"), row.number::<usize>("pk").unwrap()));
        }
        let mut copied = Vec::new();
        for Table { name, columns, key } in &TABLES {
            for ((column, _), place) in columns.iter().zip(1..) {
                let place = if place <= *key { place } else { 0 };
                copied.push(((*name).to_owned(), (*column).to_owned(), place));
            }
        }
        there.sort();
        copied.sort();
        assert_eq!(copied, there);
    }
}
