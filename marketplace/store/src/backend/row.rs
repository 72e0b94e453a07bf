//! Values on their way out of a database, into types that cannot be wrong.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rfq_sdk::Usd;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type};

use super::DatabaseError;

/// A row of either database.
pub(crate) enum Row {
    Lite(SqliteRow),
    Pg(PgRow),
}

/// What a column may be read as.
pub(crate) trait Column: Sized {
    fn read(row: &Row, column: &'static str) -> Result<Self, DatabaseError>;
}

impl Row {
    /// The value of a column, which must be there and of that kind.
    pub(crate) fn get<T: Column>(&self, column: &'static str) -> Result<T, DatabaseError> {
        T::read(self, column)
    }

    /// A text column, parsed.
    pub(crate) fn parsed<T>(&self, column: &'static str) -> Result<T, DatabaseError>
    where
        T: FromStr<Err: Display>,
    {
        let text: String = self.get(column)?;
        text.parse().map_err(|error: T::Err| DatabaseError::unreadable(column, error))
    }

    /// A text column that may be NULL, parsed.
    pub(crate) fn parsed_optional<T>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, DatabaseError>
    where
        T: FromStr<Err: Display>,
    {
        let text: Option<String> = self.get(column)?;
        let parsed = text.map(|text| text.parse()).transpose();
        parsed.map_err(|error: T::Err| DatabaseError::unreadable(column, error))
    }

    /// A text column that holds a JSON list of texts, each of them parsed.
    pub(crate) fn list<T>(&self, column: &'static str) -> Result<Vec<T>, DatabaseError>
    where
        T: FromStr<Err: Display>,
    {
        let texts: Vec<String> = serde_json::from_str(&self.get::<String>(column)?)
            .map_err(|error| DatabaseError::unreadable(column, error))?;
        let parsed = texts.iter().map(|text| text.parse()).collect::<Result<_, _>>();
        parsed.map_err(|error: T::Err| DatabaseError::unreadable(column, error))
    }

    /// A text column that holds the name of one of `all`.
    pub(crate) fn one_of<T: Copy>(
        &self,
        column: &'static str,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Result<T, DatabaseError> {
        let text: String = self.get(column)?;
        let found = all.iter().copied().find(|&one| name(one) == text);
        found.ok_or_else(|| DatabaseError::unreadable(column, format!("no such value: {text}")))
    }

    /// An integer column that holds a number of the narrower type.
    pub(crate) fn number<T>(&self, column: &'static str) -> Result<T, DatabaseError>
    where
        T: TryFrom<i64, Error: Display>,
    {
        T::try_from(self.get(column)?).map_err(|error| DatabaseError::unreadable(column, error))
    }

    /// An integer column that may be NULL, or holds a number of the narrower type.
    pub(crate) fn number_optional<T>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, DatabaseError>
    where
        T: TryFrom<i64, Error: Display>,
    {
        let number = self.get::<Option<i64>>(column)?.map(T::try_from).transpose();
        number.map_err(|error| DatabaseError::unreadable(column, error))
    }

    fn native<T>(&self, column: &'static str) -> Result<T, DatabaseError>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite>,
        T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        let value = match self {
            Self::Lite(row) => row.try_get(column),
            Self::Pg(row) => row.try_get(column),
        };
        value.map_err(|error| DatabaseError::unreadable(column, error))
    }
}

macro_rules! native {
    ($($native:ty),*) => {
        $(impl Column for $native {
            fn read(row: &Row, column: &'static str) -> Result<Self, DatabaseError> {
                row.native(column)
            }
        })*
    };
}
native!(i64, Option<i64>, f64, Option<f64>, String, Option<String>, Vec<u8>, Option<Vec<u8>>);

impl Column for bool {
    fn read(row: &Row, column: &'static str) -> Result<Self, DatabaseError> {
        Ok(row.get::<i64>(column)? != 0)
    }
}

impl Column for DateTime<Utc> {
    fn read(row: &Row, column: &'static str) -> Result<Self, DatabaseError> {
        time(row.get(column)?, column)
    }
}

impl Column for Option<DateTime<Utc>> {
    fn read(row: &Row, column: &'static str) -> Result<Self, DatabaseError> {
        row.get::<Option<i64>>(column)?.map(|micros| time(micros, column)).transpose()
    }
}

impl Column for Duration {
    fn read(row: &Row, column: &'static str) -> Result<Self, DatabaseError> {
        row.number(column).map(Self::from_micros)
    }
}

impl Column for Option<Duration> {
    fn read(row: &Row, column: &'static str) -> Result<Self, DatabaseError> {
        Ok(row.number_optional(column)?.map(Duration::from_micros))
    }
}

impl Column for Usd {
    fn read(row: &Row, column: &'static str) -> Result<Self, DatabaseError> {
        cents(row.number(column)?, column)
    }
}

impl Column for Option<Usd> {
    fn read(row: &Row, column: &'static str) -> Result<Self, DatabaseError> {
        row.number_optional(column)?.map(|number| cents(number, column)).transpose()
    }
}

fn time(micros: i64, column: &'static str) -> Result<DateTime<Utc>, DatabaseError> {
    let time = DateTime::from_timestamp_micros(micros);
    time.ok_or_else(|| DatabaseError::unreadable(column, "no time that a calendar has"))
}

fn cents(number: u64, column: &'static str) -> Result<Usd, DatabaseError> {
    Usd::from_cents(number).map_err(|error| DatabaseError::unreadable(column, error))
}
