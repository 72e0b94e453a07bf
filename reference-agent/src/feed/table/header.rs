//! The header of a table: which column holds what.

use std::borrow::Cow;

use super::records::{Record, Separator};
use crate::feed::error::FeedError;
use crate::feed::report::shown;
use crate::feed::row::{Column, Fault, Field, Names, OURS, Row, normalised};
use crate::feed::value;

/// Which column holds what.
#[derive(Debug)]
pub(in crate::feed) struct Header {
    names: Names,
    /// The field and the column of each value that is read.
    places: Vec<(Field, usize)>,
    width: usize,
    /// The parts of the rates, if the label of their column names them.
    rates: Option<RateParts>,
    separator: Separator,
}

impl Header {
    /// Finds `columns`, our own and `slug_column` among `labels`.
    pub(in crate::feed) fn find(
        labels: &[String],
        separator: Separator,
        columns: impl IntoIterator<Item = &'static Column>,
        slug_column: &str,
    ) -> Result<Self, FeedError> {
        let found: Vec<Label> = labels.iter().map(|label| Label::of(label)).collect();
        // What is not there has no name.
        let names = Names::of([], slug_column);
        let mut header =
            Self { names, places: Vec::new(), width: labels.len(), rates: None, separator };
        for column in columns.into_iter().chain(OURS) {
            let mut at = None;
            for name in column.names {
                at = at.or(place(&found, name)?);
            }
            match at {
                Some(at) => header.read(column.field, at, labels),
                None => {
                    if let Some(hint) = column.needed {
                        let column = column.names.first().copied().unwrap_or_default().into();
                        return Err(FeedError::MissingColumn { column, hint });
                    }
                }
            }
        }
        if let Some(at) = place(&found, slug_column)? {
            header.read(Field::Slug, at, labels);
        }
        let rates = header.place_of(Field::Shipping).and_then(|at| labels.get(at));
        header.rates = rates.map_or(Ok(None), |label| RateParts::of(label))?;
        Ok(header)
    }

    fn read(&mut self, field: Field, at: usize, labels: &[String]) {
        if let Some(label) = labels.get(at) {
            self.names.set(field, &shown(label.trim()));
            self.places.push((field, at));
        }
    }

    /// Whether there is a column for `field`.
    pub(in crate::feed) fn has(&self, field: Field) -> bool {
        self.place_of(field).is_some()
    }

    fn place_of(&self, field: Field) -> Option<usize> {
        self.places.iter().find(|(found, _)| *found == field).map(|(_, at)| *at)
    }

    /// How many columns there are.
    pub(in crate::feed) fn width(&self) -> usize {
        self.width
    }

    /// A row of values, given by their column.
    pub(in crate::feed) fn row<'r>(&'r self, values: &[&'r str]) -> Result<Row<'r>, Fault> {
        self.check_width(values.len(), |at| values.get(at).is_none_or(|value| value.is_empty()))?;
        let mut row = Row::new(&self.names);
        for (field, at) in &self.places {
            row.set(*field, Cow::Borrowed(values.get(*at).copied().unwrap_or_default()));
        }
        self.write_rates_out(&mut row)?;
        Ok(row)
    }

    /// The row of a record.
    pub(in crate::feed) fn row_of<'r>(&'r self, record: &'r Record) -> Result<Row<'r>, Fault> {
        self.check_width(record.len(), |at| record.get(at).is_none_or(<[u8]>::is_empty))?;
        let mut row = Row::new(&self.names);
        for (field, at) in &self.places {
            let bytes = record.get(*at).unwrap_or_default();
            let text = std::str::from_utf8(bytes).map_err(|_| Fault {
                field: self.names.get(*field).into(),
                value: Box::default(),
                reason: "not UTF-8 text".into(),
            })?;
            let text = match self.separator {
                Separator::Tab => unquoted(text.trim()),
                Separator::Comma => text,
            };
            row.set(*field, Cow::Borrowed(text));
        }
        self.write_rates_out(&mut row)?;
        Ok(row)
    }

    /// The shop's own name of the product of a record, whatever else is wrong with it.
    pub(in crate::feed) fn id_of<'r>(&self, record: &'r Record) -> Cow<'r, str> {
        let bytes = self.place_of(Field::Id).and_then(|at| record.get(at)).unwrap_or_default();
        String::from_utf8_lossy(bytes.trim_ascii())
    }

    /// Writes the rates of a column that names their parts as those of one that does not.
    fn write_rates_out(&self, row: &mut Row<'_>) -> Result<(), Fault> {
        let Some(parts) = self.rates.as_ref().filter(|_| row.has(Field::Shipping)) else {
            return Ok(());
        };
        let rates = row.read(Field::Shipping, |text| parts.write_out(text))?;
        row.set(Field::Shipping, Cow::Owned(rates));
        Ok(())
    }

    fn check_width(&self, len: usize, is_empty: impl Fn(usize) -> bool) -> Result<(), Fault> {
        if len < self.width || !(self.width..len).all(is_empty) {
            let width = self.width;
            return Err(Fault::row(format!("{len} values under a header of {width} columns")));
        }
        Ok(())
    }
}

