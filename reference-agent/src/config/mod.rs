//! What the agent is told: by a file, environment variables and the command line, each over the one
//! before, and all of them over the defaults.
//!
//! [`KEYS`] says all there is to say of every key; CONFIGURATION.md is made from it.

mod commented;
mod error;
mod keys;
mod layers;
mod mend;
mod sections;
mod table;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rfq_sdk::Budget;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Table;
use url::Url;

pub use self::commented::{commented, quoted, reference};
pub use self::error::{ConfigError, Origin, Problem};
pub use self::keys::{Key, Kind, Unset, VARIABLE_PREFIX, is_url};
pub use self::sections::{Checkout, Feed, FeedSource, Ledger, Percent, PercentError, Stock};
pub use self::table::{KEYS, SECTIONS};

use self::keys::Kind as K;
use self::layers::{Layers, shown};
use self::mend::pattern;
use crate::calendar::LeadTime;
use crate::price_service::PriceServiceConfig;
use crate::rules::{OfferRules, Rules};
use crate::shipping::ShopShipping;

/// The folder of what the agent keeps, unless it is told another.
pub const DATA_DIR: &str = "rfq-agent-data";

/// The whole configuration. Its default is what the agent does when it is told nothing.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Where requests for quotes are answered.
    pub bind: SocketAddr,
    /// Where metrics and orders are, for the shop's own network only.
    pub admin_bind: SocketAddr,
    /// Host names that the admin address answers to, beside `localhost` and IP addresses.
    #[serde(deserialize_with = "hosts")]
    pub admin_hosts: Vec<String>,
    /// Where the agent is reached from outside: the root of an https site.
    #[serde(deserialize_with = "public_url")]
    pub public_url: Option<Url>,
    /// How the marketplace authenticates its requests.
    pub auth: Auth,
    /// The file with the secret; without it `secret` in the data directory.
    pub secret_file: Option<PathBuf>,
    /// The folder of what the agent keeps.
    pub data_dir: PathBuf,
    /// From the first byte of a request to its answer.
    #[serde(rename = "budget_ms", deserialize_with = "budget")]
    pub budget: Budget,
    /// The agent's name on its card.
    #[serde(deserialize_with = "some_text")]
    pub name: String,
    /// What the card says that the agent does.
    #[serde(deserialize_with = "some_text")]
    pub description: String,
    /// Where prices are asked for with each request, if anywhere.
    pub price_service: Option<PriceServiceConfig>,
    /// Where the products come from.
    pub feed: Feed,
    /// What every offer says.
    pub offers: OfferRules,
    /// What sending costs.
    pub shipping: ShopShipping,
    /// When goods leave the shop.
    pub lead_time: LeadTime,
    /// How offers and claims are taken off the stock.
    pub stock: Stock,
    /// Where buyers pay.
    pub checkout: Checkout,
    /// How long offers are remembered.
    pub ledger: Ledger,
}

/// How the marketplace authenticates its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// A signature over timestamp and body.
    #[default]
    Hmac,
    /// The secret itself, as a token.
    Bearer,
}

impl Config {
    /// The configuration that the file, then the variables that begin with [`VARIABLE_PREFIX`], then
    /// the flags (in a table of the file's shape) make of the defaults. Other variables are none of
    /// its business.
    ///
    /// Relative paths in the file begin at its folder, the default of `data_dir` with them; others
    /// stay as they are, and so begin at the working directory.
    ///
    /// # Errors
    /// [`ConfigError`], with everything that is wrong in it, as far as it can be told at once.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
        flags: Table,
    ) -> Result<Self, ConfigError> {
        let mut layers = Layers::default();
        if let Some(file) = file {
            let text = std::fs::read_to_string(file)
                .map_err(|source| ConfigError::Read { file: file.to_path_buf(), source })?;
            layers.add_file(file, &text)?;
        }
        layers.add_variables(environment);
        layers.add_flags(flags);
        layers.settle();
        let config = read(&mut layers);
        match config {
            Some(config) if layers.problems.is_empty() => Ok(config),
            Some(_) | None => {
                // As the file is read; what is not in it comes last.
                layers.problems.sort_by_key(Problem::line);
                Err(ConfigError::Unusable(layers.problems))
            }
        }
    }

    /// How the shop quotes.
    #[must_use]
    pub fn rules(&self) -> Rules {
        let Self { offers, shipping, lead_time, .. } = self.clone();
        Rules { offers, shipping, lead_time }
    }
}

