//! `rfq-agent import`: checks a feed, and puts it in the place of the one that is served.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use rfq_reference_agent::config::FeedSource;
use rfq_reference_agent::feed::Format;
use rfq_reference_agent::source::{Read, Source};
use tokio::runtime::Runtime;
use tracing::warn;

use super::report::{self, Lists};
use super::say::say;
use super::{Ambient, configuration_for_any_feed, feed, formats, refuse_url};

/// Check a feed, and put it in the place of the one that is served
///
/// The feed is read as `serve` would read it, and a report says what became of its rows. Without
/// `--dry-run` it then replaces the feed file of the configuration in one step, which a running
/// agent notices: it never sees half a feed. One that has lost more products than the configuration
/// lets go at once is refused, as the agent would refuse it.
///
/// Rows left out are listed in files beginning with `import-`, in the data directory if it is there,
/// else in this one.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The feed to check
    #[arg(value_name = "FEED")]
    feed: PathBuf,

    /// Only check and report; nothing is replaced
    #[arg(long)]
    dry_run: bool,

    /// How the feed is written, where --dry-run cannot tell it from its beginning. The agent goes by
    /// feed.format of its configuration, and so does import when it replaces a feed
    #[arg(long, value_parser = formats(), requires = "dry_run")]
    format: Option<Format>,

    /// Fail if any row of the feed or of its mapping file is rejected, and replace nothing. Without it
    /// a warning tells of them. Rows without a name of the marketplace are not among them
    #[arg(long)]
    strict: bool,

    /// Replace the feed however many products it loses. A running agent refuses it all the same, and
    /// serves it only once it is started again
    #[arg(long)]
    force: bool,

    /// Configuration of the agent that serves the feed: its format and its mapping [default:
    /// rfq-agent.toml, if it is there]
    #[arg(long, env = "RFQ_AGENT_CONFIG", hide_env_values = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(crate) fn import(args: &ImportArgs, ambient: &Ambient) -> anyhow::Result<()> {
    refuse_url(&args.feed)?;
    let config = configuration_for_any_feed(args.config.as_deref())?;
    let runtime = Runtime::new().context("no threads could be started")?;
    let zone = config.lead_time.time_zone();
    let source = Source::new(config.feed.clone(), zone);
    let (served, format) = match &config.feed.source {
        FeedSource::File { path, format } => (Some(path), *format),
        FeedSource::Sample | FeedSource::Sql(_) => (None, None),
    };
    let read = |path: &Path, format| {
        let mut checked = config.feed.clone();
        checked.source = FeedSource::File { path: path.to_path_buf(), format };
        runtime.block_on(feed::read(&Source::new(checked, zone), (ambient.now)()))
    };
    if args.dry_run {
        let new = read(&args.feed, args.format.or(format))?;
        let rows = tell_rows(&new, &config.data_dir, args.strict);
        let old = served.and_then(|served| read(served, format).ok());
        return match (rows, is_taken(&source, &new, old, args.force)) {
            (Err(rows), Err(refused)) => Err(rows.context(format!("{refused:#}"))),
            (rows, taken) => rows.and(taken.map(drop)),
        };
    }
    let Some(served) = served else {
        bail!(
            "no feed file is configured to be replaced; set feed.file, name the --config that does, or \
             add --dry-run"
        );
    };
    let target = target(served)?;
    let aside = aside(&target);
    let replaced = copy(&args.feed, &aside, &target)
        .and_then(|()| read(&aside, format))
        .and_then(|new| {
            tell_rows(&new, &config.data_dir, args.strict)?;
            let is_taken = is_taken(&source, &new, read(served, format).ok(), args.force)?;
            fs::rename(&aside, &target).context("it could not be put in place")?;
            Ok(is_taken)
        })
        .with_context(|| {
            format!("{} stays as it is; {} is not imported", served.display(), args.feed.display())
        });
    if replaced.is_err() {
        // It may not have come to be there, and what went wrong is told already.
        let _ = fs::remove_file(&aside);
    }
    let is_taken = replaced?;
    sync_folder(&target).with_context(|| {
        format!("{} is replaced, but may not be after a power cut", target.display())
    })?;
    tell(&target, is_taken);
    Ok(())
}

