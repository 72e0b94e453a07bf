//! Why a feed cannot be used at all.

use std::io;

use super::format::FormatError;
use super::report::Rejection;

/// Why a feed cannot be used at all. A row that cannot be used is in the
/// [`Report`](super::Report) instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeedError {
    /// The file cannot be read.
    #[error("it cannot be read; check the path and who may read it")]
    Io(#[from] io::Error),
    /// There is nothing in it.
    #[error("it is empty; check what exports it")]
    Empty,
    /// UTF-16, as some spreadsheets save "Unicode text".
    #[error("it is UTF-16; save it as UTF-8")]
    Utf16,
    /// What format it is in cannot be told.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The header cannot be read.
    #[error("its header cannot be used: {reason}")]
    Header {
        /// What is wrong with it.
        reason: String,
    },
    /// A column that every row needs is not in the header.
    #[error("it has no column {column:?}; add it: {hint}")]
    MissingColumn {
        /// The column.
        column: Box<str>,
        /// What it should hold.
        hint: &'static str,
    },
    /// A column stands in the header twice.
    #[error("it has the column {column:?} twice; which of the two counts cannot be told")]
    RepeatedColumn {
        /// The column.
        column: Box<str>,
    },
    /// The last row or element is not complete, so the file was read while it was written, or
    /// writing it failed.
    #[error("it is cut off in line {line}; write it whole, then move it into place")]
    CutOff {
        /// The last line.
        line: u64,
    },
    /// It is not well-formed XML.
    #[error("it is not well-formed XML; the first problem is in line {line}: {reason}")]
    Xml {
        /// The line.
        line: u64,
        /// What is wrong in it.
        reason: String,
    },
    /// It is XML, but no feed.
    #[error("its root element is <{root}>; expected RSS 2.0 (<rss>) or Atom (<feed>)")]
    NoFeed {
        /// The root element.
        root: Box<str>,
    },
    /// No product can be used, and some are broken.
    #[error(
        "none of its {read} products can be used; the first problem is in line {line}, {field}: {reason}"
    )]
    NoUsableRow {
        /// Products read.
        read: u64,
        /// The line of the first rejection.
        line: u64,
        /// Its column.
        field: Box<str>,
        /// Its reason.
        reason: String,
    },
    /// No product has a name of the marketplace, and none is broken.
    #[error(
        "none of its {read} products has a name of the marketplace; add a column {column:?} or name a \
         mapping file that knows its products"
    )]
    NothingMapped {
        /// Products read.
        read: u64,
        /// The column that would hold the name.
        column: Box<str>,
    },
    /// There are no products in it.
    #[error("there are no products in it; check what exports it")]
    NoRows,
}

impl FeedError {
    pub(super) fn no_usable_row(read: u64, first: &Rejection) -> Self {
        let Rejection { line, field, reason, .. } = first.clone();
        Self::NoUsableRow { read, line, field, reason }
    }
}
