//! Reads the products, with progress, and reports what became of the rows.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use rfq_reference_agent::feed::{Rejection, Report};
use rfq_reference_agent::source::{Read, Source};
use tracing::info;

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

/// What became of the rows, for whoever ran a command.
#[expect(clippy::print_stdout, reason = "it is what was asked for")]
pub(super) fn print_report(read: &Read) {
    let Report { read: rows, accepted, not_sold, unmapped, rejected } = &read.report;
    if let Some(format) = read.format {
        println!("Format    {format}");
    }
    println!("Read      {rows} rows");
    println!("Accepted  {accepted}");
    if *not_sold > 0 {
        println!("  of which {not_sold} are not sold (drafts, archived or not published)");
    }
    println!("Unmapped  {} (no name of the marketplace)", unmapped.count());
    println!("Rejected  {}", rejected.count());
    for Rejection { line, id, field, value, reason } in rejected.kept().iter().take(SHOWN) {
        let id = if id.is_empty() { String::new() } else { format!(" id {id},") };
        println!("  line {line},{id} {field} {value:?}: {reason}");
    }
    let shown = rejected.kept().len().min(SHOWN);
    match rejected.count() - u64::try_from(shown).unwrap_or(u64::MAX) {
        0 => {}
        more => println!("  and {more} more"),
    }
    if let Some(mapping) = &read.mapping {
        println!("Mapping   {} rows, {} rejected", mapping.read, mapping.rejected.count());
        for Rejection { line, field, value, reason, .. } in
            mapping.rejected.kept().iter().take(SHOWN)
        {
            println!("  line {line}, {field} {value:?}: {reason}");
        }
    }
}
