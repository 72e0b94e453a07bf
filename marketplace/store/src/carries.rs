//! Which producers carry which products.
//!
//! A producer names products by slugs. A slug leads to the product that has or had it, so that what is
//! carried is a product, by whatever name; a slug of no product waits for one. The way from slug to
//! product is looked up, not copied, so that nothing has to be bound when a product appears.

use std::collections::BTreeSet;

use rfq_engine::ProducerId;
use rfq_sdk::ProductSlug;

use crate::backend::{DatabaseError, Row, args};
use crate::{Agent, Producer, ProductId, Store, agents, producers};

/// A product that a producer says it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// As the producer calls it.
    pub slug: ProductSlug,
    /// The product that has or had the slug; `None` waits for one.
    pub product: Option<ProductId>,
}

/// A producer that carries a product and can be asked for a quote of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carrier {
    /// The producer, which is enabled.
    pub producer: Producer,
    /// The slug by which it named the product, and under which it knows it; the first of several.
    pub slug: ProductSlug,
    /// How its agent is reached.
    pub agent: Agent,
}

/// Why it was not noted what a producer carries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarriesError {
    /// Nobody has the id.
    #[error("there is no producer {0}")]
    UnknownProducer(ProducerId),
    /// The database did not do it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Store {
    /// Notes what a producer carries, in place of what it did: first what is new, then what is no more,
    /// in batches, so that others may write in between. Of a producer, one list at a time.
    ///
    /// # Errors
    /// [`CarriesError`]; a part may be noted then, and it may be tried again.
    pub async fn set_carried(
        &self,
        producer: &ProducerId,
        slugs: &[ProductSlug],
    ) -> Result<(), CarriesError> {
        let sql = "SELECT id FROM producers WHERE id = $1";
        if self.db.fetch_optional(sql, args![producer.as_str()]).await?.is_none() {
            return Err(CarriesError::UnknownProducer(producer.clone()));
        }
        let mut gone = self.all_carried(producer).await?;
        let slugs: BTreeSet<&str> = slugs.iter().map(ProductSlug::as_str).collect();
        let new = slugs.into_iter().filter(|&slug| !gone.remove(slug)).map(str::to_owned).collect();
        let insert = "INSERT INTO carries (producer_id, slug)";
        let but = " ON CONFLICT (producer_id, slug) DO NOTHING";
        self.write_carried(producer, insert, &new, but).await?;
        let delete = "DELETE FROM carries WHERE (producer_id, slug) IN (";
        self.write_carried(producer, delete, &gone, ")").await?;
        Ok(())
    }

    async fn all_carried(&self, producer: &ProducerId) -> Result<BTreeSet<String>, DatabaseError> {
        let sql = "SELECT slug FROM carries WHERE producer_id = $1 AND slug > $2
            ORDER BY slug LIMIT 10000";
        let mut all = BTreeSet::new();
        let mut last = String::new();
        loop {
            let rows = self.db.fetch_all(sql, args![producer.as_str(), &*last]).await?;
            let Some(row) = rows.last() else { return Ok(all) };
            last = row.get("slug")?;
            for row in &rows {
                all.insert(row.get("slug")?);
            }
        }
    }

    async fn write_carried(
        &self,
        producer: &ProducerId,
        before: &str,
        slugs: &BTreeSet<String>,
        after: &str,
    ) -> Result<(), DatabaseError> {
        let mut slugs = slugs.iter().peekable();
        while slugs.peek().is_some() {
            let row = |slug: &String| args![producer.as_str(), &**slug];
            let rows = slugs.by_ref().take(1000).map(row).collect();
            let mut tx = self.db.begin().await?;
            tx.fetch_many(before, rows, after).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// What a producer carries, in the order of slugs: up to `limit` behind `after`.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn carried(
        &self,
        producer: &ProducerId,
        after: Option<&ProductSlug>,
        limit: u32,
    ) -> Result<Vec<Carried>, DatabaseError> {
        let sql = "SELECT carries.slug, product_id
            FROM carries LEFT JOIN product_slugs ON product_slugs.slug = carries.slug
            WHERE producer_id = $1 AND carries.slug > $2
            ORDER BY carries.slug LIMIT $3";
        let after = after.map_or("", ProductSlug::as_str);
        let rows =
            self.db.fetch_all(sql, args![producer.as_str(), after, i64::from(limit)]).await?;
        let carried = |row: &Row| {
            Ok(Carried { slug: row.parsed("slug")?, product: row.parsed_optional("product_id")? })
        };
        rows.iter().map(carried).collect()
    }

    /// The enabled producers that carry a product and have an agent to be asked, with all that asking
    /// them takes, in the order of their ids: up to `limit`, so that there must be no more than those
    /// that may ever carry one product.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn carriers(
        &self,
        product: &ProductId,
        limit: u32,
    ) -> Result<Vec<Carrier>, DatabaseError> {
        let sql = "SELECT id, name, state, claim_domains, regions, domain, verified_at, slug,
                agents.producer_id, card_url, scheme, key_id, nonce, sealed
            FROM (
                SELECT carries.producer_id, MIN(carries.slug) AS slug
                FROM product_slugs JOIN carries ON carries.slug = product_slugs.slug
                WHERE product_slugs.product_id = $1
                GROUP BY carries.producer_id
            ) AS carrying
            JOIN producers ON id = carrying.producer_id
            JOIN agents ON agents.producer_id = id
            LEFT JOIN verified_domains ON verified_domains.producer_id = id
            WHERE state = 'enabled'
            ORDER BY id LIMIT $2";
        let rows = self.db.fetch_all(sql, args![product.as_str(), i64::from(limit)]).await?;
        let carrier = |row: &Row| {
            Ok(Carrier {
                producer: producers::producer(row)?,
                slug: row.parsed("slug")?,
                agent: agents::agent(row)?,
            })
        };
        rows.iter().map(carrier).collect()
    }
}
