//! Quotes: what was asked, how every call ended, what was offered.
//!
//! A quote is kept in three steps, so that an offer can be kept before it is shown: it begins, it gets
//! offers, it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rfq_engine::{ProducerId, QuoteRequest};
use rfq_sdk::{Quantity, Region, RfqId};

use crate::backend::{DatabaseError, Row, args};
use crate::calls::{INSERT_CALLS, call, call_args};
use crate::offers::{INSERT_OFFERS, OFFERS_OF_QUOTE, offer, offer_args};
use crate::{CallRecord, CallTranscript, OfferRecord, PublicId, Store};

/// A quote, as far as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteRecord {
    /// Its name towards the consumer, which no producer sees.
    pub id: PublicId,
    /// What was asked.
    pub request: QuoteRequest,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
    /// How long it took, to the microsecond; `None` if it is not over, or its server ended before it.
    pub took: Option<Duration>,
    /// One for each producer that was asked, or would have been, in the order of their ids; none if the
    /// quote is not over.
    pub calls: Vec<CallRecord>,
    /// The offers, the best first; if the quote is not over those so far, in the order of the producers'
    /// ids.
    pub offers: Vec<OfferRecord>,
}

/// How a quote ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteEnd {
    /// [`QuoteRecord::took`].
    pub took: Duration,
    /// One for each producer that was asked, or would have been.
    pub calls: Vec<CallTranscript>,
    /// All offers, the best first, also those that are kept already.
    pub offers: Vec<OfferRecord>,
}

