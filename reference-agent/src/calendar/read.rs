//! The section `[lead_time]` of the configuration.

use chrono::{NaiveDate, NaiveTime, Weekday, WeekdaySet};
use chrono_tz::Tz;
use serde::Deserialize;
use toml::value::Datetime;

use super::{DayRange, LeadTime};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    time_zone: Option<String>,
    cut_off: Option<Written>,
    business_days: Option<Vec<String>>,
    #[serde(default)]
    holidays: Vec<Written>,
    handling_days: Option<DayRange>,
}

/// A date or a time, with quotes or without.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a date such as 2026-12-25 or a time such as \"14:00\"")]
enum Written {
    Text(String),
    Toml(Datetime),
}

impl From<Written> for String {
    fn from(written: Written) -> Self {
        match written {
            Written::Text(text) => text,
            Written::Toml(time) => time.to_string(),
        }
    }
}

/// Why a section `[lead_time]` is not a calendar. Each names its key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeadTimeError {
    /// A time zone that nobody knows.
    #[error(
        "time_zone {given:?}: expected the name of a time zone, such as America/New_York or UTC"
    )]
    TimeZone {
        /// What was given.
        given: String,
    },
    /// Not a time of day.
    #[error("cut_off {given:?}: expected a time of day from 00:00 to 23:59, such as 14:00")]
    CutOff {
        /// What was given.
        given: String,
    },
    /// Not a day of the week.
    #[error("business_days {given:?}: expected mon, tue, wed, thu, fri, sat or sun")]
    BusinessDay {
        /// What was given.
        given: String,
    },
    /// A day of the week twice, which is often a slip for another.
    #[error("business_days: {given:?} stands there twice")]
    BusinessDayTwice {
        /// What was given.
        given: String,
    },
    /// No day at all, so that nothing would ever arrive.
    #[error("business_days: expected at least one day, such as [\"mon\"]")]
    NoBusinessDay,
    /// Not a date.
    #[error("holidays {given:?}: expected a date such as 2026-12-25")]
    Holiday {
        /// What was given.
        given: String,
    },
}

impl TryFrom<Section> for LeadTime {
    type Error = LeadTimeError;

    fn try_from(section: Section) -> Result<Self, LeadTimeError> {
        let default = Self::default();
        Ok(Self {
            time_zone: section.time_zone.map_or(Ok(default.time_zone), time_zone)?,
            cut_off: section.cut_off.map(time_of_day).transpose()?,
            business_days: section.business_days.map_or(Ok(default.business_days), weekdays)?,
            holidays: section.holidays.into_iter().map(date).collect::<Result<_, _>>()?,
            handling: section.handling_days.map(|DayRange(days)| days),
        })
    }
}

fn time_zone(given: String) -> Result<Tz, LeadTimeError> {
    given.parse().map_err(|_| LeadTimeError::TimeZone { given })
}

fn time_of_day(written: Written) -> Result<NaiveTime, LeadTimeError> {
    let given = String::from(written);
    NaiveTime::parse_from_str(&given, "%H:%M")
        .or_else(|_| NaiveTime::parse_from_str(&given, "%H:%M:%S"))
        .map_err(|_| LeadTimeError::CutOff { given })
}

fn weekdays(given: Vec<String>) -> Result<WeekdaySet, LeadTimeError> {
    let mut days = WeekdaySet::EMPTY;
    for given in given {
        let Ok(day) = given.parse::<Weekday>() else {
            return Err(LeadTimeError::BusinessDay { given });
        };
        if !days.insert(day) {
            return Err(LeadTimeError::BusinessDayTwice { given });
        }
    }
    if days.is_empty() { Err(LeadTimeError::NoBusinessDay) } else { Ok(days) }
}

fn date(written: Written) -> Result<NaiveDate, LeadTimeError> {
    let given = String::from(written);
    given.parse().map_err(|_| LeadTimeError::Holiday { given })
}
