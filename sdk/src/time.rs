//! Points in time as the wire writes them.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

/// Reads a date and time as the wire writes them: ISO 8601 with an offset (seed, "RFQ Request").
///
/// That is RFC 3339, and also without seconds or with a short offset, since some languages print
/// `2026-06-01T12:00Z` on the minute. `None` for anything else, a time without offset included.
///
/// ```
/// let time = rfq_sdk::parse_time("2026-06-01T14:00+0200").unwrap();
/// assert_eq!(time.to_rfc3339(), "2026-06-01T12:00:00+00:00");
/// assert_eq!(rfq_sdk::parse_time("2026-06-01T12:00:00"), None);
/// ```
#[must_use]
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    usual(text).or_else(|| unusual(text))
}

/// `2026-06-01T12:00:00Z`, as nearly all write it.
fn usual(text: &str) -> Option<DateTime<Utc>> {
    let text: &[u8; 20] = text.as_bytes().try_into().ok()?;
    let [year @ .., b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', i1, i2, b':', s1, s2, b'Z'] =
        text
    else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |number: u32, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    let two = |tens: &u8, ones: &u8| number(&[*tens, *ones]);
    let year = i32::try_from(number(year)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, two(m1, m2)?, two(d1, d2)?)?;
    // A leap second is for the thorough way.
    Some(date.and_hms_opt(two(h1, h2)?, two(i1, i2)?, two(s1, s2)?)?.and_utc())
}

fn unusual(text: &str) -> Option<DateTime<Utc>> {
    // chrono passes over white space that ISO 8601 does not have.
    if text.contains(|c: char| c.is_whitespace()) {
        return None;
    }
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%#z"))
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%#z"))
        .ok()
        .map(|time| time.to_utc())
}

/// Writes RFC 3339 in UTC and whole seconds: `2026-06-01T12:00:00Z`.
pub(crate) fn format(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_quick_way_reads_what_the_thorough_one_does(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](Z|z|[+]01)",
        ) {
            prop_assert_eq!(parse(&text), unusual(&text), "{}", text);
        }
    }

    #[test]
    fn an_offset_is_required_and_written_in_several_ways() {
        for text in [
            "2026-06-01T12:00:00Z",
            "2026-06-01T12:00:00.000Z",
            "2026-06-01T12:00:00+00:00",
            "2026-06-01T14:00:00+02:00",
            "2026-06-01T14:00:00+0200",
            "2026-06-01T14:00:00+02",
            "2026-06-01T12:00Z",
            "2026-06-01T07:00-05:00",
        ] {
            assert_eq!(parse(text).map(format).as_deref(), Some("2026-06-01T12:00:00Z"), "{text}");
        }
        for text in [
            "",
            "2026-06-01",
            "2026-06-01T12:00:00",
            "2026-06-01T12Z",
            "2026-06-01T25:00:00Z",
            "2026-13-01T12:00:00Z",
            "1780315200",
            "tomorrow",
            "2026-06-01T12:00:00Z\n",
            " 2026-06-01T12:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
