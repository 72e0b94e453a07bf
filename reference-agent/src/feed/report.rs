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
    /// Those of them that the shop has as a draft, archived or not published: known, but out of stock.
    pub not_sold: u64,
    /// Those of the accepted whose stock is also that of others, such as variations that sell the stock of
    /// their parent. It is counted for each by itself.
    pub sharing_stock: u64,
    /// Products of the shop that the marketplace has no name for, in the order of the feed.
    pub unmapped: LeftOut<Unmapped>,
    /// Products left out because something in them is broken, in the order of the feed.
    pub rejected: LeftOut<Rejection>,
}

/// What was left out of one kind: the first of it, and how much there is. A feed of millions of broken
/// rows must not fill the memory with what is wrong in each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut<T> {
    kept: Vec<T>,
    count: u64,
}

impl<T> LeftOut<T> {
    /// How many are kept.
    pub const MOST_KEPT: usize = 10_000;

    /// The first of them.
    #[must_use]
    pub fn kept(&self) -> &[T] {
        &self.kept
    }

    /// How many there are, kept or not.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn push(&mut self, entry: T) {
        self.count += 1;
        if self.kept.len() < Self::MOST_KEPT {
            self.kept.push(entry);
        }
    }

    /// `and 5 more`, unless all are kept.
    fn more(&self) -> Option<String> {
        let kept = u64::try_from(self.kept.len()).unwrap_or(u64::MAX);
        let more = self.count.saturating_sub(kept);
        (more > 0).then(|| format!("and {more} more"))
    }
}

impl<T> Default for LeftOut<T> {
    fn default() -> Self {
        Self { kept: Vec::new(), count: 0 }
    }
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
    /// Writes the rejections that are kept, each as a line of line number, id, field, value and reason,
    /// separated by tabs, under a header. A last line tells how many more there are.
    ///
    /// # Errors
    /// Whatever `out` reports.
    pub fn write_rejections(&self, out: impl Write) -> io::Result<()> {
        write_rejections(&self.rejected, out)
    }

    /// Writes the unmapped products that are kept, each as a line of line number and id, separated by
    /// tabs, under a header. A last line tells how many more there are.
    ///
    /// # Errors
    /// Whatever `out` reports.
    pub fn write_unmapped(&self, mut out: impl Write) -> io::Result<()> {
        writeln!(out, "line\tid")?;
        for Unmapped { line, id } in self.unmapped.kept() {
            writeln!(out, "{line}\t{}", escaped(id))?;
        }
        if let Some(more) = self.unmapped.more() {
            writeln!(out, "\t{more}")?;
        }
        out.flush()
    }
}

pub(super) fn write_rejections(
    rejected: &LeftOut<Rejection>,
    mut out: impl Write,
) -> io::Result<()> {
    writeln!(out, "line\tid\tfield\tvalue\treason")?;
    for Rejection { line, id, field, value, reason } in rejected.kept() {
        let [id, field, value, reason] = [&**id, field, value, reason].map(escaped);
        writeln!(out, "{line}\t{id}\t{field}\t{value}\t{reason}")?;
    }
    if let Some(more) = rejected.more() {
        writeln!(out, "\t\t\t\t{more}")?;
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
