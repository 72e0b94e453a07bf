//! Loads the feed, with progress, and tells what was left out.

use std::fs::File;
use std::path::Path;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use rfq_reference_agent::catalogue::Catalogue;
use rfq_reference_agent::feed::{self, Report};
use tracing::{info, warn};

/// Rejected rows shown in the log; all of them are in the file.
const SHOWN: usize = 20;

/// Rows between two lines of progress where there is no terminal to draw on.
const ROWS_PER_LINE: u64 = 25_000;

pub(super) fn load(path: &Path, data_dir: &Path) -> anyhow::Result<Catalogue> {
    let name = path.display();
    let cannot = || format!("the feed {name} cannot be used");
    let file = File::open(path).map_err(feed::FeedError::from).with_context(cannot)?;
    let size = file.metadata().map_err(feed::FeedError::from).with_context(cannot)?.len();
    let bar = ProgressBar::new(size);
    let style = "Loading the feed [{bar:40}] {percent}% {msg} rows, {eta} left";
    bar.set_style(ProgressStyle::with_template(style)?);
    let (catalogue, report) = feed::load(file, |rows, bytes| {
        bar.set_position(bytes);
        bar.set_message(rows.to_string());
        if bar.is_hidden() && rows > 0 && rows.is_multiple_of(ROWS_PER_LINE) {
            info!(rows, "Loading the feed");
        }
    })
    .with_context(cannot)?;
    bar.finish_and_clear();
    let (read, accepted, rejected) = (report.read, report.accepted, report.rejected.len());
    info!(feed = %name, read, accepted, rejected, "Loaded the feed");
    if rejected > 0 {
        tell_rejected(&report, data_dir)?;
    }
    Ok(catalogue)
}

fn tell_rejected(report: &Report, data_dir: &Path) -> anyhow::Result<()> {
    for rejection in report.rejected.iter().take(SHOWN) {
        warn!(
            line = rejection.line,
            field = rejection.field,
            reason = rejection.reason,
            "Left out a row of the feed"
        );
    }
    let path = data_dir.join("rejected-rows.tsv");
    let cannot = || format!("the list of rejected rows cannot be written to {}", path.display());
    std::fs::create_dir_all(data_dir).with_context(cannot)?;
    let list = std::io::BufWriter::new(File::create(&path).with_context(cannot)?);
    report.write_rejections(list).with_context(cannot)?;
    warn!(rows = report.rejected.len(), list = %path.display(), "Some rows of the feed were left out; the list has them all");
    Ok(())
}
