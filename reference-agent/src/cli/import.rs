//! `rfq-agent import`: checks a feed, and puts it in the place of the one that is served.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use rfq_reference_agent::config::{Config, FeedSource};
use rfq_reference_agent::source::Source;

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

    /// Configuration of the agent that serves the feed: its format and its mapping
    #[arg(long, env = "RFQ_AGENT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) fn import(args: &ImportArgs, ambient: &Ambient) -> anyhow::Result<()> {
    let config = Config::load(args.config.as_deref(), std::env::vars_os(), toml::Table::new())?;
    let (served, format) = match &config.feed.source {
        FeedSource::File { path, format } => (Some(path.clone()), *format),
        FeedSource::Sample | FeedSource::Sql(_) => (None, None),
    };
    if !args.dry_run && served.is_none() {
        bail!("no feed file is configured to be replaced; name its --config, or add --dry-run");
    }
    let mut checked = config.feed.clone();
    checked.source = FeedSource::File { path: args.feed.clone(), format };
    let runtime = tokio::runtime::Runtime::new().context("no threads could be started")?;
    let read = runtime.block_on(feed::read(
        &Source::new(checked, config.lead_time.time_zone()),
        (ambient.now)(),
    ))?;
    feed::print_report(&read);
    if let (false, Some(served)) = (args.dry_run, served) {
        replace(&args.feed, &served)
            .with_context(|| format!("{} could not be replaced", served.display()))?;
        #[expect(clippy::print_stdout, reason = "it is what was asked for")]
        {
            println!("Replaced {}", served.display());
        }
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
