//! When goods arrive.

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc, Weekday};
use insta::assert_snapshot;
use proptest::prelude::*;
use rfq_reference_agent::ask::Ask;
use rfq_reference_agent::calendar::LeadTime;
use rfq_reference_agent::catalogue::Product;
use rfq_reference_agent::quote::{self, Quote};
use rfq_sdk::DeclineReason;

use super::asking::noon;
use super::quote::{days, product, quote as quote_plainly, rate, refusal, rules, two, two_by, usd};

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn lead_time(lines: &str) -> LeadTime {
    rules(&format!("[lead_time]\n{lines}")).lead_time
}

/// Each case: now, business days, arrival.
#[track_caller]
fn arrives(lead_time: &LeadTime, cases: &[(&str, u16, &str)]) {
    for (now, days, expected) in cases {
        let arrival = lead_time.arrival(time(now), *days);
        assert_eq!(arrival, Some(date(expected)), "{days} business days from {now}");
    }
}

const NEW_YORK: &str = "time_zone = \"America/New_York\"\n";

#[test]
fn without_a_cut_off_days_are_counted_from_today() {
    let default = lead_time("");
    assert_eq!(default, LeadTime::default());
    arrives(
        &default,
        &[
            ("2026-06-01T00:00:00Z", 0, "2026-06-01"),
            ("2026-06-01T23:59:59Z", 1, "2026-06-02"),
            ("2026-06-05T12:00:00Z", 1, "2026-06-08"),
            ("2026-06-06T12:00:00Z", 0, "2026-06-06"),
            ("2026-06-06T12:00:00Z", 1, "2026-06-08"),
            ("2026-06-07T12:00:00Z", 5, "2026-06-12"),
        ],
    );
}

#[test]
fn at_the_cut_off_and_on_days_off_the_work_waits_for_the_next_business_day() {
    // June 1, 2026, is a Monday; New York is four hours behind.
    let until_two = lead_time(&format!("{NEW_YORK}cut_off = \"14:00\""));
    arrives(
        &until_two,
        &[
            ("2026-06-01T17:59:59.999Z", 0, "2026-06-01"),
            ("2026-06-01T17:59:59.999Z", 1, "2026-06-02"),
            ("2026-06-01T18:00:00Z", 0, "2026-06-02"),
            ("2026-06-01T18:00:00Z", 1, "2026-06-03"),
            ("2026-06-05T17:59:59Z", 0, "2026-06-05"),
            ("2026-06-05T17:59:59Z", 1, "2026-06-08"),
            ("2026-06-05T18:00:00Z", 0, "2026-06-08"),
            ("2026-06-05T18:00:00Z", 1, "2026-06-09"),
            // Saturday in London, Friday evening in New York.
            ("2026-06-06T03:00:00Z", 0, "2026-06-08"),
            ("2026-06-06T12:00:00Z", 0, "2026-06-08"),
            ("2026-06-07T12:00:00Z", 2, "2026-06-10"),
            // Monday in London, still Sunday in New York.
            ("2026-06-08T03:59:59Z", 0, "2026-06-08"),
        ],
    );
}

#[test]
fn holidays_are_no_business_days_however_many_in_a_row() {
    // Christmas 2026 is a Friday, New Year a Friday.
    let holidays = "holidays = [\"2026-12-24\", \"2026-12-25\", \"2026-12-28\", \"2027-01-01\"]\n";
    let counted = lead_time(&format!("{NEW_YORK}{holidays}"));
    arrives(
        &counted,
        &[
            ("2026-12-23T15:00:00Z", 0, "2026-12-23"),
            ("2026-12-23T15:00:00Z", 1, "2026-12-29"),
            ("2026-12-23T15:00:00Z", 3, "2026-12-31"),
            ("2026-12-23T15:00:00Z", 4, "2027-01-04"),
            ("2026-12-31T15:00:00Z", 1, "2027-01-04"),
        ],
    );
    let cut = lead_time(&format!("{NEW_YORK}{holidays}cut_off = \"12:00\""));
    arrives(
        &cut,
        &[
            ("2026-12-23T16:59:59Z", 0, "2026-12-23"),
            ("2026-12-23T17:00:00Z", 0, "2026-12-29"),
            ("2026-12-25T09:00:00Z", 0, "2026-12-29"),
            ("2026-12-25T09:00:00Z", 3, "2027-01-04"),
        ],
    );
}

