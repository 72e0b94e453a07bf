//! How callers prove who they are, as a card says it.

/// The header that carries an HMAC-SHA256 signature (seed, authentication of RFQ requests).
pub const SIGNATURE_HEADER: &str = "X-ProductIndex-Signature";

/// A way for callers to authenticate, one of the seed's two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AuthScheme {
    /// `Authorization: Bearer` with a shared secret. In a card: an `http` scheme.
    Bearer,
    /// An HMAC-SHA256 over timestamp and body. In a card: an `apiKey` scheme in the header
    /// [`SIGNATURE_HEADER`], the nearest thing A2A can express.
    HmacSha256,
}

impl AuthScheme {
    /// The scheme's name in a card: `bearer` or `hmac-sha256`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::HmacSha256 => "hmac-sha256",
        }
    }
}
