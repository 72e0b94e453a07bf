//! Agent cards, and what came of fetching them.

use chrono::{DateTime, Utc};
use rfq_engine::ProducerId;

use crate::Store;
use crate::backend::{DatabaseError, Row, args};

/// One attempt at fetching the agent card of a producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardFetch {
    /// Where it was fetched from.
    pub url: String,
    /// When.
    pub fetched_at: DateTime<Utc>,
    /// What came of it.
    pub outcome: FetchOutcome,
}

/// What came of fetching an agent card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchOutcome {
    /// A card that passed its checks.
    Fetched {
        /// Its `ETag`, to ask with the next time.
        etag: Option<String>,
        /// Its bytes.
        body: Vec<u8>,
    },
    /// The card is still the one that was fetched last.
    NotModified,
    /// No card, or none that passes its checks.
    Failed {
        /// Why, in a sentence for the producer.
        reason: String,
    },
}

/// The agent card of a producer that counts: the last that passed its checks, of those fetched from
/// where its agent's card is ([`Agent::card_url`](crate::Agent::card_url)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCard {
    /// Where it was fetched from.
    pub url: String,
    /// When its bytes were fetched.
    pub fetched_at: DateTime<Utc>,
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// Why a fetch was not noted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// Nobody has the id.
    #[error("there is no producer {0}")]
    UnknownProducer(ProducerId),
    /// The database did not do it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Store {
    /// Notes an attempt at fetching a producer's card. Of two in one microsecond the later stays.
    ///
    /// # Errors
    /// [`CardError`].
    pub async fn record_card_fetch(
        &self,
        producer: &ProducerId,
        fetch: &CardFetch,
    ) -> Result<(), CardError> {
        let (outcome, reason, etag, body) = match &fetch.outcome {
            FetchOutcome::Fetched { etag, body } => {
                ("fetched", None, etag.as_deref(), Some(body.as_slice()))
            }
            FetchOutcome::NotModified => ("not_modified", None, None, None),
            FetchOutcome::Failed { reason } => ("failed", Some(reason.as_str()), None, None),
        };
        let sql = "INSERT INTO card_fetches
                (producer_id, fetched_at, url, outcome, reason, etag, body)
            SELECT id, $2, $3, $4, $5, $6, $7 FROM producers WHERE id = $1
            ON CONFLICT (producer_id, fetched_at) DO UPDATE SET url = excluded.url,
                outcome = excluded.outcome, reason = excluded.reason, etag = excluded.etag,
                body = excluded.body";
        let args =
            args![producer.as_str(), fetch.fetched_at, &*fetch.url, outcome, reason, etag, body,];
        let mut tx = self.db.begin().await?;
        if tx.execute(sql, args).await? == 0 {
            return Err(CardError::UnknownProducer(producer.clone()));
        }
        Ok(tx.commit().await?)
    }

    /// The card of a producer that counts, if there is one.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn card(&self, producer: &ProducerId) -> Result<Option<StoredCard>, DatabaseError> {
        let sql = "SELECT url, fetched_at, etag, body
            FROM agents JOIN card_fetches ON card_fetches.producer_id = agents.producer_id
                AND url = card_url
            WHERE agents.producer_id = $1 AND outcome = 'fetched'
            ORDER BY fetched_at DESC LIMIT 1";
        let row = self.db.fetch_optional(sql, args![producer.as_str()]).await?;
        let card = |row: Row| {
            Ok(StoredCard {
                url: row.get("url")?,
                fetched_at: row.get("fetched_at")?,
                etag: row.get("etag")?,
                body: row.get("body")?,
            })
        };
        row.map(card).transpose()
    }

    /// The attempts at fetching a producer's card, the newest first: up to `limit`.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn card_fetches(
        &self,
        producer: &ProducerId,
        limit: u32,
    ) -> Result<Vec<CardFetch>, DatabaseError> {
        let sql = "SELECT url, fetched_at, outcome, reason, etag, body FROM card_fetches
            WHERE producer_id = $1 ORDER BY fetched_at DESC LIMIT $2";
        let rows = self.db.fetch_all(sql, args![producer.as_str(), i64::from(limit)]).await?;
        rows.iter().map(fetch).collect()
    }
}

fn fetch(row: &Row) -> Result<CardFetch, DatabaseError> {
    let outcome = match &*row.get::<String>("outcome")? {
        "fetched" => FetchOutcome::Fetched { etag: row.get("etag")?, body: row.get("body")? },
        "not_modified" => FetchOutcome::NotModified,
        "failed" => FetchOutcome::Failed { reason: row.get("reason")? },
        other => {
            return Err(DatabaseError::unreadable("outcome", format!("no such value: {other}")));
        }
    };
    Ok(CardFetch { url: row.get("url")?, fetched_at: row.get("fetched_at")?, outcome })
}