#[test]
fn nights_in_which_clocks_change_have_one_local_time_at_any_moment() {
    let every_day =
        "business_days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"]\n";
    // On March 8, 2026, the hour from 2:00 does not exist.
    let in_no_hour = lead_time(&format!("{NEW_YORK}{every_day}cut_off = \"02:30\""));
    arrives(
        &in_no_hour,
        &[
            ("2026-03-08T04:59:59Z", 0, "2026-03-08"), // 23:59:59 the day before
            ("2026-03-08T06:59:59Z", 0, "2026-03-08"), // 1:59:59
            ("2026-03-08T07:00:00Z", 0, "2026-03-09"), // 3:00
            ("2026-03-09T03:59:59Z", 1, "2026-03-10"), // 23:59:59
        ],
    );
    // On November 1, 2026, the hour from 1:00 comes twice.
    let in_both_hours = lead_time(&format!("{NEW_YORK}{every_day}cut_off = \"01:30\""));
    arrives(
        &in_both_hours,
        &[
            ("2026-11-01T05:29:59Z", 0, "2026-11-01"), // 1:29:59 in summer time
            ("2026-11-01T05:30:00Z", 0, "2026-11-02"), // 1:30
            ("2026-11-01T06:00:00Z", 0, "2026-11-01"), // 1:00 in winter time
            ("2026-11-01T06:30:00Z", 0, "2026-11-02"), // 1:30
        ],
    );
    let new_york = lead_time(NEW_YORK);
    assert_eq!(new_york.date(time("2026-11-02T04:59:59Z")), date("2026-11-01"));
    assert_eq!(new_york.date(time("2026-11-02T05:00:00Z")), date("2026-11-02"));
    assert_eq!(new_york.date(time("2026-03-09T03:59:59Z")), date("2026-03-08"));
    assert_eq!(new_york.date(time("2026-03-09T04:00:00Z")), date("2026-03-09"));
}

#[test]
fn leap_days_and_the_turn_of_the_year_are_days() {
    arrives(
        &lead_time(""),
        &[
            ("2028-02-28T12:00:00Z", 1, "2028-02-29"),
            ("2028-02-28T12:00:00Z", 2, "2028-03-01"),
            ("2027-02-26T12:00:00Z", 1, "2027-03-01"),
            ("2026-12-31T12:00:00Z", 1, "2027-01-01"),
            ("2026-12-31T12:00:00Z", 2, "2027-01-04"),
        ],
    );
    // A day that Samoa never had, as it crossed the date line.
    let apia = lead_time("time_zone = \"Pacific/Apia\"");
    assert_eq!(apia.date(time("2011-12-30T09:59:59Z")), date("2011-12-29"));
    assert_eq!(apia.date(time("2011-12-30T10:00:00Z")), date("2011-12-31"));
}

#[test]
fn consumers_count_monday_to_friday_whatever_the_shop_does() {
    let default = lead_time("");
    for (arrival, expected) in [
        ("2026-05-30", Some(0)),
        ("2026-06-01", Some(0)),
        ("2026-06-02", Some(1)),
        ("2026-06-05", Some(4)),
        // Not before Monday, as people count.
        ("2026-06-06", Some(5)),
        ("2026-06-07", Some(5)),
        ("2026-06-08", Some(5)),
        ("2027-10-25", Some(365)),
        ("2027-10-26", None),
        ("9999-12-31", None),
    ] {
        assert_eq!(default.weekdays_until(noon(), date(arrival)), expected, "{arrival}");
    }
}

fn posted() -> Product {
    product(vec![rate(None, "5.00", days(1, 2))])
}

