//! Reads the products, with progress, and tells what was left out.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use metrics::gauge;
use rfq_reference_agent::feed::{Rejection, Report};
use rfq_reference_agent::source::{Read, Source};
use rfq_reference_agent::telemetry;
use tracing::{info, warn};

/// Rejected rows shown; more of them are in the file.
const SHOWN: usize = 20;

/// Rows between two lines of progress where there is no terminal to draw on.
const ROWS_PER_LINE: u64 = 25_000;

pub(super) async fn read(source: &Source, now: DateTime<Utc>) -> anyhow::Result<Read> {
    let bar = ProgressBar::new(source.bytes().unwrap_or_default());
    let style = "Loading the feed [{bar:40}] {percent}% {msg} rows, {eta} left";
    bar.set_style(ProgressStyle::with_template(style)?);
    let drawn = bar.clone();
    let read = source.read(now, move |rows, bytes| {
        drawn.set_position(bytes);
        drawn.set_message(rows.to_string());
        if drawn.is_hidden() && rows > 0 && rows.is_multiple_of(ROWS_PER_LINE) {
            info!(rows, "Loading the feed");
        }
    });
    let read = read.await.context("there are no products to serve")?;
    bar.finish_and_clear();
    Ok(read)
}

/// Lists what was left out in files of the data directory, the first of it in the log, and tells the
/// figures. Without any, a list of an earlier feed goes. The lists are a help, not a need: the agent
/// goes on without them.
pub(super) fn tell(read: &Read, data_dir: &Path, now: DateTime<Utc>) {
    let report = &read.report;
    let Report { accepted, not_sold, .. } = *report;
    let (unmapped, rejected) = (report.unmapped.count(), report.rejected.count());
    let format = read.format.map(tracing::field::display);
    info!(read = report.read, accepted, not_sold, unmapped, rejected, format, "Loaded the feed");
    for Rejection { line, id, field, value, reason } in report.rejected.kept().iter().take(SHOWN) {
        warn!(line, id, field, value, reason, "Left out a row of the feed");
    }
    let keep = |name: &str, rows: u64, write: &dyn Fn(File) -> io::Result<()>| {
        let path = data_dir.join(name);
        let (list, kept) = (path.display(), keep_list(&path, rows, write));
        match kept {
            Err(error) => warn!(%error, %list, "A list of rows left out could not be written"),
            Ok(()) if rows > 0 => {
                warn!(rows, %list, "Some rows of the feed were left out; the list says which and why");
            }
            Ok(()) => {}
        }
    };
    keep("rejected-rows.tsv", rejected, &|file| report.write_rejections(io::BufWriter::new(file)));
    keep("unmapped-rows.tsv", unmapped, &|file| report.write_unmapped(io::BufWriter::new(file)));
    if let Some(mapping) = &read.mapping {
        let (rows, rejected) = (mapping.read, mapping.rejected.count());
        info!(rows, rejected, "Read the mapping file");
        keep("rejected-mapping-rows.tsv", rejected, &|file| {
            mapping.write_rejections(io::BufWriter::new(file))
        });
    }
    figure(telemetry::FEED_PRODUCTS, accepted);
    figure(telemetry::FEED_REJECTED_ROWS, rejected);
    figure(telemetry::FEED_UNMAPPED_ROWS, unmapped);
    figure(telemetry::FEED_LOADED, now.timestamp().try_into().unwrap_or_default());
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a figure is a float, and counts and seconds are far below 2^52"
)]
fn figure(name: &'static str, value: u64) {
    gauge!(name).set(value as f64);
}

/// Writes a list of so many rows to `path`; without any, one that is there goes.
pub(super) fn keep_list(
    path: &Path,
    rows: u64,
    write: &dyn Fn(File) -> io::Result<()>,
) -> io::Result<()> {
    if rows > 0 {
        return write(File::create(path)?);
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
