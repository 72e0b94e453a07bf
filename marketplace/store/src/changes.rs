//! The change sequence: what an index or a mirror follows.
//!
//! Numbers drawn by each writer on its own, as by a serial column, become visible out of order, and a
//! follower that has seen 8 misses 7. Here the numbers come from one row, which whoever changes products
//! locks first and holds until it has committed: the order of commits is the order of numbers, without
//! gaps, on both databases. So writers of products also take turns, and none waits for another that
//! waits for it.

use chrono::{DateTime, Utc};

use crate::backend::{DatabaseError, Db, Row, Tx, args};
use crate::{ProductId, Store};

/// Something that happened to a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number: the first change of a store is 1, and each one is the next.
    pub n: i64,
    /// The product.
    pub product: ProductId,
    /// What happened.
    pub kind: ChangeKind,
    /// When, by the clock of the server that did it.
    pub changed_at: DateTime<Utc>,
}

/// What happened to a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It is new, or something of it is, such as its slug. Read it again.
    Put,
    /// It is gone.
    Deleted,
}

/// What comes behind a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The changes, in their order.
    pub changes: Vec<Change>,
    /// The number of the newest change there is.
    pub newest: i64,
}

/// Why there is nothing to follow. Note [`Store::newest_change`], read all products again, and follow
/// from the number noted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangesError {
    /// Changes behind the number are no longer kept.
    #[error("changes up to {pruned} are no longer kept; begin again from all products")]
    Pruned {
        /// The number of the newest change that is gone.
        pruned: i64,
    },
    /// The store has not come so far: it is another, or an older backup of this one.
    #[error(
        "the newest change is {newest}, before the one asked for; begin again from all products"
    )]
    Ahead {
        /// The number of the newest change.
        newest: i64,
    },
    /// The database did not do it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Store {
    /// The most changes of one transaction, and of one answer: other writers wait while they are made.
    pub const MAX_CHANGES: usize = 1000;

    /// The number of the newest change: what to follow from, if asked for before all products are read.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn newest_change(&self) -> Result<i64, DatabaseError> {
        let row = self.db.fetch_optional("SELECT n FROM change_counter", Vec::new()).await?;
        row.ok_or_else(no_counter)?.get("n")
    }

    /// The changes behind number `after`, at most `limit` and [`Store::MAX_CHANGES`] of them. Follow
    /// only one store, as told by [`Store::id`].
    ///
    /// # Errors
    /// [`ChangesError`].
    pub async fn changes(&self, after: i64, limit: u32) -> Result<Changes, ChangesError> {
        // One statement, so that changes and counter are of one moment.
        let sql = "SELECT counter.n AS newest, pruned, next.n, product_id, kind, changed_at
            FROM change_counter AS counter LEFT JOIN (
                SELECT n, product_id, kind, changed_at FROM changes
                WHERE n > $1 ORDER BY n LIMIT $2
            ) AS next ON 1 = 1
            ORDER BY next.n";
        let limit = i64::from(limit).min(1000);
        let rows = self.db.fetch_all(sql, args![after, limit]).await?;
        let mut found = Changes { changes: Vec::with_capacity(rows.len()), newest: 0 };
        for row in &rows {
            let pruned: i64 = row.get("pruned")?;
            found.newest = row.get("newest")?;
            if after < pruned {
                return Err(ChangesError::Pruned { pruned });
            }
            if after > found.newest {
                return Err(ChangesError::Ahead { newest: found.newest });
            }
            if row.get::<Option<i64>>("n")?.is_some() {
                found.changes.push(change(row)?);
            }
        }
        Ok(found)
    }
}

fn change(row: &Row) -> Result<Change, DatabaseError> {
    Ok(Change {
        n: row.get("n")?,
        product: row.parsed("product_id")?,
        kind: row.one_of("kind", &[ChangeKind::Put, ChangeKind::Deleted], ChangeKind::name)?,
        changed_at: row.get("changed_at")?,
    })
}

impl ChangeKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Deleted => "deleted",
        }
    }
}

/// Begins to change products, once those that do so have committed.
pub(crate) async fn begin(db: &Db) -> Result<Tx, DatabaseError> {
    let mut tx = db.begin().await?;
    tx.execute("UPDATE change_counter SET n = n", Vec::new()).await?;
    Ok(tx)
}

/// Numbers the changes of a transaction that [`begin`] has begun, and commits.
pub(crate) async fn commit(
    mut tx: Tx,
    products: &[&ProductId],
    kind: ChangeKind,
    now: DateTime<Utc>,
) -> Result<(), DatabaseError> {
    let count = i64::try_from(products.len()).unwrap_or(i64::MAX);
    if count > 0 {
        let sql = "UPDATE change_counter SET n = n + $1 RETURNING n";
        let row = tx.fetch_optional(sql, args![count]).await?;
        let before = row.ok_or_else(no_counter)?.get::<i64>("n")? - count;
        let change =
            |(product, n): (&&ProductId, i64)| args![n, product.as_str(), kind.name(), now];
        let rows = products.iter().zip(before + 1..).map(change).collect();
        let insert = "INSERT INTO changes (n, product_id, kind, changed_at)";
        tx.insert_many(insert, rows).await?;
    }
    tx.commit().await
}

fn no_counter() -> DatabaseError {
    DatabaseError::unreadable("n", "change_counter is empty")
}
