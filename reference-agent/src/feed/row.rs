//! One product of a feed, as text by field, whatever the format.

use std::borrow::Cow;

use super::report::shown;

/// What is read of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// The shop's own name of it, its SKU.
    Id,
    Title,
    /// The marketplace's name of it.
    Slug,
    Gtin,
    Brand,
    Mpn,
    Price,
    SalePrice,
    /// A higher price that `Price` is shown beside.
    CompareAt,
    SaleDates,
    SaleFrom,
    SaleUntil,
    Availability,
    Quantity,
    Weight,
    WeightUnit,
    Shipping,
    MinHandling,
    MaxHandling,
    PriceBreaks,
    Floor,
    MinOrder,
    MaxOrder,
    Increment,
    /// What the rows of one product with several variants have in common.
    Group,
    /// The number by which a group is named elsewhere.
    Number,
    Kind,
    Status,
    Published,
    /// Who counts the stock, if anybody does.
    Tracker,
    /// Whether more is sold than there is.
    Backorders,
}

impl Field {
    const COUNT: usize = Self::Backorders.place() + 1;

    #[expect(clippy::as_conversions, reason = "the place of a variant without data")]
    const fn place(self) -> usize {
        self as usize
    }
}

/// What a format calls a field.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) field: Field,
    /// Its names; the first that is there counts.
    pub(super) names: &'static [&'static str],
    /// What it holds, if there can be no product without it.
    pub(super) needed: Option<&'static str>,
}

impl Column {
    pub(super) const fn new(field: Field, names: &'static [&'static str]) -> Self {
        Self { field, names, needed: None }
    }

    pub(super) const fn needed(
        field: Field,
        names: &'static [&'static str],
        hint: &'static str,
    ) -> Self {
        Self { field, names, needed: Some(hint) }
    }
}

/// Our own columns, and those of Google's that are of use in every table.
pub(super) const OURS: &[Column] = &[
    Column::new(Field::Shipping, &["shipping"]),
    Column::new(Field::MinHandling, &["min_handling_time"]),
    Column::new(Field::MaxHandling, &["max_handling_time"]),
    Column::new(Field::PriceBreaks, &["price_breaks"]),
    Column::new(Field::Floor, &["auto_pricing_min_price"]),
    Column::new(Field::MinOrder, &["min_order_quantity"]),
    Column::new(Field::MaxOrder, &["max_order_quantity"]),
    Column::new(Field::Increment, &["order_increment"]),
];

/// Names of columns and keys are compared in lower case, with underscores for spaces.
pub(super) fn normalised(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace(' ', "_")
}

/// What the source calls each field.
#[derive(Debug)]
pub(super) struct Names([Box<str>; Field::COUNT]);

impl Names {
    /// The first name of each column.
    pub(super) fn of<'c>(columns: impl IntoIterator<Item = &'c Column>, slug: &str) -> Self {
        let mut names = Self(std::array::from_fn(|_| Box::default()));
        for column in columns {
            names.set(column.field, column.names.first().copied().unwrap_or_default());
        }
        names.set(Field::Slug, slug);
        names
    }

    pub(super) fn get(&self, field: Field) -> &str {
        self.0.get(field.place()).map_or("", |name| name)
    }

    pub(super) fn set(&mut self, field: Field, name: &str) {
        if let Some(place) = self.0.get_mut(field.place()) {
            *place = name.into();
        }
    }
}

/// One product of a feed, as text by field: without white space around it, empty where there is
/// nothing.
#[derive(Debug)]
pub(super) struct Row<'r> {
    names: &'r Names,
    /// Fields that go by another name in this row.
    renamed: Vec<(Field, &'r str)>,
    values: [Cow<'r, str>; Field::COUNT],
}

/// What is wrong with a row.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) field: Box<str>,
    pub(super) value: Box<str>,
    pub(super) reason: String,
}

impl Fault {
    /// Of the row as a whole.
    pub(super) fn row(reason: impl Into<String>) -> Self {
        Self { field: "row".into(), value: Box::default(), reason: reason.into() }
    }
}

impl<'r> Row<'r> {
    pub(super) fn new(names: &'r Names) -> Self {
        Self { names, renamed: Vec::new(), values: std::array::from_fn(|_| Cow::Borrowed("")) }
    }

    pub(super) fn set(&mut self, field: Field, value: Cow<'r, str>) {
        if let Some(place) = self.values.get_mut(field.place()) {
            *place = match value {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                Cow::Owned(text) if text.trim().len() < text.len() => {
                    Cow::Owned(text.trim().to_owned())
                }
                Cow::Owned(text) => Cow::Owned(text),
            };
        }
    }

    /// Puts in what `edit` makes of each text, if it makes anything of it.
    pub(super) fn edit(&mut self, edit: impl Fn(&str) -> Option<&str>) {
        for value in &mut self.values {
            if let Some(edited) = edit(value).map(str::to_owned) {
                *value = Cow::Owned(edited);
            }
        }
    }

    /// Sets what is empty.
    pub(super) fn fill(&mut self, field: Field, value: &str) {
        if self.text(field).is_empty() {
            self.set(field, Cow::Owned(value.to_owned()));
        }
    }

    /// What the source calls `field`; empty if it has no column for it.
    pub(super) fn name(&self, field: Field) -> &str {
        let renamed = self.renamed.iter().find(|(found, _)| *found == field);
        renamed.map_or_else(|| self.names.get(field), |(_, name)| name)
    }

    pub(super) fn rename(&mut self, field: Field, name: &'r str) {
        self.renamed.push((field, name));
    }

    pub(super) fn text(&self, field: Field) -> &str {
        self.values.get(field.place()).map_or("", |value| value)
    }

    pub(super) fn has(&self, field: Field) -> bool {
        !self.text(field).is_empty()
    }

    /// What `parse` makes of the text of `field`, or what is wrong with it.
    pub(super) fn read<T>(
        &self,
        field: Field,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, Fault> {
        parse(self.text(field)).map_err(|reason| self.fault(field, reason))
    }

    /// The same, and `None` where there is no text.
    pub(super) fn read_any<T>(
        &self,
        field: Field,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Fault> {
        if self.has(field) { self.read(field, parse).map(Some) } else { Ok(None) }
    }

    pub(super) fn fault(&self, field: Field, reason: impl Into<String>) -> Fault {
        Fault {
            field: self.name(field).into(),
            value: shown(self.text(field)).into(),
            reason: reason.into(),
        }
    }
}
