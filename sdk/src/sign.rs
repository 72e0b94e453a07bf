//! The other side: makes requests that a [`Verifier`](crate::Verifier) accepts.

use std::fmt;

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use crate::headers::{AuthHeader, HeaderSource};
use crate::secret::Secret;
use crate::signature::{self, HmacKey};
use crate::verify::{BuildError, KeySlot, fits_a_header};

/// Signs requests as the marketplace does, for tests of agents and for marketplaces.
///
/// ```
/// use rfq_sdk::{Secret, Signer, Verifier};
///
/// let text = "an example of a secret, 32 bytes";
/// let signer = Signer::hmac(&Secret::new(text)?);
/// let verifier = Verifier::hmac(Secret::new(text)?).build()?;
///
/// let now = "2026-06-01T12:00:00Z".parse()?;
/// let body = br#"{"jsonrpc":"2.0"}"#;
/// let headers = signer.sign(body, now);
/// assert!(verifier.verify(&headers, body, now).is_ok());
/// for (name, value) in headers.iter() {
///     // Send them with the HTTP client of your choice.
///     assert!(name.starts_with("x-productindex-") && !value.is_empty());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Signer(Kind);

enum Kind {
    Hmac(HmacKey),
    Bearer(Zeroizing<String>),
}

/// The headers of a signed request. `Debug` shows their names only, and they are wiped when
/// dropped: a Bearer header is the secret.
pub struct SignedHeaders(Vec<(AuthHeader, Zeroizing<String>)>);

impl Signer {
    /// Signs with HMAC-SHA256 keyed with `secret`.
    #[must_use]
    pub fn hmac(secret: &Secret) -> Self {
        Self(Kind::Hmac(HmacKey::new(secret)))
    }

    /// Sends `secret` as a Bearer token.
    ///
    /// # Errors
    /// [`BuildError`] when a header cannot carry the secret.
    pub fn bearer(secret: &Secret) -> Result<Self, BuildError> {
        fits_a_header(secret, KeySlot::Current)?;
        let token = Zeroizing::new(String::from_utf8_lossy(secret.expose()).into_owned());
        Ok(Self(Kind::Bearer(Zeroizing::new(format!("Bearer {}", *token)))))
    }

    /// The headers for `body` at time `now`. A time before 1970 gives headers that every verifier
    /// refuses.
    #[must_use]
    pub fn sign(&self, body: &[u8], now: DateTime<Utc>) -> SignedHeaders {
        SignedHeaders(match &self.0 {
            Kind::Hmac(key) => {
                let timestamp = now.timestamp().to_string();
                let mac = key.mac_of([timestamp.as_bytes(), b".", body]);
                vec![
                    (AuthHeader::Timestamp, Zeroizing::new(timestamp)),
                    (AuthHeader::Signature, Zeroizing::new(signature::encode_hex(&mac))),
                ]
            }
            Kind::Bearer(header) => vec![(AuthHeader::Authorization, header.clone())],
        })
    }
}

impl SignedHeaders {
    /// Names, in lower case, and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(header, value)| (header.name(), value.as_str()))
    }
}

impl HeaderSource for SignedHeaders {
    fn values(&self, header: AuthHeader) -> impl Iterator<Item = &[u8]> {
        let of_that_name = self.0.iter().filter(move |(name, _)| *name == header);
        of_that_name.map(|(_, value)| value.as_bytes())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Hmac(_) => "Signer(hmac, redacted)",
            Kind::Bearer(_) => "Signer(bearer, redacted)",
        })
    }
}

impl fmt::Debug for SignedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(header, _)| header.name())).finish()
    }
}