fn with(toml: &str, ask: &Ask, now: &str) -> Result<Quote, DeclineReason> {
    quote::quote(&posted(), ask, &rules(&format!("[lead_time]\n{toml}")), 0, time(now))
}

#[test]
fn holidays_and_the_cut_off_make_the_days_more() {
    let shipping_days = |toml, now| with(toml, &two("CA-US"), now).unwrap().shipping_days;
    let monday = "2026-06-01T12:00:00Z";
    // One day in the shop and two on the road at most.
    assert_eq!(shipping_days("", monday), Some(3));
    assert_eq!(shipping_days("cut_off = \"12:01\"", monday), Some(3));
    assert_eq!(shipping_days("cut_off = \"12:00\"", monday), Some(4));
    assert_eq!(shipping_days("holidays = [\"2026-06-03\"]", monday), Some(4));
    assert_eq!(shipping_days("holidays = [\"2026-06-05\"]", monday), Some(3));
    assert_eq!(shipping_days("business_days = [\"mon\"]", monday), Some(15));
    let friday = "2026-06-05T12:00:00Z";
    assert_eq!(
        shipping_days("business_days = [\"fri\", \"sat\", \"sun\", \"mon\"]", friday),
        Some(1)
    );
    assert_eq!(shipping_days("cut_off = \"09:00\"", friday), Some(4));
    let saturday = "2026-06-06T12:00:00Z";
    assert_eq!(shipping_days("", saturday), Some(3));
    assert_eq!(shipping_days("cut_off = \"13:00\"", saturday), Some(4));
}

#[test]
fn products_that_state_no_handling_take_the_shop_s() {
    let slow = rules("[lead_time]\nhandling_days = [3, 4]");
    let quoted = |handling| {
        let product = Product { handling, ..posted() };
        quote::quote(&product, &two("CA-US"), &slow, 0, noon()).unwrap().shipping_days
    };
    assert_eq!(quoted(None), Some(6));
    assert_eq!(quoted(days(0, 0)), Some(2));
    let unstated = Product { handling: None, ..posted() };
    assert_eq!(quote_plainly(&unstated, &two("CA-US")).unwrap().shipping_days, None);
}

#[test]
fn days_beyond_what_an_offer_can_say_are_left_out() {
    let forever = product(vec![rate(None, "5.00", days(400, u16::MAX))]);
    let quoted = quote_plainly(&forever, &two("CA-US")).unwrap();
    assert_eq!((quoted.shipping_cost, quoted.shipping_days), (Some(usd("5.00")), None));
}

#[test]
fn the_cheapest_rate_that_surely_arrives_in_time_is_taken() {
    let product = product(vec![rate(None, "0.00", days(5, 7)), rate(None, "9.99", days(1, 1))]);
    let by = |deadline| {
        let quoted = quote_plainly(&product, &two_by(deadline))?;
        Ok((quoted.shipping_cost.unwrap(), quoted.shipping_days.unwrap()))
    };
    // Business days from Monday, June 1, with up to one in the shop: eight are Thursday, June 11, two
    // are Wednesday, June 3, one is Tuesday.
    assert_eq!(by("2026-06-11T00:00:00Z"), Ok((usd("0.00"), 8)));
    assert_eq!(by("2026-06-10T23:00:00Z"), Ok((usd("9.99"), 2)), "the other may be in time");
    assert_eq!(by("2026-06-03T00:00:00Z"), Ok((usd("9.99"), 2)));
    assert_eq!(by("2026-06-02T23:00:00Z"), Ok((usd("9.99"), 2)), "none is sure, and one may be");
    assert_eq!(by("2026-06-01T23:00:00Z"), Err(DeclineReason::TooLateToDeliver));
}

#[test]
fn what_surely_arrives_in_time_comes_before_what_nothing_is_known_of() {
    let product = product(vec![rate(None, "0.00", None), rate(None, "9.99", days(1, 1))]);
    let cost =
        |deadline| quote_plainly(&product, &two_by(deadline)).unwrap().shipping_cost.unwrap();
    assert_eq!(cost("2026-06-03T00:00:00Z"), usd("9.99"));
    assert_eq!(cost("2026-06-02T23:00:00Z"), usd("0.00"), "neither is sure");
    assert_eq!(quote_plainly(&product, &two("CA-US")).unwrap().shipping_cost, Some(usd("0.00")));
}

