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
    /// The domain that it has proved to be its own, noted by [`Store::verify_domain`].
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

/// What is to be changed of a producer; `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProducerUpdate {
    /// [`Producer::name`].
    pub name: Option<Name>,
    /// [`Producer::state`].
    pub state: Option<ProducerState>,
    /// [`Producer::claim_domains`], all of them.
    pub claim_domains: Option<Vec<ClaimDomain>>,
    /// [`Producer::regions`], all of them.
    pub regions: Option<Vec<Region>>,
}

/// Why nothing was done for a producer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProducerError {
    /// Nobody has the id.
    #[error("there is no producer {0}")]
    Unknown(ProducerId),
    /// Another has the id.
    #[error("there is a producer {0} already")]
    Taken(ProducerId),
    /// The database did not do it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Producer {
    /// Where its offers may be claimed: the verified domain, if its proof still counts, and those beside
    /// it.
    #[must_use]
    pub fn claimed_at(&self, now: DateTime<Utc>) -> ClaimDomains {
        let verified = self.domain.iter().filter(|verified| !verified.is_due(now));
        let verified = verified.map(|verified| &verified.domain);
        verified.chain(&self.claim_domains).cloned().collect()
    }
}

impl Store {
    /// Registers a producer whose id nobody has. [`Producer::domain`] is passed over.
    ///
    /// # Errors
    /// [`ProducerError::Taken`] or the database's.
    pub async fn create_producer(&self, producer: &Producer) -> Result<(), ProducerError> {
        let sql = "INSERT INTO producers (id, name, state, claim_domains, regions)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";
        let args = args![
            producer.id.as_str(),
            producer.name.as_str(),
            producer.state.name(),
            &*domain_list(&producer.claim_domains),
            &*json_list(&producer.regions),
        ];
        let mut tx = self.db.begin().await?;
        if tx.execute(sql, args).await? == 0 {
            return Err(ProducerError::Taken(producer.id.clone()));
        }
        Ok(tx.commit().await?)
    }

    /// Changes some of what is known of a producer, and nothing else, so that two changes at the same
    /// time do not undo each other.
    ///
    /// # Errors
    /// [`ProducerError::Unknown`] or the database's.
    pub async fn update_producer(
        &self,
        id: &ProducerId,
        update: &ProducerUpdate,
    ) -> Result<(), ProducerError> {
        let sql = "UPDATE producers SET name = COALESCE($2, name), state = COALESCE($3, state),
                claim_domains = COALESCE($4, claim_domains), regions = COALESCE($5, regions)
            WHERE id = $1";
        let args = args![
            id.as_str(),
            update.name.as_ref().map(Name::as_str),
            update.state.map(ProducerState::name),
            update.claim_domains.as_deref().map(domain_list).as_deref(),
            update.regions.as_ref().map(json_list).as_deref(),
        ];
        let mut tx = self.db.begin().await?;
        if tx.execute(sql, args).await? == 0 {
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

fn domain_list(domains: &[ClaimDomain]) -> String {
    json_list(domains.iter().map(ClaimDomain::as_str))
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
