//! Quotes: what was asked, how every call ended, what was offered.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rfq_engine::{HealthState, Outcome, ProducerId, QuoteRequest, Timings};
use rfq_sdk::{ClaimUrl, Quantity, Region, RfqId, Terms, Usd};
use serde_json::Value;
use uuid::Uuid;

use crate::backend::{Arg, DatabaseError, Row, args};
use crate::{PublicId, Store};

/// A quote that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteRecord {
    /// Its name towards the consumer, which no producer sees.
    pub id: PublicId,
    /// What was asked.
    pub request: QuoteRequest,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
    /// How long it took, to the microsecond.
    pub took: Duration,
    /// One for each producer that was asked, or was not because it is suspended; in the order of their
    /// ids when read. One that does not deliver to the region, or found no place among the most that are
    /// asked, has none.
    pub calls: Vec<CallRecord>,
    /// The ranked offers, the best first.
    pub offers: Vec<OfferRecord>,
}

/// How the call of one producer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// The producer.
    pub producer: ProducerId,
    /// Its health when it was selected.
    pub health: HealthState,
    /// How it ended.
    pub outcome: OutcomeRecord,
    /// From the first byte sent to the whole answer, or to the end of the waiting for it; `None` if
    /// nothing was sent.
    pub latency: Option<Duration>,
    /// What each part took.
    pub timings: Timings,
    /// The answer's body, if it is to be kept.
    pub answer: Option<Vec<u8>>,
}

/// An [`Outcome`] as it is kept. Names and codes never change their meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeRecord {
    /// [`Outcome::code`].
    pub code: i64,
    /// [`Outcome::name`].
    pub name: String,
    /// [`Outcome::detail`].
    pub detail: Option<String>,
}

impl From<Outcome> for OutcomeRecord {
    fn from(outcome: Outcome) -> Self {
        Self { code: outcome.code(), name: outcome.name().to_owned(), detail: outcome.detail() }
    }
}

/// A ranked offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferRecord {
    /// Its name towards consumers, which no other producer sees.
    pub id: PublicId,
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
    /// Why it ranks where it does.
    pub explanation: Value,
}

/// Why a quote was not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuoteError {
    /// A quote with its id or its RFQ id is kept already.
    #[error("a quote with the id or the RFQ id of {0} is there already")]
    Twice(RfqId),
    /// The database did not do it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Store {
    /// Keeps a quote with all its calls and offers, or nothing of it.
    ///
    /// # Errors
    /// [`QuoteError`].
    pub async fn put_quote(&self, quote: &QuoteRecord) -> Result<(), QuoteError> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO quotes (id, rfq_id, product_slug, product_name, quantity, region,
                deliver_by, asked_at, took_us)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
        if tx.execute(sql, quote_args(quote)).await? == 0 {
            return Err(QuoteError::Twice(quote.request.rfq_id.clone()));
        }
        let insert = "INSERT INTO calls (quote_id, producer_id, asked_at, health_state, outcome_code,
            outcome, outcome_detail, latency_us, queue_us, dns_us, connect_us, tls_us, first_byte_us,
            body_us, answer)";
        let rows = quote.calls.iter().map(|call| call_args(quote, call)).collect();
        tx.insert_many(insert, rows).await?;
        let insert = "INSERT INTO offers (id, quote_id, producer_id, rank, price_cents,
            shipping_cost_cents, list_price_cents, in_stock, shipping_days, expires_at, claim_url,
            producer_offer_id, terms, explanation)";
        let rows = quote.offers.iter().zip(1..).map(|(offer, rank)| offer_args(quote, offer, rank));
        tx.insert_many(insert, rows.collect()).await?;
        Ok(tx.commit().await?)
    }

    /// A quote with all its calls and offers.
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
                latency_us, queue_us, dns_us, connect_us, tls_us, first_byte_us, body_us, answer
            FROM calls WHERE quote_id = $1 ORDER BY producer_id";
        let calls = tx.fetch_all(sql, args![&*id]).await?;
        let sql = "SELECT id, producer_id, price_cents, shipping_cost_cents, list_price_cents,
                in_stock, shipping_days, expires_at, claim_url, producer_offer_id, terms, explanation
            FROM offers WHERE quote_id = $1 ORDER BY rank";
        let offers = tx.fetch_all(sql, args![&*id]).await?;
        let calls = calls.iter().map(call).collect::<Result<_, _>>()?;
        let offers = offers.iter().map(offer).collect::<Result<_, _>>()?;
        quote(&row, calls, offers).map(Some)
    }

    /// An offer, and the quote it belongs to.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn offer(
        &self,
        id: PublicId,
    ) -> Result<Option<(PublicId, OfferRecord)>, DatabaseError> {
        let sql = "SELECT quote_id, id, producer_id, price_cents, shipping_cost_cents,
                list_price_cents, in_stock, shipping_days, expires_at, claim_url, producer_offer_id,
                terms, explanation
            FROM offers WHERE id = $1";
        let row = self.db.fetch_optional(sql, args![&*id.to_string()]).await?;
        row.map(|row| Ok((row.parsed("quote_id")?, offer(&row)?))).transpose()
    }
}

fn quote_args(quote: &QuoteRecord) -> Vec<Arg> {
    let request = &quote.request;
    args![
        &*quote.id.to_string(),
        request.rfq_id.as_str(),
        request.product.as_str(),
        &*request.product_name,
        i64::from(request.quantity.get()),
        request.region.as_ref().map(Region::to_string).as_deref(),
        request.deliver_by,
        quote.asked_at,
        quote.took,
    ]
}

fn call_args(quote: &QuoteRecord, call: &CallRecord) -> Vec<Arg> {
    let Timings { queue, dns, connect, tls, first_byte, body } = call.timings;
    args![
        &*quote.id.to_string(),
        call.producer.as_str(),
        quote.asked_at,
        call.health.name(),
        call.outcome.code,
        &*call.outcome.name,
        call.outcome.detail.as_deref(),
        call.latency,
        queue,
        dns,
        connect,
        tls,
        first_byte,
        body,
        call.answer.as_deref(),
    ]
}

fn offer_args(quote: &QuoteRecord, offer: &OfferRecord, rank: i64) -> Vec<Arg> {
    args![
        &*offer.id.to_string(),
        &*quote.id.to_string(),
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
        &*offer.explanation.to_string(),
    ]
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

fn call(row: &Row) -> Result<CallRecord, DatabaseError> {
    let states = [HealthState::Healthy, HealthState::Degraded, HealthState::Suspended];
    Ok(CallRecord {
        producer: row.parsed("producer_id")?,
        health: row.one_of("health_state", &states, HealthState::name)?,
        outcome: OutcomeRecord {
            code: row.get("outcome_code")?,
            name: row.get("outcome")?,
            detail: row.get("outcome_detail")?,
        },
        latency: row.get("latency_us")?,
        timings: Timings {
            queue: row.get("queue_us")?,
            dns: row.get("dns_us")?,
            connect: row.get("connect_us")?,
            tls: row.get("tls_us")?,
            first_byte: row.get("first_byte_us")?,
            body: row.get("body_us")?,
        },
        answer: row.get("answer")?,
    })
}

fn offer(row: &Row) -> Result<OfferRecord, DatabaseError> {
    Ok(OfferRecord {
        id: row.parsed("id")?,
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
        explanation: row.parsed("explanation")?,
    })
}
