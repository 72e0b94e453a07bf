//! The command line. Only here may errors be `anyhow`: they end the program.

mod banner;
mod feed;
mod import;
mod init;
mod log;
mod replay;
mod serve;

use std::env;
use std::io;
use std::path::Path;

use anyhow::bail;
use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand};
use rfq_reference_agent::config::{Config, FeedSource, is_url};
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

/// The configuration: that of `file`, or else of the file that `init` wrote into this directory, and
/// of the environment and `flags`. A shop that is configured never falls back on the sample.
fn configuration(file: Option<&Path>, flags: toml::Table) -> anyhow::Result<Config> {
    let here = Path::new(CONFIGURATION);
    let file = file.or_else(|| {
        // A link that leads nowhere is no reason to sell the sample.
        here.symlink_metadata().ok()?;
        info!(file = CONFIGURATION, "Taking the configuration of this directory");
        Some(here)
    });
    let config = Config::load(file, env::vars_os(), flags)?;
    if let (Some(file), FeedSource::Sample) = (file, &config.feed.source) {
        bail!(
            "{} names no feed: set feed.file, or feed.sql for a database; sample products are only \
             served without a configuration",
            file.display()
        );
    }
    Ok(config)
}

/// Refuses a URL where a file is meant, before it is told as a path: a password may be in it.
fn refuse_url(path: &Path) -> anyhow::Result<()> {
    if is_url(&path.to_string_lossy()) {
        bail!("expected a file, not a URL; a database belongs in [feed.sql] of the configuration");
    }
    Ok(())
}
