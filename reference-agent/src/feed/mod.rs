//! Product feeds into a [`Catalogue`](crate::catalogue::Catalogue).

mod field;
mod google_tsv;
mod report;
pub mod sql;
pub mod table;

pub use google_tsv::{FeedError, load};
pub use report::{Rejection, Report};

/// The catalogue that is served when no feed is named: some 40 products of an invented shop.
pub const SAMPLE: &str = include_str!("../../sample/catalogue.tsv");