/// Reads the types out of the table. What one refuses is noted and put out of the way, so that the
/// others are read too; what is left is a configuration, unless even that cannot be.
fn read(layers: &mut Layers) -> Option<Config> {
    loop {
        let error = match serde_path_to_error::deserialize(layers.table.clone()) {
            Ok(config) => {
                check_addresses(&config, layers);
                return Some(config);
            }
            Err(error) => error,
        };
        let path = error.path().to_string();
        let path = refused(layers, &path, error.inner().message());
        if !layers.mend(&path) {
            return None;
        }
    }
}

/// Notes that a type refused the value at `path`; the path of what is at fault in it.
fn refused(layers: &mut Layers, path: &str, message: &str) -> String {
    let message = message.trim_end();
    // Of a section the message begins with the key.
    let (first, rest) = message.split_once([' ', ':']).unwrap_or((message, ""));
    let inner = format!("{path}.{first}");
    let (path, given, reason) = if Key::find(&inner).is_some() {
        (inner, None, rest.trim_start_matches([' ', ':']))
    } else {
        let key = Key::find(&pattern(path))
            .filter(|key| !matches!(key.kind, K::List(_) | K::UsdByRegion | K::Table | K::Tables));
        let given = key.and_then(|key| Some(shown(Some(key), layers.value(path)?)));
        (path.to_owned(), given, message)
    };
    if !layers.is_consequence(&path) {
        layers.wrong(&path, given, reason.to_owned());
    }
    path
}

/// Metrics and orders must not be where everyone can ask for quotes.
fn check_addresses(config: &Config, layers: &mut Layers) {
    let are_read = !layers.is_blamed("bind") && !layers.is_blamed("admin_bind");
    if are_read && config.bind == config.admin_bind && config.bind.port() != 0 {
        let given = Some(format!("{:?}", config.admin_bind.to_string()));
        layers.wrong("admin_bind", given, "expected another address than that of bind".to_owned());
    }
}

impl Default for Config {
    fn default() -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            bind: local(8787),
            admin_bind: local(8788),
            admin_hosts: Vec::new(),
            public_url: None,
            auth: Auth::default(),
            secret_file: None,
            data_dir: DATA_DIR.into(),
            budget: Budget::default(),
            name: "RFQ agent".to_owned(),
            description: "Answers requests for quotes with current price, stock and shipping."
                .to_owned(),
            price_service: None,
            feed: Feed::default(),
            offers: OfferRules::default(),
            shipping: ShopShipping::default(),
            lead_time: LeadTime::default(),
            stock: Stock::default(),
            checkout: Checkout::default(),
            ledger: Ledger::default(),
        }
    }
}

/// The root of an https site: what claim links and the card are below of.
fn public_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_root = |url: &Url| {
        let is_plain = url.username().is_empty() && url.password().is_none();
        let has_no_more = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        url.scheme() == "https" && is_plain && has_no_more
    };
    let url = Url::parse(&text).ok().filter(is_root);
    url.map(Some).ok_or_else(|| {
        D::Error::custom("expected https:// and a host and no more, such as https://shop.example")
    })
}

fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let hosts: Vec<String> = Deserialize::deserialize(deserializer)?;
    let is_name = |host: &str| {
        !host.is_empty()
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    if hosts.iter().all(|host| is_name(host)) {
        Ok(hosts)
    } else {
        Err(D::Error::custom(
            "expected host names without scheme and port, such as [\"rfq-agent\"]",
        ))
    }
}

fn budget<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Budget, D::Error> {
    let milliseconds = u64::deserialize(deserializer)?;
    Budget::new(Duration::from_millis(milliseconds)).map_err(D::Error::custom)
}

fn some_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() { Err(D::Error::custom("expected some text")) } else { Ok(text) }
}
