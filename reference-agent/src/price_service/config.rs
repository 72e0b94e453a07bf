//! The section `[price_service]` of the configuration.

use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

/// The section `[price_service]` of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceServiceConfig {
    /// Where to ask, `http` or `https`.
    pub url: EndpointUrl,
    /// Milliseconds that a whole call may take, 1 to 3000; a request is answered within 4 seconds, or
    /// it is lost.
    #[serde(default)]
    pub timeout_ms: TimeoutMs,
    /// The most answers kept at once, at some 300 bytes each.
    #[serde(default = "ten_thousand")]
    pub cache_entries: NonZeroU32,
    /// Seconds that an answer is kept, and so how old a quoted price can be; 0 keeps none.
    #[serde(default = "half_a_minute")]
    pub cache_seconds: u16,
    /// Outages one after the other after which the endpoint is left alone.
    #[serde(default = "five")]
    pub breaker_failures: NonZeroU32,
    /// Seconds that it is left alone; requests are declined meanwhile.
    #[serde(default = "ten")]
    pub breaker_seconds: NonZeroU16,
    /// The most calls at once; requests beyond them are declined.
    #[serde(default = "sixty_four")]
    pub max_concurrent: NonZeroU16,
    /// A file whose first line is sent as `Authorization: Bearer`. Read at the start.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
}

const TEN_THOUSAND: NonZeroU32 = NonZeroU32::MIN.saturating_add(9_999);
const FIVE: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);
const TEN: NonZeroU16 = NonZeroU16::MIN.saturating_add(9);
const SIXTY_FOUR: NonZeroU16 = NonZeroU16::MIN.saturating_add(63);

fn ten_thousand() -> NonZeroU32 {
    TEN_THOUSAND
}

fn half_a_minute() -> u16 {
    30
}

fn five() -> NonZeroU32 {
    FIVE
}

fn ten() -> NonZeroU16 {
    TEN
}

fn sixty_four() -> NonZeroU16 {
    SIXTY_FOUR
}

impl PriceServiceConfig {
    pub(super) fn breaker_rest(&self) -> Duration {
        Duration::from_secs(self.breaker_seconds.get().into())
    }
}

/// Milliseconds that a whole call may take: 1 to [`TimeoutMs::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub struct TimeoutMs(u16);

impl TimeoutMs {
    /// Of the 4 seconds that an answer may take, one is left for the rest.
    pub const MAX: u16 = 3000;

    /// The milliseconds, 1 to [`TimeoutMs::MAX`].
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl Default for TimeoutMs {
    fn default() -> Self {
        Self(1500)
    }
}

impl TryFrom<u16> for TimeoutMs {
    type Error = String;

    fn try_from(timeout_ms: u16) -> Result<Self, String> {
        if (1..=Self::MAX).contains(&timeout_ms) {
            Ok(Self(timeout_ms))
        } else {
            Err(format!("expected 1 to {} milliseconds", Self::MAX))
        }
    }
}

/// Where the price service is. What its query holds is not in its `Debug`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct EndpointUrl(Url);

impl EndpointUrl {
    pub(super) fn into_url(self) -> Url {
        self.0
    }
}

impl TryFrom<String> for EndpointUrl {
    type Error = &'static str;

    /// The errors hold no part of the url, as it may hold what is secret.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let expected = "expected a url such as https://shop.example/price";
        let url = Url::parse(&text).map_err(|_| expected)?;
        if !matches!(url.scheme(), "http" | "https") || url.fragment().is_some() {
            return Err(expected);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "expected a url without user and password; use token_file for what is secret",
            );
        }
        Ok(Self(url))
    }
}

impl std::fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = self.0.clone();
        shown.set_query(self.0.query().map(|_| ".."));
        f.write_str(shown.as_str())
    }
}
