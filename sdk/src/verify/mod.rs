//! Headers and body in, [`Verified`] out.

mod builder;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use subtle::{Choice, ConditionallySelectable as _};

#[cfg(feature = "sign")]
pub(crate) use builder::fits_a_header;
pub use builder::{BuildError, VerifierBuilder};

use crate::bearer::{self, TokenDigest};
use crate::caller::Caller;
use crate::headers::{AuthHeader, HeaderSource, Presented};
use crate::signature::{self, HmacKey, Timestamp};

/// Tells genuine requests of the marketplace from all others.
///
/// It is made once, from the scheme and the secrets agreed with the marketplace; a request never
/// chooses the scheme. It holds no state between requests: a replay inside the window verifies
/// again, and idempotent answers make it worthless.
///
/// ```
/// use rfq_sdk::{Refusal, Secret, Verifier};
///
/// let verifier = Verifier::hmac(Secret::new("an example of a secret, 32 bytes")?).build()?;
/// let now = "2026-06-01T12:00:00Z".parse()?;
/// let body = br#"{"jsonrpc":"2.0"}"#;
/// let headers = [
///     ("X-ProductIndex-Timestamp", "1780315200"),
///     ("X-ProductIndex-Signature", "0000000000000000000000000000000000000000000000000000000000000000"),
/// ];
/// assert_eq!(verifier.verify(&headers, body, now).unwrap_err(), Refusal::Mismatch);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Verifier {
    keys: Keys,
    caller: Caller,
    tolerance_ms: u64,
    body_limit: usize,
}

enum Keys {
    Hmac(KeyRing<HmacKey>),
    Bearer(KeyRing<TokenDigest>),
}

struct KeyRing<K> {
    current: K,
    /// With the last moment each is accepted, in Unix milliseconds.
    previous: Vec<(K, i64)>,
}

/// The way requests are authenticated, fixed when the verifier is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `X-ProductIndex-Signature` and `X-ProductIndex-Timestamp`.
    HmacSha256,
    /// `Authorization: Bearer`.
    Bearer,
}

/// Which of the configured secrets a request was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeySlot {
    /// The current secret.
    Current,
    /// The previous secret of this index, counted from 0 in the order given to the builder.
    Previous(u8),
}

/// A request that is genuine. Only a [`Verifier`] makes one, and only from one is an
/// [`Rfq`](crate::Rfq) parsed, so that nothing unverified is ever priced.
#[derive(Clone, Copy)]
pub struct Verified<'a> {
    body: &'a [u8],
    caller: &'a Caller,
    key: KeySlot,
    /// In Unix seconds.
    signed_at: Option<i64>,
}

/// Why a request is refused. For the log only: callers are told nothing but that it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A header that the configured scheme needs is absent.
    #[error("an authentication header is missing")]
    Missing,
    /// A header that the configured scheme needs came more than once.
    #[error("an authentication header came more than once")]
    Duplicate,
    /// The timestamp is not `[1-9][0-9]{0,11}`.
    #[error("the timestamp is not Unix time in seconds{}", if *.looks_like_milliseconds { "; it looks like milliseconds" } else { "" })]
    BadTimestamp {
        /// It has the 13 digits of Unix time in milliseconds.
        looks_like_milliseconds: bool,
    },
    /// The signature is not exactly 64 hex digits.
    #[error("the signature is not 64 hex digits")]
    BadSignature,
    /// The `Authorization` header is not `Bearer TOKEN`.
    #[error("the Authorization header is not a Bearer token")]
    BadAuthorization,
    /// Signed too long ago. The skew is in milliseconds.
    #[error("signed {skew_ms} ms ago, outside the window; compare the clocks")]
    Stale {
        /// How far the timestamp lies in the past, in milliseconds.
        skew_ms: u64,
    },
    /// Signed too far in the future. The skew is in milliseconds.
    #[error("signed {skew_ms} ms in the future, outside the window; compare the clocks")]
    Future {
        /// How far the timestamp lies in the future, in milliseconds.
        skew_ms: u64,
    },
    /// Signed with another secret, or something else was signed.
    #[error("the signature or token matches no configured secret")]
    Mismatch,
    /// The body is larger than the limit.
    #[error("the body is larger than the limit")]
    TooLarge,
    /// Our own clock shows a time before 1970, so no window can be judged.
    #[error("this machine's clock shows a time before 1970")]
    Clock,
}

