//! From the shop's products to the marketplace's names of them.

mod gtin;
mod table;

use rfq_sdk::{ProductSlug, SlugError};

pub use table::{MappingError, MappingReport, MappingTable};

use super::row::{Fault, Field, Row, normalised};

/// How the marketplace's name of a product is found: in a column of the feed, or else in a table, by
/// the shop's own name of it, by its GTIN, then by its brand and MPN.
#[derive(Debug)]
pub struct SlugMapping {
    column: Box<str>,
    table: Option<MappingTable>,
}

impl Default for SlugMapping {
    fn default() -> Self {
        Self::by_column("product_slug")
    }
}

impl SlugMapping {
    /// By the column, key or element `name` alone. Upper and lower case are the same in it, and so
    /// are spaces and underscores.
    #[must_use]
    pub fn by_column(name: &str) -> Self {
        Self { column: normalised(name).into(), table: None }
    }

    /// The same, and by `table` where the column is empty or missing.
    #[must_use]
    pub fn with_table(mut self, table: MappingTable) -> Self {
        self.table = Some(table);
        self
    }

    /// The column, key or element that holds the name.
    #[must_use]
    pub fn column(&self) -> &str {
        &self.column
    }

    pub(super) fn has_table(&self) -> bool {
        self.table.is_some()
    }

    /// The name of the product of `row`, if there is one.
    pub(super) fn find(&self, row: &Row<'_>) -> Result<Option<ProductSlug>, Fault> {
        if row.has(Field::Slug) {
            let parsed = row.read(Field::Slug, |text| {
                text.parse().map_err(|error: SlugError| error.to_string())
            });
            return parsed.map(Some);
        }
        let found = self.table.as_ref().and_then(|table| {
            let text = |field| row.text(field);
            table.find(text(Field::Id), text(Field::Gtin), text(Field::Brand), text(Field::Mpn))
        });
        Ok(found.cloned())
    }
}
