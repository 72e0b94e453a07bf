//! Takes in the products of a feed one by one, whatever its format.

use std::collections::HashMap;
use std::sync::Arc;

use chrono_tz::Tz;
use rfq_sdk::{ProductSlug, Usd};

use super::error::FeedError;
use super::mapping::SlugMapping;
use super::report::{Rejection, Report, Unmapped, shown};
use super::row::{Fault, Field, Row};
use super::value;
use crate::catalogue::{Availability, Catalogue, OrderQuantities, Product, QuantitiesError};
use crate::pricing::{PriceError, Sale, UnitPrices};
use crate::shipping::ShippingTable;

/// What each format says in its own way.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) regular: Usd,
    /// Where the regular price was found.
    pub(super) regular_field: Field,
    /// The price of a sale; when that is stands in the fields of its times.
    pub(super) sale: Option<Usd>,
    /// Where the price of the sale was found.
    pub(super) sale_field: Field,
    pub(super) availability: Availability,
    /// Not a draft, archived or unpublished.
    pub(super) is_sold: bool,
    /// What is on hand is on hand of others too.
    pub(super) shares_stock: bool,
    pub(super) on_hand: Option<u32>,
    pub(super) weight_milligrams: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Intake<'m> {
    slugs: &'m SlugMapping,
    /// Of times and days without an offset.
    zone: Tz,
    catalogue: Catalogue,
    report: Report,
    /// Most products of a shop share a few tables.
    tables: HashMap<String, Arc<ShippingTable>>,
    /// Of the products in the catalogue, by their id.
    lines: HashMap<Box<str>, u64>,
}

/// What is counted of a product that is taken.
struct Taken {
    is_sold: bool,
    shares_stock: bool,
}

impl<'m> Intake<'m> {
    pub(super) fn new(slugs: &'m SlugMapping, zone: Tz) -> Self {
        Self {
            slugs,
            zone,
            catalogue: Catalogue::default(),
            report: Report::default(),
            tables: HashMap::new(),
            lines: HashMap::new(),
        }
    }

    /// Products so far.
    pub(super) fn read(&self) -> u64 {
        self.report.read
    }

