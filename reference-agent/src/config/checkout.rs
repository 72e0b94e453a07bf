//! Where a buyer pays.

use std::fmt;
use std::str::FromStr;

use rfq_sdk::Usd;
use serde::Deserialize;
use url::{Host, Url};
use uuid::Uuid;

/// The address of the shop's checkout, with placeholders for what is bought: `{id}` (the shop's own
/// SKU), `{quantity}`, `{offer_id}` and `{price_usd}` (of the whole order, such as `849.95`).
///
/// `https`, or `http` on this machine. Placeholders are behind the host only. What fills them is
/// percent-encoded, so that it never adds a part of its own.
///
/// ```
/// use rfq_reference_agent::config::CheckoutUrl;
///
/// let checkout: CheckoutUrl = "https://shop.example/buy?sku={id}&n={quantity}".parse()?;
/// let url = checkout.fill("A&B", 5, uuid::Uuid::nil(), "849.95".parse()?);
/// assert_eq!(url.as_str(), "https://shop.example/buy?sku=A%26B&n=5");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CheckoutUrl {
    /// Only its scheme and host count.
    root: Url,
    path: Box<str>,
    query: Option<Box<str>>,
    fragment: Option<Box<str>>,
}

/// Why a text is not a [`CheckoutUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckoutUrlError {
    /// Not an absolute URL.
    #[error("expected an absolute URL such as https://shop.example/cart?sku={{id}}")]
    NotAUrl,
    /// Neither `https` nor this machine.
    #[error("expected https://, or http:// on this machine only")]
    NotHttps,
    /// With a user name or password, which every buyer would see.
    #[error("expected a URL without user name and password")]
    UserInfo,
    /// A placeholder that means nothing.
    #[error(
        "{{{name}}} is no placeholder; expected {{id}}, {{quantity}}, {{offer_id}} or {{price_usd}}"
    )]
    Unknown {
        /// What stands in the braces.
        name: String,
    },
    /// A brace without the other.
    #[error("a brace stands alone; expected placeholders such as {{id}}, and %7B for a brace")]
    LoneBrace,
    /// A placeholder before the path, where it would choose who gets the buyer.
    #[error("expected placeholders behind the host only")]
    InHost,
}

const PLACEHOLDERS: [&str; 4] = ["id", "quantity", "offer_id", "price_usd"];

impl CheckoutUrl {
    /// The address for so many units of the product `id`, as offered, for `price_usd` in all.
    #[must_use]
    pub fn fill(&self, id: &str, quantity: u32, offer_id: Uuid, price_usd: Usd) -> Url {
        // In the order of `PLACEHOLDERS`. None holds a brace once it is encoded.
        let values =
            [encoded(id), quantity.to_string(), offer_id.to_string(), price_usd.to_string()];
        let fill = |part: &str| {
            PLACEHOLDERS.iter().zip(&values).fold(part.to_owned(), |part, (name, value)| {
                part.replace(&format!("{{{name}}}"), value)
            })
        };
        let mut url = self.root.clone();
        url.set_path(&fill(&self.path));
        url.set_query(self.query.as_deref().map(fill).as_deref());
        url.set_fragment(self.fragment.as_deref().map(fill).as_deref());
        url
    }
}

/// All but the characters that mean nothing in any part of a URL (RFC 3986, section 2.3).
fn encoded(value: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(encode).collect()
}

impl FromStr for CheckoutUrl {
    type Err = CheckoutUrlError;

    fn from_str(text: &str) -> Result<Self, CheckoutUrlError> {
        // The URL standard repairs much; what a reader does not see must not be there.
        let (_, rest) = text.split_once("://").ok_or(CheckoutUrlError::NotAUrl)?;
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(CheckoutUrlError::NotAUrl);
        }
        let (rest, fragment) = split(rest, '#');
        let (rest, query) = split(rest, '?');
        let (host, path) = split(rest, '/');
        if host.contains(['{', '}']) {
            return Err(CheckoutUrlError::InHost);
        }
        check_placeholders(text)?;
        let root = Url::parse(text).map_err(|_| CheckoutUrlError::NotAUrl)?;
        let is_local = match root.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if root.scheme() != "https" && !(root.scheme() == "http" && is_local) {
            return Err(CheckoutUrlError::NotHttps);
        }
        if !root.username().is_empty() || root.password().is_some() {
            return Err(CheckoutUrlError::UserInfo);
        }
        let path = path.unwrap_or_default().into();
        let (query, fragment) = (query.map(Into::into), fragment.map(Into::into));
        Ok(Self { root, path, query, fragment })
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn check_placeholders(text: &str) -> Result<(), CheckoutUrlError> {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or(CheckoutUrlError::LoneBrace)?;
        if before.contains('}') || name.contains('{') {
            return Err(CheckoutUrlError::LoneBrace);
        }
        if !PLACEHOLDERS.contains(&name) {
            return Err(CheckoutUrlError::Unknown { name: name.to_owned() });
        }
        rest = after;
    }
    if rest.contains('}') { Err(CheckoutUrlError::LoneBrace) } else { Ok(()) }
}

impl TryFrom<String> for CheckoutUrl {
    type Error = CheckoutUrlError;

    fn try_from(text: String) -> Result<Self, CheckoutUrlError> {
        text.parse()
    }
}

impl fmt::Debug for CheckoutUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckoutUrl({})", self.root)
    }
}
