//! Values on their way into a database.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rfq_sdk::Usd;

/// A value of one of the kinds that both databases keep alike. `None` is NULL.
#[derive(Clone)]
pub(crate) enum Arg {
    Int(Option<i64>),
    Real(Option<f64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// The values of a statement's placeholders, in their order.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::backend::Arg::from($value)),*] };
}
pub(crate) use args;

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Arg {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Arg {
    fn from(value: f64) -> Self {
        Self::Real(Some(value))
    }
}

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Some(value).into()
    }
}

impl From<Option<&str>> for Arg {
    fn from(value: Option<&str>) -> Self {
        // Postgres keeps no NUL in a text, and both shall keep the same.
        Self::Text(value.map(|text| text.replace('\0', "\u{fffd}")))
    }
}

impl From<&[u8]> for Arg {
    fn from(value: &[u8]) -> Self {
        Some(value).into()
    }
}

impl From<Option<&[u8]>> for Arg {
    fn from(value: Option<&[u8]>) -> Self {
        Self::Bytes(value.map(Into::into))
    }
}

/// As microseconds since 1970; what is finer is cut off.
impl From<DateTime<Utc>> for Arg {
    fn from(value: DateTime<Utc>) -> Self {
        Some(value).into()
    }
}

impl From<Option<DateTime<Utc>>> for Arg {
    fn from(value: Option<DateTime<Utc>>) -> Self {
        Self::Int(value.map(|at| at.timestamp_micros()))
    }
}

/// As microseconds; what is finer is cut off.
impl From<Duration> for Arg {
    fn from(value: Duration) -> Self {
        Some(value).into()
    }
}

impl From<Option<Duration>> for Arg {
    fn from(value: Option<Duration>) -> Self {
        Self::Int(value.map(|took| i64::try_from(took.as_micros()).unwrap_or(i64::MAX)))
    }
}

/// As cents.
impl From<Usd> for Arg {
    fn from(value: Usd) -> Self {
        Some(value).into()
    }
}

impl From<Option<Usd>> for Arg {
    fn from(value: Option<Usd>) -> Self {
        // `Usd::MAX` is far below.
        Self::Int(value.map(|amount| i64::try_from(amount.cents()).unwrap_or(i64::MAX)))
    }
}
