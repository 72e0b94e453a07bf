//! Who has proved to own which domain.

use chrono::{DateTime, TimeDelta, Utc};
use rfq_engine::{ClaimDomain, ProducerId};

use crate::backend::{DatabaseError, args};
use crate::{Producer, Store, producers};

/// A domain that a producer has proved to be its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedDomain {
    /// The domain. Its agent card is on it or below it.
    pub domain: ClaimDomain,
    /// When it was proved last.
    pub verified_at: DateTime<Utc>,
}

impl VerifiedDomain {
    /// How long a proof counts: domains change hands (wire contract, "Agent card").
    pub const VALIDITY: TimeDelta = TimeDelta::days(30);

    /// Whether it is to be proved again.
    #[must_use]
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        now.signed_duration_since(self.verified_at) >= Self::VALIDITY
    }
}

/// Why a domain was not noted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// Nobody has the id.
    #[error("there is no producer {0}")]
    UnknownProducer(ProducerId),
    /// It is another's, whose proof still counts.
    #[error(
        "the domain {} belongs to another producer, whose proof is less than {} days old",
        .0.as_str(),
        VerifiedDomain::VALIDITY.num_days()
    )]
    Taken(ClaimDomain),
    /// The database did not do it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Store {
    /// Notes that the producer has proved now to own the domain. It takes the place of the one it had,
    /// and may have been another's whose proof no longer counts.
    ///
    /// # Errors
    /// [`DomainError`].
    pub async fn verify_domain(
        &self,
        producer: &ProducerId,
        domain: &ClaimDomain,
        now: DateTime<Utc>,
    ) -> Result<(), DomainError> {
        let mut tx = self.db.begin().await?;
        // Also the lock that lets one proof of a producer wait for another.
        let sql = "UPDATE producers SET state = state WHERE id = $1";
        if tx.execute(sql, args![producer.as_str()]).await? == 0 {
            return Err(DomainError::UnknownProducer(producer.clone()));
        }
        let sql = "DELETE FROM verified_domains WHERE producer_id = $1 AND domain <> $2";
        tx.execute(sql, args![producer.as_str(), domain.as_str()]).await?;
        let sql = "INSERT INTO verified_domains (domain, producer_id, verified_at, tried_at)
            VALUES ($1, $2, $3, $3)
            ON CONFLICT (domain) DO UPDATE SET producer_id = excluded.producer_id,
                verified_at = excluded.verified_at, tried_at = excluded.tried_at
            WHERE verified_domains.producer_id = excluded.producer_id
                OR verified_domains.verified_at <= $4";
        let due = now - VerifiedDomain::VALIDITY;
        let args = args![domain.as_str(), producer.as_str(), now, due];
        if tx.execute(sql, args).await? == 0 {
            return Err(DomainError::Taken(domain.clone()));
        }
        Ok(tx.commit().await?)
    }

    /// Notes that it was tried now, in vain, to prove the producer's domain again, so that others are
    /// due before it.
    ///
    /// # Errors
    /// [`DomainError::UnknownProducer`] also when it has no domain, or the database's.
    pub async fn note_domain_unproved(
        &self,
        producer: &ProducerId,
        now: DateTime<Utc>,
    ) -> Result<(), DomainError> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE verified_domains SET tried_at = $2 WHERE producer_id = $1";
        if tx.execute(sql, args![producer.as_str(), now]).await? == 0 {
            return Err(DomainError::UnknownProducer(producer.clone()));
        }
        Ok(tx.commit().await?)
    }

    /// Enabled producers whose domain is to be proved again, those first for which it was tried the
    /// longest ago: up to `limit`.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn domains_due(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Producer>, DatabaseError> {
        let sql = "SELECT id, name, state, claim_domains, regions, domain, verified_at
            FROM verified_domains JOIN producers ON id = producer_id
            WHERE verified_at <= $1 AND state = 'enabled'
            ORDER BY tried_at, id LIMIT $2";
        let due = now - VerifiedDomain::VALIDITY;
        let rows = self.db.fetch_all(sql, args![due, i64::from(limit)]).await?;
        rows.iter().map(producers::producer).collect()
    }
}
