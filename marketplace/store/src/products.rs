//! Products and the names they go by.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use rfq_sdk::ProductSlug;

use crate::backend::{Arg, DatabaseError, Row, Tx, args};
use crate::changes::{self, ChangeKind};
use crate::{Name, Store};

/// The marketplace's lasting name for a product: 1 to 64 ASCII letters, digits, `-` and `_`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProductId(Box<str>);

/// Not a [`ProductId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to {} ASCII letters, digits, hyphens and underscores", ProductId::MAX_BYTES)]
pub struct ProductIdError;

/// A product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its name that lasts.
    pub id: ProductId,
    /// Its canonical slug. Slugs it had before lead to it, too.
    pub slug: ProductSlug,
    /// What people call it.
    pub name: Name,
}

/// What [`Store::put_products`] has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutProducts {
    /// How many are new or changed.
    pub changed: usize,
    /// Those that were left out, as their slug leads to another product.
    pub slug_taken: Vec<ProductId>,
}

/// Why no product was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProductError {
    /// More than one transaction may change.
    #[error("{0} products in one batch; expected at most {max}", max = Store::MAX_CHANGES)]
    TooMany(usize),
    /// The database did not do it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Store {
    /// Writes up to [`Store::MAX_CHANGES`] products in one transaction, of two with one id the later.
    /// Producers that carry one of their slugs carry them from then on. What is as it was is no change.
    ///
    /// # Errors
    /// [`ProductError`].
    pub async fn put_products(
        &self,
        products: &[Product],
        now: DateTime<Utc>,
    ) -> Result<PutProducts, ProductError> {
        if products.len() > Self::MAX_CHANGES {
            return Err(ProductError::TooMany(products.len()));
        }
        let products: BTreeMap<_, _> =
            products.iter().map(|product| (&product.id, product)).collect();
        let mut tx = changes::begin(&self.db).await?;
        let (mut owners, there) =
            (owners(&mut tx, &products).await?, there(&mut tx, &products).await?);
        let mut done = PutProducts::default();
        let (mut slugs, mut rows, mut changed) = (Vec::new(), Vec::new(), Vec::new());
        for product in products.into_values() {
            let (id, slug, name) =
                (product.id.as_str(), product.slug.as_str(), product.name.as_str());
            match owners.get(slug) {
                Some(owner) if owner != id => {
                    done.slug_taken.push(product.id.clone());
                    continue;
                }
                Some(_) => {}
                None => {
                    owners.insert(slug.to_owned(), id.to_owned());
                    slugs.push(args![slug, id]);
                }
            }
            let is_as_it_was = there.get(id).is_some_and(|(s, n)| s == slug && n == name);
            if !is_as_it_was {
                rows.push(args![id, slug, name, now]);
                changed.push(&product.id);
            }
        }
        done.changed = changed.len();
        tx.insert_many("INSERT INTO product_slugs (slug, product_id)", slugs).await?;
        let insert = "INSERT INTO products (id, slug, name, updated_at)";
        let update = " ON CONFLICT (id) DO UPDATE SET slug = excluded.slug, name = excluded.name,
            updated_at = excluded.updated_at";
        tx.fetch_many(insert, rows, update).await?;
        changes::commit(tx, &changed, ChangeKind::Put, now).await?;
        Ok(done)
    }

    /// Deletes up to [`Store::MAX_CHANGES`] products and tells how many there were. Producers that
    /// carried them wait for products with those slugs again.
    ///
    /// # Errors
    /// [`ProductError`].
    pub async fn delete_products(
        &self,
        ids: &[ProductId],
        now: DateTime<Utc>,
    ) -> Result<usize, ProductError> {
        if ids.len() > Self::MAX_CHANGES {
            return Err(ProductError::TooMany(ids.len()));
        }
        let mut tx = changes::begin(&self.db).await?;
        let rows = ids.iter().map(|id| args![id.as_str()]).collect();
        // Their slugs go with them.
        let delete = "DELETE FROM products WHERE id IN (";
        let gone = tx.fetch_many(delete, rows, ") RETURNING id").await?;
        let gone: BTreeSet<ProductId> =
            gone.iter().map(|row| row.parsed("id")).collect::<Result<_, _>>()?;
        let deleted: Vec<_> = gone.iter().collect();
        changes::commit(tx, &deleted, ChangeKind::Deleted, now).await?;
        Ok(deleted.len())
    }

    /// The product of an id.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn product(&self, id: &ProductId) -> Result<Option<Product>, DatabaseError> {
        let sql = "SELECT id, slug, name FROM products WHERE id = $1";
        let row = self.db.fetch_optional(sql, args![id.as_str()]).await?;
        row.as_ref().map(product).transpose()
    }

    /// The product that has the slug, or had it.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn product_by_slug(
        &self,
        slug: &ProductSlug,
    ) -> Result<Option<Product>, DatabaseError> {
        let sql = "SELECT id, products.slug, name
            FROM product_slugs JOIN products ON id = product_id
            WHERE product_slugs.slug = $1";
        let row = self.db.fetch_optional(sql, args![slug.as_str()]).await?;
        row.as_ref().map(product).transpose()
    }

    /// All products in the order of their ids: up to `limit` behind `after`.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn products(
        &self,
        after: Option<&ProductId>,
        limit: u32,
    ) -> Result<Vec<Product>, DatabaseError> {
        let sql = "SELECT id, slug, name FROM products WHERE id > $1 ORDER BY id LIMIT $2";
        let after: Arg = after.map_or("", ProductId::as_str).into();
        let rows = self.db.fetch_all(sql, vec![after, i64::from(limit).into()]).await?;
        rows.iter().map(product).collect()
    }
}

type Wanted<'a> = BTreeMap<&'a ProductId, &'a Product>;

/// The ids of the products that have, or had, the slugs of these.
async fn owners(
    tx: &mut Tx,
    products: &Wanted<'_>,
) -> Result<BTreeMap<String, String>, DatabaseError> {
    let slugs = products.values().map(|product| args![product.slug.as_str()]).collect();
    let select = "SELECT slug, product_id FROM product_slugs WHERE slug IN (";
    let rows = tx.fetch_many(select, slugs, ")").await?;
    rows.iter().map(|row| Ok((row.get("slug")?, row.get("product_id")?))).collect()
}

/// Slugs and names of those of these products that are there, by their ids.
async fn there(
    tx: &mut Tx,
    products: &Wanted<'_>,
) -> Result<BTreeMap<String, (String, String)>, DatabaseError> {
    let ids = products.keys().map(|id| args![id.as_str()]).collect();
    let rows = tx.fetch_many("SELECT id, slug, name FROM products WHERE id IN (", ids, ")").await?;
    rows.iter().map(|row| Ok((row.get("id")?, (row.get("slug")?, row.get("name")?)))).collect()
}

fn product(row: &Row) -> Result<Product, DatabaseError> {
    Ok(Product { id: row.parsed("id")?, slug: row.parsed("slug")?, name: row.parsed("name")? })
}

impl ProductId {
    /// The most bytes an id may have: a UUID with a prefix fits.
    pub const MAX_BYTES: usize = 64;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProductId {
    type Err = ProductIdError;

    fn from_str(text: &str) -> Result<Self, ProductIdError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let fits = (1..=Self::MAX_BYTES).contains(&text.len()) && text.bytes().all(is_allowed);
        fits.then(|| Self(text.into())).ok_or(ProductIdError)
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProductId({self})")
    }
}
