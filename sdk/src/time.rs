//! Points in time as the wire writes them.

use chrono::{DateTime, SecondsFormat, Utc};

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
    use super::*;

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
