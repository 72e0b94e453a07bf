//! Everything that is wrong with a configuration is told at once, and nothing twice.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::config::{load, refusal};

#[test]
fn unknown_keys_are_named_with_the_nearest_known_one_all_at_once() {
    let text = "
bnid = 1
feed_file = 'x'
valid_minutes = 5
\"feed.file\" = 'x'
[feed]
fromat = 'x'
bind = 'x'
shrink = 1
[feed.sql]
ulr = 'x'
[[shipping.zones]]
region = ['US']
tiers = [{ cost_usd = 1, upto_usd = 5 }]
[ledgers]
keep_days = 1
[stock]
soft_hold = 3
";
    let variables = [
        ("RFQ_AGENT_FEED", "products.tsv"),
        ("RFQ_AGENT_VALID_MINUTES", "5"),
        ("RFQ_AGENT_FEED_CHECK_SECOND", "5"),
        ("RFQ_AGENT_", "5"),
        ("RFQ_AGENTS", "of no concern"),
    ];
    assert_snapshot!(load(text, &variables, "").unwrap_err(), @r#"
    17 problems in the configuration:
      rfq-agent.toml, line 2: bnid: there is no such key; the nearest is bind
      rfq-agent.toml, line 3: feed_file: there is no such key; the nearest is feed.file
      rfq-agent.toml, line 4: valid_minutes: there is no such key; the nearest is offers.valid_minutes
      rfq-agent.toml, line 5: "feed.file": there is no such key; the nearest is feed.file
      rfq-agent.toml, line 7: feed.fromat: there is no such key; the nearest is feed.format
      rfq-agent.toml, line 8: feed.bind: there is no such key; the nearest is bind
      rfq-agent.toml, line 9: feed.shrink: there is no such key; the nearest is feed.file
      rfq-agent.toml, line 10: feed.sql.query is missing; expected one query that begins with SELECT or WITH
      rfq-agent.toml, line 11: feed.sql.ulr: there is no such key; the nearest is feed.sql.url
      rfq-agent.toml, line 13: shipping.zones[0].region: there is no such key; the nearest is shipping.zones[].regions
      rfq-agent.toml, line 14: shipping.zones[0].tiers[0].upto_usd: there is no such key; the nearest is shipping.zones[].tiers[].up_to_usd
      rfq-agent.toml, line 15: ledgers: there is no such key; the nearest is ledger
      rfq-agent.toml, line 18: stock.soft_hold: there is no such key; the nearest is stock.soft_hold_percent
      RFQ_AGENT_: there is no such variable; the nearest is RFQ_AGENT_BIND
      RFQ_AGENT_FEED: there is no such variable; the nearest is RFQ_AGENT_FEED_FILE
      RFQ_AGENT_FEED_CHECK_SECOND: there is no such variable; the nearest is RFQ_AGENT_FEED_CHECK_SECONDS
      RFQ_AGENT_VALID_MINUTES: there is no such variable; the nearest is RFQ_AGENT_OFFERS_VALID_MINUTES
    "#);
}

#[test]
fn wrong_values_are_told_together_with_unknown_keys() {
    let text = "auht = 1\nbudget_ms = 0\npublic_url = 'x'\n[lead_time]\ntime_zone = 'Mars'\n[checkout]\nurl = 'x'";
    assert_snapshot!(refusal(text), @r#"
    5 problems in the configuration:
      rfq-agent.toml, line 1: auht: there is no such key; the nearest is auth
      rfq-agent.toml, line 2: budget_ms is 0; expected a whole number of milliseconds from 1 to 4000
      rfq-agent.toml, line 3: public_url is "x"; expected https:// and a host and no more, such as https://shop.example
      rfq-agent.toml, line 5: lead_time.time_zone: "Mars": expected the name of a time zone, such as America/New_York or UTC
      rfq-agent.toml, line 7: checkout.url is "x"; expected an absolute URL such as https://shop.example/cart?sku={id}&offer={offer_id}
    "#);
}

#[test]
fn all_that_is_wrong_within_a_section_is_told_at_once() {
    let text = "
[feed]
slug_column = ' '
format = 'tsv'
file = 'a.tsv'
[feed.sql]
url = 'mysql:shop'
query = 'DROP TABLE shop'
[offers]
out_of_stock = 'maybe'
valid_minutes = 4
[price_service]
url = 'http://shop:password@localhost'
timeout_ms = 0
token = 'secret'
[lead_time]
time_zone = 'Mars'
cut_off = '25:00'
business_days = ['funday']
holidays = ['soon']
handling_days = [2, 1]
";
    assert_snapshot!(refusal(text), @r#"
    15 problems in the configuration:
      rfq-agent.toml, line 2: feed: both file and sql are set, here, by variables or by options; expected one of the two
      rfq-agent.toml, line 3: feed.slug_column: expected the name of a column
      rfq-agent.toml, line 4: feed.format is "tsv"; expected "google-tsv", "google-csv", "google-xml", "acp-jsonl", "shopify-csv" or "woocommerce-csv"
      rfq-agent.toml, line 7: feed.sql.url is not shown here; expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE
      rfq-agent.toml, line 8: feed.sql.query is "DROP TABLE shop"; expected one query that begins with SELECT or WITH
      rfq-agent.toml, line 10: offers.out_of_stock is "maybe"; expected "decline" or "offer"
      rfq-agent.toml, line 11: offers.valid_minutes is 4; expected a whole number of minutes from 5 to 1435
      rfq-agent.toml, line 13: price_service.url is not shown here; expected a url without user and password; use token_file for what is secret
      rfq-agent.toml, line 14: price_service.timeout_ms is 0; expected a whole number of milliseconds from 1 to 3000
      rfq-agent.toml, line 15: price_service.token: there is no such key; the nearest is price_service.token_file
      rfq-agent.toml, line 17: lead_time.time_zone: "Mars": expected the name of a time zone, such as America/New_York or UTC
      rfq-agent.toml, line 18: lead_time.cut_off: "25:00": expected a time of day from 00:00 to 23:59, such as 14:00
      rfq-agent.toml, line 19: lead_time.business_days: "funday": expected mon, tue, wed, thu, fri, sat or sun
      rfq-agent.toml, line 20: lead_time.holidays: "soon": expected a date such as 2026-12-25
      rfq-agent.toml, line 21: lead_time.handling_days: [2, 1]: expected the fewest and the most business days, such as [2, 5], from 0 to 365
    "#);
}

#[test]
fn what_is_wrong_in_a_list_of_tables_is_told_with_the_rest_and_has_no_consequences() {
    let text = "
[shipping]
free_from_usd = 'x'
surcharges_usd = { XX = 1 }
[[shipping.zones]]
regions = ['US-CA', 'CA-US', 'XX']
tiers = [{ cost_usd = 'x' }, { cost_usd = 1 }]
transit_days = [3, 2]
[[shipping.zones]]
regions = ['US']
tiers = [{ up_to_usd = 'x', cost_usd = 'y' }, { up_to_gram = 5, cost_usd = 1 }]
[[shipping.zones]]
region = ['CA']
";
    assert_snapshot!(refusal(text), @r#"
    11 problems in the configuration:
      rfq-agent.toml, line 3: shipping.free_from_usd is "x"; expected an amount in US dollars, such as 49.99
      rfq-agent.toml, line 4: shipping.surcharges_usd: XX: XX is no country of ISO 3166; expected a state such as CA-US, or a country such as GB
      rfq-agent.toml, line 6: shipping.zones[0].regions[0]: US-CA: did you mean CA-US? Regions are written STATE-COUNTRY
      rfq-agent.toml, line 6: shipping.zones[0].regions[2]: XX: XX is no country of ISO 3166; expected a state such as CA-US, or a country such as GB
      rfq-agent.toml, line 7: shipping.zones[0].tiers[0].cost_usd is "x"; expected an amount in US dollars, such as 49.99
      rfq-agent.toml, line 8: shipping.zones[0].transit_days: [3, 2]: expected the fewest and the most business days, such as [2, 5], from 0 to 365
      rfq-agent.toml, line 11: shipping.zones[1].tiers[0].cost_usd is "y"; expected an amount in US dollars, such as 49.99
      rfq-agent.toml, line 11: shipping.zones[1].tiers[0].up_to_usd is "x"; expected an amount in US dollars, such as 49.99
      rfq-agent.toml, line 11: shipping.zones[1].tiers[1].up_to_gram: there is no such key; the nearest is shipping.zones[].tiers[].up_to_grams
      rfq-agent.toml, line 12: shipping.zones[2].tiers is missing; expected a list of tables, such as [{ up_to_usd = 50, cost_usd = 6.99 }, { cost_usd = 3.99 }]
      rfq-agent.toml, line 13: shipping.zones[2].region: there is no such key; the nearest is shipping.zones[].regions
    "#);
    let not_a_table = "[shipping]\nzones = ['US',\n { regions = ['XX'],\n tiers = [] }]\n";
    assert_snapshot!(refusal(not_a_table), @r#"
    2 problems in the configuration:
      rfq-agent.toml, line 2: shipping.zones[0] is "US"; expected a table in braces
      rfq-agent.toml, line 3: shipping.zones[1].regions[0]: XX: XX is no country of ISO 3166; expected a state such as CA-US, or a country such as GB
    "#);
}

#[test]
fn one_mistake_is_one_problem() {
    for text in [
        "feed.sql = { url = 'sqlite:a', query = 'DROP TABLE a' }",
        "feed.sql = { url = 'mysql:a', query = 'SELECT 1' }",
        "feed.sql = { ulr = 'sqlite:a', query = 'SELECT 1' }",
        "feed.sql = { url = 5, query = 'SELECT 1' }",
        "feed.sql = 'sqlite:a'",
        "price_service.url = 'localhost'",
        "shipping.zones = [{ region = ['US'], tiers = [{ cost_usd = 1 }] }]",
        "shipping.zones = [{ regions = ['US'], tiers = [{ cost_usd = 1, up_to = 1 }, { cost_usd = 2 }] }]",
        "shipping.zones = [{ regions = ['US', 'XX'], tiers = [{ cost_usd = 1 }] }, { regions = ['US'], tiers = [{ cost_usd = 1 }] }]",
        "bind = 'x'\nadmin_bind = '127.0.0.1:8787'",
        "bind = '127.0.0.1:8788'\nadmin_bind = 'x'",
    ] {
        let said = refusal(text);
        assert!(said.starts_with("rfq-agent.toml, line "), "{text}: {said}");
    }
}

#[test]
fn a_section_is_where_it_began_whoever_adds_to_it() {
    let text = "[feed]\nfile = 'a.tsv'\nsql = { url = 'sqlite:a', query = 'SELECT 1' }\n";
    let variables = [("RFQ_AGENT_FEED_CHECK_SECONDS", "10")];
    assert_snapshot!(load(text, &variables, "").unwrap_err(), @"rfq-agent.toml, line 1: feed: both file and sql are set, here, by variables or by options; expected one of the two");
    let text = "price_service = { timeout_ms = 5 }";
    let variables = [("RFQ_AGENT_PRICE_SERVICE_CACHE_SECONDS", "10")];
    assert_snapshot!(load(text, &variables, "").unwrap_err(), @"rfq-agent.toml, line 1: price_service.url is missing; expected an http or https URL without user and password");
}

#[test]
fn a_table_that_misses_a_key_has_no_other_problems() {
    let variables = [("RFQ_AGENT_FEED_SQL_TIMEOUT_SECONDS", "10")];
    assert_snapshot!(load("feed.file = 'a.tsv'", &variables, "").unwrap_err(), @"
    2 problems in the configuration:
      feed.sql.url is missing beside RFQ_AGENT_FEED_SQL_TIMEOUT_SECONDS; expected sqlite:PATH or postgres://USER@HOST/DATABASE
      feed.sql.query is missing beside RFQ_AGENT_FEED_SQL_TIMEOUT_SECONDS; expected one query that begins with SELECT or WITH
    ");
}

/// Each a mistake of its own, and the key that it is told of.
const MISTAKES: [(&str, &str); 16] = [
    ("budget_ms = 0", "budget_ms"),
    ("name = ''", "name"),
    ("public_url = 'x'", "public_url"),
    ("price_service.url = 'x'", "price_service.url"),
    ("price_service.timeout_ms = 0", "price_service.timeout_ms"),
    ("feed.slug_column = ''", "feed.slug_column"),
    ("feed.check_seconds = -1", "feed.check_seconds"),
    ("feed.sql.url = 'x'", "feed.sql.url"),
    ("feed.sql.query = 'x'", "feed.sql.query"),
    ("offers.valid_minutes = 4", "offers.valid_minutes"),
    ("lead_time.cut_off = 'x'", "lead_time.cut_off"),
    ("lead_time.holidays = ['x']", "lead_time.holidays"),
    ("lead_time.handling_days = [1]", "lead_time.handling_days"),
    (
        "shipping.zones = [{ regions = ['XX'], tiers = [{ cost_usd = -1 }] }]",
        "shipping.zones[0].regions[0]",
    ),
    ("shipping.surcharges_usd = { XX = 1 }", "shipping.surcharges_usd"),
    ("checkout.url = 'x'", "checkout.url"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_mistake_is_told_whatever_the_others_are(
        made in proptest::sample::subsequence(MISTAKES.to_vec(), 1..=MISTAKES.len()),
    ) {
        let text: Vec<&str> = made.iter().map(|(text, _)| *text).collect();
        let said = refusal(&text.join("\n"));
        for (text, key) in &made {
            let told = said.lines().filter(|line| {
                let rest = line.split_once(&format!(": {key}")).map(|(_, rest)| rest);
                rest.is_some_and(|rest| rest.starts_with([' ', ':']))
            });
            prop_assert_eq!(told.count(), 1, "{} in {}", text, said);
        }
    }
}