    /// Takes in the product of `row`, whose terms `terms` reads if the marketplace knows it.
    pub(super) fn take(
        &mut self,
        line: u64,
        row: &Row<'_>,
        terms: impl FnOnce(&Row<'_>) -> Result<Terms, Fault>,
    ) {
        let id = row.text(Field::Id);
        let slug = match self.slugs.find(row) {
            Ok(Some(slug)) => slug,
            Ok(None) => {
                self.report.read += 1;
                return self.report.unmapped.push(Unmapped { line, id: shown(id).into() });
            }
            Err(fault) => return self.reject(line, id, fault),
        };
        let taken = self.product(slug, row, terms).and_then(|(product, taken)| {
            self.check_id(&product, row)?;
            let id = product.id.clone();
            self.catalogue.insert(product).map_err(|product| {
                let first = self.catalogue.find(&product.slug);
                let first = first.and_then(|first| self.lines.get(&first.id)).copied();
                let first = first.unwrap_or_default();
                let reason = format!("{} stands in line {first} already", product.slug);
                row.fault(Field::Slug, reason)
            })?;
            self.lines.insert(id, line);
            Ok(taken)
        });
        match taken {
            Ok(Taken { is_sold, shares_stock }) => {
                self.report.read += 1;
                self.report.accepted += 1;
                self.report.not_sold += u64::from(!is_sold);
                self.report.sharing_stock += u64::from(shares_stock);
            }
            Err(fault) => self.reject(line, id, fault),
        }
    }

    /// Refuses a second product of one id: the stock of one would be sold by two names. A name that stands
    /// there twice is another mistake.
    fn check_id(&self, product: &Product, row: &Row<'_>) -> Result<(), Fault> {
        match self.lines.get(&product.id) {
            Some(first) if self.catalogue.find(&product.slug).is_none() => Err(row.fault(
                Field::Id,
                format!("it stands in line {first} already; expected an id of its own, as stock is counted by it"),
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// Leaves out a product.
    pub(super) fn reject(&mut self, line: u64, id: &str, fault: Fault) {
        let Fault { field, value, reason } = fault;
        self.report.read += 1;
        let id = shown(id).into();
        self.report.rejected.push(Rejection { line, id, field, value, reason });
    }

    /// The catalogue, unless there is nothing in it.
    pub(super) fn finish(self) -> Result<(Catalogue, Report), FeedError> {
        let Self { report, catalogue, slugs, .. } = self;
        match report.rejected.kept().first() {
            _ if report.accepted > 0 => Ok((catalogue, report)),
            Some(first) => Err(FeedError::no_usable_row(report.read, first)),
            None if report.unmapped.count() == 0 => Err(FeedError::NoRows),
            None => {
                Err(FeedError::NothingMapped { read: report.read, column: slugs.column().into() })
            }
        }
    }

    /// A product, and what the report says of it.
    fn product(
        &mut self,
        slug: ProductSlug,
        row: &Row<'_>,
        terms: impl FnOnce(&Row<'_>) -> Result<Terms, Fault>,
    ) -> Result<(Product, Taken), Fault> {
        let id = row.text(Field::Id);
        if id.is_empty() {
            let reason = "empty; expected the shop's own name of the product";
            return Err(row.fault(Field::Id, reason));
        }
        let title = if row.has(Field::Title) { row.text(Field::Title) } else { slug.slug() };
        let terms = terms(row)?;
        let min = row.read_any(Field::MinHandling, value::day_count)?;
        let max = row.read_any(Field::MaxHandling, value::day_count)?;
        let handling = value::days(min, max).map_err(|reason| {
            row.fault(if max.is_some() { Field::MaxHandling } else { Field::MinHandling }, reason)
        })?;
        let product = Product {
            id: id.into(),
            title: title.into(),
            prices: prices(row, &terms, self.zone)?,
            quantities: quantities(row)?,
            availability: if terms.is_sold { terms.availability } else { Availability::NotSold },
            on_hand: terms.on_hand,
            shipping: row.read(Field::Shipping, |text| self.shipping(text))?,
            handling,
            weight_milligrams: terms.weight_milligrams,
            slug,
        };
        let Terms { is_sold, shares_stock, on_hand, .. } = terms;
        Ok((product, Taken { is_sold, shares_stock: shares_stock && on_hand.is_some() }))
    }

    fn shipping(&mut self, text: &str) -> Result<Arc<ShippingTable>, String> {
        if let Some(table) = self.tables.get(text) {
            return Ok(Arc::clone(table));
        }
        let table = Arc::new(value::shipping(text)?);
        self.tables.insert(text.to_owned(), Arc::clone(&table));
        Ok(table)
    }
}

fn prices(row: &Row<'_>, terms: &Terms, zone: Tz) -> Result<UnitPrices, Fault> {
    let sale = terms.sale.map(|price| sale(row, price, zone)).transpose()?;
    let breaks = row.read_any(Field::PriceBreaks, value::price_breaks)?.unwrap_or_default();
    let floor = row.read_any(Field::Floor, value::bare_or_with_currency)?;
    UnitPrices::new(terms.regular, sale, breaks, floor).map_err(|error| {
        let field = match error {
            PriceError::Zero => terms.regular_field,
            PriceError::SaleZero => terms.sale_field,
            PriceError::BreakQuantity { .. }
            | PriceError::BreakTwice { .. }
            | PriceError::BreakDearer { .. }
            | PriceError::BreakZero { .. } => Field::PriceBreaks,
            PriceError::FloorAboveRegular { .. } => Field::Floor,
        };
        row.fault(field, error.to_string())
    })
}

/// A sale at `price`, in the interval or between the times that the row gives.
fn sale(row: &Row<'_>, price: Usd, zone: Tz) -> Result<Sale, Fault> {
    let dates = row.read_any(Field::SaleDates, |text| value::interval(text, zone))?;
    let from = row.read_any(Field::SaleFrom, |text| value::beginning(text, zone))?;
    let until = row.read_any(Field::SaleUntil, |text| value::end(text, zone))?;
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        return Err(row.fault(Field::SaleUntil, "it ends before it begins"));
    }
    Ok(Sale {
        price,
        from: dates.map(|(from, _)| from).or(from),
        until: dates.map(|(_, until)| until).or(until),
    })
}

fn quantities(row: &Row<'_>) -> Result<OrderQuantities, Fault> {
    let min = row.read_any(Field::MinOrder, value::units)?.unwrap_or(1);
    let max = row.read_any(Field::MaxOrder, value::units)?;
    let increment = row.read_any(Field::Increment, value::units)?.unwrap_or(1);
    OrderQuantities::new(min, max, increment).map_err(|error| {
        let field = match error {
            QuantitiesError::Zero if min == 0 => Field::MinOrder,
            QuantitiesError::Zero | QuantitiesError::NothingBetween { .. } => Field::Increment,
            QuantitiesError::MaxBelowMin { .. } => Field::MaxOrder,
        };
        row.fault(field, error.to_string())
    })
}