/// The parts of a rate, by their place among [`value::SHIPPING_PARTS`], in the order in which Google's
/// label of the column names them: `shipping(country:region:price)`.
#[derive(Debug)]
struct RateParts(Vec<usize>);

impl RateParts {
    /// The parts that the label names, if it names any.
    fn of(label: &str) -> Result<Option<Self>, FeedError> {
        let name = normalised(label);
        let Some(parts) = named_parts(&name) else { return Ok(None) };
        let refused =
            |reason: &str| FeedError::Header { reason: format!("{}: {reason}", shown(label)) };
        let mut places = Vec::new();
        for part in parts.split(':') {
            let place = value::SHIPPING_PARTS.iter().position(|known| *known == part);
            let place = place.ok_or_else(|| refused(&value::narrower(&shown(part))))?;
            if places.contains(&place) {
                return Err(refused(&format!("it has the part {part} twice")));
            }
            places.push(place);
        }
        Ok(Some(Self(places)))
    }

    fn write_out(&self, rates: &str) -> Result<String, String> {
        let rates = rates.split(',').filter(|rate| !rate.trim().is_empty());
        let rates = rates.map(|rate| {
            let given: Vec<&str> = rate.split(':').collect();
            if given.len() != self.0.len() {
                let rate = shown(rate.trim());
                return Err(format!("\"{rate}\": expected the parts that its column names"));
            }
            let mut parts = [""; value::SHIPPING_PARTS.len()];
            for (place, text) in self.0.iter().zip(given) {
                if let Some(part) = parts.get_mut(*place) {
                    *part = text;
                }
            }
            Ok(value::rate_of(&parts))
        });
        rates.collect::<Result<Vec<_>, _>>().map(|rates| rates.join(","))
    }
}

/// The parts that the normalised label of Google's column `shipping` names.
fn named_parts(label: &str) -> Option<&str> {
    let (column, parts) = label.strip_suffix(')')?.split_once('(')?;
    // With a dot it is a column of the shop's own.
    (column.trim_end_matches('_') == "shipping" && !parts.contains('.')).then_some(parts)
}

/// What a label is found by.
struct Label {
    name: String,
    key: Option<String>,
}

impl Label {
    /// Shops can add columns of their own: Shopify labels them
    /// `Slug (product.metafields.custom.product_slug)`, `WooCommerce` `Meta: product_slug`. Google's
    /// `shipping(country:price)` is one of `shipping`.
    fn of(label: &str) -> Self {
        let name = normalised(label);
        let of_shopify = name
            .strip_suffix(')')
            .and_then(|name| name.split_once(".metafields."))
            .and_then(|(_, path)| path.rsplit_once('.'))
            .map(|(_, key)| key);
        if named_parts(&name).is_some() {
            return Self { name: "shipping".to_owned(), key: None };
        }
        let key = of_shopify.or_else(|| name.strip_prefix("meta:_")).map(str::to_owned);
        Self { name, key }
    }
}

/// Whether a column with this label is found by one of `names`.
pub(in crate::feed) fn is_found<'n>(label: &str, names: impl IntoIterator<Item = &'n str>) -> bool {
    let label = Label::of(label);
    names.into_iter().map(normalised).any(|name| label.name == name || label.key == Some(name))
}

/// Where the column `name` stands, if it stands there once. A column of the shop's own counts where
/// there is no other.
fn place(labels: &[Label], name: &str) -> Result<Option<usize>, FeedError> {
    let name = normalised(name);
    let once = |is_it: &dyn Fn(&Label) -> bool| {
        let mut places = labels.iter().enumerate().filter(|(_, label)| is_it(label));
        let first = places.next().map(|(at, _)| at);
        match places.next() {
            None => Ok(first),
            Some(_) => Err(FeedError::RepeatedColumn { column: name.as_str().into() }),
        }
    };
    match once(&|label| label.name == name)? {
        Some(at) => Ok(Some(at)),
        None => once(&|label| label.key.as_deref() == Some(name.as_str())),
    }
}

/// The labels of a header.
pub(in crate::feed) fn labels(record: &Record, separator: Separator) -> Vec<String> {
    record
        .iter()
        .map(|label| {
            let label = String::from_utf8_lossy(label);
            let label = label.trim();
            if separator == Separator::Tab { unquoted(label) } else { label }.to_owned()
        })
        .collect()
}

/// The value inside double quotes, if it stands in them. Doubled quotes inside stay doubled: what is
/// read has no use for quotes, and the title is only shown.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}
