//! What became of the rows of a feed.

use std::io::{self, Write};

/// What became of the rows of a feed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// Rows read, the header not counted.
    pub read: u64,
    /// Rows now in the catalogue.
    pub accepted: u64,
    /// Rows left out, in the order of the feed.
    pub rejected: Vec<Rejection>,
}

/// A row left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The line in the file, counted from 1 with the header.
    pub line: u64,
    /// The column at fault, or `row`.
    pub field: &'static str,
    /// What was expected instead.
    pub reason: String,
}

impl Report {
    /// Writes every rejection as a line of line number, field and reason, separated by tabs, under
    /// a header.
    ///
    /// # Errors
    /// Whatever `out` reports.
    pub fn write_rejections(&self, mut out: impl Write) -> io::Result<()> {
        writeln!(out, "line\tfield\treason")?;
        for Rejection { line, field, reason } in &self.rejected {
            writeln!(out, "{line}\t{field}\t{reason}")?;
        }
        out.flush()
    }
}
