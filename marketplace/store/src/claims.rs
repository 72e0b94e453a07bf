//! Claims: consumers who went to buy.

use chrono::{DateTime, Utc};

use crate::backend::{DatabaseError, Row, args};
use crate::{PublicId, Store};

/// A consumer went to the page where an offer is claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its name, as in the link that was followed.
    pub id: PublicId,
    /// The offer.
    pub offer: PublicId,
    /// When the link was followed first.
    pub claimed_at: DateTime<Utc>,
}

/// Why a claim was not noted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// No offer has the id, or it is no longer kept.
    #[error("there is no such offer")]
    UnknownOffer,
    /// The database did not do it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Store {
    /// Notes a claim and tells whether it is the first of its id; another of the same id changes
    /// nothing.
    ///
    /// # Errors
    /// [`ClaimError`].
    pub async fn put_claim(&self, claim: &Claim) -> Result<bool, ClaimError> {
        let mut tx = self.db.begin().await?;
        let offer = claim.offer.to_string();
        let sql = "SELECT id FROM offers WHERE id = $1";
        if tx.fetch_optional(sql, args![&*offer]).await?.is_none() {
            return Err(ClaimError::UnknownOffer);
        }
        let sql = "INSERT INTO claims (id, offer_id, claimed_at)
            SELECT $1, id, $3 FROM offers WHERE id = $2
            ON CONFLICT (id) DO NOTHING";
        let args = args![&*claim.id.to_string(), &*offer, claim.claimed_at];
        let noted = tx.execute(sql, args).await? > 0;
        tx.commit().await?;
        Ok(noted)
    }

    /// The claims of an offer, in the order of their time.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn claims(&self, offer: PublicId) -> Result<Vec<Claim>, DatabaseError> {
        let sql = "SELECT id, offer_id, claimed_at FROM claims
            WHERE offer_id = $1 ORDER BY claimed_at, id";
        let rows = self.db.fetch_all(sql, args![&*offer.to_string()]).await?;
        let claim = |row: &Row| {
            Ok(Claim {
                id: row.parsed("id")?,
                offer: row.parsed("offer_id")?,
                claimed_at: row.get("claimed_at")?,
            })
        };
        rows.iter().map(claim).collect()
    }
}
