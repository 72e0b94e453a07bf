//! Loads the feed, with progress, and tells what was left out.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use rfq_reference_agent::catalogue::Catalogue;
use rfq_reference_agent::feed::{self, Loaded, Report, SlugMapping};
use tracing::{info, warn};

/// Rejected rows shown in the log; all of them are in the file.
const SHOWN: usize = 20;

/// Rows between two lines of progress where there is no terminal to draw on.
const ROWS_PER_LINE: u64 = 25_000;

pub(super) fn load(path: &Path, data_dir: &Path) -> anyhow::Result<Catalogue> {
    let name = path.display();
    let cannot = || format!("the feed {name} (--feed) cannot be used");
    let file = File::open(path).map_err(feed::FeedError::from).with_context(cannot)?;
    let size = file.metadata().map_err(feed::FeedError::from).with_context(cannot)?.len();
    let bar = ProgressBar::new(size);
    let style = "Loading the feed [{bar:40}] {percent}% {msg} rows, {eta} left";
    bar.set_style(ProgressStyle::with_template(style)?);
    let Loaded { catalogue, report, format } =
        feed::load(file, None, &SlugMapping::default(), |rows, bytes| {
            bar.set_position(bytes);
            bar.set_message(rows.to_string());
            if bar.is_hidden() && rows > 0 && rows.is_multiple_of(ROWS_PER_LINE) {
                info!(rows, "Loading the feed");
            }
        })
        .with_context(cannot)?;
    bar.finish_and_clear();
    let (read, accepted) = (report.read, report.accepted);
    let (unmapped, rejected) = (report.unmapped.len(), report.rejected.len());
    info!(feed = %name, %format, read, accepted, unmapped, rejected, "Loaded the feed");
    tell_rejected(&report, &data_dir.join("rejected-rows.tsv"));
    Ok(catalogue)
}

/// Lists the rejected rows in a file, and the first of them in the log. Without any, a list of an
/// earlier feed goes. The list is a help, not a need: the agent starts without it.
fn tell_rejected(report: &Report, path: &Path) {
    let list = path.display();
    let (rows, kept) = match report.rejected.len() {
        0 => (
            0,
            std::fs::remove_file(path).or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            }),
        ),
        rows => (rows, write_rejected(report, path)),
    };
    for rejection in report.rejected.iter().take(SHOWN) {
        let (line, id, field) = (rejection.line, &*rejection.id, &*rejection.field);
        let (value, reason) = (&*rejection.value, &rejection.reason);
        warn!(line, id, field, value, reason, "Left out a row of the feed");
    }
    match kept {
        Err(error) => warn!(%error, %list, "The list of rejected rows could not be written"),
        Ok(()) if rows > 0 => {
            warn!(rows, %list, "Some rows of the feed were left out; the list has them all");
        }
        Ok(()) => {}
    }
}

fn write_rejected(report: &Report, path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    report.write_rejections(io::BufWriter::new(File::create(path)?))
}
