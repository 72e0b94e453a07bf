//! The request headers that authentication reads.

/// A header that authentication reads (seed, "Authentication").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthHeader {
    /// `Authorization`, for Bearer.
    Authorization,
    /// `X-ProductIndex-Signature`, for HMAC: 64 hex digits.
    Signature,
    /// `X-ProductIndex-Timestamp`, for HMAC: Unix time in seconds.
    Timestamp,
}

impl AuthHeader {
    /// The name in lower case. Header names are compared without regard to ASCII case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorization => "authorization",
            Self::Signature => "x-productindex-signature",
            Self::Timestamp => "x-productindex-timestamp",
        }
    }
}

/// The headers of a request, as whatever server you use holds them.
///
/// Implemented for lists of name and value and, with the feature `http`, for `http::HeaderMap`.
/// It asks for *all* values of a header because a header that comes twice must be refused, and for
/// bytes because header values need not be text.
pub trait HeaderSource {
    /// Every value of `header`, in the order received, without any change.
    fn values(&self, header: AuthHeader) -> impl Iterator<Item = &[u8]>;
}

impl<N: AsRef<str>, V: AsRef<[u8]>> HeaderSource for [(N, V)] {
    fn values(&self, header: AuthHeader) -> impl Iterator<Item = &[u8]> {
        self.iter()
            .filter(move |(name, _)| name.as_ref().eq_ignore_ascii_case(header.name()))
            .map(|(_, value)| value.as_ref())
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>, const COUNT: usize> HeaderSource for [(N, V); COUNT] {
    fn values(&self, header: AuthHeader) -> impl Iterator<Item = &[u8]> {
        self.as_slice().values(header)
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> HeaderSource for Vec<(N, V)> {
    fn values(&self, header: AuthHeader) -> impl Iterator<Item = &[u8]> {
        self.as_slice().values(header)
    }
}

#[cfg(feature = "http")]
impl HeaderSource for http::HeaderMap {
    fn values(&self, header: AuthHeader) -> impl Iterator<Item = &[u8]> {
        // Names made at compile time, and a walk past all headers: a request has about ten, and
        // comparing so many names costs less than hashing one of those two.
        static SIGNATURE: http::HeaderName =
            http::HeaderName::from_static(AuthHeader::Signature.name());
        static TIMESTAMP: http::HeaderName =
            http::HeaderName::from_static(AuthHeader::Timestamp.name());
        let wanted = match header {
            AuthHeader::Authorization => &http::header::AUTHORIZATION,
            AuthHeader::Signature => &SIGNATURE,
            AuthHeader::Timestamp => &TIMESTAMP,
        };
        self.iter().filter(move |(name, _)| *name == wanted).map(|(_, value)| value.as_bytes())
    }
}

/// What came under one name.
pub(crate) enum Presented<'a> {
    Nothing,
    One(&'a [u8]),
    Several,
}

impl<'a> Presented<'a> {
    #[inline]
    pub(crate) fn under<H: HeaderSource + ?Sized>(headers: &'a H, header: AuthHeader) -> Self {
        let mut values = headers.values(header);
        match (values.next(), values.next()) {
            (None, _) => Self::Nothing,
            (Some(value), None) => Self::One(value),
            (Some(_), Some(_)) => Self::Several,
        }
    }
}
