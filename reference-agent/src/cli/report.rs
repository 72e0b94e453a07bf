//! What became of the rows of a feed, for whoever ran a command.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use rfq_reference_agent::feed::{LeftOut, Rejection, Report, Unmapped};
use rfq_reference_agent::source::{Read, keep_list};
use tracing::warn;

use super::say::say;

/// Rows named of each kind that is left out; the lists have more.
const FEW: usize = 5;

/// Where the lists of what was left out go: `prefix` begins their names, which are else those of
/// `serve`.
pub(super) struct Lists<'a> {
    pub(super) folder: &'a Path,
    pub(super) prefix: &'a str,
}

/// Tells what became of the rows, and lists those left out.
pub(super) fn print(read: &Read, lists: &Lists<'_>) {
    let report = &read.report;
    let Report { read: rows, accepted, not_sold, sharing_stock, unmapped, rejected } = report;
    if let Some(format) = read.format {
        say!("Format    {format}");
    }
    say!("Read      {rows} rows");
    say!("Accepted  {accepted}");
    if *not_sold > 0 {
        say!("  of which {not_sold} are not sold (drafts, archived or not published)");
    }
    if *sharing_stock > 0 {
        say!(
            "  of which {sharing_stock} share the stock of their parent, which is counted for each by itself"
        );
    }
    say!("Unmapped  {} (no name of the marketplace)", unmapped.count());
    lists.tell("unmapped-rows.tsv", unmapped, unmapped_row, &|file| report.write_unmapped(file));
    say!("Rejected  {}", rejected.count());
    lists.tell("rejected-rows.tsv", rejected, rejected_row, &|file| report.write_rejections(file));
    if let Some(mapping) = &read.mapping {
        say!("Mapping   {} rows, {} rejected", mapping.read, mapping.rejected.count());
        lists.tell("rejected-mapping-rows.tsv", &mapping.rejected, rejected_row, &|file| {
            mapping.write_rejections(file)
        });
    }
}

/// Rows with mistakes in them, of the feed and of the mapping file.
pub(super) fn rejected(read: &Read) -> u64 {
    read.report.rejected.count()
        + read.mapping.as_ref().map_or(0, |mapping| mapping.rejected.count())
}

impl Lists<'_> {
    /// The first of the rows, and where the list of them is. The list is a help, not a need.
    fn tell<T>(
        &self,
        name: &str,
        rows: &LeftOut<T>,
        row: impl Fn(&T) -> String,
        write: &dyn Fn(BufWriter<File>) -> io::Result<()>,
    ) {
        let path = self.folder.join(format!("{}{name}", self.prefix));
        let kept = keep_list(&path, rows.count(), |file| write(BufWriter::new(file)));
        for entry in rows.kept().iter().take(FEW) {
            say!("  {}", row(entry));
        }
        let list = path.display();
        match kept {
            Ok(()) if rows.count() > 0 => say!("  listed in {list}"),
            Ok(()) => {}
            Err(error) => warn!(%error, %list, "A list of rows left out could not be written"),
        }
    }
}

fn unmapped_row(Unmapped { line, id }: &Unmapped) -> String {
    format!("line {line}, id {id}")
}

fn rejected_row(rejection: &Rejection) -> String {
    let Rejection { line, id, field, value, reason } = rejection;
    let id = if id.is_empty() { String::new() } else { format!(" id {id},") };
    format!("line {line},{id} {field} {value:?}: {reason}")
}