#[test]
fn handling_alone_can_be_too_late() {
    // Five business days from Monday, June 1, is Monday, June 8.
    for rates in [vec![rate(None, "5.00", None)], vec![]] {
        let slow = Product { handling: days(5, 9), ..product(rates) };
        let late = quote_plainly(&slow, &two_by("2026-06-07T23:00:00Z"));
        assert_eq!(late, Err(DeclineReason::TooLateToDeliver));
        assert!(quote_plainly(&slow, &two_by("2026-06-08T00:00:00Z")).is_ok());
    }
}

#[test]
fn a_deadline_is_a_day_in_the_shop_s_time_zone() {
    // One business day at least, so Tuesday, June 2.
    let now = "2026-06-01T12:00:00Z";
    let too_late = Err(DeclineReason::TooLateToDeliver);
    for (zone, deadline, in_time) in [
        ("UTC", "2026-06-02T00:00:00Z", true),
        ("UTC", "2026-06-01T23:59:59Z", false),
        ("UTC", "2026-06-02T08:59:59+09:00", false),
        ("America/New_York", "2026-06-02T03:59:59Z", false),
        ("America/New_York", "2026-06-02T04:00:00Z", true),
        ("America/New_York", "2026-06-02T00:00:00-04:00", true),
        ("Asia/Tokyo", "2026-06-01T15:00:00Z", true),
        ("Asia/Tokyo", "2026-06-01T14:59:59Z", false),
    ] {
        let quoted = with(&format!("time_zone = {zone:?}"), &two_by(deadline), now);
        assert_eq!(quoted.is_ok(), in_time, "{deadline} in {zone}");
        assert!(in_time || quoted == too_late);
    }
}

#[test]
fn a_request_after_the_cut_off_can_be_too_late_when_nothing_else_is_known() {
    let unstated = Product { handling: None, ..product(vec![]) };
    let rules = rules("[lead_time]\ncut_off = \"10:00\"");
    let by = |deadline| quote::quote(&unstated, &two_by(deadline), &rules, 0, noon());
    assert_eq!(by("2026-06-01T23:00:00Z"), Err(DeclineReason::TooLateToDeliver));
    assert!(by("2026-06-02T00:00:00Z").is_ok());
}

#[test]
fn dates_and_times_may_stand_without_quotes() {
    let quoted = lead_time("cut_off = \"14:00\"\nholidays = [\"2026-12-25\"]");
    assert_eq!(lead_time("cut_off = 14:00:00\nholidays = [2026-12-25]"), quoted);
}

