//! The sections `[feed]`, `[stock]`, `[checkout]` and `[ledger]`.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::checkout::Checkout as CheckoutUrl;
use crate::feed::Format;
use crate::feed::sql::SqlFeed;

/// Where the products come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "FeedKeys")]
#[non_exhaustive]
pub struct Feed {
    /// The source itself.
    pub source: FeedSource,
    /// The column with the marketplace's name of each product.
    pub slug_column: String,
    /// Maps the shop's products to the marketplace's names.
    pub mapping_file: Option<PathBuf>,
    /// How often a file is looked at for a change; `None` is never.
    pub check_every: Option<Duration>,
    /// How often products are read again regardless; `None` is never.
    pub reload_every: Option<Duration>,
    /// How many of its products a new feed may lose.
    pub max_shrink: Percent,
}

/// What products are read from.
#[derive(Debug, Clone)]
pub enum FeedSource {
    /// The sample that comes with the agent.
    Sample,
    /// A file.
    File {
        /// Where it is.
        path: PathBuf,
        /// How it is written; `None` is told from its beginning.
        format: Option<Format>,
    },
    /// A query of a database.
    Sql(SqlFeed),
}

/// How offers and claims are taken off what is on hand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Stock {
    /// How much of a product's stock open offers may reserve.
    #[serde(rename = "soft_hold_percent")]
    pub soft_hold: Percent,
    /// How long goods are kept for a buyer who went on to checkout.
    #[serde(rename = "hard_hold_minutes", deserialize_with = "minutes")]
    pub hard_hold: Duration,
    /// Claims of one product at once, per caller.
    pub hard_holds_per_product: u32,
}

/// Where buyers pay.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Checkout {
    /// Where the continue page leads; without it claims end there.
    pub url: Option<CheckoutUrl>,
}

/// How long offers are remembered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Ledger {
    /// How long after their end.
    #[serde(rename = "keep_days", deserialize_with = "days")]
    pub keep: Duration,
}

/// 0 to 100 of a hundred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "u8")]
pub struct Percent(u8);

/// The number is above 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 0 to 100")]
pub struct PercentError;

impl Percent {
    /// 0 to 100.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Percent {
    type Error = PercentError;

    fn try_from(percent: u8) -> Result<Self, PercentError> {
        if percent <= 100 { Ok(Self(percent)) } else { Err(PercentError) }
    }
}

/// The section as it is written.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FeedKeys {
    file: Option<PathBuf>,
    format: Option<Format>,
    slug_column: String,
    mapping_file: Option<PathBuf>,
    #[serde(rename = "check_seconds", deserialize_with = "seconds")]
    check_every: Option<Duration>,
    #[serde(rename = "reload_seconds", deserialize_with = "seconds")]
    reload_every: Option<Duration>,
    #[serde(rename = "max_shrink_percent")]
    max_shrink: Percent,
    sql: Option<SqlFeed>,
}

/// Why a section `[feed]` does not hold together.
#[derive(Debug, thiserror::Error)]
enum FeedKeysError {
    #[error("both file and sql are set, here, by variables or by options; expected one of the two")]
    TwoSources,
    #[error("slug_column: expected the name of a column")]
    NoColumn,
}

impl Default for FeedKeys {
    fn default() -> Self {
        Self {
            file: None,
            format: None,
            slug_column: "product_slug".to_owned(),
            mapping_file: None,
            check_every: Some(Duration::from_secs(5)),
            reload_every: None,
            max_shrink: Percent(50),
            sql: None,
        }
    }
}

impl Default for Feed {
    fn default() -> Self {
        Self::with(FeedSource::Sample, FeedKeys::default())
    }
}

impl Feed {
    fn with(source: FeedSource, keys: FeedKeys) -> Self {
        let FeedKeys { slug_column, mapping_file, check_every, reload_every, max_shrink, .. } =
            keys;
        Self { source, slug_column, mapping_file, check_every, reload_every, max_shrink }
    }
}

impl TryFrom<FeedKeys> for Feed {
    type Error = FeedKeysError;

    fn try_from(mut keys: FeedKeys) -> Result<Self, FeedKeysError> {
        if keys.slug_column.trim().is_empty() {
            return Err(FeedKeysError::NoColumn);
        }
        let format = keys.format;
        let source = match (keys.file.take(), keys.sql.take()) {
            (None, None) => FeedSource::Sample,
            (Some(path), None) => FeedSource::File { path, format },
            (None, Some(sql)) => FeedSource::Sql(sql),
            (Some(_), Some(_)) => return Err(FeedKeysError::TwoSources),
        };
        Ok(Self::with(source, keys))
    }
}

impl Default for Stock {
    fn default() -> Self {
        Self {
            soft_hold: Percent(20),
            hard_hold: Duration::from_mins(15),
            hard_holds_per_product: 20,
        }
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self { keep: Duration::from_hours(24 * 30) }
    }
}

/// 0 is never.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let seconds = u32::deserialize(deserializer)?;
    Ok((seconds > 0).then(|| Duration::from_secs(seconds.into())))
}

fn minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u32::deserialize(deserializer).map(|minutes| Duration::from_mins(minutes.into()))
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u32::deserialize(deserializer).map(|days| Duration::from_hours(24 * u64::from(days)))
}
