//! When goods arrive: business days in the shop's own time zone.

mod days;
mod read;

use std::collections::BTreeSet;

use chrono::{
    DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeZone as _, Utc,
    Weekday, WeekdaySet,
};
use chrono_tz::Tz;
use rfq_sdk::Offer;
use serde::Deserialize;

pub(crate) use days::DayRange;
pub use read::LeadTimeError;

use crate::catalogue::Days;

/// The shop's calendar. By default UTC, Monday to Friday, without cut-off and holidays.
///
/// Days are counted from the day of a request. With a cut-off they are counted from the day on which
/// the work begins: a request that comes at or after it, or on a day off, waits for the next
/// business day.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "read::Section")]
pub struct LeadTime {
    time_zone: Tz,
    /// Local time of day.
    cut_off: Option<NaiveTime>,
    /// At least one.
    business_days: WeekdaySet,
    holidays: BTreeSet<NaiveDate>,
    handling: Option<Days>,
}

const MONDAY_TO_FRIDAY: WeekdaySet =
    WeekdaySet::from_array([Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri]);

impl Default for LeadTime {
    fn default() -> Self {
        Self {
            time_zone: Tz::UTC,
            cut_off: None,
            business_days: MONDAY_TO_FRIDAY,
            holidays: BTreeSet::new(),
            handling: None,
        }
    }
}

impl LeadTime {
    /// Where the shop's clock hangs.
    #[must_use]
    pub fn time_zone(&self) -> Tz {
        self.time_zone
    }

    /// Business days in the shop for products that state none; `None` is unknown.
    #[must_use]
    pub fn handling(&self) -> Option<Days> {
        self.handling
    }

    /// The shop's date at `time`.
    #[must_use]
    pub fn date(&self, time: DateTime<Utc>) -> NaiveDate {
        self.local(time).date()
    }

    /// When something arrives that is asked for at `now` and takes so many business days; `None`
    /// beyond the calendar.
    #[must_use]
    pub fn arrival(&self, now: DateTime<Utc>, business_days: u16) -> Option<NaiveDate> {
        let begin = self.begin(now)?;
        match business_days.checked_sub(1) {
            None => Some(begin),
            Some(index) => self.open_days_after(begin).nth(usize::from(index)),
        }
    }

    /// How many business days from `now` to `arrival` someone counts who knows nothing of the shop:
    /// Monday to Friday, rounded up, so that a Saturday is no earlier than the Monday after it.
    /// `None` above [`Offer::MAX_SHIPPING_DAYS`], which an offer cannot say.
    #[must_use]
    pub fn weekdays_until(&self, now: DateTime<Utc>, arrival: NaiveDate) -> Option<u16> {
        let today = self.date(now);
        if arrival <= today {
            return Some(0);
        }
        let weekdays =
            today.iter_days().skip(1).filter(|day| MONDAY_TO_FRIDAY.contains(day.weekday()));
        (1..=Offer::MAX_SHIPPING_DAYS)
            .zip(weekdays)
            .find_map(|(n, day)| (day >= arrival).then_some(n))
    }

    /// The day on which the work begins.
    fn begin(&self, now: DateTime<Utc>) -> Option<NaiveDate> {
        let local = self.local(now);
        let today = local.date();
        match self.cut_off {
            Some(cut_off) if local.time() >= cut_off || !self.is_open(today) => {
                self.open_days_after(today).next()
            }
            Some(_) | None => Some(today),
        }
    }

    fn open_days_after(&self, day: NaiveDate) -> impl Iterator<Item = NaiveDate> {
        day.iter_days().skip(1).filter(|day| self.is_open(*day))
    }

    fn is_open(&self, day: NaiveDate) -> bool {
        self.business_days.contains(day.weekday()) && !self.holidays.contains(&day)
    }

    /// Every moment has one local time, also in nights when clocks change. At the ends of the
    /// calendar, where the local time would be beyond it, it is UTC.
    fn local(&self, time: DateTime<Utc>) -> NaiveDateTime {
        let utc = time.naive_utc();
        let offset = self.time_zone.offset_from_utc_datetime(&utc).fix();
        utc.checked_add_offset(offset).unwrap_or(utc)
    }
}
