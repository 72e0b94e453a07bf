//! When a sale begins and ends.
//!
//! Times and days without an offset are the shop's. Where its clock shows such a time twice, or never,
//! as the offset of its zone changes, the sale is taken to be the shorter one.

use chrono::{
    DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeZone as _, Utc,
};
use chrono_tz::Tz;

/// Two times with a stroke between them. Of two days, the second one is the last day of the sale.
pub(in crate::feed) fn interval(
    text: &str,
    zone: Tz,
) -> Result<(DateTime<Utc>, DateTime<Utc>), String> {
    let expected = || {
        "expected two times with a stroke between them, such as \
         2026-11-24T00:00+0000/2026-12-01T00:00+0000"
            .to_owned()
    };
    let (from, until) = text.split_once('/').ok_or_else(expected)?;
    let from = beginning(from.trim(), zone).map_err(|_| expected())?;
    let until = end(until.trim(), zone).map_err(|_| expected())?;
    if from < until { Ok((from, until)) } else { Err("it ends before it begins".into()) }
}

/// A time, or a day, which begins at midnight in `zone`.
pub(in crate::feed) fn beginning(text: &str, zone: Tz) -> Result<DateTime<Utc>, String> {
    let local = || time(text).or_else(|| day(text));
    let latest = || moments(local()?, zone)?.into_iter().max();
    rfq_sdk::parse_time(text).or_else(latest).ok_or_else(expected)
}

/// A time, or a day, which ends at midnight in `zone`.
pub(in crate::feed) fn end(text: &str, zone: Tz) -> Result<DateTime<Utc>, String> {
    let local = || time(text).or_else(|| day(text)?.checked_add_days(Days::new(1)));
    let earliest = || moments(local()?, zone)?.into_iter().min();
    rfq_sdk::parse_time(text).or_else(earliest).ok_or_else(expected)
}

fn expected() -> String {
    "expected a day such as 2026-11-24, or a time such as 2026-11-24T00:00+0000".to_owned()
}

/// A time without an offset.
fn time(text: &str) -> Option<NaiveDateTime> {
    let formats = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];
    formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
}

fn day(text: &str) -> Option<NaiveDateTime> {
    Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN))
}

/// The moments at which clocks in `zone` may be meant to show `local`: by the offset of the day
/// before and by that of the day after, if they never show it.
fn moments(local: NaiveDateTime, zone: Tz) -> Option<[DateTime<Utc>; 2]> {
    let shown = zone.offset_from_local_datetime(&local);
    let (before, after) = match shown.earliest().zip(shown.latest()) {
        Some(shown) => shown,
        None => (
            zone.offset_from_utc_datetime(&local.checked_sub_days(Days::new(1))?),
            zone.offset_from_utc_datetime(&local.checked_add_days(Days::new(1))?),
        ),
    };
    let at = |offset: chrono::FixedOffset| Some(local.checked_sub_offset(offset)?.and_utc());
    Some([at(before.fix())?, at(after.fix())?])
}
