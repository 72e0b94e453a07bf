//! How the agents of producers are reached.

use std::fmt;

use rfq_engine::ProducerId;
use rfq_sdk::{BuildError, Scheme, Secret, SecretError, Signer};

use crate::Store;
use crate::backend::{DatabaseError, Row, args};
use crate::key_ring::{KeyRing, Nonce};
use crate::secrets::{SealedSecret, SecretsError, scheme_name};

/// How the agent of a producer is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Where its card is. Requests for quotes go to the root of the same host.
    pub card_url: String,
    /// What its calls are signed with.
    pub secret: SealedSecret,
}

/// What a producer says of its agent. `Debug` leaves out the secret.
#[derive(Clone, Copy)]
pub struct NewAgent<'a> {
    /// [`Agent::card_url`].
    pub card_url: &'a str,
    /// How its calls are signed.
    pub scheme: Scheme,
    /// With what.
    pub secret: &'a str,
}

/// Why an agent was not kept. No variant holds any part of its secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// Nobody has the id.
    #[error("there is no producer {0}")]
    UnknownProducer(ProducerId),
    /// The text cannot serve as a secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// It cannot serve as a Bearer token.
    #[error(transparent)]
    Bearer(#[from] BuildError),
    /// It was not sealed.
    #[error(transparent)]
    Sealing(#[from] SecretsError),
    /// The database did not do it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Store {
    /// Keeps how the agent of a producer is reached, all of it at once, in place of what there was: a
    /// new secret never goes to the old place, nor the old one to a new place. The URL is kept as it is:
    /// whether a card is there and belongs to the producer is for the caller to see first.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn put_agent(
        &self,
        keys: &KeyRing,
        producer: &ProducerId,
        agent: &NewAgent<'_>,
        nonce: Nonce,
    ) -> Result<(), AgentError> {
        let secret = Secret::new(agent.secret)?;
        if agent.scheme == Scheme::Bearer {
            Signer::bearer(&secret)?;
        }
        let sealed = SealedSecret::seal(keys, producer, agent.scheme, agent.secret, nonce)?;
        let sql = "INSERT INTO agents (producer_id, card_url, scheme, key_id, nonce, sealed)
            SELECT id, $2, $3, $4, $5, $6 FROM producers WHERE id = $1
            ON CONFLICT (producer_id) DO UPDATE SET card_url = excluded.card_url,
                scheme = excluded.scheme, key_id = excluded.key_id, nonce = excluded.nonce,
                sealed = excluded.sealed";
        let args = args![
            producer.as_str(),
            agent.card_url,
            scheme_name(agent.scheme),
            sealed.key().as_str(),
            sealed.nonce(),
            sealed.bytes(),
        ];
        let mut tx = self.db.begin().await?;
        if tx.execute(sql, args).await? == 0 {
            return Err(AgentError::UnknownProducer(producer.clone()));
        }
        Ok(tx.commit().await?)
    }

    /// How the agent of a producer is reached, if it has said so.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn agent(&self, producer: &ProducerId) -> Result<Option<Agent>, DatabaseError> {
        let sql = "SELECT producer_id, card_url, scheme, key_id, nonce, sealed
            FROM agents WHERE producer_id = $1";
        let row = self.db.fetch_optional(sql, args![producer.as_str()]).await?;
        row.as_ref().map(agent).transpose()
    }
}

/// Reads `producer_id, card_url, scheme, key_id, nonce, sealed`.
pub(crate) fn agent(row: &Row) -> Result<Agent, DatabaseError> {
    Ok(Agent { card_url: row.get("card_url")?, secret: SealedSecret::read(row)? })
}

impl fmt::Debug for NewAgent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { card_url, scheme, secret: _ } = self;
        f.debug_struct("NewAgent")
            .field("card_url", card_url)
            .field("scheme", scheme)
            .finish_non_exhaustive()
    }
}
