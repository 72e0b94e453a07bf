//! The command line. Only here may errors be `anyhow`: they end the program.

mod banner;
mod feed;
mod import;
mod init;
mod log;
mod replay;
mod report;
mod say;
mod serve;

use std::env;
use std::io;
use std::path::Path;

use anyhow::bail;
use chrono::{DateTime, Utc};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand};
use rfq_reference_agent::config::{Config, FeedSource, KEYS, Key, is_url};
use rfq_reference_agent::feed::Format;
use toml::Table;
use tracing::info;
use uuid::Uuid;

pub(crate) use import::import;
pub(crate) use init::init;
pub(crate) use replay::replay;
pub(crate) use serve::serve;

/// Answers requests for quotes (RFQs) from a retailer's own product data.
#[derive(Debug, Parser)]
#[command(name = "rfq-agent", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) log: log::LogArgs,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::InitArgs),
    Serve(Box<serve::ServeArgs>),
    Import(import::ImportArgs),
    Replay(replay::ReplayArgs),
}

/// What the commands get from the machine, so that nothing below asks it.
pub(crate) struct Ambient {
    pub(crate) now: fn() -> DateTime<Utc>,
    pub(crate) offer_id: fn() -> Uuid,
    pub(crate) secret_bytes: fn() -> io::Result<[u8; 32]>,
}

/// What `init` calls the configuration that it writes.
const CONFIGURATION: &str = "rfq-agent.toml";

/// Keys that say where a try-out is reached on this machine and where it keeps what it makes; like the
/// variables of the log they are set for a try in a container too. Every other variable says something
/// of a shop.
const OF_A_TRY_OUT: [&str; 3] = ["bind", "admin_bind", "data_dir"];

/// The configuration to quote by: that of `file`, or else of the file that `init` wrote into this
/// directory, and of the environment and `flags`. A shop that is configured never falls back on the
/// sample.
fn configuration(file: Option<&Path>, flags: Table) -> anyhow::Result<Config> {
    let file = file.or_else(configuration_here);
    let without_feed = match file {
        Some(file) => Some(format!("{} names no feed", file.display())),
        None => configured_by(&flags).map(|by| format!("{by} is set, but no feed is named")),
    };
    let config = Config::load(file, env::vars_os(), flags)?;
    match (without_feed, &config.feed.source) {
        (Some(without_feed), FeedSource::Sample) => bail!(
            "{without_feed}: set feed.file (also by RFQ_AGENT_FEED_FILE, or --feed of serve), or \
             feed.sql for a database; sample products are only served without a configuration"
        ),
        _ => Ok(config),
    }
}

/// As [`configuration`], whether or not it names a feed.
fn configuration_for_any_feed(file: Option<&Path>) -> anyhow::Result<Config> {
    let file = file.or_else(configuration_here);
    Ok(Config::load(file, env::vars_os(), Table::new())?)
}

/// The configuration of this directory, if it is there.
fn configuration_here<'a>() -> Option<&'a Path> {
    let here = Path::new(CONFIGURATION);
    // A link that leads nowhere is no reason to sell the sample.
    here.symlink_metadata().ok()?;
    info!(file = CONFIGURATION, "Taking the configuration of this directory");
    Some(here)
}

/// What says without a file that this is a shop and no try-out. Of the options that is the one by which
/// others come to reach it: whoever types an option reads also that the sample is served.
fn configured_by(flags: &Table) -> Option<String> {
    let of_a_shop = KEYS.iter().filter(|key| !OF_A_TRY_OUT.contains(&key.path));
    let variable = of_a_shop.filter_map(Key::variable).find(|name| env::var_os(name).is_some());
    let option = || flags.contains_key("public_url").then(|| "--public-url".to_owned());
    variable.or_else(option)
}

/// Refuses a URL where a file is meant, before it is told as a path: a password may be in it.
fn refuse_url(path: &Path) -> anyhow::Result<()> {
    if is_url(&path.to_string_lossy()) {
        bail!("expected a file, not a URL; a database belongs in [feed.sql] of the configuration");
    }
    Ok(())
}

/// Of `--format`.
fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name)).try_map(|name| name.parse::<Format>())
}
