//! The secrets shared with producers, sealed.

use std::fmt;

use rfq_engine::ProducerId;
use rfq_sdk::{Scheme, Secret, SecretError};
use zeroize::Zeroizing;

use crate::Store;
use crate::backend::{DatabaseError, Row, args};
use crate::key_ring::{KeyId, KeyRing, Nonce, Sealed, Unopened};

/// The secret of a producer as it is kept. Equal ones are one secret, sealed once, so that what was
/// made of one may be kept as long as it comes back the same.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecret {
    producer: ProducerId,
    scheme: Scheme,
    sealed: Sealed,
}

/// Why a secret was not opened, or not sealed. No variant holds any part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// What opened cannot serve as a secret.
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
}

/// What [`Store::reseal_secrets`] has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resealed {
    /// How many are now sealed with the newest key and were not before.
    pub resealed: u64,
    /// Why others could not be opened.
    pub unopened: Vec<SecretsError>,
}

impl SealedSecret {
    /// How calls are signed with it.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Opens it. Do so to sign, and show it to nobody.
    ///
    /// # Errors
    /// [`SecretsError`].
    pub fn open(&self, keys: &KeyRing) -> Result<Secret, SecretsError> {
        Ok(Secret::new(&self.text(keys)?)?)
    }

    pub(crate) fn seal(
        keys: &KeyRing,
        producer: &ProducerId,
        scheme: Scheme,
        text: &str,
        nonce: Nonce,
    ) -> Result<Self, SecretsError> {
        let sealed = keys
            .seal(text, [producer.as_str(), scheme_name(scheme)], nonce)
            .map_err(|error| refusal(error, producer, keys.sealing_key()))?;
        Ok(Self { producer: producer.clone(), scheme, sealed })
    }

    /// Reads `producer_id, scheme, key_id, nonce, sealed`.
    pub(crate) fn read(row: &Row) -> Result<Self, DatabaseError> {
        Ok(Self {
            producer: row.parsed("producer_id")?,
            scheme: row.one_of("scheme", &[Scheme::HmacSha256, Scheme::Bearer], scheme_name)?,
            sealed: Sealed {
                key_id: row.parsed("key_id")?,
                nonce: row.get("nonce")?,
                bytes: row.get("sealed")?,
            },
        })
    }

    pub(crate) const fn key(&self) -> &KeyId {
        &self.sealed.key_id
    }

    pub(crate) fn nonce(&self) -> &[u8] {
        &self.sealed.nonce
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.sealed.bytes
    }

    fn text(&self, keys: &KeyRing) -> Result<Zeroizing<String>, SecretsError> {
        let refused = |error| refusal(error, &self.producer, self.key());
        let owner = [self.producer.as_str(), scheme_name(self.scheme)];
        let bytes = keys.open(&self.sealed, owner).map_err(refused)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| refused(Unopened::Changed))?;
        Ok(text.to_owned().into())
    }
}

/// Whose it is and the key it is sealed with.
impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedSecret({}, {})", self.producer, self.key())
    }
}

impl Store {
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
            FROM agents WHERE key_id <> $1 ORDER BY producer_id";
        let rows = self.db.fetch_all(sql, args![keys.sealing_key().as_str()]).await?;
        let mut done = Resealed::default();
        for row in &rows {
            let kept = SealedSecret::read(row)?;
            let resealed = kept.text(keys).and_then(|text| {
                SealedSecret::seal(keys, &kept.producer, kept.scheme, &text, nonces())
            });
            match resealed {
                Ok(resealed) => done.resealed += self.replace(&kept, &resealed).await?,
                Err(error) => done.unopened.push(error),
            }
        }
        Ok(done)
    }

    /// Unless the producer has another secret meanwhile, which is then sealed with the newest key.
    async fn replace(
        &self,
        kept: &SealedSecret,
        resealed: &SealedSecret,
    ) -> Result<u64, DatabaseError> {
        let sql = "UPDATE agents SET key_id = $1, nonce = $2, sealed = $3
            WHERE producer_id = $4 AND nonce = $5";
        let args = args![
            resealed.key().as_str(),
            resealed.nonce(),
            resealed.bytes(),
            kept.producer.as_str(),
            kept.nonce(),
        ];
        let mut tx = self.db.begin().await?;
        let replaced = tx.execute(sql, args).await?;
        tx.commit().await?;
        Ok(replaced)
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
pub(crate) const fn scheme_name(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::HmacSha256 => "hmac_sha256",
        Scheme::Bearer => "bearer",
    }
}
