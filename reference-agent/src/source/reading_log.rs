//! What is told of each reading that is served: in the log, in lists of rows left out, in figures.

use std::collections::HashSet;
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use metrics::gauge;
use tracing::{info, warn};

use super::Read;
use crate::feed::{LeftOut, Rejection, Report};
use crate::telemetry;

/// Rejected rows that have a line of their own; all of them are in the list.
const SHOWN: usize = 20;

/// Tells of each reading that is served: a line in the log, lists in the data directory of what was left
/// out, and figures. The lists are a help, not a need: the agent goes on without them.
#[derive(Debug)]
pub struct ReadingLog {
    data_dir: PathBuf,
    /// The rejected rows of the reading before, by their [`digest`].
    rejected_before: Mutex<HashSet<u64>>,
    /// Products that shared their stock in the reading before.
    sharing_before: AtomicU64,
}

impl ReadingLog {
    /// Keeps the lists in `data_dir`.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            rejected_before: Mutex::default(),
            sharing_before: AtomicU64::new(0),
        }
    }

    /// Tells of a reading at time `now`. Writes files, so it belongs on no thread that answers requests.
    ///
    /// Of the rejected rows, the first that were not rejected in the reading before have a line each: a feed
    /// is read again and again, and what is wrong in it stays so for days.
    pub fn tell(&self, read: &Read, now: DateTime<Utc>) {
        let report = &read.report;
        let Report { read: rows, accepted, not_sold, sharing_stock, .. } = *report;
        let (unmapped, rejected) = (report.unmapped.count(), report.rejected.count());
        let format = read.format.map(tracing::field::display);
        let rejected_list = self.keep("rejected-rows.tsv", rejected, |file| {
            report.write_rejections(io::BufWriter::new(file))
        });
        let unmapped_list = self.keep("unmapped-rows.tsv", unmapped, |file| {
            report.write_unmapped(io::BufWriter::new(file))
        });
        if rejected == 0 {
            info!(
                read = rows,
                accepted, not_sold, unmapped, unmapped_list, rejected, format, "Loaded the feed"
            );
        } else {
            warn!(
                read = rows,
                accepted,
                not_sold,
                unmapped,
                unmapped_list,
                rejected,
                rejected_list,
                format,
                "Loaded the feed without its rejected rows; the list says which and why"
            );
        }
        // Like rejected rows, told when it is new.
        if self.sharing_before.swap(sharing_stock, Ordering::Relaxed) != sharing_stock
            && sharing_stock > 0
        {
            warn!(
                products = sharing_stock,
                "Variations share the stock of their parent, which is counted for each by itself, so that \
                 more may be sold than there is; give each a stock of its own"
            );
        }
        for Rejection { line, id, field, value, reason } in self.newly_rejected(&report.rejected) {
            warn!(line, id, field, value, reason, "Left out a row of the feed");
        }
        self.tell_mapping(read);
        figure(telemetry::FEED_PRODUCTS, accepted);
        figure(telemetry::FEED_REJECTED_ROWS, rejected);
        figure(telemetry::FEED_UNMAPPED_ROWS, unmapped);
        figure(telemetry::FEED_LOADED, now.timestamp().try_into().unwrap_or_default());
    }

    fn tell_mapping(&self, read: &Read) {
        let Some(mapping) = &read.mapping else { return };
        let (rows, rejected) = (mapping.read, mapping.rejected.count());
        let rejected_list = self.keep("rejected-mapping-rows.tsv", rejected, |file| {
            mapping.write_rejections(io::BufWriter::new(file))
        });
        if rejected == 0 {
            info!(read = rows, rejected, "Read the mapping file");
        } else {
            warn!(
                read = rows,
                rejected,
                rejected_list,
                "Read the mapping file without its rejected rows; the list says which and why"
            );
        }
    }

    /// Writes the list of so many `rows` and returns where it is. Without any, the list of an earlier
    /// reading goes.
    fn keep(
        &self,
        name: &str,
        rows: u64,
        write: impl FnOnce(File) -> io::Result<()>,
    ) -> Option<String> {
        let path = self.data_dir.join(name);
        let list = path.display();
        let kept = keep_list(&path, rows, write);
        match kept {
            Ok(()) => (rows > 0).then(|| list.to_string()),
            Err(error) => {
                warn!(%error, %list, "A list of rows left out could not be written");
                None
            }
        }
    }

    /// The first rows that were not rejected in the reading before. From here on these are the reading
    /// before.
    fn newly_rejected<'a>(&self, rejected: &'a LeftOut<Rejection>) -> Vec<&'a Rejection> {
        let mut before = self.rejected_before.lock().unwrap_or_else(PoisonError::into_inner);
        let new = rejected.kept().iter().filter(|row| !before.contains(&digest(row)));
        let new = new.take(SHOWN).collect();
        *before = rejected.kept().iter().map(digest).collect();
        new
    }
}

/// The same for a row that is rejected again, in whatever line of the feed it stands then.
fn digest(row: &Rejection) -> u64 {
    let Rejection { line: _, id, field, value, reason } = row;
    let mut hasher = DefaultHasher::new();
    (id, field, value, reason).hash(&mut hasher);
    hasher.finish()
}

/// Writes a list of so many `rows` to `path`; without any, one that is there goes.
///
/// # Errors
/// What the file system says.
pub fn keep_list(
    path: &Path,
    rows: u64,
    write: impl FnOnce(File) -> io::Result<()>,
) -> io::Result<()> {
    if rows > 0 {
        return write(File::create(path)?);
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a figure is a float, and counts and seconds are far below 2^52"
)]
fn figure(name: &'static str, value: u64) {
    gauge!(name).set(value as f64);
}
