//! Stand-ins for the types that other modules will have for their sections.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use rfq_sdk::Usd;
use serde::{Deserialize, Deserializer};

/// How a feed is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "a stand-in")]
pub enum Format {
    GoogleTsv,
    GoogleCsv,
    GoogleXml,
    AcpJsonl,
    ShopifyCsv,
    WoocommerceCsv,
}

impl Format {
    /// Its name in the configuration.
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
}

/// `[feed.sql]`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "a stand-in")]
pub struct SqlFeed {
    pub url: String,
    pub query: String,
    #[serde(default = "SqlFeed::timeout_seconds")]
    pub timeout_seconds: u16,
}

impl SqlFeed {
    fn timeout_seconds() -> u16 {
        60
    }
}

impl fmt::Debug for SqlFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url: _, query, timeout_seconds } = self;
        write!(f, "SqlFeed({query:?}, {timeout_seconds})")
    }
}

/// `[price_service]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "a stand-in")]
pub struct PriceService {
    pub url: String,
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u32,
    #[serde(default = "cache_entries")]
    pub cache_entries: u32,
    #[serde(default = "cache_seconds")]
    pub cache_seconds: u32,
    #[serde(default = "breaker_failures")]
    pub breaker_failures: u32,
    #[serde(default = "breaker_seconds")]
    pub breaker_seconds: u32,
    #[serde(default = "max_concurrent")]
    pub max_concurrent: u32,
    #[serde(default)]
    pub token_file: Option<PathBuf>,
}

fn timeout_ms() -> u32 {
    1500
}
fn cache_entries() -> u32 {
    10_000
}
fn cache_seconds() -> u32 {
    30
}
fn breaker_failures() -> u32 {
    5
}
fn breaker_seconds() -> u32 {
    10
}
fn max_concurrent() -> u32 {
    64
}

/// `[offers]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "a stand-in")]
pub struct OfferRules {
    pub valid_minutes: u16,
    pub terms: String,
    pub out_of_stock: OutOfStock,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutOfStock {
    Decline,
    Offer,
}

impl Default for OfferRules {
    fn default() -> Self {
        Self {
            valid_minutes: 1435,
            terms: "Excl. sales tax and duty.".to_owned(),
            out_of_stock: OutOfStock::Decline,
        }
    }
}

/// `[shipping]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "a stand-in")]
pub struct ShopShipping {
    pub free_from_usd: Option<Money>,
    pub zones: Vec<Zone>,
    pub surcharges_usd: BTreeMap<String, Money>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    pub regions: Vec<String>,
    pub tiers: Vec<Tier>,
    pub transit_days: Option<(u16, u16)>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    pub up_to_usd: Option<Money>,
    pub up_to_grams: Option<u64>,
    pub cost_usd: Money,
}

/// US dollars, as a number.
#[derive(Debug, Clone, Copy)]
pub struct Money(pub Usd);

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        Usd::from_json_number(&number.to_string()).map(Self).map_err(serde::de::Error::custom)
    }
}

/// `[lead_time]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "a stand-in")]
pub struct LeadTime {
    #[serde(deserialize_with = "time_zone")]
    pub time_zone: String,
    pub cut_off: Option<String>,
    pub business_days: Vec<String>,
    pub holidays: Vec<String>,
    pub handling_days: Option<(u16, u16)>,
}

impl Default for LeadTime {
    fn default() -> Self {
        Self {
            time_zone: "UTC".to_owned(),
            cut_off: None,
            business_days: ["mon", "tue", "wed", "thu", "fri"].map(Into::into).into(),
            holidays: Vec::new(),
            handling_days: None,
        }
    }
}

fn time_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    match name.parse::<chrono_tz::Tz>() {
        Ok(_) => Ok(name),
        Err(_) => Err(serde::de::Error::custom("expected a time zone such as America/New_York")),
    }
}
