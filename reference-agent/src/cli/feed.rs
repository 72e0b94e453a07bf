//! Reads the products, with progress.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use rfq_reference_agent::source::{Read, Source};
use tracing::info;

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
