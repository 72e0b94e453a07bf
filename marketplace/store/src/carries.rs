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
    /// Notes what a producer carries, in place of what it did.
    ///
    /// # Errors
    /// [`CarriesError`].
    pub async fn set_carried(
        &self,
        producer: &ProducerId,
        slugs: &[ProductSlug],
    ) -> Result<(), CarriesError> {
        let mut tx = self.db.begin().await?;
        // Also the lock that lets one list of a producer wait for another.
        let sql = "UPDATE producers SET state = state WHERE id = $1";
        if tx.execute(sql, args![producer.as_str()]).await? == 0 {
            return Err(CarriesError::UnknownProducer(producer.clone()));
        }
        let sql = "DELETE FROM carries WHERE producer_id = $1";
        tx.execute(sql, args![producer.as_str()]).await?;
        let slugs: BTreeSet<&ProductSlug> = slugs.iter().collect();
        let row = |slug: &ProductSlug| args![producer.as_str(), slug.as_str()];
        let rows = slugs.into_iter().map(row).collect();
        tx.insert_many("INSERT INTO carries (producer_id, slug)", rows).await?;
        Ok(tx.commit().await?)
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
