//! The secrets shared with producers, sealed.

use chrono::{DateTime, Utc};
use rfq_engine::ProducerId;
use rfq_sdk::{Scheme, Secret, SecretError};

use crate::Store;
use crate::backend::{DatabaseError, Row, args};
use crate::key_ring::{KeyId, KeyRing, Nonce, Sealed, Unopened};

/// Why a secret was not kept or not opened. No variant holds any part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// Nobody has the id.
    #[error("there is no producer {0}")]
    UnknownProducer(ProducerId),
    /// The text cannot serve as a secret.
    #[error(transparent)]
    Unfit(#[from] SecretError),
    /// The key it was sealed with is not in the key ring.
    #[error(
        "the secret of the producer {producer} is sealed with the key {key}, which is not among the \
         keys; restore the key file that belongs to this database, or have the producer register its \
         secret again"
    )]
    LostKey {
        /// Whose secret.
        producer: ProducerId,
        /// The key that is missing.
        key: KeyId,
    },
    /// The key does not open it.
    #[error(
        "the secret of the producer {producer} does not open with the key {key}: the key is another \
         than when it was sealed, or the database was changed by other means; restore both from one \
         backup, or have the producer register its secret again"
    )]
    Changed {
        /// Whose secret.
        producer: ProducerId,
        /// The key that does not fit.
        key: KeyId,
    },
    /// The database did not do it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// What [`Store::reseal_secrets`] has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resealed {
    /// How many are now sealed with the newest key and were not before.
    pub resealed: u64,
    /// Why others could not be opened.
    pub unopened: Vec<SecretsError>,
}

impl Store {
    /// Keeps the secret of a producer, sealed, in place of the one it had.
    ///
    /// # Errors
    /// [`SecretsError`].
    pub async fn put_secret(
        &self,
        keys: &KeyRing,
        producer: &ProducerId,
        scheme: Scheme,
        text: &str,
        nonce: Nonce,
        now: DateTime<Utc>,
    ) -> Result<(), SecretsError> {
        Secret::new(text)?;
        let sealed = keys
            .seal(text, [producer.as_str(), name(scheme)], nonce)
            .map_err(|error| refusal(error, producer, keys.sealing_key()))?;
        let sql = "INSERT INTO secrets (producer_id, scheme, key_id, nonce, sealed, stored_at)
            SELECT id, $2, $3, $4, $5, $6 FROM producers WHERE id = $1
            ON CONFLICT (producer_id) DO UPDATE SET scheme = excluded.scheme,
                key_id = excluded.key_id, nonce = excluded.nonce, sealed = excluded.sealed,
                stored_at = excluded.stored_at";
        let args = args![
            producer.as_str(),
            name(scheme),
            sealed.key_id.as_str(),
            &*sealed.nonce,
            &*sealed.bytes,
            now,
        ];
        let mut tx = self.db.begin().await?;
        if tx.execute(sql, args).await? == 0 {
            return Err(SecretsError::UnknownProducer(producer.clone()));
        }
        Ok(tx.commit().await?)
    }

    /// Opens the secret of a producer; `None` if it has none. Open it to sign, and show it to nobody.
    ///
    /// # Errors
    /// [`SecretsError`].
    pub async fn secret(
        &self,
        keys: &KeyRing,
        producer: &ProducerId,
    ) -> Result<Option<(Scheme, Secret)>, SecretsError> {
        let sql = "SELECT producer_id, scheme, key_id, nonce, sealed
            FROM secrets WHERE producer_id = $1";
        let Some(row) = self.db.fetch_optional(sql, args![producer.as_str()]).await? else {
            return Ok(None);
        };
        let kept = Kept::read(&row)?;
        let (scheme, text) = (kept.scheme, kept.open(keys)?);
        Ok(Some((scheme, Secret::new(&text)?)))
    }

    /// Seals with the newest key whatever is sealed with another. When nothing is left unopened, the
    /// old keys may go.
    ///
    /// # Errors
    /// [`DatabaseError`]; what was resealed before stays so, and doing it again does the rest.
    pub async fn reseal_secrets(
        &self,
        keys: &KeyRing,
        nonces: &mut (dyn FnMut() -> Nonce + Send),
    ) -> Result<Resealed, DatabaseError> {
        let sql = "SELECT producer_id, scheme, key_id, nonce, sealed
            FROM secrets WHERE key_id <> $1 ORDER BY producer_id";
        let rows = self.db.fetch_all(sql, args![keys.sealing_key().as_str()]).await?;
        let mut done = Resealed::default();
        for row in &rows {
            let kept = Kept::read(row)?;
            let owner = [kept.producer.as_str(), name(kept.scheme)];
            let resealed = kept.open(keys).and_then(|text| {
                let sealed = keys.seal(&text, owner, nonces());
                sealed.map_err(|error| refusal(error, &kept.producer, keys.sealing_key()))
            });
            match resealed {
                Ok(resealed) => done.resealed += self.replace(&kept, &resealed).await?,
                Err(error) => done.unopened.push(error),
            }
        }
        Ok(done)
    }

    /// Unless the producer has another secret meanwhile, which is then sealed with the newest key.
    async fn replace(&self, kept: &Kept, resealed: &Sealed) -> Result<u64, DatabaseError> {
        let sql = "UPDATE secrets SET key_id = $1, nonce = $2, sealed = $3
            WHERE producer_id = $4 AND nonce = $5";
        let args = args![
            resealed.key_id.as_str(),
            &*resealed.nonce,
            &*resealed.bytes,
            kept.producer.as_str(),
            &*kept.sealed.nonce,
        ];
        let mut tx = self.db.begin().await?;
        let replaced = tx.execute(sql, args).await?;
        tx.commit().await?;
        Ok(replaced)
    }
}

/// A secret as it is kept.
struct Kept {
    producer: ProducerId,
    scheme: Scheme,
    sealed: Sealed,
}

impl Kept {
    fn read(row: &Row) -> Result<Self, DatabaseError> {
        Ok(Self {
            producer: row.parsed("producer_id")?,
            scheme: row.one_of("scheme", &[Scheme::HmacSha256, Scheme::Bearer], name)?,
            sealed: Sealed {
                key_id: row.parsed("key_id")?,
                nonce: row.get("nonce")?,
                bytes: row.get("sealed")?,
            },
        })
    }

    fn open(&self, keys: &KeyRing) -> Result<zeroize::Zeroizing<String>, SecretsError> {
        let key = &self.sealed.key_id;
        let refused = |error| refusal(error, &self.producer, key);
        let owner = [self.producer.as_str(), name(self.scheme)];
        let bytes = keys.open(&self.sealed, owner).map_err(refused)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| refused(Unopened::Changed))?;
        Ok(text.to_owned().into())
    }
}

fn refusal(error: Unopened, producer: &ProducerId, key: &KeyId) -> SecretsError {
    let (producer, key) = (producer.clone(), key.clone());
    match error {
        Unopened::LostKey => SecretsError::LostKey { producer, key },
        Unopened::Changed => SecretsError::Changed { producer, key },
    }
}

/// As it is stored, and sealed: never to change.
const fn name(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::HmacSha256 => "hmac_sha256",
        Scheme::Bearer => "bearer",
    }
}
