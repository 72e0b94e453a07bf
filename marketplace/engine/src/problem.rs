//! Why a producer could not be asked, or its answer not be read.

use crate::call::CallFailure;

/// Why there is no answer, as exactly as the client knows: for transcripts, and for whoever
/// registers a producer and wants to know what to mend. It holds nothing secret, and of a refused
/// address only its kind, since our own resolver may know more than the world should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CallProblem {
    /// The endpoint is of another reach than the client's, such as one of development in public.
    #[error("the endpoint is out of reach")]
    OutOfReach,
    /// The name does not exist, or has no address.
    #[error("the name was not found")]
    NameNotFound,
    /// The name was not looked up in time.
    #[error("the name took too long to look up")]
    LookUpSlow,
    /// The name leads to an address that may not be called, such as one that is private.
    #[error("the name leads to an address that is {0}")]
    NotPublic(&'static str),
    /// Nothing listens there.
    #[error("the connection was refused")]
    Refused,
    /// There is no way there.
    #[error("no address could be reached")]
    Unreachable,
    /// The connection was not there in time.
    #[error("the connection took too long to open")]
    ConnectSlow,
    /// What answers does not speak TLS.
    #[error("what answered does not speak TLS")]
    NotTls,
    /// The certificate is one for other names.
    #[error("the certificate is not for this name")]
    CertificateName,
    /// The certificate is no longer valid, or not yet.
    #[error("the certificate has expired or is not valid yet")]
    CertificateTime,
    /// Nobody who is trusted vouches for the certificate; its chain may be incomplete.
    #[error("no trusted authority vouches for the certificate, or its chain is incomplete")]
    CertificateIssuer,
    /// Another fault of the certificate.
    #[error("the certificate is not valid")]
    Certificate,
    /// No version, cipher or protocol in common, or the other side gave up.
    #[error("no agreement on TLS was reached (1.2 and 1.3 are offered, and HTTP/1.1)")]
    TlsRefused,
    /// TLS was not agreed on in time.
    #[error("TLS took too long")]
    TlsSlow,
    /// The connection ended while TLS was agreed on.
    #[error("the connection ended during the TLS handshake")]
    TlsBroken,
    /// The connection ended before the answer was whole.
    #[error("the connection ended before the answer was whole")]
    Broken,
    /// What came is not HTTP/1.
    #[error("what came is not HTTP/1.1")]
    NotHttp,
    /// The head of the answer is too long or has too many headers.
    #[error("the head of the answer is too large")]
    HeadTooLarge,
    /// The body of the answer is too long, as sent or as decoded.
    #[error("the body of the answer is too large")]
    BodyTooLarge,
}

impl CallProblem {
    /// What kind of failure it is.
    #[must_use]
    pub const fn failure(self) -> CallFailure {
        match self {
            Self::OutOfReach
            | Self::NameNotFound
            | Self::LookUpSlow
            | Self::NotPublic(_)
            | Self::Refused
            | Self::Unreachable
            | Self::ConnectSlow => CallFailure::Connect,
            Self::NotTls
            | Self::CertificateName
            | Self::CertificateTime
            | Self::CertificateIssuer
            | Self::Certificate
            | Self::TlsRefused
            | Self::TlsSlow
            | Self::TlsBroken => CallFailure::Tls,
            Self::Broken | Self::NotHttp => CallFailure::Io,
            Self::HeadTooLarge | Self::BodyTooLarge => CallFailure::TooLarge,
        }
    }
}
