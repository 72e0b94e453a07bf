//! What was offered, and which of it consumers went to buy.

use chrono::{DateTime, Utc};
use rfq_engine::ProducerId;
use rfq_sdk::{ClaimUrl, Terms, Usd};
use serde_json::Value;
use uuid::Uuid;

use crate::backend::{Arg, DatabaseError, Row, args};
use crate::{PublicId, Store};

/// An offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferRecord {
    /// Its name towards consumers, which no other producer sees.
    pub id: PublicId,
    /// The name in the link that leads to where it is claimed.
    pub claim_id: PublicId,
    /// Who offers.
    pub producer: ProducerId,
    /// The price of all units together.
    pub price: Usd,
    /// What shipping costs; `None` is unknown.
    pub shipping_cost: Option<Usd>,
    /// The regular price of all units together.
    pub list_price: Option<Usd>,
    /// Whether it is in stock.
    pub in_stock: bool,
    /// Business days to deliver.
    pub shipping_days: Option<u16>,
    /// Until when it may be claimed.
    pub expires_at: DateTime<Utc>,
    /// Where.
    pub claim_url: ClaimUrl,
    /// The producer's own name for it.
    pub producer_offer_id: Option<Uuid>,
    /// Conditions, in the producer's words.
    pub terms: Option<Terms>,
    /// Why it ranks where it does; `None` as long as the quote is not over, or when it did not end.
    pub explanation: Option<Value>,
}

/// A consumer went to the page where an offer is claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The quote that the offer belongs to.
    pub quote: PublicId,
    /// The offer.
    pub offer: OfferRecord,
    /// When somebody went there first.
    pub first_at: DateTime<Utc>,
    /// Whether this was the first time.
    pub is_first: bool,
}

/// Reads offers `WHERE` something.
macro_rules! offers {
    ($condition:literal) => {
        concat!(
            "SELECT id, quote_id, producer_id, price_cents, shipping_cost_cents, list_price_cents,
                in_stock, shipping_days, expires_at, claim_url, producer_offer_id, terms, explanation,
                claim_id, claimed_at
            FROM offers WHERE ",
            $condition
        )
    };
}

impl Store {
    /// An offer, and the quote it belongs to.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn offer(
        &self,
        id: PublicId,
    ) -> Result<Option<(PublicId, OfferRecord)>, DatabaseError> {
        let row = self.db.fetch_optional(offers!("id = $1"), args![&*id.to_string()]).await?;
        row.map(|row| Ok((row.parsed("quote_id")?, offer(&row)?))).transpose()
    }

    /// Finds the offer of [`OfferRecord::claim_id`], whose link is followed now, and notes when that was
    /// first. Later times only read, so that a link that is followed often costs little.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn claim(
        &self,
        id: PublicId,
        now: DateTime<Utc>,
    ) -> Result<Option<Claim>, DatabaseError> {
        let id = id.to_string();
        let find = async |is_first| {
            let row = self.db.fetch_optional(offers!("claim_id = $1"), args![&*id]).await?;
            row.map(|row| claim(&row, now, is_first)).transpose()
        };
        match find(false).await? {
            Some((claim, true)) => return Ok(Some(claim)),
            Some((_, false)) => (),
            None => return Ok(None),
        }
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE offers SET claimed_at = $2 WHERE claim_id = $1 AND claimed_at IS NULL";
        let is_first = tx.execute(sql, args![&*id, now]).await? > 0;
        tx.commit().await?;
        // Another may have been the first meanwhile, or retention may have taken the offer.
        Ok(find(is_first).await?.map(|(claim, _)| claim))
    }
}

/// The offers of a quote, as far as they are ranked the best first.
pub(crate) const OFFERS_OF_QUOTE: &str =
    offers!("quote_id = $1 ORDER BY CASE WHEN rank IS NULL THEN 1 ELSE 0 END, rank, producer_id");

/// Up to the `VALUES` that [`offer_args`] gives.
pub(crate) const INSERT_OFFERS: &str = "INSERT INTO offers (id, quote_id, producer_id, rank,
    price_cents, shipping_cost_cents, list_price_cents, in_stock, shipping_days, expires_at, claim_url,
    producer_offer_id, terms, explanation, claim_id)";

pub(crate) fn offer_args(quote: PublicId, offer: &OfferRecord, rank: Option<i64>) -> Vec<Arg> {
    let explanation = offer.explanation.as_ref().filter(|_| rank.is_some());
    args![
        &*offer.id.to_string(),
        &*quote.to_string(),
        offer.producer.as_str(),
        rank,
        offer.price,
        offer.shipping_cost,
        offer.list_price,
        i64::from(offer.in_stock),
        offer.shipping_days.map(i64::from),
        offer.expires_at,
        offer.claim_url.as_str(),
        offer.producer_offer_id.map(|id| id.to_string()).as_deref(),
        offer.terms.as_ref().map(Terms::as_str),
        explanation.map(Value::to_string).as_deref(),
        &*offer.claim_id.to_string(),
    ]
}

pub(crate) fn offer(row: &Row) -> Result<OfferRecord, DatabaseError> {
    Ok(OfferRecord {
        id: row.parsed("id")?,
        claim_id: row.parsed("claim_id")?,
        producer: row.parsed("producer_id")?,
        price: row.get("price_cents")?,
        shipping_cost: row.get("shipping_cost_cents")?,
        list_price: row.get("list_price_cents")?,
        in_stock: row.get("in_stock")?,
        shipping_days: row.number_optional("shipping_days")?,
        expires_at: row.get("expires_at")?,
        claim_url: row.parsed("claim_url")?,
        producer_offer_id: row.parsed_optional("producer_offer_id")?,
        terms: row.parsed_optional("terms")?,
        explanation: row.parsed_optional("explanation")?,
    })
}

/// The claim, and whether it was noted before.
fn claim(row: &Row, now: DateTime<Utc>, is_first: bool) -> Result<(Claim, bool), DatabaseError> {
    let noted: Option<DateTime<Utc>> = row.get("claimed_at")?;
    let first_at = noted.unwrap_or(now);
    let claim = Claim { quote: row.parsed("quote_id")?, offer: offer(row)?, first_at, is_first };
    Ok((claim, noted.is_some()))
}
