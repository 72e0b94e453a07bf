//! Where a producer takes requests for quotes.

use std::fmt;
use std::sync::Arc;

use rfq_agent_card::CardUrl;
use rfq_agent_card::endpoint::{CardUrlError, RFQ_PATH};
use url::Url;

use super::guard::Reach;

/// Where a producer takes requests for quotes: a host, as its URL names it, and what of it may be
/// called. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Endpoint(Arc<Place>);

#[derive(PartialEq, Eq, Hash)]
struct Place {
    reach: Reach,
    /// The host's name, and the port where it is not the scheme's own.
    authority: Box<str>,
    port: u16,
}

/// Why a text is no endpoint within reach.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL that may be called.
    #[error(transparent)]
    Url(#[from] CardUrlError),
    /// Another path than [`RFQ_PATH`], or a query.
    #[error("expected the path {RFQ_PATH} and nothing after it")]
    Path,
    /// Not on this machine, or not spelt as it must be there.
    #[error("expected http://NAME.localhost:PORT{RFQ_PATH}, since only this machine may be called")]
    DevLoopback,
}

impl Endpoint {
    /// Parses the URL of an endpoint: with [`Reach::Public`] `https://HOST/message:send`, HOST being
    /// a DNS name and the port 443; with [`Reach::DevLoopback`]
    /// `http://NAME.localhost:PORT/message:send`.
    ///
    /// # Errors
    /// [`EndpointError`] for anything else. Addresses in place of names are refused in every
    /// notation.
    pub fn parse(text: &str, reach: Reach) -> Result<Self, EndpointError> {
        match reach {
            Reach::Public => {
                let url = CardUrl::parse(text)?;
                (url.as_str() == url.rfq_endpoint().as_str())
                    .then(|| Self::from(&url))
                    .ok_or(EndpointError::Path)
            }
            Reach::DevLoopback => dev_loopback(text).ok_or(EndpointError::DevLoopback),
        }
    }

    /// From where to where it leads.
    #[must_use]
    pub fn reach(&self) -> Reach {
        self.0.reach
    }

    /// The host's name: lower case, punycode, no trailing dot.
    #[must_use]
    pub fn host(&self) -> &str {
        let authority = self.authority();
        authority.split_once(':').map_or(authority, |(host, _)| host)
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// The value of a `Host` header.
    pub(super) fn authority(&self) -> &str {
        &self.0.authority
    }
}

/// Where RFQs for this card are posted.
impl From<&CardUrl> for Endpoint {
    fn from(url: &CardUrl) -> Self {
        let authority = url.host().into();
        Self(Arc::new(Place { reach: Reach::Public, authority, port: 443 }))
    }
}

fn dev_loopback(text: &str) -> Option<Endpoint> {
    let url = Url::parse(text).ok()?;
    let name = url.host_str()?.strip_suffix(".localhost")?;
    let port = url.port_or_known_default()?;
    let is_name = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    let authority = format!("{name}.localhost:{port}").into_boxed_str();
    // The very text: the parser repairs what other clients read otherwise.
    let is_exact = text == format!("http://{authority}{RFQ_PATH}");
    let place = Place { reach: Reach::DevLoopback, authority, port };
    (port != 0 && is_name && is_exact).then(|| Endpoint(Arc::new(place)))
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.0.reach {
            Reach::Public => "https",
            Reach::DevLoopback => "http",
        };
        write!(f, "{scheme}://{}{RFQ_PATH}", self.authority())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}
