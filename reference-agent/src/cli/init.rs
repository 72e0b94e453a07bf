//! `rfq-agent init`: from a feed to a configuration and a secret.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use rfq_reference_agent::config::{Config, DATA_DIR, commented, quoted};
use rfq_reference_agent::secret;
use rfq_reference_agent::source::Source;
use toml::{Table, Value};

use super::{Ambient, feed};

/// The name of the configuration that is written.
const FILE: &str = "rfq-agent.toml";

/// Begin: read a feed once, write a commented configuration and a secret
///
/// The format of the feed is told from its content, and a report says what became of its rows. What
/// to do next is printed.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The shop's product feed: Google Merchant (TSV, CSV, XML), OpenAI/ACP JSONL, Shopify or
    /// WooCommerce CSV
    #[arg(value_name = "FEED")]
    feed: PathBuf,

    /// Directory to write into; made if it is not there
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,

    /// A table that maps the shop's products to the marketplace's names: `product_slug`, and any of
    /// `id`, `gtin`, `brand` and `mpn`. Needed when the feed has no column `product_slug`
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
}

pub(crate) fn init(args: &InitArgs, ambient: &Ambient) -> anyhow::Result<()> {
    let path = args.dir.join(FILE);
    if path.try_exists().unwrap_or(false) {
        bail!("{} is there already; move it away, or name another --dir", path.display());
    }
    let absolute = |path: &Path| -> anyhow::Result<String> {
        let path = std::path::absolute(path)?;
        let text = path.to_str().context("the path is not UTF-8; rename it")?;
        Ok(text.to_owned())
    };
    let mut keys = Table::from_iter([("file".to_owned(), Value::from(absolute(&args.feed)?))]);
    if let Some(mapping) = &args.mapping {
        keys.insert("mapping_file".to_owned(), absolute(mapping)?.into());
    }
    let flags = Table::from_iter([("feed".to_owned(), Value::Table(keys.clone()))]);
    let config = Config::load(None, std::iter::empty(), flags)?;
    let runtime = tokio::runtime::Runtime::new().context("no threads could be started")?;
    let read = runtime.block_on(feed::read(&Source::new(config.feed), (ambient.now)()))?;
    feed::print_report(&read);
    if let Some(format) = read.format {
        keys.insert("format".to_owned(), format.name().into());
    }

    std::fs::create_dir_all(&args.dir)
        .with_context(|| format!("the directory {} cannot be made", args.dir.display()))?;
    let known: Vec<(String, String)> = keys
        .iter()
        .filter_map(|(name, value)| Some((format!("feed.{name}"), quoted(value.as_str()?))))
        .collect();
    let known: Vec<(&str, String)> =
        known.iter().map(|(path, value)| (path.as_str(), value.clone())).collect();
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .and_then(|mut file| file.write_all(commented(&known).as_bytes()))
        .with_context(|| format!("{} cannot be written; name another --dir", path.display()))?;
    let secret = args.dir.join(DATA_DIR).join("secret");
    secret::read_or_make(&secret, ambient.secret_bytes)
        .with_context(|| format!("no secret can be kept in {}", secret.display()))?;
    print_next(&path, &secret);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is for whoever begins")]
fn print_next(path: &Path, secret: &Path) {
    let (path, secret) = (path.display(), secret.display());
    println!();
    println!("Wrote {path}");
    println!();
    println!("Next:");
    println!("  1. Register the secret in {secret} at the marketplace.");
    println!("  2. Set public_url in {path} to where the marketplace reaches this agent.");
    println!("  3. rfq-agent serve --config {path}");
}
