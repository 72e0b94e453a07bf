//! A mapping file: the marketplace's names beside what the shop knows of its products.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::io::{self, Read, Write};

use rfq_sdk::{ProductSlug, SlugError};

use super::gtin::Gtin;
use crate::feed::error::FeedError;
use crate::feed::report::{LeftOut, Rejection, shown, write_rejections};
use crate::feed::row::{Column, Fault, Field, Row};
use crate::feed::table::{Header, Record, Records, Separator, read_labels};
use crate::feed::{Head, head};

/// The marketplace's names of products, found by what the shop knows of them.
#[derive(Debug, Default)]
pub struct MappingTable {
    slugs: Vec<ProductSlug>,
    ids: HashMap<Box<str>, Target>,
    gtins: HashMap<Gtin, Target>,
    parts: HashMap<Box<str>, Target>,
}

/// What became of the rows of a mapping file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct MappingReport {
    /// Rows read, the header not counted.
    pub read: u64,
    /// Rows of which at least one key is taken in.
    pub accepted: u64,
    /// Rows, or single keys of rows, that are left out.
    pub rejected: LeftOut<Rejection>,
}

/// Why a mapping file cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// It cannot be read as a table.
    #[error(transparent)]
    Table(#[from] FeedError),
    /// There is nothing in it that a product can be found by.
    #[error(
        "it has none of the columns id, gtin, or brand and mpn, so no product can be found by it"
    )]
    NoKey,
}

/// The place of a name among `slugs`, and the line it was found in; or several names, so none.
#[derive(Debug, Clone, Copy)]
enum Target {
    One(usize, u64),
    Several,
}

const COLUMNS: &[Column] = &[
    Column::needed(
        Field::Slug,
        &["product_slug"],
        "it holds the marketplace's name of the product, such as coffee-grinders/baratza-encore-esp",
    ),
    Column::new(Field::Id, &["id"]),
    Column::new(Field::Gtin, &["gtin"]),
    Column::new(Field::Brand, &["brand"]),
    Column::new(Field::Mpn, &["mpn"]),
];

impl MappingReport {
    /// Writes the rejections that are kept, each as a line of line number, id, field, value and reason,
    /// separated by tabs, under a header. A last line tells how many more there are.
    ///
    /// # Errors
    /// Whatever `out` reports.
    pub fn write_rejections(&self, out: impl Write) -> io::Result<()> {
        write_rejections(&self.rejected, out)
    }
}

impl MappingTable {
    /// Reads a mapping file: tab-separated or comma-separated, under a header with a column
    /// `product_slug` and any of `id`, `gtin`, `brand` and `mpn`.
    ///
    /// A key that two rows give to two names finds neither of them.
    ///
    /// # Errors
    /// [`MappingError`] when it cannot be used at all.
    pub fn read(source: impl Read) -> Result<(Self, MappingReport), MappingError> {
        let Head { source, head } = head(source)?;
        let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let separator = if line.contains(&b'\t') { Separator::Tab } else { Separator::Comma };
        let mut records = Records::of(source, separator);
        let labels = read_labels(&mut records, separator)?;
        let header = Header::find(&labels, separator, COLUMNS, "product_slug")?;
        let has_parts = header.has(Field::Brand) && header.has(Field::Mpn);
        if !header.has(Field::Id) && !header.has(Field::Gtin) && !has_parts {
            return Err(MappingError::NoKey);
        }
        let (mut table, mut report) = (Self::default(), MappingReport::default());
        let mut record = Record::default();
        while let Some(taken) = records.next(&mut record).map_err(FeedError::from)? {
            let line = taken.line;
            if !taken.is_ended && (taken.broken.is_some() || record.len() < header.width()) {
                return Err(FeedError::CutOff { line }.into());
            }
            report.read += 1;
            let row = match taken.broken {
                Some(reason) => Err(Fault::row(reason)),
                None => header.row_of(&record),
            };
            match row {
                Ok(row) => table.take(line, &row, &mut report),
                Err(fault) => report.reject(line, "", fault),
            }
        }
        Ok((table, report))
    }