/// A request whose headers are in order: the window is checked, and under Bearer the token too.
/// What is left is the body.
pub struct CheckedHeaders<'v> {
    verifier: &'v Verifier,
    now_ms: i64,
    proof: Proof<'v>,
}

enum Proof<'v> {
    /// Still to be compared with the MAC of the body.
    Signature { keys: &'v KeyRing<HmacKey>, timestamp: Timestamp, signature: [u8; 32] },
    /// The token matched.
    Token { key: KeySlot },
}

impl Verifier {
    /// The default of [`VerifierBuilder::body_limit`]: 64 KiB. An RFQ takes about 600 bytes.
    pub const DEFAULT_BODY_LIMIT: usize = 64 * 1024;

    /// Checks a whole request at time `now`.
    ///
    /// `body` must be the bytes exactly as they came over the wire, before any decompression,
    /// parsing or printing again.
    ///
    /// # Errors
    /// [`Refusal`]. The checks run in this order: missing, duplicate, format, window, size, MAC.
    pub fn verify<'a, H: HeaderSource + ?Sized>(
        &'a self,
        headers: &H,
        body: &'a [u8],
        now: DateTime<Utc>,
    ) -> Result<Verified<'a>, Refusal> {
        self.check_headers(headers, now)?.verify_body(body)
    }

    /// Checks all that can be checked before the body is read, at time `now`.
    ///
    /// # Errors
    /// [`Refusal`], never [`Refusal::TooLarge`].
    pub fn check_headers<H: HeaderSource + ?Sized>(
        &self,
        headers: &H,
        now: DateTime<Utc>,
    ) -> Result<CheckedHeaders<'_>, Refusal> {
        let now_ms = now.timestamp_millis();
        let proof = match &self.keys {
            Keys::Hmac(keys) => {
                let (timestamp, signature) = self.check_signature_headers(headers, now_ms)?;
                Proof::Signature { keys, timestamp, signature }
            }
            Keys::Bearer(keys) => {
                let value = match Presented::under(headers, AuthHeader::Authorization) {
                    Presented::Nothing => return Err(Refusal::Missing),
                    Presented::Several => return Err(Refusal::Duplicate),
                    Presented::One(value) => value,
                };
                let token = bearer::token(value).ok_or(Refusal::BadAuthorization)?;
                // Without a time of day, secrets that have ended could not be told from others.
                check_clock(now_ms)?;
                let digest = TokenDigest::of(token);
                Proof::Token { key: keys.find(now_ms, |key| key.ct_eq(&digest))? }
            }
        };
        Ok(CheckedHeaders { verifier: self, now_ms, proof })
    }

    fn check_signature_headers<H: HeaderSource + ?Sized>(
        &self,
        headers: &H,
        now_ms: i64,
    ) -> Result<(Timestamp, [u8; 32]), Refusal> {
        let timestamp = Presented::under(headers, AuthHeader::Timestamp);
        let signature = Presented::under(headers, AuthHeader::Signature);
        let (timestamp, signature) = match (timestamp, signature) {
            (Presented::Nothing, _) | (_, Presented::Nothing) => return Err(Refusal::Missing),
            (Presented::Several, _) | (_, Presented::Several) => return Err(Refusal::Duplicate),
            (Presented::One(timestamp), Presented::One(signature)) => (timestamp, signature),
        };
        let timestamp = Timestamp::parse(timestamp).ok_or_else(|| Refusal::BadTimestamp {
            looks_like_milliseconds: signature::looks_like_milliseconds(timestamp),
        })?;
        let signature = signature::decode_hex(signature).ok_or(Refusal::BadSignature)?;
        check_clock(now_ms)?;
        let signed_ms = timestamp.seconds() * 1000;
        let skew_ms = now_ms.abs_diff(signed_ms);
        if skew_ms > self.tolerance_ms {
            return Err(if signed_ms < now_ms {
                Refusal::Stale { skew_ms }
            } else {
                Refusal::Future { skew_ms }
            });
        }
        Ok((timestamp, signature))
    }

    /// The scheme this verifier was built for.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        match &self.keys {
            Keys::Hmac(_) => Scheme::HmacSha256,
            Keys::Bearer(_) => Scheme::Bearer,
        }
    }

    /// How far the timestamp of a signature may lie from now, both ways.
    #[must_use]
    pub fn tolerance(&self) -> Duration {
        Duration::from_millis(self.tolerance_ms)
    }

    /// The largest body accepted, in bytes.
    #[must_use]
    pub fn body_limit(&self) -> usize {
        self.body_limit
    }

    /// Who genuine requests come from.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