/// Why something of a quote was not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuoteError {
    /// A quote with its id or its RFQ id is kept already.
    #[error("a quote with the id or the RFQ id of {0} is there already")]
    Twice(RfqId),
    /// It did not begin, or is no longer kept.
    #[error("there is no such quote")]
    Unknown,
    /// It has ended, with other offers.
    #[error("the quote is over and takes no more offers")]
    Over,
    /// The database did not do it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Store {
    /// Keeps that a quote begins.
    ///
    /// # Errors
    /// [`QuoteError`].
    pub async fn begin_quote(
        &self,
        id: PublicId,
        request: &QuoteRequest,
        asked_at: DateTime<Utc>,
    ) -> Result<(), QuoteError> {
        let sql = "INSERT INTO quotes (id, rfq_id, product_slug, product_name, quantity, region,
                deliver_by, asked_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
        let args = args![
            &*id.to_string(),
            request.rfq_id.as_str(),
            request.product.as_str(),
            &*request.product_name,
            i64::from(request.quantity.get()),
            request.region.as_ref().map(Region::to_string).as_deref(),
            request.deliver_by,
            asked_at,
        ];
        let mut tx = self.db.begin().await?;
        if tx.execute(sql, args).await? == 0 {
            return Err(QuoteError::Twice(request.rfq_id.clone()));
        }
        Ok(tx.commit().await?)
    }

    /// Keeps offers of a quote that is not over, without rank and explanation: all or none of them.
    /// Those that are kept already stay as they are, also when the quote is over, so that this may be done
    /// again when it is not known whether it was done.
    ///
    /// # Errors
    /// [`QuoteError`].
    pub async fn put_offers(
        &self,
        quote: PublicId,
        offers: &[OfferRecord],
    ) -> Result<(), QuoteError> {
        let text = quote.to_string();
        let mut tx = self.db.begin().await?;
        // Holds the quote, so that it does not end meanwhile: its end writes the same offers, in another
        // order.
        let sql = "UPDATE quotes SET took_us = took_us WHERE id = $1 RETURNING took_us";
        let Some(row) = tx.fetch_optional(sql, args![&*text]).await? else {
            return Err(QuoteError::Unknown);
        };
        if row.get::<Option<Duration>>("took_us")?.is_some() {
            let sql = "SELECT id FROM offers WHERE quote_id = $1";
            let kept = tx.fetch_all(sql, args![&*text]).await?;
            let kept = kept.iter().map(|row| row.parsed("id"));
            let kept = kept.collect::<Result<BTreeSet<PublicId>, _>>()?;
            let all = offers.iter().all(|offer| kept.contains(&offer.id));
            return if all { Ok(()) } else { Err(QuoteError::Over) };
        }
        let rows = offers.iter().map(|offer| offer_args(quote, offer, None)).collect();
        tx.fetch_many(INSERT_OFFERS, rows, " ON CONFLICT (id) DO NOTHING").await?;
        Ok(tx.commit().await?)
    }

    /// Keeps how a quote ended, with all its calls and offers, or nothing of it. What ended stays as it
    /// is, so that this may be done again when it is not known whether it was done.
    ///
    /// # Errors
    /// [`QuoteError`].
    pub async fn finish_quote(&self, id: PublicId, end: &QuoteEnd) -> Result<(), QuoteError> {
        let text = id.to_string();
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE quotes SET took_us = $2 WHERE id = $1 AND took_us IS NULL
            RETURNING asked_at";
        let Some(row) = tx.fetch_optional(sql, args![&*text, end.took]).await? else {
            let sql = "SELECT id FROM quotes WHERE id = $1";
            let found = tx.fetch_optional(sql, args![&*text]).await?;
            return found.map(|_| ()).ok_or(QuoteError::Unknown);
        };
        let asked_at = row.get("asked_at")?;
        let ranked = || end.offers.iter().zip(1..);
        let ranks: BTreeMap<&ProducerId, i64> =
            ranked().map(|(offer, rank)| (&offer.producer, rank)).collect();
        let calls = end
            .calls
            .iter()
            .map(|one| call_args(id, asked_at, one, ranks.get(&one.call.producer).copied()));
        tx.insert_many(INSERT_CALLS, calls.collect()).await?;
        let offers = ranked().map(|(offer, rank)| offer_args(id, offer, Some(rank))).collect();
        let known = " ON CONFLICT (id) DO UPDATE SET rank = excluded.rank,
            explanation = excluded.explanation";
        tx.fetch_many(INSERT_OFFERS, offers, known).await?;
        Ok(tx.commit().await?)
    }

    /// A quote with its calls and offers.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn quote(&self, id: PublicId) -> Result<Option<QuoteRecord>, DatabaseError> {
        let id = id.to_string();
        // Of one moment: retention may take the quote meanwhile.
        let mut tx = self.db.begin_snapshot().await?;
        let sql = "SELECT id, rfq_id, product_slug, product_name, quantity, region, deliver_by,
                asked_at, took_us
            FROM quotes WHERE id = $1";
        let Some(row) = tx.fetch_optional(sql, args![&*id]).await? else {
            return Ok(None);
        };
        let sql = "SELECT producer_id, health_state, outcome_code, outcome, outcome_detail,
                latency_us, queue_us, dns_us, connect_us, tls_us, first_byte_us, body_us
            FROM calls WHERE quote_id = $1 ORDER BY producer_id";
        let calls = tx.fetch_all(sql, args![&*id]).await?;
        let offers = tx.fetch_all(OFFERS_OF_QUOTE, args![&*id]).await?;
        let calls = calls.iter().map(call).collect::<Result<_, _>>()?;
        let offers = offers.iter().map(offer).collect::<Result<_, _>>()?;
        quote(&row, calls, offers).map(Some)
    }
}

fn quote(
    row: &Row,
    calls: Vec<CallRecord>,
    offers: Vec<OfferRecord>,
) -> Result<QuoteRecord, DatabaseError> {
    let quantity = Quantity::new(row.number("quantity")?);
    Ok(QuoteRecord {
        id: row.parsed("id")?,
        request: QuoteRequest {
            rfq_id: row.parsed("rfq_id")?,
            product: row.parsed("product_slug")?,
            product_name: row.get("product_name")?,
            quantity: quantity.map_err(|error| DatabaseError::unreadable("quantity", error))?,
            region: row.parsed_optional("region")?,
            deliver_by: row.get("deliver_by")?,
        },
        asked_at: row.get("asked_at")?,
        took: row.get("took_us")?,
        calls,
        offers,
    })
}