    pub(super) fn find(
        &self,
        id: &str,
        gtin: &str,
        brand: &str,
        mpn: &str,
    ) -> Option<&ProductSlug> {
        let one = |target: Option<&Target>| match target {
            Some(Target::One(place, _)) => self.slugs.get(*place),
            Some(Target::Several) | None => None,
        };
        let by_gtin = || one(self.gtins.get(&Gtin::parse(gtin).ok()?));
        let by_part = || one(self.parts.get(&*part(brand, mpn)?));
        one(self.ids.get(id)).or_else(by_gtin).or_else(by_part)
    }

    fn take(&mut self, line: u64, row: &Row<'_>, report: &mut MappingReport) {
        let id = row.text(Field::Id);
        let slug: ProductSlug = match row
            .read(Field::Slug, |text| text.parse().map_err(|error: SlugError| error.to_string()))
        {
            Ok(slug) => slug,
            Err(fault) => return report.reject(line, id, fault),
        };
        let gtin = match row.read_any(Field::Gtin, |text| Gtin::parse(text).map_err(str::to_owned))
        {
            Ok(gtin) => gtin,
            Err(fault) => {
                report.reject(line, id, fault);
                None
            }
        };
        let part = part(row.text(Field::Brand), row.text(Field::Mpn));
        if id.is_empty() && !row.has(Field::Gtin) && part.is_none() {
            let reason = "there is no id, no gtin, and not both of brand and mpn";
            return report.reject(line, id, Fault::row(reason));
        }
        let place = self.slugs.len();
        self.slugs.push(slug);
        let (slugs, target) = (&self.slugs, Target::One(place, line));
        let by_id = row.has(Field::Id).then(|| id.into());
        let taken = [
            (Field::Id, enter(&mut self.ids, by_id, target, slugs)),
            (Field::Gtin, enter(&mut self.gtins, gtin, target, slugs)),
            (Field::Mpn, enter(&mut self.parts, part, target, slugs)),
        ];
        let is_found = taken.iter().any(|(_, taken)| *taken == Ok(true));
        for (field, taken) in taken {
            if let Err(reason) = taken {
                report.reject(line, id, row.fault(field, reason));
            }
        }
        report.accepted += u64::from(is_found);
    }
}

impl MappingReport {
    fn reject(&mut self, line: u64, id: &str, fault: Fault) {
        let Fault { field, value, reason } = fault;
        self.rejected.push(Rejection { line, id: shown(id).into(), field, value, reason });
    }
}

/// Enters `key`, if there is one, and tells whether there was; an error if it is another name's, too.
fn enter<K: Eq + Hash>(
    targets: &mut HashMap<K, Target>,
    key: Option<K>,
    target: Target,
    slugs: &[ProductSlug],
) -> Result<bool, String> {
    let Some(key) = key else { return Ok(false) };
    let slug = |target: Target| match target {
        Target::One(place, line) => slugs.get(place).map(|slug| (slug, line)),
        Target::Several => None,
    };
    match targets.entry(key) {
        Entry::Vacant(entry) => {
            entry.insert(target);
            Ok(true)
        }
        Entry::Occupied(mut entry) => match slug(*entry.get()) {
            None => Err("it stands for other products above, so it finds none of them".to_owned()),
            Some((first, _)) if Some(first) == slug(target).map(|(slug, _)| slug) => Ok(true),
            Some((first, line)) => {
                let reason =
                    format!("it stands for {first} in line {line}, so it finds neither of them");
                entry.insert(Target::Several);
                Err(reason)
            }
        },
    }
}

/// Brand and MPN as they are compared: letters and digits, in lower case.
fn part(brand: &str, mpn: &str) -> Option<Box<str>> {
    let folded = |text: &str| -> String {
        text.chars()
            .filter(|letter| letter.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let (brand, mpn) = (folded(brand), folded(mpn));
    (!brand.is_empty() && !mpn.is_empty()).then(|| format!("{brand}\0{mpn}").into())
}
