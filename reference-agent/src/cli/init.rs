//! `rfq-agent init`: from a feed to a configuration that serves it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use rfq_reference_agent::config::{Config, DATA_DIR, commented, quoted};
use rfq_reference_agent::feed::Format;
use rfq_reference_agent::new_file;
use rfq_reference_agent::secret::{self, Provenance};
use rfq_reference_agent::source::{Read, Source};
use toml::{Table, Value};

use super::report::{self, Lists};
use super::say::say;
use super::{Ambient, CONFIGURATION, feed, formats, refuse_url};

/// Write a configuration and a secret for a product feed
///
/// Reads the feed once and tells what can be served of it. Then writes `rfq-agent.toml`, in which
/// every setting is explained, and `rfq-agent-data/secret`, and says what to do next. Nothing that
/// is there is overwritten, and nothing is written when the feed cannot be used.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The product feed, as the shop exports it. Its products need the marketplace's name of each in a column `product_slug`, or --mapping
    #[arg(value_name = "FEED")]
    feed: PathBuf,

    /// How the feed is written, where that cannot be told from its beginning
    #[arg(long, value_parser = formats())]
    format: Option<Format>,

    /// Folder to write into, made if it is not there; the agent keeps its ledger there too
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,

    /// File that maps the shop's own products to the marketplace's names, for a feed without a
    /// column `product_slug`. It is read again whenever the feed is
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
}

pub(crate) fn init(args: &InitArgs, ambient: &Ambient) -> anyhow::Result<()> {
    let file = args.dir.join(CONFIGURATION);
    refuse_to_overwrite(&file)?;
    args.mapping.iter().chain([&args.feed]).try_for_each(|path| refuse_url(path))?;
    let feed = absolute(&args.feed)?;
    let mapping = args.mapping.as_deref().map(absolute).transpose()?;
    let read = read(&feed, args.format, mapping.as_deref(), ambient)?;
    let mut known = vec![("feed.file", quoted(&feed))];
    known.extend(read.format.map(|format| ("feed.format", quoted(format.name()))));
    known.extend(mapping.map(|mapping| ("feed.mapping_file", quoted(&mapping))));

    let cannot = || {
        format!(
            "nothing can be written into {}; name another folder with --dir",
            args.dir.display()
        )
    };
    fs::create_dir_all(&args.dir).with_context(cannot)?;
    let data_dir = args.dir.join(DATA_DIR);
    let secret_path = data_dir.join("secret");
    let (_, provenance) =
        secret::read_or_make(&secret_path, ambient.secret_bytes).with_context(|| {
            format!("there is no secret in {}; mend or remove that file", secret_path.display())
        })?;
    new_file::write(&file, 0o666, commented(&known).as_bytes()).or_else(|error| {
        match error.kind() {
            io::ErrorKind::AlreadyExists => refuse_to_overwrite(&file),
            _ => Err(error).with_context(cannot),
        }
    })?;
    tell_feed(&args.feed, &read, &data_dir);
    tell_next(&file, &secret_path, provenance);
    Ok(())
}

fn refuse_to_overwrite(file: &Path) -> anyhow::Result<()> {
    // A link that leads nowhere is something too.
    if file.symlink_metadata().is_ok() {
        bail!(
            "{} is there already and stays as it is; move it away, or name another folder with --dir",
            file.display()
        );
    }
    Ok(())
}

/// Of the file itself, so that the agent finds it whatever folder it is started in.
fn absolute(path: &Path) -> anyhow::Result<String> {
    let absolute = std::path::absolute(path)
        .with_context(|| format!("{} has no absolute path", path.display()))?;
    match absolute.to_str() {
        Some(text) => Ok(text.to_owned()),
        None => bail!("{} is not UTF-8, as a configuration must be; rename it", path.display()),
    }
}

/// Reads the feed as `serve` would.
fn read(
    feed: &str,
    format: Option<Format>,
    mapping: Option<&str>,
    ambient: &Ambient,
) -> anyhow::Result<Read> {
    let mut keys = Table::from_iter([("file".to_owned(), Value::from(feed))]);
    keys.extend(format.map(|format| ("format".to_owned(), Value::from(format.name()))));
    keys.extend(mapping.map(|mapping| ("mapping_file".to_owned(), Value::from(mapping))));
    let flags = Table::from_iter([("feed".to_owned(), Value::from(keys))]);
    let config = Config::load(None, std::iter::empty(), flags)?;
    let runtime = tokio::runtime::Runtime::new().context("no threads could be started")?;
    runtime.block_on(feed::read(
        &Source::new(config.feed, config.lead_time.time_zone()),
        (ambient.now)(),
    ))
}

fn tell_feed(path: &Path, read: &Read, data_dir: &Path) {
    say!("Feed      {}", path.display());
    report::print(read, &Lists { folder: data_dir, prefix: "" });
    say!();
}

fn tell_next(file: &Path, secret: &Path, provenance: Provenance) {
    let (file, secret) = (file.display(), secret.display());
    let made = match provenance {
        Provenance::Made => "",
        Provenance::Found => " (it was there already)",
    };
    say!("Wrote {file}; the secret is in {secret}{made}.");
    say!();
    say!("Next:");
    say!("  1. Register the secret at the marketplace: the first line of {secret}");
    say!("  2. Set public_url in {file} to where buyers reach the agent");
    say!("  3. rfq-agent serve --config {file}");
}
