//! Configuration into a [`Verifier`].

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{KeyRing, KeySlot, Keys, Scheme, Verifier};
use crate::bearer::TokenDigest;
use crate::caller::Caller;
use crate::secret::Secret;
use crate::signature::HmacKey;

/// What a [`Verifier`] is made from. There is no way to build one that verifies nothing.
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct VerifierBuilder {
    scheme: Scheme,
    current: Secret,
    previous: Vec<(Secret, DateTime<Utc>)>,
    caller: Caller,
    tolerance: Duration,
    body_limit: usize,
}

/// Why a [`Verifier`] could not be built: a mistake in the configuration, never in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A Bearer secret with characters beyond ASCII, which a header cannot carry.
    #[error("the {} secret contains characters beyond ASCII, which a Bearer header cannot carry", describe(*.0))]
    NonAscii(KeySlot),
    /// A Bearer secret with control characters, which a header cannot carry.
    #[error("the {} secret contains control characters, which a Bearer header cannot carry", describe(*.0))]
    ControlCharacter(KeySlot),
    /// A Bearer secret that begins or ends with a space, which HTTP parsers strip.
    #[error("the {} secret begins or ends with a space, which a Bearer header loses", describe(*.0))]
    EdgeWhitespace(KeySlot),
    /// More than [`VerifierBuilder::MAX_PREVIOUS`] previous secrets.
    #[error("{given} previous secrets; expected at most {}", VerifierBuilder::MAX_PREVIOUS)]
    TooManyPrevious {
        /// How many there are.
        given: usize,
    },
    /// A tolerance outside 1 s to [`VerifierBuilder::MAX_TOLERANCE`].
    #[error("a tolerance of {given:?}; expected 1 s to {:?}", VerifierBuilder::MAX_TOLERANCE)]
    Tolerance {
        /// What was asked for.
        given: Duration,
    },
    /// A body limit outside 1 byte to [`VerifierBuilder::MAX_BODY_LIMIT`].
    #[error("a body limit of {given} bytes; expected 1 to {}", VerifierBuilder::MAX_BODY_LIMIT)]
    BodyLimit {
        /// What was asked for, in bytes.
        given: usize,
    },
}

fn describe(slot: KeySlot) -> &'static str {
    match slot {
        KeySlot::Current => "current",
        KeySlot::Previous(_) => "previous",
    }
}

impl Verifier {
    /// A verifier of HMAC-SHA256 signatures keyed with `secret`, still to be built.
    pub fn hmac(secret: Secret) -> VerifierBuilder {
        VerifierBuilder::new(Scheme::HmacSha256, secret)
    }

    /// A verifier of Bearer tokens equal to `secret`, still to be built.
    pub fn bearer(secret: Secret) -> VerifierBuilder {
        VerifierBuilder::new(Scheme::Bearer, secret)
    }
}

impl VerifierBuilder {
    /// The most previous secrets: each costs another MAC per request.
    pub const MAX_PREVIOUS: usize = 3;

    /// The widest window, and the default: 300 s (seed, "HMAC Verification"). It can be narrowed,
    /// not widened.
    pub const MAX_TOLERANCE: Duration = Duration::from_mins(5);

    /// The highest body limit: 1 MiB, sixteen times what the marketplace sends at most.
    pub const MAX_BODY_LIMIT: usize = 1024 * 1024;

    fn new(scheme: Scheme, current: Secret) -> Self {
        Self {
            scheme,
            current,
            previous: Vec::new(),
            caller: Caller::default(),
            tolerance: Self::MAX_TOLERANCE,
            body_limit: Verifier::DEFAULT_BODY_LIMIT,
        }
    }

    /// Also accepts `secret`, up to and including `not_after`: the one that the current secret
    /// replaces, until the marketplace has the new one. May be called up to three times.
    pub fn previous(mut self, secret: Secret, not_after: DateTime<Utc>) -> Self {
        self.previous.push((secret, not_after));
        self
    }

    /// How far the timestamp of a signature may lie from now, both ways: 1 s to 300 s, default
    /// 300 s. Bearer has no timestamp and ignores it.
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// The largest body accepted, in bytes: 1 to 1 MiB, default 64 KiB.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Who genuine requests come from. It names whom offers are remembered for, so it must stay
    /// the same when secrets rotate. Default `marketplace`.
    pub fn caller(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    /// Builds the verifier.
    ///
    /// # Errors
    /// [`BuildError`] when a Bearer secret does not fit a header, or a number is out of range.
    pub fn build(self) -> Result<Verifier, BuildError> {
        if self.previous.len() > Self::MAX_PREVIOUS {
            return Err(BuildError::TooManyPrevious { given: self.previous.len() });
        }
        if !(Duration::from_secs(1)..=Self::MAX_TOLERANCE).contains(&self.tolerance) {
            return Err(BuildError::Tolerance { given: self.tolerance });
        }
        if !(1..=Self::MAX_BODY_LIMIT).contains(&self.body_limit) {
            return Err(BuildError::BodyLimit { given: self.body_limit });
        }
        let keys = match self.scheme {
            Scheme::HmacSha256 => Keys::Hmac(self.key_ring(HmacKey::new)),
            Scheme::Bearer => {
                fits_a_header(&self.current, KeySlot::Current)?;
                for ((secret, _), index) in self.previous.iter().zip(0..) {
                    fits_a_header(secret, KeySlot::Previous(index))?;
                }
                Keys::Bearer(self.key_ring(TokenDigest::new))
            }
        };
        let tolerance_ms = u64::try_from(self.tolerance.as_millis())
            .map_err(|_| BuildError::Tolerance { given: self.tolerance })?;
        Ok(Verifier { keys, caller: self.caller, tolerance_ms, body_limit: self.body_limit })
    }

    fn key_ring<K>(&self, key: impl Fn(&Secret) -> K) -> KeyRing<K> {
        let previous = self.previous.iter();
        KeyRing {
            current: key(&self.current),
            previous: previous.map(|(old, until)| (key(old), until.timestamp_millis())).collect(),
        }
    }
}

pub(crate) fn fits_a_header(secret: &Secret, slot: KeySlot) -> Result<(), BuildError> {
    let bytes = secret.expose();
    if !bytes.is_ascii() {
        Err(BuildError::NonAscii(slot))
    } else if bytes.iter().any(u8::is_ascii_control) {
        Err(BuildError::ControlCharacter(slot))
    } else if bytes.first() == Some(&b' ') || bytes.last() == Some(&b' ') {
        Err(BuildError::EdgeWhitespace(slot))
    } else {
        Ok(())
    }
}