fn check_clock(now_ms: i64) -> Result<(), Refusal> {
    if now_ms < 0 { Err(Refusal::Clock) } else { Ok(()) }
}

impl<'v> CheckedHeaders<'v> {
    /// Checks the body: its size, and under HMAC the MAC over its bytes.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] or [`Refusal::Mismatch`].
    #[inline]
    pub fn verify_body<'a>(self, body: &'a [u8]) -> Result<Verified<'a>, Refusal>
    where
        'v: 'a,
    {
        let verifier = self.verifier;
        if body.len() > verifier.body_limit {
            return Err(Refusal::TooLarge);
        }
        let (key, signed_at) = match self.proof {
            Proof::Signature { keys, timestamp, signature } => {
                let key = keys.find(self.now_ms, |key| {
                    signature::same_digest(&key.mac(&timestamp, body), &signature)
                })?;
                (key, Some(timestamp.seconds()))
            }
            Proof::Token { key } => (key, None),
        };
        Ok(Verified { body, caller: &verifier.caller, key, signed_at })
    }
}

impl<K> KeyRing<K> {
    /// The key that matches at `now_ms`. Every live key is tried, whichever matches, so that the
    /// time taken does not tell which one did.
    #[inline]
    fn find(&self, now_ms: i64, matches: impl Fn(&K) -> Choice) -> Result<KeySlot, Refusal> {
        let mut found = matches(&self.current);
        let mut previous = 0_u8;
        for ((key, not_after_ms), number) in self.previous.iter().zip(1..) {
            if now_ms <= *not_after_ms {
                let this_one = matches(key);
                previous.conditional_assign(&number, this_one & !found);
                found |= this_one;
            }
        }
        match (bool::from(found), previous.checked_sub(1)) {
            (false, _) => Err(Refusal::Mismatch),
            (true, None) => Ok(KeySlot::Current),
            (true, Some(index)) => Ok(KeySlot::Previous(index)),
        }
    }
}

impl<'a> Verified<'a> {
    /// The body, exactly as received.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Who the request comes from: the identity configured for the verifier, whichever of its
    /// secrets matched.
    #[must_use]
    pub fn caller(&self) -> &'a Caller {
        self.caller
    }

    /// The secret that matched. While it is a previous one, the marketplace has not rotated yet.
    #[must_use]
    pub fn key(&self) -> KeySlot {
        self.key
    }

    /// When the request was signed, to the second; `None` under Bearer, which has no timestamp.
    #[must_use]
    pub fn signed_at(&self) -> Option<DateTime<Utc>> {
        self.signed_at.and_then(|seconds| DateTime::from_timestamp(seconds, 0))
    }

    #[cfg(feature = "tower")]
    pub(crate) fn restored(
        body: &'a [u8],
        caller: &'a Caller,
        key: KeySlot,
        signed_at: Option<DateTime<Utc>>,
    ) -> Self {
        Self { body, caller, key, signed_at: signed_at.map(|time| time.timestamp()) }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("scheme", &self.scheme())
            .field("caller", &self.caller)
            .field("tolerance_ms", &self.tolerance_ms)
            .field("body_limit", &self.body_limit)
            .finish_non_exhaustive()
    }
}

/// Shows the size of the body, not its text.
impl fmt::Debug for Verified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("body_bytes", &self.body.len())
            .field("caller", &self.caller)
            .field("key", &self.key)
            .field("signed_at", &self.signed_at())
            .finish()
    }
}

impl fmt::Debug for CheckedHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckedHeaders")
            .field("scheme", &self.verifier.scheme())
            .finish_non_exhaustive()
    }
}
