//! `rfq-agent import`: checks a feed, and puts it in the place of the one that is served.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use rfq_reference_agent::config::Config;
use rfq_reference_agent::source::{Source, SourceKind};

use super::{Ambient, feed};

/// Check a feed, and put it in the place of the one that is served
///
/// The feed is read as `serve` would read it, and a report says what became of its rows. Without
/// `--dry-run` it then replaces the feed file of the configuration in one step, which a running
/// agent notices: it never sees half a feed.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The feed to check
    #[arg(value_name = "FEED")]
    feed: PathBuf,

    /// Only check and report; nothing is replaced
    #[arg(long)]
    dry_run: bool,

    /// Configuration of the agent that serves the feed: its format, mapping and data directory
    #[arg(long, env = "RFQ_AGENT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) fn import(args: &ImportArgs, ambient: &Ambient) -> anyhow::Result<()> {
    let config = Config::load(args.config.as_deref(), std::env::vars_os(), toml::Table::new())?;
    let served = match config.source().kind {
        SourceKind::File { path, .. } => Some(path),
        SourceKind::Sample | SourceKind::Sql(_) => None,
    };
    if !args.dry_run && served.is_none() {
        bail!("no feed file is configured to be replaced; name one with --config, or add --dry-run");
    }
    let source = Source {
        kind: SourceKind::File { path: args.feed.clone(), format: config.feed.format },
        ..config.source()
    };
    let runtime = tokio::runtime::Runtime::new().context("no threads could be started")?;
    let read = runtime.block_on(feed::read(&source, (ambient.now)()))?;
    feed::print_report(&read);
    if let (false, Some(served)) = (args.dry_run, served) {
        replace(&args.feed, &served)
            .with_context(|| format!("{} could not be replaced", served.display()))?;
        feed::print_line(&format!("Replaced {}.", served.display()));
    }
    Ok(())
}

/// Copies the feed beside the one served, makes sure that it is on disk, and renames it.
fn replace(feed: &Path, served: &Path) -> std::io::Result<()> {
    let aside = served.with_extension("importing");
    fs::copy(feed, &aside)?;
    File::open(&aside)?.sync_all()?;
    fs::rename(&aside, served)
}
