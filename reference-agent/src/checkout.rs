//! Where a claim goes on: the shop's own checkout.

use std::fmt;
use std::str::FromStr;

use rfq_sdk::Usd;
use serde::Deserialize;
use url::{Host, Url};
use uuid::Uuid;

/// The address of the shop's checkout, with places for what is bought: `{id}` (the shop's own SKU),
/// `{quantity}`, `{offer_id}` and `{price_usd}` (of the whole quantity, such as `849.95`).
///
/// `https`, or `http` on this machine. The places are in the path, the query or the fragment, any
/// number of times; what fills them is percent-encoded, so that it never adds a part of its own.
///
/// ```
/// use rfq_reference_agent::checkout::Checkout;
///
/// let checkout: Checkout = "https://shop.example/buy?sku={id}&offer={offer_id}".parse()?;
/// let url = checkout.fill("A&B", 5, uuid::Uuid::from_u128(7), "849.95".parse()?);
/// assert_eq!(
///     url.as_str(),
///     "https://shop.example/buy?sku=A%26B&offer=00000000-0000-0000-0000-000000000007"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Checkout {
    root: Url,
    path: Box<str>,
    query: Option<Box<str>>,
    fragment: Option<Box<str>>,
}

/// Why a text is not a [`Checkout`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckoutError {
    /// Not an absolute URL.
    #[error(
        "expected an absolute URL such as https://shop.example/cart?sku={{id}}&offer={{offer_id}}"
    )]
    NotAUrl,
    /// Neither `https` nor this machine.
    #[error("expected https://, or http:// on this machine only")]
    NotHttps,
    /// With a user name or password, which every buyer would see.
    #[error("expected a URL without user name and password")]
    UserInfo,
    /// A place for something that is not known.
    #[error(
        "{place} stands for nothing; expected {{id}}, {{quantity}}, {{offer_id}} or {{price_usd}}"
    )]
    UnknownPlace {
        /// The place, in braces.
        place: String,
    },
    /// A brace without the other.
    #[error("a brace without its other one; expected places such as {{id}}, and %7B for a brace")]
    LoneBrace,
    /// A place before the path, where it would choose who gets the buyer.
    #[error("expected {{..}} only behind the host")]
    PlaceInHost,
}

const PLACES: [&str; 4] = ["id", "quantity", "offer_id", "price_usd"];

impl Checkout {
    /// The address for so many units of the product `id`, as offered.
    #[must_use]
    pub fn fill(&self, id: &str, quantity: u32, offer_id: Uuid, price_usd: Usd) -> Url {
        // In the order of `PLACES`. None holds a brace once it is encoded.
        let values =
            [encoded(id), quantity.to_string(), offer_id.to_string(), price_usd.to_string()];
        let fill = |part: &str| {
            PLACES.iter().zip(&values).fold(part.to_owned(), |part, (place, value)| {
                part.replace(&format!("{{{place}}}"), value)
            })
        };
        let mut url = self.root.clone();
        url.set_path(&fill(&self.path));
        url.set_query(self.query.as_deref().map(fill).as_deref());
        url.set_fragment(self.fragment.as_deref().map(fill).as_deref());
        url
    }

    /// `https`, or `http` for a checkout on this machine.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.root.scheme()
    }
}

/// All but the characters that mean nothing in any part of a URL (RFC 3986, section 2.3).
fn encoded(value: &str) -> String {
    let encoded = |byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(encoded).collect()
}

impl FromStr for Checkout {
    type Err = CheckoutError;

    fn from_str(text: &str) -> Result<Self, CheckoutError> {
        // The URL standard repairs `https:shop.example` and drops line breaks; a reader sees neither.
        let (scheme, rest) = text.split_once("://").ok_or(CheckoutError::NotAUrl)?;
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(CheckoutError::NotAUrl);
        }
        let (rest, fragment) = split(rest, '#');
        let (rest, query) = split(rest, '?');
        let (host, path) = split(rest, '/');
        if host.contains(['{', '}']) {
            return Err(CheckoutError::PlaceInHost);
        }
        let root =
            Url::parse(&format!("{scheme}://{host}/")).map_err(|_| CheckoutError::NotAUrl)?;
        let is_local = match root.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if root.scheme() != "https" && !(root.scheme() == "http" && is_local) {
            return Err(CheckoutError::NotHttps);
        }
        if !root.username().is_empty() || root.password().is_some() {
            return Err(CheckoutError::UserInfo);
        }
        let path = path.unwrap_or_default();
        for part in [Some(path), query, fragment].into_iter().flatten() {
            check_places(part)?;
        }
        let (query, fragment) = (query.map(Into::into), fragment.map(Into::into));
        Ok(Self { root, path: path.into(), query, fragment })
    }
}

impl TryFrom<String> for Checkout {
    type Error = CheckoutError;

    fn try_from(text: String) -> Result<Self, CheckoutError> {
        text.parse()
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn check_places(part: &str) -> Result<(), CheckoutError> {
    let mut pieces = part.split('{');
    if pieces.next().is_some_and(|before| before.contains('}')) {
        return Err(CheckoutError::LoneBrace);
    }
    for piece in pieces {
        let (place, after) = piece.split_once('}').ok_or(CheckoutError::LoneBrace)?;
        if after.contains('}') {
            return Err(CheckoutError::LoneBrace);
        }
        if !PLACES.contains(&place) {
            return Err(CheckoutError::UnknownPlace { place: format!("{{{place}}}") });
        }
    }
    Ok(())
}

/// The template as it was read, but for the letters of its host.
impl fmt::Display for Checkout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.root, self.path)?;
        if let Some(query) = &self.query {
            write!(f, "?{query}")?;
        }
        self.fragment.as_ref().map_or(Ok(()), |fragment| write!(f, "#{fragment}"))
    }
}

impl fmt::Debug for Checkout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checkout({self})")
    }
}
