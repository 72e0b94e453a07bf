//! `rfq-agent init`: from a feed to a configuration that serves it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rfq_reference_agent::config::{DATA_DIR, commented, quoted};
use rfq_reference_agent::feed::{self, FeedError, Report};
use rfq_reference_agent::secret::{self, Provenance};

use super::Ambient;

/// The configuration in the folder.
const FILE: &str = "rfq-agent.toml";

/// Left-out rows that are shown; `serve` lists them all.
const SHOWN: usize = 5;

/// Write a configuration and a secret for a product feed
///
/// Reads the feed once and tells what can be served of it. Then writes `rfq-agent.toml`, in which
/// every setting is explained, and `rfq-agent-data/secret`, and says what to do next. Nothing that
/// is there is overwritten, and nothing is written when the feed cannot be used.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The product feed, as the shop exports it. Its format is told from its beginning, and its
    /// products need the marketplace's name of each in a column `product_slug`, or --mapping
    #[arg(value_name = "FEED")]
    feed: PathBuf,

    /// Folder to write into, made if it is not there; the agent keeps its ledger there too
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,

    /// File that maps the shop's own products to the marketplace's names, for a feed without a
    /// column `product_slug`. It is read again whenever the feed is
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
}

pub(crate) fn init(args: &InitArgs, ambient: &Ambient) -> anyhow::Result<()> {
    let file = args.dir.join(FILE);
    refuse_to_overwrite(&file)?;
    let feed = absolute(&args.feed)?;
    let mapping = args.mapping.as_deref().map(absolute).transpose()?;
    let read = read(&args.feed, args.mapping.as_deref())?;
    let mut known = vec![("feed.file", quoted(&feed)), ("feed.format", quoted(read.format))];
    known.extend(mapping.map(|mapping| ("feed.mapping_file", quoted(&mapping))));

    let cannot = || {
        format!(
            "nothing can be written into {}; name another folder with --dir",
            args.dir.display()
        )
    };
    fs::create_dir_all(&args.dir).with_context(cannot)?;
    let secret_path = args.dir.join(DATA_DIR).join("secret");
    let (_, provenance) =
        secret::read_or_make(&secret_path, ambient.secret_bytes).with_context(|| {
            format!("there is no secret in {}; mend or remove that file", secret_path.display())
        })?;
    write_new(&file, &commented(&known)).or_else(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => refuse_to_overwrite(&file),
        _ => Err(error).with_context(cannot),
    })?;
    tell(&args.feed, &read, &file, &secret_path, provenance);
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

/// What a dry run of the feed found.
struct Read {
    format: &'static str,
    report: Report,
    unmapped: usize,
}

fn read(path: &Path, mapping: Option<&Path>) -> anyhow::Result<Read> {
    let cannot = || format!("the feed {} cannot be used", path.display());
    if let Some(mapping) = mapping {
        File::open(mapping)
            .with_context(|| format!("the mapping {} cannot be read", mapping.display()))?;
    }
    let file = File::open(path).map_err(FeedError::from).with_context(cannot)?;
    let size = file.metadata().map_err(FeedError::from).with_context(cannot)?.len();
    let bar = ProgressBar::new(size);
    bar.set_style(ProgressStyle::with_template(
        "Reading the feed [{bar:40}] {percent}% {msg} rows, {eta} left",
    )?);
    let (_, report) = feed::load(file, |rows, bytes| {
        bar.set_position(bytes);
        bar.set_message(rows.to_string());
    })
    .with_context(cannot)?;
    bar.finish_and_clear();
    Ok(Read { format: "google-tsv", report, unmapped: 0 })
}

/// Written aside and linked, so that what is there is never overwritten and never half of it read.
fn write_new(file: &Path, text: &str) -> io::Result<()> {
    let aside = file.with_extension("toml.new");
    // Left behind by a crash.
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut out = OpenOptions::new().write(true).create_new(true).open(&aside)?;
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| out.sync_all())
        .and_then(|()| fs::hard_link(&aside, file));
    fs::remove_file(&aside)?;
    written
}

#[expect(clippy::print_stdout, reason = "this is for whoever asked for it")]
fn tell(feed: &Path, read: &Read, file: &Path, secret: &Path, provenance: Provenance) {
    let Read { format, report, unmapped } = read;
    let (feed, file, secret) = (feed.display(), file.display(), secret.display());
    let rejected = report.rejected.len();
    println!(
        "{feed} ({format}): {} read, {} accepted, {unmapped} unmapped, {rejected} rejected.",
        report.read, report.accepted
    );
    for rejection in report.rejected.iter().take(SHOWN) {
        println!("  line {}, {}: {}", rejection.line, rejection.field, rejection.reason);
    }
    if rejected > SHOWN {
        println!("  .. and {} more, which rfq-agent serve lists", rejected - SHOWN);
    }
    if *unmapped > 0 {
        println!("  Unmapped products are not offered: give them a product_slug in the feed, or a");
        println!("  line in a mapping file (mapping_file in [feed]).");
    }
    let made = match provenance {
        Provenance::Made => "",
        Provenance::Found => " (it was there already)",
    };
    println!("Wrote {file}; the secret is in {secret}{made}.");
    println!();
    println!("Next:");
    println!("  1. Register the secret at the marketplace: the first line of {secret}");
    println!("  2. Set public_url in {file} to where buyers reach the agent");
    println!("  3. rfq-agent serve --config {file}");
}
