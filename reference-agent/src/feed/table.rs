//! Stands in for the loader of tables until it lands; not to be merged.

use super::{FeedError, Report, load};
use crate::catalogue::Catalogue;

/// Stands in.
#[derive(Debug)]
pub struct SlugMapping;

impl SlugMapping {
    /// Stands in.
    pub const COLUMN: &str = "product_slug";

    /// Stands in.
    #[must_use]
    pub fn by_column(_column: &str) -> Self {
        Self
    }
}

/// Stands in.
#[derive(Debug)]
pub struct TableLoader<'m> {
    _slugs: &'m SlugMapping,
    text: String,
}

impl<'m> TableLoader<'m> {
    /// Stands in.
    ///
    /// # Errors
    /// None yet.
    pub fn new(columns: &[&str], slugs: &'m SlugMapping) -> Result<Self, FeedError> {
        load(format!("{}\n", columns.join("\t")).as_bytes(), |_, _| {})
            .or_else(|error| match error {
                FeedError::NoRows => Ok(Default::default()),
                error => Err(error),
            })
            .map(|_: (Catalogue, Report)| Self { _slugs: slugs, text: columns.join("\t") + "\n" })
    }

    /// Stands in.
    pub fn row(&mut self, _number: u64, values: &[&str]) {
        let values: Vec<String> =
            values.iter().map(|value| value.replace(['\t', '\n', '\r'], " ")).collect();
        self.text += &(values.join("\t") + "\n");
    }

    /// Stands in.
    ///
    /// # Errors
    /// [`FeedError`].
    pub fn finish(self) -> Result<(Catalogue, Report), FeedError> {
        let (catalogue, mut report) = load(self.text.as_bytes(), |_, _| {})?;
        for rejection in &mut report.rejected {
            rejection.line -= 1;
        }
        Ok((catalogue, report))
    }
}
