//! One product of an XML feed, element by element.

use std::borrow::Cow;

use crate::feed::lines::MOST_BYTES;
use crate::feed::row::{Column, Fault, Field, Names, OURS, Row, normalised};
use crate::feed::table::GOOGLE_COLUMNS;

/// The parts of `g:shipping`, in the order of the same value in a table; the service is of no use.
const SHIPPING: [&str; 8] = [
    "country",
    "region",
    "",
    "price",
    "min_handling_time",
    "max_handling_time",
    "min_transit_time",
    "max_transit_time",
];

/// What the elements are called.
#[derive(Debug)]
pub(super) struct Elements {
    names: Names,
    slug: String,
}

impl Elements {
    pub(super) fn new(slug: &str) -> Self {
        let mut names = Names::of(columns(), slug);
        for field in columns().map(|column| column.field).chain([Field::Slug]) {
            let name = format!("g:{}", names.get(field));
            names.set(field, &name);
        }
        Self { names, slug: slug.to_owned() }
    }

    /// The field that the element of this name holds.
    pub(super) fn field(&self, name: &str) -> Option<Field> {
        let known = columns().find(|column| column.names.contains(&name));
        let is_slug = || normalised(name) == self.slug;
        known.map(|column| column.field).or_else(|| is_slug().then_some(Field::Slug))
    }
}

fn columns() -> impl Iterator<Item = &'static Column> {
    GOOGLE_COLUMNS.iter().chain(OURS)
}

/// One product, as far as it is read.
#[derive(Debug)]
pub(super) struct Entry {
    /// The line it begins in.
    pub(super) line: u64,
    /// The text of each field, and whether its element is Google's.
    texts: Vec<(Field, bool, String)>,
    shipping: [String; SHIPPING.len()],
    shippings: Vec<String>,
    len: usize,
    repeated: Option<Field>,
}

impl Entry {
    pub(super) fn new(line: u64) -> Self {
        Self {
            line,
            texts: Vec::new(),
            shipping: Default::default(),
            shippings: Vec::new(),
            len: 0,
            repeated: None,
        }
    }

    /// Takes the text of the element of `field`. Google's element counts before one without a
    /// namespace.
    pub(super) fn take(&mut self, field: Field, is_googles: bool, text: &str) {
        self.len = self.len.saturating_add(text.len());
        if self.is_too_long() {
            return self.texts.clear();
        }
        match self.texts.iter_mut().find(|(found, ..)| *found == field) {
            None => self.texts.push((field, is_googles, text.to_owned())),
            Some((_, was_googles, _)) if *was_googles && !is_googles => {}
            Some(found) if !found.1 && is_googles => *found = (field, true, text.to_owned()),
            Some(_) => self.repeated = Some(field),
        }
    }

    /// Takes the text of an element inside `g:shipping`.
    pub(super) fn take_part(&mut self, name: &str, text: &str) {
        self.len = self.len.saturating_add(text.len());
        let place = SHIPPING.iter().position(|part| *part == name && !name.is_empty());
        if let Some(part) = place.and_then(|place| self.shipping.get_mut(place))
            && self.len <= MOST_BYTES
        {
            text.trim().clone_into(part);
        }
    }

    /// Ends a `g:shipping`, whose own `text` counts if it has no elements inside.
    pub(super) fn end_shipping(&mut self, text: &str) {
        let parts = std::mem::take(&mut self.shipping);
        let entry = if parts.iter().all(String::is_empty) {
            text.trim().to_owned()
        } else if parts.iter().skip(4).all(String::is_empty) {
            parts.get(..4).unwrap_or_default().join(":")
        } else {
            parts.join(":")
        };
        self.len = self.len.saturating_add(entry.len());
        if !entry.is_empty() && self.len <= MOST_BYTES {
            self.shippings.push(entry);
        }
    }

    fn is_too_long(&self) -> bool {
        self.len > MOST_BYTES
    }

    /// The product.
    pub(super) fn row<'r>(&'r self, elements: &'r Elements) -> Result<Row<'r>, Fault> {
        if self.is_too_long() {
            return Err(Fault::row("longer than 1 MiB"));
        }
        let mut row = Row::new(&elements.names);
        for (field, is_googles, text) in &self.texts {
            row.set(*field, Cow::Borrowed(text));
            if !is_googles {
                let name = elements.names.get(*field);
                row.rename(*field, name.strip_prefix("g:").unwrap_or(name));
            }
        }
        row.set(Field::Shipping, Cow::Owned(self.shippings.join(",")));
        match self.repeated {
            Some(field) => Err(row.fault(field, "it stands there twice")),
            None => Ok(row),
        }
    }

    /// The shop's own name of it, as far as it is known.
    pub(super) fn id(&self) -> &str {
        let found = self.texts.iter().find(|(field, ..)| *field == Field::Id);
        found.map_or("", |(_, _, text)| text.trim())
    }
}
