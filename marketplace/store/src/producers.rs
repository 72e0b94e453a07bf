//! Who answers requests for quotes.

use std::fmt::Display;

use chrono::{DateTime, Utc};
use rfq_engine::{ClaimDomain, ClaimDomains, ProducerId};
use rfq_sdk::Region;

use crate::backend::{Arg, DatabaseError, Row, args};
use crate::{Name, Store, VerifiedDomain};

/// A producer, as it registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Producer {
    /// The marketplace's name for it.
    pub id: ProducerId,
    /// What people call it.
    pub name: Name,
    /// Whether it is called.
    pub state: ProducerState,
    /// Domains, beside the verified one, that its claim URLs may lead to.
    pub claim_domains: Vec<ClaimDomain>,
    /// Where it delivers; empty means everywhere.
    pub regions: Vec<Region>,
    /// The domain that it has proved to be its own. [`Store::put_producer`] leaves it as it is; only
    /// [`Store::verify_domain`] changes it.
    pub domain: Option<VerifiedDomain>,
}

/// Whether a producer is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProducerState {
    /// It is.
    Enabled,
    /// It is not, by its own wish or the marketplace's.
    Disabled,
}

/// Why nothing was done for a producer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProducerError {
    /// Nobody has the id.
    #[error("there is no producer {0}")]
    Unknown(ProducerId),
    /// The database did not do it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Producer {
    /// Where its offers may be claimed: its verified domain and those beside it.
    #[must_use]
    pub fn claimed_at(&self) -> ClaimDomains {
        let verified = self.domain.iter().map(|verified| &verified.domain);
        verified.chain(&self.claim_domains).cloned().collect()
    }
}

impl Store {
    /// Registers a producer, or writes over what was registered under its id.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn put_producer(
        &self,
        producer: &Producer,
        now: DateTime<Utc>,
    ) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO producers
                (id, name, state, claim_domains, regions, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $6)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, state = excluded.state,
                claim_domains = excluded.claim_domains, regions = excluded.regions,
                updated_at = excluded.updated_at";
        let domains = json_list(producer.claim_domains.iter().map(ClaimDomain::as_str));
        let args = args![
            producer.id.as_str(),
            producer.name.as_str(),
            producer.state.name(),
            domains.as_str(),
            json_list(&producer.regions).as_str(),
            now,
        ];
        let mut tx = self.db.begin().await?;
        tx.execute(sql, args).await?;
        tx.commit().await
    }

    /// Enables or disables a producer.
    ///
    /// # Errors
    /// [`ProducerError::Unknown`] or the database's.
    pub async fn set_producer_state(
        &self,
        id: &ProducerId,
        state: ProducerState,
        now: DateTime<Utc>,
    ) -> Result<(), ProducerError> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE producers SET state = $1, updated_at = $2 WHERE id = $3";
        if tx.execute(sql, args![state.name(), now, id.as_str()]).await? == 0 {
            return Err(ProducerError::Unknown(id.clone()));
        }
        Ok(tx.commit().await?)
    }

    /// The producer of an id.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn producer(&self, id: &ProducerId) -> Result<Option<Producer>, DatabaseError> {
        let sql = "SELECT id, name, state, claim_domains, regions, domain, verified_at
            FROM producers LEFT JOIN verified_domains ON producer_id = id
            WHERE id = $1";
        let row = self.db.fetch_optional(sql, args![id.as_str()]).await?;
        row.as_ref().map(producer).transpose()
    }

    /// All producers, those that are disabled too, in the order of their ids: up to `limit` behind
    /// `after`.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn producers(
        &self,
        after: Option<&ProducerId>,
        limit: u32,
    ) -> Result<Vec<Producer>, DatabaseError> {
        let sql = "SELECT id, name, state, claim_domains, regions, domain, verified_at
            FROM producers LEFT JOIN verified_domains ON producer_id = id
            WHERE id > $1 ORDER BY id LIMIT $2";
        let after: Arg = after.map_or("", ProducerId::as_str).into();
        let rows = self.db.fetch_all(sql, vec![after, i64::from(limit).into()]).await?;
        rows.iter().map(producer).collect()
    }
}

/// Reads `id, name, state, claim_domains, regions, domain, verified_at`.
pub(crate) fn producer(row: &Row) -> Result<Producer, DatabaseError> {
    Ok(Producer {
        id: row.parsed("id")?,
        name: row.parsed("name")?,
        state: row.one_of(
            "state",
            &[ProducerState::Enabled, ProducerState::Disabled],
            ProducerState::name,
        )?,
        claim_domains: row.list("claim_domains")?,
        regions: row.list("regions")?,
        domain: match row.parsed_optional("domain")? {
            Some(domain) => Some(VerifiedDomain { domain, verified_at: row.get("verified_at")? }),
            None => None,
        },
    })
}

fn json_list(items: impl IntoIterator<Item = impl Display>) -> String {
    let texts: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    serde_json::Value::from(texts).to_string()
}

impl ProducerState {
    const fn name(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}
