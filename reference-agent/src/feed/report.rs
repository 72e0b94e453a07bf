//! What became of the products of a feed.

use std::fmt::Write as _;
use std::io::{self, Write};

/// What became of the products of a feed: each of those read is accepted, unmapped or rejected.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// Products read: the rows of a table, header not counted, and the variants of a line of JSON.
    pub read: u64,
    /// Products now in the catalogue.
    pub accepted: u64,
    /// Products of the shop that the marketplace has no name for, in the order of the feed.
    pub unmapped: Vec<Unmapped>,
    /// Products left out because something in them is broken, in the order of the feed.
    pub rejected: Vec<Rejection>,
}

/// A product that nothing maps to the marketplace's name of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmapped {
    /// The line in the file, counted from 1 with the header, or the number of the row.
    pub line: u64,
    /// The shop's own name of it, as far as it can be shown.
    pub id: Box<str>,
}

/// A product, or a row of a mapping file, left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The line in the file where it begins, counted from 1 with the header, or the number of the
    /// row.
    pub line: u64,
    /// The shop's own name of the product, its SKU; empty when it is not known.
    pub id: Box<str>,
    /// What is at fault, as the source calls it, such as `Variant Price`; or `row`.
    pub field: Box<str>,
    /// The value at fault, cut to 80 characters, without control characters; empty when there is
    /// none.
    pub value: Box<str>,
    /// What was expected instead.
    pub reason: String,
}

impl Report {
    /// Writes every rejection as a line of line number, id, field, value and reason, separated by
    /// tabs, under a header.
    ///
    /// # Errors
    /// Whatever `out` reports.
    pub fn write_rejections(&self, out: impl Write) -> io::Result<()> {
        write_rejections(&self.rejected, out)
    }

    /// Writes every unmapped product as a line of line number and id, separated by tabs, under a
    /// header.
    ///
    /// # Errors
    /// Whatever `out` reports.
    pub fn write_unmapped(&self, mut out: impl Write) -> io::Result<()> {
        writeln!(out, "line\tid")?;
        for Unmapped { line, id } in &self.unmapped {
            writeln!(out, "{line}\t{}", escaped(id))?;
        }
        out.flush()
    }
}

pub(super) fn write_rejections(rejected: &[Rejection], mut out: impl Write) -> io::Result<()> {
    writeln!(out, "line\tid\tfield\tvalue\treason")?;
    for Rejection { line, id, field, value, reason } in rejected {
        let [id, field, value, reason] = [&**id, field, value, reason].map(escaped);
        writeln!(out, "{line}\t{id}\t{field}\t{value}\t{reason}")?;
    }
    out.flush()
}

/// The most characters of a value that are shown.
const SHOWN: usize = 80;

/// A value as it may be shown: cut, and without control characters.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => escaped(text),
        Some(_) => {
            let cut: String = text.chars().take(SHOWN - 1).collect();
            escaped(&cut) + "\u{2026}"
        }
    }
}

/// Without control characters, so that a cell stays a cell and a terminal what it is.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            // Writing to a string cannot fail.
            let _ = write!(out, "{}", letter.escape_default());
        } else {
            out.push(letter);
        }
    }
    out
}