#[test]
fn a_calendar_that_cannot_be_is_refused() {
    let refusals = [
        "time_zone = \"New York\"",
        "time_zone = \"\"",
        "cut_off = \"24:00\"",
        "cut_off = \"2 pm\"",
        "cut_off = 14",
        "business_days = []",
        "business_days = [\"mo\"]",
        "business_days = [\"mon\", \"tue\", \"Monday\"]",
        "holidays = [\"2026-02-29\"]",
        "holidays = [\"12/25/2026\"]",
        "holidays = [2026-12-25T00:00:00Z]",
        "holidays = [20261225]",
        "handling_days = [1, 0]",
        "handling_days = 1",
        "handling_days = [0, 366]",
        "cutoff = \"14:00\"",
    ];
    let refusals = refusals.map(|line| refusal(&format!("[lead_time]\n{line}")));
    assert_snapshot!(refusals.join("\n"), @r#"
    time_zone "New York": expected the name of a time zone, such as America/New_York or UTC
    time_zone "": expected the name of a time zone, such as America/New_York or UTC
    cut_off "24:00": expected a time of day from 00:00 to 23:59, such as 14:00
    cut_off "2 pm": expected a time of day from 00:00 to 23:59, such as 14:00
    expected a date such as 2026-12-25 or a time such as "14:00"
    business_days: expected at least one day, such as ["mon"]
    business_days "mo": expected mon, tue, wed, thu, fri, sat or sun
    business_days: "Monday" stands there twice
    holidays "2026-02-29": expected a date such as 2026-12-25
    holidays "12/25/2026": expected a date such as 2026-12-25
    holidays "2026-12-25T00:00:00Z": expected a date such as 2026-12-25
    expected a date such as 2026-12-25 or a time such as "14:00"
    [1, 0]: expected the fewest and the most business days, such as [2, 5], from 0 to 365
    invalid type: integer `1`, expected a sequence
    [0, 366]: expected the fewest and the most business days, such as [2, 5], from 0 to 365
    unknown field `cutoff`, expected one of `time_zone`, `cut_off`, `business_days`, `holidays`, `handling_days`
    "#);
}

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

proptest! {
    #[test]
    fn an_arrival_is_so_many_open_days_away(
        open in proptest::sample::subsequence(&WEEKDAYS[..], 1..=7),
        holidays in proptest::collection::btree_set(0..40_i64, 0..20),
        cut_off in proptest::option::of((0..24_u32, 0..60_u32)),
        seconds in -2_000_000..2_000_000_i64,
        count in 0..30_u16,
    ) {
        let today = noon().date_naive();
        let holidays: Vec<NaiveDate> = holidays.into_iter().map(|after| today + TimeDelta::days(after)).collect();
        let listed: Vec<String> = holidays.iter().map(ToString::to_string).collect();
        let cut_off = cut_off.map(|(hour, minute)| format!("{hour:02}:{minute:02}"));
        let line = cut_off.as_ref().map_or(String::new(), |cut_off| format!("\ncut_off = {cut_off:?}"));
        let lead_time = lead_time(&format!("business_days = {open:?}\nholidays = {listed:?}{line}"));
        let is_open = |day: NaiveDate| {
            let name = WEEKDAYS[usize::try_from(day.weekday().num_days_from_monday()).unwrap()];
            open.contains(&name) && !holidays.contains(&day)
        };

        let now = noon() + TimeDelta::seconds(seconds);
        let begin = lead_time.arrival(now, 0).unwrap();
        let arrival = lead_time.arrival(now, count).unwrap();
        let open_days = |from: NaiveDate, to: NaiveDate| {
            from.iter_days().skip(1).take_while(|day| *day <= to).filter(|day| is_open(*day)).count()
        };
        prop_assert_eq!(open_days(begin, arrival), usize::from(count));
        prop_assert!(count == 0 || is_open(arrival));
        let waits = cut_off.is_some_and(|cut_off| {
            now.format("%H:%M").to_string() >= cut_off || !is_open(now.date_naive())
        });
        prop_assert_eq!(open_days(now.date_naive(), begin), usize::from(waits));
        prop_assert!(!waits || is_open(begin));
        prop_assert!(waits || begin == now.date_naive());
    }

    #[test]
    fn the_days_of_a_consumer_are_the_fewest_that_reach_the_arrival(
        start in 0..1000_i64,
        ahead in -5..500_i64,
    ) {
        let now = noon() + TimeDelta::days(start);
        let (today, arrival) = (now.date_naive(), now.date_naive() + TimeDelta::days(ahead));
        let default = LeadTime::default();
        let count = default.weekdays_until(now, arrival).unwrap();
        prop_assert!(default.arrival(now, count).unwrap() >= arrival);
        if let Some(fewer) = count.checked_sub(1) {
            prop_assert!(default.arrival(now, fewer).unwrap() < arrival);
        }
        prop_assert_eq!(count == 0, arrival <= today);
        // What the shop counts is what the consumer counts, when the shop works Monday to Friday.
        let is_weekday = !matches!(arrival.weekday(), Weekday::Sat | Weekday::Sun);
        prop_assert!(!is_weekday || ahead < 0 || default.arrival(now, count).unwrap() == arrival);
    }
}
