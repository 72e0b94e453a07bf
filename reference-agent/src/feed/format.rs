//! The formats a feed can be in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::row::normalised;
use super::table::{Record, Records, Separator, labels};

/// The formats a feed can be in. They are written by their names, as in `google-tsv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Format {
    /// Google Merchant, tab-separated.
    GoogleTsv,
    /// Google Merchant, comma-separated.
    GoogleCsv,
    /// Google Merchant, RSS 2.0 or Atom.
    GoogleXml,
    /// The product feed of the Agentic Commerce Protocol, a JSON object a line.
    AcpJsonl,
    /// Shopify's export of products.
    ShopifyCsv,
    /// `WooCommerce`'s export of products.
    WoocommerceCsv,
}

/// Why there is no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// No format has this name.
    #[error("{name:?} is no format of a feed; expected one of {}", Format::list())]
    Unknown {
        /// The name.
        name: String,
    },
    /// The beginning of a feed is like none of them.
    #[error(
        "its format cannot be told from its beginning; say by feed.format, or --format of init and \
         import, which of {} it is, or check what exports it",
        Format::list()
    )]
    Undetected,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [
        Self::GoogleTsv,
        Self::GoogleCsv,
        Self::GoogleXml,
        Self::AcpJsonl,
        Self::ShopifyCsv,
        Self::WoocommerceCsv,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GoogleTsv => "google-tsv",
            Self::GoogleCsv => "google-csv",
            Self::GoogleXml => "google-xml",
            Self::AcpJsonl => "acp-jsonl",
            Self::ShopifyCsv => "shopify-csv",
            Self::WoocommerceCsv => "woocommerce-csv",
        }
    }

    /// Tells the format from the beginning of a feed, which should reach beyond the header.
    ///
    /// # Errors
    /// [`FormatError::Undetected`].
    pub fn detect(head: &[u8]) -> Result<Self, FormatError> {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        match head.first() {
            Some(b'<') => return Ok(Self::GoogleXml),
            Some(b'{') => return Ok(Self::AcpJsonl),
            _ => {}
        }
        let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if line.contains(&b'\t') {
            let names = header(head, Separator::Tab);
            return Self::google(&names, Self::GoogleTsv);
        }
        let names = header(head, Separator::Comma);
        let has = |name: &str| names.iter().any(|found| found == name);
        if has("regular_price") || has("in_stock?") {
            Ok(Self::WoocommerceCsv)
        } else if has("handle") || has("url_handle") {
            Ok(Self::ShopifyCsv)
        } else {
            Self::google(&names, Self::GoogleCsv)
        }
    }

    /// `format` if these are names of Google's.
    fn google(names: &[String], format: Self) -> Result<Self, FormatError> {
        const KNOWN: [&str; 5] = ["id", "title", "price", "availability", "link"];
        let known = names.iter().filter(|name| KNOWN.contains(&name.as_str())).count();
        if known >= 2 { Ok(format) } else { Err(FormatError::Undetected) }
    }

    fn list() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

fn header(head: &[u8], separator: Separator) -> Vec<String> {
    let mut record = Record::default();
    // Reading from memory cannot fail.
    let _ = Records::of(head, separator).next(&mut record);
    labels(&record, separator).iter().map(|label| normalised(label)).collect()
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(name: &str) -> Result<Self, FormatError> {
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| FormatError::Unknown { name: name.to_owned() })
    }
}
