//! Bearer tokens (seed, "Authentication"; RFC 6750, section 2.1).

use sha2::{Digest as _, Sha256};
use subtle::Choice;
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::signature::same_digest;

/// The digest of a secret. Digests are compared in place of the texts, so that not even the
/// length of the secret shows in the time taken.
pub(crate) struct TokenDigest(Zeroizing<[u8; 32]>);

impl TokenDigest {
    pub(crate) fn new(secret: &Secret) -> Self {
        Self::of(secret.expose())
    }

    pub(crate) fn of(token: &[u8]) -> Self {
        Self(Zeroizing::new(Sha256::digest(token).into()))
    }

    pub(crate) fn ct_eq(&self, other: &Self) -> Choice {
        same_digest(&self.0, &other.0)
    }
}

/// The token of `Bearer TOKEN`: the scheme in any case, one or more spaces, then all the rest.
pub(crate) fn token(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(6)?;
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    let token = rest.get(spaces..)?;
    let is_bearer = scheme.eq_ignore_ascii_case(b"bearer") && spaces > 0;
    (is_bearer && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_followed_by_spaces_and_a_token() {
        for value in ["Bearer tok", "bearer tok", "BEARER   tok"] {
            assert_eq!(token(value.as_bytes()), Some(&b"tok"[..]), "{value:?}");
        }
        for value in
            ["", "Bearer", "Bearer ", "Bearertok", "Bearer\ttok", "Basic tok", " Bearer tok"]
        {
            assert_eq!(token(value.as_bytes()), None, "{value:?}");
        }
        assert_eq!(token(b"Bearer \ttok"), Some(&b"\ttok"[..]), "only spaces come before it");
        assert_eq!(token(b"Bearer tok "), Some(&b"tok "[..]), "nothing is trimmed at the end");
    }
}
