//! When a sale begins and ends.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, Utc};

/// Two times with a stroke between them. Of two days, the second one is the last day of the sale.
pub(in crate::feed) fn interval(text: &str) -> Result<(DateTime<Utc>, DateTime<Utc>), String> {
    let expected = || {
        "expected two times with a stroke between them, such as \
         2026-11-24T00:00+0000/2026-12-01T00:00+0000"
            .to_owned()
    };
    let (from, until) = text.split_once('/').ok_or_else(expected)?;
    let from = beginning(from.trim()).map_err(|_| expected())?;
    let until = end(until.trim()).map_err(|_| expected())?;
    if from < until { Ok((from, until)) } else { Err("it ends before it begins".into()) }
}

/// A time, or a day, which begins at midnight UTC.
pub(in crate::feed) fn beginning(text: &str) -> Result<DateTime<Utc>, String> {
    time(text).or_else(|| day(text)).ok_or_else(expected)
}

/// A time, or a day, which ends at midnight UTC.
pub(in crate::feed) fn end(text: &str) -> Result<DateTime<Utc>, String> {
    let day_after = || day(text).and_then(|day| day.checked_add_days(Days::new(1)));
    time(text).or_else(day_after).ok_or_else(expected)
}

fn expected() -> String {
    "expected a day such as 2026-11-24, or a time such as 2026-11-24T00:00+0000".to_owned()
}

/// A time with its offset, or without one in UTC.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let without_offset = |format| NaiveDateTime::parse_from_str(text, format).ok();
    rfq_sdk::parse_time(text).or_else(|| {
        without_offset("%Y-%m-%d %H:%M:%S")
            .or_else(|| without_offset("%Y-%m-%dT%H:%M:%S"))
            .map(|time| time.and_utc())
    })
}

fn day(text: &str) -> Option<DateTime<Utc>> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(day.and_time(chrono::NaiveTime::MIN).and_utc())
}