/// Tells what became of the rows. Rejected ones are an error if it is `strict`.
fn tell_rows(new: &Read, data_dir: &Path, strict: bool) -> anyhow::Result<()> {
    // The lists of the agent itself stay as they are.
    let folder = if data_dir.is_dir() { data_dir } else { Path::new("") };
    report::print(new, &Lists { folder, prefix: "import-" });
    match report::rejected(new) {
        0 => Ok(()),
        rejected if strict => bail!("--strict takes no rejected rows, and there are {rejected}"),
        rejected => {
            warn!(rejected, "Some rows are rejected; with --strict that is an error");
            Ok(())
        }
    }
}

/// Whether a running agent takes the `new` feed in place of the `old` one. If it does not, that is an
/// error unless forced. Without an old one that can be used, it cannot be told what the agent serves.
fn is_taken(source: &Source, new: &Read, old: Option<Read>, force: bool) -> anyhow::Result<bool> {
    let old = old.map_or(0, |old| old.catalogue.len());
    match source.check_size(old, new.catalogue.len()) {
        Ok(()) => Ok(true),
        Err(_) if force => Ok(false),
        Err(shrunk) => Err(shrunk).context(
            "a running agent would refuse it; if it is right, add --force and restart the agent",
        ),
    }
}

fn tell(served: &Path, is_taken: bool) {
    let served = served.display();
    if is_taken {
        say!("Replaced {served}; a running agent logs when it serves it");
    } else {
        say!("Replaced {served}; a running agent refuses it, so restart the agent to serve it");
    }
}

/// The file that is served: a link stays, and what it leads to is replaced.
fn target(served: &Path) -> anyhow::Result<PathBuf> {
    if served.is_symlink() {
        return fs::canonicalize(served).with_context(|| {
            format!("{} is a link that leads to no file; mend or remove it", served.display())
        });
    }
    Ok(served.to_path_buf())
}

/// Beside the feed served, by a name that no other import has meanwhile.
fn aside(served: &Path) -> PathBuf {
    let mut name = served.file_name().map_or_else(OsString::new, OsString::from);
    name.push(format!(".importing-{}", std::process::id()));
    served.with_file_name(name)
}

/// Copies the feed and when it was written: what was sold since then is taken off its stock. Whoever
/// may read the feed that is served may read the copy.
fn copy(feed: &Path, aside: &Path, served: &Path) -> anyhow::Result<()> {
    let copied = || -> io::Result<(File, bool)> {
        let mut from = File::open(feed)?;
        let before = from.metadata()?;
        // One that an import left behind which was ended.
        let _ = fs::remove_file(aside);
        let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(aside)?;
        io::copy(&mut from, &mut to)?;
        to.set_permissions(before.permissions())?;
        to.set_modified(before.modified()?)?;
        let after = from.metadata()?;
        let is_same = after.modified()? == before.modified()? && after.len() == before.len();
        Ok((to, is_same))
    };
    let about = || format!("{} could not be copied to {}", feed.display(), aside.display());
    let (to, is_same) = copied().with_context(about)?;
    if !is_same {
        bail!("it changed while it was copied; import it again once it is written");
    }
    if let Ok(served) = served.metadata() {
        keep_readers(&to, &served)?;
    }
    to.sync_all().with_context(about)
}

/// Gives the new file the owner, the group and the mode of the one that is `served`. Not everybody may
/// give files away; that is an error if somebody who reads the old one could not read the new one.
fn keep_readers(new: &File, served: &Metadata) -> anyhow::Result<()> {
    // One after the other, as the group may often be kept where the owner may not. What counts is what came
    // of it: some file systems know no owners.
    let _ = fchown(new, None, Some(served.gid()));
    let _ = fchown(new, Some(served.uid()), None);
    let given = new.metadata().context("the new file could not be looked at")?;
    let (has_group, has_owner) = (given.gid() == served.gid(), given.uid() == served.uid());
    let mode = served.mode();
    let (group_reads, all_read) = (mode & 0o040 != 0, mode & 0o004 != 0);
    let keeps_group = has_group || !group_reads;
    let keeps_owner = has_owner || (has_group && group_reads);
    let can_be_read = all_read || (keeps_group && keeps_owner);
    if !can_be_read {
        bail!(
            "the feed that is served belongs to user {} and group {} (mode {:o}), who could not read the \
             new one, as this user may not give it to them; import as its owner or as root",
            served.uid(),
            served.gid(),
            mode & 0o777
        );
    }
    new.set_permissions(served.permissions()).context("its mode could not be kept")
}

/// So that a rename lasts.
fn sync_folder(served: &Path) -> io::Result<()> {
    let folder = served.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
