//! One product of an XML feed, element by element.

use std::borrow::Cow;

use crate::feed::lines::MOST_BYTES;
use crate::feed::report::shown;
use crate::feed::row::{Column, Fault, Field, Names, OURS, Row, normalised};
use crate::feed::table::GOOGLE_COLUMNS;
use crate::feed::value::{SHIPPING_PARTS, narrower, rate_of};

/// What `g:shipping` may say besides that changes neither where nor for how much.
const OF_NO_USE: [&str; 3] = ["service", "handling_cutoff_time", "handling_cutoff_timezone"];

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
    /// The parts of the rate that is read.
    parts: [String; SHIPPING_PARTS.len()],
    /// Each rate, and whether its element is Google's.
    rates: Vec<(bool, String)>,
    /// A part by which a rate is for less than a region.
    narrower: Option<String>,
    len: usize,
    repeated: Option<Field>,
}

impl Entry {
    pub(super) fn new(line: u64) -> Self {
        Self {
            line,
            texts: Vec::new(),
            parts: Default::default(),
            rates: Vec::new(),
            narrower: None,
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
        let text = text.trim();
        self.len = self.len.saturating_add(text.len());
        if text.is_empty() || self.is_too_long() || OF_NO_USE.contains(&name) {
            return;
        }
        let place = SHIPPING_PARTS.iter().position(|part| *part == name);
        match place.and_then(|place| self.parts.get_mut(place)) {
            Some(part) => text.clone_into(part),
            None => self.narrower = Some(shown(name)),
        }
    }

    /// Ends a `g:shipping`, whose own `text` counts if it has no elements inside.
    pub(super) fn end_shipping(&mut self, is_googles: bool, text: &str) {
        let parts = std::mem::take(&mut self.parts);
        let has_parts = parts.iter().any(|part| !part.is_empty());
        let rate = if has_parts { rate_of(&parts) } else { text.trim().to_owned() };
        self.len = self.len.saturating_add(rate.len());
        if !rate.is_empty() && !self.is_too_long() {
            self.rates.push((is_googles, rate));
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
        let of_google = self.rates.iter().any(|(is_googles, _)| *is_googles);
        let rates = self.rates.iter().filter(|(is_googles, _)| *is_googles == of_google);
        let rates: Vec<&str> = rates.map(|(_, rate)| rate.as_str()).collect();
        row.set(Field::Shipping, Cow::Owned(rates.join(",")));
        if !of_google {
            row.rename(Field::Shipping, "shipping");
        }
        if let Some(part) = &self.narrower {
            return Err(row.fault(Field::Shipping, narrower(part)));
        }
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
